"""A rehearsal over HTTP: the functions' clients use a real connection to the simulator."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import Any

import boto3

from backup_simulator import World
from backup_simulator.http_door import LOOPBACK, serve

ANY_FREE_PORT = 0


@dataclass(frozen=True, kw_only=True)
class HttpSession:
    """A session with one endpoint for all its clients."""

    session: Any
    endpoint_url: str

    def client(self, service_name: str, /, **options: Any) -> Any:
        """A boto3 client of that endpoint."""
        return self.session.client(service_name, endpoint_url=self.endpoint_url, **options)


@dataclass(frozen=True, kw_only=True)
class HttpDoor:
    """Opens sessions over HTTP for the functions of a world."""

    world: World
    endpoint_url: str

    def __call__(self, account: str, role_arn: str, region: str) -> HttpSession:
        """A session of a role, with credentials that the world issued."""
        key = self.world.issue_key(account, role_arn)
        session = boto3.Session(
            aws_access_key_id=key,
            aws_secret_access_key="simulated",  # noqa: S106 - the simulator does not verify signatures
            region_name=region,
        )
        return HttpSession(session=session, endpoint_url=self.endpoint_url)


@contextmanager
def http_door(world: World) -> Iterator[HttpDoor]:
    """A server for a world, on a free port of loopback, for as long as the block lasts."""
    server = serve(world, ANY_FREE_PORT)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield HttpDoor(world=world, endpoint_url=f"http://{LOOPBACK}:{server.server_address[1]}")
    finally:
        server.shutdown()
        server.server_close()
