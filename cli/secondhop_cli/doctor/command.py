"""The command `secondhop doctor`. Exit codes: 0 fine, 1 a copy would fail, 2 misuse, 3 something was not checked."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, TextIO

import boto3
from botocore.exceptions import BotoCoreError, ClientError, ProfileNotFound

from secondhop.adapters.environment import REGION
from secondhop.adapters.sites import ClientFactory
from secondhop_cli.doctor.as_json import as_json
from secondhop_cli.doctor.examination import Diagnosis, examine
from secondhop_cli.doctor.installation import NoInstallationError
from secondhop_cli.doctor.report import written
from secondhop_cli.doctor.sites import CONFIG, Sites

FINE, FAILING, MISUSE, NOT_CHECKED = 0, 1, 2, 3
# Columns where nobody's terminal says how wide it is.
PIPED = 100


def add_doctor(commands: Any) -> None:
    """The command and its options."""
    doctor = commands.add_parser(
        "doctor",
        help="look at an installation in all its accounts, and say what would make a copy fail; writes nothing",
        description="Looks at an installation in all its accounts and Regions, and says what would make a copy fail, "
        "why, and what mends it. Only reads. Exit codes: 0 everything was checked and no copy would fail, 1 a copy "
        "would fail, 2 misuse, 3 no such finding, but something could not be checked.",
    )
    doctor.add_argument("--stack", default="second-hop", help="the name of the main stack (default second-hop)")
    doctor.add_argument("--region", help="the Region of the main stack; default: the profile's, or AWS_REGION")
    doctor.add_argument(
        "--profile",
        action="append",
        metavar="NAME",
        help="a profile of the AWS configuration; once for each account, in any order (default: the usual credentials)",
    )
    doctor.add_argument("--json", action="store_true", help="write one JSON object")
    doctor.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    try:
        sessions = [boto3.Session(profile_name=name) for name in chosen.profile or [None]]
    except ProfileNotFound as error:
        sys.stderr.write(f"secondhop doctor: {error}; aws configure list-profiles shows what there is.\n")
        return MISUSE
    region = chosen.region or next((each.region_name for each in sessions if each.region_name), None)
    if region is None:
        sys.stderr.write("secondhop doctor: no Region is configured; name the main stack's with --region.\n")
        return MISUSE
    if not REGION.fullmatch(region):
        sys.stderr.write(f"secondhop doctor: {region} is no Region; write its code, such as eu-central-1.\n")
        return MISUSE
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else PIPED
    return doctor(
        sessions,
        stack=chosen.stack,
        region=region,
        now=datetime.now(UTC),
        streams=(sys.stdout, sys.stderr),
        width=None if chosen.json else width,
    )


def doctor(
    sessions: Iterable[Any],
    *,
    stack: str,
    region: str,
    now: datetime,
    streams: tuple[TextIO, TextIO],
    width: int | None = 80,
) -> int:
    """Examine and report; the exit code. `streams` take the report and complaints; `width` None writes JSON."""
    stream, complain = streams
    try:
        diagnosis = examine(_sites(sessions, region), stack=stack, region=region, now=now)
    except NoInstallationError as error:
        complain.write(f"secondhop doctor: {error}.\n")
        return MISUSE
    code = exit_code(diagnosis)
    stream.write(as_json(diagnosis, exit_code=code) if width is None else written(diagnosis, width=width))
    return code


def exit_code(diagnosis: Diagnosis) -> int:
    """A copy that would fail outweighs what could not be seen; nothing unseen is ever fine."""
    if diagnosis.failing:
        return FAILING
    return NOT_CHECKED if diagnosis.not_checked else FINE


def _sites(sessions: Iterable[ClientFactory], region: str) -> Sites:
    """Each session by the account that it turns out to be of."""
    by_account: dict[str, ClientFactory] = {}
    problems: list[str] = []
    for number, session in enumerate(sessions, start=1):
        name = getattr(session, "profile_name", None) or f"session {number}"
        try:
            identity = session.client("sts", region_name=region, config=CONFIG).get_caller_identity()
        except (BotoCoreError, ClientError) as error:
            problems.append(f"profile {name}: {error}")
            continue
        by_account.setdefault(identity["Account"], session)
    return Sites(by_account, problems=problems)
