"""The limits of a run, by count, and what they mean in storage and transfer. The run refuses to exceed them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

MOST_GIB = 20
MOST_COPY_JOBS = 16
# The backup, and the copy that each job can make.
MOST_POINTS = 1 + MOST_COPY_JOBS
MOST_HOURS = 12
# AWS deletes the points after this time, even if nothing else does.
RETENTION_DAYS = 3
HOURS_OF_A_MONTH = 730
# Copies that would be identical otherwise have retentions of their own: AWS may make one job of identical calls.
ONE_MORE_DAY, TWO_MORE_DAYS = RETENTION_DAYS + 1, RETENTION_DAYS + 2


class LimitReachedError(Exception):
    """A limit of the run would be exceeded. The message is one sentence without a full stop."""


@dataclass
class CopyJobs:
    """Counts the copy jobs of a run."""

    ids: set[str] = field(default_factory=set)

    def check(self) -> None:
        """Raises LimitReachedError if one more job could be too many."""
        if len(self.ids) >= MOST_COPY_JOBS:
            raise LimitReachedError(f"the run has started {MOST_COPY_JOBS} copy jobs, which is its limit")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """The user's own prices for a GiB, in any currency. There are no defaults, because prices differ and change."""

    month: float | None = None
    transferred: float | None = None


def quantities(size_gib: int, prices: Prices) -> Iterator[str]:
    """The sentences about the most that a run can use, with the arithmetic."""
    months = MOST_POINTS * size_gib * MOST_HOURS / HOURS_OF_A_MONTH
    days = MOST_POINTS * size_gib * RETENTION_DAYS * 24 / HOURS_OF_A_MONTH
    transferred = MOST_COPY_JOBS * size_gib
    yield f"Limits: {MOST_COPY_JOBS} copy jobs, {MOST_POINTS} recovery points, {MOST_HOURS} hours of questions."
    yield (
        f"Snapshot storage: at most {MOST_POINTS} points x {size_gib} GiB x {MOST_HOURS} hours / {HOURS_OF_A_MONTH} "
        f"= {months:.1f} GiB-months{_cost(months, prices.month)}."
    )
    yield (
        f"If nothing removes the points, they expire after {RETENTION_DAYS} days: "
        f"at most {days:.1f} GiB-months{_cost(days, prices.month)}."
    )
    yield (
        f"Transfer between Regions: at most {MOST_COPY_JOBS} copies x {size_gib} GiB = {transferred} GiB"
        f"{_cost(transferred, prices.transferred)}."
    )
    yield "The database itself, its keys, and some thousand requests to SQS and EventBridge are not in this sum."
    if prices.month is None or prices.transferred is None:
        yield (
            "Multiply by the prices of RDS backup storage and of data transfer in your Regions, or give them with "
            "--price-per-gib-month and --price-per-gib-transferred."
        )


def _cost(quantity: float, price: float | None) -> str:
    return "" if price is None else f" x {price:g} = {quantity * price:.2f} at your price"
