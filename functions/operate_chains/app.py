"""Entry point for operators: retry, abandon, adopt, pause, resume."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools import Logger

from secondhop.adapters.backup_events import read_time
from secondhop.application.operate_chains import Answer, OperateChains
from secondhop.application.relatives import stored
from secondhop.bootstrap.base import Handler, Runtime, on_lambda
from secondhop.bootstrap.operators import build_operators
from secondhop.domain.chain import ChainKey
from secondhop.domain.errors import MalformedError, SecondHopError
from secondhop.domain.first_hop import SUFFIX

VERBS = ("retry", "abandon", "adopt", "pause", "resume")
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


def build(runtime: Runtime) -> Handler:
    """The handler over its runtime. Raises SettingsError."""
    use_case = build_operators(runtime)
    environ = runtime.environ
    logger = Logger(
        service=environ.get("POWERTOOLS_SERVICE_NAME", "secondhop"), level=environ.get("POWERTOOLS_LOG_LEVEL", "INFO")
    )

    @logger.inject_lambda_context
    def handle(event: dict[str, Any], _context: Any) -> dict[str, Any]:
        try:
            answer = operate(use_case, event, runtime.now())
        except SecondHopError as error:
            answer = Answer(is_accepted=False, message=str(error))
        logger.info("operator", request=event, accepted=answer.is_accepted, answer=answer.message)
        return asdict(answer)

    return handle


def operate(use_case: OperateChains, event: dict[str, Any], now: datetime) -> Answer:
    """Read one request and do it. Raises MalformedError for one that cannot be read."""
    verb = event.get("verb")
    if verb not in VERBS:
        raise MalformedError(f"verb is {verb!r}; it should be one of: {', '.join(VERBS)}")
    by, route = text(event, "by"), route_name(use_case, event)
    match verb:
        case "retry" if "cause" in event:
            return use_case.retry_all(text(event, "cause"), by=by)
        case "retry":
            return use_case.retry(chain_key(use_case, event), by=by)
        case "abandon":
            return use_case.abandon(chain_key(use_case, event), by=by)
        case "adopt":
            after = read_time(event["after"]) if "after" in event else EARLIEST
            before = read_time(event["before"]) if "before" in event else now
            return use_case.adopt(route, after=after, before=before, is_dry_run=event.get("dry_run") is not False)
        case "pause":
            return use_case.pause(route, by=by)
        case _:
            return use_case.resume(route, by=by)


def route_name(use_case: OperateChains, event: dict[str, Any]) -> str:
    """The route that the request names, or the installation's only one."""
    return text(event, "route") if "route" in event else use_case.routes[0].name


def chain_key(use_case: OperateChains, event: dict[str, Any]) -> ChainKey:
    """The chain of the request's recovery point. A message can be about an arrival or about a first hop's origin."""
    point, name = text(event, "recovery_point"), route_name(use_case, event)
    key = ChainKey(point, name)
    of_first_hop = ChainKey(point, name + SUFFIX)
    is_first_hop = "route" not in event and stored(use_case.chains, key) is None
    return of_first_hop if is_first_hop and stored(use_case.chains, of_first_hop) is not None else key


def text(event: dict[str, Any], name: str) -> str:
    """A text of the request. Raises MalformedError."""
    value = event.get(name)
    if not isinstance(value, str) or not value:
        raise MalformedError(f"{name} should be a text, found {value!r}")
    return value


lambda_handler = on_lambda(build)
