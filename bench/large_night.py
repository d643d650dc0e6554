"""A night with 10,000 recovery points, and smaller ones of the same kind: what grows with the size of the night.

Run: python -m bench.large_night [POINTS...], by default 500, 1000, 2000, 5000 and 10000. It is `bench.burst` with the
same small databases in every size, so that only the number differs: copies take about 20 minutes each. The result of
each size is written at once, because the largest takes long.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from bench.burst import outcome, run_burst
from bench.results import write

SIZES = (500, 1_000, 2_000, 5_000, 10_000)
SCALE = 0.02
COUNTED = ("messages", "reads", "items_written", "read_units", "write_units", "aws_backup_calls")


def line_of(result: dict[str, Any]) -> str:
    """The figures of one night: of each chain, and the hours of each resource type against the bound."""
    figures = ", ".join(f"{name} {result['actor'][name]:g}" for name in COUNTED)
    spans = ", ".join(
        f"{kind} {each['makespan_hours']:g} h ({each['of_bound']:g} of the bound)"
        for kind, each in result["schedule"].items()
    )
    return f"{result['points']} points, a chain: {figures}; {spans}; {result['processor_seconds']:g} s of processor"


def main(arguments: Sequence[str]) -> int:
    """Run each night, and write build/bench/large_night.json after each."""
    if any(not each.isdecimal() or int(each) < 1 for each in arguments):
        print("Each argument is a number of recovery points: python -m bench.large_night 500 10000", file=sys.stderr)
        return 2
    nights = list[dict[str, Any]]()
    for points in [int(each) for each in arguments] or SIZES:
        nights.append(outcome(run_burst(points, scale=SCALE)))
        write("large_night", {"nights": nights})
        print(line_of(nights[-1]), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
