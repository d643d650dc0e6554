"""Small loads with counted figures, which tests compare with the bars: seconds of processor time in all.

Everything that is counted here is the same on every machine and on every day.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import NamedTuple

from backup_simulator.switches import OverQuota
from bench.bars import BARS
from bench.burst import outcome, run_burst
from bench.calls import quiet_night
from bench.history import one_more_chain
from bench.sizes import largest_items
from bench.stages import of_each
from bench.sweep import Size, sweeps
from bench.two_stacks import share
from rehearsal.stage import ROOT, Topology

CLUSTERS, INSTANCES = of_each(0, 1, 1, 1), of_each(3)
# The second night is the first one that releases the copy of a night before.
NIGHT = 2
POINTS, HISTORY, MORE_HISTORY = 60, 10, 60
KNOWN, MORE_KNOWN = 60, 260
# Sweeps are most of what a long run without faults costs; here they find nothing.
RARELY = {"SweepIntervalMinutes": "30"}
FUNCTIONS = ("advance_chain", "operate_chains", "sweep_chains")
COUNT_MODULES = (
    "import sys, boto3; before = set(sys.modules); import app; new = set(sys.modules) - before;"
    "print(*(sum(n.split('.')[0] == p for n in new) for p in ('secondhop', 'aws_lambda_powertools')))"
)


class Measured(NamedTuple):
    """Figures by name, and what they consist of."""

    figures: dict[str, float]
    itemised: dict[str, float]


def a_night(topology: Topology, shares: dict[str, int]) -> Measured:
    """What the actor does for a chain of a quiet night, and what one sweep does."""
    found = quiet_night(topology, NIGHT, shares)
    of_sweeps = {f"sweep_{name}": figure for name, figure in found["sweep"].items()}
    itemised = found["actor_itemised"] | {f"a sweep's {name}": n for name, n in found["sweep_itemised"].items()}
    return Measured({**found["actor"], **of_sweeps}, itemised)


def a_burst(points: int) -> Measured:
    """A burst that waits for slots, with its schedule."""
    found = outcome(run_burst(points))
    worst = {
        f"worst_{name}": max(kind[name] for kind in found["schedule"].values())
        for name in ("of_ideal", "of_ideal_without_delays")
    }
    over = {"jobs_over_quota": max(max(0, kind["most_at_once"] - kind["slots"]) for kind in found["schedule"].values())}
    return Measured({**found["actor"], **worst, **over}, found["actor_itemised"])


def a_history() -> Measured:
    """What more history of a database adds to a chain's reads."""
    few, many = (one_more_chain(copies, **RARELY) for copies in (HISTORY, MORE_HISTORY))
    names = ("reads", "read_units", "aws_backup_calls", "messages")
    return Measured(
        {f"more_{name}": many["actor"][name] - few["actor"][name] for name in names}, many["actor_itemised"]
    )


def known_points() -> Measured:
    """What a sweep reads for each point that it saw before, and for each new one."""
    few, many = (sweeps(Size(0, known), has_boto3=False) for known in (KNOWN, MORE_KNOWN))
    more = MORE_KNOWN - KNOWN
    new = many["with_100_new"]["read_units"] - many["again"]["read_units"]
    return Measured(
        {
            "read_units_a_known_point": round((many["again"]["read_units"] - few["again"]["read_units"]) / more, 3),
            "read_units_a_new_point": round(new / 100, 3),
        },
        many["again"]["itemised"],
    )


def sizes() -> Measured:
    largest = largest_items(is_difficult=False, days=1)["largest_bytes"]
    return Measured({f"{kind}_bytes": size for kind, size in largest.items()}, {})


def imports() -> Measured:
    """The modules that a cold start of each function imports beside boto3."""
    figures = dict[str, float]()
    for name in FUNCTIONS:
        own, powertools = _modules_of(ROOT / "functions" / name)
        figures |= {f"{name}_own": own, f"{name}_powertools": powertools}
    return Measured(figures, {})


def _modules_of(folder: Path) -> tuple[int, int]:
    environ = {"PYTHONPATH": f"{folder}:{ROOT / 'layers' / 'core'}", "POWERTOOLS_SERVICE_NAME": "second-hop"}
    done = subprocess.run(
        [sys.executable, "-c", COUNT_MODULES], env=environ, capture_output=True, text=True, check=True
    )
    own, powertools = done.stdout.split()
    return int(own), int(powertools)


def two_stacks() -> Measured:
    """Jobs that AWS fails for its quota, of two stacks that share it."""
    arrivals = of_each(22, 6)
    found = share(OverQuota.FAILS, arrivals=arrivals, hours=6)
    return Measured({f"failed_{kind}": found[kind]["failed"] for kind in arrivals}, {})


LOADS: dict[str, Callable[[], Measured]] = {
    "night, workload, clusters": lambda: a_night(Topology.WORKLOAD, CLUSTERS),
    "night, workload, instances": lambda: a_night(Topology.WORKLOAD, INSTANCES),
    "night, hub, clusters": lambda: a_night(Topology.HUB, CLUSTERS),
    "night, hub, instances": lambda: a_night(Topology.HUB, INSTANCES),
    "burst of 60": lambda: a_burst(POINTS),
    "history": a_history,
    "known points": known_points,
    "sizes": sizes,
    "imports": imports,
    "two stacks": two_stacks,
}


def main() -> None:
    """Print each figure beside its bar."""
    bars = {(each.load, each.figure): each for each in BARS}
    for load, measure in LOADS.items():
        began = process_time()
        figures = measure().figures
        print(f"{load}: {process_time() - began:.1f} s of processor time")
        for figure, value in figures.items():
            bar = bars.get((load, figure))
            compared = f"bar {bar.bar:g}, to reach {bar.reach}" if bar else "no bar"
            print(f"  {figure} {value:g} ({compared})", flush=True)


if __name__ == "__main__":
    main()
