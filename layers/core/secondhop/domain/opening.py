"""How a chain begins: from a recovery point that was seen in a watched vault."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from secondhop.domain.chain import Chain, ChainKey
from secondhop.domain.fitness import why_unfit
from secondhop.domain.observation import JobSeen, Noticed, Observation, PointSeen, SourceNotReady, SourceUnfit
from secondhop.domain.route import ARRIVAL, Route
from secondhop.domain.rules.births import Opening, begin_hop, begin_intermediate
from secondhop.domain.source import USABLE

NOT_SHOWN = "GONE"
"""The status that we give to a recovery point that AWS does not show, any more or yet."""


def open_chain(
    route: Route,
    point: PointSeen,
    *,
    now: datetime,
    came_from_workload: bool = False,
    ended_job: JobSeen | None = None,
) -> Chain:
    """The chain of a recovery point that was seen in the route's watched vault. `ended_job` is that of a first hop."""
    opening = Opening(now=now, ended_job=ended_job)
    intermediates = (begin_intermediate(name, vault, opening) for name, vault in route.intermediates())
    return Chain(
        key=ChainKey(point.arn, route.name),
        database=point.database,
        resource_type=point.resource_type,
        created_at=point.created_at,
        opened_at=now,
        # Every decision replaces it. Until then the chain is due, so that no chain is without a next check.
        next_check=now,
        watched=route.watched,
        encrypted=point.is_encrypted is not False,
        key_arn=point.key_arn,
        source_expires_at=point.delete_at,
        source_seen_at=now if _is_described(point) else None,
        came_from_workload=came_from_workload,
        is_date_known=point.status != NOT_SHOWN,
        kind=route.kind,
        hops=tuple(begin_hop(leg, opening) for leg in route.legs),
        intermediates=tuple(replace(each, point=point.arn) if each.name == ARRIVAL else each for each in intermediates),
    )


def _is_described(point: PointSeen) -> bool:
    """Whether AWS described the point whole: what is missing, or passes, is asked again before it is relied on."""
    is_whole = point.delete_at is not None and point.is_encrypted is not None
    return is_whole and point.status in USABLE


def first_fact(route: Route, point: PointSeen) -> Observation:
    """What the first look at a point says: continue, or why it cannot be copied."""
    first = next(leg.name for leg in route.legs if leg.reads_from is None)
    cause_and_message = why_unfit(route, point)
    if cause_and_message is None:
        return SourceNotReady(hop=first, why="CREATING") if point.status == "CREATING" else Noticed()
    cause, message = cause_and_message
    return SourceUnfit(hop=first, cause=cause, message=message)
