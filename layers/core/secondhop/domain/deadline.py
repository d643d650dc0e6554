"""Until when a copy can be started, and when operators are notified that it still waits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from secondhop.domain import patience
from secondhop.domain.chain import Chain
from secondhop.domain.hop import Hop
from secondhop.domain.lifecycle import latest_start
from secondhop.domain.route import Leg


@dataclass(frozen=True, slots=True, order=True)
class Deadline:
    """The last moment for a copy, and why it is the last."""

    at: datetime
    why: str


def deadline_of(chain: Chain, hop: Hop, leg: Leg | None) -> Deadline | None:
    """The first deadline of a hop; None if nothing is known. A source without an expiry does not wait for ever."""
    return min(_deadlines(chain, hop, leg), default=None)


def warns_at(chain: Chain, deadline: Deadline) -> datetime:
    """When operators are notified that a copy still waits."""
    return max(deadline.at - patience.LAST_CALL, chain.opened_at + patience.LONGEST_WAIT)


def _deadlines(chain: Chain, hop: Hop, leg: Leg | None) -> Iterator[Deadline]:
    expires_at = chain.source_expires_at
    if expires_at is not None:
        yield Deadline(expires_at, f"its source expires on {expires_at.isoformat()}")
    if leg is not None:
        latest = latest_start(created_at=chain.created_at, retention=leg.retention.of_days(hop.delete_after_days))
        yield Deadline(latest, f"a copy started after {latest.isoformat()} would be too late")
