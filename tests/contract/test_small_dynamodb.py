"""The small DynamoDB answers as moto does, where both know the operation, and as the documentation says elsewhere."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contract.conftest import emptied
from tests.contract.dynamodb_cases import ITEM, KEY, TABLE, all_items, numbered, outcome, put, save

CONDITIONS = [
    "attribute_exists(pk)",
    "attribute_not_exists(pk)",
    "attribute_exists(n) AND attribute_not_exists(m)",
    "attribute_not_exists(pk) OR n = :three",
    "NOT n = :three",
    "n < :three OR n >= :three AND s = :text",
    "(n < :three OR n >= :three) AND s <> :text",
    "m <> :three",
    "m = :three",
    "#alias = :text",
    "s = :text AND (n > :three OR n <= :three)",
]
VALUES = {":three": {"N": "3"}, ":text": {"S": "text"}}


def given_for(expression: str) -> dict[str, Any]:
    names = {"#alias": "s"} if "#alias" in expression else {}
    values = {name: value for name, value in VALUES.items() if name in expression}
    return {
        **({"ExpressionAttributeNames": names} if names else {}),
        **({"ExpressionAttributeValues": values} if values else {}),
    }


@pytest.mark.parametrize("exists", [True, False])
@pytest.mark.parametrize("expression", CONDITIONS)
def test_conditions_hold_as_in_moto(clients: dict[str, Any], expression: str, exists: bool) -> None:
    found = []
    for client in clients.values():
        if exists:
            client.put_item(TableName=TABLE, Item=ITEM)
        request = {"Item": {**KEY, "new": {"N": "1"}}, "ConditionExpression": expression, **given_for(expression)}
        found.append((outcome(client, "put_item", request), all_items(client)))

    assert found[0] == found[1] == found[2]


UPDATES = [
    "SET a = :v",
    "SET n = :v, s = n REMOVE missing",
    "SET n = n + :v",
    "SET m = if_not_exists(m, :v)",
    "SET n = if_not_exists(n, :v) - :v",
    "REMOVE n, s",
    "ADD n :v",
    "ADD m :v",
    "SET s = :v REMOVE n ADD m :v",
    "ADD s :v",
    "SET pk = :v",
    "SET n = :v, n = :v",
    "SET",
]


@pytest.mark.parametrize("exists", [True, False])
@pytest.mark.parametrize("expression", UPDATES)
def test_updates_leave_what_they_leave_in_moto(clients: dict[str, Any], expression: str, exists: bool) -> None:
    found = []
    for client in clients.values():
        if exists:
            client.put_item(TableName=TABLE, Item=ITEM)
        values = {"ExpressionAttributeValues": {":v": {"N": "2"}}} if ":v" in expression else {}
        request = {"Key": KEY, "UpdateExpression": expression, "ReturnValues": "ALL_NEW", **values}
        answer = outcome(client, "update_item", request)
        found.append((answer if isinstance(answer, str) else "done", all_items(client)))

    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("clause", ["ADD", "DELETE"])
@pytest.mark.parametrize("members", [["x"], ["x", "y"], ["z"]])
def test_sets_grow_and_shrink_as_in_moto(clients: dict[str, Any], clause: str, members: list[str]) -> None:
    found = []
    for client in clients.values():
        put(client, set={"SS": ["x", "y"]})
        request = {"UpdateExpression": f"{clause} #s :v", "ExpressionAttributeNames": {"#s": "set"}}
        values = {":v": {"SS": members}}
        client.update_item(TableName=TABLE, Key=KEY, **request, ExpressionAttributeValues=values)
        found.append(all_items(client))

    assert found[0] == found[1] == found[2]


def count(number: int, most: int) -> dict[str, Any]:
    return {
        "Update": {
            "TableName": TABLE,
            "Key": numbered(number),
            "UpdateExpression": "SET #h = :one REMOVE check_queue ADD version :one",
            "ConditionExpression": "attribute_not_exists(version) OR version < :most",
            "ExpressionAttributeNames": {"#h": "h"},
            "ExpressionAttributeValues": {":one": {"N": "1"}, ":most": {"N": str(most)}},
        }
    }


writes = st.one_of(
    st.builds(save, st.integers(0, 2), st.integers(0, 3)),
    st.builds(count, st.integers(0, 2), st.integers(0, 3)),
    st.builds(lambda n: {"Delete": {"TableName": TABLE, "Key": numbered(n)}}, st.integers(0, 2)),
)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.lists(writes, min_size=1, max_size=3), max_size=8))
def test_any_transactions_end_as_in_moto(opened_once: dict[str, Any], transactions: list[list[dict[str, Any]]]) -> None:
    def run(client: Any) -> Any:
        ends = []
        for each in transactions:
            try:
                client.transact_write_items(TransactItems=each)
            except ClientError as error:
                reasons = [reason.get("Code") for reason in error.response.get("CancellationReasons", [])]
                ends.append((error.response["Error"]["Code"], reasons))
        due = client.query(
            TableName=TABLE,
            IndexName="checks",
            KeyConditionExpression="check_queue = :q AND check_at <= :now",
            ExpressionAttributeValues={":q": {"S": "open"}, ":now": {"S": "2"}},
        )["Items"]
        return ends, sorted(due, key=str), all_items(client)

    found = []
    for client in opened_once.values():
        emptied(client)
        found.append(run(client))
    assert found[0] == found[1] == found[2]


def test_a_transaction_is_all_or_nothing_and_says_which_write_was_refused(small: Any) -> None:
    """API_TransactWriteItems lists the codes of the reasons. moto knows no ValidationError among them."""
    put(small, version={"S": "no number"})
    check = {"TableName": TABLE, "Key": KEY, "ConditionExpression": "attribute_exists(pk)"}
    add = {"UpdateExpression": "ADD version :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}

    with pytest.raises(ClientError) as refused:
        small.transact_write_items(
            TransactItems=[save(1, 0), save(2, 5), {"Update": {"TableName": TABLE, "Key": KEY, **add}}]
        )
    with pytest.raises(ClientError, match="multiple operations on one item"):
        small.transact_write_items(
            TransactItems=[{"ConditionCheck": check}, {"Delete": {"TableName": TABLE, "Key": KEY}}]
        )
    small.transact_write_items(TransactItems=[{"ConditionCheck": check}, save(1, 0)])

    codes = [each["Code"] for each in refused.value.response["CancellationReasons"]]
    assert codes == ["None", "ConditionalCheckFailed", "ValidationError"]
    assert len(all_items(small)) == 2
