"""What adopting a backlog would take: copies, bytes, slots and rounds. Only from what is known; nothing is guessed.

Copies run side by side as far as the slots of their kind reach, and one at a time for each database. So a kind needs as
many rounds as its slots or its busiest database demand, whichever is more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from secondhop.domain.arn import Site, Vault
from secondhop.domain.classification import Cause
from secondhop.domain.lifecycle import is_too_late
from secondhop.domain.observation import PointSeen, SourceUnfit
from secondhop.domain.opening import first_fact
from secondhop.domain.route import Leg, Route
from secondhop.domain.source import BEING_DELETED


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A copy that would be made, unless a good one is found. `limit` is how many of its kind may be in flight."""

    database: str
    resource_type: str
    source: Site
    destination: Vault
    limit: int
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """All copies of one resource type into one site: those that share its slots."""

    site: Site
    resource_type: str
    copies: tuple[Copy, ...]

    @property
    def limit(self) -> int:
        """How many may be in flight at once, of all databases."""
        return self.copies[0].limit

    @property
    def databases(self) -> int:
        """How many databases they are of."""
        return len({copy.database for copy in self.copies})

    @property
    def slots(self) -> int:
        """How many slots it would take at most."""
        return min(self.databases, self.limit)

    @property
    def rounds(self) -> int:
        """How many copies run one after the other."""
        by_database = Counter(copy.database for copy in self.copies)
        return max(-(-len(self.copies) // self.limit), *by_database.values())

    @property
    def size_bytes(self) -> int:
        """The total size of those with a known size."""
        return sum(copy.size_bytes or 0 for copy in self.copies)

    @property
    def unsized(self) -> int:
        """How many have no known size."""
        return sum(copy.size_bytes is None for copy in self.copies)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long copies of a kind took that have completed: the usual (the median) and the longest."""

    copies: int
    usual: timedelta
    longest: timedelta


def pace_of(durations: Sequence[timedelta]) -> Pace | None:
    """The pace of copies that took so long; None without any."""
    if not durations:
        return None
    usual = median(duration.total_seconds() for duration in durations)
    return Pace(copies=len(durations), usual=timedelta(seconds=usual), longest=max(durations))


def copies_of(route: Route, point: PointSeen, now: datetime) -> tuple[Copy, ...]:
    """The copies that adopting a point would make."""
    if _unfit(route, point) is not None:
        return ()
    return tuple(
        Copy(
            database=point.database,
            resource_type=point.resource_type,
            source=source_of(route, leg),
            destination=leg.destination,
            limit=route.limit(point.resource_type),
            size_bytes=point.size_bytes,
        )
        for leg in route.legs
        if not _is_late(leg, point, now)
    )


def why_not_copied(route: Route, point: PointSeen, now: datetime) -> str | None:
    """Why nothing of a point would be copied, or None if something would be."""
    if copies_of(route, point, now):
        return None
    days = max(leg.retention.minimum_remaining_days for leg in route.legs)
    return _unfit(route, point) or f"{Cause.TOO_LATE}: a copy made now would expire within {days} days"


def loads_of(copies: Iterable[Copy]) -> tuple[Load, ...]:
    """Copies by what they share slots with."""
    found: dict[tuple[Site, str], list[Copy]] = {}
    for copy in copies:
        found.setdefault((copy.destination.site, copy.resource_type), []).append(copy)
    return tuple(
        Load(site=site, resource_type=kind, copies=tuple(shared)) for (site, kind), shared in sorted(found.items())
    )


def source_of(route: Route, leg: Leg) -> Site:
    """The site that a leg copies from."""
    before = None if leg.reads_from is None else route.leg(leg.reads_from)
    return route.watched.site if before is None else before.destination.site


def _unfit(route: Route, point: PointSeen) -> str | None:
    fact = first_fact(route, point)
    if isinstance(fact, SourceUnfit):
        return f"{fact.cause}: {fact.message}"
    if point.status in BEING_DELETED:
        return f"{Cause.SOURCE_EXPIRED}: its status is {point.status}; only a copy that exists is taken over"
    return None


def _is_late(leg: Leg, point: PointSeen, now: datetime) -> bool:
    return is_too_late(created_at=point.created_at, retention=leg.retention, now=now)
