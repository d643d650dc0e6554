"""The small DynamoDB answers as moto does, where both know the operation, and as the documentation says elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, ParamValidationError
from hypothesis import given, settings
from hypothesis import strategies as st

from backup_simulator import NotModelled
from tests.contract.conftest import light_small_client, moto_client, small_client

TABLE = "chains"
KEY = {"pk": {"S": "a"}, "sk": {"S": "b"}}
ITEM = {**KEY, "n": {"N": "3"}, "s": {"S": "text"}, "set": {"SS": ["x", "y"]}}


@pytest.fixture(scope="module")
def opened_once() -> Iterator[list[Any]]:
    """Clients of moto and of the small DynamoDB, by both of its ways. It takes long to open them."""
    with moto_client() as moto, small_client() as small, light_small_client() as light:
        yield [moto, small, light]


@pytest.fixture
def clients(opened_once: list[Any]) -> list[Any]:
    """The same clients with empty tables, moto's first."""
    for client in opened_once:
        emptied(client)
    return opened_once


def emptied(client: Any) -> None:
    for item in client.scan(TableName=TABLE)["Items"]:
        client.delete_item(TableName=TABLE, Key={name: item[name] for name in KEY})


@pytest.fixture(params=[0, 1, 2], ids=["moto", "small", "small, light"])
def client(clients: list[Any], request: pytest.FixtureRequest) -> Any:
    """One of them."""
    return clients[request.param]


@pytest.fixture(params=[1, 2], ids=["small", "small, light"])
def small(clients: list[Any], request: pytest.FixtureRequest) -> Any:
    """The small DynamoDB, by either way."""
    return clients[request.param]


def put(client: Any, **attributes: Any) -> None:
    client.put_item(TableName=TABLE, Item={**KEY, **attributes})


def all_items(client: Any) -> list[Any]:
    items = client.scan(TableName=TABLE)["Items"]
    return sorted(({name: sorted_sets(value) for name, value in item.items()} for item in items), key=str)


def sorted_sets(value: Any) -> Any:
    return {"SS": sorted(value["SS"])} if "SS" in value else value


def outcome(client: Any, operation: str, request: dict[str, Any]) -> Any:
    """What a call comes to: its items, or the code of its error with the codes of its reasons."""
    try:
        answer = getattr(client, operation)(TableName=TABLE, **request)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return {name: answer[name] for name in ("Item", "Items", "Attributes") if name in answer}


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
def test_conditions_hold_as_in_moto(clients: list[Any], expression: str, exists: bool) -> None:
    found = []
    for client in clients:
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
def test_updates_leave_what_they_leave_in_moto(clients: list[Any], expression: str, exists: bool) -> None:
    found = []
    for client in clients:
        if exists:
            client.put_item(TableName=TABLE, Item=ITEM)
        values = {"ExpressionAttributeValues": {":v": {"N": "2"}}} if ":v" in expression else {}
        request = {"Key": KEY, "UpdateExpression": expression, "ReturnValues": "ALL_NEW", **values}
        answer = outcome(client, "update_item", request)
        found.append((answer if isinstance(answer, str) else "done", all_items(client)))

    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("clause", ["ADD", "DELETE"])
@pytest.mark.parametrize("members", [["x"], ["x", "y"], ["z"]])
def test_sets_grow_and_shrink_as_in_moto(clients: list[Any], clause: str, members: list[str]) -> None:
    found = []
    for client in clients:
        put(client, set={"SS": ["x", "y"]})
        request = {"UpdateExpression": f"{clause} #s :v", "ExpressionAttributeNames": {"#s": "set"}}
        values = {":v": {"SS": members}}
        client.update_item(TableName=TABLE, Key=KEY, **request, ExpressionAttributeValues=values)
        found.append(all_items(client))

    assert found[0] == found[1] == found[2]


def numbered(number: int, **attributes: Any) -> dict[str, Any]:
    return {"pk": {"S": f"p{number}"}, "sk": {"S": "s"}, **attributes}


def save(number: int, version: int) -> dict[str, Any]:
    condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
    if version:
        values = {":v": {"N": str(version)}}
        condition = {"ConditionExpression": "version = :v", "ExpressionAttributeValues": values}
    item = numbered(number, version={"N": str(version + 1)}, check_queue={"S": "open"}, check_at={"S": f"{version}"})
    return {"Put": {"TableName": TABLE, "Item": item, **condition}}


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
def test_any_transactions_end_as_in_moto(opened_once: list[Any], transactions: list[list[dict[str, Any]]]) -> None:
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
    for client in opened_once:
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
