"""backup-simulator serve: a world behind a port of this machine."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, NoReturn

from backup_simulator.http_door import LOOPBACK, serve
from backup_simulator.switches import Delivery, UnknownBehaviour
from backup_simulator.world import World

MISUSE = 2
Prepare = Callable[[int, dict[str, Any]], Callable[[], None]]
"""Opens a port for a world with these settings. The result serves until it is interrupted."""


def prepare_alone(port: int, settings: dict[str, Any]) -> Callable[[], None]:
    """The simulator alone, on its own clock."""
    server = serve(World(**settings), port)

    def run() -> None:
        announce("AWS Backup is", server.server_port)
        with server:
            server.serve_forever()

    return run


def main(
    arguments: Sequence[str] | None = None, *, prog: str = "backup-simulator", prepare: Prepare = prepare_alone
) -> int:
    """The exit code: 0 after an interrupt, 2 for wrong arguments, with one sentence on standard error."""
    given = _parser(prog).parse_args(arguments)
    try:
        settings: dict[str, Any] = {
            "seed": given.seed,
            **({"start": _moment(given.start)} if given.start else {}),
            "unknown": _switches(given.unknown),
            "delivery": Delivery.named(_object("--delivery", given.delivery)),
            "enforce_identity": not given.lax,
            "time_scale": given.time_scale,
        }
        run = prepare(given.port, settings)
    except (ValueError, TypeError) as error:
        return _complain(str(error))
    except OverflowError:
        return _complain(f"{given.port} is not a port: give one from 0 to 65535.")
    except OSError as error:
        return _complain(f"Port {given.port} of {LOOPBACK} cannot be used: {error.strerror}.")
    try:
        run()
    except KeyboardInterrupt:
        sys.stdout.write("\n")
    return 0


def announce(what: str, port: int) -> None:
    """Print the address."""
    sys.stdout.write(f"{what} simulated at http://{LOOPBACK}:{port} until interrupted.\n")
    sys.stdout.flush()


class _Parser(argparse.ArgumentParser):
    """Reports errors in one sentence, without the usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(MISUSE, f"{self.prog}: {message}\n")


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = _Parser(prog=prog, description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser("serve", help="answer AWS CLIs and SDKs over HTTP, on loopback only")
    command.add_argument("--port", type=int, default=4599, help="default 4599; 0 takes a free one")
    command.add_argument("--seed", type=int, default=1, help="of everything that is left to chance; default 1")
    command.add_argument(
        "--start", default="", help="the world's first moment, such as 2026-01-05T00:00Z (the default)"
    )
    command.add_argument("--unknown", default="{}", help="switches of UnknownBehaviour, as a JSON object")
    command.add_argument("--delivery", default="{}", help="settings of Delivery, delays in seconds, as a JSON object")
    command.add_argument(
        "--time-scale", type=float, default=1.0, help="divide everything that takes time by this number"
    )
    command.add_argument("--lax", action="store_true", help="do not evaluate callers' identity policies")
    return parser


def _moment(text: str) -> datetime:
    """A moment; without an offset it is UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"--start takes a moment such as 2026-01-05T00:00Z, not {text}") from error
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _switches(text: str) -> UnknownBehaviour:
    return UnknownBehaviour.named(_object("--unknown", text))


def _object(option: str, text: str) -> dict[str, Any]:
    try:
        settings = json.loads(text)
    except ValueError as error:
        raise ValueError(f"{option} is no JSON: {error}") from error
    if not isinstance(settings, dict):
        raise TypeError(f"{option} takes a JSON object of settings, not {text}")
    return settings


def _complain(sentence: str) -> int:
    sys.stderr.write(f"{sentence}\n")
    return MISUSE


if __name__ == "__main__":
    sys.exit(main())
