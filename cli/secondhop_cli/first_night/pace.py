"""The time of a run: looks at AWS in steady intervals, with progress, and ends in time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from botocore.exceptions import ClientError

from secondhop_cli.aws_errors import SILENCES
from secondhop_cli.first_night.limits import MOST_HOURS, LimitReachedError

T = TypeVar("T")
REMINDER = timedelta(minutes=10)
# A new role can be used after some seconds, rarely minutes (IAM troubleshoot_general, eventual consistency).
LONGEST_FOR_IAM = timedelta(minutes=5)
PASSING = {"ThrottlingException", "Throttling", "TooManyRequestsException", "ServiceUnavailableException"}


class Pace:
    """Waits, and says what for. `say` gets one line at a time."""

    def __init__(
        self,
        *,
        now: Callable[[], datetime],
        sleep: Callable[[float], None],
        say: Callable[[str], None],
        poll_seconds: int,
    ) -> None:
        self.now = now
        self.say = say
        self._sleep = sleep
        self.poll_seconds = poll_seconds
        self.began_at = now()
        self.ends_at: datetime | None = self.began_at + timedelta(hours=MOST_HOURS)

    def until(self, look: Callable[[], T | None], what: str) -> T:
        """Look until there is a result. Raises LimitReachedError at the run's end."""
        while True:
            found = self.within(look, what, longest=REMINDER)
            if found is not None:
                return found

    def within(self, look: Callable[[], T | None], what: str, *, longest: timedelta) -> T | None:
        """The result of a look, or None if there is none in time. Raises LimitReachedError at the run's end."""
        since = self.now()
        while True:
            found = answered(look)
            now = self.now()
            if found is not None or now - since >= longest:
                break
            if self.ends_at is not None and now >= self.ends_at:
                raise LimitReachedError(f"the run has taken {MOST_HOURS} hours, which is its limit")
            self._sleep(self.poll_seconds)
        if found is None:
            self.say(f"still waiting for {what}")
        return found

    def once_usable(self, call: Callable[[], T]) -> T:
        """The result of a call with a new role, repeated while IAM may not know the role everywhere."""
        last: list[ClientError] = []

        def attempt() -> tuple[T] | None:
            try:
                return (call(),)
            except ClientError as error:
                if not _is_too_early(error):
                    raise
                last[:] = [error]
                return None

        result = self.within(attempt, "IAM to spread a new role", longest=LONGEST_FOR_IAM)
        if result is None:
            raise last[0]
        return result[0]


def answered(look: Callable[[], T | None]) -> T | None:
    """The result of a look, or None if AWS did not answer this time."""
    try:
        return look()
    except SILENCES:
        return None
    except ClientError as error:
        if code_of(error) in PASSING:
            return None
        raise


def code_of(error: ClientError) -> str:
    return str(error.response["Error"].get("Code", ""))


def message_of(error: ClientError) -> str:
    return str(error.response["Error"].get("Message", ""))


def _is_too_early(error: ClientError) -> bool:
    is_denied = code_of(error).startswith("AccessDenied")
    return is_denied or "cannot be assumed" in message_of(error)
