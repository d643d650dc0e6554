"""What arrives in the watched vault in one night: found once with the real backup plan, and repeated for each stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from backup_simulator import World
from backup_simulator.model import GIBIBYTE
from bench.stages import add_databases, land
from rehearsal.stage import HOME, Stage, Topology

# The plan begins at 03:00. Its first hops have queued and ended long before the next night.
ONE_NIGHT = timedelta(hours=26)
MEDIAN_GIB = 20
# A backlog lands one point after the other.
A_BACKLOG = timedelta(minutes=1)


class Arrival(NamedTuple):
    """A recovery point that lands in the watched vault."""

    kind: str
    database: str
    size_gib: float
    created_at: datetime
    landed_at: datetime
    delete_after_days: int


def switch_off(stage: Stage) -> None:
    """Leave the stacks as they are, and take all events and schedules from Second Hop."""
    queue = stage.world.queue(stage.main.ref("WorkQueue")).arn
    for rule in stage.world.rules(stage.main_account, HOME):
        rule.enabled = rule.enabled and all(target.arn != queue for target in rule.targets)
    for schedule in stage.world.schedules.values():
        schedule.enabled = False


def arrivals_of_a_night(seed: int, shares: Mapping[str, int]) -> list[Arrival]:
    """The first hops of the plan's first night, by their time. Raises AssertionError if one is missing."""
    world = World(seed=seed)
    stage = Stage(world, open_session=world.light_session, topology=Topology.HUB)
    switch_off(stage)
    number = add_databases(stage, shares, size_gib=MEDIAN_GIB)
    world.run_for(ONE_NIGHT)
    watched = stage.backup_account["WatchedVaultArn"]
    found = [
        Arrival(
            kind=point.resource_type,
            database=point.database_arn,
            size_gib=point.size_bytes / GIBIBYTE,
            created_at=point.created_at,
            landed_at=point.landed_at,
            delete_after_days=point.delete_after_days,
        )
        for point in world.landed()
        if point.vault_arn == watched and point.landed_at is not None and point.delete_after_days is not None
    ]
    if len({each.database for each in found}) != number or len(found) != number:
        raise AssertionError(f"{len(found)} recovery points of {number} databases arrived in one night")
    return found


def let_arrive(stage: Stage, arrivals: Sequence[Arrival], *, at_once: bool = False) -> datetime:
    """Let the points land at their times, or all when the last one does. Returns the time of the last one."""
    world, last = stage.world, max(each.landed_at for each in arrivals)
    for number, each in enumerate(arrivals):
        moment = last + A_BACKLOG * number / len(arrivals) if at_once else each.landed_at
        world.clock.at(moment, partial(_land, stage, each))
    return last


def _land(stage: Stage, arrival: Arrival) -> None:
    land(
        stage,
        kind=arrival.kind,
        database=arrival.database,
        size_gib=arrival.size_gib,
        delete_after_days=arrival.delete_after_days,
        created_at=arrival.created_at,
    )
