"""What reads and writes consume, by the rules that DynamoDB publishes."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.small_dynamodb import SmallDynamoDb, Usage, light_client
from rehearsal.small_dynamodb.usage import item_size

KEYS = {"pk": {"S": "a"}, "sk": {"S": "b"}}
BY_KEY: Any = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
BY_INDEX: Any = [{"AttributeName": "h", "KeyType": "HASH"}, {"AttributeName": "r", "KeyType": "RANGE"}]


def table(projection: str = "KEYS_ONLY") -> tuple[Any, list[Usage]]:
    """A client of a table with one index, and what each call used."""
    database, used = SmallDynamoDb(), list[Usage]()
    database.listeners.append(used.append)
    client = light_client(database)
    client.create_table(
        TableName="t",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "h", "r")],
        KeySchema=BY_KEY,
        GlobalSecondaryIndexes=[
            {"IndexName": "idx", "KeySchema": BY_INDEX, "Projection": {"ProjectionType": projection}}
        ],
    )
    return client, used


def item(size: int, **attributes: str) -> dict[str, Any]:
    """An item of so many bytes."""
    found = {**KEYS, **{name: {"S": text} for name, text in attributes.items()}, "x": {"S": ""}}
    return {**found, "x": {"S": "x" * (size - item_size(found))}}


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ({"S": "näh"}, 4),
        ({"N": "0"}, 1),
        ({"N": "1200"}, 2),
        ({"N": "-123"}, 4),
        ({"N": "0.5"}, 2),
        ({"BOOL": True}, 1),
        ({"NULL": True}, 1),
        ({"SS": ["ab", "c"]}, 3),
        ({"L": [{"S": "ab"}]}, 6),
        ({"M": {"k": {"S": "ab"}}}, 7),
    ],
)
def test_an_item_is_as_large_as_its_names_and_values(value: Any, size: int) -> None:
    assert item_size({"name": value}) == len("name") + size


@pytest.mark.parametrize(("size", "units"), [(100, 1), (1024, 1), (1025, 2), (4096, 4)])
def test_a_write_costs_a_unit_for_each_kilobyte_and_twice_that_in_a_transaction(size: int, units: int) -> None:
    client, used = table()
    client.put_item(TableName="t", Item=item(size))
    client.transact_write_items(TransactItems=[{"Put": {"TableName": "t", "Item": item(size)}}])

    assert [each.write_units for each in used] == [units, 2 * units]
    assert [each.written for each in used] == [(("a", "b"),)] * 2


def test_the_larger_of_the_item_before_and_after_counts() -> None:
    client, used = table()
    client.put_item(TableName="t", Item=item(3000))
    client.put_item(TableName="t", Item=item(100))
    client.put_item(TableName="t", Item=item(2000))
    client.delete_item(TableName="t", Key=KEYS)
    client.delete_item(TableName="t", Key=KEYS)

    assert [each.write_units for each in used] == [3, 3, 2, 2, 1]


def test_a_write_that_is_refused_costs_what_it_would_have_cost() -> None:
    client, used = table()
    client.put_item(TableName="t", Item=item(3000))
    refused = {"TableName": "t", "Item": item(100), "ConditionExpression": "attribute_not_exists(pk)"}
    with pytest.raises(ClientError):
        client.put_item(**refused)
    with pytest.raises(ClientError):
        client.transact_write_items(TransactItems=[{"Put": refused}])

    assert [(each.write_units, each.is_refused, each.written) for each in used[1:]] == [(3, True, ()), (6, True, ())]


@pytest.mark.parametrize(("size", "units"), [(100, 1), (4096, 1), (4097, 2)])
def test_a_read_costs_a_unit_for_four_kilobytes_and_half_if_it_may_be_old(size: int, units: int) -> None:
    client, used = table()
    client.put_item(TableName="t", Item=item(size))
    client.get_item(TableName="t", Key=KEYS, ConsistentRead=True)
    client.get_item(TableName="t", Key=KEYS)

    assert [each.read_units for each in used[1:]] == [units, units / 2]


def test_each_key_of_a_batch_is_rounded_by_itself_and_a_missing_item_costs_as_well() -> None:
    client, used = table()
    client.put_item(TableName="t", Item=item(5000))
    missing = {"pk": {"S": "c"}, "sk": {"S": "d"}}
    client.batch_get_item(RequestItems={"t": {"Keys": [KEYS, missing], "ProjectionExpression": "pk"}})

    assert (used[-1].read_units, len(used[-1].read)) == (1.5, 2)


def test_a_query_adds_its_items_up_before_rounding_and_reads_only_what_the_index_projects() -> None:
    for projection, units in (("KEYS_ONLY", 0.5), ("ALL", 2.5)):
        client, used = table(projection)
        for number in range(2):
            client.put_item(TableName="t", Item={**item(8500, h="q", r=str(number)), "sk": {"S": str(number)}})
        client.query(
            TableName="t",
            IndexName="idx",
            KeyConditionExpression="h = :q",
            ExpressionAttributeValues={":q": {"S": "q"}},
        )

        assert (used[-1].read_units, used[-1].index, len(used[-1].read)) == (units, "idx", 2)


def index_writes(projection: str, *items: dict[str, Any]) -> list[int]:
    client, used = table(projection)
    for each in items:
        client.put_item(TableName="t", Item=each)
    return [each.index_writes["idx"] for each in used]


def test_an_index_costs_a_write_for_each_entry_that_is_made_changed_or_deleted() -> None:
    entry, moved, without = item(2500, h="q", r="1"), item(2500, h="q", r="2"), item(2500)
    larger = item(3500, h="q", r="1")

    assert index_writes("KEYS_ONLY", without, entry, larger, moved, without) == [0, 1, 0, 2, 1]
    assert index_writes("ALL", without, entry, larger, entry, entry, moved, without) == [0, 3, 4, 4, 0, 6, 3]


def test_an_index_is_outside_of_the_transaction() -> None:
    client, used = table()
    client.transact_write_items(TransactItems=[{"Put": {"TableName": "t", "Item": item(2500, h="q", r="1")}}])

    assert (used[0].write_units, used[0].index_writes) == (6, {"idx": 1})
