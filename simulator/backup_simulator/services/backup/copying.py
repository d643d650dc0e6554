"""Copy jobs: from StartCopyJob to a point in another vault, or to FAILED with AWS's message.

Rules 2, 9 to 13 and 15. The checks of a copy are in `copy_checks`. Sources: API_StartCopyJob,
create-cross-account-backup, recov-point-create-a-copy, and the snapshot-copy pages of RDS, Aurora, DocumentDB, Neptune.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from backup_simulator import texts
from backup_simulator.errors import Refused
from backup_simulator.event_shapes import copy_job_detail
from backup_simulator.eventbridge import EventBridge
from backup_simulator.faults import FaultPlan
from backup_simulator.ground import Ground
from backup_simulator.message_categories import category_of
from backup_simulator.model import GIBIBYTE, Caller, Job, Point, Vault, site_of, vault_name
from backup_simulator.resource_types import BY_NAME, Incremental
from backup_simulator.services.backup.copy_checks import CopyChecks
from backup_simulator.services.backup.copy_ledger import CopyLedger
from backup_simulator.services.backup.points import Points
from backup_simulator.services.backup.tokens import Tokens
from backup_simulator.switches import OverQuota
from backup_simulator.vaults import Vaults

HISTORY = timedelta(days=30)
# AWS retries system errors for two hours. After that, AWS's team starts the job again (devguide, copies).
SYSTEM_ERROR_HOURS = 2
LONG_SYSTEM_ERROR_HOURS = 72
# Invented: jobs beyond the quota "queue and may eventually fail", and no page says after how long.
LONGEST_WAIT_FOR_PLACE = timedelta(hours=6)


class Copying:
    """All copy jobs of a world."""

    def __init__(
        self,
        ground: Ground,
        events: EventBridge,
        faults: FaultPlan,
        *,
        vaults: Vaults,
        points: Points,
        ledger: CopyLedger,
        checks: CopyChecks,
    ) -> None:
        self._ground = ground
        self._events = events
        self._faults = faults
        self._vaults = vaults
        self._points = points
        self._ledger = ledger
        self._checks = checks
        self._tokens = Tokens(ground)
        self.next_id: str | None = None
        """The id that the next job gets; None draws one."""

    @property
    def jobs(self) -> dict[str, Job]:
        return self._ledger.jobs

    def start(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        """StartCopyJob."""
        site = caller.account, region
        known = self._tokens.job_of(*site, request) or self._tokens.twin_of(*site, request)
        if known is None:
            vault, point = self._checks.source(caller, region, request)
            known = self._open(caller, vault, point, request).id
            self._tokens.remember(caller.account, region, request, known)
        return {"CopyJobId": known, "CreationDate": self.jobs[known].created_at, "IsParent": False}

    def _open(self, caller: Caller, vault: Vault, point: Point, request: dict[str, Any]) -> Job:
        job = Job(
            id=self.next_id or self._ground.make_id().upper(),
            account=vault.account,
            region=vault.region,
            source_point_arn=point.arn,
            source_vault_arn=vault.arn,
            destination_vault_arn=request["DestinationBackupVaultArn"],
            database_arn=point.database_arn,
            resource_type=point.resource_type,
            size_bytes=point.size_bytes,
            role_arn=request["IamRoleArn"],
            created_at=self._ground.now(),
            delete_after_days=request.get("Lifecycle", {}).get("DeleteAfterDays"),
            token=request.get("IdempotencyToken"),
            started_by=caller.name,
            created_by=request.get("CreatedBy"),
            names_its_source=self._names_its_source(point),
        )
        self.next_id = None
        self._ledger.add(job)
        self._announce(job)
        self._ground.clock.after(self._time_in_created(), lambda: self._begin(job))
        return job

    def _names_its_source(self, source: Point) -> bool:
        """Whether a copy of this point is a copy of a copy, with a resource that is not the database."""
        return source.source_point_arn is not None and not self._ground.unknown.resource_arn_survives_second_copy

    def _time_in_created(self) -> timedelta:
        chance, unknown = self._ground.random, self._ground.unknown
        usual = timedelta(seconds=20 + 100 * chance.random())
        if not unknown.system_error_share or chance.random() >= unknown.system_error_share:
            return usual
        hours = LONG_SYSTEM_ERROR_HOURS if unknown.system_error_is_long else SYSTEM_ERROR_HOURS
        return usual + timedelta(hours=hours * chance.random())

    def _begin(self, job: Job) -> None:
        """Run the job, or let it wait in CREATED while the resource or the quota is busy."""
        ledger = self._ledger
        message = self._faults.message_for(job) or self._checks.refusal(job)
        if message is not None:
            self._fail(job, message)
        elif ledger.is_busy(job.database_arn) or ledger.is_backed_up(job.account, job.database_arn):
            # "Only one backup or copy job per resource at a time; others wait" (aws-backup-limits).
            ledger.wait_for_database(job)
        elif ledger.has_place(job):
            self._run(job)
        elif self._ground.unknown.over_quota is OverQuota.FAILS:
            self._fail(job, texts.TOO_MANY_JOBS)
        else:
            ledger.wait_for_place(job)
            if self._ground.unknown.over_quota is OverQuota.QUEUES_THEN_FAILS:
                patience = LONGEST_WAIT_FOR_PLACE * self._ground.random.random()
                self._ground.clock.after(patience, lambda: self._give_up(job))

    def _give_up(self, job: Job) -> None:
        """Fail a job that still waits for its place in the lane."""
        if self._ledger.leave_lane(job):
            self._fail(job, texts.TOO_MANY_JOBS)

    def _run(self, job: Job) -> None:
        self._ledger.occupy(job)
        job.state, job.runs_since = "RUNNING", self._ground.now()
        self._announce(job)
        self._ground.clock.after(self._duration(job), lambda: self._finish(job))

    def _duration(self, job: Job) -> timedelta:
        """Hours for a full copy, and less for an incremental one (rule 12), with random variation."""
        gibibytes = job.size_bytes / GIBIBYTE
        minutes = 20 + gibibytes * (0.3 if self.is_incremental(job) else 2.0)
        return timedelta(minutes=minutes * (0.8 + 0.4 * self._ground.random.random()))

    def is_incremental(self, job: Job) -> bool:
        """Whether the copy is incremental (rule 12).

        Types with incremental copies need the newest earlier copy of the database in the destination account and
        Region, under the same key. Copies of shared snapshots may be full: see `resource_types`.
        """
        destination = self._vaults.find(job.destination_vault_arn)
        incremental = BY_NAME[job.resource_type].incremental
        if destination is None or incremental is Incremental.NONE:
            return False
        if incremental is Incremental.WITHIN_ACCOUNT and destination.account != job.account:
            return False
        newest = self._points.newest_copy(destination.account, destination.region, job.database_arn)
        return newest is not None and newest.gone_at is None and newest.key_arn == destination.key_arn

    def _finish(self, job: Job) -> None:
        source = self._checks.point_of(job)
        if source is None:
            # RDS: deleting a source snapshot before the target is available can make the copy fail.
            self._fail(job, texts.INTERNAL)
            return
        job.destination_point_arn = self._land(job, source).arn
        job.state, job.completed_at, job.category = "COMPLETED", self._ground.now(), category_of("")
        if not self._checks.has_role(job):
            job.state, job.message = self._ground.unknown.unshare_failure_state, texts.UNSHARE
            job.category = category_of(texts.UNSHARE)
        self._announce(job)
        self._wake(job)

    def _land(self, job: Job, source: Point) -> Point:
        """The copy in its destination vault: another ARN, the original's creation date, the vault's key."""
        destination = self._vaults.by_arn(job.destination_vault_arn)
        kind = BY_NAME[job.resource_type]
        stays_plain = not source.encrypted and kind.copies_stay_unencrypted
        partition = job.database_arn.split(":")[1]
        owner = f"{destination.region}:{destination.account}"
        days = job.delete_after_days if job.delete_after_days not in (None, -1) else source.delete_after_days
        point = Point(
            arn=f"arn:{partition}:rds:{owner}:{kind.snapshot_kind}:awsbackup:copyjob-{self._ground.make_id()}",
            account=destination.account,
            region=destination.region,
            vault_arn=destination.arn,
            database_arn=job.database_arn,
            resource_type=job.resource_type,
            status="CREATING" if self._ground.unknown.arrival_is_creating_first else "COMPLETED",
            created_at=source.created_at if self._ground.unknown.creation_date_inherited else self._ground.now(),
            completed_at=self._ground.now(),
            delete_after_days=days,
            key_arn=None if stays_plain else destination.key_arn,
            encrypted=not stays_plain,
            size_bytes=source.size_bytes,
            role_arn=job.role_arn,
            tags={name: value for name, value in source.tags.items() if not name.startswith("aws:")},
            source_vault_arn=job.source_vault_arn,
            source_point_arn=source.arn,
            copy_job_id=job.id,
            created_by=job.created_by,
            names_its_source=job.names_its_source,
        )
        self._points.add(point, announce=self._ground.unknown.arrival_event)
        if point.status == "CREATING":
            self._ground.clock.after(
                timedelta(minutes=1 + 4 * self._ground.random.random()), lambda: self._settle(point)
            )
        return point

    def _settle(self, point: Point) -> None:
        if point.status == "CREATING" and point.gone_at is None:
            self._points.change_status(point, "COMPLETED")

    def _fail(self, job: Job, message: str) -> None:
        job.state, job.message, job.completed_at = "FAILED", message, self._ground.now()
        job.category = category_of(message)
        self._announce(job)
        # Not immediately: many jobs that fail one after another would be a deep recursion.
        self._ground.clock.after(timedelta(0), lambda: self._wake(job))

    def _wake(self, job: Job) -> None:
        """A place is free: start the jobs that wait for the resource or the lane, in order."""
        self._ledger.release(job)
        self.wake_database(job.database_arn)
        while (waiting := self._ledger.next_for_place(job)) is not None:
            self._begin(waiting)

    def wake_database(self, database_arn: str) -> None:
        """A job of this resource ended: start the next waiting one."""
        if (waiting := self._ledger.next_for_database(database_arn)) is not None:
            self._begin(waiting)

    def _announce(self, job: Job) -> None:
        name, vault = vault_name(job.database_arn), vault_name(job.destination_vault_arn)
        text = f"copy job {job.state}: {name} into {vault}"
        self._ground.note("copy job", job.account, job.region, text, job_id=job.id, state=job.state)
        detail = copy_job_detail(job)
        self._events.emit(job.account, job.region, "Copy Job State Change", [job.source_point_arn], detail)
        site = site_of(job.destination_vault_arn)
        if self._ground.unknown.destination_sees_copy_events and site != (job.account, job.region):
            self._events.emit(*site, "Copy Job State Change", [job.source_point_arn], detail)

    def describe(self, caller: Caller, region: str, job_id: str) -> Job:
        """DescribeCopyJob. Records are removed after 30 days."""
        job = self.jobs.get(job_id.upper())
        if job is None or (job.account, job.region) != (caller.account, region) or self._is_forgotten(job):
            raise Refused("ResourceNotFoundException", f"Cannot find copy job {job_id}")
        return job

    def listed(self, caller: Caller, region: str, source_point_arn: str | None = None) -> Sequence[Job]:
        """What ListCopyJobs can see: own jobs of 30 days, seconds after they began."""
        known = (
            self._ledger.of_site(caller.account, region)
            if source_point_arn is None
            else self._ledger.of_source(source_point_arn)
        )
        now = self._ground.now()
        settled, oldest = now - self._ground.delivery.list_lag, now - HISTORY
        return [
            job
            for job in known
            if job.created_at <= settled
            and (job.created_at >= oldest or job.is_live)
            and (job.account, job.region) == (caller.account, region)
        ]

    def _is_forgotten(self, job: Job) -> bool:
        return not job.is_live and self._ground.now() - job.created_at > HISTORY
