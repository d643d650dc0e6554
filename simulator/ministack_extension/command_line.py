"""backup-simulator-with-ministack serve: a world and the other services of AWS behind one port of this machine."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Sequence
from functools import partial
from importlib.util import find_spec
from typing import Any

from backup_simulator import World
from backup_simulator import command_line as alone
from backup_simulator.command_line import announce
from backup_simulator.http_door import LOOPBACK
from ministack_extension.serving import serve_joined


def main(arguments: Sequence[str] | None = None) -> int:
    """Takes the options of `backup-simulator`, and returns its exit codes."""
    return alone.main(arguments, prog="backup-simulator-with-ministack", prepare=prepare)


def prepare(port: int, settings: dict[str, Any]) -> Callable[[], None]:
    """A bound socket, and what serves on it: the world is opened when ministack is imported."""
    if find_spec("ministack") is None:
        raise ValueError("ministack is not installed here: install backup-simulator[ministack].")
    if "start" in settings:
        raise ValueError("--start cannot be used here, because ministack's services use the time of this machine.")
    World(**settings)  # Wrong settings are refused before the port is opened.
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((LOOPBACK, port))
    # The address is printed once the server listens, so that a reader may call at once.
    listening.listen()
    ready = partial(announce, "AWS Backup, and what ministack serves beside it, are", listening.getsockname()[1])
    return partial(serve_joined, listening, settings, ready)


if __name__ == "__main__":
    sys.exit(main())
