"""The ending: faults are off, the world has run on, and everything must have come to an end that somebody can name.

Judged from the simulator's world, from what was told, and from what the operator ordered; never from our own table.
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
# A round of tries that back off is six; a second round begins a day later at the earliest.
MOST_STARTS_A_DAY = 12


@dataclass(kw_only=True)
class LivenessChecks:
    """Demands that a night came to its end."""

    expected: Expectations
    mains: tuple[Stack, ...]
    operator: Operator
    incidents: Incidents
    draws: HostileDraws
    quiet_since: datetime | None = None
    tables_lost: dict[str, datetime] = field(default_factory=dict)
    """By the name of an installation, when its table was lost, and with it the memory of open incidents."""
    _answered: set[tuple[str, str]] = field(default_factory=set)

    def unfinished(self) -> list[Violation]:
        """Everything that has not come to its end, in words."""
        told = [each for each in self.incidents.all_open() if each.is_reported(self.expected.world)]
        settled = {incident.about for incident in told} | self.operator.safety.abandoned
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
        """How many copies of ours have come to an end so far: as long as there are more, the queue moves."""
        jobs = self.expected.world.copy_jobs()
        return sum(not job.is_live and job.started_by in self.expected.our_roles for job in jobs)

    def answer_messages(self) -> None:
        """The operator reads what was told, and retries once what waits for an operator."""
        for incident in self.incidents.all_open():
            mark = (incident.main.name, incident.id)
            is_ours = not self.expected.is_copied_back(self.expected.world.point_by_arn(incident.about))
            if WAITS in incident.next_step and mark not in self._answered and is_ours:
                self._answered.add(mark)
                self.operator.retry(incident.main, incident.about, route=incident.detail["route"])

    def _arrivals(self, settled: set[str]) -> Iterator[str]:
        """Each arrival is copied, or abandoned by name, or in an open incident; and gone if the route lets it go."""
        for point in self.expected.arrivals():
            if point.arn in settled:
                continue
            is_settled = self.expected.has_good_copy(point) or self._is_superseded(point) or self._is_forgotten(point)
            if not (is_settled or self._would_have_expired(point)):
                yield f"{point.arn} arrived, has no good copy, and no open incident says so"
            elif point.gone_at is None and self._must_be_deleted(point) and not self._is_forgotten_leftover(point):
                yield f"{point.arn} is no longer needed, is still there ({point.status}), and nobody was told"

    def _origins(self, settled: set[str]) -> Iterator[str]:
        """Each origin of a plan arrived in the watched vault, or is in an open incident."""
        for point in self.expected.origins():
            if point.arn not in settled and not self.expected.copies_of(point):
                yield f"{point.arn} never arrived in the watched vault, and no open incident says so"

    def _incidents_of_nothing(self) -> Iterator[str]:
        """An open incident that is none, or that Second Hop said it would end by itself and did not."""
        for incident in self.incidents.all_open():
            is_forgotten = incident.at <= self.tables_lost.get(incident.main.name, incident.at - A_MOMENT)
            if is_forgotten or incident.about in self.operator.safety.abandoned:
                continue
            point = self.expected.world.point_by_arn(incident.about)
            if self._is_well(point) and incident.cause not in ("TOO_LATE", "UNLOCKED"):
                yield f"the incident {incident.title!r} of {point.arn} is still open, though all is well"
            elif RETRIES in incident.next_step and not self._has_its_cause(incident, point):
                yield f"the incident {incident.title!r} of {point.arn} is still open, though its cause has long passed"

    def _is_forgotten_leftover(self, point: Point) -> bool:
        """Whether a table was lost, and with it who had asked for the delete of a point that AWS left EXPIRED."""
        return point.status == "EXPIRED" and bool(self.tables_lost)

    def _is_forgotten(self, point: Point) -> bool:
        """Whether an arrival that people had shortened was gone before a table was lost: nobody can know of it."""
        losses = self.tables_lost.values()
        return point.arn in self.expected.shortened and any(point.gone_at and point.gone_at <= loss for loss in losses)

    def _would_have_expired(self, point: Point) -> bool:
        """Whether people deleted the final copy, and it would have expired by now.

        Older copies are looked at once a week: a copy that people delete in its last week may not be missed.
        """
        now = self.expected.world.now()
        return any(
            copy.arn in self.expected.deleted_by_hand and copy.delete_at is not None and copy.delete_at <= now
            for copy in self.expected.copies_of(point)
        )

    def _lonely_failures(self) -> Iterator[str]:
        """A database whose copies always fail is stranded after some tries, however quiet the rest of its site is."""
        stranded = {each.about for each in self.incidents.all_open() if each.detail.get("state") == "STRANDED"}
        for point in self.expected.arrivals():
            if point.arn not in stranded and point.gone_at is None:
                yield f"{point.arn} fails each time, and no open incident says that it is stranded"
        jobs = [job for job in self.expected.world.copy_jobs() if job.started_by in self.expected.our_roles]
        starts = Counter((job.source_point_arn, job.created_at.date()) for job in jobs)
        for (arn, day), count in starts.items():
            if count > MOST_STARTS_A_DAY:
                yield f"{arn} was copied {count} times on {day}, though it fails each time"

    def _is_superseded(self, point: Point) -> bool:
        """Whether somebody deleted the final copy, and a newer one of the database stands, which is looked at since."""
        was_deleted = any(copy.arn in self.expected.deleted_by_hand for copy in self.expected.copies_of(point))
        return was_deleted and any(
            other.database_arn == point.database_arn
            and other.created_at > point.created_at
            and self.expected.has_good_copy(other)
            for other in self.expected.arrivals()
        )

    def _must_be_deleted(self, point: Point) -> bool:
        """Whether an arrival is no longer needed, without the newer ones that nobody verifies any more."""
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
        """Whether this very world keeps a cause up."""
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
                yield f"{len(waiting)} messages are left on the work queue of {main.name}"
            for message in world.queue(main.ref("DeadLetters")).messages.values():
                if message.body not in POISON:
                    yield f"a dead letter is left in {main.name}: {message.body[:200]}"

    def _failures(self) -> Iterator[str]:
        """While nothing is wrong any more, no function fails."""
        for line in self.expected.world.trace:
            if line.kind in ("function failed", "schedule failed") and self.quiet_since and line.at > self.quiet_since:
                yield f"in the quiet hours, at {line.at}: {line.text}"
