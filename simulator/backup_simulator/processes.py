"""Processes that make calls: how long each of them may go on, and how time passes for one that waits.

A process that waits in a call lies under those that run meanwhile, on the stack of this one Python process. Hence only
some can wait in the world's own time. For the others the wait counts against their own time alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from backup_simulator.errors import ProcessDied
from backup_simulator.faults import FaultPlan
from backup_simulator.ground import Ground

# Two that sleep at a time are enough, and keep the stack flat.
MOST_SLEEPERS = 2


@dataclass(kw_only=True)
class Process:
    """One invocation, as Lambda limits it. `lost` is time that it waited and the world did not.

    `is_killed` says whether it dies when its time is up. Without that it only knows how much is left.
    """

    started_at: datetime
    timeout: timedelta
    is_killed: bool = False
    lost: timedelta = timedelta(0)

    def time_left(self, now: datetime) -> timedelta:
        """How long it may go on; less than nothing when its time is up."""
        return self.timeout - self.lost - (now - self.started_at)


class Processes:
    """The processes under way, the one that acts now last. Whoever runs a process puts it there."""

    def __init__(self, ground: Ground, faults: FaultPlan) -> None:
        self._ground = ground
        self._faults = faults
        self._wake_at: list[datetime] = []
        self.under_way: list[Process] = []

    def sleep(self, service: str, operation: str) -> None:
        """A process that sleeps before a call wakes in a world that went on. Raises ProcessDied."""
        if len(self._wake_at) >= MOST_SLEEPERS:
            return
        duration = self._faults.sleep_before(service, operation)
        if duration is not None:
            self._ground.note("asleep", "", "", f"a process sleeps {duration} before {service}:{operation}")
            self._wait(duration, in_world=True)

    def hang(self, duration: timedelta, service: str, region: str, operation: str) -> None:
        """A process waits for an answer that does not come. Raises ProcessDied.

        Only one waits in the world's time. If others did so above it on the stack, its own wait would take longer.
        """
        self._ground.note("hangs", "", region, f"{service}:{operation} is not answered for {duration}")
        self._wait(duration, in_world=not self._wake_at)

    def _wait(self, duration: timedelta, *, in_world: bool) -> None:
        process = self.under_way[-1] if self.under_way else None
        limit = process.time_left(self._ground.now()) if process is not None and process.is_killed else None
        span = duration if limit is None else max(min(duration, limit), timedelta(0))
        if in_world:
            # One that waits above another on the stack must not keep that one waiting for longer than it said.
            until = min(self._ground.now() + span, *self._wake_at) if self._wake_at else self._ground.now() + span
            self._wake_at.append(until)
            self._ground.run_for(max(until - self._ground.now(), timedelta(0)))
            self._wake_at.pop()
        elif process is not None:
            process.lost += span
        if process is not None and limit is not None and duration >= limit:
            raise ProcessDied(f"Task timed out after {process.timeout.total_seconds():.2f} seconds")
