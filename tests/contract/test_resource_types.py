"""The engine's table of resource types, the simulator's, the templates, the events and the schemas agree."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from backup_simulator import World
from backup_simulator import resource_types as simulated
from rehearsal.stage import Stage
from secondhop.domain import resource_types as engine
from tests.template.reading import ALL, MAIN, template

ROOT = Path(__file__).parents[2]
NAMES = tuple(engine.BY_NAME)
A_RDS_ARN = re.compile(r"arn:[^:]*:rds:[^:]*:[^:]*:([a-z-]+):")
PARAMETER = re.compile(r"\$\{[^}]*\}")
FACTS = ("name", "is_cluster", "copies_in_flight", "copies_stay_unencrypted", "database_kind", "snapshot_kind")


def facts_of(row: Any) -> dict[str, Any]:
    regions = None if row.opt_in_regions is None else frozenset(row.opt_in_regions)
    return {"opt_in_regions": regions, **{name: getattr(row, name) for name in FACTS}}


def parameter(name: str) -> dict[str, Any]:
    found: dict[str, Any] = template(MAIN)["Parameters"][name]
    return found


def lists_of_rds_arns(node: Any) -> list[list[str]]:
    """The kinds of resource in each list of ARNs of RDS that a template holds."""
    if isinstance(node, dict):
        return [found for each in node.values() for found in lists_of_rds_arns(each)]
    if not isinstance(node, list):
        return []
    texts = [str(each.get("Fn::Sub", "")) if isinstance(each, dict) else str(each) for each in node]
    kinds = [match[1] for each in texts if (match := A_RDS_ARN.match(PARAMETER.sub("x", each)))]
    return [kinds] if kinds else [found for each in node for found in lists_of_rds_arns(each)]


def test_both_tables_have_the_same_types_in_the_same_order_with_the_same_facts() -> None:
    assert [facts_of(row) for row in engine.RESOURCE_TYPES] == [facts_of(row) for row in simulated.RESOURCE_TYPES]


def test_the_engine_recognises_the_engine_of_each_cluster_in_the_simulator() -> None:
    assert [row.name for row in simulated.CLUSTERS if row.engine not in engine.BY_NAME[row.name].cluster_engines] == []
    assert simulated.INSTANCES.engine not in [each for row in engine.CLUSTERS for each in row.cluster_engines]


def test_no_engine_belongs_to_two_types() -> None:
    engines = [each for row in engine.RESOURCE_TYPES for each in row.cluster_engines]

    assert sorted(set(engines)) == sorted(engines)


def test_the_arns_of_databases_and_recovery_points_have_the_kinds_of_the_table() -> None:
    stage = Stage(World())
    arns = {name: stage.add_database(name, name.lower(), size_gib=1) for name in NAMES}
    stage.world.run_for(timedelta(hours=12))
    points = stage.world.recovery_points()

    assert {name for name, arn in arns.items() if f":{engine.BY_NAME[name].database_kind}:" not in arn} == set()
    assert {point.resource_type for point in points} == set(NAMES)
    wrong = [
        each.arn for each in points if f":{engine.BY_NAME[each.resource_type].snapshot_kind}:awsbackup:" not in each.arn
    ]
    assert wrong == []


def test_the_parameter_accepts_each_type_and_nothing_else() -> None:
    pattern = re.compile(parameter("ResourceTypes")["AllowedPattern"])

    assert parameter("ResourceTypes")["Default"] == ",".join(NAMES)
    assert [each for each in permutations(NAMES) if not pattern.fullmatch(",".join(each))] == []
    assert [each for each in NAMES if not pattern.fullmatch(each) or pattern.fullmatch(each[:-1])] == []
    assert not pattern.fullmatch("EBS")
    assert not pattern.fullmatch(",".join((*NAMES, NAMES[0])))


def test_the_limits_of_the_parameters_are_the_quotas_of_the_table() -> None:
    smallest = min(each.copies_in_flight for each in engine.CLUSTERS)

    assert parameter("MaximumRdsCopies")["MaxValue"] == engine.INSTANCES.copies_in_flight
    assert parameter("MaximumClusterCopies")["MaxValue"] == smallest


def test_every_list_of_arns_in_a_template_has_each_kind_of_snapshot_or_database() -> None:
    snapshots = {each.snapshot_kind for each in engine.RESOURCE_TYPES}
    databases = {each.database_kind for each in engine.RESOURCE_TYPES}
    lists = {name: lists_of_rds_arns(template(name)) for name in ALL}
    incomplete = {
        (name, *kinds)
        for name, found in lists.items()
        for kinds in found
        for wanted in (snapshots, databases)
        if set(kinds) & wanted and not wanted <= set(kinds)
    }

    assert incomplete == set()
    assert {name for name, found in lists.items() if not found} == {"stacks/dr-region.yaml"}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("hop", [1, 2])
def test_the_events_have_a_completed_copy_of_each_type_with_its_kinds_of_arn(name: str, hop: int) -> None:
    row = engine.BY_NAME[name]
    event = json.loads((ROOT / "events" / f"copy-job-hop{hop}-{name.lower()}-completed.json").read_text())

    assert event["detail"]["resourceType"] == name
    assert f":{row.database_kind}:" in event["detail"]["resourceArn"]
    assert f":{row.snapshot_kind}:awsbackup:" in event["detail"]["destinationRecoveryPointArn"]
    assert f":{row.snapshot_kind}:awsbackup:" in event["resources"][0]


@pytest.mark.parametrize("schema", sorted((ROOT / "docs" / "events").glob("*.json")), ids=lambda path: path.name)
def test_the_schemas_of_incident_events_name_each_type(schema: Path) -> None:
    assert f'"resource_type": {{"enum": {json.dumps(NAMES)}}}' in schema.read_text()


def test_the_command_that_opts_types_in_names_each_of_them() -> None:
    opted_in = ",".join(f"{name}=true" for name in NAMES)

    assert opted_in in (ROOT / "stacks" / "workload.yaml").read_text()


def test_every_row_gives_a_copy_at_least_a_day_and_names_the_page_of_its_quota() -> None:
    pages = {row.name: row.quota_page for row in engine.RESOURCE_TYPES}

    assert [row.name for row in engine.RESOURCE_TYPES if row.longest_copy < timedelta(days=1)] == []
    assert [name for name, page in pages.items() if not page.startswith("https://docs.aws.amazon.com/")] == []
