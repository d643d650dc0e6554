"""What every service of a world uses: time, random numbers, the settings and the trace. It contains no service."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from backup_simulator.clock import Clock
from backup_simulator.model import TraceLine
from backup_simulator.switches import Delivery, UnknownBehaviour

# The seventeenth digit of a UUID, its two upper bits set to 10.
VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
START = datetime(2026, 1, 5, tzinfo=UTC)


class Ground:
    """The clock, the seeded random numbers, the settings and the trace of one world."""

    def __init__(
        self,
        seed: int = 1,
        *,
        start: datetime = START,
        unknown: UnknownBehaviour | None = None,
        delivery: Delivery | None = None,
        time_scale: float = 1.0,
    ) -> None:
        self.random = Random(seed)
        self.clock = Clock(start, time_scale=time_scale)
        self.unknown = unknown or UnknownBehaviour()
        self.delivery = delivery or Delivery()
        self.trace: list[TraceLine] = []
        self._listeners: list[Callable[[TraceLine], None]] = []

    def now(self) -> datetime:
        return self.clock.now

    def run_until(self, moment: datetime) -> None:
        self.clock.run_until(moment)

    def run_for(self, duration: timedelta) -> None:
        self.clock.run_until(self.clock.now + duration)

    def make_id(self) -> str:
        """A lower-case UUID, version 4, from the world's own random numbers. Written out, for speed."""
        text = f"{self.random.getrandbits(128):032x}"
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{VARIANT[text[16]]}{text[17:20]}-{text[20:]}"

    def note(self, kind: str, account: str, region: str, text: str, **facts: Any) -> None:
        """Write a line into the trace."""
        line = TraceLine(self.clock.now, kind, account, region, text, facts)
        self.trace.append(line)
        for listener in self._listeners:
            listener(line)

    def on_trace(self, listener: Callable[[TraceLine], None]) -> None:
        """Call a listener with every trace line as it happens."""
        self._listeners.append(listener)
