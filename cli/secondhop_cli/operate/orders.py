"""Gives an order to the operators' function of an installation."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from secondhop_cli.aws_errors import CALL_ERRORS, explained
from secondhop_cli.ending import CommandError
from secondhop_cli.operate.installation import REMEDY, Installation


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the function answered. `points` are what it is about, and `forecast` is what it would take."""

    is_accepted: bool
    message: str
    points: tuple[str, ...] = ()
    forecast: tuple[str, ...] = ()


def give_order(installation: Installation, order: dict[str, Any]) -> Answer:
    """Invoke the operators' function, and wait for its answer. Raises CommandError if there is none."""
    function = installation.output("OperateChainsFunction")
    try:
        reply = installation.client("lambda").invoke(FunctionName=function, Payload=json.dumps(order).encode())
        body = reply["Payload"].read()
    except ClientError as error:
        raise CommandError(f"the order was refused: {explained(error, remedy=REMEDY)}.") from error
    except CALL_ERRORS as error:
        raise CommandError(
            f"the order was not answered, and may have been carried out: {explained(error, remedy=REMEDY)}."
        ) from error
    found = _read(body)
    if "FunctionError" in reply:
        reason = str(found.get("errorMessage") or "it gives no reason")
        raise CommandError(
            f"the function {function} failed: {reason}. Its log group is the resource OperateChainsLogs of the stack "
            f"{installation.stack}."
        )
    if not isinstance(found.get("is_accepted"), bool) or not isinstance(found.get("message"), str):
        raise CommandError(f"the answer of the function {function} cannot be read: {body[:200]!r}")
    return Answer(
        is_accepted=found["is_accepted"],
        message=found["message"],
        points=tuple(map(str, found.get("points", ()))),
        forecast=tuple(map(str, found.get("forecast", ()))),
    )


def _read(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
