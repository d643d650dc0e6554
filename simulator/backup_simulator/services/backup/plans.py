"""Backup plans, which run on the clock, and their selections."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from backup_simulator.ground import Ground
from backup_simulator.model import Database, site_of
from backup_simulator.regions import partition_of
from backup_simulator.services.backup.backup_jobs import BackupJobs
from backup_simulator.services.backup.cron import Schedule
from backup_simulator.services.backup.plan_checks import check_plan, schedule_of
from backup_simulator.services.backup.selections import check_selection, selects
from backup_simulator.services.backup.settings import SettingCalls


@dataclass(kw_only=True)
class Plan:
    """A backup plan with its selections; `ended` plans run no more, and callers cannot find them."""

    id: str
    account: str
    region: str
    document: dict[str, Any]
    created_at: datetime
    selections: dict[str, dict[str, Any]] = field(default_factory=dict)
    selected_at: dict[str, datetime] = field(default_factory=dict)
    """When the selections were made, by their ids."""
    tags: dict[str, str] = field(default_factory=dict)
    creator_request_id: str | None = None
    requested: dict[str, str] = field(default_factory=dict)
    """The selections that requests with a CreatorRequestId made."""
    last_run: datetime | None = None
    ended: bool = False
    deleted_at: datetime | None = None
    earlier: list[tuple[str, datetime, dict[str, Any]]] = field(default_factory=list)
    """The versions before the current one: their ids, times and documents."""

    @property
    def arn(self) -> str:
        return f"arn:{partition_of(self.region)}:backup:{self.region}:{self.account}:backup-plan:{self.id}"

    def rule_id(self, rule: Mapping[str, Any]) -> str:
        """A rule's id. It is drawn from the plan and the rule's name, so that it costs the world no chance."""
        return str(uuid5(NAMESPACE_OID, f"{self.id} {rule['RuleName']}"))

    @property
    def version_id(self) -> str:
        """Drawn from the plan and the number of the version, so that it costs the world no chance."""
        return b64encode(uuid5(NAMESPACE_OID, f"{self.id} {len(self.earlier)}").bytes).decode().rstrip("=")


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
        """A plan with its selections; its rules run from now on. Raises Refused or NotModelled."""
        for selection in selections:
            check_selection(selection)
        check_plan(plan)
        made = Plan(
            id=self._ground.make_id(),
            account=account,
            region=region,
            document=deepcopy(plan),
            created_at=self._ground.now(),
        )
        self.by_id[made.id] = made
        for selection in selections:
            self.add_selection(made.id, selection)
        self._begin(made)
        return made.id

    def update(self, plan: Plan, document: dict[str, Any]) -> None:
        """Another version of a plan, with rules that run from now on. Raises Refused or NotModelled."""
        check_plan(document)
        plan.earlier.append((plan.version_id, self._ground.now(), plan.document))
        plan.document = deepcopy(document)
        self._begin(plan)

    def _begin(self, plan: Plan) -> None:
        for rule in plan.document["Rules"]:
            self._await(plan, rule, schedule_of(rule), len(plan.earlier))

    def add_selection(self, plan_id: str, selection: dict[str, Any]) -> str:
        """One more selection of a plan; its id. Raises NotModelled."""
        check_selection(selection)
        selection_id = self._ground.make_id()
        self.by_id[plan_id].selections[selection_id] = deepcopy(selection)
        self.by_id[plan_id].selected_at[selection_id] = self._ground.now()
        return selection_id

    def _await(self, plan: Plan, rule: dict[str, Any], schedule: Schedule, version: int) -> None:
        """Wait for the next run of a rule, if there is one."""
        moment = schedule.next_after(self._ground.now())
        if moment is not None:
            self._ground.clock.at(moment, lambda: self._run(plan, rule, schedule, version))

    def _run(self, plan: Plan, rule: dict[str, Any], schedule: Schedule, version: int) -> None:
        if plan.ended or version != len(plan.earlier):
            return
        plan.last_run = self._ground.now()
        for database in list(self._databases.values()):
            if site_of(database.arn) != (plan.account, plan.region):
                continue
            for selection in list(plan.selections.values()):
                if self._selects(selection, database):
                    self._back_up_by_plan(plan, rule, database, selection["IamRoleArn"])
        self._await(plan, rule, schedule, version)

    def _back_up_by_plan(self, plan: Plan, rule: dict[str, Any], database: Database, role_arn: str) -> None:
        created_by = {
            "BackupPlanId": plan.id,
            "BackupPlanArn": plan.arn,
            "BackupPlanVersion": plan.version_id,
            "BackupRuleId": plan.rule_id(rule),
        }
        request = {
            "BackupVaultName": rule["TargetBackupVaultName"],
            "IamRoleArn": role_arn,
            "Lifecycle": rule.get("Lifecycle", {}),
            "RecoveryPointTags": rule.get("RecoveryPointTags", {}),
            "StartWindowMinutes": rule.get("StartWindowMinutes"),
            "CompleteWindowMinutes": rule.get("CompletionWindowMinutes"),
        }
        self._jobs.open(database, request, created_by=created_by, copies=rule.get("CopyActions", []))

    def _selects(self, selection: dict[str, Any], database: Database) -> bool:
        account, region = site_of(database.arn)
        is_opted_in = self._settings.is_opted_in(account, region, database.resource_type)
        return selects(selection, database, is_opted_in=is_opted_in)
