"""Backup plans, which run on the clock, and their selections."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from backup_simulator.ground import Ground
from backup_simulator.model import Database, site_of
from backup_simulator.regions import partition_of
from backup_simulator.services.backup.backup_jobs import BackupJobs
from backup_simulator.services.backup.cron import Schedule
from backup_simulator.services.backup.selections import check_selection, selects
from backup_simulator.services.backup.settings import SettingCalls


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


class Plans:
    """All backup plans of a world, by id."""

    def __init__(
        self, ground: Ground, databases: Mapping[str, Database], settings: SettingCalls, jobs: BackupJobs
    ) -> None:
        self._ground = ground
        self._databases = databases
        self._settings = settings
        self._jobs = jobs
        self.by_id: dict[str, Plan] = {}

    def create(self, account: str, region: str, plan: dict[str, Any], selections: list[dict[str, Any]]) -> str:
        """A plan with its selections; its rules run from now on. Raises Refused for a schedule that is none."""
        plan = deepcopy(plan)
        schedules = [
            (rule, Schedule.parse(rule.get("ScheduleExpression", "cron(0 5 ? * * *)"))) for rule in plan["Rules"]
        ]
        made = Plan(
            id=self._ground.make_id(), account=account, region=region, document=plan, created_at=self._ground.now()
        )
        self.by_id[made.id] = made
        for selection in selections:
            self.add_selection(made.id, selection)
        for rule, schedule in schedules:
            self._await(made, rule, schedule)
        return made.id

    def add_selection(self, plan_id: str, selection: dict[str, Any]) -> str:
        """One more selection of a plan; its id. Raises NotModelled."""
        check_selection(selection)
        selection_id = self._ground.make_id()
        self.by_id[plan_id].selections[selection_id] = deepcopy(selection)
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
        self._jobs.open(database, request, created_by=created_by, copies=rule.get("CopyActions", []))

    def _selects(self, selection: dict[str, Any], database: Database) -> bool:
        account, region = site_of(database.arn)
        is_opted_in = self._settings.is_opted_in(account, region, database.resource_type)
        return selects(selection, database, is_opted_in=is_opted_in)
