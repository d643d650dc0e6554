"""Compares retention with the vaults' locks, and the limits of copies in progress with the quotas."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from secondhop.domain.arn import Site
from secondhop.domain.resource_types import CLUSTERS
from secondhop.domain.route import VaultLock
from secondhop_cli.doctor.context import CheckContext, for_each
from secondhop_cli.doctor.databases_and_plans import Rule, first_hop_rules
from secondhop_cli.doctor.findings import Finding, Outcome
from secondhop_cli.doctor.main_stack import MainStack

LONGEST_DAYS = 36500
COPY_QUOTA = re.compile(r"snapshot cop(y|ies)|copies? in progress", re.IGNORECASE)
OF_CLUSTERS = re.compile("|".join(("cluster", *(each.name for each in CLUSTERS))), re.IGNORECASE)


def retention_fits_dr_lock(context: CheckContext) -> Iterator[Outcome]:
    """Check that the main stack's retention is within the DR vault's lock."""
    main_stack = context.main_stack
    vault = context.vault(main_stack.dr, main_stack.dr_vault)
    if vault is None:
        return
    least, most = _range(vault)
    days = _final_days(main_stack)
    if not least <= days <= most:
        yield Finding(
            kind="retention-outside-lock",
            site=main_stack.dr,
            resource=vault["BackupVaultArn"],
            what=f"The DR vault's lock allows {least} to {most} days, and the main stack's retention is {days} days.",
            fix="Change RetentionDays of the main stack, or deploy stacks/dr-region.yaml with another "
            "range of the lock.",
        )


def dr_vault_is_locked(context: CheckContext) -> Iterator[Outcome]:
    """Check that the DR vault has the lock that verification requires."""
    main_stack = context.main_stack
    vault = context.vault(main_stack.dr, main_stack.dr_vault)
    if vault is None:
        return
    locked = VaultLock.COMPLIANCE if vault.get("LockDate") else VaultLock.GOVERNANCE
    found = locked if vault.get("Locked") else VaultLock.NONE
    strength = list(VaultLock)
    if strength.index(found) < strength.index(VaultLock(main_stack.required_lock)):
        yield Finding(
            kind="lock-weaker-than-required",
            site=main_stack.dr,
            resource=vault["BackupVaultArn"],
            what=f"The main stack requires a {main_stack.required_lock} lock, and the DR vault has "
            f"{'none' if found is VaultLock.NONE else f'a {found} lock'}.",
            fix=f"Deploy stacks/dr-region.yaml with this VaultLock, or deploy the main stack with DrVaultLock={found}.",
        )


def retention_fits_watched_lock(context: CheckContext) -> Iterator[Outcome]:
    """Check that the watched vault has no lock, and that the plans' copy actions are within it if it has one."""
    main_stack = context.main_stack
    vault = context.vault(main_stack.home, main_stack.watched_vault)
    if vault is None:
        return
    if vault.get("Locked"):
        yield Finding(
            kind="watched-vault-is-locked",
            site=main_stack.home,
            resource=vault["BackupVaultArn"],
            what="The watched vault has a vault lock.",
            fix="Remove the lock, and lock only the DR vault. A compliance lock cannot be removed: then let "
            "intermediates expire (KeepRdsIntermediates=all, KeepClusterIntermediates=all).",
            command=f"aws backup delete-backup-vault-lock-configuration --region {main_stack.home.region} "
            f"--backup-vault-name {main_stack.watched_vault}",
        )

    def check(site: Site) -> Iterator[Outcome]:
        least, most = _range(vault)
        for rule in first_hop_rules(context, site):
            days = rule.copies[main_stack.watched_vault_arn] or rule.retention_days or LONGEST_DAYS + 1
            if not least <= days <= most:
                yield Finding(
                    kind="retention-outside-lock",
                    site=site,
                    resource=f"backup plan {rule.plan_id}",
                    what=f"The watched vault's lock allows {least} to {most} days, and rule {rule.name} of plan "
                    f"{rule.plan} keeps copies for {_spelled(days)}.",
                    fix="Change DeleteAfterDays of the copy action (stacks/workload.yaml: "
                    "IntermediateRetentionDays), or the lock.",
                )

    yield from for_each(main_stack.workloads, check)


def intermediates_expire_first(context: CheckContext) -> Iterator[Outcome]:
    """Check that no copy action keeps arrivals longer than final copies. One finding for each account.

    Both retentions start at the creation of the original backup.
    """
    main_stack = context.main_stack
    final = _final_days(main_stack)

    def check(site: Site) -> Iterator[Outcome]:
        kept = [(rule, _intermediate_days(rule, main_stack)) for rule in first_hop_rules(context, site)]
        longer = [f"{rule.name} of plan {rule.plan} ({_spelled(days)})" for rule, days in kept if days > final]
        if longer:
            yield Finding(
                kind="intermediate-outlives-final-copy",
                site=site,
                resource=f"backup plans of {site.account}",
                what=f"Final copies expire after {final} days, and these rules keep their copies in the watched vault "
                f"longer: {', '.join(longer)}.",
                fix=f"Set DeleteAfterDays of each copy action to {final} or less (stacks/workload.yaml: "
                "IntermediateRetentionDays), or deploy the main stack with a longer RetentionDays.",
            )

    yield from for_each(main_stack.workloads, check)


def _final_days(main_stack: MainStack) -> int:
    return max(main_stack.floor_days, min(main_stack.retention_days, main_stack.ceiling_days))


def _intermediate_days(rule: Rule, main_stack: MainStack) -> int:
    """Without DeleteAfterDays, copies are assumed to have no expiry. With -1, they have the source's."""
    if main_stack.watched_vault_arn in rule.without_expiry:
        return LONGEST_DAYS + 1
    return rule.copies[main_stack.watched_vault_arn] or rule.retention_days or LONGEST_DAYS + 1


def _spelled(days: int) -> str:
    return f"{days} days" if days <= LONGEST_DAYS else "an unlimited time"


def quotas(context: CheckContext) -> Iterator[Outcome]:
    """Compare the main stack's limits with Service Quotas, if it has them. AWS documents 20 and 5."""
    main_stack = context.main_stack
    listed = context.api.list_all(main_stack.dr, "service-quotas", "list_service_quotas", "Quotas", ServiceCode="rds")
    for quota in (each for each in listed if COPY_QUOTA.search(each["QuotaName"])):
        is_cluster = OF_CLUSTERS.search(quota["QuotaName"])
        limit = main_stack.maximum_cluster_copies if is_cluster else main_stack.maximum_rds_copies
        parameter = "MaximumClusterCopies" if is_cluster else "MaximumRdsCopies"
        if limit > quota["Value"]:
            yield Finding(
                kind="limit-above-quota",
                site=main_stack.dr,
                resource=quota["QuotaName"],
                what=f"{parameter} is {limit}, and the quota is {quota['Value']:g}.",
                fix=f"Deploy the main stack with {parameter}={quota['Value']:g}, or request a higher quota.",
                command=f"aws service-quotas request-service-quota-increase --region {main_stack.dr.region} "
                f"--service-code rds --quota-code {quota['QuotaCode']} --desired-value {limit}",
            )


def _range(vault: Mapping[str, Any]) -> tuple[int, int]:
    if not vault.get("Locked"):
        return 1, LONGEST_DAYS + 1
    return int(vault.get("MinRetentionDays") or 1), int(vault.get("MaxRetentionDays") or LONGEST_DAYS + 1)
