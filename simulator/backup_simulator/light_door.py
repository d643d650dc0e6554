"""Light sessions: clients that call the world directly, for runs of very many worlds.

Most time of an in-process call is botocore's own work: user agents, endpoints, hooks. A light client keeps what a
caller can notice: the validation of parameters by the service's model, the answers, and ClientError. It has a method
for each operation, and neither paginators nor waiters. For boto3 itself, use `World.session`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError, ParamValidationError
from botocore.validate import ParamValidator

from backup_simulator.door import Answer
from backup_simulator.errors import Refused, Unanswered, Unreadable
from backup_simulator.wire import model_of


class LightSession:
    """Creates light clients. It accepts the options of boto3's `Session.client` for the Region and credentials."""

    def __init__(self, answer: Answer, key: str, region: str) -> None:
        self._answer = answer
        self._key = key
        self._region = region

    def client(
        self,
        service_name: str,
        /,
        *,
        region_name: str | None = None,
        aws_access_key_id: str | None = None,
        **_options: Any,
    ) -> LightClient:
        """A client for a service of this session's Region and identity, or of the given ones."""
        return LightClient(self._answer, service_name, region_name or self._region, aws_access_key_id or self._key)


class LightClient:
    """A client with a method for each operation of its service."""

    def __init__(self, answer: Answer, service: str, region: str, key: str) -> None:
        self._answer = answer
        self._service = service
        self._region = region
        self._key = key

    def __getattr__(self, name: str) -> Callable[..., Any]:
        operation = _operations(self._service).get(name)
        if operation is None:
            raise AttributeError(f"{self._service} has no operation {name}")
        shape = model_of(self._service).operation_model(operation).input_shape

        def call(**request: Any) -> Any:
            if shape is not None:
                report = _VALIDATOR.validate(request, shape)
                if report.has_errors():
                    raise ParamValidationError(report=report.generate_report())
            try:
                reply = self._answer(self._key, self._region, self._service, operation, request)
            except Refused as refused:
                error: Any = {
                    "Error": {"Code": refused.code, "Message": refused.message},
                    "ResponseMetadata": {"HTTPStatusCode": refused.status},
                }
                raise ClientError(error, operation) from refused
            except (Unanswered, Unreadable) as silence:
                raise silence.as_botocore() from silence
            return {**reply, "ResponseMetadata": {"HTTPStatusCode": 200}}

        self.__dict__[name] = call
        return call


_VALIDATOR = ParamValidator()


@cache
def _operations(service: str) -> dict[str, str]:
    return {xform_name(name): name for name in model_of(service).operation_names}
