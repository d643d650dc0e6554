"""The sweep: finds what events did not report. It lists and enqueues. Only the actor decides."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from random import Random

from secondhop.application.budget import BATCH, BUDGET, Budget
from secondhop.application.ports import Backup, ChainStore, WorkQueue
from secondhop.application.sweep_jobs import JobSweep
from secondhop.application.waking import Wakes, lanes_of
from secondhop.application.work import JobNews, Look, PointNews
from secondhop.domain.chain import ChainKey
from secondhop.domain.errors import ConflictError, FinalError, TryAgainError, UnreadableItemError
from secondhop.domain.observation import PointSeen
from secondhop.domain.route import Route
from secondhop.domain.slices import Slice, older_slice, plan_pass
from secondhop.domain.source import USABLE
from secondhop.domain.sweep_progress import SweepProgress

# Shares of an invocation's budget, each from its beginning: listing jobs in flight, chains that are due, first hops.
# The slices of the vaults always get the last quarter.
IN_FLIGHT, DUE, FIRST_HOPS = 0.25, 0.5, 0.75
# A sweep that died frees the way for the next one after this long: longer than two function timeouts.
LEASE = timedelta(minutes=5)
# Points that landed a little before the installation's first write are its first arrivals, not its past.
ADOPTION_TOLERANCE = timedelta(hours=1)
NO_TIME = "there was no time to list all: narrow it down by after and before"


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What one invocation of the sweep did.

    `due` chains were put on the queue, and so were `woken` chains that wait for a slot, `missing` points without a
    chain and `failed_first_hops`. `is_whole` says
    that a pass over the vaults came to its end; else `left` slices remain for the next invocation. `has_more_due` and
    `has_more_jobs` say that time did not suffice for all of them: the next invocation continues. `problems` are
    things that could not be read, which did not keep the sweep from the rest.
    """

    due: int = 0
    in_flight: int = 0
    woken: int = 0
    missing: int = 0
    listed: int = 0
    older: int = 0
    failed_first_hops: int = 0
    left: int = 0
    is_whole: bool = False
    has_more_due: bool = False
    has_more_jobs: bool = False
    problems: tuple[str, ...] = ()
    skipped: str | None = None


class OutOfTimeError(Exception):
    """The invocation's budget is spent in the middle of a slice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepChains:
    """The use case of the sweep."""

    routes: Sequence[Route]
    chains: ChainStore
    backup: Backup
    queue: WorkQueue
    now: Callable[[], datetime]

    def __call__(self) -> Swept:
        """Sweep for as long as the budget lasts, unless another one runs. Raises TryAgainError, SettingsError."""
        now = self.now()
        try:
            before = self.chains.sweep_progress(now=now)
        except UnreadableItemError as error:
            return self._without_memory(str(error), now)
        if before.sweeping_until is not None and now < before.sweeping_until:
            return Swept(skipped=f"another sweep is under way until {before.sweeping_until.isoformat()}")
        agenda = self._agenda(before, now)
        leased = replace(before.served_by(self.routes), sweeping_until=now + LEASE, unfinished=agenda)
        try:
            self.chains.save_sweep_progress(leased, before=before)
        except ConflictError:
            return Swept(skipped="another sweep began at this moment")
        budget = self._budget(now)
        swept = self._look_at_jobs(leased, budget)
        return self._list_slices(leased, swept, budget)

    def _budget(self, now: datetime) -> Budget:
        return Budget(clock=self.now, began_at=now, length=BUDGET)

    def _without_memory(self, why: str, now: datetime) -> Swept:
        """The progress cannot be read: chains are looked at all the same, and nothing new is looked for."""
        swept = self._look_at_jobs(None, self._budget(now))
        return replace(swept, problems=(*swept.problems, why))

    def _agenda(self, before: SweepProgress, now: datetime) -> tuple[Slice, ...]:
        """What the last sweep left, or a new pass. A slice under which the last sweep died is halved."""
        if not before.unfinished:
            return plan_pass(tuple(r.name for r in self.routes), swept_back_to=before.swept_back_to, now=now)
        first, *rest = before.unfinished
        has_died = before.sweeping_until is not None
        return (*first.halves(), *rest) if has_died else before.unfinished

    def _look_at_jobs(self, progress: SweepProgress | None, budget: Budget) -> Swept:
        """Put due chains and failed first hops on the queue, as AWS lists their jobs."""
        jobs = JobSweep(
            routes=self.routes,
            chains=self.chains,
            backup=self.backup,
            queue=self.queue,
            now=budget.began_at,
            budget=budget,
        )
        swept = replace(self._put_due(jobs.in_flight(share=IN_FLIGHT), budget), woken=self._wake_waiting())
        if progress is not None:
            failed = jobs.first_hops(since=progress.began_at - ADOPTION_TOLERANCE, share=FIRST_HOPS)
            swept = replace(swept, failed_first_hops=failed)
        return replace(swept, has_more_jobs=jobs.has_more, problems=tuple(jobs.problems))

    def _put_due(self, live: dict[str, JobNews], budget: Budget) -> Swept:
        """Put due chains on the queue, longest overdue first."""
        due = in_flight = 0
        keys = self.chains.due(now=budget.began_at)
        while batch := tuple(islice(keys, BATCH)):
            news = [live[key.recovery_point] for key in batch if key.recovery_point in live]
            looks = [Look(key=key) for key in batch if key.recovery_point not in live]
            self.queue.put([*looks, *news])
            due, in_flight = due + len(looks), in_flight + len(news)
            if budget.is_spent(DUE):
                return Swept(due=due, in_flight=in_flight, has_more_due=next(keys, None) is not None)
        return Swept(due=due, in_flight=in_flight)

    def _wake_waiting(self) -> int:
        """Wake chains in every lane with a free slot. An actor that stopped may have freed one and woken none."""
        draw = Random(self.now().isoformat())  # noqa: S311 - it protects nothing
        wakes = Wakes(chains=self.chains, queue=self.queue, draw=draw)
        for lane, limit in lanes_of(self.routes).items():
            wakes.want(lane, limit=limit)
        return wakes.send()

    def _list_slices(self, leased: SweepProgress, swept: Swept, budget: Budget) -> Swept:
        held = leased
        while held.unfinished and not budget.is_spent():
            current, *rest = held.unfinished
            is_first = held is leased
            try:
                swept = self._list(current, held, swept, budget)
            except OutOfTimeError:
                parts = current.halves() if is_first else (current,)
                # What cannot be halved any more waits at the end, so that the rest is not kept waiting by it.
                left = (*rest, current) if parts == (current,) and is_first else (*parts, *rest)
                held = self._remember(held, left)
                break
            except TryAgainError as passing:
                swept = replace(swept, problems=(*swept.problems, str(passing)))
                break
            except FinalError as problem:
                swept = replace(swept, problems=(*swept.problems, str(problem)))
            held = self._remember(held, tuple(rest))
        return self._end(held, swept, budget.began_at)

    def _remember(self, held: SweepProgress, left: tuple[Slice, ...]) -> SweepProgress:
        after = replace(held, unfinished=left)
        self.chains.save_sweep_progress(after, before=held)
        return after

    def _end(self, held: SweepProgress, swept: Swept, now: datetime) -> Swept:
        is_whole = not held.unfinished
        ended = replace(held, sweeping_until=None, ended_at=self.now())
        if is_whole:
            ended = replace(ended, swept_back_to=older_slice(held.swept_back_to, now)[0])
        self.chains.save_sweep_progress(ended, before=held)
        return replace(swept, is_whole=is_whole, left=len(held.unfinished))

    def _list(self, current: Slice, progress: SweepProgress, swept: Swept, budget: Budget) -> Swept:
        """List one slice to its end. Raises OutOfTimeError, TryAgainError, FinalError."""
        route = next((route for route in self.routes if route.name == current.route), None)
        if route is None:
            return swept
        points = self.backup.points_between(route.watched, after=current.after, before=current.before)
        for batch in batches_of(points):
            news, older = self._unknown(batch, route, progress)
            self.queue.put(news)
            swept = replace(
                swept,
                listed=swept.listed + len(batch),
                missing=swept.missing + len(news),
                older=swept.older + older,
            )
            if budget.is_spent():
                raise OutOfTimeError
        return swept

    def _unknown(
        self, batch: Iterable[PointSeen], route: Route, progress: SweepProgress
    ) -> tuple[list[PointNews], int]:
        """Points that the route claims and no chain follows; and how many are older than the installation.

        A finished chain means that its point does not exist. If the point is listed, the chain must look again.
        """
        mine = [point for point in batch if _may_be_claimed(point, route)]
        known = self.chains.known(ChainKey(point.arn, route.name) for point in mine)
        new = [point for point in mine if ChainKey(point.arn, route.name) not in known]
        ours = [point for point in new if not _is_older(point, progress)]
        back = [p for p in mine if p.status in USABLE and known.get(ChainKey(p.arn, route.name), False)]
        return [news_of(point) for point in (*ours, *back)], len(new) - len(ours)


def batches_of(points: Iterable[PointSeen]) -> Iterator[tuple[PointSeen, ...]]:
    """Points in batches. If some cannot be read, all others come first. Raises FinalError after them."""
    batch: list[PointSeen] = []
    problem: FinalError | None = None
    try:
        for point in points:
            batch.append(point)
            if len(batch) == BATCH:
                yield tuple(batch)
                batch.clear()
    except FinalError as error:
        problem = error
    if batch:
        yield tuple(batch)
    if problem is not None:
        raise problem


def _may_be_claimed(point: PointSeen, route: Route) -> bool:
    return (
        point.status in ("COMPLETED", "AVAILABLE", "EXPIRED")
        and route.refusal(
            database_arn=point.database, resource_type=point.resource_type, source_vault_arn=point.source_vault_arn
        )
        is None
    )


def _is_older(point: PointSeen, progress: SweepProgress) -> bool:
    """Whether the point landed before this installation began; such points are opened only by `adopt`."""
    return (point.completed_at or point.created_at) < progress.began_at - ADOPTION_TOLERANCE


def news_of(point: PointSeen) -> PointNews:
    """A point that was listed, as work for the actor."""
    return PointNews(
        arn=point.arn,
        vault_arn=point.vault_arn,
        status=point.status,
        database=point.database,
        resource_type=point.resource_type,
        created_at=point.created_at,
    )


def arrivals_without_chain(
    chains: ChainStore, route: Route, points: Iterable[PointSeen], *, budget: Budget, share: float
) -> tuple[list[PointSeen], list[str]]:
    """The points that a route claims and no chain knows, newest backup first: what `adopt` would open.

    And why some may be missing: the time was over, or AWS's answers cannot be read.
    """
    listed, problems = list[PointSeen](), list[str]()
    try:
        for point in points:
            if budget.is_spent(share):
                problems.append(NO_TIME)
                break
            listed.append(point)
    except FinalError as error:
        problems.append(str(error))
    newest_first = [p for p in sorted(listed, key=lambda p: p.created_at, reverse=True) if _may_be_claimed(p, route)]
    known = chains.known(ChainKey(point.arn, route.name) for point in newest_first)
    return [point for point in newest_first if ChainKey(point.arn, route.name) not in known], problems
