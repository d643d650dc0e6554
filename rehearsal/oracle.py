"""The oracle checks whether every promise held. It uses only the simulator's world, never Second Hop's own table.

Each violation has the promise and its evidence.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from backup_simulator import World
from backup_simulator.model import Deletion, Job, Point, site_of
from backup_simulator.resource_types import RESOURCE_TYPES

PROMISES = {
    1: "never zero copies",
    2: "never two",
    3: "never silent",
    4: "never more than the quota",
    5: "never touch what is not ours",
}
QUOTAS = {each.name: each.copies_in_flight for each in RESOURCE_TYPES}
# Expiries are exact in the world, and rounded to seconds in API responses.
ROUNDING = timedelta(seconds=1)
# An action decided under older settings may happen this much later: an interrupted start is repeated unchanged.
STALE = timedelta(hours=12)
# If a pause follows the interruption, the start waits for the end of the pause.
STALE_START = timedelta(hours=24)
T = TypeVar("T")


def in_force(values: Sequence[tuple[datetime, T]], *, since: datetime, until: datetime) -> list[T]:
    """The values that were valid at some time of a span. Each is valid until the next one begins."""
    ends = [moment for moment, _ in values[1:]] + [datetime.max.replace(tzinfo=UTC)]
    return [value for (begin, value), end in zip(values, ends, strict=True) if begin <= until and end > since]


@dataclass(frozen=True, kw_only=True)
class Violation:
    """A broken promise, with its evidence."""

    promise: int
    evidence: str

    def __str__(self) -> str:
        return f"promise {self.promise} ({PROMISES[self.promise]}): {self.evidence}"


@dataclass(frozen=True, kw_only=True)
class Oracle:
    """Checks a world with one route.

    `roles` are the ARNs of the roles that Second Hop uses. `retention_days` is the promised retention of final copies.
    `topic_arn` is the topic for notifications.
    """

    world: World
    watched_vault_arn: str
    final_vault_arn: str
    roles: frozenset[str]
    retention_days: int
    topic_arn: str
    retention_changes: Sequence[tuple[datetime, int]] = ()
    """The retentions that were deployed later, each with its time."""

    def violations(self) -> list[Violation]:
        """Every broken promise; empty if all held."""
        found = (
            *self._never_zero_copies(),
            *self._never_two(),
            *self._never_silent(),
            *self._never_more_than_the_quota(),
            *self._never_touch_what_is_not_ours(),
        )
        return list(found)

    def _all_points(self) -> Sequence[Point]:
        return self.world.recovery_points(gone=True)

    def _our_deletions(self) -> list[Deletion]:
        return [deletion for deletion in self.world.deletions() if deletion.by in self.roles]

    def _our_jobs(self) -> list[Job]:
        return [job for job in self.world.copy_jobs() if job.started_by in self.roles]

    def _never_zero_copies(self) -> Iterator[Violation]:
        """When Second Hop requested a delete, a good final copy of the same backup existed."""
        points = self._all_points()
        for deletion in self._our_deletions():
            copies = [point for point in points if point.source_point_arn == deletion.point_arn]
            good = [copy for copy in copies if self.is_good(copy, deletion.at)]
            if not good:
                evidence = f"{deletion.point_arn} was deleted at {deletion.at} while it had no good copy"
                yield Violation(promise=1, evidence=evidence)
            elif self.outlives(self.world.point_by_arn(deletion.point_arn), good):
                evidence = f"{deletion.point_arn} was deleted at {deletion.at} and would have outlived every copy of it"
                yield Violation(promise=1, evidence=evidence)

    def outlives(self, point: Point, copies: Sequence[Point]) -> bool:
        """Whether a point expires later than each of some copies, by their lifecycles now."""
        return all(
            copy.delete_at is not None and (point.delete_at is None or point.delete_at > copy.delete_at + ROUNDING)
            for copy in copies
        )

    def is_copied_back(self, point: Point) -> bool:
        """Whether people copied a point into the watched vault from a vault of the same account."""
        job = self.world.find_copy_job(point.copy_job_id)
        return (
            job is not None
            and point.vault_arn == self.watched_vault_arn
            and job.started_by not in self.roles
            and site_of(job.source_vault_arn)[0] == site_of(self.watched_vault_arn)[0]
        )

    def is_made_by_hand(self, point: Point) -> bool:
        """Whether people made a copy, and not a backup plan or Second Hop."""
        job = self.world.find_copy_job(point.copy_job_id)
        return job is not None and job.created_by is None and job.started_by not in self.roles

    def promised_days(self, copy: Point) -> int:
        """The shortest retention that was valid when a copy was ordered. The order may be some hours old."""
        job = self.world.find_copy_job(copy.copy_job_id)
        if job is None or not self.retention_changes:
            return self.retention_days
        values = [(datetime.min.replace(tzinfo=UTC), self.retention_days), *self.retention_changes]
        return min(in_force(values, since=job.created_at - STALE_START, until=job.created_at))

    def promised_expiry(self, copy: Point) -> datetime:
        """The time until which a final copy must exist."""
        source = self.world.point_by_arn(copy.source_point_arn or "")
        return source.created_at + timedelta(days=self.promised_days(copy))

    def is_good(self, copy: Point, at: datetime) -> bool:
        """Whether a final copy existed at a time as promised: right database, key and expiry, COMPLETED."""
        key_arn = self.world.vault_by_arn(self.final_vault_arn).key_arn
        source = self.world.point_by_arn(copy.source_point_arn or "")
        return (
            copy.vault_arn == self.final_vault_arn
            and copy.landed_at is not None
            and copy.landed_at <= at
            and (copy.gone_at is None or copy.gone_at > at)
            and copy.status == "COMPLETED"
            and copy.database_arn == source.database_arn
            and copy.key_arn == (key_arn if copy.encrypted else None)
            and (copy.delete_at is None or copy.delete_at >= self.promised_expiry(copy) - ROUNDING)
        )

    def _never_two(self) -> Iterator[Violation]:
        made: dict[tuple[str, str], list[Job]] = defaultdict(list)
        for job in self._our_jobs():
            if job.state == "COMPLETED":
                made[job.source_point_arn, job.destination_vault_arn].append(job)
        for (source, destination), jobs in made.items():
            if len(jobs) > 1:
                yield Violation(promise=2, evidence=f"{source} was copied {len(jobs)} times into {destination}")
        yield from self._never_two_of_one_date()

    def _never_two_of_one_date(self) -> Iterator[Violation]:
        """One backup, identified by its database and date, has one final copy, even if it has several arrivals."""
        if not self.world.unknown.creation_date_inherited:
            return
        copied: dict[tuple[str, datetime], set[str]] = defaultdict(set)
        for job in self._our_jobs():
            if job.state == "COMPLETED" and job.destination_vault_arn == self.final_vault_arn:
                source = self.world.point_by_arn(job.source_point_arn)
                if not self.is_made_by_hand(source):
                    copied[source.database_arn, source.created_at].add(source.arn)
        for (database, created_at), sources in copied.items():
            if len(sources) > 1:
                text = (
                    f"{database} of {created_at} was copied from {len(sources)} arrivals: {', '.join(sorted(sources))}"
                )
                yield Violation(promise=2, evidence=text)

    def _never_silent(self) -> Iterator[Violation]:
        """Every arrival has a final copy, or a message names it."""
        copied = {point.source_point_arn for point in self._all_points() if point.vault_arn == self.final_vault_arn}
        messages = "\n".join(
            [message.message for message in self.world.published(self.topic_arn)]
            + [json.dumps(event["detail"]) for event in self.world.put_events if event["source"] == "secondhop"]
        )
        for point in self._all_points():
            is_required = point.vault_arn == self.watched_vault_arn and not self.is_copied_back(point)
            if is_required and point.arn not in copied and point.arn not in messages:
                yield Violation(promise=3, evidence=f"{point.arn} arrived, was not copied, and no message says so")
        for deletion in self._our_deletions():
            left = [p for p in self.world.recovery_points() if p.arn == deletion.point_arn and p.status == "EXPIRED"]
            if left and deletion.point_arn not in messages:
                evidence = f"the delete of {deletion.point_arn} was not carried out, and no message says so"
                yield Violation(promise=3, evidence=evidence)

    def _never_more_than_the_quota(self) -> Iterator[Violation]:
        changes: list[tuple[datetime, int, Job]] = []
        for job in self._our_jobs():
            changes.append((job.created_at, 1, job))
            if job.completed_at is not None:
                changes.append((job.completed_at, -1, job))
        in_flight: dict[tuple[str, str], int] = defaultdict(int)
        for at, change, job in sorted(changes, key=lambda each: (each[0], each[1])):
            region = job.destination_vault_arn.split(":")[3]
            for lane, limit in ((job.resource_type, QUOTAS[job.resource_type]), (job.database_arn, 1)):
                in_flight[lane, region] += change
                if in_flight[lane, region] > limit:
                    evidence = f"{in_flight[lane, region]} copies of {lane} into {region} were in flight at {at}"
                    yield Violation(promise=4, evidence=evidence)

    def _never_touch_what_is_not_ours(self) -> Iterator[Violation]:
        for deletion in self._our_deletions():
            if deletion.vault_arn != self.watched_vault_arn:
                yield Violation(promise=5, evidence=f"{deletion.point_arn} of {deletion.vault_arn} was deleted by us")
            if self.is_copied_back(self.world.point_by_arn(deletion.point_arn)):
                yield Violation(
                    promise=5, evidence=f"{deletion.point_arn} was copied back by people, and we deleted it"
                )
        for at, by, point_arn in self.world.lifecycle_changes:
            if by in self.roles:
                yield Violation(promise=5, evidence=f"the lifecycle of {point_arn} was changed by us at {at}")
        for job in self._our_jobs():
            if (job.source_vault_arn, job.destination_vault_arn) != (self.watched_vault_arn, self.final_vault_arn):
                evidence = f"we copied {job.source_point_arn} into {job.destination_vault_arn}"
                yield Violation(promise=5, evidence=evidence)
            if self.is_copied_back(self.world.point_by_arn(job.source_point_arn)):
                yield Violation(
                    promise=5, evidence=f"{job.source_point_arn} was copied back by people, and we copied it"
                )
