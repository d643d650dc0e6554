"""Reads the databases and the backup plans of a workload account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from secondhop.domain.arn import Site
from secondhop.domain.resource_types import CLUSTERS, INSTANCES
from secondhop_cli.doctor.context import CheckContext

# RDS's API describes the clusters of all services. The engine says which service a cluster belongs to.
CLUSTER_ENGINES = {engine: each.name for each in CLUSTERS for engine in each.cluster_engines}


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """A database of a workload account. `resource_type` is AWS Backup's name."""

    arn: str
    site: Site
    resource_type: str
    key_arn: str
    is_encrypted: bool
    tags: Mapping[str, str]
    option_groups: tuple[str, ...]
    engine: str = ""
    backup_window: str = ""
    maintenance_window: str = ""
    """Both as RDS describes them, in UTC: `03:00-03:30` and `sun:04:00-sun:04:30`."""

    @property
    def is_cluster(self) -> bool:
        return ":cluster:" in self.arn

    @property
    def name(self) -> str:
        return self.arn.rpartition(":")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule of a backup plan. `copies` maps destination vaults to days of retention; None keeps the source's.

    `without_expiry` are the destinations of copy actions without DeleteAfterDays. `schedule` is empty if the plan has
    none.
    """

    plan: str
    plan_id: str
    name: str
    target_vault: str
    retention_days: int | None
    copies: Mapping[str, int | None]
    selections: tuple[Mapping[str, Any], ...]
    without_expiry: frozenset[str] = frozenset()
    schedule: str = ""
    timezone: str = ""

    def selects(self, database: Database) -> bool:
        return any(_selects(selection, database) for selection in self.selections)


def databases(context: CheckContext, site: Site) -> tuple[Database, ...]:
    """All databases of the installation's resource types in a workload's site. Raises NotCheckedError."""
    instances = context.api.list_all(site, "rds", "describe_db_instances", "DBInstances")
    clusters = context.api.list_all(site, "rds", "describe_db_clusters", "DBClusters")
    found = [_instance(site, each) for each in instances if not each.get("DBClusterIdentifier")]
    found += [_cluster(site, each) for each in clusters]
    return tuple(each for each in found if each.resource_type in context.main_stack.resource_types)


def _instance(site: Site, described: Mapping[str, Any]) -> Database:
    groups = tuple(each["OptionGroupName"] for each in described.get("OptionGroupMemberships", []))
    return _database(
        site, described, arn=described["DBInstanceArn"], resource_type=INSTANCES.name, option_groups=groups
    )


def _cluster(site: Site, described: Mapping[str, Any]) -> Database:
    kind = CLUSTER_ENGINES.get(described.get("Engine", ""), INSTANCES.name)
    return _database(site, described, arn=described["DBClusterArn"], resource_type=kind, option_groups=())


def _database(
    site: Site, described: Mapping[str, Any], *, arn: str, resource_type: str, option_groups: tuple[str, ...]
) -> Database:
    return Database(
        arn=arn,
        site=site,
        resource_type=resource_type,
        key_arn=described.get("KmsKeyId", ""),
        is_encrypted=bool(described.get("StorageEncrypted")),
        tags={tag["Key"]: tag.get("Value", "") for tag in described.get("TagList", [])},
        option_groups=option_groups,
        engine=described.get("Engine", ""),
        backup_window=described.get("PreferredBackupWindow", ""),
        maintenance_window=described.get("PreferredMaintenanceWindow", ""),
    )


def rules(context: CheckContext, site: Site) -> tuple[Rule, ...]:
    """The rules of all backup plans of a workload's site. Raises NotCheckedError."""
    return tuple(rule for plan in _plans(context, site) for rule in plan)


def first_hop_rules(context: CheckContext, site: Site) -> tuple[Rule, ...]:
    """The rules that copy into the watched vault. They make the first hops."""
    return tuple(rule for rule in rules(context, site) if context.main_stack.watched_vault_arn in rule.copies)


def copied_databases(context: CheckContext, site: Site) -> tuple[Database, ...]:
    """The databases that these rules select."""
    first_hops = first_hop_rules(context, site)
    return tuple(each for each in databases(context, site) if any(rule.selects(each) for rule in first_hops))


def backup_role_arns(context: CheckContext, site: Site) -> tuple[str, ...]:
    """The roles with which AWS Backup makes first hops."""
    found = [selection["IamRoleArn"] for rule in first_hop_rules(context, site) for selection in rule.selections]
    return tuple(dict.fromkeys(found))


def _plans(context: CheckContext, site: Site) -> Iterator[Iterator[Rule]]:
    for listed in context.api.list_all(site, "backup", "list_backup_plans", "BackupPlansList"):
        plan_id = listed["BackupPlanId"]
        plan = context.api.call(site, "backup", "get_backup_plan", BackupPlanId=plan_id)["BackupPlan"]
        chosen = tuple(_selections(context, site, plan_id))
        yield (_rule(plan_id, plan["BackupPlanName"], rule, chosen) for rule in plan["Rules"])


def _selections(context: CheckContext, site: Site, plan_id: str) -> Iterator[Mapping[str, Any]]:
    for each in context.api.list_all(
        site, "backup", "list_backup_selections", "BackupSelectionsList", BackupPlanId=plan_id
    ):
        wanted = {"BackupPlanId": plan_id, "SelectionId": each["SelectionId"]}
        yield context.api.call(site, "backup", "get_backup_selection", **wanted)["BackupSelection"]


def _rule(plan_id: str, plan: str, rule: Mapping[str, Any], selections: tuple[Mapping[str, Any], ...]) -> Rule:
    return Rule(
        plan=plan,
        plan_id=plan_id,
        name=rule["RuleName"],
        target_vault=rule["TargetBackupVaultName"],
        retention_days=_days(rule),
        copies={each["DestinationBackupVaultArn"]: _days(each) for each in rule.get("CopyActions", [])},
        selections=selections,
        without_expiry=frozenset(
            each["DestinationBackupVaultArn"]
            for each in rule.get("CopyActions", [])
            if "DeleteAfterDays" not in each.get("Lifecycle", {})
        ),
        schedule=rule.get("ScheduleExpression", ""),
        timezone=rule.get("ScheduleExpressionTimezone", "Etc/UTC"),
    )


def _days(timed: Mapping[str, Any]) -> int | None:
    days = timed.get("Lifecycle", {}).get("DeleteAfterDays")
    return None if days in (None, -1) else int(days)


def _selects(selection: Mapping[str, Any], database: Database) -> bool:
    """Resources or tags select; NotResources and Conditions exclude (API_BackupSelection)."""
    tags = selection.get("ListOfTags") or []
    resources = selection.get("Resources") or []
    if any(fnmatchcase(database.arn, each) for each in selection.get("NotResources") or []):
        return False
    by_tag = any(database.tags.get(each["ConditionKey"]) == each["ConditionValue"] for each in tags)
    by_arn = any(fnmatchcase(database.arn, each) for each in resources)
    return (by_tag or by_arn) and meets(selection.get("Conditions") or {}, database.tags)


def meets(conditions: Mapping[str, Any], tags: Mapping[str, str]) -> bool:
    """Whether all conditions are met. Keys have the form aws:ResourceTag/name."""
    for operator, tests in conditions.items():
        for test in tests or []:
            found = tags.get(test["ConditionKey"].removeprefix("aws:ResourceTag/"), "")
            is_like = (
                fnmatchcase(found, test["ConditionValue"]) if "Like" in operator else found == test["ConditionValue"]
            )
            if is_like == ("Not" in operator):
                return False
    return True
