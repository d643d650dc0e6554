"""The operations of the small DynamoDB. Each returns its answer and reports its usage, or raises Refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from threading import RLock
from typing import Any, NamedTuple

from backup_simulator import NotModelled, Refused
from rehearsal.small_dynamodb.expressions import (
    check_placeholders,
    key_condition_of,
    projection_of,
)
from rehearsal.small_dynamodb.table import Bounds, Order, Place, Table
from rehearsal.small_dynamodb.transactions import Cancelled, Planned, plan, plan_all
from rehearsal.small_dynamodb.usage import TRANSACTIONAL, Item, Key, Usage, Value, item_size, read_units, write_units
from rehearsal.small_dynamodb.values import Scope, stored

Request = Mapping[str, Any]
PAGE_BYTES = 1024 * 1024
BATCH_KEYS = 100
# What each operation may be asked; anything else is not modelled.
KNOWN = {
    "CreateTable": {"TableName", "AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes"},
    "GetItem": {"TableName", "Key", "ConsistentRead", "ProjectionExpression", "ExpressionAttributeNames"},
    "BatchGetItem": {"RequestItems"},
    "Query": {
        "TableName",
        "IndexName",
        "KeyConditionExpression",
        "ExpressionAttributeNames",
        "ExpressionAttributeValues",
        "ScanIndexForward",
        "Limit",
        "ExclusiveStartKey",
        "ConsistentRead",
    },
    "Scan": {"TableName", "Limit", "ExclusiveStartKey", "ConsistentRead"},
    "TransactWriteItems": {"TransactItems", "ClientRequestToken"},
}
OF_A_WRITE = {
    "TableName",
    "ConditionExpression",
    "ExpressionAttributeNames",
    "ExpressionAttributeValues",
    "ReturnValuesOnConditionCheckFailure",
}
KNOWN["PutItem"] = OF_A_WRITE | {"Item"}
KNOWN["DeleteItem"] = OF_A_WRITE | {"Key"}
KNOWN["UpdateItem"] = OF_A_WRITE | {"Key", "UpdateExpression", "ReturnValues"}
RETURNED = ("NONE", "ALL_OLD", "ALL_NEW")


class Page(NamedTuple):
    """Items of a query or a scan, and where the next page begins."""

    items: list[Item]
    mark: Item | None


class SmallDynamoDb:
    """Tables in memory. Each of `listeners` gets the usage of every call."""

    def __init__(self) -> None:
        self.tables: dict[str, Table] = {}
        self.listeners: list[Callable[[Usage], None]] = []
        self._lock = RLock()
        # Carried-out transactions by their tokens. DynamoDB forgets them after ten minutes.
        self._tokens: dict[str, str] = {}
        self._operations: dict[str, Callable[[Request], dict[str, Any]]] = {
            "CreateTable": self._create_table,
            "GetItem": self._get_item,
            "BatchGetItem": self._batch_get_item,
            "Query": self._query,
            "Scan": self._scan,
            "PutItem": lambda request: self._write("Put", request),
            "DeleteItem": lambda request: self._write("Delete", request),
            "UpdateItem": lambda request: self._write("Update", request),
            "TransactWriteItems": self._transact,
        }

    def call(self, operation: str, request: Request) -> dict[str, Any]:
        """Carry out an operation. Raises Refused as DynamoDB would, or NotModelled."""
        if operation not in self._operations:
            raise NotModelled(f"{operation} is not modelled by the small DynamoDB")
        if unknown := sorted(set(request) - KNOWN[operation]):
            raise NotModelled(f"{', '.join(unknown)} of {operation}: not modelled by the small DynamoDB")
        with self._lock:
            return self._operations[operation](request)

    def table(self, name: str) -> Table:
        """Raises Refused if there is no such table."""
        if name not in self.tables:
            raise Refused("ResourceNotFoundException", "Requested resource not found")
        return self.tables[name]

    def _report(self, usage: Usage) -> None:
        for listener in self.listeners:
            listener(usage)

    def _create_table(self, request: Request) -> dict[str, Any]:
        table = Table.created(request)
        if table.name in self.tables:
            raise Refused("ResourceInUseException", f"Table already exists: {table.name}")
        self.tables[table.name] = table
        return {"TableDescription": {"TableName": table.name, "TableStatus": "ACTIVE"}}

    def _get_item(self, request: Request) -> dict[str, Any]:
        table = self.table(request["TableName"])
        key = table.only_key_of(request["Key"])
        item = table.items.get(key)
        names = _projected_names(request)
        units = read_units([item_size(item)], is_consistent=request.get("ConsistentRead", False))
        self._report(Usage(operation="GetItem", read=(key,), read_units=units))
        return {} if item is None else {"Item": _answered(item, names)}

    def _batch_get_item(self, request: Request) -> dict[str, Any]:
        responses: dict[str, list[Item]] = {}
        if sum(len(asked["Keys"]) for asked in request["RequestItems"].values()) > BATCH_KEYS:
            raise Refused("ValidationException", "Too many items requested for the BatchGetItem call")
        for name, asked in request["RequestItems"].items():
            if unknown := sorted(set(asked) - (KNOWN["GetItem"] | {"Keys"})):
                raise NotModelled(f"{', '.join(unknown)} of BatchGetItem: not modelled by the small DynamoDB")
            responses[name] = list(self._read_keys(self.table(name), asked))
        return {"Responses": responses, "UnprocessedKeys": {}}

    def _read_keys(self, table: Table, asked: Request) -> Iterator[Item]:
        keys = [table.only_key_of(each) for each in asked["Keys"]]
        if len(set(keys)) < len(keys):
            raise Refused("ValidationException", "Provided list of item keys contains duplicates")
        is_consistent = asked.get("ConsistentRead", False)
        names = _projected_names(asked)
        sizes = (item_size(table.items.get(key)) for key in keys)
        units = sum(read_units([size], is_consistent=is_consistent) for size in sizes)
        self._report(Usage(operation="BatchGetItem", read=tuple(keys), read_units=units))
        yield from (_answered(table.items[key], names) for key in keys if key in table.items)

    def _query(self, request: Request) -> dict[str, Any]:
        table = self.table(request["TableName"])
        order = table.order(request.get("IndexName"))
        if order.name is not None and request.get("ConsistentRead"):
            raise Refused("ValidationException", "Consistent reads are not supported on global secondary indexes")
        partition, bounds = _asked_partition(order, request)
        start = request.get("ExclusiveStartKey")
        after = table.place_of(order, start) if start else None
        is_forward = request.get("ScanIndexForward", True)
        places = order.places(partition, bounds, is_forward=is_forward, after=after)
        return self._answer_page("Query", table, order, places, request)

    def _scan(self, request: Request) -> dict[str, Any]:
        table = self.table(request["TableName"])
        start = request.get("ExclusiveStartKey")
        keys = sorted(table.items)
        first = sum(key <= table.only_key_of(start) for key in keys) if start else 0
        places = [(None, key) for key in keys[first:]]
        return self._answer_page("Scan", table, table.own, places, request)

    def _answer_page(
        self, operation: str, table: Table, order: Order, places: list[Place], request: Request
    ) -> dict[str, Any]:
        page, size = _page(table, order, places, request.get("Limit"))
        units = read_units([size], is_consistent=request.get("ConsistentRead", False))
        keys = tuple(key for _, key in places[: len(page.items)])
        self._report(Usage(operation=operation, read=keys, read_units=units, index=order.name))
        answer = {"Items": page.items, "Count": len(page.items), "ScannedCount": len(page.items)}
        return {**answer, "LastEvaluatedKey": page.mark} if page.mark is not None else answer

    def _write(self, kind: str, request: Request) -> dict[str, Any]:
        table, operation = self.table(request["TableName"]), f"{kind}Item"
        wanted = request.get("ReturnValues", "NONE")
        if wanted not in RETURNED:
            raise NotModelled(f"ReturnValues {wanted} is not modelled by the small DynamoDB")
        planned = plan(table, kind, request)
        if not planned.holds:
            self._report(Usage(operation=operation, write_units=planned.units, is_refused=True))
            raise Cancelled.of_one(planned)
        if planned.problem is not None:
            raise planned.problem
        written = table.write(planned.key, planned.after)
        usage = Usage(
            operation=operation, written=(planned.key,), write_units=written.units, index_writes=written.index_units
        )
        self._report(usage)
        returned = {"ALL_OLD": planned.before, "ALL_NEW": planned.after}.get(wanted)
        return {} if returned is None else {"Attributes": stored(returned)}

    def _transact(self, request: Request) -> dict[str, Any]:
        token, content = request.get("ClientRequestToken"), repr(request["TransactItems"])
        if token in self._tokens:
            if self._tokens[token] != content:
                raise Refused("IdempotentParameterMismatchException", "The token was used with other parameters")
            return {}
        planned = plan_all(self.table, request["TransactItems"])
        if any(each.reason["Code"] != "None" for each in planned):
            units = TRANSACTIONAL * sum(each.units for each in planned)
            self._report(Usage(operation="TransactWriteItems", write_units=units, is_refused=True))
            raise Cancelled([each.reason for each in planned])
        self._report(_carried_out(planned))
        if token is not None:
            self._tokens[token] = content
        return {}


def _carried_out(planned: list[Planned]) -> Usage:
    """Write what was planned. Indexes follow later, and outside of the transaction: their units count once."""
    units, index_units = 0, dict[str, int]()
    keys: list[Key] = []
    for each in planned:
        if not each.is_write:
            units += TRANSACTIONAL * write_units(item_size(each.before))
            continue
        written = each.table.write(each.key, each.after)
        keys.append(each.key)
        units += TRANSACTIONAL * written.units
        for name, more in written.index_units.items():
            index_units[name] = index_units.get(name, 0) + more
    return Usage(operation="TransactWriteItems", written=tuple(keys), write_units=units, index_writes=index_units)


def _page(table: Table, order: Order, places: list[Place], limit: int | None) -> tuple[Page, int]:
    """As many items as the limit and a megabyte allow, with their size. A page at its limit has a mark, always."""
    items: list[Item] = []
    size = 0
    for _, key in islice(places, limit):
        item = table.projected(order, table.items[key])
        larger = size + item_size(item)
        if items and larger > PAGE_BYTES:
            break
        size = larger
        items.append(stored(item))
    is_full = bool(items) and (len(items) < len(places) or len(items) == limit)
    mark = table.mark(order, table.items[places[len(items) - 1][1]]) if is_full else None
    return Page(items, mark), size


def _asked_partition(order: Order, request: Request) -> tuple[Value, Bounds | None]:
    """The partition that a query is about, and the bounds of its sort key. Raises Refused."""
    read = key_condition_of(request["KeyConditionExpression"])
    names, values = request.get("ExpressionAttributeNames", {}), request.get("ExpressionAttributeValues", {})
    check_placeholders(read.placeholders, names, values)
    scope = Scope(item={}, names=names, values=values)
    found = {scope.name(word): Bounds(operator, scope.value(value)) for word, operator, value in read.parts}
    partition = found.pop(order.hash, None)
    if partition is None or partition.operator != "=":
        raise Refused("ValidationException", f"Query condition missed key schema element: {order.hash}")
    if set(found) - {order.range}:
        raise Refused("ValidationException", f"Query condition missed key schema element: {order.range}")
    return partition.value, found.get(order.range or "")


def _projected_names(request: Request) -> tuple[str, ...] | None:
    """The attributes that a read asks for; None for all."""
    names = request.get("ExpressionAttributeNames", {})
    if "ProjectionExpression" not in request:
        check_placeholders(frozenset(), names, {})
        return None
    read = projection_of(request["ProjectionExpression"])
    check_placeholders(read.placeholders, names, {})
    scope = Scope(item={}, names=names, values={})
    return tuple(scope.name(word) for word in read.names)


def _answered(item: Item, names: tuple[str, ...] | None) -> Item:
    return stored(item if names is None else {name: item[name] for name in names if name in item})
