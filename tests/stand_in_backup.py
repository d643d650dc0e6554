"""The stand-in for AWS Backup, for tests of one use case. `tests/contract/test_backup_port.py` compares it with AWS."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from secondhop.application.ports import RefusedError, StartedJob
from secondhop.application.work import JobNews
from secondhop.domain.arn import Site, Vault
from secondhop.domain.command import ReleaseIntermediate, StartCopy
from secondhop.domain.errors import DeniedError
from secondhop.domain.observation import JobSeen, PointSeen, VaultSeen
from secondhop.domain.route import VaultLock
from secondhop.domain.source import USABLE
from tests.builders import DR_KEY, DR_VAULT, NOW, ORDERS, SECOND_DR_VAULT, WATCHED, WATCHED_KEY, WORKLOAD_VAULT

# More than any quick test asks of AWS Backup (3,206); a sweep that never ends asks so much within seconds.
WITHOUT_END = 5_000
HISTORY = timedelta(days=30)
LIVE = ("CREATED", "RUNNING")
KEYS = {WATCHED: WATCHED_KEY, DR_VAULT: DR_KEY, SECOND_DR_VAULT: "far-key", WORKLOAD_VAULT: "workload-key"}


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

    A vault exists if `keys` has its key. `delete_does` says what an accepted delete does at once: "deletes", "nothing",
    or the status that the point gets. `resources` are the resource and its type that the jobs of each point name. AWS
    still knows them when the point is gone.
    """

    clock: Clock
    points: dict[tuple[str, str], PointSeen] = field(default_factory=dict)
    jobs: dict[str, JobSeen] = field(default_factory=dict)
    started: list[StartCopy] = field(default_factory=list)
    deleted: list[ReleaseIntermediate] = field(default_factory=list)
    troubles: dict[str, deque[BaseException]] = field(default_factory=dict)
    keys: dict[str, str | None] = field(default_factory=lambda: {vault.arn: key for vault, key in KEYS.items()})
    locks: dict[str, VaultLock] = field(default_factory=dict)
    tokens: dict[tuple[Site, str], str] = field(default_factory=dict)
    resources: dict[str, tuple[str, str]] = field(default_factory=dict)
    source_vaults: dict[str, str] = field(default_factory=dict)
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
        self.resources[point.arn] = (point.database, point.resource_type)

    # ------------------------------------------------------------ recovery points and vaults

    def point(self, vault: Vault, arn: str) -> PointSeen | None:
        self._trouble("point")
        self._check_exists(vault)
        return self.points.get((vault.arn, arn))

    def vault(self, vault: Vault) -> VaultSeen:
        self._trouble("vault")
        self._check_exists(vault)
        return VaultSeen(key_arn=self.keys[vault.arn], lock=self.locks.get(vault.arn, VaultLock.NONE))

    def points_of(self, vault: Vault, resource: str) -> Iterator[PointSeen]:
        self._trouble("points_of")
        yield from [point for point in self._points_in(vault) if point.database == resource]

    def points_between(self, vault: Vault, *, after: datetime, before: datetime) -> Iterator[PointSeen]:
        self._trouble("points_between")
        yield from [point for point in self._points_in(vault) if after < point.created_at < before]

    def _points_in(self, vault: Vault) -> list[PointSeen]:
        self._check_exists(vault)
        return [point for (vault_arn, _), point in self.points.items() if vault_arn == vault.arn]

    def _check_exists(self, vault: Vault) -> None:
        if vault.arn not in self.keys:
            raise DeniedError(f"Insufficient privileges to perform this action on {vault.name}.")

    # ------------------------------------------------------------ copy jobs

    def job(self, site: Site, job_id: str) -> JobSeen | None:
        self._trouble("job")
        return next((job for job in self._jobs_of(site) if job.job_id == job_id), None)

    def jobs_into(self, destination: Vault, *, from_site: Site, database: str) -> Iterator[JobSeen]:
        self._trouble("jobs_into")
        jobs = self._jobs_of(from_site, destination)
        yield from [job for job in jobs if self._resource_of(job)[0] == database]

    def jobs_since(self, destination: Vault, *, from_site: Site, after: datetime) -> Iterator[JobSeen]:
        self._trouble("jobs_since")
        yield from [job for job in self._jobs_of(from_site, destination) if _is_made_after(job, after)]

    def jobs_in_state(
        self, state: str, *, source: Site, destination: Vault | None, after: datetime
    ) -> Iterator[JobNews]:
        self._trouble(f"jobs {state}")
        for job in self._jobs_of(source, destination):
            if job.state == state and _is_made_after(job, after):
                vault_arn = self._source_vault_of(job)
                resource, resource_type = self._resource_of(job)
                yield JobNews(job=job, source_vault_arn=vault_arn, database=resource, resource_type=resource_type)

    def _jobs_of(self, site: Site, destination: Vault | None = None) -> list[JobSeen]:
        """AWS knows a job in the site that it started from, for 30 days."""
        oldest = self.clock.now - HISTORY
        here = (job for job in self.jobs.values() if _started_from(job) == site)
        known = (job for job in here if job.state in LIVE or job.created_at is None or job.created_at >= oldest)
        return [job for job in known if destination is None or job.destination_vault_arn == destination.arn]

    def _resource_of(self, job: JobSeen) -> tuple[str, str]:
        """Resource and resource type of a job; those of the orders database if no test says otherwise."""
        return self.resources.get(job.source, (ORDERS, "RDS"))

    def _source_vault_of(self, job: JobSeen) -> str:
        """The vault that a job copies from; if no test says otherwise, the one before its destination."""
        before = WORKLOAD_VAULT if job.destination_vault_arn == WATCHED.arn else WATCHED
        return self.source_vaults.get(job.job_id, before.arn)

    # ------------------------------------------------------------ effects

    def start(self, command: StartCopy) -> StartedJob:
        self._trouble("start")
        token = (command.source_vault.site, command.token)
        if token not in self.tokens:
            self.tokens[token] = self._new_job(command)
            self.started.append(command)
        self._trouble("answer to start")
        job = self.jobs[self.tokens[token]]
        return StartedJob(job_id=job.job_id, created_at=job.created_at or self.clock.now)

    def _new_job(self, command: StartCopy) -> str:
        source = self._effect_on(command.source_vault, command.source)
        if source.status not in USABLE:
            raise RefusedError("InvalidRequestException", f"Recovery point is in state {source.status}")
        job_id = f"JOB-{len(self.jobs) + 1}"
        self.source_vaults[job_id] = command.source_vault.arn
        self.jobs[job_id] = JobSeen(
            job_id=job_id,
            state="CREATED",
            source=command.source,
            destination_vault_arn=command.destination.arn,
            created_at=self.clock.now,
            delete_after_days=command.delete_after_days,
            resource=self.resources[command.source][0],
        )
        return job_id

    def _effect_on(self, vault: Vault, arn: str) -> PointSeen:
        """The point that an effect names. Raises RefusedError."""
        if vault.arn not in self.keys:
            raise RefusedError("AccessDeniedException", "Insufficient privileges to perform this action.")
        if (vault.arn, arn) not in self.points:
            raise RefusedError("ResourceNotFoundException", f"Cannot find recovery point {arn}")
        return self.points[vault.arn, arn]

    def finish(self, job_id: str, copy: PointSeen) -> JobSeen:
        """Let a job complete with a copy in its destination vault."""
        self.put(copy)
        return self._end(replace(self.jobs[job_id], state="COMPLETED", arrival=copy.arn))

    def fail_job(self, job_id: str, message: str) -> JobSeen:
        return self._end(replace(self.jobs[job_id], state="FAILED", message=message))

    def _end(self, job: JobSeen) -> JobSeen:
        ended = self.jobs[job.job_id] = replace(job, completed_at=self.clock.now)
        return ended

    def delete(self, command: ReleaseIntermediate) -> None:
        self._trouble("delete")
        point = self._effect_on(command.vault, command.point)
        if self.locks.get(command.vault.arn, VaultLock.NONE) is not VaultLock.NONE:
            raise RefusedError(
                "InvalidRequestException", "RecoveryPoint cannot be deleted (vault configured with Lock)"
            )
        if point.status == "DELETING":
            raise RefusedError("InvalidResourceStateException", "Recovery point is already being deleted.")
        self.deleted.append(command)
        place = (command.vault.arn, command.point)
        if self.delete_does == "deletes":
            del self.points[place]
        elif self.delete_does != "nothing":
            self.points[place] = replace(point, status=self.delete_does)


def _is_made_after(job: JobSeen, moment: datetime) -> bool:
    """AWS knows the time of every job, also of one that a test made without."""
    return job.created_at is None or job.created_at > moment


def _started_from(job: JobSeen) -> Site:
    """A job lives where its source does, which the source's ARN names."""
    _, _, _, region, account, *_ = job.source.split(":")
    return Site(account, region)
