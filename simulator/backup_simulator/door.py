"""In-process sessions: unmodified boto3 clients, answered at botocore's `before-call` event.

boto3 still validates parameters and has its paginators and typed exceptions. It does not retry here, so an injected
error means that all retries failed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import boto3
from botocore.config import Config
from botocore.loaders import Loader
from botocore.session import get_session

from backup_simulator.errors import Refused, Unanswered, Unreadable

Answer = Callable[[str, str, str, str, Mapping[str, Any]], dict[str, Any]]
"""Carries out a call: access key, Region, service, operation, parameters.

It may raise Refused, Unanswered and Unreadable.
"""
PARAMETERS = "simulated-parameters"
# Service models are large and never change. They are read once, not once for each session.
LOADER = Loader()
# The header User-Agent is not used here, and botocore needs a seventh of each call to compose it.
PLAIN = Config(user_agent="backup-simulator")


class _Reply:
    """The parts of an HTTP response that botocore reads."""

    def __init__(self, status: int) -> None:
        self.status_code = status
        self.headers: dict[str, str] = {}


def open_session(call: Answer, key: str, region: str) -> boto3.Session:
    """A boto3 session with an access key. A function such as `World.call` answers its clients."""
    core = get_session()
    core.register_component("data_loader", LOADER)
    core.set_default_client_config(PLAIN)
    session = boto3.Session(
        botocore_session=core,
        aws_access_key_id=key,
        aws_secret_access_key="simulated",  # noqa: S106 - nothing is signed with it
        region_name=region,
    )
    # Each boto3 session adds its own folder to the loader, which all sessions share.
    LOADER.search_paths[:] = dict.fromkeys(LOADER.search_paths)

    def keep(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        context[PARAMETERS] = params

    def answer(model: Any, context: dict[str, Any], request_signer: Any, **_: Any) -> tuple[_Reply, dict[str, Any]]:
        service = model.service_model.service_name
        signing_key = request_signer._credentials.access_key  # noqa: SLF001 - botocore offers no public way to it
        try:
            reply = call(signing_key, context["client_region"], service, model.name, context[PARAMETERS])
        except Refused as refused:
            error = {"Code": refused.code, "Message": refused.message}
            return _Reply(refused.status), {"Error": error, "ResponseMetadata": {"HTTPStatusCode": refused.status}}
        except (Unanswered, Unreadable) as silence:
            raise silence.as_botocore() from silence
        return _Reply(200), reply | {"ResponseMetadata": {"HTTPStatusCode": 200}}

    hooks: Any = session.events
    hooks.register("before-parameter-build", keep)
    hooks.register("before-call", answer)
    return session
