"""Clients of a small DynamoDB: a light one, and an unmodified boto3 client that it answers.

A light client keeps what a caller can notice: the check of parameters by the service's model, the answers, and
ClientError. The boto3 client has its paginators, typed errors and hooks besides, and costs several times more.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import boto3
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError, ParamValidationError
from botocore.session import get_session
from botocore.validate import ParamValidator

from backup_simulator import Refused
from rehearsal.small_dynamodb.database import SmallDynamoDb

REQUEST = "small-dynamodb-request"
REGION = "eu-west-1"
_VALIDATOR = ParamValidator()


class LightClient:
    """A client with a method for each operation of DynamoDB."""

    def __init__(self, database: SmallDynamoDb) -> None:
        self._database = database

    def __getattr__(self, name: str) -> Callable[..., Any]:
        operation = _operations().get(name)
        if operation is None:
            raise AttributeError(f"dynamodb has no operation {name}")
        shape = _model().operation_model(operation).input_shape

        def call(**request: Any) -> Any:
            report = _VALIDATOR.validate(request, shape)
            if report.has_errors():
                raise ParamValidationError(report=report.generate_report())
            try:
                answer = self._database.call(operation, request)
            except Refused as refused:
                raise ClientError(_error_of(refused), operation) from refused
            return {**answer, "ResponseMetadata": {"HTTPStatusCode": 200}}

        self.__dict__[name] = call
        return call


def light_client(database: SmallDynamoDb) -> Any:
    """A client that costs little."""
    return LightClient(database)


class _Reply:
    """The parts of an HTTP response that botocore reads."""

    def __init__(self, status: int) -> None:
        self.status_code = status
        self.headers: dict[str, str] = {}


def boto3_client(database: SmallDynamoDb) -> Any:
    """A boto3 client. Only what botocore would send is answered by the database."""
    client = boto3.client(
        "dynamodb",
        region_name=REGION,
        aws_access_key_id="simulated",
        aws_secret_access_key="simulated",  # noqa: S106 - nothing is signed with it
        config=Config(user_agent="small-dynamodb"),
    )

    def keep(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        context[REQUEST] = params

    def answer(model: Any, context: dict[str, Any], **_: Any) -> tuple[_Reply, dict[str, Any]]:
        try:
            reply = database.call(model.name, context[REQUEST])
        except Refused as refused:
            return _Reply(refused.status), _error_of(refused)
        return _Reply(200), {**reply, "ResponseMetadata": {"HTTPStatusCode": 200}}

    hooks: Any = client.meta.events
    hooks.register("before-parameter-build.dynamodb", keep)
    hooks.register("before-call.dynamodb", answer)
    return client


def _error_of(refused: Refused) -> Any:
    return {
        "Error": {"Code": refused.code, "Message": refused.message},
        "ResponseMetadata": {"HTTPStatusCode": refused.status},
        **getattr(refused, "details", {}),
    }


@cache
def _model() -> Any:
    return get_session().get_service_model("dynamodb")


@cache
def _operations() -> dict[str, str]:
    return {xform_name(name): name for name in _model().operation_names}
