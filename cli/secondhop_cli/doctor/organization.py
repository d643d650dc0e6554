"""The organization: whether all accounts are in one, and whether it lets backups cross accounts."""

from __future__ import annotations

from collections.abc import Iterator

from secondhop.domain.arn import Site
from secondhop_cli.doctor.findings import Finding, Outcome
from secondhop_cli.doctor.visit import Visit, over

SETTING = "isCrossAccountBackupEnabled"


def one_organization(visit: Visit) -> Iterator[Outcome]:
    """Every workload account is in the backup account's organization."""
    home = visit.installation.home

    def judge(site: Site) -> Iterator[Outcome]:
        ours, theirs = visit.organization(home), visit.organization(site)
        if site.account != home.account and (ours != theirs or not ours):
            yield Finding(
                kind="organization-differs",
                site=site,
                resource=f"account {site.account}",
                what=f"Account {site.account} is in {theirs or 'no organization'}, and the backup account "
                f"{home.account} in {ours or 'none'}.",
                mend="Invite the account into the organization from its management account, and accept there.",
                command=f"aws organizations invite-account-to-organization --target Id={site.account},Type=ACCOUNT",
            )

    yield from over(visit.installation.workloads, judge)


def cross_account_backup(visit: Visit) -> Iterator[Outcome]:
    """The organization's setting is on; any of its accounts may ask."""
    home = visit.installation.home
    settings = visit.sites.ask(home, "backup", "describe_global_settings")["GlobalSettings"]
    if settings.get(SETTING) != "true":
        yield Finding(
            kind="cross-account-off",
            site=home,
            resource=SETTING,
            what="Cross-account backup is switched off for the organization.",
            mend="Switch it on in the organization's management account.",
            command=f"aws backup update-global-settings --global-settings {SETTING}=true",
        )


def opted_in(visit: Visit) -> Iterator[Outcome]:
    """Each service is opted in to AWS Backup in every Region that is in use."""
    workloads = visit.installation.workloads

    def judge(site: Site) -> Iterator[Outcome]:
        chosen = visit.sites.ask(site, "backup", "describe_region_settings")["ResourceTypeOptInPreference"]
        out = [each for each in visit.installation.resource_types if not chosen.get(each, False)]
        if out:
            wanted = ",".join(f"{each}=true" for each in out)
            yield Finding(
                kind="opt-in-off" if site in workloads else "opt-in-off-in-the-backup-account",
                site=site,
                resource="service opt-in",
                what=f"{', '.join(out)} {'is' if len(out) == 1 else 'are'} not opted in to AWS Backup here.",
                mend="Opt in, or take the type out of the main stack's ResourceTypes.",
                command=f"aws backup update-region-settings --region {site.region} --resource-type-opt-in-preference "
                f"{wanted}",
            )

    yield from over(visit.installation.every_site, judge)
