"""The HTTP server: an unmodified AWS CLI or SDK calls a world on a loopback port.

The caller, the service and the Region come from the request's signature, which is not verified. An access key id of
twelve digits is that account's administrator. AssumeRole gives others. `/_control/` is for tests: it moves the clock,
creates resources that the modelled services do not create, sets faults, and shows the world.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any, NamedTuple

from backup_simulator import control, wire
from backup_simulator.errors import NotModelled, ProcessDied, Refused, Unanswered, Unreadable
from backup_simulator.input_rules import check_as_boto3
from backup_simulator.unforeseen import INTERNAL, TEXT, Unforeseen
from backup_simulator.world import World

LOOPBACK = "127.0.0.1"
CREDENTIAL = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/aws4_request")


class Request(NamedTuple):
    """A request as it came: method, target with its query, headers by their usual names, body."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


def serve(world: World, port: int) -> ThreadingHTTPServer:
    """A server that answers from the world, on loopback; the caller runs it. Raises OSError for a port in use."""
    return ThreadingHTTPServer((LOOPBACK, port), _door(world, Lock()))


def _door(world: World, lock: Lock) -> type[BaseHTTPRequestHandler]:
    class Door(BaseHTTPRequestHandler):
        """Handles one request at a time, because a world is not thread-safe."""

        protocol_version = "HTTP/1.1"
        # One packet for an answer: separate headers and body wait 40 ms for each other (Nagle and delayed ACK).
        wbufsize = -1

        def _answer(self) -> None:
            length = self.headers.get("Content-Length", "0")
            body = self.rfile.read(int(length)) if length.isdecimal() else b""
            try:
                with lock:
                    status, kind, content = _reply(world, self, body)
            except (ProcessDied, Unanswered):
                # The calling process is dead in this world, or waits for an answer that does not come.
                self.close_connection = True
                return
            except Unreadable:
                status, kind, content = 200, "application/json", Unreadable.BODY
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_PUT = do_POST = do_DELETE = _answer  # noqa: N815 - names that http.server asks for

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - named so by http.server
            """Log nothing: the world has its own trace."""

    return Door


def _reply(world: World, request: BaseHTTPRequestHandler, body: bytes) -> tuple[int, str, bytes]:
    # The names of headers have no case (RFC 9110), and clients of HTTP/2 write them in lower case.
    headers = {name.title(): value for name, value in request.headers.items()}
    return answer(world, Request(request.command, request.path, headers, body))


def answer(world: World, request: Request) -> tuple[int, str, bytes]:
    """Status, content type and body of the answer, which may be an error in the service's own form."""
    with Unforeseen(f"{request.method} {request.target}"):
        return _answer(world, request)
    if request.target.startswith(control.CONTROL):
        return 500, "application/json", json.dumps({"error": TEXT}).encode()
    signed = CREDENTIAL.search(request.headers.get("Authorization", ""))
    return 500, *wire.write_error(signed[3] if signed else "backup", INTERNAL, TEXT, is_form=_is_form(request))


def _answer(world: World, request: Request) -> tuple[int, str, bytes]:
    if request.target.startswith(control.CONTROL):
        return control.reply(world, request.target.removeprefix(control.CONTROL), request.body)
    signed = CREDENTIAL.search(request.headers.get("Authorization", ""))
    if signed is None:
        text = "The request is not signed: give any credentials; an access key id of 12 digits is the account."
        return 403, *wire.write_error("backup", "MissingAuthenticationTokenException", text)
    key, region, service = signed.groups()
    try:
        operation, parameters = read(service, request)
        return 200, *wire.write(service, operation, world.call(key, region, service, operation, parameters))
    except Refused as refused:
        return refused.status, *wire.write_error(service, refused.code, refused.message, is_form=_is_form(request))
    except NotModelled as unknown:
        return 501, *wire.write_error(service, "NotModelled", str(unknown), is_form=_is_form(request))


def _is_form(request: Request) -> bool:
    """Whether the client speaks a query protocol, and reads XML."""
    return request.headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded")


def read(service: str, request: Request) -> tuple[str, dict[str, Any]]:
    """Operation and parameters. Raises Refused for a request that cannot be read or does not fit the model."""
    try:
        operation, parameters = wire.read(service, *request)
    except (ValueError, TypeError, AttributeError) as error:
        raise Refused("SerializationException", f"The request cannot be read: {error}") from error
    check_as_boto3(service, operation, parameters)
    return operation, parameters
