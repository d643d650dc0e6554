"""Virtual time: a heap of scheduled actions, in the order of their times and of their scheduling.

With a `time_scale` of 60, what takes an hour takes a minute. Dates, and what is due at a date, do not change. This is
for worlds that run with other processes in wall-clock time.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count


class Clock:
    """Moves from one scheduled action to the next. `now` is aware, UTC."""

    def __init__(self, start: datetime, *, time_scale: float = 1.0) -> None:
        if start.tzinfo is None:
            raise ValueError("a world's start needs a time zone")
        if time_scale <= 0:
            raise ValueError(f"time_scale must be more than 0, not {time_scale}")
        self.now = start
        self._time_scale = time_scale
        self._heap: list[tuple[datetime, int, Callable[[], None]]] = []
        self._order = count()

    def at(self, moment: datetime, happening: Callable[[], None]) -> None:
        """Schedule an action at a time. A time in the past means now."""
        heapq.heappush(self._heap, (max(moment, self.now), next(self._order), happening))

    def after(self, delay: timedelta, happening: Callable[[], None]) -> None:
        self.at(self.now + (delay if self._time_scale == 1.0 else delay / self._time_scale), happening)

    def run_until(self, moment: datetime) -> None:
        """Run all actions that are due up to and including a time."""
        while self._heap and self._heap[0][0] <= moment:
            self.now, _, happening = heapq.heappop(self._heap)
            happening()
        self.now = max(self.now, moment)
