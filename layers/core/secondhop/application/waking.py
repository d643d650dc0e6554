"""Which chains are asked to look at themselves when another one has come further."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain as joined
from itertools import islice
from random import Random

from secondhop.application.ports import ChainStore, Waiting, WorkQueue
from secondhop.application.work import Look
from secondhop.domain.chain import Chain, ChainKey, IntermediateState
from secondhop.domain.errors import UnreadableItemError
from secondhop.domain.lane import Lane
from secondhop.domain.route import Route

# So many chains after the newest ones that are kept: one is the chain itself, and one may be unreadable.
WAKE_RELATIVES = 3
# Among so many chains behind the first ones, the sweep draws those that it also wakes.
DRAWN_FROM = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wakes:
    """Collects the lanes in which slots came free during one invocation, and wakes as many chains as can use them.

    Several copies that end together would each wake the same chain. So each lane is read once, at the end. What is not
    sent, because the function stopped or a call failed, the next sweep makes good: it wakes every lane.

    `draw` is the sweep's. A chain that cannot copy, and cannot leave the queue, would keep its place as the first one.
    So the sweep also wakes chains from behind it.
    """

    chains: ChainStore
    queue: WorkQueue
    draw: Random | None = None
    _lanes: dict[Lane, int] = field(default_factory=dict, repr=False)

    def want(self, lane: Lane, *, limit: int) -> None:
        """Remember that a slot of a lane may be free. `limit` is how many copies may be in flight in it."""
        self._lanes[lane] = limit

    @property
    def wanted(self) -> tuple[Lane, ...]:
        """The lanes that are remembered."""
        return tuple(self._lanes)

    def send(self) -> int:
        """Wake chains in each lane that was remembered; how many. Raises TryAgainError; what is left stays."""
        count = 0
        while self._lanes:
            lane, limit = next(iter(self._lanes.items()))
            keys = longest_waiting(self.chains, lane, limit=limit, draw=self.draw)
            self.queue.put(Look(key=key) for key in keys)
            count += len(keys)
            del self._lanes[lane]
        return count


def longest_waiting(chains: ChainStore, lane: Lane, *, limit: int, draw: Random | None = None) -> list[ChainKey]:
    """As many chains as the lane has free slots, the longest waiting first, of databases with no copy in flight.

    With `draw`, as many again are drawn from the others, in case the first ones cannot copy. A later backup of the same
    database is one of these.
    """
    waiting = chains.waiting(lane)
    first = next(waiting, None)
    if first is None:
        return []
    use = chains.lane_use(lane)
    free = 0 if use.in_flight is None else max(0, limit - use.in_flight)
    if not free:
        return []
    startable = (each for each in joined([first], waiting) if each.database not in use.databases)
    keys, later = _one_of_each_database(startable, free)
    if draw is None:
        return keys
    rest = [each.key for each in joined(later, islice(startable, DRAWN_FROM))]
    return keys + draw.sample(rest, min(free, len(rest)))


def _one_of_each_database(waiting: Iterator[Waiting], most: int) -> tuple[list[ChainKey], list[Waiting]]:
    """The first waiting chain of so many databases, and the later ones of the same databases among those read."""
    first, later = dict[str, ChainKey](), list[Waiting]()
    for each in waiting:
        if each.database in first:
            later.append(each)
            continue
        first[each.database] = each.key
        if len(first) == most:
            break
    return list(first.values()), later


def lanes_of(routes: Sequence[Route]) -> dict[Lane, int]:
    """All lanes of routes, those of retried first hops among them, with how many copies may be in flight in each."""
    lanes = dict[Lane, int]()
    for route in routes:
        sites = {leg.destination.site for leg in route.legs}
        if route.first_hops is not None and route.first_hops.role_arn:
            sites.add(route.watched.site)
        lanes |= {Lane(site, kind): route.limit(kind) for site in sites for kind in route.resource_types}
    return dict(sorted(lanes.items()))


def relative_that_kept(chains: ChainStore, chain: Chain, *, keep: int) -> ChainKey | None:
    """The chain of a chain's database that kept its intermediate, and may release it now that a newer copy is verified.

    `keep` is how many of the newest intermediates stay. A chain that is not found here is looked at daily.
    """
    # A retried first hop is a chain of its own, and of another route.
    found = chains.newest_of_database(chain.database, count=2 * (keep + WAKE_RELATIVES))
    newest = [key for key in found if key.route == chain.key.route]
    for key in newest[keep : keep + WAKE_RELATIVES]:
        try:
            relative = chains.get(key) if key != chain.key else None
        except UnreadableItemError:
            continue
        if relative is not None:
            return key if any(each.state is IntermediateState.DUE for each in relative.intermediates) else None
    return None
