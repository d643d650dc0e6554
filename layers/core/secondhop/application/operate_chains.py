"""How an operator acts: retry, abandon, adopt, pause, resume. Work goes on the actor's queue; nothing acts here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from secondhop.application.adoption import Adoption
from secondhop.application.ports import Backup, ChainStore, WorkQueue
from secondhop.application.work import Abandon, Retry
from secondhop.domain.chain import Chain, ChainKey, ChainState
from secondhop.domain.classification import Cause
from secondhop.domain.errors import MalformedError
from secondhop.domain.route import Route

# Retrying helps where something is not finished, and cannot help where it is.
RETRIABLE = frozenset({ChainState.STRANDED, ChainState.TOO_LATE, ChainState.WAITING, ChainState.RELEASING})

# A function's answer holds 6 MB (lambda/gettingstarted-limits); a point takes 200 to 400 bytes of it.
MOST_POINTS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the operator is told: whether it was accepted, and what happens next, or why not.

    `points` are what it is about, the first of them where there are very many. `forecast` is what it would take.
    """

    is_accepted: bool
    message: str
    points: tuple[str, ...] = ()
    forecast: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OperateChains:
    """The use case of the operator. `by` is the operator's name, which goes into the record."""

    routes: Sequence[Route]
    chains: ChainStore
    backup: Backup
    queue: WorkQueue
    now: Callable[[], datetime]

    def retry(self, key: ChainKey, *, by: str) -> Answer:
        """Try stranded work again."""
        chain = self.chains.get(key)
        if chain is None:
            return _unknown(key)
        if chain.state not in RETRIABLE:
            return Answer(is_accepted=False, message=f"chain {key} is {chain.state}; there is nothing to retry")
        self.queue.put([Retry(key=key, by=by)])
        return Answer(is_accepted=True, message=f"chain {key}, {chain.state}, will be tried again")

    def retry_all(self, cause: str, *, by: str) -> Answer:
        """Try everything again that is stranded for a cause, the oldest backup first. Raises MalformedError."""
        if cause not in set(Cause):
            raise MalformedError(f"there is no cause {cause!r}; known are: {', '.join(sorted(Cause))}")
        keys = tuple(self.chains.stranded(Cause(cause)))
        self.queue.put(Retry(key=key, by=by) for key in keys)
        points = _first_of([str(key) for key in keys])
        return Answer(is_accepted=True, message=f"tries {len(keys)} chains again ({cause})", points=points)

    def abandon(self, key: ChainKey, *, by: str) -> Answer:
        """Leave a chain as it is. Deletes nothing, and frees its slot."""
        chain = self.chains.get(key)
        if chain is None:
            return _unknown(key)
        if chain.state in (ChainState.COMPLETE, ChainState.ABANDONED):
            return Answer(is_accepted=False, message=f"chain {key} is {chain.state}; there is nothing to abandon")
        self.queue.put([Abandon(key=key, by=by)])
        return Answer(is_accepted=True, message=_warning(chain, by))

    def adopt(self, route_name: str, *, after: datetime, before: datetime, is_dry_run: bool) -> Answer:
        """Open chains for points that are older than the installation, or only show which, the newest backup first.

        First hops that failed are among them: after a lost table nobody else would follow them.
        """
        backlog = Adoption(
            route=self._route(route_name),
            chains=self.chains,
            backup=self.backup,
            queue=self.queue,
            now=self.now(),
        )
        backlog.look(after=after, before=before)
        forecast = tuple(backlog.forecast())
        if not is_dry_run:
            self.queue.put(backlog.work)
        verb = "would adopt" if is_dry_run else "adopts"
        kept = f", {backlog.refused} of them without a copy" if backlog.refused else ""
        problems = "".join(f"; {problem}" for problem in backlog.problems)
        return Answer(
            is_accepted=True,
            message=f"{verb} {len(backlog.points)} recovery points{kept}{problems}",
            points=_first_of(backlog.points),
            forecast=forecast,
        )

    def pause(self, route_name: str, *, by: str) -> Answer:
        """Stop acting on a route: no copy is started and nothing is released; observing goes on."""
        self.chains.pause(route=self._route(route_name).name, by=by)
        return Answer(is_accepted=True, message=f"route {route_name} is paused by {by}")

    def resume(self, route_name: str, *, by: str) -> Answer:
        """Act again on a paused route."""
        self.chains.pause(route=self._route(route_name).name, by=None)
        return Answer(is_accepted=True, message=f"route {route_name} acts again, said {by}")

    def _route(self, name: str) -> Route:
        found = next((route for route in self.routes if route.name == name), None)
        if found is None:
            names = ", ".join(route.name for route in self.routes)
            raise MalformedError(f"there is no route {name!r}; this installation has: {names}")
        return found


def _first_of(points: Sequence[str]) -> tuple[str, ...]:
    """As many as an answer can hold, and how many more there are."""
    left = len(points) - MOST_POINTS
    return tuple(points) if left <= 0 else (*points[:MOST_POINTS], f"and {left} more")


def _unknown(key: ChainKey) -> Answer:
    return Answer(is_accepted=False, message=f"there is no chain {key}; adopt opens one for an older recovery point")


def _warning(chain: Chain, by: str) -> str:
    return f"chain {chain.key}, {chain.state}, is being abandoned by {by}; {chain.database} has no verified copy of it"
