"""Regions and partitions, and which copies AWS Backup makes between them (rule 7).

https://docs.aws.amazon.com/aws-backup/latest/devguide/backup-feature-availability.html with its footnotes. Opt-in
Regions are those launched after 20 March 2019: https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html.
Here an account has all of them; enabling them is not modelled.
"""

from __future__ import annotations

from functools import lru_cache

from backup_simulator.resource_types import BY_NAME

PARTITIONS = {
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "eusc-": "aws-eusc",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "eu-isoe-": "aws-iso-e",
    "us-isof-": "aws-iso-f",
}
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


@lru_cache(maxsize=256)
def partition_of(region: str) -> str:
    """The partition of a Region: the second field of every ARN in it."""
    return next((partition for prefix, partition in PARTITIONS.items() if region.startswith(prefix)), "aws")


def supports_copy(resource_type: str, source: str, destination: str, *, crosses_account: bool) -> bool:
    """Whether AWS Backup copies this type from one Region to another, or to another account, at all.

    As of 24 September 2026. China and GovCloud copy between their two Regions and between accounts; the European
    Sovereign Cloud does neither. A type may have its own rule for opt-in Regions; see `resource_types`.
    """
    crosses_region = source != destination
    if not crosses_region and not crosses_account:
        return True
    if partition_of(source) == "aws-eusc":
        return False
    touched = {source, destination} & OPT_IN
    kind = BY_NAME.get(resource_type)
    if kind is None or kind.opt_in_regions is None:
        return True
    return not (crosses_account and touched) and (not crosses_region or touched <= kind.opt_in_regions)
