"""Each database that is to travel: its own key above all, and what AWS Backup cannot copy at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from secondhop.domain.arn import Site, is_multi_az_cluster
from secondhop_cli.doctor.estate import Database, backup_roles, copying_rules, databases, rules, travelling
from secondhop_cli.doctor.findings import Finding, Outcome
from secondhop_cli.doctor.keys import Part, is_managed, usable
from secondhop_cli.doctor.visit import Visit, over

MOST_TAGS = 50
# Databases that a finding about their common key names.
NAMED = 5


def plans_copy(visit: Visit) -> Iterator[Outcome]:
    """Every workload has a plan that copies into the watched vault; databases backed up otherwise are named."""
    vault = visit.installation.watched_vault_arn

    def look(site: Site) -> Iterator[Outcome]:
        first_hops = copying_rules(visit, site)
        if not first_hops:
            yield Finding(
                kind="no-plan-copies",
                site=site,
                resource=f"backup plans of {site.account}",
                what=f"No backup plan of account {site.account} copies into {vault}.",
                mend="Deploy stacks/workload.yaml, or add this copy action to the rules of your plans: "
                f'{{"DestinationBackupVaultArn": "{vault}", "Lifecycle": {{"DeleteAfterDays": 14}}}}',
            )
            return
        travels = {each.arn for each in travelling(visit, site)}
        for database in databases(visit, site):
            chosen = [rule for rule in rules(visit, site) if rule.selects(database)]
            if chosen and database.arn not in travels:
                yield _left_out(database, chosen[0].plan, chosen[0].target_vault)

    yield from over(visit.installation.workloads, look)


def _left_out(database: Database, plan: str, vault: str) -> Finding:
    return Finding(
        kind="database-left-out",
        site=database.site,
        resource=database.arn,
        what=f"{database.name} is backed up by the plan {plan} into the vault {vault} only.",
        mend="Let a plan that copies into the watched vault select it (with stacks/workload.yaml: the tag "
        "Backup=True). The vault Default is no hindrance: snapshots of databases are under the database's key, not "
        "their vault's.",
        command=f"aws rds add-tags-to-resource --region {database.site.region} --resource-name {database.arn} --tags "
        "Key=Backup,Value=True",
    )


def database_keys(visit: Visit) -> Iterator[Outcome]:
    """The keys of the databases that travel admit the backup account's copier and the roles of their backups."""

    def under_own_keys(site: Site) -> Iterator[Outcome]:
        by_key: dict[str, list[str]] = {}
        for database in travelling(visit, site):
            if database.is_encrypted:
                by_key.setdefault(database.key_arn, []).append(database.name)
        yield from over(by_key.items(), lambda each: key_of(site, *each))

    def key_of(site: Site, key_arn: str, names: list[str]) -> Iterator[Outcome]:
        for role in () if is_managed(visit, key_arn) else backup_roles(visit, site):
            part = Part(whose=_enumerated(names), copier_account=visit.installation.backup_account, passed_role=role)
            yield from usable(visit, key_arn, part)

    yield from _each(visit, lambda database: _without_own_key(visit, database))
    yield from over(visit.installation.workloads, under_own_keys)


def _without_own_key(visit: Visit, database: Database) -> Iterator[Outcome]:
    if database.is_encrypted and is_managed(visit, database.key_arn):
        yield _managed(database)
    elif not database.is_encrypted and database.is_cluster and not visit.installation.allow_unencrypted:
        yield Finding(
            kind="database-is-unencrypted",
            site=database.site,
            resource=database.arn,
            what=f"{database.resource_type} cluster {database.name} is not encrypted.",
            mend="Restore a snapshot of it under a customer managed key, or set AllowUnencrypted in the main stack.",
        )


def _enumerated(names: list[str]) -> str:
    """One key may serve hundreds."""
    shown = ", ".join(sorted(names)[:NAMED])
    others = f" and {len(names) - NAMED} others" if len(names) > NAMED else ""
    return f"the database{'s' if len(names) > 1 else ''} {shown}{others}"


def database_limits(visit: Visit) -> Iterator[Outcome]:
    """What no policy can mend: Multi-AZ DB clusters, bound options, too many tags."""

    def look(database: Database) -> Iterator[Outcome]:
        if is_multi_az_cluster(database.resource_type, database.arn):
            yield Finding(
                kind="database-is-multi-az-cluster",
                site=database.site,
                resource=database.arn,
                what=f"{database.name} is an RDS Multi-AZ DB cluster.",
                mend="Use a Multi-AZ instance or Aurora for it, or copy its data by other means.",
            )
        yield from _options(visit, database)
        yield from _tags(visit, database)

    yield from _each(visit, look)


def _each(visit: Visit, look: Callable[[Database], Iterator[Outcome]]) -> Iterator[Outcome]:
    def at(site: Site) -> Iterator[Outcome]:
        yield from over(travelling(visit, site), look)

    yield from over(visit.installation.workloads, at)


def _managed(database: Database) -> Finding:
    name = database.arn.rpartition(":")[2]
    snapshot = "db-cluster-snapshot" if database.is_cluster else "db-snapshot"
    region = database.site.region
    return Finding(
        kind="database-key-is-managed",
        site=database.site,
        resource=database.arn,
        what=f"{name} is encrypted under {database.key_arn}, which AWS manages (aws/rds).",
        mend="Its snapshots need re-encrypting before they can leave the account, whichever tool copies them: copy "
        "one under a customer managed key that admits the backup account, restore it, and let the new database take "
        "over. AWS Backup's own copy across account and Region fails on it as well.",
        command=f"aws rds copy-{snapshot} --region {region} --source-{snapshot}-identifier SNAPSHOT "
        f"--target-{snapshot}-identifier {name}-reencrypted --kms-key-id KEY",
    )


def _options(visit: Visit, database: Database) -> Iterator[Outcome]:
    for group in database.option_groups:
        asked = {"OptionGroupName": group}
        listed = visit.sites.ask_all(database.site, "rds", "describe_option_groups", "OptionGroupsList", **asked)
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
                mend="Take the option out of the group if the engine lets you; a permanent one needs a database "
                "without it.",
            )


def _tags(visit: Visit, database: Database) -> Iterator[Outcome]:
    """The newest backup's tags are what the copy carries: the database's own, and those that the plan adds."""
    points = visit.sites.ask_all(
        database.site, "backup", "list_recovery_points_by_resource", "RecoveryPoints", ResourceArn=database.arn
    )
    count = len(database.tags)
    newest = max(points, key=lambda each: each["CreationDate"], default=None)
    if newest:
        tags = visit.sites.ask(database.site, "backup", "list_tags", ResourceArn=newest["RecoveryPointArn"])
        count = max(count, len(tags.get("Tags", {})))
    if count > MOST_TAGS:
        yield Finding(
            kind="database-has-too-many-tags",
            site=database.site,
            resource=database.arn,
            what=f"{database.name}, or its newest backup, has {count} tags.",
            mend=f"Remove tags until {MOST_TAGS} are left, from the database and from the plan's recovery point tags.",
            command=f"aws rds remove-tags-from-resource --region {database.site.region} --resource-name "
            f"{database.arn} --tag-keys KEY",
        )
