"""Values of attributes: how they compare, add up and are written, and what a placeholder means."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from backup_simulator import NotModelled, Refused
from rehearsal.small_dynamodb.usage import Item, Value

ORDERED = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
WRONG_TYPE = "An operand in the update expression has an incorrect data type"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What an expression is about: an item, which may be empty, and what the placeholders mean.

    That all of them were given was checked before.
    """

    item: Mapping[str, Value]
    names: Mapping[str, str]
    values: Mapping[str, Value]

    def name(self, word: str) -> str:
        """The attribute that a word of an expression names."""
        return self.names[word] if word.startswith("#") else word

    def attribute(self, word: str) -> Value | None:
        """The value of an attribute, None if the item has none."""
        return self.item.get(self.name(word))

    def value(self, word: str) -> Value:
        """What was given for a placeholder."""
        return self.values[word]


def compare(comparator: str, left: Value | None, right: Value | None) -> bool:
    """As a condition compares. A missing attribute, or another type, is unequal and neither less nor more."""
    if left is None or right is None or left.keys() != right.keys():
        return comparator == "<>"
    ((kind, one),), ((_, other),) = left.items(), right.items()
    if comparator in ("=", "<>"):
        return (_plain(kind, one) == _plain(kind, other)) is (comparator == "=")
    if kind not in ("S", "N"):
        raise NotModelled(f"the comparison {comparator} of values of type {kind} is not modelled")
    return bool(ORDERED[comparator](_plain(kind, one), _plain(kind, other)))


def _plain(kind: str, content: Any) -> Any:
    if kind == "N":
        return Decimal(content)
    return frozenset(content) if kind in ("SS", "NS") else content


def sortable(value: Value) -> Any:
    """A key's value as it is sorted: text by its bytes, which is the order of code points; numbers by size."""
    ((kind, content),) = value.items()
    return _plain(kind, content)


def stored(item: Mapping[str, Value]) -> Item:
    """A copy of an item as the table keeps it, and as it is answered. Numbers lose needless zeros."""
    return {name: _stored_value(value) for name, value in item.items()}


def _stored_value(value: Value) -> Value:
    ((kind, content),) = value.items()
    match kind:
        case "S" | "BOOL" | "NULL":
            return {kind: content}
        case "N":
            return {"N": written(Decimal(content))}
        case "SS" | "NS":
            return {kind: list(content)}
        case "L":
            return {"L": [_stored_value(each) for each in content]}
        case "M":
            return {"M": stored(content)}
        case _:
            raise NotModelled(f"an attribute of type {kind} is not modelled by the small DynamoDB")


def written(number: Decimal) -> str:
    """A number as DynamoDB answers it."""
    return format(number.normalize(), "f") if number else "0"


def added(old: Value | None, more: Value) -> Value:
    """What ADD leaves: a sum, or a union of sets. Raises Refused for values of different types."""
    ((kind, content),) = more.items()
    if kind not in ("N", "SS", "NS"):
        raise Refused(
            "ValidationException", f"Invalid UpdateExpression: Incorrect operand type for operator ADD; {kind}"
        )
    if old is None:
        return more
    if old.keys() != more.keys():
        raise Refused("ValidationException", WRONG_TYPE)
    if kind == "N":
        return {"N": written(Decimal(old["N"]) + Decimal(content))}
    return {kind: sorted({*old[kind], *content})}


def without(old: Value | None, less: Value) -> Value | None:
    """What DELETE leaves of a set; None if nothing is left. Raises Refused for anything but sets of one type."""
    ((kind, content),) = less.items()
    if kind not in ("SS", "NS"):
        raise _wrong_operand("DELETE", kind)
    if old is None:
        return None
    if old.keys() != less.keys():
        raise Refused("ValidationException", WRONG_TYPE)
    left = [each for each in old[kind] if each not in content]
    return {kind: left} if left else None


def _wrong_operand(clause: str, kind: str) -> Refused:
    why = f"Incorrect operand type for operator or function; operator: {clause}, operand type: {kind}"
    return Refused("ValidationException", f"Invalid UpdateExpression: {why}")
