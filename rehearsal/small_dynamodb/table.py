"""One table with its indexes: which items there are, in which order, and what a write of one consumes."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, NamedTuple, Self

from backup_simulator import NotModelled, Refused
from rehearsal.small_dynamodb.usage import LARGEST_ITEM, Item, Key, Value, item_size, write_units
from rehearsal.small_dynamodb.values import sortable, stored

PROJECTIONS = ("ALL", "KEYS_ONLY")
# An item's place among the items of its partition: the value of the sort key, and the key of the item.
Place = tuple[Any, Key]
RANGE: Any = itemgetter(0)
NO_RANGE: Value = {"S": ""}


class Bounds(NamedTuple):
    """Which places of a partition a query is about."""

    operator: str
    value: Value


@dataclass(kw_only=True)
class Order:
    """Items by a partition key and a sort key: the table itself, or an index. Items without the keys are not in it."""

    name: str | None
    hash: str
    range: str | None
    projection: str = "ALL"
    partitions: dict[Any, list[Place]] = field(default_factory=lambda: defaultdict(list))

    @property
    def keys(self) -> tuple[str, ...]:
        return (self.hash, self.range) if self.range else (self.hash,)

    def has(self, item: Mapping[str, Value]) -> bool:
        return all(name in item for name in self.keys)

    def add(self, key: Key, item: Item) -> None:
        insort(self.partitions[sortable(item[self.hash])], (self.range_of(item), key))

    def remove(self, key: Key, item: Item) -> None:
        partition = sortable(item[self.hash])
        places = self.partitions[partition]
        del places[bisect_left(places, (self.range_of(item), key))]
        if not places:
            del self.partitions[partition]

    def range_of(self, item: Mapping[str, Value]) -> Any:
        return sortable(item[self.range] if self.range else NO_RANGE)

    def places(self, partition: Value, bounds: Bounds | None, *, is_forward: bool, after: Place | None) -> list[Place]:
        """The places of a partition in their order, from the first one after the given place."""
        every = self.partitions.get(sortable(partition), [])
        low, high = 0, len(every)
        if bounds is not None:
            value = sortable(bounds.value)
            if bounds.operator in ("=", ">=", ">"):
                low = (bisect_right if bounds.operator == ">" else bisect_left)(every, value, key=RANGE)
            if bounds.operator in ("=", "<=", "<"):
                high = (bisect_left if bounds.operator == "<" else bisect_right)(every, value, key=RANGE)
        if after is not None:
            low = max(low, bisect_right(every, after)) if is_forward else low
            high = high if is_forward else min(high, bisect_left(every, after))
        found = every[low:high]
        return found if is_forward else found[::-1]


@dataclass(kw_only=True)
class Written:
    """What a write consumes, on the table and on each index."""

    units: int
    index_units: dict[str, int]


@dataclass(kw_only=True)
class Table:
    """The items of a table, by their keys."""

    name: str
    types: Mapping[str, str]
    own: Order
    indexes: Mapping[str, Order]
    items: dict[Key, Item] = field(default_factory=dict)

    @classmethod
    def created(cls, definition: Mapping[str, Any]) -> Self:
        """The table of a CreateTable request. Raises NotModelled."""
        known = {"TableName", "AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes"}
        if unknown := sorted(set(definition) - known):
            raise NotModelled(f"{', '.join(unknown)} of CreateTable: not modelled by the small DynamoDB")
        indexes = {}
        for each in definition.get("GlobalSecondaryIndexes", ()):
            projection = each["Projection"]["ProjectionType"]
            if projection not in PROJECTIONS:
                raise NotModelled(f"the projection {projection} of index {each['IndexName']} is not modelled")
            indexes[each["IndexName"]] = _order(each["IndexName"], each["KeySchema"], projection)
        return cls(
            name=definition["TableName"],
            types={each["AttributeName"]: each["AttributeType"] for each in definition["AttributeDefinitions"]},
            own=_order(None, definition["KeySchema"], "ALL"),
            indexes=indexes,
        )

    def key_of(self, item: Mapping[str, Value]) -> Key:
        """The key of an item, or of a request. Raises Refused."""
        for name in self.own.keys:
            if name not in item:
                raise _invalid(f"Missing the key {name} in the item")
            self._check_key(name, item[name], "")
        return tuple(str(*item[name].values()) for name in self.own.keys)

    def only_key_of(self, keys: Mapping[str, Value]) -> Key:
        """The key in a request that may name nothing else. Raises Refused."""
        if set(keys) != set(self.own.keys):
            raise Refused("ValidationException", "The provided key element does not match the schema")
        return self.key_of(keys)

    def check(self, item: Item) -> None:
        """Raises Refused for an item that the table or one of its indexes does not take."""
        for index in self.indexes.values():
            for name in index.keys:
                if name in item:
                    self._check_key(name, item[name], f" IndexName: {index.name}, IndexKey: {name}")
        for name, value in item.items():
            if not (value.get("SS", True) and value.get("NS", True)):
                raise _invalid(f"An string set  may not be empty: {name}")
        if item_size(item) > LARGEST_ITEM:
            raise Refused("ValidationException", "Item size has exceeded the maximum allowed size")

    def _check_key(self, name: str, value: Value, where: str) -> None:
        ((kind, content),) = value.items()
        if kind != self.types[name]:
            what = "Type mismatch for Index Key" if where else "Type mismatch for key"
            raise _invalid(f"{what} {name} Expected: {self.types[name]} Actual: {kind}{where}")
        if not content:
            what = "empty string value. Key: " if not where else "empty string value."
            raise _invalid(f"The AttributeValue for a key attribute cannot contain an {what}{name}{where}")

    def write(self, key: Key, item: Item | None) -> Written:
        """Put an item in the place of what is there, or delete that. The item was checked."""
        old = self.items.pop(key, None)
        units = {}
        for name, index in self.indexes.items():
            units[name] = self._index_units(index, old, item)
            if old is not None and index.has(old):
                index.remove(key, old)
            if item is not None and index.has(item):
                index.add(key, item)
        if old is not None:
            self.own.remove(key, old)
        if item is not None:
            self.own.add(key, item)
            self.items[key] = item
        return Written(units=write_units(item_size(old), item_size(item)), index_units=units)

    def _index_units(self, index: Order, old: Item | None, new: Item | None) -> int:
        """A write for each entry that is deleted, made or changed. An index does not see what it does not project."""
        before = self.projected(index, old) if old is not None and index.has(old) else None
        after = self.projected(index, new) if new is not None and index.has(new) else None
        if before == after:
            return 0
        if before is None or after is None:
            return write_units(item_size(before), item_size(after))
        if all(before[name] == after[name] for name in index.keys):
            return write_units(item_size(before), item_size(after))
        return write_units(item_size(before)) + write_units(item_size(after))

    def projected(self, order: Order, item: Item) -> Item:
        """The part of an item that is in an index."""
        if order.projection == "ALL":
            return item
        names = {*self.own.keys, *order.keys}
        return {name: value for name, value in item.items() if name in names}

    def order(self, index: str | None) -> Order:
        """The table's own order, or that of an index. Raises Refused."""
        if index is None:
            return self.own
        if index not in self.indexes:
            raise Refused("ValidationException", f"The table does not have the specified index: {index}")
        return self.indexes[index]

    def place_of(self, order: Order, keys: Mapping[str, Value]) -> Place:
        """Where the keys of an answer's end are. Raises Refused."""
        if set(keys) != {*self.own.keys, *order.keys}:
            raise Refused("ValidationException", "The provided starting key is invalid")
        return order.range_of(keys), self.key_of(keys)

    def mark(self, order: Order, item: Item) -> Item:
        """The keys after which the next page continues."""
        return stored({name: item[name] for name in dict.fromkeys((*self.own.keys, *order.keys))})

    def all(self) -> Iterator[Item]:
        """Every item, by key."""
        return (self.items[key] for key in sorted(self.items))


def _order(name: str | None, schema: list[dict[str, str]], projection: str) -> Order:
    by_type = {each["KeyType"]: each["AttributeName"] for each in schema}
    return Order(name=name, hash=by_type["HASH"], range=by_type.get("RANGE"), projection=projection)


def _invalid(why: str) -> Refused:
    return Refused("ValidationException", f"One or more parameter values were invalid: {why}")
