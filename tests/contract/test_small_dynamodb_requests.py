"""Pages, invalid requests, and what the small DynamoDB does not know."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError, ParamValidationError

from backup_simulator import NotModelled
from tests.contract.conftest import light_small_client
from tests.contract.dynamodb_cases import KEY, TABLE, all_items, numbered, outcome, put, save


def fill(client: Any, number: int, size: int = 1) -> None:
    for each in range(number):
        attributes = {"check_queue": {"S": "open"}, "check_at": {"S": f"{each:04}"}, "rest": {"S": "x" * size}}
        client.put_item(TableName=TABLE, Item=numbered(each, **attributes))


@pytest.mark.parametrize("is_forward", [True, False])
@pytest.mark.parametrize("limit", [1, 3, 7])
def test_pages_of_an_index_continue_where_the_last_one_ended(client: Any, limit: int, is_forward: bool) -> None:
    fill(client, 7)
    found: list[str] = []
    start: dict[str, Any] = {}
    while True:
        page = client.query(
            TableName=TABLE,
            IndexName="checks",
            KeyConditionExpression="check_queue = :q",
            ExpressionAttributeValues={":q": {"S": "open"}},
            ScanIndexForward=is_forward,
            Limit=limit,
            **start,
        )
        found += [item["check_at"]["S"] for item in page["Items"]]
        assert all(set(item) == {"pk", "sk", "check_queue", "check_at"} for item in page["Items"])
        if "LastEvaluatedKey" not in page:
            break
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    expected = [f"{each:04}" for each in range(7)]
    assert found == (expected if is_forward else expected[::-1])


@pytest.mark.parametrize("operator", ["=", "<", "<=", ">", ">="])
def test_a_sort_key_has_bounds(client: Any, operator: str) -> None:
    fill(client, 5)
    found = client.query(
        TableName=TABLE,
        IndexName="checks",
        KeyConditionExpression=f"check_queue = :q AND check_at {operator} :at",
        ExpressionAttributeValues={":q": {"S": "open"}, ":at": {"S": "0002"}},
    )["Items"]

    wanted = {"=": [2], "<": [0, 1], "<=": [0, 1, 2], ">": [3, 4], ">=": [2, 3, 4]}[operator]
    assert [int(item["check_at"]["S"]) for item in found] == wanted


def test_a_page_ends_after_a_megabyte(client: Any) -> None:
    fill(client, 4, size=390 * 1024)
    first = client.scan(TableName=TABLE)
    second = client.scan(TableName=TABLE, ExclusiveStartKey=first["LastEvaluatedKey"])

    assert (len(first["Items"]), len(second["Items"])) == (2, 2)


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("put_item", {"Item": {"pk": {"S": "a"}}}),
        ("put_item", {"Item": {**KEY, "pk": {"S": ""}}}),
        ("put_item", {"Item": {**KEY, "pk": {"N": "1"}}}),
        ("put_item", {"Item": {**KEY, "rest": {"S": "x" * 400 * 1024}}}),
        ("get_item", {"Key": {"pk": {"S": "a"}}}),
        ("get_item", {"Key": {**KEY, "n": {"N": "1"}}}),
    ],
)
def test_an_invalid_request_is_refused_and_writes_nothing(client: Any, operation: str, request_: Any) -> None:
    assert outcome(client, operation, request_) == "ValidationException"
    assert all_items(client) == []


@pytest.mark.parametrize(
    "request_",
    [
        {"Item": {**KEY, "check_at": {"N": "1"}}},
        {"Item": KEY, "ConditionExpression": "n = "},
        {"Item": KEY, "ConditionExpression": "n = :v"},
        {"Item": KEY, "ExpressionAttributeValues": {":v": {"N": "1"}}, "ConditionExpression": "n = m"},
        {"Item": KEY, "ConditionExpression": "attribute_exists(#n)"},
    ],
)
def test_what_moto_takes_and_dynamodb_does_not_is_refused(small: Any, request_: Any) -> None:
    """Keys of indexes have their types, and placeholders are given if and only if they are used."""
    assert outcome(small, "put_item", request_) == "ValidationException"
    assert all_items(small) == []


@pytest.mark.parametrize(
    ("expression", "code"),
    [("state = :v", "reserved keyword: state"), ("n = :v AND", "Syntax error"), ("n = :v )", "Syntax error")],
)
def test_an_expression_that_dynamodb_does_not_read_is_refused(small: Any, expression: str, code: str) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ReservedWords.html."""
    request = {"Item": KEY, "ConditionExpression": expression, "ExpressionAttributeValues": {":v": {"S": "x"}}}
    with pytest.raises(ClientError, match=code):
        small.put_item(TableName=TABLE, **request)


@pytest.mark.parametrize(
    ("operation", "request_", "named"),
    [
        ("put_item", {"Item": {**KEY, "b": {"B": b"x"}}}, "type B"),
        ("put_item", {"Item": KEY, "ConditionExpression": "begins_with(pk, sk)"}, "begins_with"),
        ("put_item", {"Item": KEY, "ConditionExpression": "a.b = c"}, "'.'"),
        ("put_item", {"Item": KEY, "ReturnConsumedCapacity": "TOTAL"}, "ReturnConsumedCapacity of PutItem"),
        ("update_item", {"Key": KEY, "UpdateExpression": "REMOVE n", "ReturnValues": "UPDATED_NEW"}, "UPDATED_NEW"),
        ("describe_table", {}, "DescribeTable"),
        (
            "query",
            {
                "KeyConditionExpression": "pk = :p",
                "FilterExpression": "n = :p",
                "ExpressionAttributeValues": {":p": {"S": "p"}},
            },
            "FilterExpression of Query",
        ),
    ],
)
def test_what_is_not_modelled_is_refused_by_its_name(small: Any, operation: str, request_: Any, named: str) -> None:
    with pytest.raises(NotModelled) as refused:
        getattr(small, operation)(TableName=TABLE, **request_)

    assert named in str(refused.value)


def test_a_page_at_its_limit_has_a_mark_even_if_nothing_follows(small: Any) -> None:
    """API_Query: "If LastEvaluatedKey is not empty, it does not necessarily mean that there is more data"."""
    fill(small, 2)
    page = small.scan(TableName=TABLE, Limit=2)
    rest = small.scan(TableName=TABLE, Limit=2, ExclusiveStartKey=page["LastEvaluatedKey"])

    assert len(page["Items"]) == 2
    assert (rest["Items"], "LastEvaluatedKey" in rest) == ([], False)


def test_a_consistent_read_of_an_index_is_refused(client: Any) -> None:
    with pytest.raises(ClientError, match="Consistent reads are not supported on global secondary indexes"):
        client.query(
            TableName=TABLE,
            IndexName="checks",
            ConsistentRead=True,
            KeyConditionExpression="check_queue = :q",
            ExpressionAttributeValues={":q": {"S": "open"}},
        )


def test_a_change_of_what_was_given_or_answered_changes_nothing_in_the_table(small: Any) -> None:
    item: dict[str, Any] = {**KEY, "set": {"SS": ["x"]}}
    small.put_item(TableName=TABLE, Item=item)
    item["set"]["SS"].append("y")
    found = small.get_item(TableName=TABLE, Key=KEY)["Item"]
    found["set"]["SS"].append("z")

    assert small.get_item(TableName=TABLE, Key=KEY)["Item"]["set"] == {"SS": ["x"]}


def test_parameters_are_checked_by_the_services_own_model(small: Any) -> None:
    with pytest.raises(ParamValidationError):
        small.get_item(TableName=TABLE, Key="a")


@pytest.mark.parametrize("comparator", ["<", "<=", ">", ">=", "="])
def test_a_value_of_another_type_is_neither_equal_nor_less_nor_more(small: Any, comparator: str) -> None:
    put(small, s={"S": "text"})
    condition = {"ConditionExpression": f"s {comparator} :v", "ExpressionAttributeValues": {":v": {"N": "1"}}}

    assert outcome(small, "put_item", {"Item": KEY, **condition}) == "ConditionalCheckFailedException"


def test_a_transaction_with_a_known_token_is_not_carried_out_twice() -> None:
    with light_small_client() as client:
        add = {"UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}
        once = [{"Update": {"TableName": TABLE, "Key": KEY, **add}}]
        for _ in range(2):
            client.transact_write_items(TransactItems=once, ClientRequestToken="t")

        assert all_items(client) == [{**KEY, "n": {"N": "1"}}]
        with pytest.raises(ClientError, match="other parameters"):
            client.transact_write_items(TransactItems=[save(1, 0)], ClientRequestToken="t")
