"""Calls of AWS for each finished chain on a quiet night, itemised by operation and function.

Run: python -m bench.calls. Twenty databases, from 02:00 to 13:00 of the first and the third night, in both topologies.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from backup_simulator import World
from bench.meter import ACTOR, SWEEP, per, summary
from bench.results import write
from bench.stages import add_databases, measured_stage, of_each
from rehearsal.stage import Topology

EIGHT_AND_FOURS = of_each(8, 4, 4, 4)
CLUSTERS = of_each(0, 7, 7, 6)
INSTANCES = of_each(20)
SIZE_GIB = 20
BEGINS, LASTS = timedelta(hours=2), timedelta(hours=11)


def quiet_night(topology: Topology, night: int, shares: dict[str, int] | None = None) -> dict[str, Any]:
    """What the functions do in one quiet night, for each chain, and for each sweep."""
    shares = shares or EIGHT_AND_FOURS
    stage, _, meter = measured = measured_stage(World(seed=1), topology)
    databases = add_databases(stage, shares, size_gib=SIZE_GIB)
    stage.world.run_for(timedelta(days=night - 1) + BEGINS)
    before, sweeps = meter.so_far(), stage.main.functions[SWEEP].invocations
    stage.world.run_for(LASTS)
    counts = meter.since(before)
    sweeps = stage.main.functions[SWEEP].invocations - sweeps
    states = measured.states()
    if states != {"COMPLETE": databases * night}:
        raise AssertionError(f"night {night} of {topology} left chains as {dict(states)}")
    return {
        "topology": topology,
        "night": night,
        "databases": databases,
        "sweeps": sweeps,
        "actor": summary(counts[ACTOR], databases),
        "actor_itemised": per(counts[ACTOR], databases),
        "sweep": summary(counts[SWEEP], sweeps),
        "sweep_itemised": per(counts[SWEEP], sweeps),
    }


def main() -> None:
    """Measure both topologies, both nights, and the two kinds of databases apart."""
    nights = [quiet_night(topology, night) for topology in Topology for night in (1, 3)]
    kinds = {"clusters": CLUSTERS, "instances": INSTANCES}
    by_kind = {name: [quiet_night(topology, 3, shares) for topology in Topology] for name, shares in kinds.items()}
    path = write("calls", {"nights": nights, "by_kind": by_kind})
    for each in nights:
        print(f"{each['topology']}, night {each['night']}, a chain: {each['actor']}; a sweep: {each['sweep']}")
    for name, both in by_kind.items():
        for each in both:
            print(f"{each['topology']}, night 3, {name} only, a chain: {each['actor']}")
    print(f"Every operation is in {path}.")


if __name__ == "__main__":
    main()
