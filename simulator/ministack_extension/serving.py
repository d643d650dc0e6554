"""Serves AWS Backup and the other services on one port of loopback."""

from __future__ import annotations

import asyncio
import os
import socket
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from tempfile import TemporaryDirectory
from typing import Any

from backup_simulator.http_door import LOOPBACK

TICK_SECONDS = 0.1


def serve_joined(listening: socket.socket, settings: dict[str, Any], ready: Callable[[], None]) -> None:
    """Serve a world of these settings on a bound socket, which it closes, until a signal ends it."""
    with TemporaryDirectory(prefix="local-cloud-") as folder:
        # The folder for unpacked functions, deleted at the end.
        tempfile.tempdir = os.environ["TMPDIR"] = folder
        _serve(listening, settings, ready)


def _serve(listening: socket.socket, settings: dict[str, Any], ready: Callable[[], None]) -> None:
    _prepare(listening.getsockname()[1], enforced=settings["enforce_identity"])
    from hypercorn.asyncio import serve  # noqa: PLC0415 - it comes with ministack
    from hypercorn.config import Config  # noqa: PLC0415 - so does this

    from ministack_extension.joined import Joined  # noqa: PLC0415 - ministack reads its settings then

    joined = Joined(start=datetime.now(UTC), **settings)
    config = Config()
    config.bind = [f"fd://{listening.detach()}"]
    config.errorlog = None
    config.keep_alive_timeout = 75
    config.graceful_timeout = 1

    async def run() -> None:
        ticking = asyncio.create_task(_tick(joined.tick))
        serving = asyncio.create_task(serve(joined, config))
        ready()
        # If the clock stops with an error, the server ends, because time would not pass any more.
        done, _ = await asyncio.wait({ticking, serving}, return_when=asyncio.FIRST_COMPLETED)
        ticking.cancel()
        for task in done:
            task.result()

    asyncio.run(run())


def _prepare(port: int, *, enforced: bool) -> None:
    """What ministack reads from its environment when it is imported."""
    os.environ |= {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": LOOPBACK,
        "MINISTACK_HOST": LOOPBACK,
        "AUTH": "true" if enforced else "false",
        "LAMBDA_EXECUTOR": "local",
        # Further ports that it would open.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LOG_LEVEL": os.environ.get("LOG_LEVEL", "WARNING"),
        # Functions there use this port, even if the user is logged in to AWS.
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        os.environ.pop(name, None)


async def _tick(tick: Callable[[], None]) -> None:
    while True:
        await asyncio.sleep(TICK_SECONDS)
        tick()
