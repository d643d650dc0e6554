"""Processes that make calls: how long each may run, and how time passes while one waits.

While a process waits in a call, others run above it on the stack of this Python process. So only some can wait in the
world's own time. For the others, the wait counts only against their own time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from backup_simulator.errors import ProcessDied
from backup_simulator.faults import FaultPlan
from backup_simulator.ground import Ground

# Two sleeping processes at a time are enough, and keep the stack small.
MOST_SLEEPERS = 2


@dataclass(kw_only=True)
class Process:
    """One invocation with Lambda's time limit. `lost` is the time that it waited while the world's clock did not move.

    With `is_killed` it dies at its limit. Without it, it only knows how much time is left.
    """

    started_at: datetime
    timeout: timedelta
    is_killed: bool = False
    lost: timedelta = timedelta(0)

    def time_left(self, now: datetime) -> timedelta:
        """The time that is left; negative after its limit."""
        return self.timeout - self.lost - (now - self.started_at)


class Processes:
    """The running processes, the current one last. The caller that runs a process adds it."""

    def __init__(self, ground: Ground, faults: FaultPlan) -> None:
        self._ground = ground
        self._faults = faults
        self._wake_at: list[datetime] = []
        self.under_way: list[Process] = []

    def sleep(self, service: str, operation: str) -> None:
        """Let a process sleep before a call while the world continues. Raises ProcessDied."""
        if len(self._wake_at) >= MOST_SLEEPERS:
            return
        duration = self._faults.sleep_before(service, operation)
        if duration is not None:
            self._ground.note("asleep", "", "", f"a process sleeps {duration} before {service}:{operation}")
            self._wait(duration, in_world=True)

    def hang(self, duration: timedelta, service: str, region: str, operation: str) -> None:
        """Let a process wait for an answer that does not come. Raises ProcessDied.

        Only one waits in the world's time. Others above it on the stack would make its own wait longer.
        """
        self._ground.note("hangs", "", region, f"{service}:{operation} is not answered for {duration}")
        self._wait(duration, in_world=not self._wake_at)

    def _wait(self, duration: timedelta, *, in_world: bool) -> None:
        process = self.under_way[-1] if self.under_way else None
        limit = process.time_left(self._ground.now()) if process is not None and process.is_killed else None
        span = duration if limit is None else max(min(duration, limit), timedelta(0))
        if in_world:
            # A wait above another one on the stack must not make that one longer.
            until = min(self._ground.now() + span, *self._wake_at) if self._wake_at else self._ground.now() + span
            self._wake_at.append(until)
            self._ground.run_for(max(until - self._ground.now(), timedelta(0)))
            self._wake_at.pop()
        elif process is not None:
            process.lost += span
        if process is not None and limit is not None and duration >= limit:
            raise ProcessDied(f"Task timed out after {process.timeout.total_seconds():.2f} seconds")
