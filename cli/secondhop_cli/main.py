"""The command `secondhop`. Exit codes: 0 done, 1 it did not end well, 2 misuse; doctor also 3, not all was seen."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from secondhop import __version__
from secondhop_cli.doctor.command import add_doctor
from secondhop_cli.init.command import add_init
from secondhop_cli.redrive import redrive

MISUSE = 2
# More nights than anybody runs, and longer seeds than anybody types.
MOST = 10**9


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    chosen = _parser().parse_args(arguments)
    try:
        return int(chosen.run(chosen))
    except BrokenPipeError:
        # Whoever read the output has seen enough of it.
        sys.stderr.close()
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="secondhop", description="Brings AWS Backup recovery points to another account and Region, verified."
    )
    parser.add_argument("--version", action="version", version=f"secondhop {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    demo = commands.add_parser("demo", help="run two nights of backups on the embedded simulator (needs a checkout)")
    demo.add_argument("--seed", type=int, default=1, help="the seed of chance; the same seed gives the same nights")
    demo.add_argument("--http", action="store_true", help="let the functions talk HTTP to the simulator, on loopback")
    demo.add_argument(
        "--topology",
        choices=("workload", "hub"),
        default="workload",
        help="hub: the stack is in the backup account and serves two workload accounts",
    )
    demo.set_defaults(run=_demo)

    nights = commands.add_parser("simulate", help="run whole nights of backups under every fault (needs a checkout)")
    nights.add_argument("--nights", default="20", help="how many nights to run, each of another seed (default 20)")
    nights.add_argument("--seed", default="1", help="the seed of the first night (default 1)")
    nights.add_argument("--fresh", default="0", help="how many of them are of new seeds, which are told (default 0)")
    nights.set_defaults(run=_simulate)

    replay = commands.add_parser("replay", help="feed one event file through the real handler (needs a checkout)")
    replay.add_argument("file", type=Path, help="a JSON file with one EventBridge event, for example from events/")
    replay.set_defaults(run=_replay)

    add_init(commands)
    add_doctor(commands)

    again = commands.add_parser("redrive", help="put dead-lettered work back on the work queue")
    again.add_argument("--dead-letter-queue-url", required=True, help="output DeadLetterQueueUrl of the main stack")
    again.add_argument("--work-queue-url", required=True, help="output WorkQueueUrl of the main stack")
    again.add_argument("--limit", type=int, default=1000, help="at most so many messages (default 1000)")
    again.set_defaults(run=_redrive)
    return parser


def _needs_checkout(command: str) -> int:
    sys.stderr.write(
        f"secondhop {command} needs a checkout of Second Hop: clone the repository, run make demo there, "
        "and use its .venv/bin/secondhop.\n"
    )
    return MISUSE


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
        if not (text.isascii() and text.isdecimal() and least <= int(text) <= MOST):
            sys.stderr.write(f"secondhop simulate: {name} should be a whole number from {least}, found {text!r}.\n")
            return MISUSE
    if int(chosen.fresh) > int(chosen.nights):
        sys.stderr.write(f"secondhop simulate: --fresh should be at most --nights, found {chosen.fresh!r}.\n")
        return MISUSE
    try:
        from rehearsal.nights.runner import simulate  # noqa: PLC0415 - only a checkout has the rehearsal
    except ModuleNotFoundError:
        return _needs_checkout("simulate")
    if find_spec("moto") is None:
        sys.stderr.write("secondhop simulate: some nights run in DynamoDB's stand-in moto: use make simulate.\n")
        return MISUSE
    return simulate(sys.stdout, nights=int(chosen.nights), first_seed=int(chosen.seed), fresh=int(chosen.fresh))


def _replay(chosen: argparse.Namespace) -> int:
    try:
        from rehearsal.replay import UnreadableFileError, read_event, replay  # noqa: PLC0415 - as above
    except ModuleNotFoundError:
        return _needs_checkout("replay")
    from secondhop_cli.replaying import describe  # noqa: PLC0415 - it speaks of the rehearsal

    try:
        event = read_event(chosen.file)
    except UnreadableFileError as error:
        sys.stderr.write(f"secondhop replay: {error}\n")
        return MISUSE
    replayed = replay(event)
    sys.stdout.write(describe(chosen.file.name, event, replayed))
    return replayed.exit_code


def _redrive(chosen: argparse.Namespace) -> int:
    if chosen.limit < 1:
        sys.stderr.write(f"secondhop redrive: --limit should be at least 1, found {chosen.limit}.\n")
        return MISUSE
    return redrive(
        dead_letter_queue_url=chosen.dead_letter_queue_url,
        work_queue_url=chosen.work_queue_url,
        limit=chosen.limit,
        stream=sys.stdout,
    )


if __name__ == "__main__":
    sys.exit(main())
