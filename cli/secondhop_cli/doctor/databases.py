"""Checks each database that plans copy: its key, and what AWS Backup cannot copy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from secondhop.domain.arn import Site, is_multi_az_cluster
from secondhop_cli.doctor.context import CheckContext, for_each
from secondhop_cli.doctor.databases_and_plans import (
    Database,
    backup_role_arns,
    copied_databases,
    databases,
    first_hop_rules,
    rules,
)
from secondhop_cli.doctor.findings import Finding, Outcome
from secondhop_cli.doctor.keys import KeyUse, check_key, is_managed
from secondhop_cli.doctor.selections import wanted_tags

MOST_TAGS = 50
AWS_TAG = "aws:"
# Errors by which ListTags says that it does not know the tags of this kind of recovery point.
NO_TAGS_OF_IT = ("InvalidParameterValueException", "InvalidRequestException", "ResourceNotFoundException")
# RDS Custom's snapshots cannot be shared with another account, and are not copied to another Region.
CUSTOM_ENGINES = "custom-"
# The most databases that a finding about their common key names.
NAMED = 5


def plans_copy(context: CheckContext) -> Iterator[Outcome]:
    """Check that a plan of each workload account copies into the watched vault, and names other databases."""
    vault = context.main_stack.watched_vault_arn

    def check(site: Site) -> Iterator[Outcome]:
        first_hops = first_hop_rules(context, site)
        if not first_hops:
            yield Finding(
                kind="no-plan-copies",
                site=site,
                resource=f"backup plans of {site.account}",
                what=f"No backup plan of account {site.account} copies into {vault}.",
                fix="Deploy stacks/workload.yaml, or add this copy action to the rules of your plans: "
                f'{{"DestinationBackupVaultArn": "{vault}", "Lifecycle": {{"DeleteAfterDays": 14}}}}',
            )
            return
        copied = {each.arn for each in copied_databases(context, site)}
        for database in databases(context, site):
            chosen = [rule for rule in rules(context, site) if rule.selects(database)]
            if chosen and database.arn not in copied:
                yield _not_copied(database, chosen[0].plan, chosen[0].target_vault)

    yield from for_each(context.main_stack.workloads, check)


def _not_copied(database: Database, plan: str, vault: str) -> Finding:
    return Finding(
        kind="database-not-copied",
        site=database.site,
        resource=database.arn,
        what=f"{database.name} is backed up by the plan {plan} into the vault {vault} only.",
        fix="Select it in a plan that copies into the watched vault (with stacks/workload.yaml: the tag "
        "Backup=True). Backups in the vault Default can be copied too: snapshots have the database's key, not "
        "their vault's.",
        command=f"aws rds add-tags-to-resource --region {database.site.region} --resource-name {database.arn} --tags "
        "Key=Backup,Value=True",
    )


def database_keys(context: CheckContext) -> Iterator[Outcome]:
    """Check that the databases' keys allow AWSServiceRoleForBackup and the roles of their backups."""

    def under_own_keys(site: Site) -> Iterator[Outcome]:
        by_key: dict[str, list[str]] = {}
        for database in copied_databases(context, site):
            if database.is_encrypted:
                by_key.setdefault(database.key_arn, []).append(database.name)
        yield from for_each(by_key.items(), lambda each: key_of(site, *each))

    def key_of(site: Site, key_arn: str, names: list[str]) -> Iterator[Outcome]:
        for role in () if is_managed(context, key_arn) else backup_role_arns(context, site):
            key_use = KeyUse(
                owner=_enumerated(names), destination_account=context.main_stack.backup_account, passed_role=role
            )
            yield from check_key(context, key_arn, key_use)

    yield from _each(context, lambda database: _without_own_key(context, database))
    yield from for_each(context.main_stack.workloads, under_own_keys)


def _without_own_key(context: CheckContext, database: Database) -> Iterator[Outcome]:
    if database.is_encrypted and is_managed(context, database.key_arn):
        yield _managed(database)
    elif not database.is_encrypted and database.is_cluster and not context.main_stack.allow_unencrypted:
        yield Finding(
            kind="database-is-unencrypted",
            site=database.site,
            resource=database.arn,
            what=f"{database.resource_type} cluster {database.name} is not encrypted.",
            fix="Restore a snapshot of it with a customer managed key, or set AllowUnencrypted=true in the main stack.",
        )


def _enumerated(names: list[str]) -> str:
    """The first names; one key can serve hundreds of databases."""
    shown = ", ".join(sorted(names)[:NAMED])
    others = f" and {len(names) - NAMED} others" if len(names) > NAMED else ""
    return f"the database{'s' if len(names) > 1 else ''} {shown}{others}"


def database_limits(context: CheckContext) -> Iterator[Outcome]:
    """What no policy can fix: Multi-AZ DB clusters, RDS Custom, bound options, too many tags."""

    def check(database: Database) -> Iterator[Outcome]:
        if is_multi_az_cluster(database.resource_type, database.arn):
            yield Finding(
                kind="database-is-multi-az-cluster",
                site=database.site,
                resource=database.arn,
                what=f"{database.name} is an RDS Multi-AZ DB cluster.",
                fix="Use a Multi-AZ instance or Aurora for it, or copy its data with another tool.",
            )
        if database.engine.startswith(CUSTOM_ENGINES):
            yield Finding(
                kind="database-is-rds-custom",
                site=database.site,
                resource=database.arn,
                what=f"{database.name} is an RDS Custom database, with the engine {database.engine}.",
                fix="Use RDS or Aurora for it, or copy its data with another tool. To stop the failing first hops, "
                "take it out of the plan.",
                command=f"aws rds remove-tags-from-resource --region {database.site.region} --resource-name "
                f"{database.arn} --tag-keys {_selecting_tag(context, database)}",
            )
        yield from _options(context, database)
        yield from _tags(context, database)

    yield from _each(context, check)


def _selecting_tag(context: CheckContext, database: Database) -> str:
    """The tag by which a plan that copies selects the database, or a placeholder."""
    selections = [each for rule in first_hop_rules(context, database.site) for each in rule.selections]
    keys = [key for each in selections for key, _ in wanted_tags(each) if key in database.tags]
    return keys[0] if keys else "KEY"


def _each(context: CheckContext, check: Callable[[Database], Iterator[Outcome]]) -> Iterator[Outcome]:
    def at(site: Site) -> Iterator[Outcome]:
        yield from for_each(copied_databases(context, site), check)

    yield from for_each(context.main_stack.workloads, at)


def _managed(database: Database) -> Finding:
    name = database.arn.rpartition(":")[2]
    snapshot = "db-cluster-snapshot" if database.is_cluster else "db-snapshot"
    region = database.site.region
    return Finding(
        kind="database-key-is-managed",
        site=database.site,
        resource=database.arn,
        what=f"{name} is encrypted under {database.key_arn}, which AWS manages (aws/rds).",
        fix="No tool can copy its snapshots to another account. Copy a snapshot with a customer managed key that "
        "allows the backup account, restore it, and switch to the restored database. AWS Backup's own copy across "
        "account and Region fails too.",
        command=f"aws rds copy-{snapshot} --region {region} --source-{snapshot}-identifier SNAPSHOT "
        f"--target-{snapshot}-identifier {name}-reencrypted --kms-key-id KEY",
    )


def _options(context: CheckContext, database: Database) -> Iterator[Outcome]:
    for group in database.option_groups:
        asked = {"OptionGroupName": group}
        listed = context.api.list_all(database.site, "rds", "describe_option_groups", "OptionGroupsList", **asked)
        bound = [
            option["OptionName"]
            for each in listed
            for option in each.get("Options", [])
            if option.get("Persistent") or option.get("Permanent")
        ]
        if bound:
            yield Finding(
                kind="database-has-bound-options",
                site=database.site,
                resource=database.arn,
                what=f"{database.name} uses the option group {group} with {', '.join(bound)}.",
                fix="Remove the option from the group if the engine allows it. A permanent option needs a new "
                "database without it.",
            )


def _tags(context: CheckContext, database: Database) -> Iterator[Outcome]:
    """A copy has the tags of its backup: those of the database, and those that the plan adds.

    API_ListTags may refuse a recovery point that AWS Backup does not fully manage. Then only the database's tags are
    known. Tags of AWS (aws:...) do not count, and are not copied.
    """
    points = context.api.list_all(
        database.site, "backup", "list_recovery_points_by_resource", "RecoveryPoints", ResourceArn=database.arn
    )
    count = _own_tags(database.tags)
    newest = max(points, key=lambda each: each["CreationDate"], default=None)
    if newest:
        tags = context.api.call(
            database.site, "backup", "list_tags", missing=NO_TAGS_OF_IT, ResourceArn=newest["RecoveryPointArn"]
        )
        count = max(count, _own_tags((tags or {}).get("Tags", {})))
    if count > MOST_TAGS:
        yield Finding(
            kind="database-has-too-many-tags",
            site=database.site,
            resource=database.arn,
            what=f"{database.name}, or its newest backup, has {count} tags of its own.",
            fix=f"Remove tags until {MOST_TAGS} are left, from the database and from the plan's recovery point tags.",
            command=f"aws rds remove-tags-from-resource --region {database.site.region} --resource-name "
            f"{database.arn} --tag-keys KEY",
        )


def _own_tags(tags: Mapping[str, str]) -> int:
    return sum(not name.startswith(AWS_TAG) for name in tags)
