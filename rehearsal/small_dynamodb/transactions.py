"""Plans writes: whether their conditions hold, and what they leave. Nothing is written here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from backup_simulator import NotModelled, Refused
from rehearsal.small_dynamodb.expressions import check_placeholders, condition_of
from rehearsal.small_dynamodb.table import Table
from rehearsal.small_dynamodb.updates import update_of
from rehearsal.small_dynamodb.usage import Item, Key, item_size, write_units
from rehearsal.small_dynamodb.values import Scope, stored

MOST_WRITES = 100
MOST_BYTES = 4 * 1024 * 1024
FAILED = "The conditional request failed"
OF_EACH = {
    "TableName",
    "ConditionExpression",
    "ExpressionAttributeNames",
    "ExpressionAttributeValues",
    "ReturnValuesOnConditionCheckFailure",
}
KNOWN = {
    "Put": OF_EACH | {"Item"},
    "Update": OF_EACH | {"Key", "UpdateExpression"},
    "Delete": OF_EACH | {"Key"},
    "ConditionCheck": OF_EACH | {"Key"},
}


class Cancelled(Refused):
    """A condition does not hold. `details` are further members of the answer."""

    def __init__(self, reasons: list[dict[str, Any]]) -> None:
        codes = ", ".join(each["Code"] for each in reasons)
        super().__init__(
            "TransactionCanceledException",
            f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]",
        )
        self.details: dict[str, Any] = {"CancellationReasons": reasons}

    @classmethod
    def of_one(cls, planned: Planned) -> Cancelled:
        """The refusal of a write that is no transaction."""
        refused = cls([planned.reason])
        refused.code, refused.message = "ConditionalCheckFailedException", FAILED
        refused.details = {"Item": planned.reason["Item"]} if "Item" in planned.reason else {}
        return refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One write before it is carried out."""

    table: Table
    key: Key
    before: Item | None
    after: Item | None
    holds: bool
    problem: Refused | None
    is_write: bool
    shows_old: bool

    @property
    def units(self) -> int:
        """What the write consumes also if it is refused."""
        return write_units(item_size(self.before), item_size(self.after))

    @property
    def reason(self) -> dict[str, Any]:
        """Its row of the cancellation reasons."""
        if not self.holds:
            old = {"Item": stored(self.before)} if self.shows_old and self.before is not None else {}
            return {"Code": "ConditionalCheckFailed", "Message": FAILED, **old}
        if self.problem is not None:
            return {"Code": "ValidationError", "Message": self.problem.message}
        return {"Code": "None"}


def plan(table: Table, kind: str, request: Mapping[str, Any]) -> Planned:
    """Plan one write. Raises Refused, NotModelled."""
    names, values = request.get("ExpressionAttributeNames", {}), request.get("ExpressionAttributeValues", {})
    key = table.key_of(request["Item"]) if kind == "Put" else table.only_key_of(request["Key"])
    before = table.items.get(key)
    scope = Scope(item=before or {}, names=names, values=values)
    condition = condition_of(request["ConditionExpression"]) if "ConditionExpression" in request else None
    used = condition.placeholders if condition else frozenset[str]()
    if "UpdateExpression" in request:
        used |= update_of(request["UpdateExpression"]).placeholders
    check_placeholders(used, names, values)
    problem, after = None, before
    try:
        after = _after(table, kind, request, before)
    except Refused as refused:
        problem = refused
    return Planned(
        table=table,
        key=key,
        before=before,
        after=after,
        holds=condition is None or condition.holds(scope),
        problem=problem,
        is_write=kind != "ConditionCheck",
        shows_old=request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD",
    )


def _after(table: Table, kind: str, request: Mapping[str, Any], before: Item | None) -> Item | None:
    """What a write leaves. Raises Refused."""
    match kind:
        case "Delete":
            return None
        case "ConditionCheck":
            return before
        case "Put":
            item = stored(request["Item"])
        case _:
            names, values = request.get("ExpressionAttributeNames", {}), request.get("ExpressionAttributeValues", {})
            scope = Scope(item=before or stored(request["Key"]), names=names, values=values)
            update = request.get("UpdateExpression")
            item = stored(update_of(update).apply(scope, table.own.keys) if update else scope.item)
    table.check(item)
    return item


def plan_all(table: Callable[[str], Table], writes: list[Mapping[str, Any]]) -> list[Planned]:
    """Plan a transaction. Raises Refused for what DynamoDB does not even begin, NotModelled."""
    if len(writes) > MOST_WRITES:
        raise Refused("ValidationException", f"Member must have length less than or equal to {MOST_WRITES}")
    planned = []
    for each in writes:
        ((kind, request),) = each.items()
        if unknown := sorted(set(request) - KNOWN[kind]):
            raise NotModelled(f"{', '.join(unknown)} of {kind} in TransactWriteItems: not modelled")
        planned.append(plan(table(request["TableName"]), kind, request))
    if len({(each.table.name, each.key) for each in planned}) < len(planned):
        raise Refused("ValidationException", "Transaction request cannot include multiple operations on one item")
    if sum(item_size(each.after) for each in planned) > MOST_BYTES:
        raise Refused("ValidationException", "Collection size of a transaction cannot exceed 4 MB")
    return planned
