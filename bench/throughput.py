"""Chains for each second of processor time: healthy nights by clients and store, and the nights of `make simulate`.

Run: python -m bench.throughput [ROUNDS]. A hundred databases, two nights; the variants alternate.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from datetime import timedelta
from statistics import median
from time import process_time
from typing import Any

from backup_simulator import World
from bench.results import write
from bench.stages import add_databases, measured_stage, of_each
from rehearsal.nights.runner import run_seed
from rehearsal.stage import Stage
from secondhop.adapters.memory_chains import MemoryChains

DATABASES = of_each(76, 8, 8, 8)
NIGHTS, SIZE_GIB, ROUNDS, SEEDS = 2, 5, 3, range(1, 21)
VARIANTS = ("light clients, memory", "light clients, table", "boto3, memory", "boto3, table")


def healthy(variant: str, seed: int) -> float:
    """Chains for each second, of nights without faults."""
    world = World(seed=seed)
    clients, store = variant.split(", ")
    has_boto3 = clients == "boto3"
    if store == "table":
        measured = measured_stage(world, has_boto3=has_boto3)
        return _rate(measured.stage, lambda: sum(measured.states().values()))
    memory = MemoryChains()
    session = world.session if has_boto3 else world.light_session
    return _rate(Stage(world, memory, open_session=session), lambda: len(memory.all()))


def _rate(stage: Stage, chains: Callable[[], int]) -> float:
    add_databases(stage, DATABASES, size_gib=SIZE_GIB)
    began = process_time()
    stage.world.run_for(timedelta(days=NIGHTS))
    seconds = process_time() - began
    return chains() / seconds


def simulated() -> dict[str, Any]:
    """The nights that `make simulate` runs by default, in this process."""
    began, chains = process_time(), 0
    for seed in SEEDS:
        result = run_seed(seed)
        chains += result.chains
        if result.violations:
            raise AssertionError(f"night {seed} broke a promise: make simulate NIGHTS=1 SEED={seed}")
    seconds = process_time() - began
    return {"nights": len(SEEDS), "chains": chains, "seconds": round(seconds, 1), "rate": round(chains / seconds, 1)}


def main(arguments: Sequence[str]) -> int:
    """Measure in rounds, and write build/bench/throughput.json."""
    if len(arguments) > 1 or any(not each.isdecimal() or int(each) < 1 for each in arguments):
        print("The only argument is the number of rounds: python -m bench.throughput 3", file=sys.stderr)
        return 2
    rates: dict[str, list[float]] = {variant: [] for variant in VARIANTS}
    for round_number in range(int(arguments[0]) if arguments else ROUNDS):
        for variant, found in rates.items():
            found.append(healthy(variant, round_number + 1))
    result = {
        variant: {"median": round(median(found), 1), "least": round(min(found), 1), "most": round(max(found), 1)}
        for variant, found in rates.items()
    }
    nights = simulated()
    write("throughput", {"healthy": result, "simulated": nights})
    for variant, each in result.items():
        print(f"{variant}: {each} chains for each second of processor time")
    print(f"make simulate: {nights}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
