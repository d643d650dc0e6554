"""Retention against the ranges of the vaults' locks, and what copies may be in flight against quotas."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from secondhop.domain.arn import Site
from secondhop.domain.resource_types import CLUSTERS
from secondhop.domain.route import VaultLock
from secondhop_cli.doctor.estate import Rule, copying_rules
from secondhop_cli.doctor.findings import Finding, Outcome
from secondhop_cli.doctor.installation import Installation
from secondhop_cli.doctor.visit import Visit, over

LONGEST_DAYS = 36500
COPY_QUOTA = re.compile(r"snapshot cop(y|ies)|copies? in progress", re.IGNORECASE)
OF_CLUSTERS = re.compile("|".join(("cluster", *(each.name for each in CLUSTERS))), re.IGNORECASE)


def retention_fits_dr_lock(visit: Visit) -> Iterator[Outcome]:
    """What the main stack asks for is within the DR vault's lock."""
    installation = visit.installation
    vault = visit.vault(installation.dr, installation.dr_vault)
    if vault is None:
        return
    least, most = _range(vault)
    days = _final_days(installation)
    if not least <= days <= most:
        yield Finding(
            kind="retention-outside-lock",
            site=installation.dr,
            resource=vault["BackupVaultArn"],
            what=f"The DR vault's lock takes {least} to {most} days, and the main stack asks for {days}.",
            mend="Change RetentionDays of the main stack, or the lock by deploying stacks/dr-region.yaml with "
            "another range.",
        )


def dr_vault_is_locked(visit: Visit) -> Iterator[Outcome]:
    """The DR vault's lock is at least the one without which no copy counts as verified."""
    installation = visit.installation
    vault = visit.vault(installation.dr, installation.dr_vault)
    if vault is None:
        return
    locked = VaultLock.COMPLIANCE if vault.get("LockDate") else VaultLock.GOVERNANCE
    found = locked if vault.get("Locked") else VaultLock.NONE
    strength = list(VaultLock)
    if strength.index(found) < strength.index(VaultLock(installation.demanded_lock)):
        yield Finding(
            kind="lock-weaker-than-demanded",
            site=installation.dr,
            resource=vault["BackupVaultArn"],
            what=f"The main stack demands a {installation.demanded_lock} lock, and the DR vault has "
            f"{'none' if found is VaultLock.NONE else f'a {found} lock'}.",
            mend="Lock the vault by deploying stacks/dr-region.yaml with that VaultLock, or say in the main stack "
            f"which lock you mean: DrVaultLock={found}.",
        )


def retention_fits_watched_lock(visit: Visit) -> Iterator[Outcome]:
    """What the plans' copy actions ask for is within the watched vault's lock, which there should not be."""
    installation = visit.installation
    vault = visit.vault(installation.home, installation.watched_vault)
    if vault is None:
        return
    if vault.get("Locked"):
        yield Finding(
            kind="watched-vault-is-locked",
            site=installation.home,
            resource=vault["BackupVaultArn"],
            what="The watched vault has a vault lock.",
            mend="Remove the lock; the DR vault is the one to lock. In compliance mode it stays: let intermediates "
            "expire (KeepRdsIntermediates=all, KeepClusterIntermediates=all).",
            command=f"aws backup delete-backup-vault-lock-configuration --region {installation.home.region} "
            f"--backup-vault-name {installation.watched_vault}",
        )

    def look(site: Site) -> Iterator[Outcome]:
        least, most = _range(vault)
        for rule in copying_rules(visit, site):
            days = rule.copies[installation.watched_vault_arn] or rule.retention_days or LONGEST_DAYS + 1
            if not least <= days <= most:
                yield Finding(
                    kind="retention-outside-lock",
                    site=site,
                    resource=f"backup plan {rule.plan_id}",
                    what=f"The watched vault's lock takes {least} to {most} days, and rule {rule.name} of plan "
                    f"{rule.plan} copies for {days if days <= LONGEST_DAYS else 'ever'}.",
                    mend="Change DeleteAfterDays of the copy action (stacks/workload.yaml: "
                    "IntermediateRetentionDays), or the lock.",
                )

    yield from over(installation.workloads, look)


def intermediates_expire_first(visit: Visit) -> Iterator[Outcome]:
    """No copy action keeps arrivals longer than the main stack keeps final copies; one finding for each account.

    Both are counted from the creation of the original backup.
    """
    installation = visit.installation
    final = _final_days(installation)

    def look(site: Site) -> Iterator[Outcome]:
        kept = [(rule, _intermediate_days(rule, installation)) for rule in copying_rules(visit, site)]
        longer = [f"{rule.name} of plan {rule.plan} ({_spelled(days)})" for rule, days in kept if days > final]
        if longer:
            yield Finding(
                kind="intermediate-outlives-final-copy",
                site=site,
                resource=f"backup plans of {site.account}",
                what=f"Final copies expire after {final} days, and these rules keep their copies in the watched vault "
                f"longer: {', '.join(longer)}.",
                mend=f"Set DeleteAfterDays of each copy action to {final} or less (stacks/workload.yaml: "
                "IntermediateRetentionDays), or deploy the main stack with a longer RetentionDays.",
            )

    yield from over(installation.workloads, look)


def _final_days(installation: Installation) -> int:
    return max(installation.floor_days, min(installation.retention_days, installation.ceiling_days))


def _intermediate_days(rule: Rule, installation: Installation) -> int:
    """A copy action without DeleteAfterDays is taken to keep its copies for ever; -1 keeps the source's expiry."""
    if installation.watched_vault_arn in rule.endless:
        return LONGEST_DAYS + 1
    return rule.copies[installation.watched_vault_arn] or rule.retention_days or LONGEST_DAYS + 1


def _spelled(days: int) -> str:
    return f"{days} days" if days <= LONGEST_DAYS else "no end"


def quotas(visit: Visit) -> Iterator[Outcome]:
    """The main stack's limits against Service Quotas, where it lists snapshot copies; AWS documents 20 and 5."""
    installation = visit.installation
    listed = visit.sites.ask_all(installation.dr, "service-quotas", "list_service_quotas", "Quotas", ServiceCode="rds")
    for quota in (each for each in listed if COPY_QUOTA.search(each["QuotaName"])):
        is_cluster = OF_CLUSTERS.search(quota["QuotaName"])
        limit = installation.maximum_cluster_copies if is_cluster else installation.maximum_rds_copies
        parameter = "MaximumClusterCopies" if is_cluster else "MaximumRdsCopies"
        if limit > quota["Value"]:
            yield Finding(
                kind="limit-above-quota",
                site=installation.dr,
                resource=quota["QuotaName"],
                what=f"{parameter} is {limit}, and the quota is {quota['Value']:g}.",
                mend=f"Deploy the main stack with {parameter}={quota['Value']:g}, or ask for more.",
                command=f"aws service-quotas request-service-quota-increase --region {installation.dr.region} "
                f"--service-code rds --quota-code {quota['QuotaCode']} --desired-value {limit}",
            )


def _range(vault: Mapping[str, Any]) -> tuple[int, int]:
    if not vault.get("Locked"):
        return 1, LONGEST_DAYS + 1
    return int(vault.get("MinRetentionDays") or 1), int(vault.get("MaxRetentionDays") or LONGEST_DAYS + 1)
