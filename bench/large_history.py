"""Ten years of daily copies behind each database: what a new chain costs, and what the old copies cost each day.

Run: python -m bench.large_history [DATABASES] [COPIES...], by default 10 databases with 30, 365 and 3650 copies each.
The copies are in the table as finished chains, and in the DR vault as recovery points. 1,000 databases with ten years
are 3,650,000 of each, which no memory here holds. So a sample of the databases is run, and costs are for each chain.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from time import process_time
from typing import Any, NamedTuple

from backup_simulator import World
from backup_simulator.model import Point
from bench.clones import items_of, put_clone, second_of
from bench.meter import ACTOR, per, summary
from bench.results import write
from bench.stages import AN_INSTANCE, Measured, database_arn, land, measured_stage
from rehearsal.small_dynamodb.usage import item_size

DATABASES, COPIES = 10, (30, 365, 3_650)
A_DAY = timedelta(days=1)
RETENTION_DAYS = 3_650 + 30
# Sweeps are most of the time of such a run, and find nothing in it.
RETENTION = {
    "RetentionDays": str(RETENTION_DAYS),
    "MaximumRetentionDays": str(RETENTION_DAYS),
    "SweepIntervalMinutes": "30",
}
LOCK = {"dr-region": {"MaximumRetentionDays": str(RETENTION_DAYS)}}
# Two real nights: the first one's copy is superseded and its intermediate released; the clones are made from it.
REAL = 2
# Within these days after the last night, each older copy is looked at once.
WINDOW = timedelta(days=8)


class History(NamedTuple):
    """What the actor did in one more night, and in the days of the looks after it."""

    night: Counter[str]
    window: Counter[str]
    measured: Measured


def run(databases: int, copies: int) -> History:
    """Databases with so many copies each: one more night, and the days in which each older copy is looked at."""
    measured = measured_stage(World(seed=1), parameters=RETENTION, given=LOCK)
    arns = [database_arn(AN_INSTANCE, measured.stage.workload_accounts[0], f"d{n}") for n in range(databases)]
    first = a_night(measured, arns)
    for _ in range(REAL - 1):
        a_night(measured, arns)
    for arrival in first:
        clone_older(measured, arrival, copies - REAL)
    night = counted(measured, lambda: a_night(measured, arns))
    window = counted(measured, lambda: measured.world.run_for(WINDOW))
    if measured.states() != {"COMPLETE": databases * (copies + 1)}:
        raise AssertionError(f"with {copies} earlier copies, chains ended as {dict(measured.states())}")
    return History(night, window, measured)


def one_history(databases: int, copies: int, without: History) -> dict[str, Any]:
    """The costs of a new chain, and of a look at an old copy: what the days cost more than without old copies."""
    began = process_time()
    found, looks = run(databases, copies), databases * (copies - REAL)
    looked = found.window - without.window
    return {
        "databases": databases,
        "copies": copies,
        "new_chain": summary(found.night, databases),
        "new_chain_itemised": per(found.night, databases),
        "looks": looks,
        "look": summary(looked, looks),
        "look_itemised": per(looked, looks),
        "chain_bytes": largest(found.measured, "chain"),
        "claim_bytes": largest(found.measured, "claim"),
        "processor_seconds": round(process_time() - began, 1),
    }


def a_night(measured: Measured, databases: Sequence[str]) -> list[Point]:
    """A recovery point of each database lands, and a day passes."""
    days = RETENTION_DAYS
    points = [
        land(measured.stage, kind=AN_INSTANCE, database=each, size_gib=1, delete_after_days=days) for each in databases
    ]
    measured.world.run_for(A_DAY)
    return points


def counted(measured: Measured, run: Any) -> Counter[str]:
    """What the actor does while something runs."""
    before = measured.meter.so_far()
    run()
    return measured.meter.since(before)[ACTOR]


def clone_older(measured: Measured, arrival: Point, number: int) -> None:
    """So many copies of the same database, each a day older, as chains that rest and as points in the DR vault."""
    pattern, world = items_of(measured, arrival.arn), measured.world
    copy = next(each for each in world.recovery_points() if each.source_point_arn == arrival.arn)
    assert copy.delete_at is not None
    for days in range(1, number + 1):
        age = days * A_DAY
        older = replace(copy.as_it_is(), arn=f"{copy.arn}-{days}", created_at=copy.created_at - age)
        replaced = {
            arrival.arn: f"{arrival.arn}-{days}",
            copy.arn: older.arn,
            second_of(copy.created_at): second_of(older.created_at),
            second_of(copy.delete_at): second_of(copy.delete_at - age),
        }
        put_clone(measured, pattern, replaced)
        world.add_point(older, announce=False)


def largest(measured: Measured, kind: str) -> int:
    return max(item_size(item) for key, item in measured.table.items.items() if key[0].startswith(f"{kind}#"))


def main(arguments: Sequence[str]) -> int:
    """Measure each history, and write build/bench/large_history.json after each."""
    if any(not each.isdecimal() or int(each) <= REAL * bool(place) for place, each in enumerate(arguments)):
        print("Databases, then copies of each: python -m bench.large_history 10 30 3650", file=sys.stderr)
        return 2
    databases, *copies = [int(each) for each in arguments] or [DATABASES]
    without, histories = run(databases, REAL), list[dict[str, Any]]()
    for number in copies or COPIES:
        found = one_history(databases, number, without)
        histories.append(found)
        write("large_history", {"histories": histories})
        print(f"{databases} databases with {number} copies: a new chain {found['new_chain']}", flush=True)
        print(f"  {found['looks']} looks at old copies, each: {found['look']}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
