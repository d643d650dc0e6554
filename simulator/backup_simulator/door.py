"""The in-process door: unmodified boto3 clients, answered at botocore's `before-call` event.

boto3 keeps its own validation of parameters, its paginators and its typed exceptions; what it does not do here is
retry, so that an injected error stands for "all retries were in vain".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.loaders import Loader
from botocore.session import get_session

from backup_simulator.errors import Refused, Unanswered
from backup_simulator.model import Caller

if TYPE_CHECKING:
    from backup_simulator.world import World

PARAMETERS = "simulated-parameters"
# Service models are large and never change: read once, not once a session.
LOADER = Loader()
# Nobody reads the header User-Agent here, and to compose it takes botocore a seventh of each call.
PLAIN = Config(user_agent="backup-simulator")


class _Reply:
    """What botocore looks at of an HTTP response."""

    def __init__(self, status: int) -> None:
        self.status_code = status
        self.headers: dict[str, str] = {}


def open_session(world: World, caller: Caller, region: str) -> boto3.Session:
    """A boto3 session whose clients, of any account by their credentials, are answered by the world."""
    core = get_session()
    core.register_component("data_loader", LOADER)
    core.set_default_client_config(PLAIN)
    session = boto3.Session(
        botocore_session=core,
        aws_access_key_id=world.identity.issue(caller, ends=False),
        aws_secret_access_key="simulated",  # noqa: S106 - nothing is signed with it
        region_name=region,
    )
    # Each boto3 session adds its own folder to the loader, which is always the same one.
    LOADER.search_paths[:] = dict.fromkeys(LOADER.search_paths)

    def keep(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        context[PARAMETERS] = params

    def answer(model: Any, context: dict[str, Any], request_signer: Any, **_: Any) -> tuple[_Reply, dict[str, Any]]:
        service = model.service_model.service_name
        key = request_signer._credentials.access_key  # noqa: SLF001 - botocore offers no public way to it
        try:
            reply = world.call(key, context["client_region"], service, model.name, context[PARAMETERS])
        except Refused as refused:
            error = {"Code": refused.code, "Message": refused.message}
            return _Reply(refused.status), {"Error": error, "ResponseMetadata": {"HTTPStatusCode": refused.status}}
        except Unanswered as silence:
            raise silence.as_botocore() from silence
        return _Reply(200), reply | {"ResponseMetadata": {"HTTPStatusCode": 200}}

    hooks: Any = session.events
    hooks.register("before-parameter-build", keep)
    hooks.register("before-call", answer)
    return session
