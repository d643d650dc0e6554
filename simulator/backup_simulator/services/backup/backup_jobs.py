"""Backup jobs: from CREATED to a recovery point in a vault of the database's account and Region, and its copies.

Both windows count from the creation of the job (API_StartBackupJob). A job that does not begin or end in time is
EXPIRED (https://dev.classmethod.jp/articles/tsnote-awsbackup-ec2-jobs-expired/).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from backup_simulator import texts
from backup_simulator.errors import Refused
from backup_simulator.event_shapes import backup_job_detail
from backup_simulator.eventbridge import EventBridge
from backup_simulator.ground import Ground
from backup_simulator.identity import Identity
from backup_simulator.model import BackupJob, Caller, Database, Point, site_of, vault_arn
from backup_simulator.services.backup.copy_checks import is_within
from backup_simulator.services.backup.copy_ledger import CopyLedger
from backup_simulator.services.backup.copying import HISTORY, Copying
from backup_simulator.services.backup.points import Points
from backup_simulator.services.backup.tokens import Tokens
from backup_simulator.vaults import Vaults

TRY_AGAIN = timedelta(minutes=5)
# API_StartBackupJob; https://github.com/aws/aws-cdk/pull/27061.
START_WINDOW_MINUTES, COMPLETION_WINDOW_MINUTES = 8 * 60, 7 * 24 * 60
EXPIRED = "Backup job expired before completion."

# DeleteAfterDays of a backup without an end (API_Lifecycle).
FOR_EVER = -1


class BackupJobs:
    """All backup jobs of a world."""

    def __init__(
        self,
        ground: Ground,
        events: EventBridge,
        *,
        vaults: Vaults,
        points: Points,
        ledger: CopyLedger,
        copying: Copying,
        identity: Identity,
    ) -> None:
        self._ground = ground
        self._events = events
        self._vaults = vaults
        self._points = points
        self._ledger = ledger
        self._copying = copying
        self._identity = identity
        self.jobs: dict[str, BackupJob] = {}
        self._tokens = Tokens(ground)

    def start(self, database: Database, request: dict[str, Any]) -> BackupJob:
        """StartBackupJob. A call that succeeded before with this token does nothing and gets the same job."""
        account, region = site_of(database.arn)
        known = self._tokens.job_of(account, region, request)
        if known is None:
            known = self.open(database, request, created_by=None, copies=[]).id
            self._tokens.remember(account, region, request, known)
        return self.jobs[known]

    def open(
        self,
        database: Database,
        request: dict[str, Any],
        *,
        created_by: dict[str, str] | None,
        copies: list[dict[str, Any]],
    ) -> BackupJob:
        """A backup job, in the shape of StartBackupJob, of a plan or on demand."""
        account, region = site_of(database.arn)
        now = self._ground.now()
        start = request.get("StartWindowMinutes") or START_WINDOW_MINUTES
        completion = request.get("CompleteWindowMinutes") or COMPLETION_WINDOW_MINUTES
        job = BackupJob(
            id=self._ground.make_id().upper(),
            account=account,
            region=region,
            database=database,
            vault_arn=vault_arn(account, region, request["BackupVaultName"]),
            role_arn=request["IamRoleArn"],
            created_at=now,
            delete_after_days=request.get("Lifecycle", {}).get("DeleteAfterDays"),
            created_by=created_by,
            copies=copies,
            starts_until=now + timedelta(minutes=start),
            completes_until=now + timedelta(minutes=completion),
            tags=dict(request.get("RecoveryPointTags", {})),
        )
        self.jobs[job.id] = job
        self._announce(job)
        self._begin(job)
        return job

    def _begin(self, job: BackupJob) -> None:
        """One backup or copy job per resource; others wait in CREATED (aws-backup-limits)."""
        now, clock = self._ground.now(), self._ground.clock
        if self._ledger.is_backed_up(job.account, job.database.arn) or self._ledger.is_busy(job.database.arn):
            if now >= job.starts_until:
                self._end(job, "EXPIRED", EXPIRED)
            else:
                clock.at(min(now + TRY_AGAIN, job.starts_until), lambda: self._begin(job))
            return
        self._ledger.begin_backup(job.account, job.database.arn)
        job.state = "RUNNING"
        self._announce(job)
        clock.after(timedelta(minutes=15 + 30 * self._ground.random.random()), lambda: self._finish(job))
        clock.at(job.completes_until, lambda: self._cancel(job))

    def _cancel(self, job: BackupJob) -> None:
        """The end of the completion window. A job that is done has nothing to cancel."""
        if job.state == "RUNNING":
            self._ledger.end_backup(job.account, job.database.arn)
            self._end(job, "EXPIRED", EXPIRED)
            self._copying.wake_database(job.database.arn)

    def _end(self, job: BackupJob, state: str, message: str) -> None:
        job.state, job.message, job.completed_at = state, message, self._ground.now()
        self._announce(job)

    def _finish(self, job: BackupJob) -> None:
        if job.state != "RUNNING":
            return
        self._ledger.end_backup(job.account, job.database.arn)
        job.completed_at = self._ground.now()
        if (reason := self._failure_of(job)) is not None:
            job.state, job.message = "FAILED", reason
        else:
            point = self._land(job)
            job.state, job.point_arn = "COMPLETED", point.arn
            for action in job.copies:
                self._copy(job, point, action)
        self._announce(job)
        self._copying.wake_database(job.database.arn)

    def _failure_of(self, job: BackupJob) -> str | None:
        """Why a backup cannot be made: its role, a vault that does not exist, or its lock (vault-lock)."""
        if not self._identity.is_assumable(job.role_arn, job.account):
            return texts.NOT_ASSUMED.format(role=job.role_arn)
        vault = self._vaults.find(job.vault_arn)
        if vault is None:
            return "Backup vault does not exist"
        days = None if job.delete_after_days == FOR_EVER else job.delete_after_days
        return None if is_within(vault.lock, days) else texts.RETENTION

    def _land(self, job: BackupJob) -> Point:
        database = job.database
        kind = "cluster-snapshot" if ":cluster:" in database.arn else "snapshot"
        partition = database.arn.split(":")[1]
        point = Point(
            arn=f"arn:{partition}:rds:{job.region}:{job.account}:{kind}:awsbackup:job-{self._ground.make_id()}",
            account=job.account,
            region=job.region,
            vault_arn=job.vault_arn,
            database_arn=database.arn,
            resource_type=database.resource_type,
            status="COMPLETED",
            created_at=job.created_at,
            completed_at=self._ground.now(),
            delete_after_days=None if job.delete_after_days == -1 else job.delete_after_days,
            # Points of this family are under the database's key, not the vault's (devguide/encryption).
            key_arn=database.key_arn,
            encrypted=database.key_arn is not None,
            size_bytes=database.size_bytes,
            role_arn=job.role_arn,
            tags={**database.tags, **job.tags},
            created_by=job.created_by,
        )
        self._points.add(point, announce=True)
        return point

    def _copy(self, job: BackupJob, point: Point, action: dict[str, Any]) -> None:
        """Start a copy action. If it cannot start, the trace gets a line, as AWS writes one to its logs."""
        request = {
            "RecoveryPointArn": point.arn,
            "SourceBackupVaultName": job.vault_arn.rpartition(":")[2],
            "DestinationBackupVaultArn": action["DestinationBackupVaultArn"],
            "IamRoleArn": job.role_arn,
            "Lifecycle": action.get("Lifecycle", {}),
            "CreatedBy": job.created_by,
        }
        try:
            self._copying.start(Caller(account=job.account, role_arn=None), job.region, request)
        except Refused as refused:
            self._ground.note("copy action refused", job.account, job.region, str(refused), point=point.arn)

    def _announce(self, job: BackupJob) -> None:
        name = job.database.arn.rpartition(":")[2]
        self._ground.note("backup job", job.account, job.region, f"backup job {job.state}: {name}", job_id=job.id)
        resources = [job.point_arn] if job.point_arn else []
        self._events.emit(job.account, job.region, "Backup Job State Change", resources, backup_job_detail(job))

    def listed(self, caller: Caller, region: str) -> Sequence[BackupJob]:
        """Own jobs of the last 30 days."""
        oldest = self._ground.now() - HISTORY
        return [
            job
            for job in self.jobs.values()
            if (job.account, job.region) == (caller.account, region) and job.created_at >= oldest
        ]
