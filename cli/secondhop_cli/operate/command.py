"""The commands retry, abandon, adopt, pause and resume. Exit codes: 0 accepted, 1 refused or failed, 2 usage error."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from secondhop.domain.causes import Cause
from secondhop_cli.ending import FAILED, CommandError, UsageError
from secondhop_cli.operate.installation import Installation
from secondhop_cli.operate.orders import Answer, give_order
from secondhop_cli.operate.place import add_place, chosen_installation
from secondhop_cli.sessions import open_session

Orders = Iterator[dict[str, Any]]


def add_operate(commands: Any) -> None:
    """Add the commands and their options."""
    retry = _add(commands, "retry", "try stranded recovery points again", _retry)
    _add_points(retry)
    retry.add_argument("--cause", metavar="CAUSE", help="everything that is stranded for a cause, such as VAULT_KEY")
    abandon = _add(commands, "abandon", "leave recovery points as they are; nothing is deleted", _abandon)
    _add_points(abandon)
    adopt = _add(commands, "adopt", "copy recovery points that are older than the installation", _adopt)
    adopt.add_argument("--after", metavar="TIME", help="only backups from this time on, such as 2026-01-01T00:00:00Z")
    adopt.add_argument("--before", metavar="TIME", help="only backups until this time")
    adopt.add_argument("--dry-run", action="store_true", help="only show what would be copied")
    _add(commands, "pause", "start no copy and delete nothing until you resume", _pause)
    _add(commands, "resume", "end a pause", _resume)


def _add(commands: Any, name: str, text: str, run: Callable[[Installation, argparse.Namespace], int]) -> Any:
    parser = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    add_place(parser)
    parser.add_argument("--route", metavar="NAME", help="the route, if the installation has a name for it")
    parser.add_argument("--yes", action="store_true", help="do not ask before acting")
    parser.add_argument("--json", action="store_true", help="write one JSON object")
    parser.set_defaults(run=lambda chosen: operate(open_session(chosen.profile), chosen), act=run)
    return parser


def _add_points(parser: Any) -> None:
    parser.add_argument("recovery_points", nargs="*", metavar="ARN", help="a recovery point, as a message names it")


def operate(session: Any, chosen: argparse.Namespace) -> int:
    """Carry out a parsed command with a session of the main stack's account. Raises UsageError and CommandError."""
    installation = chosen_installation(session, chosen)
    return int(chosen.act(installation, chosen))


def _retry(installation: Installation, chosen: argparse.Namespace) -> int:
    if bool(chosen.recovery_points) == (chosen.cause is not None):
        raise UsageError("name recovery points, or a cause with --cause. A message shows both.")
    if chosen.cause is None:
        return _about_points(installation, chosen, "retry")
    cause = chosen.cause.upper()
    if cause not in set(Cause):
        raise UsageError(f"there is no cause {chosen.cause!r}. Known are: {', '.join(sorted(Cause))}.")
    _ask(f"Retry everything that is stranded for {cause}", installation, chosen)
    return _carry_out(installation, chosen, [{"verb": "retry", "cause": cause}])


def _abandon(installation: Installation, chosen: argparse.Namespace) -> int:
    if not chosen.recovery_points:
        raise UsageError("name at least one recovery point. A message shows it.")
    return _about_points(installation, chosen, "abandon")


def _about_points(installation: Installation, chosen: argparse.Namespace, verb: str) -> int:
    points = list(dict.fromkeys(chosen.recovery_points))
    if wrong := [each for each in points if not each.startswith("arn:")]:
        raise UsageError(f"{wrong[0]!r} is not the ARN of a recovery point. A message shows it.")
    _ask(f"{verb.capitalize()} {points[0] if len(points) == 1 else f'{len(points)} chains'}", installation, chosen)
    return _carry_out(installation, chosen, [{"verb": verb, "recovery_point": each} for each in points])


def _adopt(installation: Installation, chosen: argparse.Namespace) -> int:
    """Show what would be copied, ask, and order it."""
    order = {"verb": "adopt"} | {name: each for name in ("after", "before") if (each := getattr(chosen, name))}
    if chosen.dry_run or not chosen.yes:
        answer = give_order(installation, _signed(installation, chosen, {**order, "dry_run": True}))
        if chosen.dry_run or not answer.is_accepted:
            return _report([answer], is_json=chosen.json)
        sys.stderr.write(_text(answer))
        _ask("Copy them", installation, chosen)
    return _carry_out(installation, chosen, [{**order, "dry_run": False}])


def _pause(installation: Installation, chosen: argparse.Namespace) -> int:
    _ask("Start no copy and delete nothing until somebody resumes", installation, chosen)
    return _carry_out(installation, chosen, [{"verb": "pause"}])


def _resume(installation: Installation, chosen: argparse.Namespace) -> int:
    _ask("End the pause", installation, chosen)
    return _carry_out(installation, chosen, [{"verb": "resume"}])


def _ask(what: str, installation: Installation, chosen: argparse.Namespace) -> None:
    """Ask before acting. Raises UsageError without a terminal, and CommandError if the answer is not yes."""
    if chosen.yes:
        return
    if not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask on. Add --yes to act without a question.")
    sys.stderr.write(f"{what}, in the stack {installation.stack} in {installation.region}? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise CommandError("nothing was done.")


def _signed(installation: Installation, chosen: argparse.Namespace, order: dict[str, Any]) -> dict[str, Any]:
    """The order with its giver, and with the route if one was named."""
    route = {"route": chosen.route} if chosen.route else {}
    return {**order, **route, "by": installation.caller()}


def _carry_out(installation: Installation, chosen: argparse.Namespace, orders: Sequence[dict[str, Any]]) -> int:
    """Give the orders one by one. One that fails does not stop the others."""
    answers = []
    for order in orders:
        try:
            answers.append(give_order(installation, _signed(installation, chosen, order)))
        except CommandError as error:
            if len(orders) == 1:
                raise
            about = order.get("recovery_point", order["verb"])
            answers.append(Answer(is_accepted=False, message=f"{about}: {error}"))
    return _report(answers, is_json=chosen.json)


def _report(answers: Sequence[Answer], *, is_json: bool) -> int:
    code = 0 if all(each.is_accepted for each in answers) else FAILED
    if is_json:
        document = {"exit_code": code, "answers": [asdict(each) for each in answers]}
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
        return code
    for each in answers:
        (sys.stdout if each.is_accepted else sys.stderr).write(_text(each))
    return code


def _text(answer: Answer) -> str:
    return "".join(f"{line}\n" for line in (answer.message, *answer.forecast, *answer.points))
