"""The command `secondhop doctor`. Exit codes: 0 fine, 1 a copy would fail, 2 usage error, 3 not all was checked."""

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
from secondhop_cli.doctor.api_calls import CONFIG, NOT_FROM_AWS, NOT_FROM_AWS_REASON, ApiCalls
from secondhop_cli.doctor.as_json import as_json
from secondhop_cli.doctor.examination import Diagnosis, examine
from secondhop_cli.doctor.main_stack import NoMainStackError
from secondhop_cli.doctor.report import as_text

FINE, FAILING, USAGE_ERROR, NOT_CHECKED = 0, 1, 2, 3
# The width of output that does not go to a terminal.
PIPED_WIDTH = 100


def add_doctor(commands: Any) -> None:
    """Add the command and its options."""
    doctor = commands.add_parser(
        "doctor",
        help="check an installation in all its accounts for what would make a copy fail (read-only)",
        description="Checks an installation in all its accounts and Regions. It reports what would make a copy fail, "
        "why it matters, and how to fix it. It only reads. Exit codes: 0 everything was checked and no copy would "
        "fail, 1 a copy would fail, 2 usage error, 3 no copy is known to fail, but something could not be checked.",
    )
    doctor.add_argument("--stack", default="second-hop", help="the name of the main stack (default second-hop)")
    doctor.add_argument("--region", help="the Region of the main stack; default: the profile's, or AWS_REGION")
    doctor.add_argument(
        "--profile",
        action="append",
        metavar="NAME",
        help="a profile of the AWS configuration; repeat the option for each account, in any order (default: the "
        "default credentials)",
    )
    doctor.add_argument("--json", action="store_true", help="write one JSON object")
    doctor.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    try:
        sessions = [boto3.Session(profile_name=name) for name in chosen.profile or [None]]
    except ProfileNotFound as error:
        sys.stderr.write(f"secondhop doctor: {error}. List the profiles with: aws configure list-profiles\n")
        return USAGE_ERROR
    region = chosen.region or next((each.region_name for each in sessions if each.region_name), None)
    if region is None:
        sys.stderr.write(
            "secondhop doctor: no Region is configured. Name the main stack's with --region eu-west-1, for example.\n"
        )
        return USAGE_ERROR
    if not REGION.fullmatch(region):
        sys.stderr.write(
            f"secondhop doctor: --region is {region!r}. Use the code of a Region, for example eu-central-1.\n"
        )
        return USAGE_ERROR
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else PIPED_WIDTH
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
    """Examine and report; returns the exit code. `streams` are for the report and for errors. `width` None: JSON."""
    stream, errors = streams
    try:
        diagnosis = examine(_api_calls(sessions, region), stack=stack, region=region, now=now)
    except NoMainStackError as error:
        errors.write(f"secondhop doctor: {error}.\n")
        return USAGE_ERROR
    code = exit_code(diagnosis)
    stream.write(as_json(diagnosis, exit_code=code) if width is None else as_text(diagnosis, width=width))
    return code


def exit_code(diagnosis: Diagnosis) -> int:
    """A copy that would fail has precedence over what was not checked."""
    if diagnosis.failing:
        return FAILING
    return NOT_CHECKED if diagnosis.not_checked else FINE


def _api_calls(sessions: Iterable[ClientFactory], region: str) -> ApiCalls:
    """API calls with each session, by the account that AWS reports for it."""
    by_account: dict[str, ClientFactory] = {}
    problems: list[str] = []
    for number, session in enumerate(sessions, start=1):
        name = getattr(session, "profile_name", None) or f"session {number}"
        try:
            identity = session.client("sts", region_name=region, config=CONFIG).get_caller_identity()
        except (BotoCoreError, ClientError) as error:
            problems.append(f"profile {name}: {error}")
            continue
        except NOT_FROM_AWS:
            problems.append(f"profile {name}: {NOT_FROM_AWS_REASON}")
            continue
        by_account.setdefault(identity["Account"], session)
    return ApiCalls(by_account, problems=problems)
