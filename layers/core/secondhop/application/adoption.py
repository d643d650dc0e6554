"""What `adopt` would open, newest backup first, and what that would take: copies, slots and time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from secondhop.application.budget import Budget
from secondhop.application.ports import Backup, ChainStore, WorkQueue
from secondhop.application.sweep_chains import NO_TIME, arrivals_without_chain, news_of
from secondhop.application.sweep_jobs import HISTORY, JobSweep
from secondhop.application.work import JobNews, Work
from secondhop.domain.arn import Site, Vault
from secondhop.domain.errors import SecondHopError
from secondhop.domain.forecast import Copy, Load, copies_of, loads_of, pace_of, source_of, why_not_copied
from secondhop.domain.observation import PointSeen
from secondhop.domain.route import Route

GIB = 2**30
# Shares of the budget, each from its beginning. The rest is for putting the work on the queue.
LISTING, JOBS, MEASURING = 0.4, 0.5, 0.6


@dataclass(slots=True, kw_only=True)
class Adoption:
    """One look at a backlog. What cannot be listed is kept in `problems`, and does not stop the rest.

    Looking stops when its share of the budget is spent, and says so there.
    """

    route: Route
    chains: ChainStore
    backup: Backup
    queue: WorkQueue
    now: datetime
    budget: Budget
    work: list[Work] = field(default_factory=list)
    points: list[str] = field(default_factory=list)
    refused: int = 0
    problems: list[str] = field(default_factory=list)
    copies: list[Copy] = field(default_factory=list)
    took: dict[tuple[Site, str], list[timedelta]] = field(default_factory=dict)
    unmeasured: set[Site] = field(default_factory=set)

    def look(self, *, after: datetime, before: datetime) -> None:
        """List what no chain knows: recovery points in the watched vault, then first hops that failed."""
        listing = self.backup.points_between(self.route.watched, after=after, before=before)
        points, problems = arrivals_without_chain(self.chains, self.route, listing, budget=self.budget, share=LISTING)
        self.problems += problems
        for point in points:
            self._add(point)
        jobs = JobSweep(
            routes=(self.route,),
            chains=self.chains,
            backup=self.backup,
            queue=self.queue,
            now=self.now,
            budget=self.budget,
        )
        for news in jobs.unknown_failures(self.route, since=after, share=JOBS):
            if news.job.created_at is not None and news.job.created_at < before:
                self._add_first_hop(news)
        self.problems += jobs.problems
        if jobs.has_more and NO_TIME not in self.problems:
            self.problems.append(NO_TIME)
        self._measure()

    def forecast(self) -> Iterator[str]:
        """What it would take, kind by kind, in lines for a narrow terminal."""
        for load in loads_of(self.copies):
            yield f"{load.resource_type} into {load.site}"
            yield f"  copies  {len(load.copies)}, of {load.databases} databases"
            yield f"  size    {_size(load)}"
            yield f"  slots   {load.slots} of {load.limit}, one a database"
            yield f"  rounds  {load.rounds}"
            yield from self._time(load)

    def _add(self, point: PointSeen) -> None:
        self.work.append(news_of(point))
        why_not = why_not_copied(self.route, point, self.now)
        self.refused += why_not is not None
        self.points.append(f"{point.arn} of {point.database}" + (f", not copied: {why_not}" if why_not else ""))
        self.copies += copies_of(self.route, point, self.now)

    def _add_first_hop(self, news: JobNews) -> None:
        """A first hop that failed: its copy arrives in the watched vault, and travels on from there."""
        self.work.append(news)
        described = f"{news.job.source} of {news.database}, with a failed first hop"
        first_ways = tuple(self._first_ways())
        if not first_ways or news.database is None or news.resource_type is None:
            self.refused += 1
            self.points.append(f"{described}, not copied: FirstHopRoleArn is empty")
            return
        self.points.append(described)
        self.copies += (
            Copy(
                database=news.database,
                resource_type=news.resource_type,
                source=source,
                destination=destination,
                limit=self.route.limit(news.resource_type),
            )
            for source, destination in (*first_ways, *self._ways())
        )

    def _ways(self) -> Iterator[tuple[Site, Vault]]:
        return ((source_of(self.route, leg), leg.destination) for leg in self.route.legs)

    def _first_ways(self) -> Iterator[tuple[Site, Vault]]:
        """Of first hops, where they are started again."""
        first_hops = self.route.first_hops
        if first_hops is not None and first_hops.role_arn:
            yield first_hops.site, self.route.watched

    def _measure(self) -> None:
        """How long copies took that have completed on the ways that these will take."""
        for source, destination in (*self._first_ways(), *self._ways()):
            try:
                self._add_durations(source, destination)
            except SecondHopError as problem:
                self.unmeasured.add(destination.site)
                self.problems.append(f"copy jobs COMPLETED from {source} into {destination.name}: {problem}")

    def _add_durations(self, source: Site, destination: Vault) -> None:
        """Add those of one way. Raises SecondHopError."""
        since = self.now - HISTORY
        for news in self.backup.jobs_in_state("COMPLETED", source=source, destination=destination, after=since):
            job = news.job
            if self.budget.is_spent(MEASURING):
                # So many copies as were listed so far show the pace as well.
                return
            if news.resource_type is not None and job.completed_at is not None and job.created_at is not None:
                kind = (destination.site, news.resource_type)
                self.took.setdefault(kind, []).append(job.completed_at - job.created_at)

    def _time(self, load: Load) -> Iterator[str]:
        """How long it would take at the pace of the copies that AWS remembers, or why that is not known."""
        pace = pace_of(self.took.get((load.site, load.resource_type), []))
        if load.site in self.unmeasured:
            yield "  time    unknown: the copies made so far cannot be listed"
        elif pace is None:
            yield f"  time    unknown: no copy of the kind in {HISTORY.days} days"
        else:
            yield f"  time    about {_hours(pace.usual * load.rounds)}, if nothing else is copied there"
            yield f"          a copy took {_hours(pace.usual)}, at most {_hours(pace.longest)}"
            yield f"          ({pace.copies} copies in {HISTORY.days} days, the median)"


def _size(load: Load) -> str:
    if load.unsized == len(load.copies):
        return "unknown: AWS does not tell any"
    known = f"{load.size_bytes / GIB:.1f} GiB"
    if not load.unsized:
        return known
    return f"{known}, and {load.unsized} without a known size"


def _hours(duration: timedelta) -> str:
    return f"{duration.total_seconds() / 3600:.1f} h"
