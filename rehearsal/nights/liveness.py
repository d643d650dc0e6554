"""Liveness checks: when the faults have stopped, every chain must finish or be in an open incident.

They use the simulator's world, the published incidents and the operator's orders, and never Second Hop's own table.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from backup_simulator.model import Point
from rehearsal.deployment import Stack
from rehearsal.nights.expectations import Expectations
from rehearsal.nights.hostile_draws import HostileDraws
from rehearsal.nights.incidents import RETRIES, WAITS, Incident, Incidents
from rehearsal.nights.operator_actions import POISON, Operator
from rehearsal.oracle import Violation

A_MOMENT = timedelta(seconds=1)
# A hop is attempted six times with back-off. The next six attempts begin a day later at the earliest.
MOST_STARTS_A_DAY = 12


@dataclass(kw_only=True)
class LivenessChecks:
    """Finds what has not finished at the end of a night."""

    expected: Expectations
    mains: tuple[Stack, ...]
    operator: Operator
    incidents: Incidents
    draws: HostileDraws
    quiet_since: datetime | None = None
    tables_lost: dict[str, datetime] = field(default_factory=dict)
    """By the name of an installation, when its table was lost, with the record of open incidents."""
    _answered: set[tuple[str, str]] = field(default_factory=set)

    def unfinished(self) -> list[Violation]:
        """A violation of promise 3 for everything that has not finished."""
        reported = [each for each in self.incidents.all_open() if each.is_reported(self.expected.world)]
        settled = {incident.about for incident in reported} | self.operator.safety.abandoned
        found = [
            *self._arrivals(settled),
            *self._origins(settled),
            *self._incidents_of_nothing(),
            *self._work_under_way(),
            *self._failures(),
            *(self._lonely_failures() if self.draws.has_lonely_failing_database else ()),
        ]
        return [Violation(promise=3, evidence=evidence) for evidence in found]

    def copies_that_ended(self) -> int:
        """How many copies of ours have ended so far. While this number grows, the queue makes progress."""
        jobs = self.expected.world.copy_jobs()
        return sum(not job.is_live and job.started_by in self.expected.our_roles for job in jobs)

    def answer_messages(self) -> None:
        """The operator retries, once, each hop with an incident that asks for an operator."""
        for incident in self.incidents.all_open():
            mark = (incident.main.name, incident.id)
            is_ours = not self.expected.is_copied_back(self.expected.world.point_by_arn(incident.about))
            if WAITS in incident.next_step and mark not in self._answered and is_ours:
                self._answered.add(mark)
                self.operator.retry(incident.main, incident.about, route=incident.detail["route"])

    def _arrivals(self, settled: set[str]) -> Iterator[str]:
        """Each arrival is copied, abandoned, or in an open incident. It is deleted if the keep rule allows it."""
        for point in self.expected.arrivals():
            if point.arn in settled:
                continue
            is_settled = self.expected.has_good_copy(point) or self._is_superseded(point) or self._is_forgotten(point)
            if not (is_settled or self._would_have_expired(point)):
                yield f"{point.arn} arrived, has no good copy, and no open incident says so"
            elif point.gone_at is None and self._must_be_deleted(point) and not self._is_forgotten_leftover(point):
                yield f"{point.arn} is no longer needed, still exists ({point.status}), and no open incident says so"

    def _origins(self, settled: set[str]) -> Iterator[str]:
        """Each recovery point of a plan arrived in the watched vault, or is in an open incident."""
        for point in self.expected.origins():
            if point.arn not in settled and not self.expected.copies_of(point):
                yield f"{point.arn} never arrived in the watched vault, and no open incident says so"

    def _incidents_of_nothing(self) -> Iterator[str]:
        """Open incidents without a cause any more, and those that Second Hop should have closed by itself."""
        for incident in self.incidents.all_open():
            is_forgotten = incident.at <= self.tables_lost.get(incident.main.name, incident.at - A_MOMENT)
            if is_forgotten or incident.about in self.operator.safety.abandoned:
                continue
            point = self.expected.world.point_by_arn(incident.about)
            if self._is_well(point) and incident.cause not in ("TOO_LATE", "UNLOCKED"):
                yield f"the incident {incident.title!r} of {point.arn} is still open, and nothing is wrong"
            elif RETRIES in incident.next_step and not self._has_its_cause(incident, point):
                yield f"the incident {incident.title!r} of {point.arn} is still open, and its cause has ended"

    def _is_forgotten_leftover(self, point: Point) -> bool:
        """Whether AWS left the point EXPIRED, and a lost table does not know that its delete was requested."""
        return point.status == "EXPIRED" and bool(self.tables_lost)

    def _is_forgotten(self, point: Point) -> bool:
        """Whether a shortened arrival was deleted before its table was lost. No one can know about it then."""
        losses = self.tables_lost.values()
        return point.arn in self.expected.shortened and any(point.gone_at and point.gone_at <= loss for loss in losses)

    def _would_have_expired(self, point: Point) -> bool:
        """Whether people deleted the final copy, and it would have expired by now.

        Older copies are checked once a week. A delete in a copy's last week may stay unnoticed.
        """
        now = self.expected.world.now()
        return any(
            copy.arn in self.expected.deleted_by_hand and copy.delete_at is not None and copy.delete_at <= now
            for copy in self.expected.copies_of(point)
        )

    def _lonely_failures(self) -> Iterator[str]:
        """If the only database of a site always fails to copy, its hop must strand after some attempts."""
        stranded = {
            each.about for each in self.incidents.all_open() if each.detail.get("state") in ("STRANDED", "TOO_LATE")
        }
        for point in self.expected.arrivals():
            if point.arn not in stranded and point.gone_at is None:
                yield f"{point.arn} always fails, and no open incident says that it is stranded"
        jobs = [job for job in self.expected.world.copy_jobs() if job.started_by in self.expected.our_roles]
        starts = Counter((job.source_point_arn, job.created_at.date()) for job in jobs)
        for (arn, day), count in starts.items():
            if count > MOST_STARTS_A_DAY:
                yield f"{arn} was copied {count} times on {day}, and it always fails"

    def _is_superseded(self, point: Point) -> bool:
        """Whether people deleted the final copy and the database has a newer one, which is checked instead."""
        was_deleted = any(copy.arn in self.expected.deleted_by_hand for copy in self.expected.copies_of(point))
        return was_deleted and any(
            other.database_arn == point.database_arn
            and other.created_at > point.created_at
            and self.expected.has_good_copy(other)
            for other in self.expected.arrivals()
        )

    def _must_be_deleted(self, point: Point) -> bool:
        """Whether an arrival is no longer needed. Newer arrivals that are not verified any more do not count."""
        return self.expected.must_be_deleted(
            point, without=self.operator.safety.abandoned | {*self.expected.deleted_by_hand.values()}
        )

    def _is_well(self, point: Point) -> bool:
        if point.vault_arn in self.expected.homes:
            return bool(self.expected.copies_of(point))
        return self.expected.has_good_copy(point) and (
            point.gone_at is not None or (point.status != "EXPIRED" and not self._must_be_deleted(point))
        )

    def _has_its_cause(self, incident: Incident, point: Point) -> bool:
        """Whether the cause of an incident still exists in this world."""
        if point.vault_arn in self.expected.homes and not self.expected.stage.main.parameters.get("FirstHopRoleArn"):
            return True
        if incident.cause == "UNLOCKED":
            return not self.expected.world.vault_by_arn(self.expected.final).lock
        if self.draws.has_lonely_failing_database:
            return True
        return incident.cause == "DELETE_FAILED" and self.expected.world.unknown.delete_leaves_expired

    def _work_under_way(self) -> Iterator[str]:
        world = self.expected.world
        for job in world.copy_jobs():
            if job.is_live and job.started_by in self.expected.our_roles:
                yield f"copy job {job.id} of {job.source_point_arn} is still {job.state}"
        for main in self.mains:
            waiting = world.queue(main.ref("WorkQueue")).messages
            if waiting:
                yield f"{len(waiting)} messages remain on the work queue of {main.name}"
            for message in world.queue(main.ref("DeadLetters")).messages.values():
                if message.body not in POISON:
                    yield f"a dead letter remains in {main.name}: {message.body[:200]}"

    def _failures(self) -> Iterator[str]:
        """After the faults have ended, no function fails."""
        for line in self.expected.world.trace:
            if line.kind in ("function failed", "schedule failed") and self.quiet_since and line.at > self.quiet_since:
                yield f"in the quiet hours, at {line.at}: {line.text}"
