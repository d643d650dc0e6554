"""What one sweep reads: with chains that are due, with points that have a chain, and with new points.

Run: python -m bench.sweep [--large]. Points of 56 days are in the watched vault, each with a finished chain. The queue
is held, so that the sweep alone runs: once, again with nothing new, and once more with a hundred new points.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import timedelta
from time import process_time
from typing import Any, NamedTuple

from backup_simulator import World
from bench.clones import items_of, put_clone, second_of
from bench.meter import SWEEP, per, summary
from bench.results import write
from bench.stages import AN_INSTANCE, Measured, Stopwatch, database_arn, land, measured_stage
from rehearsal.small_dynamodb.usage import Item

DAYS, NEW_POINTS = 56, 100
KEEP_ALL = {"RetentionDays": "365", "KeepRdsIntermediates": "all", "KeepClusterIntermediates": "all"}


class Size(NamedTuple):
    """Chains that are due, and points in the vault that have a finished chain."""

    due: int
    known: int


SIZES = (Size(10, 1_000), Size(1_000, 1_000), Size(10, 10_000))
LARGE = (Size(10_000, 1_000), Size(10, 100_000))


def sweeps(size: Size, *, has_boto3: bool = True) -> dict[str, Any]:
    """Three sweeps of one stage."""
    stopwatch = Stopwatch()
    measured = measured_stage(World(seed=1), has_boto3=has_boto3, stopwatch=stopwatch, parameters=KEEP_ALL)
    pattern, names = a_finished_chain(measured)
    mapping = measured.world.queue(measured.stage.main.ref("WorkQueue")).mapping
    assert mapping is not None
    mapping.enabled = False
    fill(measured, size, pattern, names)
    measured.world.run_for(timedelta(minutes=1))
    first, again = one_sweep(measured, stopwatch), one_sweep(measured, stopwatch)
    for number in range(NEW_POINTS):
        new_point(measured, f"new-{number}", hours=1)
    measured.world.run_for(timedelta(minutes=1))
    found = one_sweep(measured, stopwatch)
    return {"due": size.due, "known": size.known, "first": first, "again": again, "with_100_new": found}


class Names(NamedTuple):
    """What is replaced in the pattern: its recovery point, its database and its date."""

    point: str
    database: str
    second: str


def a_finished_chain(measured: Measured) -> tuple[list[Item], Names]:
    world = measured.world
    world.run_for(timedelta(hours=1))
    database = database_arn(AN_INSTANCE, measured.stage.workload_accounts[0], "pattern")
    point = land(measured.stage, kind=AN_INSTANCE, database=database, size_gib=1, delete_after_days=3650)
    world.run_for(timedelta(hours=6))
    if measured.states() != {"COMPLETE": 1}:
        raise AssertionError(f"the chain to clone is {dict(measured.states())}")
    return items_of(measured, point.arn), Names(point.arn, database, second_of(point.created_at))


def new_point(measured: Measured, name: str, *, hours: float) -> tuple[str, str, str]:
    """A point that landed some hours ago without an event: its ARN, its database and its date."""
    database = database_arn(AN_INSTANCE, measured.stage.workload_accounts[0], name)
    point = land(
        measured.stage,
        kind=AN_INSTANCE,
        database=database,
        size_gib=1,
        delete_after_days=3650,
        created_at=measured.world.now() - timedelta(hours=hours),
        is_announced=False,
    )
    return point.arn, database, second_of(point.created_at)


def fill(measured: Measured, size: Size, pattern: list[Item], names: Names) -> None:
    """Known points with finished chains that are not due, and chains that are due."""
    now = measured.world.now()
    for number in range(size.known):
        found = new_point(measured, f"d{number % 1000}", hours=1 + DAYS * 24 * number / size.known)
        later = (now + timedelta(days=3)).isoformat(timespec="microseconds")
        put_clone(measured, pattern, dict(zip(names, found, strict=True)), check_queue="open", check_at=later)
    for number in range(size.due):
        name = database_arn(AN_INSTANCE, measured.stage.workload_accounts[0], f"o{number}")
        replaced = {names.point: f"{names.point}-{number}", names.database: name}
        due = (now - timedelta(minutes=1 + number % 50)).isoformat(timespec="microseconds")
        put_clone(measured, pattern, replaced, check_queue="open", check_at=due)


def one_sweep(measured: Measured, stopwatch: Stopwatch) -> dict[str, Any]:
    """What one warm invocation does."""
    function, before = measured.stage.main.functions[SWEEP], measured.meter.so_far()
    began, outside = process_time(), stopwatch.seconds
    function({})
    own = process_time() - began - (stopwatch.seconds - outside)
    counts = measured.meter.since(before)[SWEEP]
    return {**summary(counts, 1), "messages_sent": counts["messages sent"], "own_ms": round(own * 1000, 1)} | {
        "itemised": per(counts, 1)
    }


def main(arguments: Sequence[str]) -> int:
    """Measure each size, and write build/bench/sweep.json."""
    if any(each != "--large" for each in arguments):
        print("The only option is --large: python -m bench.sweep --large", file=sys.stderr)
        return 2
    results = [sweeps(size) for size in (SIZES + LARGE if arguments else SIZES)]
    write("sweep", {"sizes": results})
    for each in results:
        print(f"{each['due']} due, {each['known']} known points")
        for name in ("first", "again", "with_100_new"):
            figures = {key: value for key, value in each[name].items() if key != "itemised"}
            print(f"  {name}: {figures}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
