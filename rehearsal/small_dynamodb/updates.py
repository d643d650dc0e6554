"""Reads update expressions, and changes items by them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from backup_simulator import Refused
from rehearsal.small_dynamodb.expressions import Operand, Reader
from rehearsal.small_dynamodb.usage import Item, Value
from rehearsal.small_dynamodb.values import WRONG_TYPE, Scope, added, without, written

KIND = "UpdateExpression"
CLAUSES = ("SET", "REMOVE", "ADD", "DELETE")

# The attribute's new value, None to remove it.
Change = Callable[[Scope], Value | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """An update that was read: each attribute with its change."""

    changes: tuple[tuple[str, Change], ...]
    placeholders: frozenset[str]

    def apply(self, scope: Scope, keys: Collection[str]) -> Item:
        """The item after the update. All changes see the item as it was. Raises Refused."""
        changed = dict(scope.item)
        names = [scope.name(word) for word, _ in self.changes]
        for name in names:
            if name in keys:
                why = f"Cannot update attribute {name}. This attribute is part of the key"
                raise Refused("ValidationException", f"One or more parameter values were invalid: {why}")
            if names.count(name) > 1:
                why = f"Two document paths overlap with each other; must remove or rewrite one of these paths; [{name}]"
                raise Refused("ValidationException", f"Invalid {KIND}: {why}")
        for name, (_, change) in zip(names, self.changes, strict=True):
            value = change(scope)
            if value is None:
                changed.pop(name, None)
            else:
                changed[name] = value
        return changed


@cache
def update_of(text: str) -> Update:
    """Read an UpdateExpression. Raises Refused, NotModelled."""
    reader = Reader(kind=KIND, text=text)
    changes: list[tuple[str, Change]] = []
    seen: set[str] = set()
    while reader.words or not seen:
        clause = reader.take(*CLAUSES)
        if clause in seen:
            raise reader.refused(f'The "{clause}" section can only be used once in an update expression;')
        seen.add(clause)
        changes.append(_change(reader, clause))
        while reader.takes(","):
            changes.append(_change(reader, clause))
    return Update(changes=tuple(changes), placeholders=frozenset(reader.placeholders))


def _change(reader: Reader, clause: str) -> tuple[str, Change]:
    word = reader.name()
    match clause:
        case "SET":
            reader.take("=")
            return word, _sum(reader)
        case "REMOVE":
            return word, lambda _: None
        case _:
            placeholder = reader.take()
            reader.placeholders.add(placeholder)
            combine = added if clause == "ADD" else without
            return word, lambda scope: combine(scope.attribute(word), scope.value(placeholder))


def _sum(reader: Reader) -> Change:
    left = reader.operand()
    if reader.next() not in ("+", "-"):
        return lambda scope: _present(left(scope))
    sign = 1 if reader.take() == "+" else -1
    right = reader.operand()
    return lambda scope: {"N": written(_number(left, scope) + sign * _number(right, scope))}


def _present(value: Value | None) -> Value:
    if value is None:
        why = "The provided expression refers to an attribute that does not exist in the item"
        raise Refused("ValidationException", why)
    return value


def _number(operand: Operand, scope: Scope) -> Decimal:
    value = _present(operand(scope))
    if "N" not in value:
        raise Refused("ValidationException", WRONG_TYPE)
    return Decimal(value["N"])
