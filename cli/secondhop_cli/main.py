"""The command `secondhop`. Exit codes: 0 success, 1 failure, 2 usage error, 130 interrupted; doctor also 3."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from secondhop import __version__
from secondhop_cli.doctor.command import add_doctor
from secondhop_cli.init.command import add_init
from secondhop_cli.redrive import redrive

FAILED, USAGE_ERROR = 1, 2
# 128 and the number of SIGINT, as shells have it.
INTERRUPTED = 130
# The largest accepted number of nights, and the largest seed.
LARGEST_NUMBER = 10**9


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit code."""
    chosen = _parser().parse_args(arguments)
    try:
        code = int(chosen.run(chosen))
        sys.stdout.flush()
    except BrokenPipeError:
        # The program that reads the output has closed the pipe.
        _discard_output()
        return 0
    except KeyboardInterrupt:
        sys.stderr.write("\nsecondhop: interrupted.\n")
        return INTERRUPTED
    except OSError as error:
        _discard_output()
        sys.stderr.write(f"secondhop: {error}\n")
        return FAILED
    return code


def _discard_output() -> None:
    """Prevent Python from writing the rest of the output at exit, which would fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="secondhop",
        description="Copies AWS Backup recovery points to another account and Region, and verifies them."
        " Documentation: README.md and docs/ of the repository.",
    )
    parser.add_argument("--version", action="version", version=f"secondhop {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    _add_demo(commands)
    _add_simulate(commands)
    replay = commands.add_parser("replay", help="send one event file through the real handler (needs a checkout)")
    replay.add_argument("file", type=Path, help="a JSON file with one EventBridge event, or - for standard input")
    replay.set_defaults(run=_replay)

    add_init(commands)
    add_doctor(commands)
    _add_redrive(commands)
    return parser


def _add_demo(commands: Any) -> None:
    demo = commands.add_parser("demo", help="run two nights of backups on the embedded simulator (needs a checkout)")
    demo.add_argument("--seed", type=int, default=1, help="the random seed; the same seed gives the same nights")
    demo.add_argument("--http", action="store_true", help="call the simulator over HTTP on the loopback interface")
    demo.add_argument(
        "--topology",
        choices=("workload", "hub"),
        default="workload",
        help="hub: the stack is in the backup account, for two workload accounts",
    )
    demo.set_defaults(run=_demo)


def _add_simulate(commands: Any) -> None:
    nights = commands.add_parser(
        "simulate", help="run simulated nights with faults, and check the promises (needs a checkout)"
    )
    nights.add_argument("--nights", default="20", help="how many nights to run, each with its own seed (default 20)")
    nights.add_argument("--seed", default="1", help="the seed of the first night (default 1)")
    nights.add_argument(
        "--fresh", default="0", help="how many of them have random seeds, which are printed (default 0)"
    )
    nights.set_defaults(run=_simulate)


def _add_redrive(commands: Any) -> None:
    move = commands.add_parser("redrive", help="move messages from the dead-letter queue back to the work queue")
    move.add_argument(
        "--dead-letter-queue-url", required=True, metavar="URL", help="output DeadLetterQueueUrl of the main stack"
    )
    move.add_argument("--work-queue-url", required=True, metavar="URL", help="output WorkQueueUrl of the main stack")
    move.add_argument("--limit", type=int, default=1000, help="the most messages to move (default 1000)")
    move.set_defaults(run=_redrive)


def _needs_checkout(command: str) -> int:
    sys.stderr.write(
        f"secondhop {command} needs a checkout of Second Hop. Clone the repository, run make demo there, "
        "and use its .venv/bin/secondhop.\n"
    )
    return USAGE_ERROR


def _demo(chosen: argparse.Namespace) -> int:
    try:
        from rehearsal.demo import run_demo  # noqa: PLC0415 - only a checkout has the rehearsal
        from rehearsal.stage import Topology  # noqa: PLC0415 - as above
    except ModuleNotFoundError:
        return _needs_checkout("demo")
    topology = Topology(chosen.topology)
    return run_demo(sys.stdout, seed=chosen.seed, over_http=chosen.http, topology=topology)


def _simulate(chosen: argparse.Namespace) -> int:
    for name, text, least in (
        ("--nights", chosen.nights, 1),
        ("--seed", chosen.seed, 0),
        ("--fresh", chosen.fresh, 0),
    ):
        if not (text.isascii() and text.isdecimal() and least <= int(text) <= LARGEST_NUMBER):
            sys.stderr.write(f"secondhop simulate: {name} should be a whole number from {least}, found {text!r}.\n")
            return USAGE_ERROR
    if int(chosen.fresh) > int(chosen.nights):
        sys.stderr.write(f"secondhop simulate: --fresh should be at most --nights, found {chosen.fresh!r}.\n")
        return USAGE_ERROR
    try:
        from rehearsal.nights.runner import simulate  # noqa: PLC0415 - only a checkout has the rehearsal
    except ModuleNotFoundError:
        return _needs_checkout("simulate")
    if find_spec("moto") is None:
        sys.stderr.write("secondhop simulate: the package moto is not installed. Run make simulate in the checkout.\n")
        return USAGE_ERROR
    return simulate(sys.stdout, nights=int(chosen.nights), first_seed=int(chosen.seed), fresh=int(chosen.fresh))


def _replay(chosen: argparse.Namespace) -> int:
    try:
        from rehearsal.replay import (  # noqa: PLC0415 - as above
            STANDARD_INPUT,
            UnreadableFileError,
            read_event,
            replay,
        )
    except ModuleNotFoundError:
        return _needs_checkout("replay")
    from secondhop_cli.replay_report import describe  # noqa: PLC0415 - it needs the rehearsal

    try:
        event = read_event(chosen.file)
    except UnreadableFileError as error:
        sys.stderr.write(f"secondhop replay: {error}\n")
        return USAGE_ERROR
    replayed = replay(event)
    report = describe("standard input" if chosen.file == STANDARD_INPUT else chosen.file.name, event, replayed)
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(report.encode(encoding, "backslashreplace").decode(encoding))
    return replayed.exit_code


def _redrive(chosen: argparse.Namespace) -> int:
    if chosen.limit < 1:
        sys.stderr.write(f"secondhop redrive: --limit should be at least 1, found {chosen.limit}.\n")
        return USAGE_ERROR
    return redrive(
        dead_letter_queue_url=chosen.dead_letter_queue_url,
        work_queue_url=chosen.work_queue_url,
        limit=chosen.limit,
        stream=sys.stdout,
    )


if __name__ == "__main__":
    sys.exit(main())
