"""The resource types that the simulator backs up and copies: one row for each, with its facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Incremental(StrEnum):
    """Which copies transfer only what changed since the copy before; the snapshot-copy page of each type says it."""

    ALL = "all"
    WITHIN_ACCOUNT = "within an account"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceType:
    """A resource type of AWS Backup, and a database of this type for examples."""

    name: str
    engine: str
    is_cluster: bool
    copies_in_flight: int
    """Quota of copies in progress, for each destination account and Region."""
    incremental: Incremental
    opt_in_regions: frozenset[str] | None = None
    """The opt-in Regions with cross-Region copies, which then have no cross-account copies; None: all have both."""
    example_name: str
    example_gib: int

    @property
    def copies_stay_unencrypted(self) -> bool:
        """An unencrypted cluster's copy stays unencrypted; an instance's gets the vault's key (devguide/encryption)."""
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
    engine="postgres",
    is_cluster=False,
    copies_in_flight=20,  # AmazonRDS/latest/UserGuide/CHAP_Limits.html
    incremental=Incremental.ALL,
    example_name="orders",
    example_gib=80,
)
RESOURCE_TYPES = (
    INSTANCES,
    ResourceType(
        name="Aurora",
        engine="aurora-postgresql",
        is_cluster=True,
        copies_in_flight=5,  # AmazonRDS/latest/AuroraUserGuide/CHAP_Limits.html
        incremental=Incremental.NONE,
        example_name="customers",
        example_gib=60,
    ),
    ResourceType(
        name="DocumentDB",
        engine="docdb",
        is_cluster=True,
        copies_in_flight=5,  # documentdb/latest/developerguide/limits.html
        incremental=Incremental.NONE,
        example_name="catalog",
        example_gib=40,
    ),
    ResourceType(
        name="Neptune",
        engine="neptune",
        is_cluster=True,
        copies_in_flight=5,  # neptune/latest/userguide/limits.html
        incremental=Incremental.WITHIN_ACCOUNT,
        opt_in_regions=frozenset(
            {
                "af-south-1",
                "ap-east-1",
                "ap-southeast-3",
                "il-central-1",
                "me-central-1",
                "me-south-1",
            }
        ),
        example_name="graph",
        example_gib=30,
    ),
)
CLUSTERS = tuple(each for each in RESOURCE_TYPES if each.is_cluster)
BY_NAME: Mapping[str, ResourceType] = {each.name: each for each in RESOURCE_TYPES}
