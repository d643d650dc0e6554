"""Calls of a DynamoDB and what they come to, for the tests that compare two stand-ins of it."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

TABLE = "chains"
KEY = {"pk": {"S": "a"}, "sk": {"S": "b"}}
ITEM = {**KEY, "n": {"N": "3"}, "s": {"S": "text"}, "set": {"SS": ["x", "y"]}}


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


def numbered(number: int, **attributes: Any) -> dict[str, Any]:
    return {"pk": {"S": f"p{number}"}, "sk": {"S": "s"}, **attributes}


def save(number: int, version: int) -> dict[str, Any]:
    condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
    if version:
        values = {":v": {"N": str(version)}}
        condition = {"ConditionExpression": "version = :v", "ExpressionAttributeValues": values}
    item = numbered(number, version={"N": str(version + 1)}, check_queue={"S": "open"}, check_at={"S": f"{version}"})
    return {"Put": {"TableName": TABLE, "Item": item, **condition}}
