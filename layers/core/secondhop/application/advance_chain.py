"""The one actor: take a piece of work, find its chain, decide, persist, act, and go on until nothing is left to do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import assert_never

from secondhop.application.news import is_news, nothing_new, point_of_news, refused_as_described
from secondhop.application.origin import is_from_workload
from secondhop.application.perform import Performer
from secondhop.application.ports import Backup, ChainStore
from secondhop.application.recent import Recent
from secondhop.application.relatives import stored
from secondhop.application.report import Report, joined
from secondhop.application.run_chain import ChainRun
from secondhop.application.work import Abandon, JobNews, Look, OtherNews, PointNews, Retry, Work
from secondhop.domain import observation as seen
from secondhop.domain.arn import Vault, is_continuous
from secondhop.domain.chain import Chain, ChainKey
from secondhop.domain.errors import ConflictError, SecondHopError, SilentError, UnreadableItemError
from secondhop.domain.first_hop import HOP as FIRST_HOP
from secondhop.domain.first_hop import first_hop_key, first_hop_route, is_stuck, open_expectation
from secondhop.domain.ledger import Claim, claims_of
from secondhop.domain.observation import JobSeen, Observation, PointSeen
from secondhop.domain.opening import NOT_SHOWN, first_fact, open_chain
from secondhop.domain.route import Leg, Route


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvanceChain:
    """The use case of the actor. `observe_only` decides and reports everything, and starts and deletes nothing."""

    routes: Sequence[Route]
    chains: ChainStore
    backup: Backup
    performer: Performer
    now: Callable[[], datetime]
    beginning: Recent[str, datetime]
    observe_only: bool = False

    def __call__(self, work: Work) -> Report:
        """Do one piece of work. Raises TryAgainError or FinalError only if nothing could be decided.

        The report names what cannot be read. A retry would not help.
        """
        return _alone(lambda: self._do(work))

    def _do(self, work: Work) -> Report:
        match work:
            case JobNews():
                return self._on_job(work)
            case PointNews():
                return self._on_point(work)
            case OtherNews(what=what):
                return Report(ignored=f"{what} is nothing that a route is about")
            case Look(key=key):
                return self._on_chain(key, seen.Noticed())
            case Retry(key=key, by=by, at=at):
                return self._on_chain(key, seen.RetryAsked(by=by, at=at))
            case Abandon(key=key, by=by):
                return self._on_chain(key, seen.AbandonAsked(by=by))
            case _:
                assert_never(work)

    def _on_job(self, news: JobNews) -> Report:
        job = news.job
        arriving = self._watching(job.destination_vault_arn)
        if arriving:
            if job.state != "COMPLETED" or job.arrival is None:
                return self._on_first_hop(arriving, news)
            point = PointNews(
                arn=job.arrival,
                vault_arn=job.destination_vault_arn,
                status="COMPLETED",
                database=news.database,
                resource_type=news.resource_type,
                created_at=job.created_at,
                origin=(job.source, news.source_vault_arn),
            )
            return self._on_point(point)
        if (known := self._claimant(news)) is not None:
            return self._continue(*known)
        try:
            claim = self.chains.owner_of(source=job.source, destination_vault_arn=job.destination_vault_arn)
        except UnreadableItemError as error:
            # The chain of the job's source made the claim, or no known chain did.
            return joined((Report(unreadable=(str(error),)), self._on_unclaimed_job(news)))
        if claim is not None:
            return self._on_chain(claim.owner, seen.CopySeen(hop=claim.hop, job=job))
        return self._on_unclaimed_job(news)

    def _claimant(self, news: JobNews) -> tuple[Chain, Observation] | None:
        """The chain of the job's own source, if it claims the copy, and what it learns. No claim is read for it."""
        job = news.job
        for route in self._watching(news.source_vault_arn):
            for leg in route.legs:
                if leg.reads_from is not None or leg.destination.arn != job.destination_vault_arn:
                    continue
                chain = stored(self.chains, ChainKey(job.source, route.name))
                if chain is not None and _claim_of(chain, leg, job) in claims_of(chain):
                    return chain, seen.CopySeen(hop=leg.name, job=job)
        return None

    def _on_first_hop(self, routes: Sequence[Route], news: JobNews) -> Report:
        """A copy job into a watched vault that is not, or not yet, an arrival."""
        ignored = f"hop 1 job {news.job.name} is {news.job.state}; nothing has arrived"
        watched = [route for route in routes if route.first_hops is not None]
        reports = [_alone(partial(self._on_expectation, route, news)) for route in watched]
        return joined((*reports, Report(ignored=ignored)))

    def _on_expectation(self, route: Route, news: JobNews) -> Report:
        """Follow a first hop that failed or got stuck; a backup plan owns it, and AWS Backup does not retry it."""
        job, key = news.job, first_hop_key(route, news.job.source)
        if (chain := stored(self.chains, key)) is not None:
            return self._continue(chain, seen.CopySeen(hop=FIRST_HOP, job=job))
        is_over = job.state in ("FAILED", "PARTIAL")
        if not is_over and not is_stuck(job, news.resource_type, self.now()):
            return Report()
        refusal = refused_as_described(route, news)
        if refusal is not None or not job.is_planned:
            return Report(ignored=refusal or f"hop 1 job {job.name} {job.state} was not started by a backup plan")
        self._began_at()
        source_vault = Vault.parse(news.source_vault_arn)
        first = first_hop_route(route, source_vault)
        source = PointNews(
            arn=job.source,
            vault_arn=source_vault.arn,
            status=NOT_SHOWN,
            database=news.database,
            resource_type=news.resource_type,
            created_at=job.created_at,
        )
        origin = self._describe_or_take_from_news(first, source)
        if origin is None:
            return Report(ignored=f"hop 1 job {job.name} {job.state}, and its database is not known")
        described = self.backup.job(source_vault.site, job.job_id) or job
        opened, fact = open_expectation(first, origin, described, now=self.now())
        try:
            return self._run(first, stored=None, chain=opened, first=fact)
        except ConflictError as error:
            # Its copy runs, and no slot is free for it. The sweep comes back to it.
            return Report(ignored=f"hop 1 job {job.name} {job.state} is not followed yet: {error}")

    def _on_unclaimed_job(self, news: JobNews) -> Report:
        """A copy out of a watched vault that no chain has claimed: by other hands, or from before a lost table."""
        for route in self._watching(news.source_vault_arn):
            legs = [leg for leg in route.legs if leg.destination.arn == news.job.destination_vault_arn]
            key = ChainKey(news.job.source, route.name)
            if legs and (chain := stored(self.chains, key)) is not None:
                return self._continue(chain, seen.CopySeen(hop=legs[0].name, job=news.job))
        return Report(ignored=f"no route claims a copy into {news.job.destination_vault_arn}")

    def _on_point(self, news: PointNews) -> Report:
        routes = self._watching(news.vault_arn)
        if not routes:
            return Report(ignored=f"no route watches {news.vault_arn}")
        return joined([_alone(partial(self._on_arrival, route, news)) for route in routes])

    def _on_arrival(self, route: Route, news: PointNews) -> Report:
        key = ChainKey(news.arn, route.name)
        if (chain := stored(self.chains, key)) is not None:
            return self._continue(chain, seen.Noticed()) if is_news(chain, news) else nothing_new(chain, news)
        if news.status in ("CREATING", "PARTIAL", "STOPPED"):
            return Report(ignored=f"{news.arn} is {news.status}; it has not arrived")
        refusal = refused_as_described(route, news)
        if refusal is not None:
            return Report(ignored=refusal)
        point = self._describe_or_take_from_news(route, news)
        if point is None:
            return Report(ignored=f"{news.arn} is not in {route.watched.name}, and its database is not known")
        began_at = self._began_at()
        landed_at = point.completed_at or point.created_at
        if point.status not in ("COMPLETED", "AVAILABLE") and (began_at is None or landed_at < began_at):
            when = "older than this installation" if began_at is not None else "it is not known since when we are here"
            return Report(ignored=f"{news.arn} is {point.status}, and {when}")
        refusal = route.refusal(
            database_arn=point.database, resource_type=point.resource_type, source_vault_arn=point.source_vault_arn
        )
        if refusal is not None:
            return Report(ignored=refusal)
        origins = (point.source_vault_arn, news.origin[1] if news.origin is not None else None)
        is_arrival = any(is_from_workload(route, vault_arn) for vault_arn in origins)
        opened = open_chain(route, point, now=self.now(), came_from_workload=is_arrival)
        return self._run(route, stored=None, chain=opened, first=first_fact(route, point))

    def _describe(self, route: Route, news: PointNews) -> PointSeen | None:
        """The point as AWS describes it; without asking, if it can never be copied nor, by our role, be looked at."""
        if is_continuous(news.arn):
            return point_of_news(route, news, news.status, self.now())
        found = self.backup.point(route.watched, news.arn)
        if found is not None or news.origin is None or route.first_hops is None:
            return found or point_of_news(route, news, NOT_SHOWN, self.now())
        arn, vault_arn = news.origin
        origin = self.backup.point(Vault.parse(vault_arn), arn)
        dated = news if origin is None else replace(news, created_at=origin.created_at)
        return point_of_news(route, dated, NOT_SHOWN, self.now())

    def _describe_or_take_from_news(self, route: Route, news: PointNews) -> PointSeen | None:
        """The point as AWS describes it. If AWS throttles or refuses the question: what the news say of the point.

        The chain asks again before it copies, and reports a trouble that lasts. Raises SilentError if AWS does not
        answer: the work then waits on the queue. Raises the SecondHopError of the question if the news do not say
        enough, or the backup is older than the installation. A copy job that made the point does not say enough,
        because its date is not that of the backup.
        """
        try:
            return self._describe(route, news)
        except SilentError:
            raise
        except SecondHopError:
            described, began_at = point_of_news(route, news, NOT_SHOWN, self.now()), self._began_at()
            is_dated = news.created_at is not None and news.origin is None
            if described is None or not is_dated or began_at is None or described.created_at < began_at:
                raise
            return described

    def _on_chain(self, key: ChainKey, fact: Observation) -> Report:
        chain = stored(self.chains, key)
        if chain is None:
            return Report(ignored=f"there is no chain {key}")
        return self._continue(chain, fact)

    def _continue(self, chain: Chain, fact: Observation) -> Report:
        """Go on with a chain that was just read."""
        route = self._route(chain)
        if route is None:
            key = chain.key
            return Report(ignored=f"chain {key} is of route {key.route}, which this installation does not have")
        return self._run(route, stored=chain, chain=chain, first=fact)

    def _run(self, route: Route, *, stored: Chain | None, chain: Chain, first: Observation) -> Report:
        run = ChainRun(
            route=route,
            stored=stored,
            chain=chain,
            chains=self.chains,
            performer=self.performer,
            now=self.now,
            observe_only=self.observe_only,
        )
        return Report(steps=run(first))

    def _began_at(self) -> datetime | None:
        """Since when the installation is here, before it opens a chain. Raises SettingsError for renamed routes.

        None if its memory cannot be read: that stops the sweep of the vault, and no arrival. Under a renamed route a
        chain finds the claims of its copies taken.
        """
        try:
            return self.beginning("installation")
        except UnreadableItemError:
            return None

    def _watching(self, vault_arn: str) -> list[Route]:
        return [route for route in self.routes if route.watched.arn == vault_arn]

    def _route(self, chain: Chain) -> Route | None:
        for route in self.routes:
            if route.name == chain.key.route:
                return route
            if route.first_hops is not None and first_hop_key(route, chain.key.recovery_point) == chain.key:
                return first_hop_route(route, chain.watched)
        return None


def _claim_of(chain: Chain, leg: Leg, job: JobSeen) -> Claim:
    return Claim(job.source, leg.destination.arn, chain.key, leg.name)


def _alone(report: Callable[[], Report]) -> Report:
    """A report of work that stops itself, and nothing beside it, where an item cannot be read."""
    try:
        return report()
    except UnreadableItemError as error:
        return Report(unreadable=(str(error),))
