"""What follows from a row of the resource types."""

from __future__ import annotations

from secondhop.domain.resource_types import RESOURCE_TYPES


def test_instances_and_clusters_have_arns_of_their_own_and_only_copies_of_clusters_stay_unencrypted() -> None:
    kinds = {each.is_cluster: (each.database_kind, each.snapshot_kind) for each in RESOURCE_TYPES}

    assert kinds == {False: ("db", "snapshot"), True: ("cluster", "cluster-snapshot")}
    assert {each.name for each in RESOURCE_TYPES if not each.copies_stay_unencrypted} == {"RDS"}
