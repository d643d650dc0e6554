"""Checks that no slot stays free while a chain could use it, and blocks the first chains of the queues for it.

A blocked chain cannot be read until the quiet hours have ended. It cannot copy, and it cannot leave its queue. All
others must still get their copies.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from backup_simulator.model import Call, Job, Point, site_of
from rehearsal.nights.expectations import Expectations
from rehearsal.nights.faulty_store import FaultyChains
from rehearsal.nights.hostile_draws import HostileDraws
from rehearsal.nights.incidents import Incidents
from rehearsal.nights.safety_checks import SafetyChecks
from rehearsal.oracle import Violation
from secondhop.domain.chain import Chain, ChainKey
from secondhop.domain.ledger import turn, waits_for

# A sweep draws some of the chains behind the first ones, so a certain chain may have to wait for several sweeps.
SWEEPS = 6
# What was refused in the faulty hours is asked again after an hour at most, and circuits have closed.
CALM_AFTER = timedelta(hours=3)
A_LOOK = timedelta(minutes=20)


@dataclass(kw_only=True)
class FreeSlots:
    """Blocks chains in the faulty hours, and looks at the slots of hop 2 in the quiet ones."""

    draws: HostileDraws
    expected: Expectations
    safety: SafetyChecks
    incidents: Incidents
    stores: list[FaultyChains]
    blocked: set[ChainKey] = field(default_factory=set)
    _started: set[str] = field(default_factory=set)
    """Recovery points with a call of StartCopyJob. They may wait before the next attempt."""

    def __post_init__(self) -> None:
        self.expected.world.on_call(self._hear_call)

    def _hear_call(self, call: Call) -> None:
        if call.operation == "StartCopyJob":
            self._started.add(call.request["RecoveryPointArn"])

    def block_heads(self) -> None:
        """Make the first waiting chains unreadable, until as many as drawn are blocked."""
        if len(self.blocked) == self.draws.blocked_heads:
            return
        for store in self.stores:
            waiting = [chain for chain in store.copy().all() if waits_for(chain) is not None]
            for chain in sorted(waiting, key=turn)[: self.draws.blocked_heads - len(self.blocked)]:
                self.blocked.add(chain.key)
                store.unreadable.add(chain.key)
                self.expected.world.faults.struck["the first chain of a queue was blocked"] += 1

    def end_faults(self) -> None:
        """Let all chains be read again, except the blocked ones."""
        for store in self.stores:
            store.unreadable &= self.blocked

    def run(self, duration: timedelta) -> None:
        """Let the quiet hours pass, and check again and again. Then unblock all chains."""
        world = self.expected.world
        calm, end = world.now() + CALM_AFTER, world.now() + duration
        while world.now() < end:
            world.run_for(min(A_LOOK, end - world.now()))
            if world.now() - self._patience() > calm:
                self._look()
        for store in self.stores:
            store.unreadable.clear()

    def _patience(self) -> timedelta:
        interval = int(self.expected.stage.main.parameters["SweepIntervalMinutes"])
        return timedelta(minutes=SWEEPS * interval + 20)

    def _look(self) -> None:
        since = self.expected.world.now() - self._patience()
        for point in self._startable(since):
            text = f"{point.arn} was not copied, and for {self._patience()} a slot for {point.resource_type} was free"
            self.safety.violations.append(Violation(promise=3, evidence=text))

    def _startable(self, since: datetime) -> Iterator[Point]:
        """Arrivals that could have been copied at any time since then, and were never tried."""
        jobs = [job for job in self.expected.world.copy_jobs() if job.is_live or _ended(job) >= since]
        busy = {job.database_arn for job in jobs}
        in_flight = Counter(
            job.resource_type
            for job in jobs
            if site_of(job.destination_vault_arn)[1] == site_of(self.expected.final)[1]
        )
        for held in self._slots_of_blocked():
            busy.add(held.database)
            in_flight[held.resource_type] += 1
        settled = {each.about for each in self.incidents.all_open()} | self.safety.abandoned | self._started
        settled |= {key.recovery_point for key in self.blocked}
        for point in self.expected.arrivals():
            is_old = point.landed_at is not None and point.landed_at < since
            is_waiting = point.status == "COMPLETED" and point.gone_at is None and not self.expected.copies_of(point)
            is_free = in_flight[point.resource_type] < self.expected.least_limit(point.resource_type)
            if is_old and is_waiting and is_free and point.database_arn not in busy and point.arn not in settled:
                yield point

    def _slots_of_blocked(self) -> Iterator[Chain]:
        """Blocked chains that began to copy in the moment in which they were blocked. They keep their slots."""
        for store in self.stores:
            yield from (chain for chain in store.copy().all() if chain.key in self.blocked and waits_for(chain) is None)


def _ended(job: Job) -> datetime:
    return job.completed_at or job.created_at
