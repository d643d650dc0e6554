"""What did not answer is not asked again for a minute, so that ten pieces of work do not wait ten times.

A call that hangs takes up to 27 seconds, and a function has 60. So the first one that runs into a timeout pauses its
service in its site. A 5xx is answered at once, and may concern one recovery point alone: two in a row, with no other
answer in between, pause as well. Each warm function remembers for itself.

Two services can hang in the same piece of work. After the first timeout, a call is made only if the function has time
for another one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from secondhop.adapters.aws_errors import SILENCE, is_server_fault
from secondhop.domain.errors import SilentError

PAUSE = timedelta(minutes=1)
FAULTS_TO_PAUSE = 2


class Breaker:
    """Which services in which sites are not asked now. A place is named in words, like `backup in ACCOUNT/REGION`."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._paused_until: dict[str, datetime] = {}
        self._faults = Counter[str]()
        self._has_time: Callable[[], bool] = _always
        self._has_timed_out = False

    def begin(self, has_time: Callable[[], bool]) -> None:
        """Begin a piece of work. `has_time` says whether the function has time for one more call that hangs."""
        self._has_time = has_time
        self._has_timed_out = False

    def watched(self, client: Any, place: str) -> Any:
        """A boto3 client. While its place is paused, calls are not sent and fail with SilentError."""
        return _Watched(client, place, self)

    def check(self, place: str) -> None:
        """Raises SilentError while a place is paused, and if too little time is left after a timeout."""
        until = self._paused_until.get(place)
        if until is not None and self._now() < until:
            # Without a time, because incidents with the same text share a message.
            raise SilentError(f"{place} did not answer a moment ago")
        if self._has_timed_out and not self._has_time():
            raise SilentError(f"too little time was left to ask {place}")

    def note_answer(self, place: str) -> None:
        self._faults[place] = 0

    def note_fault(self, place: str) -> None:
        """A 5xx."""
        self._faults[place] += 1
        if self._faults[place] >= FAULTS_TO_PAUSE:
            self.note_silence(place)

    def note_silence(self, place: str) -> None:
        """A timeout, or no connection."""
        self._has_timed_out = True
        self._paused_until[place] = self._now() + PAUSE


def _always() -> bool:
    return True


class _Watched:
    """A client that reports to a breaker. Everything but the calls is the client's own."""

    def __init__(self, client: Any, place: str, breaker: Breaker) -> None:
        self._client = client
        self._place = place
        self._breaker = breaker

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if not callable(found):
            return found

        def call(**request: Any) -> Any:
            self._breaker.check(self._place)
            try:
                answer = found(**request)
            except SILENCE:
                self._breaker.note_silence(self._place)
                raise
            except ClientError as error:
                note = self._breaker.note_fault if is_server_fault(error) else self._breaker.note_answer
                note(self._place)
                raise
            self._breaker.note_answer(self._place)
            return answer

        return call
