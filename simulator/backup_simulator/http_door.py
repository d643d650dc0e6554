"""The HTTP door: an unmodified AWS CLI or SDK talks to a world on a port of this machine alone.

Who calls, for which service and Region, is read from the request's signature, which is not verified: an access key id
of twelve digits is that account's administrator, others are what AssumeRole gave out. `/_control/` is the tester's own
way in: it moves the clock, makes what the modelled services do not make, puts faults, and shows the world.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any

from backup_simulator import wire
from backup_simulator.errors import NotModelled, ProcessDied, Refused
from backup_simulator.eventbridge import RuleTarget
from backup_simulator.world import World

LOOPBACK = "127.0.0.1"
CREDENTIAL = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/aws4_request")
CONTROL = "/_control/"
ACCOUNT_MAKES = ("create_role", "create_service_linked_role", "delete_role", "join_organization", "add_policy")
SITE_MAKES = ("create_key", "create_vault", "create_database", "create_queue", "create_topic", "put_rule")


class ControlError(ValueError):
    """A request to the control endpoint makes no sense; one sentence says why."""


def serve(world: World, port: int) -> ThreadingHTTPServer:
    """A server that answers from the world, on loopback; the caller runs it. Raises OSError for a port in use."""
    return ThreadingHTTPServer((LOOPBACK, port), _door(world, Lock()))


def _door(world: World, lock: Lock) -> type[BaseHTTPRequestHandler]:
    class Door(BaseHTTPRequestHandler):
        """One request at a time: a world is not made for threads."""

        protocol_version = "HTTP/1.1"
        # One packet an answer: headers and body sent apart wait 40 ms for each other (Nagle and delayed ACK).
        wbufsize = -1

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            try:
                with lock:
                    status, kind, answer = _reply(world, self, body)
            except ProcessDied:
                # Whoever called is dead, as far as this world knows: no answer reaches him.
                self.close_connection = True
                return
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_PUT = do_POST = do_DELETE = _answer  # noqa: N815 - names that http.server asks for

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - named so by http.server
            """Say nothing: the world has its own trace."""

    return Door


def _reply(world: World, request: BaseHTTPRequestHandler, body: bytes) -> tuple[int, str, bytes]:
    if request.path.startswith(CONTROL):
        return _control_reply(world, request.path.removeprefix(CONTROL), body)
    signed = CREDENTIAL.search(request.headers.get("Authorization", ""))
    if signed is None:
        text = "The request is not signed: give any credentials; an access key id of 12 digits is the account."
        return 403, *wire.write_error("backup", "MissingAuthenticationTokenException", text)
    key, region, service = signed.groups()
    try:
        headers = {name: value for name, value in request.headers.items()}  # noqa: C416 - it is no plain mapping
        operation, parameters = wire.read(service, request.command, request.path, headers, body)
        return 200, *wire.write(service, operation, world.call(key, region, service, operation, parameters))
    except Refused as refused:
        return refused.status, *wire.write_error(service, refused.code, refused.message)
    except NotModelled as unknown:
        return 501, *wire.write_error(service, "NotModelled", str(unknown))


def _control_reply(world: World, action: str, body: bytes) -> tuple[int, str, bytes]:
    try:
        given = json.loads(body) if body else {}
        answer = _control(world, action, given)
    except (ValueError, TypeError, KeyError, AttributeError, Refused) as error:
        return 400, "application/json", json.dumps({"error": f"{type(error).__name__}: {error}"}).encode()
    return 200, "application/json", json.dumps(answer, default=_text).encode()


def _control(world: World, action: str, given: dict[str, Any]) -> Any:
    match action:
        case "advance":
            world.run_for(timedelta(seconds=float(given["seconds"])))
            return {"now": world.now()}
        case "world":
            return _dump(world)
        case "make":
            return {"made": _make(world, given)}
        case "fail-copy-job":
            world.faults.fail_copy_job(**given)
        case "refuse":
            world.faults.refuse(**given)
        case _:
            raise ControlError(f"there is no control {action!r}: advance, world, make, fail-copy-job, refuse")
    return {}


def _make(world: World, given: dict[str, Any]) -> Any:
    what, account, region = given.pop("what"), given.pop("account"), given.pop("region", None)
    if what in ACCOUNT_MAKES:
        return getattr(world.account(account), what)(**given)
    if what not in SITE_MAKES or region is None:
        names = ", ".join(ACCOUNT_MAKES + SITE_MAKES)
        raise ControlError(
            f"{what!r} of {account} cannot be made: give a Region for what lives in one; known are {names}"
        )
    if what == "put_rule":
        given["targets"] = [RuleTarget(**target) for target in given["targets"]]
    made = getattr(world.site(account, region), what)(**given)
    return {"arn": made.arn, "url": made.url} if what == "create_queue" else made


def _dump(world: World) -> dict[str, Any]:
    return {
        "now": world.now(),
        "recovery_points": [asdict(point) for point in world.recovery_points()],
        "copy_jobs": [asdict(job) for job in world.copy_jobs()],
        "deletions": [asdict(deletion) for deletion in world.deletions()],
        "calls": {" ".join(key): count for key, count in world.calls.items()},
        "trace": [line._asdict() for line in world.trace],
    }


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
