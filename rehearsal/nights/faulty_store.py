"""A chain store as unreliable as DynamoDB: lost calls, refusals, delays, stale indexes, a table lost or rolled back.

The store itself is the in-memory one, which passes the same contract as DynamoDB's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any

from backup_simulator import Refused, World
from secondhop.adapters.memory_chains import MemoryChains
from secondhop.application.ports import Unreadable
from secondhop.domain.chain import Chain, ChainKey
from secondhop.domain.errors import ConflictError, TryAgainError, UnreadableItemError

# The operation of DynamoDB that each method of the store uses.
CALLS = {
    "save": "TransactWriteItems",
    "save_sweep_progress": "PutItem",
    "pause": "PutItem",
    "save_group": "PutItem",
    "known": "BatchGetItem",
    "of_database": "Query",
    "due": "Query",
    "waiting": "Query",
    "stranded": "Query",
}
WHY = "this item was written by a newer release"
INDEXED = frozenset({"of_database", "due", "waiting", "stranded"})


class FaultyChains:
    """A `ChainStore` that wraps another one. Its indexes lag by `index_lag`."""

    def __init__(self, world: World, *, index_lag: timedelta, counts: Counter[str]) -> None:
        self._world = world
        self._lag = index_lag
        self._counts = counts
        self._kept = MemoryChains()
        self._changes: list[tuple[datetime, ChainKey, Chain | None]] = []
        self.unreadable: set[ChainKey] = set()
        """Chains whose items cannot be read, as if a newer release had written them."""

    def copy(self) -> MemoryChains:
        """The content of the table now, as point-in-time recovery would restore it."""
        return self._kept.copy()

    def become(self, kept: MemoryChains) -> None:
        """Replace the content of the table."""
        self._kept = kept
        self._changes.clear()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Every method of the store, with faults around it."""
        if name.startswith("_"):
            raise AttributeError(name)

        def call(*given: Any, **named: Any) -> Any:
            def carry_out() -> Any:
                return self._carry_out(name, given, named)

            try:
                return self._world.outside("dynamodb", CALLS.get(name, "GetItem"), carry_out)
            except Refused as refused:
                raise TryAgainError(f"{CALLS.get(name, 'GetItem')}: {refused}") from refused

        return call

    def _carry_out(self, name: str, given: tuple[Any, ...], named: dict[str, Any]) -> Any:
        asked = self._as_indexed() if name in INDEXED else self._kept
        try:
            answer = getattr(asked, name)(*given, **named)
        except ConflictError as lost:
            self._counts["a write lost a race against another one"] += type(lost) is ConflictError
            raise
        if self.unreadable:
            answer = self._as_read(answer)
        if name == "save":
            self._changes.append((self._world.now(), named.get("chain", given[0]).key, named["before"]))
        # A query reads its pages one by one. Here all are read at once, so that faults happen inside the call.
        return iter(list(answer)) if isinstance(answer, Iterator) else answer

    def _as_read(self, answer: Any) -> Any:
        """What a reader gets: one unreadable item raises an error; among others it is an `Unreadable`."""
        if isinstance(answer, Chain) and answer.key in self.unreadable:
            self._counts["fault: an item could not be read"] += 1
            raise UnreadableItemError(WHY)
        if isinstance(answer, Iterator):
            return iter([self._among_others(each) for each in answer])
        return answer

    def _among_others(self, each: Any) -> Any:
        is_unreadable = isinstance(each, Chain) and each.key in self.unreadable
        return Unreadable(key=each.key, why=WHY) if is_unreadable else each

    def make_unreadable(self, chance: Random) -> None:
        """Make the item of one chain unreadable from now on."""
        keys = sorted(chain.key for chain in self._kept.all())
        if keys:
            self.unreadable.add(chance.choice(keys))

    def _as_indexed(self) -> MemoryChains:
        """The table as its indexes show it, without the latest changes."""
        since = self._world.now() - self._lag
        while self._changes and self._changes[0][0] <= since:
            del self._changes[0]
        if not self._changes:
            return self._kept
        older: dict[ChainKey, Chain | None] = {}
        for _, key, before in self._changes:
            older.setdefault(key, before)
        return self._kept.with_older(older)
