"""Three ways to do the second hop in one night, two simple handlers and Second Hop, and what became of the arrivals."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random
from typing import Any, NamedTuple

from backup_simulator import Delivery, OverQuota, UnknownBehaviour, World, texts
from backup_simulator.resource_types import RESOURCE_TYPES
from bench.arrivals import Arrival, let_arrive, switch_off
from bench.simple_handlers import deploy_handlers
from rehearsal.stage import DR, Stage, Topology

AFTERWARDS = timedelta(days=6)
# The handlers that delete do so at once, so Second Hop keeps no intermediate either.
KEEPS_NONE = {"KeepRdsIntermediates": "0", "KeepClusterIntermediates": "0"}
USABLE = ("COMPLETED", "AVAILABLE")


class Way(StrEnum):
    """How the second hop is done."""

    COPIES_AND_DELETES = "copy, then delete"
    COPIES_ONLY = "copy only"
    SECOND_HOP = "Second Hop"


class Night(NamedTuple):
    """A night, with what AWS does in it."""

    name: str
    unknown: UnknownBehaviour = UnknownBehaviour()
    delivery: Delivery = Delivery()
    has_faults: bool = False
    is_at_once: bool = False


LOSSY = Delivery(loss=0.05, duplicate=0.2, reorder=0.2)
SLOW = UnknownBehaviour(system_error_share=0.02)
FULL_LANES_FAIL = OverQuota.FAILS
NIGHTS = (
    Night("healthy"),
    Night("faulty", SLOW, LOSSY, has_faults=True),
    Night("faulty, full lanes fail jobs", replace(SLOW, over_quota=FULL_LANES_FAIL), LOSSY, has_faults=True),
    Night("backlog at once, full lanes fail jobs", UnknownBehaviour(over_quota=FULL_LANES_FAIL), is_at_once=True),
    Night("faulty, deletes end as EXPIRED", replace(SLOW, delete_leaves_expired=True), LOSSY, has_faults=True),
    Night("faulty, half of the events lost", SLOW, replace(LOSSY, loss=0.5), has_faults=True),
    Night("faulty, all events lost", SLOW, replace(LOSSY, loss=1.0), has_faults=True),
)
# The faults of a faulty night, beside those of delivery.
FAILING_SHARE, THROTTLED_SHARE, DEATHS = 0.1, 0.1, 3


def run(way: Way, night: Night, arrivals: Sequence[Arrival], seed: int) -> dict[str, Any]:
    """Run a night to its end, and return its figures."""
    world = World(seed=seed, unknown=night.unknown, delivery=night.delivery)
    stage = Stage(world, parameters=KEEPS_NONE, open_session=world.light_session, topology=Topology.HUB)
    if way is not Way.SECOND_HOP:
        switch_off(stage)
        deploy_handlers(stage, deletes=way is Way.COPIES_AND_DELETES)
    if night.has_faults:
        set_faults(world, arrivals, seed)
    last = let_arrive(stage, arrivals, at_once=night.is_at_once)
    world.run_until(last + AFTERWARDS)
    found = figures(stage)
    if way is Way.SECOND_HOP:
        found["broken_promises"] = [str(each) for each in stage.oracle().violations()]
    return found


def set_faults(world: World, arrivals: Sequence[Arrival], seed: int) -> None:
    """The first second hop of some databases fails, calls are throttled, and processes die after StartCopyJob."""
    databases = sorted(each.database for each in arrivals)
    for database in Random(seed).sample(databases, round(FAILING_SHARE * len(databases))):
        world.faults.fail_copy_job(database_arn=database, destination_region=DR, message=texts.INTERNAL)
    world.faults.flaky(THROTTLED_SHARE, "StartCopyJob")
    world.faults.die("backup", "StartCopyJob", when="after", times=DEATHS)


def figures(stage: Stage) -> dict[str, Any]:
    """What became of all arrivals, checked in the simulated world and in one way for all."""
    world, watched, final = stage.world, stage.backup_account["WatchedVaultArn"], stage.dr["DrVaultArn"]
    messages = everything_said(stage)
    points = [point for point in world.landed() if point.vault_arn == watched]
    copies = Counter(
        (point.database_arn, point.created_at)
        for point in world.recovery_points()
        if point.vault_arn == final and point.status in USABLE
    )
    missing = [point for point in points if not copies[point.database_arn, point.created_at]]
    left = [point for point in points if point.gone_at is None]
    jobs = [job for job in world.copy_jobs() if job.destination_vault_arn == final]
    return {
        "points": len(points),
        "final_copies": len(points) - len(missing),
        "lost_silently": sum(point.arn not in messages for point in missing),
        "lost_with_message": sum(point.arn in messages for point in missing),
        "twice": sum(number > 1 for number in copies.values()),
        "failed": sum(job.state == "FAILED" for job in jobs),
        "most_in_flight": most_in_flight(stage),
        "left": len(left),
        "left_with_message": sum(point.arn in messages for point in left),
    }


def everything_said(stage: Stage) -> str:
    """Everything that was sent to people and their tools: messages of the topic, and events of Second Hop."""
    messages = [message.message for message in stage.world.published(stage.topic_arn)]
    return "\n".join([*messages, *(str(event["detail"]) for event in stage.world.put_events)])


def most_in_flight(stage: Stage) -> dict[str, int]:
    """For each resource type, the most copies into the DR Region that were started and not ended at one time."""
    edges: dict[str, list[tuple[datetime, int]]] = defaultdict(list)
    for job in stage.world.copy_jobs():
        if job.destination_vault_arn == stage.dr["DrVaultArn"]:
            edges[job.resource_type] += [(job.created_at, 1), (job.completed_at or stage.world.now(), -1)]
    most = {each.name: 0 for each in RESOURCE_TYPES}
    for kind, changes in edges.items():
        in_flight = 0
        for _, change in sorted(changes):
            in_flight += change
            most[kind] = max(most[kind], in_flight)
    return most
