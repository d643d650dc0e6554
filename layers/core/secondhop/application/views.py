"""What people read of the chains, as a Protocol beside the ports: nothing here is written, and nothing is decided."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from secondhop.application.ports import Unreadable
from secondhop.domain.chain import Chain, ChainKey
from secondhop.domain.lane import Lane, LaneUse


class ChainViews(Protocol):
    """Chains, as people ask for them. The answers may lag behind the writes by a second."""

    def get(self, key: ChainKey) -> Chain | None:
        """The chain, or None. Raises UnreadableItemError for an item of another release."""

    def current(self) -> Iterator[Chain | Unreadable]:
        """Chains that show the present state of their databases, by database; see `ledger.is_current`."""

    def of_database(self, database: str, *, newest_first: bool = False) -> Iterator[Chain | Unreadable]:
        """All chains of a database, by creation date of the original backup; read as far as they are asked for."""

    def lane_use(self, lane: Lane) -> LaneUse:
        """Which slots of a lane are taken now."""

    def paused_by(self, route: str) -> str | None:
        """Who paused the route, or None."""

    def last_sweep(self) -> datetime | None:
        """When a sweep last came to its end, or None if none ever did. Raises UnreadableItemError."""
