"""Checks the organization, its setting for cross-account backup, and the opt-in of services."""

from __future__ import annotations

from collections.abc import Iterator

from secondhop.domain.arn import Site
from secondhop_cli.doctor.context import CheckContext, for_each
from secondhop_cli.doctor.findings import Finding, Outcome

SETTING = "isCrossAccountBackupEnabled"


def one_organization(context: CheckContext) -> Iterator[Outcome]:
    """Check that every workload account is in the backup account's organization."""
    home = context.main_stack.home

    def check(site: Site) -> Iterator[Outcome]:
        ours, theirs = context.organization(home), context.organization(site)
        if site.account != home.account and (ours != theirs or not ours):
            yield Finding(
                kind="organization-differs",
                site=site,
                resource=f"account {site.account}",
                what=f"Account {site.account} is in {theirs or 'no organization'}, and the backup account "
                f"{home.account} in {ours or 'none'}.",
                fix="Invite the account into the organization with this command in the management account. Then accept "
                "the invitation in the invited account.",
                command=f"aws organizations invite-account-to-organization --target Id={site.account},Type=ACCOUNT",
            )

    yield from for_each(context.main_stack.workloads, check)


def cross_account_backup(context: CheckContext) -> Iterator[Outcome]:
    """Check the organization's setting. Every account of the organization may read it."""
    home = context.main_stack.home
    settings = context.api.call(home, "backup", "describe_global_settings")["GlobalSettings"]
    if settings.get(SETTING) != "true":
        yield Finding(
            kind="cross-account-off",
            site=home,
            resource=SETTING,
            what="Cross-account backup is off for the organization.",
            fix="Turn it on in the organization's management account.",
            command=f"aws backup update-global-settings --global-settings {SETTING}=true",
        )


def opted_in(context: CheckContext) -> Iterator[Outcome]:
    """Check that each service is opted in to AWS Backup in every account and Region."""
    workloads = context.main_stack.workloads

    def check(site: Site) -> Iterator[Outcome]:
        chosen = context.api.call(site, "backup", "describe_region_settings")["ResourceTypeOptInPreference"]
        out = [each for each in context.main_stack.resource_types if not chosen.get(each, False)]
        if out:
            wanted = ",".join(f"{each}=true" for each in out)
            yield Finding(
                kind="opt-in-off" if site in workloads else "opt-in-off-in-the-backup-account",
                site=site,
                resource="service opt-in",
                what=f"{', '.join(out)} {'is' if len(out) == 1 else 'are'} not opted in to AWS Backup here.",
                fix="Opt in, or remove the type from ResourceTypes of the main stack.",
                command=f"aws backup update-region-settings --region {site.region} --resource-type-opt-in-preference "
                f"{wanted}",
            )

    yield from for_each(context.main_stack.every_site, check)
