"""A simulator that serves on a port, for tests of both doors."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import boto3
from botocore.config import Config

from backup_simulator import World
from backup_simulator.http_door import serve
from tests.simulated_place import HOME, A


@contextmanager
def served(world: World) -> Iterator[str]:
    """The address of a world behind a port, until the end of the block."""
    server = serve(world, 0)
    # The server checks every 0.01 s whether it must stop. The default, 0.5 s, takes longer than most tests.
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def control(address: str, action: str, body: Any = None, **given: Any) -> Any:
    """The answer of a control."""
    sent = json.dumps(given if body is None else body).encode()
    with urllib.request.urlopen(f"{address}/_control/{action}", data=sent, timeout=10) as reply:
        return json.load(reply)


def client(address: str, service: str, key: str = A, *, region: str = HOME) -> Any:
    """An unmodified client of one account."""
    open_client: Any = boto3.client
    return open_client(
        service,
        endpoint_url=address,
        region_name=region,
        aws_access_key_id=key,
        aws_secret_access_key="simulated",
        config=Config(retries={"max_attempts": 0}),
    )
