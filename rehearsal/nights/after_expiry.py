"""The end of a few nights: every recovery point expires, and no call may name any of them after that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from backup_simulator.model import Call
from rehearsal.functions import RUNNING
from rehearsal.nights.expectations import Expectations
from rehearsal.nights.trace_report import POINT
from rehearsal.oracle import Violation

A_DAY = timedelta(days=1)
# Retentions of eight days, counted from the last backup, and the 8 hours in which AWS carries expiries out.
LONGEST_LIFE = timedelta(days=30)
# A copy is checked at least once a week. After that, no further call is needed.
LAST_CHECKS = timedelta(days=9)
A_WEEK = timedelta(days=7)


@dataclass(kw_only=True)
class AfterExpiry:
    """Runs a world until every recovery point has expired, and counts the calls that still name one."""

    expected: Expectations
    _asked: Counter[str] = field(default_factory=Counter)
    _is_listening: bool = False

    def __post_init__(self) -> None:
        self.expected.world.on_call(self.hear_call)

    def hear_call(self, call: Call) -> None:
        """Count one call of AWS, if it names recovery points and counting is on."""
        if self._is_listening and RUNNING:
            self._asked.update(set(POINT.findall(str(call.request))))

    def final_violations(self) -> Iterator[Violation]:
        """Run until all has expired, and return a violation for each point that is still named."""
        world = self.expected.world
        until = world.now() + LONGEST_LIFE
        while world.recovery_points() and world.now() < until:
            world.run_for(A_DAY)
        for point in world.recovery_points():
            yield Violation(promise=3, evidence=f"{point.arn} is {point.status} and never expires")
        world.run_for(LAST_CHECKS)
        self._is_listening = True
        world.run_for(A_WEEK)
        self._is_listening = False
        for arn, calls in sorted(self._asked.items()):
            gone_at = world.point_by_arn(arn).gone_at
            text = f"{arn} was named in {calls} calls of one week, and it was deleted at {gone_at}"
            yield Violation(promise=3, evidence=text)
