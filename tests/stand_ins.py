"""Stand-ins for the ports, for tests of one use case at a time. The simulator is what tests everything together."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypedDict, Unpack

from secondhop.adapters.memory_chains import MemoryChains
from secondhop.application.advance_chain import AdvanceChain
from secondhop.application.perform import Performer
from secondhop.application.ports import RefusedError, StartedJob
from secondhop.application.report import Report
from secondhop.application.work import JobNews, Look, PointNews, Work
from secondhop.domain.advance import Decision
from secondhop.domain.arn import Site, Vault
from secondhop.domain.chain import Chain, ChainKey
from secondhop.domain.command import ReleaseIntermediate, StartCopy
from secondhop.domain.observation import JobSeen, PointSeen, VaultSeen
from secondhop.domain.route import Route, VaultLock
from tests.builders import (
    ARRIVAL_ARN,
    DR_KEY,
    DR_VAULT,
    NOW,
    ORDERS,
    WATCHED,
    WATCHED_KEY,
    WORKLOAD_VAULT,
    a_copy,
    a_route,
    an_arrival,
)
from tests.plain_words import strange_words
from tests.small_stand_ins import StandInAnnouncer, StandInKeys, StandInQueue

# More than any quick test asks of AWS Backup (3,206); a sweep that never ends asks so much within seconds.
WITHOUT_END = 5_000


@dataclass
class Clock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **duration: float) -> None:
        self.now += timedelta(**duration)


@dataclass
class StandInBackup:
    """AWS Backup as two dictionaries. `troubles` are raised, once each, by the operation that they are filed under.

    Like AWS it knows a job only in the account and Region that it started from, and answers as narrowly as it is asked.
    """

    clock: Clock
    points: dict[tuple[str, str], PointSeen] = field(default_factory=dict)
    jobs: dict[str, JobSeen] = field(default_factory=dict)
    started: list[StartCopy] = field(default_factory=list)
    deleted: list[ReleaseIntermediate] = field(default_factory=list)
    troubles: dict[str, deque[BaseException]] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=lambda: {WATCHED.arn: WATCHED_KEY, DR_VAULT.arn: DR_KEY})
    locks: dict[str, VaultLock] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    databases: dict[str, tuple[str, str]] = field(default_factory=dict)
    delete_does: str = "deletes"
    asked: int = 0
    most_asked: int = WITHOUT_END

    def _trouble(self, operation: str) -> None:
        self.asked += 1
        assert self.asked < self.most_asked, f"{operation} is asked for without end"
        if self.troubles.get(operation):
            raise self.troubles[operation].popleft()

    def fail(self, operation: str, *errors: BaseException) -> None:
        self.troubles.setdefault(operation, deque()).extend(errors)

    def put(self, point: PointSeen) -> None:
        self.points[point.vault_arn, point.arn] = point
        self.databases[point.arn] = (point.database, point.resource_type)

    def point(self, vault: Vault, arn: str) -> PointSeen | None:
        self._trouble("point")
        return self.points.get((vault.arn, arn))

    def vault(self, vault: Vault) -> VaultSeen:
        self._trouble("vault")
        return VaultSeen(key_arn=self.keys.get(vault.arn), lock=self.locks.get(vault.arn, VaultLock.NONE))

    def points_of(self, vault: Vault, database: str) -> Iterator[PointSeen]:
        self._trouble("points_of")
        yield from [p for (v, _), p in self.points.items() if v == vault.arn and p.database == database]

    def points_between(self, vault: Vault, *, after: datetime, before: datetime) -> Iterator[PointSeen]:
        self._trouble("points_between")
        yield from [p for (v, _), p in self.points.items() if v == vault.arn and after <= p.created_at < before]

    def job(self, site: Site, job_id: str) -> JobSeen | None:
        self._trouble("job")
        job = self.jobs.get(job_id)
        return job if job is not None and _started_from(job) == site else None

    def jobs_into(self, destination: Vault, *, from_site: Site, database: str) -> Iterator[JobSeen]:
        self._trouble("jobs_into")
        for job in list(self.jobs.values()):
            is_asked_for = (job.destination_vault_arn, _started_from(job)) == (destination.arn, from_site)
            if is_asked_for and self._told_of(job)[0] == database:
                yield job

    def jobs_since(self, destination: Vault, *, from_site: Site, after: datetime) -> Iterator[JobSeen]:
        self._trouble("jobs_since")
        for job in list(self.jobs.values()):
            is_asked_for = (job.destination_vault_arn, _started_from(job)) == (destination.arn, from_site)
            if is_asked_for and (job.created_at is None or job.created_at >= after):
                yield job

    def jobs_in_state(self, state: str, *, source: Site, destination: Vault, after: datetime) -> Iterator[JobNews]:
        self._trouble(f"jobs {state}")
        for job in list(self.jobs.values()):
            is_in_slice = job.created_at is None or job.created_at >= after
            if (job.state, job.destination_vault_arn, _started_from(job)) == (state, destination.arn, source):
                came_from = WORKLOAD_VAULT if destination == WATCHED else WATCHED
                database, resource_type = self._told_of(job)
                if is_in_slice:
                    yield JobNews(
                        job=job, source_vault_arn=came_from.arn, database=database, resource_type=resource_type
                    )

    def _told_of(self, job: JobSeen) -> tuple[str, str]:
        """Database and resource type of a job; AWS remembers them when the point is gone."""
        return self.databases.get(job.source, (ORDERS, "RDS"))

    def start(self, command: StartCopy) -> StartedJob:
        self._trouble("start")
        if command.token not in self.tokens:
            if (command.source_vault.arn, command.source) not in self.points:
                raise RefusedError("ResourceNotFoundException", f"Cannot find recovery point {command.source}")
            job_id = f"JOB-{len(self.jobs) + 1}"
            self.tokens[command.token] = job_id
            self.jobs[job_id] = JobSeen(
                job_id=job_id,
                state="CREATED",
                source=command.source,
                destination_vault_arn=command.destination.arn,
                created_at=self.clock.now,
            )
            self.started.append(command)
        self._trouble("answer to start")
        job = self.jobs[self.tokens[command.token]]
        return StartedJob(job_id=job.job_id, created_at=job.created_at or self.clock.now)

    def finish(self, job_id: str, copy: PointSeen) -> JobSeen:
        """Let a job complete with a copy in its destination vault."""
        self.put(copy)
        self.jobs[job_id] = replace(self.jobs[job_id], state="COMPLETED", arrival=copy.arn)
        return self.jobs[job_id]

    def fail_job(self, job_id: str, message: str) -> JobSeen:
        self.jobs[job_id] = replace(self.jobs[job_id], state="FAILED", message=message)
        return self.jobs[job_id]

    def delete(self, command: ReleaseIntermediate) -> None:
        self._trouble("delete")
        self.deleted.append(command)
        place = (command.vault.arn, command.point)
        if self.delete_does == "deletes":
            del self.points[place]
        elif self.delete_does != "nothing":
            self.points[place] = replace(self.points[place], status=self.delete_does)


def _started_from(job: JobSeen) -> Site:
    """A job lives where its source does, which the source's ARN names."""
    _, _, _, region, account, *_ = job.source.split(":")
    return Site(account, region)


class StageOptions(TypedDict, total=False):
    """What a test says of its installation."""

    route: Route
    clock: Clock
    chains: MemoryChains
    keys: StandInKeys
    queue: StandInQueue
    announcer: StandInAnnouncer
    observe_only: bool


@dataclass
class Stage:
    """One installation on stand-ins."""

    route: Route = field(default_factory=a_route)
    clock: Clock = field(default_factory=Clock)
    chains: MemoryChains = field(default_factory=MemoryChains)
    keys: StandInKeys = field(default_factory=StandInKeys)
    queue: StandInQueue = field(default_factory=StandInQueue)
    announcer: StandInAnnouncer = field(default_factory=StandInAnnouncer)
    observe_only: bool = False

    def __post_init__(self) -> None:
        self.backup, self.decisions = StandInBackup(self.clock), list[Decision]()

    def performer(self) -> Performer:
        return Performer(
            chains=self.chains,
            backup=self.backup,
            keys=self.keys,
            queue=self.queue,
            announcer=self.announcer,
            now=self.clock,
        )

    def __call__(self, work: Work) -> Report:
        actor = AdvanceChain(
            routes=(self.route,),
            chains=self.chains,
            backup=self.backup,
            performer=self.performer(),
            now=self.clock,
            observe_only=self.observe_only,
        )
        report = actor(work)
        self.decisions += [step.decision for step in report.steps]
        for reason in (*(step.reason for step in report.steps), report.ignored or "nothing"):
            assert not strange_words(reason), reason
        return report

    def drain(self) -> None:
        """Work off the queue, as the one actor does."""
        while self.queue.work:
            self(self.queue.work.pop(0))

    @property
    def chain(self) -> Chain:
        return self.chains.all()[0]


KEY = ChainKey(ARRIVAL_ARN, "default")
LOOK = Look(key=KEY)


def arrived(**changes: object) -> PointNews:
    made: dict[str, Any] = {"arn": ARRIVAL_ARN, "vault_arn": WATCHED.arn, "status": "COMPLETED", "created_at": None}
    return PointNews(**{**made, "database": ORDERS, "resource_type": "RDS", **changes})


def empty(chains: MemoryChains) -> None:
    """Let all items of the table be lost."""
    vars(chains).update(vars(MemoryChains()))


def job_news(job: JobSeen) -> JobNews:
    return JobNews(job=job, source_vault_arn=WATCHED.arn, database=ORDERS, resource_type="RDS")


def copying(**options: Unpack[StageOptions]) -> Stage:
    """A stage whose one copy is under way."""
    stage = Stage(**options)
    stage.backup.put(an_arrival())
    stage(arrived())
    return stage


def complete(**options: Unpack[StageOptions]) -> Stage:
    """A stage whose one copy is verified."""
    stage = copying(**options)
    stage(job_news(stage.backup.finish("JOB-1", a_copy())))
    return stage
