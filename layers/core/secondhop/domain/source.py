"""What a chain knows of its source, the recovery point in the watched vault, and when that must be asked again.

Decisions need fresh facts. People change lifecycles, AWS leaves fields out at first, and a
recovery point shows up minutes after its event. So the source is described again before each copy, and "gone" is what
AWS said, never what a stored date says.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from secondhop.domain import patience
from secondhop.domain.chain import Chain
from secondhop.domain.lifecycle import DELETION_WINDOW
from secondhop.domain.observation import ArrivalInspected, CopiesSurveyed, PointSeen, SourceInspected
from secondhop.domain.release_observation import KeepSurveyed

# The invocation that opens a chain need not describe its recovery point twice.
FRESH = timedelta(minutes=1)
# A field that AWS left out is asked again after an hour, and so is a source that should be expired by now.
SOON = timedelta(hours=1)
USABLE = ("COMPLETED", "AVAILABLE")
# Recovery points that AWS Backup deletes, or could not delete.
BEING_DELETED = ("EXPIRED", "DELETING")


def learn(chain: Chain, fact: object, now: datetime) -> Chain:
    """The chain with what a fact says about its source, whatever else the fact leads to."""
    match fact:
        case SourceInspected(point=point):
            return with_source(chain, point, now)
        case CopiesSurveyed(source=source, is_from_workload=is_proven):
            known = chain if source is None else with_source(chain, source.point, now)
            return replace(known, came_from_workload=True) if is_proven else known
        case KeepSurveyed(is_from_workload=True):
            return replace(chain, came_from_workload=True)
        case ArrivalInspected(hop=name, arrival=arrival, point=PointSeen() as copy) if not chain.is_date_known:
            made = [hop for hop in chain.hops if hop.name == name and not hop.arrival.is_adopted]
            return _with_date_of(chain, copy) if any(hop.arrival.point == arrival for hop in made) else chain
        case _:
            return chain


def with_source(chain: Chain, point: PointSeen | None, now: datetime) -> Chain:
    """The chain after its source was described, or was not found.

    A point may show up minutes after its event: "not found" counts only after the grace for that.
    """
    if point is None:
        if now < chain.opened_at + patience.ARRIVAL_GRACE:
            return chain
        return replace(chain, source_seen_at=now, source_gone_at=chain.source_gone_at or now)
    return replace(
        _with_date_of(chain, point),
        encrypted=chain.encrypted if point.is_encrypted is None else point.is_encrypted,
        key_arn=point.key_arn or chain.key_arn,
        source_expires_at=point.delete_at,
        source_seen_at=now,
        source_gone_at=None,
    )


def _with_date_of(chain: Chain, copy: PointSeen) -> Chain:
    """The chain with the date of its source or copy, which is that of the backup.

    What was promised counts from that date.
    """
    later = chain.created_at - copy.created_at
    hops = (
        hop if (until := hop.arrival.promised_until) is None else hop.with_arrival(promised_until=until - later)
        for hop in chain.hops
    )
    return replace(chain, created_at=copy.created_at, is_date_known=True, hops=tuple(hops))


def is_fresh(chain: Chain, now: datetime) -> bool:
    """Whether the source was described whole when the chain was opened, a moment ago.

    A later description does not count: it may have shown that the source cannot be copied.
    """
    return chain.source_seen_at == chain.opened_at and now - chain.opened_at < FRESH


def is_due(chain: Chain, now: datetime) -> bool:
    """Whether the source must be described again, although nothing is to be copied now."""
    if chain.source_gone_at is not None:
        return False
    if chain.source_seen_at is None:
        return True
    return now - chain.source_seen_at >= (SOON if is_doubtful(chain, now) else patience.DAILY)


def is_doubtful(chain: Chain, now: datetime) -> bool:
    """Whether the date of its expiry is missing, or in the past. A source that has none after a day never expires."""
    if chain.source_expires_at is None:
        return now < chain.opened_at + patience.DAILY
    return now >= chain.source_expires_at


def next_source_check(chain: Chain, now: datetime) -> datetime | None:
    """When to look whether the source of a chain that does nothing more is deleted; None if it is."""
    if chain.source_gone_at is not None:
        return None
    week = now + patience.OLDER_COPY_CHECK
    gone_by = None if chain.source_expires_at is None else chain.source_expires_at + DELETION_WINDOW
    return min(week, gone_by) if gone_by is not None and gone_by > now else week
