"""How an operator acts: retry, abandon, adopt, pause, resume. Puts work on the actor's queue; nothing acts here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from secondhop.application.adoption import Adoption
from secondhop.application.budget import BATCH, Budget, put_in_time
from secondhop.application.ports import Backup, ChainStore, WorkQueue
from secondhop.application.relatives import stored
from secondhop.application.work import Abandon, Retry
from secondhop.domain.chain import Chain, ChainKey, ChainState
from secondhop.domain.classification import Cause
from secondhop.domain.errors import MalformedError
from secondhop.domain.route import Route

# Retrying helps where something is not finished, and cannot help where it is.
RETRIABLE = frozenset({ChainState.STRANDED, ChainState.TOO_LATE, ChainState.WAITING, ChainState.RELEASING})

# A function's answer holds 6 MB (lambda/gettingstarted-limits); a point takes 200 to 400 bytes of it.
MOST_POINTS = 10_000
# The share of the budget in which chains are retried; the rest is for counting those that are left.
ACTING = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer to the operator: whether it was accepted, and what happens next, or why not.

    `points` are what it is about, the first of them where there are very many. `forecast` is what it would take.
    """

    is_accepted: bool
    message: str
    points: tuple[str, ...] = ()
    forecast: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OperateChains:
    """The use case of the operator. `by` is the operator's name, which is recorded."""

    routes: Sequence[Route]
    chains: ChainStore
    backup: Backup
    queue: WorkQueue
    now: Callable[[], datetime]

    def retry(self, key: ChainKey, *, by: str) -> Answer:
        """Try stranded work again."""
        chain = stored(self.chains, key)
        if chain is None:
            return _unknown(key)
        if chain.state not in RETRIABLE:
            return Answer(is_accepted=False, message=f"chain {key} is {chain.state}; there is nothing to retry")
        self.queue.put([Retry(key=key, by=by, at=self.now())])
        return Answer(is_accepted=True, message=f"chain {key}, {chain.state}, will be tried again")

    def retry_all(self, cause: str, *, by: str) -> Answer:
        """Try everything again that is stranded for a cause, the oldest backup first. Raises MalformedError.

        It stops in time: what was put on the queue is soon not stranded any more, so the same request continues.
        """
        if cause not in set(Cause):
            raise MalformedError(f"there is no cause {cause!r}; known are: {', '.join(sorted(Cause))}")
        keys, retried, budget = self.chains.stranded(Cause(cause)), list[ChainKey](), self._budget()
        while batch := tuple(islice(keys, BATCH)):
            self.queue.put([Retry(key=key, by=by, at=self.now()) for key in batch])
            retried += batch
            if budget.is_spent(ACTING):
                break
        count, is_more = _count_left(keys, budget)
        left = _left_words(count, is_more=is_more)
        points = _first_of([str(key) for key in retried])
        return Answer(is_accepted=True, message=f"tries {len(retried)} chains again ({cause}){left}", points=points)

    def abandon(self, key: ChainKey, *, by: str) -> Answer:
        """Leave a chain as it is. Deletes nothing, and frees its slot within minutes."""
        chain = stored(self.chains, key)
        if chain is None:
            return _unknown(key)
        if chain.state in (ChainState.COMPLETE, ChainState.ABANDONED):
            return Answer(is_accepted=False, message=f"chain {key} is {chain.state}; there is nothing to abandon")
        self.queue.put([Abandon(key=key, by=by)])
        return Answer(is_accepted=True, message=_warning(chain, by))

    def adopt(self, route_name: str, *, after: datetime, before: datetime, is_dry_run: bool) -> Answer:
        """Open chains for points that are older than the installation, or only show which, the newest backup first.

        First hops that failed are among them: after a lost table nothing else would follow them.
        """
        budget = self._budget()
        backlog = Adoption(
            route=self._route(route_name),
            chains=self.chains,
            backup=self.backup,
            queue=self.queue,
            now=budget.began_at,
            budget=budget,
        )
        backlog.look(after=after, before=before)
        forecast = tuple(backlog.forecast())
        count = len(backlog.work) if is_dry_run else put_in_time(self.queue, backlog.work, budget)
        verb = "would adopt" if is_dry_run else "adopts"
        kept = f", {backlog.refused} of them without a copy" if backlog.refused else ""
        problems = "".join(f"; {problem}" for problem in backlog.problems)
        return Answer(
            is_accepted=True,
            message=f"{verb} {count} recovery points{kept}{problems}{_left_words(len(backlog.work) - count)}",
            points=_first_of(backlog.points[:count]),
            forecast=forecast,
        )

    def pause(self, route_name: str, *, by: str) -> Answer:
        """Stop acting on a route: no copy is started and nothing is released. Observing continues."""
        self.chains.pause(route=self._route(route_name).name, by=by)
        return Answer(is_accepted=True, message=f"route {route_name} is paused by {by}")

    def resume(self, route_name: str, *, by: str) -> Answer:
        """Act again on a paused route."""
        self.chains.pause(route=self._route(route_name).name, by=None)
        return Answer(is_accepted=True, message=f"route {route_name} acts again, said {by}")

    def _budget(self) -> Budget:
        return Budget(clock=self.now, began_at=self.now())

    def _route(self, name: str) -> Route:
        found = next((route for route in self.routes if route.name == name), None)
        if found is None:
            names = ", ".join(route.name for route in self.routes)
            raise MalformedError(f"there is no route {name!r}; this installation has: {names}")
        return found


def _count_left(keys: Iterator[ChainKey], budget: Budget) -> tuple[int, bool]:
    """How many keys are left, and whether there was no time to count all of them."""
    left = 0
    for _ in keys:
        left += 1
        if budget.is_spent():
            return left, True
    return left, False


def _left_words(left: int, *, is_more: bool = False) -> str:
    if not left:
        return ""
    count = f"at least {left}" if is_more else f"{left}"
    return f"; {count} are left for want of time: give the same order again in a few minutes, and it goes on with them"


def _first_of(points: Sequence[str]) -> tuple[str, ...]:
    """As many as an answer can hold, and how many more there are."""
    left = len(points) - MOST_POINTS
    return tuple(points) if left <= 0 else (*points[:MOST_POINTS], f"and {left} more")


def _unknown(key: ChainKey) -> Answer:
    return Answer(is_accepted=False, message=f"there is no chain {key}; adopt opens one for an older recovery point")


def _warning(chain: Chain, by: str) -> str:
    return f"chain {chain.key}, {chain.state}, is being abandoned by {by}; {chain.database} has no verified copy of it"
