"""The goals of the project for its cost, and where the results of the measures have each figure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from bench.stages import of_each

Results = Mapping[str, Any]


class Goal(NamedTuple):
    """A figure with the value to reach. `value` finds it in the results, and raises KeyError if it was not measured."""

    words: str
    reach: float
    value: Callable[[Results], float]
    command: str
    is_at_least: bool = False

    def is_reached_by(self, figure: float) -> bool:
        return figure >= self.reach if self.is_at_least else figure <= self.reach


def quiet(figure: str) -> Callable[[Results], float]:
    """The dearest of the quiet nights, in both topologies."""
    return lambda results: max(night["actor"][figure] for night in results["calls"]["nights"])


def of_kind(kind: str, figure: str) -> Callable[[Results], float]:
    return lambda results: max(night["actor"][figure] for night in results["calls"]["by_kind"][kind])


def burst(points: int, figure: str) -> Callable[[Results], float]:
    return lambda results: float(results[f"burst-{points}"]["actor"][figure])


def rate(points: int) -> Callable[[Results], float]:
    return lambda results: float(results[f"burst-{points}"]["chains_per_processor_second"])


def worst(points: int, ratio: str) -> Callable[[Results], float]:
    """The largest ratio of the resource types."""
    return lambda results: max(each[ratio] for each in results[f"burst-{points}"]["schedule"].values())


# Even the ideal scheduler in order of arrival ends late if a long job arrives last. So this goal is for types with a
# longest job of at most a quarter of the bound. A burst of 200 has none.
SHORT_ENOUGH = 0.25


def worst_of_bound(points: int) -> Callable[[Results], float]:
    """The largest ratio to the bound, of the resource types with short enough jobs."""
    return lambda results: max(
        each["of_bound"]
        for each in results[f"burst-{points}"]["schedule"].values()
        if each["longest_job_of_bound"] <= SHORT_ENOUGH
    )


def more_history(results: Results) -> float:
    """The read units that the longest history costs more than a year of it."""
    units = {life["copies"]: life["actor"]["read_units"] for life in results["history"]["lives"]}
    return float(units[3650] - units[365])


def for_known_points(results: Results) -> float:
    """The read units of a sweep for each point more that it has seen before."""
    by_known = {each["known"]: each["again"]["read_units"] for each in results["sweep"]["sizes"] if each["due"] == 10}
    return round(float(by_known[10_000] - by_known[1_000]) / 9_000, 4)


def cold(function: str) -> Callable[[Results], float]:
    return lambda results: float(results["cold"]["ratios"][function])


def failed_for_quota(results: Results) -> float:
    return float(sum(run[kind]["failed"] for run in results["two_stacks"]["runs"] for kind in of_each(0, 0)))


CALLS, BURST = "python -m bench.calls", "python -m bench.burst"
BURST_SIZES = (20, 200, 1000)

GOALS: tuple[Goal, ...] = (
    Goal("messages to the actor for a chain, quiet night", 8, quiet("messages"), CALLS),
    *(Goal(f"messages to the actor for a chain, burst of {n}", 8, burst(n, "messages"), BURST) for n in BURST_SIZES),
    Goal("reads of DynamoDB for a chain, quiet night", 8, quiet("reads"), CALLS),
    Goal("reads of DynamoDB for a chain, burst of 1000", 10, burst(1000, "reads"), BURST),
    Goal("items written for a chain, quiet night", 8, quiet("items_written"), CALLS),
    Goal("items written for a chain, burst of 1000", 8, burst(1000, "items_written"), BURST),
    Goal("write units for a chain, quiet night", 25, quiet("write_units"), CALLS),
    Goal("write units for a chain, burst of 1000", 30, burst(1000, "write_units"), BURST),
    Goal("AWS Backup calls for a chain, clusters", 9, of_kind("clusters", "aws_backup_calls"), CALLS),
    Goal("AWS Backup calls for a chain, RDS instances", 10, of_kind("instances", "aws_backup_calls"), CALLS),
    Goal("read units that 3,650 earlier copies cost more than 365", 0, more_history, "python -m bench.history"),
    Goal("read units of a sweep for each point that it saw before", 0, for_known_points, "python -m bench.sweep"),
    Goal(
        "own milliseconds of an event, median",
        1.5,
        lambda r: float(r["cpu"]["boto3"]["event"]["median_ms"]),
        "python -m bench.cpu",
    ),
    Goal(
        "own milliseconds of a batch of ten, median",
        10,
        lambda r: float(r["cpu"]["boto3"]["batch"]["median_ms"]),
        "python -m bench.cpu",
    ),
    *(
        Goal(f"cold start of {name}, against its floor", 1.2, cold(name), "python -m bench.cold")
        for name in ("advance", "sweep", "operate")
    ),
    *(
        Goal(f"makespan against an ideal scheduler, burst of {n}", 1.05, worst(n, "of_ideal"), BURST)
        for n in (200, 1000)
    ),
    Goal("makespan against the bound, where no job is long, burst of 1000", 1.15, worst_of_bound(1000), BURST),
    Goal(
        "chains for each second, simulated nights",
        40,
        lambda r: float(r["throughput"]["simulated"]["rate"]),
        "python -m bench.throughput",
        is_at_least=True,
    ),
    *(Goal(f"chains for each second, burst of {n}", 60, rate(n), BURST, is_at_least=True) for n in (200, 1000)),
    Goal("jobs that AWS fails for the quota, two stacks", 0, failed_for_quota, "python -m bench.two_stacks"),
)
