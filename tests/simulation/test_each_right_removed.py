"""Each statement of each role, taken away once: the run goes wrong, and somebody can see it."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from functools import cache
from typing import Any

import pytest
from moto import mock_aws

from backup_simulator import World
from rehearsal.stage import HOME, Stage, Topology
from secondhop.adapters.memory_chains import MemoryChains
from tests.eventful_runs import SHORT_LIVED, SHORT_LIVED_COMPANIONS, STRICT, TRANSIENT, Run, name_of
from tests.guarded_table import GuardedTable
from tests.simulation.test_least_privilege import listed

pytestmark = pytest.mark.rights

SIX_HOURS = timedelta(hours=6)
# What only a run of some days can miss.
LATE = "ExpireFinalCopies"


def a_run(topology: Topology, role: str = "", sid: str = "", *, table: GuardedTable | None = None) -> Counter[str]:
    """Six hours of trouble and six of its end, with one statement of one role taken away; the signs of failure."""
    stage = Stage(World(seed=5, unknown=STRICT), table.chains if table else MemoryChains(), topology=topology)
    if table:
        table.stage = stage
    take_away(stage, role, sid)
    for resource_type, name in (("Aurora", "customers"), ("RDS", "orders")):
        stage.add_database(resource_type, name, size_gib=2)
    world, key = stage.world, stage.world.keys[stage.dr["KeyArn"]]
    if topology is Topology.WORKLOAD:
        world.faults.fail_copy_job(message=TRANSIENT, destination_region=HOME)
    world.queue(stage.main.ref("WorkQueue")).send("{")
    key.managed_by = "aws/backup"
    world.run_for(SIX_HOURS)
    key.managed_by = None
    requests: tuple[dict[str, Any], ...] = (
        {"verb": "pause"},
        {"verb": "resume"},
        {"verb": "adopt", "dry_run": False},
        {"verb": "retry", "cause": "VAULT_KEY"},
    )
    refused = [each["verb"] for each in requests if not is_done(stage, by="ada", **each)]
    world.run_for(SIX_HOURS)
    return signs(stage, refused)


def take_away(stage: Stage, role: str, sid: str) -> None:
    for arn, found in stage.world.roles.items():
        if name_of(arn) == role:
            found.policies = tuple(
                {**policy, "Statement": [each for each in policy["Statement"] if each["Sid"] != sid]}
                for policy in found.policies
            )


def is_done(stage: Stage, **request: Any) -> bool:
    """Whether the answer says so, and names no problem behind a semicolon."""
    answer = stage.main.functions["OperateChains"](request)
    return bool(answer["is_accepted"]) and "; " not in answer["message"]


def signs(stage: Stage, refused: list[str]) -> Counter[str]:
    """What people or alarms would notice, each with how often: more of any than in a sound run is a failure seen."""
    world = stage.world
    found: Counter[str] = Counter(f"{verb} is refused" for verb in refused)
    found.update(f"promise {violation.promise} is broken" for violation in stage.oracle().violations())
    arrived = world.vault_by_arn(stage.dr["DrVaultArn"]).points
    found["final copies are missing"] = 2 - len(arrived)
    left = world.vault_by_arn(stage.backup_account["WatchedVaultArn"]).points
    found["intermediates are left"] = len(left)
    found["incidents are told"] = len(world.published(stage.topic_arn))
    found["incidents are not told"] = -len(world.published(stage.topic_arn))
    found["incidents are not on the bus"] = -len(world.put_events)
    queues = [each for each in world.queues if each.name.endswith(("DeadLetters", "UndeliveredEvents"))]
    dead = [message for queue in queues for message in queue.messages.values()]
    found["messages are dead"] = len(dead)
    found["messages are dead and nobody knows why"] = sum("reason" not in message.attributes for message in dead)
    found["functions fail"] = sum(line.kind in ("function failed", "schedule failed") for line in world.trace)
    found["sweeps meet problems"] = int(sum(values_of(stage, "SweepProblems")))
    found["sweeps are not completed"] = -int(sum(values_of(stage, "SweepCompleted")))
    return found


def values_of(stage: Stage, name: str) -> list[float]:
    return [
        measured.value
        for (_, _, (_, metric, _)), values in stage.world.metrics.items()
        if metric == name
        for measured in values
    ]


def statements_of(topology: Topology) -> list[tuple[str, str]]:
    """Role and statement, for all that a simulated run can need."""
    given = Run(Stage(World(), MemoryChains(), topology=topology), Counter(), []).given()
    return sorted({(each.role, each.sid) for each in given if each[1:] not in listed()})


@cache
def sound(topology: Topology) -> Counter[str]:
    return a_run(topology)


CASES = [(topology, role, sid) for topology in Topology for role, sid in statements_of(topology) if sid != LATE]


@pytest.mark.parametrize("topology", Topology)
def test_a_sound_run_comes_to_its_end(topology: Topology) -> None:
    # Two databases share one cause: a message for the first, a summary that names the second, and one closing.
    assert +sound(topology) == Counter(
        {"intermediates are left": 1, "incidents are told": 3, "messages are dead": 1},
    )


@pytest.mark.parametrize(("topology", "role", "sid"), CASES, ids=str)
def test_without_any_one_statement_a_run_fails_and_somebody_can_see_it(topology: Topology, role: str, sid: str) -> None:
    if sid == "Remember":
        with mock_aws():
            broken = a_run(topology, role, sid, table=GuardedTable())
    else:
        broken = a_run(topology, role, sid)

    worse = {sign: count for sign, count in broken.items() if count > sound(topology)[sign]}
    assert worse != {}
    assert not {sign for sign in worse if sign.startswith("promise") and not sign.startswith("promise 3")}


def statuses_of_final_copies(topology: Topology, role: str = "", sid: str = "") -> set[str]:
    """After four days with copies that live for two; a copy that is EXPIRED shows in the console and on the bill."""
    stage = Stage(
        World(seed=5, unknown=STRICT), MemoryChains(), SHORT_LIVED, topology=topology, given=SHORT_LIVED_COMPANIONS
    )
    take_away(stage, role, sid)
    for resource_type, name in (("Aurora", "customers"), ("RDS", "orders")):
        stage.add_database(resource_type, name, size_gib=2)
    stage.world.run_for(timedelta(days=4))
    return {point.status for point in stage.world.vault_by_arn(stage.dr["DrVaultArn"]).points.values()}


def test_without_the_right_to_delete_their_snapshots_final_copies_never_go() -> None:
    assert ("CopyRole", LATE) in statements_of(Topology.WORKLOAD)
    assert statuses_of_final_copies(Topology.WORKLOAD) == {"COMPLETED"}
    assert statuses_of_final_copies(Topology.WORKLOAD, "CopyRole", LATE) == {"COMPLETED", "EXPIRED"}
