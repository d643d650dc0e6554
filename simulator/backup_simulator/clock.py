"""Virtual time: a heap of things to happen, in the order of their moments and of their making.

With `haste` everything that takes time takes that many times less of it, while dates and what is due at a date stay as
they are: for worlds beside processes that live by the wall clock.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count


class Clock:
    """Moves from one scheduled thing to the next. `now` is aware, UTC."""

    def __init__(self, start: datetime, *, haste: float = 1.0) -> None:
        if start.tzinfo is None:
            raise ValueError("a world's start needs a time zone")
        if haste <= 0:
            raise ValueError(f"haste must be more than 0, not {haste}")
        self.now = start
        self._haste = haste
        self._heap: list[tuple[datetime, int, Callable[[], None]]] = []
        self._order = count()

    def at(self, moment: datetime, happening: Callable[[], None]) -> None:
        """Let something happen at a moment; the past means now."""
        heapq.heappush(self._heap, (max(moment, self.now), next(self._order), happening))

    def after(self, delay: timedelta, happening: Callable[[], None]) -> None:
        self.at(self.now + (delay if self._haste == 1.0 else delay / self._haste), happening)

    def run_until(self, moment: datetime) -> None:
        """Let everything happen that is due up to and including a moment."""
        while self._heap and self._heap[0][0] <= moment:
            self.now, _, happening = heapq.heappop(self._heap)
            happening()
        self.now = max(self.now, moment)
