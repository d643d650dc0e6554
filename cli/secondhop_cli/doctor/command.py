"""The command `secondhop doctor`. Exit codes: 0 fine, 1 a copy would fail, 2 usage error, 3 not all was checked."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, TextIO

from secondhop.adapters.sites import ClientFactory
from secondhop_cli.aws_errors import CALL_ERRORS, SESSION_ERRORS, explained
from secondhop_cli.doctor.api_calls import REMEDY, ApiCalls
from secondhop_cli.doctor.as_json import as_json
from secondhop_cli.doctor.endpoints import CONFIG, Endpoints
from secondhop_cli.doctor.examination import CHECKS, Diagnosis, examine
from secondhop_cli.doctor.findings import NotCheckedError
from secondhop_cli.doctor.main_stack import NoMainStackError
from secondhop_cli.doctor.report import as_text
from secondhop_cli.ending import as_json as error_as_json
from secondhop_cli.regions import ACCEPT_UNKNOWN
from secondhop_cli.sessions import open_session, region_of

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
    doctor.add_argument(
        ACCEPT_UNKNOWN, action="store_true", help="accept a Region that is newer than the installed botocore"
    )
    doctor.set_defaults(run=_run, failed=NOT_CHECKED)


def _run(chosen: argparse.Namespace) -> int:
    sessions = [open_session(name) for name in chosen.profile or [None]]
    region = region_of(sessions, chosen.region, accepts_unknown=chosen.accept_unknown_region)
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
    progress = Progress(errors)
    try:
        api = _api_calls(sessions, region, Endpoints(progress.say))
        diagnosis = examine(api, stack=stack, region=region, now=now, progress=progress.show)
    except NoMainStackError as error:
        sentence = f"secondhop doctor: {error}."
        stream.write("" if width is not None else error_as_json(sentence, exit_code=USAGE_ERROR))
        errors.write(f"{sentence}\n")
        return USAGE_ERROR
    finally:
        progress.clear()
    code = exit_code(diagnosis)
    # The exit code is known, and a reader that closes the pipe does not change it.
    with suppress(BrokenPipeError):
        stream.write(as_json(diagnosis, exit_code=code) if width is None else as_text(diagnosis, width=width))
    return code


class Progress:
    """What happens now: the running check on a terminal, and sentences about slow endpoints everywhere."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._is_terminal = stream.isatty()

    def show(self, number: int, title: str) -> None:
        if self._is_terminal:
            self._stream.write(f"\r\033[Kcheck {number} of {len(CHECKS)}: {title}")
            self._stream.flush()

    def say(self, sentence: str) -> None:
        self.clear()
        self._stream.write(f"secondhop doctor: {sentence}.\n")
        self._stream.flush()

    def clear(self) -> None:
        self._stream.write("\r\033[K" if self._is_terminal else "")


def exit_code(diagnosis: Diagnosis) -> int:
    """A copy that would fail has precedence over what was not checked."""
    if diagnosis.failing:
        return FAILING
    return NOT_CHECKED if diagnosis.not_checked else FINE


def _api_calls(sessions: Iterable[ClientFactory], region: str, endpoints: Endpoints) -> ApiCalls:
    """API calls with each session, by the account that AWS reports for it."""
    by_account: dict[str, ClientFactory] = {}
    problems: list[str] = []
    for number, session in enumerate(sessions, start=1):
        name = getattr(session, "profile_name", None) or f"session {number}"
        try:
            by_account.setdefault(_account_of(session, region, endpoints), session)
        except SESSION_ERRORS as error:
            problems.append(f"profile {name}: {explained(error, remedy=REMEDY)}")
        except NotCheckedError as error:
            problems.append(f"profile {name}: {error.reason}")
    return ApiCalls(by_account, endpoints=endpoints, problems=problems)


def _account_of(session: ClientFactory, region: str, endpoints: Endpoints) -> str:
    """The account of a session. Raises one of CALL_ERRORS, or NotCheckedError if STS is silent."""
    endpoint = (region, "sts")
    if refusal := endpoints.refusal(endpoint):
        raise NotCheckedError("sts", refusal)
    error: Exception | None = None
    try:
        client = endpoints.watch(session.client("sts", region_name=region, config=CONFIG), endpoint)
        return str(client.get_caller_identity()["Account"])
    except CALL_ERRORS as caught:
        error = caught
        raise
    finally:
        endpoints.note(endpoint, error)
