"""The part of the sweep that lists copy jobs per state: those in flight, and first hops that failed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from secondhop.application.budget import Budget, put_in_time
from secondhop.application.ports import Backup, ChainStore, WorkQueue
from secondhop.application.work import JobNews
from secondhop.domain.arn import Site, Vault
from secondhop.domain.chain import ChainKey
from secondhop.domain.errors import SecondHopError
from secondhop.domain.first_hop import first_hop_key, is_stuck
from secondhop.domain.route import Route

# AWS Backup remembers copy jobs for 30 days (devguide/api-listcopyjobsummaries).
HISTORY = timedelta(days=30)
# A first hop that failed is news for as long as its retry makes sense; one that completed is soon found in the vault.
FAILED_SINCE = timedelta(days=7)
COMPLETED_SINCE = timedelta(days=2)


@dataclass(slots=True, kw_only=True)
class JobSweep:
    """Lists jobs once. What cannot be listed is kept in `problems`, and does not stop the rest.

    `has_more` says that time did not suffice to list, or to put on the queue, everything.
    """

    routes: Sequence[Route]
    chains: ChainStore
    backup: Backup
    queue: WorkQueue
    now: datetime
    budget: Budget
    problems: list[str] = field(default_factory=list)
    has_more: bool = False

    def in_flight(self, *, share: float = 1.0) -> dict[str, JobNews]:
        """The copy jobs that are under way, by their source, except those that are far older than their kind gets.

        If a job is listed here, its chain need not ask for it.
        """
        pairs = {
            (route.watched.site if leg.reads_from is None else self._site(route, leg.reads_from), leg.destination)
            for route in self.routes
            for leg in route.legs
        }
        found: dict[str, JobNews] = {}
        for source, destination in sorted(pairs):
            for news in self._jobs(("CREATED", "RUNNING"), source, destination, self.now - HISTORY, share):
                if not is_stuck(news.job, news.resource_type, self.now):
                    found[news.job.source] = news
        return found

    def first_hops(self, *, since: datetime, share: float = 1.0) -> int:
        """Put first hops on the queue that failed or got stuck, or completed and are not in their vault any more.

        Those from before `since`, when the installation began, are not its own. Returns how many failed.
        """
        count = 0
        for route in self.routes:
            if route.first_hops is None:
                continue
            count += self._put(self.unknown_failures(route, since=since, share=share), share)
            after = max(since, self.now - COMPLETED_SINCE)
            landed = self._jobs(("COMPLETED",), route.first_hops.site, route.watched, after, share)
            self._put(self._unknown_arrivals(landed, route), share)
        return count

    def _put(self, found: Sequence[JobNews], share: float) -> int:
        count = put_in_time(self.queue, found, self.budget, share=share)
        self.has_more |= count < len(found)
        return count

    def unknown_failures(self, route: Route, *, since: datetime, share: float = 1.0) -> list[JobNews]:
        """First hops of a plan that failed or got stuck, and that no chain follows."""
        if route.first_hops is None:
            return []
        site, watched = route.first_hops.site, route.watched
        failed = self._jobs(("FAILED", "PARTIAL"), site, watched, max(since, self.now - FAILED_SINCE), share)
        live = self._jobs(("CREATED", "RUNNING"), site, watched, max(since, self.now - HISTORY), share)
        stuck = [news for news in live if is_stuck(news.job, news.resource_type, self.now)]
        return self._unknown([*failed, *stuck], route)

    def _jobs(
        self, states: tuple[str, ...], source: Site, destination: Vault, after: datetime, share: float
    ) -> list[JobNews]:
        found: list[JobNews] = []
        for state in states:
            if self.budget.is_spent(share):
                self.has_more = True
                return found
            try:
                for news in self.backup.jobs_in_state(state, source=source, destination=destination, after=after):
                    found.append(news)
                    if self.budget.is_spent(share):
                        self.has_more = True
                        break
            except SecondHopError as problem:
                self.problems.append(f"copy jobs {state} from {source} into {destination.name}: {problem}")
        return found

    def _unknown(self, found: list[JobNews], route: Route) -> list[JobNews]:
        planned = [news for news in found if news.job.is_planned and _is_claimed(news, route)]
        known = self.chains.known(first_hop_key(route, news.job.source) for news in planned)
        return [news for news in planned if first_hop_key(route, news.job.source) not in known]

    def _unknown_arrivals(self, found: list[JobNews], route: Route) -> list[JobNews]:
        claimed = [news for news in found if _is_claimed(news, route)]
        landed = [(news, ChainKey(news.job.arrival, route.name)) for news in claimed if news.job.arrival is not None]
        known = self.chains.known(key for _, key in landed)
        return [news for news, key in landed if key not in known]

    def _site(self, route: Route, leg_name: str) -> Site:
        return next(leg.destination.site for leg in route.legs if leg.name == leg_name)


def _is_claimed(news: JobNews, route: Route) -> bool:
    if news.database is None or news.resource_type is None:
        return False
    return route.refusal(database_arn=news.database, resource_type=news.resource_type) is None
