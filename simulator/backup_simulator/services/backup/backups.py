"""Backups of databases: plans that run on the clock, tag selections, and backup jobs on demand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from backup_simulator.errors import Refused
from backup_simulator.event_shapes import backup_job_detail
from backup_simulator.eventbridge import EventBridge
from backup_simulator.ground import Ground
from backup_simulator.identity import Identity
from backup_simulator.model import BackupJob, Caller, Database, Point, site_of, vault_arn
from backup_simulator.regions import partition_of
from backup_simulator.services.backup.copy_ledger import CopyLedger
from backup_simulator.services.backup.copying import HISTORY, Copying
from backup_simulator.services.backup.cron import Schedule
from backup_simulator.services.backup.points import Points
from backup_simulator.services.backup.selections import check_selection, selects
from backup_simulator.services.backup.settings import SettingCalls
from backup_simulator.vaults import Vaults

TRY_AGAIN = timedelta(minutes=5)
# aws-backup-limits.
MOST_ADDED_TAGS = 10


@dataclass(kw_only=True)
class Plan:
    """A backup plan with its selections; `ended` plans run no more."""

    id: str
    account: str
    region: str
    document: dict[str, Any]
    created_at: datetime
    selections: dict[str, dict[str, Any]] = field(default_factory=dict)
    last_run: datetime | None = None
    ended: bool = False

    @property
    def arn(self) -> str:
        return f"arn:{partition_of(self.region)}:backup:{self.region}:{self.account}:backup-plan:{self.id}"


class Backups:
    """All backup plans and jobs of a world."""

    def __init__(  # noqa: PLR0913 - these are what a backup depends on
        self,
        ground: Ground,
        identity: Identity,
        events: EventBridge,
        *,
        databases: Mapping[str, Database],
        vaults: Vaults,
        points: Points,
        ledger: CopyLedger,
        copying: Copying,
        settings: SettingCalls,
    ) -> None:
        self._ground = ground
        self._identity = identity
        self._events = events
        self._databases = databases
        self._vaults = vaults
        self._points = points
        self._ledger = ledger
        self._copying = copying
        self._settings = settings
        self.plans: dict[str, Plan] = {}
        self.jobs: dict[str, BackupJob] = {}

    def create_plan(self, account: str, region: str, plan: dict[str, Any], selections: list[dict[str, Any]]) -> str:
        """A plan with its selections; its rules run from now on. Raises Refused for a schedule that is none."""
        plan = deepcopy(plan)
        schedules = [
            (rule, Schedule.parse(rule.get("ScheduleExpression", "cron(0 5 ? * * *)"))) for rule in plan["Rules"]
        ]
        made = Plan(
            id=self._ground.make_id(), account=account, region=region, document=plan, created_at=self._ground.now()
        )
        self.plans[made.id] = made
        for selection in selections:
            self.add_selection(made.id, selection)
        for rule, schedule in schedules:
            self._await(made, rule, schedule)
        return made.id

    def add_selection(self, plan_id: str, selection: dict[str, Any]) -> str:
        """One more selection of a plan; its id. Raises NotModelled."""
        check_selection(selection)
        selection_id = self._ground.make_id()
        self.plans[plan_id].selections[selection_id] = deepcopy(selection)
        return selection_id

    def _await(self, plan: Plan, rule: dict[str, Any], schedule: Schedule) -> None:
        self._ground.clock.at(schedule.next_after(self._ground.now()), lambda: self._run(plan, rule, schedule))

    def _run(self, plan: Plan, rule: dict[str, Any], schedule: Schedule) -> None:
        if plan.ended:
            return
        plan.last_run = self._ground.now()
        for database in list(self._databases.values()):
            if site_of(database.arn) != (plan.account, plan.region):
                continue
            for selection in list(plan.selections.values()):
                if self._selects(selection, database):
                    self._back_up_by_plan(plan, rule, database, selection["IamRoleArn"])
        self._await(plan, rule, schedule)

    def _back_up_by_plan(self, plan: Plan, rule: dict[str, Any], database: Database, role_arn: str) -> None:
        created_by = {
            "BackupPlanId": plan.id,
            "BackupPlanArn": plan.arn,
            "BackupPlanVersion": "1",
            "BackupRuleId": rule["RuleName"],
        }
        request = {
            "BackupVaultName": rule["TargetBackupVaultName"],
            "IamRoleArn": role_arn,
            "Lifecycle": rule.get("Lifecycle", {}),
            "RecoveryPointTags": rule.get("RecoveryPointTags", {}),
        }
        self._open(database, request, created_by=created_by, copies=rule.get("CopyActions", []))

    def start_job(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        """StartBackupJob."""
        database = self._databases.get(request["ResourceArn"])
        if database is None or site_of(database.arn) != (caller.account, region):
            raise Refused("ResourceNotFoundException", f"Cannot find resource {request['ResourceArn']}")
        self._identity.check_passed_role(caller, request["IamRoleArn"])
        self._vaults.named(caller.account, region, request["BackupVaultName"])
        if len(request.get("RecoveryPointTags", {})) > MOST_ADDED_TAGS:
            raise Refused("LimitExceededException", f"At most {MOST_ADDED_TAGS} tags can be added to a recovery point.")
        job = self._open(database, request, created_by=None, copies=[])
        return {"BackupJobId": job.id, "CreationDate": job.created_at, "IsParent": False}

    def _open(
        self,
        database: Database,
        request: dict[str, Any],
        *,
        created_by: dict[str, str] | None,
        copies: list[dict[str, Any]],
    ) -> BackupJob:
        account, region = site_of(database.arn)
        job = BackupJob(
            id=self._ground.make_id().upper(),
            account=account,
            region=region,
            database=database,
            vault_arn=vault_arn(account, region, request["BackupVaultName"]),
            role_arn=request["IamRoleArn"],
            created_at=self._ground.now(),
            delete_after_days=request.get("Lifecycle", {}).get("DeleteAfterDays"),
            created_by=created_by,
            copies=copies,
            tags=dict(request.get("RecoveryPointTags", {})),
        )
        self.jobs[job.id] = job
        self._announce(job)
        self._begin(job)
        return job

    def _begin(self, job: BackupJob) -> None:
        """One backup or copy job per resource; others wait in CREATED (aws-backup-limits)."""
        if self._ledger.is_backed_up(job.account, job.database.arn) or self._ledger.is_busy(job.database.arn):
            self._ground.clock.after(TRY_AGAIN, lambda: self._begin(job))
            return
        self._ledger.begin_backup(job.account, job.database.arn)
        job.state = "RUNNING"
        self._announce(job)
        self._ground.clock.after(timedelta(minutes=15 + 30 * self._ground.random.random()), lambda: self._finish(job))

    def _finish(self, job: BackupJob) -> None:
        self._ledger.end_backup(job.account, job.database.arn)
        job.completed_at = self._ground.now()
        if self._vaults.find(job.vault_arn) is None:
            job.state, job.message = "FAILED", "Backup vault does not exist"
        else:
            point = self._land(job)
            job.state, job.point_arn = "COMPLETED", point.arn
            for action in job.copies:
                self._copy(job, point, action)
        self._announce(job)
        self._copying.wake_database(job.database.arn)

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
        """A copy action; one that cannot even be started leaves a line in the trace, as AWS leaves one in its logs."""
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

    def _selects(self, selection: dict[str, Any], database: Database) -> bool:
        account, region = site_of(database.arn)
        is_opted_in = self._settings.is_opted_in(account, region, database.resource_type)
        return selects(selection, database, is_opted_in=is_opted_in)

    def listed(self, caller: Caller, region: str) -> Sequence[BackupJob]:
        """Own jobs of the last 30 days."""
        oldest = self._ground.now() - HISTORY
        return [
            job
            for job in self.jobs.values()
            if (job.account, job.region) == (caller.account, region) and job.created_at >= oldest
        ]
