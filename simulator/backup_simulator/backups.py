"""Backups of databases: plans that run on the clock, tag selections, and backup jobs on demand."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from backup_simulator.errors import NotModelled, Refused
from backup_simulator.model import Caller, Database, Point, site_of

if TYPE_CHECKING:
    from backup_simulator.world import World

CLUSTERS = ("Aurora", "DocumentDB", "Neptune")


class Backups:
    """All backup plans and jobs of a world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.databases: dict[str, Database] = {}
        self.plans: dict[str, dict[str, Any]] = {}

    def create_plan(self, account: str, region: str, plan: dict[str, Any], selections: list[dict[str, Any]]) -> str:
        """A plan with its selections; its rules run from now on."""
        plan_id = self._world.make_id()
        self.plans[plan_id] = {"plan": plan, "selections": selections, "account": account, "region": region}
        for rule in plan["Rules"]:
            self._schedule(plan_id, rule)
        return plan_id

    def _schedule(self, plan_id: str, rule: dict[str, Any]) -> None:
        moment = next_daily(rule["ScheduleExpression"], self._world.now())
        self._world.clock.at(moment, lambda: self._run(plan_id, rule))

    def _run(self, plan_id: str, rule: dict[str, Any]) -> None:
        owner = self.plans[plan_id]
        for database in list(self.databases.values()):
            if site_of(database.arn) != (owner["account"], owner["region"]):
                continue
            for selection in owner["selections"]:
                if _selects(selection, database):
                    self._back_up_by_plan(plan_id, rule, database, selection["IamRoleArn"])
        self._schedule(plan_id, rule)

    def _back_up_by_plan(self, plan_id: str, rule: dict[str, Any], database: Database, role_arn: str) -> None:
        account, region = site_of(database.arn)
        partition = database.arn.split(":")[1]
        created_by = {
            "BackupPlanId": plan_id,
            "BackupPlanArn": f"arn:{partition}:backup:{region}:{account}:backup-plan:{plan_id}",
            "BackupPlanVersion": "1",
            "BackupRuleId": rule["RuleName"],
        }
        days = rule.get("Lifecycle", {}).get("DeleteAfterDays")
        vault = rule["TargetBackupVaultName"]
        copies = rule.get("CopyActions", [])
        self._back_up(database, vault, role_arn, days, created_by=created_by, copies=copies)

    def start_job(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        """StartBackupJob."""
        database = self.databases.get(request["ResourceArn"])
        if database is None or site_of(database.arn) != (caller.account, region):
            raise Refused("ResourceNotFoundException", f"Cannot find resource {request['ResourceArn']}")
        self._world.identity.check_passed_role(caller, request["IamRoleArn"])
        self._world.vault_of(caller.account, region, request["BackupVaultName"])
        days = request.get("Lifecycle", {}).get("DeleteAfterDays")
        self._back_up(database, request["BackupVaultName"], request["IamRoleArn"], days, created_by=None, copies=[])
        return {"BackupJobId": self._world.make_id().upper(), "CreationDate": self._world.now(), "IsParent": False}

    def _back_up(
        self,
        database: Database,
        vault_name: str,
        role_arn: str,
        days: int | None,
        *,
        created_by: dict[str, str] | None,
        copies: list[dict[str, Any]],
    ) -> None:
        world = self._world
        began = world.now()
        account, region = site_of(database.arn)

        def finish() -> None:
            kind = "cluster-snapshot" if database.resource_type in CLUSTERS else "snapshot"
            partition = database.arn.split(":")[1]
            point = Point(
                arn=f"arn:{partition}:rds:{region}:{account}:{kind}:awsbackup:job-{world.make_id()}",
                account=account,
                region=region,
                vault_arn=world.vault_of(account, region, vault_name).arn,
                database_arn=database.arn,
                resource_type=database.resource_type,
                status="COMPLETED",
                created_at=began,
                completed_at=world.now(),
                delete_after_days=days,
                # Points of this family are under the database's key, not the vault's (devguide/encryption).
                key_arn=database.key_arn,
                encrypted=database.key_arn is not None,
                size_bytes=database.size_bytes,
                role_arn=role_arn,
                tags=dict(database.tags),
                created_by=created_by,
            )
            world.add_point(point, announce=True)
            for action in copies:
                self._copy(point, vault_name, role_arn, action, created_by)

        world.clock.after(timedelta(minutes=15 + 30 * world.random.random()), finish)

    def _copy(
        self, point: Point, vault_name: str, role_arn: str, action: dict[str, Any], created_by: dict[str, str] | None
    ) -> None:
        request = {
            "RecoveryPointArn": point.arn,
            "SourceBackupVaultName": vault_name,
            "DestinationBackupVaultArn": action["DestinationBackupVaultArn"],
            "IamRoleArn": role_arn,
            "Lifecycle": action.get("Lifecycle", {}),
            "CreatedBy": created_by,
        }
        caller = Caller(account=point.account, role_arn=None)
        self._world.copying.start(caller, point.region, request)


def _selects(selection: dict[str, Any], database: Database) -> bool:
    if database.arn in selection.get("Resources", []):
        return True
    return any(
        # STRINGEQUALS on tags, case-sensitive (assigning-resources).
        tag["ConditionType"] == "STRINGEQUALS" and database.tags.get(tag["ConditionKey"]) == tag["ConditionValue"]
        for tag in selection.get("ListOfTags", [])
    )


def next_daily(expression: str, now: datetime) -> datetime:
    """The next moment of `cron(minute hour * * ? *)`, the daily form that backup plans mostly have."""
    fields = expression.removeprefix("cron(").removesuffix(")").split()
    is_daily = len(fields) == 6 and fields[0].isdigit() and fields[1].isdigit() and set(fields[2:]) <= {"?", "*"}
    if not is_daily:
        raise NotModelled(f"only daily schedules are modelled, cron(M H * * ? *), not {expression!r}")
    moment = now.replace(hour=int(fields[1]), minute=int(fields[0]), second=0, microsecond=0)
    return moment if moment > now else moment + timedelta(days=1)
