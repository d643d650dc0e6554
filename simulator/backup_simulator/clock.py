"""Virtual time: a heap of things to happen, in the order of their moments and of their making."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count


class Clock:
    """Moves from one scheduled thing to the next. `now` is aware, UTC."""

    def __init__(self, start: datetime) -> None:
        if start.tzinfo is None:
            raise ValueError("a world's start needs a time zone")
        self.now = start
        self._heap: list[tuple[datetime, int, Callable[[], None]]] = []
        self._order = count()

    def at(self, moment: datetime, happening: Callable[[], None]) -> None:
        """Let something happen at a moment; the past means now."""
        heapq.heappush(self._heap, (max(moment, self.now), next(self._order), happening))

    def after(self, delay: timedelta, happening: Callable[[], None]) -> None:
        self.at(self.now + delay, happening)

    def run_until(self, moment: datetime) -> None:
        """Let everything happen that is due up to and including a moment."""
        while self._heap and self._heap[0][0] <= moment:
            self.now, _, happening = heapq.heappop(self._heap)
            happening()
        self.now = max(self.now, moment)
