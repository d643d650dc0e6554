"""An abandoned chain: nothing is done for it. It is only checked until the points that it claimed do not exist.

Until then it is remembered, so that the sweep does not open it again.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from secondhop.domain import patience
from secondhop.domain.chain import Chain
from secondhop.domain.command import InspectArrival, InspectSource, Question
from secondhop.domain.hop import Hop, HopState
from secondhop.domain.lifecycle import DELETION_WINDOW
from secondhop.domain.observation import ArrivalInspected
from secondhop.domain.source import is_due, next_source_check


def give_up(chain: Chain, by: str, now: datetime) -> Chain:
    """Abandon a chain: nothing that was decided is done any more, except to announce.

    A copy that was just started, or that a worker may still start, does not show in AWS's lists yet. So its hop keeps
    its slot for a while: no other copy of the database is started before AWS would show this one.
    """
    hops = tuple(replace(hop, since=now) if hop.state is HopState.COPYING else hop for hop in chain.hops)
    return replace(chain, abandoned_by=by, hops=hops).with_outbox(chain.outbox.announcements())


def questions(chain: Chain, now: datetime) -> tuple[Question, ...]:
    """What to ask when time has passed: whether the source, and each copy, still stand."""
    copies = tuple(
        InspectArrival(subject=hop.name, point=hop.arrival.point)
        for hop in chain.hops
        if hop.arrival.point is not None and hop.arrival.seen_gone_at is None
    )
    # A finished chain is not checked, unless its recovery point is listed in its vault again.
    is_asked = is_due(chain, now) or chain.finished_at is not None
    source = (InspectSource(subject=chain.hops[0].name),) if is_asked else ()
    return (*source, *copies)


def learn(chain: Chain, fact: ArrivalInspected, now: datetime) -> Chain:
    """Remember that a copy is not found."""
    hop = next((each for each in chain.hops if each.name == fact.hop), None)
    if hop is None or fact.point is not None or fact.arrival != hop.arrival.point:
        return chain
    return chain.with_hop(hop.with_arrival(seen_gone_at=now))


def next_look(chain: Chain, now: datetime) -> datetime | None:
    """When to ask again; None if nothing that the chain claimed exists."""
    found = [
        _look_at(hop, now) for hop in chain.hops if hop.arrival.point is not None and hop.arrival.seen_gone_at is None
    ]
    found += [hop.since + patience.FENCE for hop in chain.hops if hop.state is HopState.COPYING]
    source = next_source_check(chain, now)
    return min((*found, *([source] if source is not None else [])), default=None)


def _look_at(hop: Hop, now: datetime) -> datetime:
    week = now + patience.OLDER_COPY_CHECK
    gone_by = None if hop.arrival.promised_until is None else hop.arrival.promised_until + DELETION_WINDOW
    return max(min(week, gone_by), now + patience.DAILY) if gone_by is not None else week
