"""What a new chain costs when its database has many finished chains in the table.

Run: python -m bench.history [COPIES...], by default 1, 365 and 3650. Counted from the arrival to COMPLETE.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import timedelta
from time import process_time
from typing import Any

from backup_simulator import World
from backup_simulator.model import Point
from bench.clones import items_of, put_clone, second_of
from bench.meter import ACTOR, SWEEP, per, summary
from bench.results import write
from bench.stages import AN_INSTANCE, Measured, Stopwatch, database_arn, land, measured_stage

COPIES = (1, 365, 3650)
A_DAY = timedelta(days=1)
# Nights that are simulated before: the chain that a database has not released yet, and one that is released.
REAL = 2


def one_more_chain(copies: int, **parameters: str) -> dict[str, Any]:
    """A database with so many finished chains gets one more arrival."""
    stopwatch = Stopwatch()
    measured = measured_stage(World(seed=1), stopwatch=stopwatch, parameters={"RetentionDays": "365", **parameters})
    world = measured.world
    world.run_for(timedelta(hours=1))
    database = database_arn(AN_INSTANCE, measured.stage.workload_accounts[0], "one")
    points = []
    for _ in range(min(REAL, copies)):
        points.append(arrive(measured, database))
        world.run_for(A_DAY)
    clone_older(measured, points[0], copies - len(points))
    world.run_for(timedelta(minutes=5))
    before, longest = measured.meter.so_far(), Longest(measured, stopwatch)
    arrive(measured, database)
    world.run_for(timedelta(hours=6))
    counts = measured.meter.since(before)
    if measured.states() != {"COMPLETE": copies + 1}:
        raise AssertionError(f"with {copies} earlier copies, chains ended as {dict(measured.states())}")
    return {
        "copies": copies,
        "actor": summary(counts[ACTOR], 1),
        "actor_itemised": per(counts[ACTOR], 1),
        "sweep": summary(counts[SWEEP], 1),
        "own_ms": round(longest.total * 1000, 1),
        "longest_invocation_ms": round(longest.seconds * 1000, 1),
    }


def arrive(measured: Measured, database: str) -> Point:
    return land(measured.stage, kind=AN_INSTANCE, database=database, size_gib=1, delete_after_days=36500)


def clone_older(measured: Measured, point: Point, number: int) -> None:
    """So many chains of the same database, each a day older than the one before."""
    pattern = items_of(measured, point.arn)
    for days in range(1, number + 1):
        older = second_of(point.created_at - days * A_DAY)
        replaced = {point.arn: f"{point.arn}-{days}", second_of(point.created_at): older}
        put_clone(measured, pattern, replaced)


class Longest:
    """The processor time of the actor without AWS's and the table's: of all invocations, and of the longest."""

    def __init__(self, measured: Measured, stopwatch: Stopwatch) -> None:
        self.total = self.seconds = 0.0
        mapping = measured.world.queue(measured.stage.main.ref("WorkQueue")).mapping
        assert mapping is not None
        invoke = mapping.invoke

        def timed(event: dict[str, Any]) -> Any:
            began, outside = process_time(), stopwatch.seconds
            try:
                return invoke(event)
            finally:
                own = process_time() - began - (stopwatch.seconds - outside)
                self.total += own
                self.seconds = max(self.seconds, own)

        mapping.invoke = timed


def main(arguments: Sequence[str]) -> int:
    """Measure each number of earlier copies, and write build/bench/history.json."""
    if any(not each.isdecimal() or int(each) < 1 for each in arguments):
        print("Each argument is a number of earlier copies: python -m bench.history 1 365 3650", file=sys.stderr)
        return 2
    lives = [one_more_chain(copies) for copies in [int(each) for each in arguments] or COPIES]
    write("history", {"lives": lives})
    for life in lives:
        print(f"{life['copies']} earlier copies: {life['actor']}; own {life['own_ms']} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
