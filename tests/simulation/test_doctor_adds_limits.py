"""The doctor adds up the limits of all main stacks into one account and Region, and names those that it cannot see."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from backup_simulator import World
from rehearsal.stage import BACKUP, DR, HOME, NEIGHBOUR, WORKLOAD, Stage
from secondhop.adapters.memory_chains import MemoryChains
from tests.simulation.test_tenants import OTHER
from tests.staged_journey import Clinic

KIND = "limits-above-the-shared-quota"
RDS, CLUSTERS = "MaximumRdsCopies", "MaximumClusterCopies"
HALF = {RDS: "10", CLUSTERS: "2"}


def two_stacks(ours: dict[str, str], theirs: dict[str, str]) -> Stage:
    """Our stage, beside one of a neighbour, each with its limits."""
    world = World()
    stage = Stage(world, MemoryChains(), parameters=ours)
    given = {**OTHER, "template": {**OTHER["template"], **theirs}}
    other = Stage(world, MemoryChains(), workload_accounts=(NEIGHBOUR,), given=given, name="their-hop")
    for each in (stage, other):
        each.add_database("RDS", "orders", size_gib=1)
        each.add_database("Neptune", "graph", size_gib=1)
    world.run_for(world.delivery.batch * 7)
    return stage


def say(stage: Stage, account: str, name: str, parameters: dict[str, str]) -> None:
    stack = stage.world.stacks[account, HOME, name]
    stack.parameters = {**stack.parameters, **parameters}


def found_by(clinic: Clinic) -> list[dict[str, Any]]:
    return [each for each in clinic.findings() if each["kind"] == KIND]


def test_undivided_limits_of_two_main_stacks_are_found_and_divided_ones_are_not() -> None:
    stage = two_stacks({}, {})
    clinic = Clinic(stage, also=(NEIGHBOUR,))

    found = found_by(clinic)
    assert clinic.code == 1
    assert [(each["account"], each["region"], each["resource"]) for each in found] == [
        (BACKUP, DR, RDS),
        (BACKUP, DR, CLUSTERS),
    ]
    what = f"2 main stacks may together have 40 RDS copies in progress into {BACKUP}/{DR}, and AWS's quota is 20."
    assert found[0]["what"] == f"{what} {RDS}: 20 of second-hop in {WORKLOAD}, 20 of their-hop in {NEIGHBOUR}."
    assert {each["command"] for each in found} == {"secondhop init --installations-sharing 2"}

    say(stage, WORKLOAD, "second-hop", HALF)
    say(stage, NEIGHBOUR, "their-hop", HALF)
    assert clinic.findings() == []
    assert clinic.code == 0


@pytest.mark.parametrize(
    ("theirs", "resources"),
    [
        ({RDS: "11", CLUSTERS: "3"}, [RDS]),
        ({RDS: "10", CLUSTERS: "4"}, [CLUSTERS]),
        ({RDS: "20", CLUSTERS: "5", "DrRegion": "eu-north-1"}, []),
        ({RDS: "20", CLUSTERS: "5", "ResourceTypes": "Neptune"}, [CLUSTERS]),
    ],
)
def test_only_stacks_with_the_same_destination_count_and_each_type_by_itself(
    theirs: dict[str, str], resources: list[str]
) -> None:
    stage = two_stacks(HALF, HALF)
    say(stage, NEIGHBOUR, "their-hop", theirs)

    assert [each["resource"] for each in found_by(Clinic(stage, also=(NEIGHBOUR,)))] == resources


def test_more_main_stacks_than_slots_are_sent_to_the_hub() -> None:
    stage = two_stacks({}, {})
    stacks = stage.world.stacks
    for number in range(4):
        name = f"hop-{number}"
        stacks[NEIGHBOUR, HOME, name] = replace(stacks[NEIGHBOUR, HOME, "their-hop"], name=name)

    found = found_by(Clinic(stage, also=(NEIGHBOUR,)))

    assert {each["command"] for each in found} == {""}
    assert all("Use the hub topology" in each["fix"] for each in found)


def test_an_installation_whose_main_stack_is_not_seen_is_not_checked() -> None:
    stage = two_stacks(HALF, HALF)
    clinic = Clinic(stage)

    report = clinic.examine()

    assert clinic.code == 3
    (check,) = [each for each in report["checks"] if not each["fine"]]
    (unseen,) = check["not_checked"]
    assert f"the main stack in account {NEIGHBOUR}" in unseen["what"]
    command = "secondhop doctor --stack second-hop --region eu-west-1"
    profiles = " ".join(f"--profile PROFILE-OF-{each}" for each in (WORKLOAD, BACKUP, NEIGHBOUR))
    assert unseen["reason"].endswith(f"Run: {command} {profiles}")


def test_an_account_that_was_looked_at_and_has_no_main_stack_starts_nothing() -> None:
    stage = two_stacks({}, {})
    del stage.world.stacks[NEIGHBOUR, HOME, "their-hop"]
    clinic = Clinic(stage, also=(NEIGHBOUR,))

    assert clinic.findings() == []
    assert clinic.code == 0
