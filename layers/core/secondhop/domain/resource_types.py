"""The resource types that Second Hop copies: one row for each, with every fact that depends on the type.

To add a type, add its row here and in the simulator's own table. `CONTRIBUTING.md` lists what else it needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

# Where and when the facts about Regions were read.
SUPPORT_PAGE = "https://docs.aws.amazon.com/aws-backup/latest/devguide/backup-feature-availability.html"
SUPPORT_DATE = "2026-09-24"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceType:
    """What AWS documents about one resource type."""

    name: str
    """As AWS Backup spells it (API_DescribeRecoveryPoint)."""
    copies_in_flight: int
    """AWS's quota of copies in progress, for each destination account and Region."""
    longest_copy: timedelta
    """Most copies end sooner. A job that takes longer is asked about one by one, and reported if its source expires."""
    cluster_engines: tuple[str, ...] = ()
    """`Engine` in DescribeDBClusters. A type without any has DB instances."""
    opt_in_regions: tuple[str, ...] | None = None
    """The opt-in Regions with cross-Region copies, which then have no cross-account copies; None: all have both."""
    cli_service: str = "rds"
    """The AWS CLI's service for its databases."""
    waits_for_windows: bool = True
    """Whether AWS Backup starts no backup in or before the database's windows (devguide/troubleshooting)."""
    support_note: str = ""
    """What the table of supported copies says beside the type."""
    quota_page: str
    """Where AWS documents the quota."""

    @property
    def is_cluster(self) -> bool:
        return bool(self.cluster_engines)

    @property
    def copies_stay_unencrypted(self) -> bool:
        """Whether the copy of an unencrypted recovery point stays unencrypted (devguide/encryption)."""
        return self.is_cluster

    @property
    def database_kind(self) -> str:
        """The kind of resource in the ARN of a database."""
        return "cluster" if self.is_cluster else "db"

    @property
    def snapshot_kind(self) -> str:
        """The kind of resource in the ARN of a recovery point."""
        return "cluster-snapshot" if self.is_cluster else "snapshot"


# The type of DB instances. Multi-AZ DB clusters have this type too, and AWS Backup does not copy them.
INSTANCES = ResourceType(
    name="RDS",
    copies_in_flight=20,
    longest_copy=timedelta(hours=24),
    quota_page="https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html",
)
RESOURCE_TYPES = (
    INSTANCES,
    ResourceType(
        name="Aurora",
        copies_in_flight=5,
        longest_copy=timedelta(hours=36),
        cluster_engines=("aurora", "aurora-mysql", "aurora-postgresql"),
        waits_for_windows=False,
        quota_page="https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/CHAP_Limits.html",
    ),
    ResourceType(
        name="DocumentDB",
        copies_in_flight=5,
        longest_copy=timedelta(hours=36),
        cluster_engines=("docdb",),
        cli_service="docdb",
        support_note="in opt-in Regions since 26 August 2026",
        quota_page="https://docs.aws.amazon.com/documentdb/latest/developerguide/limits.html",
    ),
    ResourceType(
        name="Neptune",
        copies_in_flight=5,
        longest_copy=timedelta(hours=36),
        cluster_engines=("neptune",),
        cli_service="neptune",
        opt_in_regions=(
            "af-south-1",
            "ap-east-1",
            "ap-southeast-3",
            "il-central-1",
            "me-central-1",
            "me-south-1",
        ),
        quota_page="https://docs.aws.amazon.com/neptune/latest/userguide/limits.html",
    ),
)
CLUSTERS = tuple(each for each in RESOURCE_TYPES if each.is_cluster)
BY_NAME: Mapping[str, ResourceType] = {each.name: each for each in RESOURCE_TYPES}


def copies_stay_unencrypted(resource_type: str) -> bool:
    """Whether copies of this type stay unencrypted if their source is; False for a type that is not in the table."""
    found = BY_NAME.get(resource_type)
    return found is not None and found.copies_stay_unencrypted
