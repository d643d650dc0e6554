"""The same nights for three ways to do the second hop: two simple handlers, and Second Hop.

Run: python -m bench.head_to_head [SEED...], by default 1 2 3. It writes build/bench/head_to_head.json.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from backup_simulator import Delivery, UnknownBehaviour, World
from backup_simulator.resource_types import RESOURCE_TYPES
from bench.arrivals import Arrival, arrivals_of_a_night, let_arrive, switch_off
from bench.results import write
from bench.simple_handlers import deploy_handlers
from bench.stages import of_each
from rehearsal.stage import Stage, Topology

SEEDS = (1, 2, 3)
SHARES = of_each(110, 30, 30, 30)
AFTERWARDS = timedelta(days=6)
# The handlers that delete do so at once, so Second Hop keeps no intermediate either.
KEEPS_NONE = {"KeepRdsIntermediates": "0", "KeepClusterIntermediates": "0"}
LANES = {each.name: each.copies_in_flight for each in RESOURCE_TYPES}
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


NIGHTS = (Night("healthy"),)


def run(way: Way, night: Night, arrivals: Sequence[Arrival], seed: int) -> dict[str, Any]:
    """Run a night to its end, and return its figures."""
    world = World(seed=seed, unknown=night.unknown, delivery=night.delivery)
    stage = Stage(world, parameters=KEEPS_NONE, open_session=world.light_session, topology=Topology.HUB)
    if way is not Way.SECOND_HOP:
        switch_off(stage)
        deploy_handlers(stage, deletes=way is Way.COPIES_AND_DELETES)
    last = let_arrive(stage, arrivals, at_once=night.is_at_once)
    world.run_until(last + AFTERWARDS)
    return figures(stage)


def figures(stage: Stage) -> dict[str, Any]:
    """What became of all arrivals, judged in the simulated world and in the same way for everybody."""
    world, watched, final = stage.world, stage.backup_account["WatchedVaultArn"], stage.dr["DrVaultArn"]
    messages = told(stage)
    points = [point for point in world.landed() if point.vault_arn == watched]
    copies = Counter(
        (point.database_arn, point.created_at)
        for point in world.recovery_points()
        if point.vault_arn == final and point.status in USABLE
    )
    missing = [point for point in points if not copies[point.database_arn, point.created_at]]
    left = [point for point in points if point.gone_at is None]
    peaks = most_in_flight(stage)
    jobs = [job for job in world.copy_jobs() if job.destination_vault_arn == final]
    return {
        "points": len(points),
        "final_copies": len(points) - len(missing),
        "lost_untold": sum(point.arn not in messages for point in missing),
        "lost_told": sum(point.arn in messages for point in missing),
        "copied_twice": sum(number > 1 for number in copies.values()),
        "failed_jobs": sum(job.state == "FAILED" for job in jobs),
        "most_in_flight": peaks,
        "over_quota": {kind: max(0, most - LANES[kind]) for kind, most in peaks.items()},
        "left_behind": len(left),
        "left_behind_told": sum(point.arn in messages for point in left),
        "broken_promises": sorted(str(violation) for violation in stage.oracle().violations()),
    }


def told(stage: Stage) -> str:
    """Everything that people or their tools were sent: messages of the topic, and events of Second Hop."""
    messages = [message.message for message in stage.world.published(stage.topic_arn)]
    return "\n".join([*messages, *(str(event["detail"]) for event in stage.world.put_events)])


def most_in_flight(stage: Stage) -> dict[str, int]:
    """For each resource type, the most copies into the DR Region that were started and not ended at one time."""
    edges: dict[str, list[tuple[datetime, int]]] = defaultdict(list)
    for job in stage.world.copy_jobs():
        if job.destination_vault_arn == stage.dr["DrVaultArn"]:
            edges[job.resource_type] += [(job.created_at, 1), (job.completed_at or stage.world.now(), -1)]
    most = dict.fromkeys(LANES, 0)
    for kind, changes in edges.items():
        in_flight = 0
        for _, change in sorted(changes):
            in_flight += change
            most[kind] = max(most[kind], in_flight)
    return most


def compare(nights: Sequence[Night], seeds: Sequence[int], shares: Mapping[str, int] = SHARES) -> list[dict[str, Any]]:
    """The figures of every way in every night, for each seed."""
    arrivals = {seed: arrivals_of_a_night(seed, shares) for seed in seeds}
    return [
        {"night": night.name, "way": way, "seed": seed, **run(way, night, arrivals[seed], seed)}
        for night in nights
        for way in Way
        for seed in seeds
    ]


def main(arguments: Sequence[str]) -> int:
    """Compare the ways in every night, and write the result."""
    if any(not each.isdecimal() for each in arguments):
        print("Each argument is a seed: python -m bench.head_to_head 1 2 3", file=sys.stderr)
        return 2
    runs = compare(NIGHTS, [int(each) for each in arguments] or SEEDS)
    path = write("head_to_head", {"runs": runs})
    for each in runs:
        print({name: value for name, value in each.items() if name != "broken_promises"})
    print(f"all figures: {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
