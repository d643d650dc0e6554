"""The sizes of items, and what a call consumes.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html#GSI.ThroughputConsiderations
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from backup_simulator import NotModelled

Value = Mapping[str, Any]
Item = dict[str, Value]
Key = tuple[str, ...]

READ_UNIT, WRITE_UNIT = 4096, 1024
# A transaction prepares and commits each write; a read that may be old costs half.
TRANSACTIONAL, EVENTUAL = 2, 0.5
LARGEST_ITEM = 400 * 1024
OF_A_COLLECTION = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What one call used. Listeners of a `SmallDynamoDb` get one of each call that was carried out or refused.

    `written` has the key of each written item; a refused call has none. `index_writes` has units by index.
    """

    operation: str
    read: tuple[Key, ...] = ()
    written: tuple[Key, ...] = ()
    index: str | None = None
    read_units: float = 0
    write_units: float = 0
    index_writes: Mapping[str, int] = field(default_factory=dict)
    is_refused: bool = False


def value_size(value: Value) -> int:
    """The bytes of a value, as DynamoDB counts them."""
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            return _number_size(content)
        case "BOOL" | "NULL":
            return 1
        case "SS":
            return sum(len(each.encode()) for each in content)
        case "NS":
            return sum(_number_size(each) for each in content)
        case "L":
            return OF_A_COLLECTION + sum(1 + value_size(each) for each in content)
        case "M":
            return OF_A_COLLECTION + sum(1 + len(name.encode()) + value_size(each) for name, each in content.items())
        case _:
            raise NotModelled(f"an attribute of type {kind} is not modelled by the small DynamoDB")


def _number_size(number: str) -> int:
    """A byte for two significant digits, one more for the number, and one for a sign."""
    digits = number.lstrip("-").replace(".", "").strip("0")
    return math.ceil(len(digits) / 2) + 1 + number.startswith("-")


def item_size(item: Mapping[str, Value] | None) -> int:
    """The bytes of an item with the names of its attributes; 0 for none."""
    return sum(len(name.encode()) + value_size(value) for name, value in item.items()) if item else 0


def write_units(*sizes: int) -> int:
    """Of one write: the largest of the sizes counts, before and after, and at least one unit."""
    return max(1, math.ceil(max(sizes) / WRITE_UNIT))


def read_units(sizes: Iterable[int], *, is_consistent: bool) -> float:
    """Of one read. The sizes are added up before they are rounded."""
    return max(1, math.ceil(sum(sizes) / READ_UNIT)) * (1 if is_consistent else EVENTUAL)
