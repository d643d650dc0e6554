"""The world and ministack in one ASGI application."""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from threading import RLock
from typing import Any

from ministack.app import app as ministack_app
from ministack.services import sts

from backup_simulator import wire
from backup_simulator.control import CONTROL
from backup_simulator.errors import NotModelled, ProcessDied, Refused
from backup_simulator.http_door import CREDENTIAL, Request, answer, read
from backup_simulator.world import World
from ministack_extension import authorization, metrics
from ministack_extension.buses import OutsideBuses, forward_beyond
from ministack_extension.mirror import Mirror
from ministack_extension.resources import BackupResources

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


# Services of ministack for which the world answers some operations: it knows one organization for all accounts, its
# databases, and policies as AWS evaluates them. By the name in the signature: the service, and the operations.
LENT = {
    "organizations": ("organizations", {"DescribeOrganization"}),
    "iam": ("iam", {"SimulatePrincipalPolicy"}),
    "rds": ("rds", {"DescribeDBInstances", "DescribeDBClusters", "DescribeOptionGroups"}),
    "servicequotas": ("service-quotas", {"ListServiceQuotas"}),
    "sts": ("sts", {"AssumeRole"}),
}
OPERATION = re.compile(rb"(?:^|&)Action=(\w+)")


class JoinedWorld(World):
    """A world with ministack's event buses."""

    bus_type = OutsideBuses


class Joined:
    """Answers for AWS Backup and for what is LENT itself, and lets ministack answer for everything else."""

    def __init__(self, **settings: Any) -> None:
        self.world = JoinedWorld(**settings)
        self._lock = RLock()
        self._mirror = Mirror(self.world)
        self._ticked = time.monotonic()
        forward_beyond(self.world)
        authorization.install()
        metrics.install()
        BackupResources(self.world, self._mirror, self._lock).install()

    def tick(self) -> None:
        """Advance the world's clock by the wall-clock time since the last call."""
        with self._lock:
            now = time.monotonic()
            went_by, self._ticked = now - self._ticked, now
            self._mirror.refresh()
            self.world.run_for(timedelta(seconds=went_by))

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await ministack_app(scope, receive, send)
            return
        headers = {name.decode("latin-1").title(): value.decode("latin-1") for name, value in scope["headers"]}
        signed = CREDENTIAL.search(headers.get("Authorization", ""))
        is_control = scope["path"].startswith(CONTROL)
        if not is_control and (signed is None or (signed[3] != "backup" and signed[3] not in LENT)):
            await ministack_app(scope, receive, send)
            return
        body = await _body(receive)
        if signed is not None and signed[3] in LENT and _operation(headers, body) not in LENT[signed[3]][1]:
            await ministack_app(scope, _again(body), send)
            return
        raw_path = scope["raw_path"].decode("ascii")
        target = raw_path + ("?" + scope["query_string"].decode("ascii") if scope["query_string"] else "")
        request = Request(scope["method"], target, headers, body)
        await self._reply(request, signed, send)

    async def _reply(self, request: Request, signed: Any, send: Send) -> None:
        try:
            with self._lock:
                self._mirror.refresh()
                status, kind, body = self._answer(request, signed)
        except ProcessDied:
            # A caller that is dead in this world gets no answer. The connection closes.
            await send({"type": "http.disconnect"})
            return
        headers = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _answer(self, request: Request, signed: Any) -> tuple[int, str, bytes]:
        if signed is None or request.target.startswith(CONTROL):
            return answer(self.world, request)
        key, region, service = signed.groups()
        try:
            self._mirror.admit(key, request.headers.get("X-Amz-Security-Token"))
            if service == "sts":
                return self._assume(key, region, request)
            if service in LENT:
                service = LENT[service][0]
                operation, parameters = read(service, request)
                reply = self.world.call(key, region, service, operation, parameters)
                return 200, *wire.write(service, operation, reply)
        except Refused as refused:
            return refused.status, *wire.write_error(service, refused.code, refused.message)
        except NotModelled as unknown:
            return 501, *wire.write_error(service, "NotModelled", str(unknown))
        return answer(self.world, request)

    def _assume(self, key: str, region: str, request: Request) -> tuple[int, str, bytes]:
        """AssumeRole by the world's rules. They need the role's path. The session is registered in ministack too."""
        operation, parameters = read("sts", request)
        reply = self.world.call(key, region, "sts", operation, parameters)
        granted = reply["Credentials"]
        arn = reply["AssumedRoleUser"]["Arn"]
        sts.register_session(
            granted["AccessKeyId"],
            {
                "Arn": arn,
                "UserId": reply["AssumedRoleUser"]["AssumedRoleId"],
                "SecretAccessKey": granted["SecretAccessKey"],
                "SessionToken": granted["SessionToken"],
                "Expiration": granted["Expiration"].timestamp(),
                "AccountId": arn.split(":")[4],
                "PrincipalType": "AssumedRole",
                "SourceAccessKeyId": key,
                "SessionTags": [],
                "SessionPolicies": {"Policy": parameters["Policy"]} if "Policy" in parameters else None,
            },
        )
        return 200, *wire.write("sts", operation, reply)


def _operation(headers: dict[str, str], body: bytes) -> str:
    """The operation of a request in the JSON protocol or the query protocol."""
    if "X-Amz-Target" in headers:
        return headers["X-Amz-Target"].rpartition(".")[2]
    found = OPERATION.search(body)
    return found[1].decode() if found else ""


async def _body(receive: Receive) -> bytes:
    parts, more = [], True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


def _again(body: bytes) -> Receive:
    """Replay a request's body for the next reader."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive
