"""Own processor time of the functions, warm: for one event, and for a batch of ten.

Run: python -m bench.cpu [ROUNDS]. Own time is that of an invocation without the simulated AWS and the table. Sockets,
TLS and signing are not in it. boto3 clients and light clients alternate on the same seeds, without garbage collection.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import mean, median
from time import process_time
from typing import Any

from backup_simulator import World
from bench.meter import ACTOR
from bench.results import write
from bench.stages import AN_INSTANCE, Measured, Stopwatch, add_databases, database_arn, land, measured_stage, of_each
from rehearsal.stage import Topology

DATABASES = of_each(8, 4, 4, 4)
LANDED, BATCH, FIRST_SEED, ROUNDS = 100, 10, 10, 4


@dataclass(frozen=True, kw_only=True)
class Invocation:
    """One warm invocation: its records, and its own milliseconds."""

    records: int
    own_ms: float


def invocations(*, has_boto3: bool, seed: int) -> list[Invocation]:
    """Two days of twenty databases, with a hundred more points that only the sweep finds."""
    stopwatch = Stopwatch()
    topology = Topology.HUB if seed % 2 else Topology.WORKLOAD
    measured = measured_stage(World(seed=seed), topology, has_boto3=has_boto3, stopwatch=stopwatch)
    found: list[Invocation] = []
    _time_the_actor(measured, stopwatch, found)
    stage = measured.stage
    add_databases(stage, DATABASES, size_gib=20)
    stage.world.run_for(timedelta(hours=1))
    for number in range(LANDED):
        database = database_arn(AN_INSTANCE, stage.workload_accounts[0], f"burst-{number}")
        land(stage, kind=AN_INSTANCE, database=database, size_gib=10, delete_after_days=7, is_announced=False)
    stage.world.run_for(timedelta(days=2))
    return found


def _time_the_actor(measured: Measured, stopwatch: Stopwatch, found: list[Invocation]) -> None:
    mapping = measured.world.queue(measured.stage.main.ref("WorkQueue")).mapping
    assert mapping is not None
    invoke: Callable[[dict[str, Any]], Any] = mapping.invoke
    function = measured.stage.main.functions[ACTOR]

    def timed(event: dict[str, Any]) -> Any:
        is_warm = function.invocations > 0
        began, outside = process_time(), stopwatch.seconds
        try:
            return invoke(event)
        finally:
            own = process_time() - began - (stopwatch.seconds - outside)
            if is_warm:
                found.append(Invocation(records=len(event["Records"]), own_ms=own * 1000))

    mapping.invoke = timed


def figures(found: Sequence[Invocation]) -> dict[str, Any]:
    """Medians and tails, of single events and of full batches."""
    records = sum(each.records for each in found)
    result: dict[str, Any] = {"an_event_over_all_ms": round(sum(each.own_ms for each in found) / records, 3)}
    for name, size in (("event", 1), ("batch", BATCH)):
        own = sorted(each.own_ms for each in found if each.records == size)
        if own:
            result[name] = {
                "invocations": len(own),
                "median_ms": round(median(own), 3),
                "mean_ms": round(mean(own), 3),
                "p90_ms": round(own[int(len(own) * 0.9)], 3),
            }
    return result


def main(arguments: Sequence[str]) -> int:
    """Measure in rounds, and write build/bench/cpu.json."""
    if len(arguments) > 1 or any(not each.isdecimal() or int(each) < 1 for each in arguments):
        print("The only argument is the number of rounds: python -m bench.cpu 4", file=sys.stderr)
        return 2
    doors: dict[str, list[Invocation]] = {"boto3": [], "light": []}
    for name in doors:
        invocations(has_boto3=name == "boto3", seed=1)
    gc.disable()
    for round_number in range(int(arguments[0]) if arguments else ROUNDS):
        for name, found in doors.items():
            found.extend(invocations(has_boto3=name == "boto3", seed=FIRST_SEED + round_number))
            gc.collect()
    result = {name: figures(found) for name, found in doors.items()}
    write("cpu", result)
    for name, each in result.items():
        print(f"{name} clients: {each}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
