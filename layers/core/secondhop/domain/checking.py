"""When a chain is worth another look, if no event comes first."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import assert_never

from secondhop.domain import abandoned, patience
from secondhop.domain.announcing import last_call_at
from secondhop.domain.chain import Chain, Intermediate, IntermediateState
from secondhop.domain.deadline import deadline_of, warns_at
from secondhop.domain.hop import Hop, HopState
from secondhop.domain.ledger import waits_for
from secondhop.domain.lifecycle import DELETION_WINDOW
from secondhop.domain.route import Route
from secondhop.domain.rules.site_outage import waits_for_its_site
from secondhop.domain.source import is_doubtful


def next_check(chain: Chain, route: Route, now: datetime) -> datetime | None:
    """The earliest moment at which asking AWS may teach something; None if nothing is left to learn."""
    moments = [pending.until for pending in chain.pending]
    if chain.abandoned_by is not None:
        look = abandoned.next_look(chain, now)
        moments += [look] if look is not None else []
    else:
        moments += [moment for hop in chain.hops if (moment := _check_hop(chain, hop, route, now)) is not None]
        moments += [m for each in chain.intermediates if (m := _check_intermediate(each, now)) is not None]
        call = last_call_at(chain)
        moments += [call] if call is not None and call > now else []
    return min(moments, default=None)


def _check_hop(chain: Chain, hop: Hop, route: Route, now: datetime) -> datetime | None:
    if hop.state is HopState.VERIFIED:
        if hop.arrival.seen_gone_at is not None or hop.arrival.promised_until is None:
            return None
        check = chain.final_copy_check(hop)
        end = look_at_the_end(hop, hop.arrival.promised_until)
        an_hour = now + timedelta(hours=1)
        is_asked_again = hop.notice.unresolved is not None
        return an_hour if is_asked_again else max(end if check is None else min(check, end), an_hour)
    if hop.attempt.not_before is not None and hop.attempt.not_before > now:
        return hop.attempt.not_before
    if waits_for(chain) is hop:
        return _check_in_queue(chain, hop, route, now)
    intervals = {
        HopState.WAITING: patience.WAITING_CHECK,
        HopState.COPYING: patience.COPYING_CHECK,
        HopState.VERIFYING: patience.VERIFYING_CHECK,
        HopState.STRANDED: patience.DAILY,
    }
    return now + intervals[hop.state]


def _check_in_queue(chain: Chain, hop: Hop, route: Route, now: datetime) -> datetime:
    """A freed slot wakes the hop. Else it looks daily, when it is late, and when its source expires."""
    if is_doubtful(chain, now):
        return now + patience.WAITING_CHECK
    deadline = deadline_of(chain, hop, route.leg(hop.name))
    moments = [] if deadline is None else [warns_at(chain, deadline), deadline.at]
    moments += [] if chain.source_expires_at is None else [chain.source_expires_at]
    wait = patience.SITE_CHECK if waits_for_its_site(hop) else patience.DAILY
    return min([now + wait, *(moment for moment in moments if moment > now)])


def look_at_the_end(hop: Hop, promised_until: datetime) -> datetime:
    """When to look whether a copy has expired: when AWS should have deleted it, and weekly if it lives longer."""
    over = promised_until + DELETION_WINDOW
    has_outlived = hop.arrival.last_seen_at is not None and hop.arrival.last_seen_at >= over
    return hop.arrival.last_seen_at + patience.OLDER_COPY_CHECK if hop.arrival.last_seen_at and has_outlived else over


def _check_intermediate(intermediate: Intermediate, now: datetime) -> datetime | None:
    match intermediate.state:
        case IntermediateState.DUE:
            return max(now + patience.DAILY, intermediate.kept_until or now)
        case IntermediateState.RELEASING:
            return now + (patience.DAILY if intermediate.trouble else patience.DELETING_CHECK)
        case IntermediateState.HELD | IntermediateState.RELEASED:
            return None
        case _:
            assert_never(intermediate.state)
