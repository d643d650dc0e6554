"""The command `secondhop`. Exit codes: 0 success, 1 failure, 2 usage error, 130 interrupted; doctor also 3."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, cast

from secondhop import __version__
from secondhop_cli.ending import FAILED, USAGE_ERROR, Ending, UsageError

if TYPE_CHECKING:
    from secondhop.application.views import ChainViews

# The largest accepted number of nights, and the largest seed.
LARGEST_NUMBER = 10**9


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit code."""
    said = sys.argv[1:] if arguments is None else list(arguments)
    with Ending(is_json="--json" in said) as ending:
        chosen = parser().parse_args(said)
        ending.name, ending.failed = f"secondhop {chosen.command}", chosen.failed
        ending.code = int(chosen.run(chosen))
    return ending.code


class _Parser(argparse.ArgumentParser):
    """A parser that ends with UsageError, so that one place ends every command."""

    def _print_message(self, message: str, file: Any = None) -> None:
        """Unlike argparse's own, it does not hide that the output could not be written."""
        (file or sys.stderr).write(message)

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        raise UsageError(f"{message}; {self.prog} --help shows what can be said")


def parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    root = _Parser(
        prog="secondhop",
        description="Copies AWS Backup recovery points to another account and Region, and verifies them."
        " Documentation: README.md and docs/ of the repository.",
    )
    root.add_argument("--version", action="version", version=f"secondhop {__version__}")
    root.set_defaults(failed=FAILED)
    commands = root.add_subparsers(title="commands", metavar="COMMAND", required=True, dest="command")
    # boto3 takes half a second to import, in which a person can press Ctrl-C: it is imported when main handles that.
    from secondhop_cli.doctor.command import add_doctor  # noqa: PLC0415 - as said above
    from secondhop_cli.first_night.command import add_first_night  # noqa: PLC0415 - as said above
    from secondhop_cli.init.command import add_init  # noqa: PLC0415 - as said above
    from secondhop_cli.operate.command import add_operate  # noqa: PLC0415 - as said above
    from secondhop_cli.operate.redrive import add_redrive  # noqa: PLC0415 - as said above
    from secondhop_cli.show.status import add_status  # noqa: PLC0415 - as said above

    _add_demo(commands)
    _add_simulate(commands)
    replay = commands.add_parser("replay", help="send one event file through the real handler (needs a checkout)")
    replay.add_argument("file", type=Path, help="a JSON file with one EventBridge event, or - for standard input")
    replay.set_defaults(run=_replay)

    add_init(commands)
    add_doctor(commands)
    add_status(commands)
    add_operate(commands)
    add_redrive(commands)
    add_first_night(commands)
    return root


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


def _demand_checkout() -> None:
    """Raises UsageError if this program was installed without the templates and functions beside it."""
    rehearsal = find_spec("rehearsal")
    if rehearsal is None or not (Path(str(rehearsal.origin)).parents[1] / "template.yaml").is_file():
        raise UsageError(
            "it needs a checkout of Second Hop. Clone the repository, run make demo there, and use its "
            ".venv/bin/secondhop"
        )


def _demo(chosen: argparse.Namespace) -> int:
    _demand_checkout()
    from rehearsal.demo import run_demo  # noqa: PLC0415 - only a checkout has the rehearsal
    from rehearsal.stage import HOME, Stage, Topology  # noqa: PLC0415 - as above
    from secondhop_cli.show.status import show_status  # noqa: PLC0415 - as above

    def show(stage: Stage) -> int:
        words = ["status", "--stack", stage.main.name, "--region", HOME]
        sys.stdout.write(f"\nsecondhop {' '.join(words)}\n\n")
        session = stage.world.session(stage.main_account, region=HOME)
        views = cast("ChainViews", stage.chains)
        return show_status(parser().parse_args(words), opened=lambda _: views, session=session, now=stage.world.now)

    topology = Topology(chosen.topology)
    return run_demo(sys.stdout, seed=chosen.seed, over_http=chosen.http, topology=topology, show_status=show)


def _simulate(chosen: argparse.Namespace) -> int:
    for name, text, least in (
        ("--nights", chosen.nights, 1),
        ("--seed", chosen.seed, 0),
        ("--fresh", chosen.fresh, 0),
    ):
        if not (text.isascii() and text.isdecimal() and least <= int(text) <= LARGEST_NUMBER):
            raise UsageError(f"{name} should be a whole number from {least}, found {text!r}.")
    if int(chosen.fresh) > int(chosen.nights):
        raise UsageError(f"--fresh should be at most --nights, found {chosen.fresh!r}.")
    _demand_checkout()
    if find_spec("moto") is None:
        raise UsageError("the package moto is not installed. Run make simulate in the checkout.")
    from rehearsal.nights.runner import simulate  # noqa: PLC0415 - only a checkout has the rehearsal

    return simulate(sys.stdout, nights=int(chosen.nights), first_seed=int(chosen.seed), fresh=int(chosen.fresh))


def _replay(chosen: argparse.Namespace) -> int:
    _demand_checkout()
    from rehearsal.replay import (  # noqa: PLC0415 - as above
        STANDARD_INPUT,
        UnreadableFileError,
        read_event,
        replay,
    )
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


if __name__ == "__main__":
    sys.exit(main())
