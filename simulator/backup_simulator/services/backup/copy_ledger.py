"""Finds copy jobs by site, by source, and by the resource and quota that they use.

Rule 9: one running job per resource, and a quota per resource type, destination account and Region. Other jobs wait in
CREATED, in the order of their creation.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterable

from backup_simulator.model import Job, site_of
from backup_simulator.resource_types import BY_NAME

Lane = tuple[str, str, str]


class CopyLedger:
    """Copy jobs, and their places in the quotas."""

    def __init__(self) -> None:
        self.jobs: dict[str, Job] = {}
        self._by_site: dict[tuple[str, str], dict[str, Job]] = defaultdict(dict)
        self._by_source: dict[str, list[Job]] = defaultdict(list)
        self._busy: dict[str, str] = {}
        self._in_lane: Counter[Lane] = Counter()
        self._for_database: dict[str, deque[Job]] = defaultdict(deque)
        self._for_lane: dict[Lane, deque[Job]] = defaultdict(deque)
        self._backed_up: Counter[tuple[str, str]] = Counter()

    def add(self, job: Job) -> None:
        self.jobs[job.id] = job
        self._by_site[job.account, job.region][job.id] = job
        self._by_source[job.source_point_arn].append(job)

    def of_site(self, account: str, region: str) -> Iterable[Job]:
        return self._by_site[account, region].values()

    def of_source(self, point_arn: str) -> Iterable[Job]:
        return self._by_source.get(point_arn, ())

    def is_busy(self, database_arn: str) -> bool:
        return database_arn in self._busy

    def has_place(self, job: Job) -> bool:
        return self._in_lane[lane_of(job)] < BY_NAME[job.resource_type].copies_in_flight

    def is_backed_up(self, account: str, database_arn: str) -> bool:
        """Whether a backup job of this account works on the database."""
        return self._backed_up[account, database_arn] > 0

    def begin_backup(self, account: str, database_arn: str) -> None:
        self._backed_up[account, database_arn] += 1

    def end_backup(self, account: str, database_arn: str) -> None:
        self._backed_up[account, database_arn] -= 1

    def copies_from(self, point_arn: str) -> list[Job]:
        """The live copy jobs of a recovery point."""
        return [job for job in self.of_source(point_arn) if job.is_live]

    def wait_for_database(self, job: Job) -> None:
        self._for_database[job.database_arn].append(job)

    def wait_for_place(self, job: Job) -> None:
        self._for_lane[lane_of(job)].append(job)

    def leave_lane(self, job: Job) -> bool:
        """Remove a waiting job from its lane; whether it was there."""
        waiting = self._for_lane.get(lane_of(job), ())
        if job not in waiting:
            return False
        self._for_lane[lane_of(job)].remove(job)
        return True

    def occupy(self, job: Job) -> None:
        """Record that a job runs."""
        self._busy[job.database_arn] = job.id
        self._in_lane[lane_of(job)] += 1

    def release(self, job: Job) -> None:
        """Record that a job ended, even if it never ran."""
        if self._busy.get(job.database_arn) == job.id:
            del self._busy[job.database_arn]
            self._in_lane[lane_of(job)] -= 1

    def next_for_database(self, database_arn: str) -> Job | None:
        waiting = self._for_database.get(database_arn)
        return waiting.popleft() if waiting else None

    def next_for_place(self, job: Job) -> Job | None:
        """The next waiting job of this job's lane, if it has a free place."""
        waiting = self._for_lane.get(lane_of(job))
        return waiting.popleft() if waiting and self.has_place(job) else None


def lane_of(job: Job) -> Lane:
    """What a quota counts: resource type, destination account, destination Region."""
    account, region = site_of(job.destination_vault_arn)
    return job.resource_type, account, region
