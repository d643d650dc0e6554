"""How a chain begins: from a recovery point that was seen in a watched vault."""

from __future__ import annotations

from datetime import datetime

from secondhop.domain.arn import is_continuous, is_multi_az_cluster
from secondhop.domain.chain import Chain, ChainKey, Hop, Intermediate
from secondhop.domain.classification import Cause
from secondhop.domain.lifecycle import DELETION_WINDOW
from secondhop.domain.observation import Noticed, Observation, PointSeen, SourceNotReady, SourceUnfit
from secondhop.domain.route import ARRIVAL, CLUSTER_TYPES, Route

GONE = "GONE"
"""The status that we give to a point that AWS does not show, any more or yet."""


def open_chain(route: Route, point: PointSeen, *, now: datetime) -> Chain:
    """The chain of a recovery point that was seen in the route's watched vault."""
    return Chain(
        key=ChainKey(point.arn, route.name),
        database=point.database,
        resource_type=point.resource_type,
        created_at=point.created_at,
        opened_at=now,
        watched=route.watched,
        encrypted=point.is_encrypted is not False,
        key_arn=point.key_arn,
        source_expires_at=source_expiry(point, now),
        hops=tuple(
            Hop(name=leg.name, reads_from=leg.reads_from, destination=leg.destination, since=now) for leg in route.legs
        ),
        intermediates=tuple(
            Intermediate(name=name, vault=vault, point=point.arn if name == ARRIVAL else None, since=now)
            for name, vault in route.intermediates()
        ),
    )


def source_expiry(point: PointSeen, now: datetime) -> datetime | None:
    """When the point expires; for one that is going already, long enough ago for AWS to have deleted it.

    It may have been copied all the same, before this installation's memory: that is looked for first. Of a point that
    does not show, although it was told of, nothing is known: the answer to its copy says whether it is gone.
    """
    is_going = point.status in ("EXPIRED", "DELETING")
    return now - DELETION_WINDOW if is_going else point.delete_at


def first_fact(route: Route, point: PointSeen) -> Observation:
    """What the first look at a point says: go on, or why it cannot be copied, whoever tries."""
    first = next(leg.name for leg in route.legs if leg.reads_from is None)
    cause_and_message = _unfitness(route, point)
    if cause_and_message is None:
        return SourceNotReady(hop=first, why="CREATING") if point.status == "CREATING" else Noticed()
    cause, message = cause_and_message
    return SourceUnfit(hop=first, cause=cause, message=message)


def _unfitness(route: Route, point: PointSeen) -> tuple[Cause, str] | None:
    if is_continuous(point.arn):
        return Cause.UNSUPPORTED, f"{point.arn} is a continuous backup; StartCopyJob does not copy those"
    if is_multi_az_cluster(point.resource_type, point.database):
        return Cause.UNSUPPORTED, f"{point.database} is an RDS Multi-AZ DB cluster; AWS Backup does not copy those"
    if point.is_encrypted is False and point.resource_type in CLUSTER_TYPES and not route.allow_unencrypted:
        return Cause.UNENCRYPTED, f"{point.arn} is not encrypted, and copies of {point.resource_type} stay so"
    return None
