"""A night in DynamoDB: the functions' own adapter on a table, with the world's faults around each call.

Most of these nights use the small DynamoDB, which costs a tenth of moto's. The others use moto, which other people
wrote. `tests/contract` holds both to one contract. Only the development environment has moto.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import boto3
from botocore import xform_name
from botocore.exceptions import ClientError
from botocore.session import get_session

from backup_simulator import Refused, World
from rehearsal.deployment import Stack
from rehearsal.small_dynamodb import SmallDynamoDb, light_client

TABLE = ("AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes")


@dataclass(frozen=True, kw_only=True)
class NightTable:
    """The DynamoDB of one night: moto's, or the small one."""

    uses_moto: bool
    small: SmallDynamoDb = field(default_factory=SmallDynamoDb)

    def client(self) -> Any:
        """A client without faults."""
        return _moto_client() if self.uses_moto else light_client(self.small)

    @contextmanager
    def open(self, main: Stack) -> Iterator[None]:
        """The table of a main stack, as its template describes it, for as long as the block lasts."""
        with _moto() if self.uses_moto else nullcontext():
            properties = main.template["Resources"]["Chains"]["Properties"]
            described = {name: main.resolver.resolve(properties[name]) for name in TABLE}
            self.client().create_table(TableName=main.ref("Chains"), **described)
            yield


class TableSession:
    """A session with the DynamoDB of a night. Clients of other services come from the wrapped session."""

    def __init__(self, world: World, session: Any, table: NightTable) -> None:
        self._world = world
        self._session = session
        self._table = table

    def client(self, service_name: str, /, **options: Any) -> Any:
        """A client. The one for DynamoDB has faults."""
        if service_name != "dynamodb":
            return self._session.client(service_name, **options)
        return TableClient(self._world, self._table.client())


class TableClient:
    """A DynamoDB client with the world's faults around its calls."""

    def __init__(self, world: World, client: Any) -> None:
        self._world = world
        self._client = client

    def __getattr__(self, name: str) -> Callable[..., Any]:
        operation = _operations()[name]

        def call(**request: Any) -> Any:
            def carry_out() -> Any:
                left_out = self._leave_out(operation, request)
                answer = getattr(self._client, name)(**request)
                return {**answer, "UnprocessedKeys": left_out} if left_out else answer

            try:
                return self._world.outside("dynamodb", operation, carry_out)
            except Refused as refused:
                status = {"HTTPStatusCode": refused.status}
                error: Any = {
                    "Error": {"Code": refused.code, "Message": refused.message},
                    "ResponseMetadata": status,
                }
                raise ClientError(error, operation) from refused

        return call

    def _leave_out(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """Take some keys out of a BatchGetItem, and return them as its UnprocessedKeys; at least one is processed."""
        left_out = dict[str, Any]()
        for table, asked in request.get("RequestItems", {}).items() if operation == "BatchGetItem" else ():
            fails = [False, *(self._world.faults.fails_entry("dynamodb", operation) for _ in asked["Keys"][1:])]
            if any(fails):
                left = [key for key, fault in zip(asked["Keys"], fails, strict=True) if fault]
                kept = [key for key, fault in zip(asked["Keys"], fails, strict=True) if not fault]
                left_out[table] = {**asked, "Keys": left}
                request["RequestItems"] = {**request["RequestItems"], table: {**asked, "Keys": kept}}
        return left_out


def _moto() -> AbstractContextManager[Any]:
    from moto import mock_aws  # noqa: PLC0415 - only the development environment has it

    return mock_aws()


def _moto_client() -> Any:
    return boto3.client(
        "dynamodb",
        region_name="eu-west-1",
        aws_access_key_id="simulated",
        aws_secret_access_key="simulated",  # noqa: S106 - moto does not look at it
    )


@cache
def _operations() -> dict[str, str]:
    return {xform_name(name): name for name in get_session().get_service_model("dynamodb").operation_names}
