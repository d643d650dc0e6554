"""Which copies AWS Backup makes at all, by resource type, Region and partition.

https://docs.aws.amazon.com/aws-backup/latest/devguide/backup-feature-availability.html with its footnotes; opt-in
Regions are those that an account must enable: https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html.
A Region that is not in this list is taken for one that is always on.
"""

from __future__ import annotations

from collections.abc import Iterator

from secondhop.domain.arn import Site
from secondhop_cli.doctor.findings import Finding, Outcome
from secondhop_cli.doctor.visit import Visit

OPT_IN = frozenset(
    {
        "af-south-1",
        "ap-east-1",
        "ap-east-2",
        "ap-south-2",
        "ap-southeast-3",
        "ap-southeast-4",
        "ap-southeast-5",
        "ap-southeast-6",
        "ap-southeast-7",
        "ca-west-1",
        "eu-central-2",
        "eu-south-1",
        "eu-south-2",
        "il-central-1",
        "me-central-1",
        "me-south-1",
        "mx-central-1",
    }
)
# Neptune is copied across Regions into these opt-in Regions and no others.
NEPTUNE = frozenset({"af-south-1", "ap-east-1", "ap-southeast-3", "il-central-1", "me-central-1", "me-south-1"})


def copies_are_made(visit: Visit) -> Iterator[Outcome]:
    """Both hops, for each resource type."""
    installation = visit.installation
    home, dr = installation.home, installation.dr
    for kind in installation.resource_types:
        for site in installation.workloads:
            if site.account != home.account and (reason := refusal(installation.partition, kind, site, home)):
                yield _finding(kind, site, home, reason)
        if reason := refusal(installation.partition, kind, home, dr):
            yield _finding(kind, home, dr, reason)


def refusal(partition: str, resource_type: str, source: Site, destination: Site) -> str:
    """Why AWS Backup makes no such copy; empty if it does."""
    crosses_account = source.account != destination.account
    opt_in = {source.region, destination.region} & OPT_IN
    if partition == "aws-eusc":
        return "the European Sovereign Cloud has neither cross-Region nor cross-account copies"
    if partition == "aws-cn" and crosses_account:
        return "the China Regions have no cross-account copies"
    if resource_type == "DocumentDB" and opt_in:
        return f"DocumentDB is not copied in opt-in Regions ({', '.join(sorted(opt_in))})"
    if resource_type == "Neptune" and opt_in and crosses_account:
        return f"Neptune is not copied to other accounts in opt-in Regions ({', '.join(sorted(opt_in))})"
    if resource_type == "Neptune" and opt_in - NEPTUNE:
        return f"Neptune is not copied across Regions here ({', '.join(sorted(opt_in - NEPTUNE))})"
    return ""


def _finding(resource_type: str, source: Site, destination: Site, reason: str) -> Finding:
    return Finding(
        kind="copy-not-supported",
        site=source,
        resource=resource_type,
        what=f"{resource_type} is not copied from {source} to {destination}: {reason}.",
        mend="Take the type out of the main stack's ResourceTypes, or choose another Region.",
    )
