"""The floor of a look that finds no chain: the clients, and one read of the table."""

from typing import Any

import boto3

from bench.floors.four_clients import CLIENTS, build


def handler(_event: Any, _context: Any) -> dict[str, int]:
    if not CLIENTS:
        build(boto3.Session())
    CLIENTS["dynamodb"].get_item(TableName="chains", Key={"pk": {"S": "x"}, "sk": {"S": "y"}}, ConsistentRead=True)
    return {"ok": 1}
