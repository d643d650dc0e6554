"""One use of the command: checks, the plan and its limits, the questions, the answers and the removal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TextIO

import botocore

from secondhop.adapters.sites import ClientFactory
from secondhop.domain.resource_types import INSTANCES
from secondhop_cli.aws_errors import CALL_ERRORS, explained
from secondhop_cli.ending import FAILED, INTERRUPTED, UsageError
from secondhop_cli.first_night.answers import Answers, write_answers
from secondhop_cli.first_night.aws_clients import AwsClients
from secondhop_cli.first_night.calls import call_lines, plan_lines
from secondhop_cli.first_night.checks import CheckFailedError, Wanted, accounts_of, region_of, settings_of
from secondhop_cli.first_night.limits import LimitReachedError, Prices, quantities
from secondhop_cli.first_night.night import Night, StepFailedError
from secondhop_cli.first_night.pace import Pace
from secondhop_cli.first_night.removal import REMEDY, remove_everything
from secondhop_cli.first_night.run import ask_everything
from secondhop_cli.first_night.state_file import StateFile

NAME = "secondhop first-night"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What the command works with. `ask` is None if no person can answer. `run` is the id of a new run."""

    sessions: Mapping[str, ClientFactory]
    profiles: dict[str, str | None]
    state_path: Path
    answers_path: Path
    prices: Prices
    poll_seconds: int
    is_dry: bool
    is_agreed: bool
    streams: tuple[TextIO, TextIO]
    ask: Callable[[str], str] | None
    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    run: str

    def write(self, lines: list[str]) -> None:
        """Write to the output. A reader that closed it must not stop the removal."""
        with suppress(BrokenPipeError):
            self.streams[0].write("".join(f"{each}\n" for each in lines))
            self.streams[0].flush()

    def say(self, text: str) -> None:
        """A line of progress, with the time."""
        self._complain(f"{self.now().strftime('%H:%M:%S')} {text}")

    def fail(self, sentence: str) -> int:
        """Write an error; the exit code."""
        self._complain(f"{NAME}: {sentence}.")
        return FAILED

    def _complain(self, text: str) -> None:
        # There is no other place for an error, and a full disk must not stop the removal.
        with suppress(OSError):
            self.streams[1].write(f"{text}\n")
            self.streams[1].flush()

    @property
    def pace(self) -> Pace:
        return Pace(now=self.now, sleep=self.sleep, say=self.say, poll_seconds=self.poll_seconds)


def first_night(wanted: Wanted, session: Session) -> int:
    """A run from its checks to the removal. Returns the exit code. Raises UsageError."""
    try:
        accounts = accounts_of(session.sessions, region_of(wanted.database_arn))
        aws = AwsClients(accounts)
        settings = settings_of(aws, list(accounts), wanted, session.run)
    except CheckFailedError as error:
        return session.fail(str(error))
    session.write([*plan_lines(settings), *quantities(settings.size_gib, session.prices)])
    if session.is_dry:
        session.write(call_lines(settings))
        return 0
    if not session.is_agreed and not _agrees(session):
        session.write(["Nothing was made."])
        return 0
    night = Night(
        settings=settings,
        aws=aws,
        state=StateFile(session.state_path, settings, session.profiles, []),
        pace=session.pace,
        answers=Answers(),
    )
    code = _asked(night, session)
    return _removed(night, session) or code


def _agrees(session: Session) -> bool:
    if session.ask is None:
        raise UsageError("no one can answer whether to start. Add --yes if you agree to the plan above.")
    return session.ask("Start? Type yes: ").strip().lower() == "yes"


def _asked(night: Night, session: Session) -> int:
    """Ask all questions and write the answers. Returns the exit code so far."""
    code, reason = 0, "the run did not reach it"
    try:
        ask_everything(night)
    except KeyboardInterrupt:
        code, reason = INTERRUPTED, "the run was interrupted"
        session.say("interrupted; what was made is removed now; interrupt again to leave it")
    except (StepFailedError, LimitReachedError) as error:
        code, reason = session.fail(str(error)), str(error)
    except CALL_ERRORS as error:
        reason = explained(error, remedy=REMEDY)
        code = session.fail(reason)
    except OSError as error:
        reason = f"{error.filename or 'a file'}: {error.strerror or error}"
        code = session.fail(reason)
    night.answers.complete(reason)
    # Open questions are a result too: the file says why they are open.
    return _write_answers(night, session) or code


def _write_answers(night: Night, session: Session) -> int:
    settings = night.settings
    text = night.answers.as_json(
        began_at=night.pace.began_at,
        ended_at=session.now(),
        accounts={settings.workload: "workload-account", settings.backup: "backup-account"},
        botocore=botocore.__version__,
        region=settings.region,
        dr_region=settings.dr_region,
        resource_type=INSTANCES.name,
        copy_jobs=len(night.jobs.ids),
    )
    try:
        write_answers(session.answers_path, text)
        session.write([*night.answers.as_lines(), f"The answers are in {session.answers_path}."])
    except OSError as error:
        # Nothing is removed yet, so this must not end the command.
        place = error.filename or "the output"
        return session.fail(f"{place}: {error.strerror}; the answers of the run are: {' '.join(text.split())}")
    return 0


def clean_up(state: StateFile, session: Session) -> int:
    """Remove what an earlier run left. Returns the exit code. Raises UsageError."""
    settings = state.settings
    session.write([f"Run {settings.run} left:", *(f"  {each}" for each in state.things)])
    if session.is_dry:
        return 0
    if not session.is_agreed and not _agrees(session):
        session.write(["Nothing was removed."])
        return 0
    try:
        accounts = accounts_of(session.sessions, settings.region)
    except CheckFailedError as error:
        return session.fail(str(error))
    if list(accounts) != [settings.workload, settings.backup]:
        return session.fail(
            f"the run used the accounts {settings.workload} and {settings.backup}, and the profiles are of "
            f"{' and '.join(accounts)}; {REMEDY}"
        )
    night = Night(settings=settings, aws=AwsClients(accounts), state=state, pace=session.pace, answers=Answers())
    return _removed(night, session)


def _removed(night: Night, session: Session) -> int:
    """Remove everything; the exit code. What remains is said with the command that removes it."""
    try:
        problems = remove_everything(night)
    except KeyboardInterrupt:
        session.fail(f"interrupted; {_remaining(night, session)}")
        return INTERRUPTED
    if not night.state.things and not problems:
        session.write(["Everything that the run made is removed."])
        return 0
    for each in problems:
        session.say(each)
    return session.fail(_remaining(night, session))


def _remaining(night: Night, session: Session) -> str:
    left = len(night.state.things)
    return f"{left} things remain; remove them with: {NAME} --clean-up --state-file {session.state_path}"
