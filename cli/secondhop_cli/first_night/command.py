"""The command `secondhop first-night`. Exit codes: 0 done and all removed, 1 failed or something remains, 2 usage."""

from __future__ import annotations

import argparse
import secrets
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from secondhop_cli.ending import UsageError
from secondhop_cli.first_night.checks import BACKUP, WORKLOAD, Wanted
from secondhop_cli.first_night.limits import Prices
from secondhop_cli.first_night.questions import listed
from secondhop_cli.first_night.session import Session, clean_up, first_night
from secondhop_cli.first_night.state_file import StateFile, UnreadableStateError
from secondhop_cli.regions import ACCEPT_UNKNOWN, region_problem
from secondhop_cli.sessions import open_session

STATE_FILE, ANSWERS_FILE = Path("first-night-state.json"), Path("first-night-answers.json")
POLL_SECONDS, LONGEST_POLL_SECONDS = 30, 300
DESCRIPTION = """Answers open questions about AWS Backup on real AWS, with one small database, two accounts and two
Regions. It makes roles, vaults, queues, a backup and copies, and removes them. It asks before it starts.
docs/first-night.md says what to prepare. Exit codes: 0 all steps done and everything removed, 1 a step failed or
something remains, 2 usage error, 130 interrupted."""


def add_first_night(commands: Any) -> None:
    """Add the command and its options."""
    command = commands.add_parser(
        "first-night",
        help="answer open questions about AWS Backup on real AWS with one small database",
        description=DESCRIPTION,
    )
    add = command.add_argument
    add("--list", action="store_true", help="print the questions that a run answers, and why not the others")
    add("--dry-run", action="store_true", help="print the plan, its limits and its calls; only read")
    add("--clean-up", action="store_true", help="remove what an earlier run left; its state file says what")
    add("--yes", action="store_true", help="do not ask before the start")
    add("--workload-profile", metavar="NAME", help="the profile of the database's account")
    add("--backup-profile", metavar="NAME", help="the profile of the account that receives the copies")
    add("--database-arn", metavar="ARN", help="an encrypted DB instance of at most 20 GiB")
    add("--dr-region", metavar="REGION", help="the Region of second hops")
    add("--key-arn", metavar="ARN", help="a key of the backup account in the database's Region")
    add("--dr-key-arn", metavar="ARN", help="a key of the backup account in the other Region")
    add("--state-file", type=Path, default=STATE_FILE, metavar="FILE", help=f"default {STATE_FILE}")
    add("--answers", type=Path, default=ANSWERS_FILE, metavar="FILE", help=f"default {ANSWERS_FILE}")
    add("--price-per-gib-month", type=float, metavar="PRICE", help="of backup storage, to show the cost")
    add("--price-per-gib-transferred", type=float, metavar="PRICE", help="between the Regions, to show the cost")
    add("--poll-seconds", type=int, default=POLL_SECONDS, help=f"between looks at AWS (default {POLL_SECONDS})")
    add(ACCEPT_UNKNOWN, action="store_true", help="accept a Region that is newer than the installed botocore")
    command.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    if chosen.list:
        sys.stdout.write("\n".join(listed()) + "\n")
        return 0
    if not 1 <= chosen.poll_seconds <= LONGEST_POLL_SECONDS:
        raise UsageError(f"--poll-seconds should be from 1 to {LONGEST_POLL_SECONDS}, found {chosen.poll_seconds}.")
    if chosen.clean_up:
        state = _stored(chosen.state_file)
        return clean_up(state, _session(chosen, state.profiles))
    wanted = _wanted(chosen)
    if chosen.state_file.exists():
        raise UsageError(
            f"{chosen.state_file} lists what an earlier run made. Remove that first: secondhop first-night "
            f"--clean-up --state-file {chosen.state_file}"
        )
    return first_night(wanted, _session(chosen, {WORKLOAD: chosen.workload_profile, BACKUP: chosen.backup_profile}))


def _wanted(chosen: argparse.Namespace) -> Wanted:
    needed = ("workload_profile", "backup_profile", "database_arn", "dr_region", "key_arn", "dr_key_arn")
    missing = [f"--{name.replace('_', '-')}" for name in needed if not getattr(chosen, name)]
    if missing:
        raise UsageError(f"{', '.join(missing)} must be given. docs/first-night.md says how to prepare them.")
    if problem := region_problem("--dr-region", chosen.dr_region, accepts_unknown=chosen.accept_unknown_region):
        raise UsageError(f"{problem}.")
    return Wanted(
        database_arn=chosen.database_arn,
        dr_region=chosen.dr_region,
        near_key_arn=chosen.key_arn,
        dr_key_arn=chosen.dr_key_arn,
    )


def _stored(path: Path) -> StateFile:
    """The state file of an earlier run. Raises UsageError."""
    if not path.is_file():
        raise UsageError(f"there is no {path}, so no run left anything here. Name another one with --state-file.")
    try:
        return StateFile.load(path)
    except UnreadableStateError as error:
        raise UsageError(f"{error}. Name the file of the run with --state-file.") from error


def _session(chosen: argparse.Namespace, known: dict[str, str | None]) -> Session:
    profiles = {
        WORKLOAD: chosen.workload_profile or known[WORKLOAD],
        BACKUP: chosen.backup_profile or known[BACKUP],
    }
    return Session(
        sessions={word: open_session(name) for word, name in profiles.items()},
        profiles=profiles,
        state_path=chosen.state_file,
        answers_path=chosen.answers,
        prices=Prices(month=chosen.price_per_gib_month, transferred=chosen.price_per_gib_transferred),
        poll_seconds=chosen.poll_seconds,
        is_dry=chosen.dry_run,
        is_agreed=chosen.yes,
        streams=(sys.stdout, sys.stderr),
        ask=input if sys.stdin.isatty() else None,
        now=lambda: datetime.now(UTC),
        sleep=time.sleep,
        run=secrets.token_hex(4),
    )
