"""Whether a recovery point can be copied at all, by what AWS says of it."""

from __future__ import annotations

from secondhop.domain.arn import is_continuous, is_multi_az_cluster
from secondhop.domain.classification import Cause
from secondhop.domain.observation import PointSeen
from secondhop.domain.resource_types import copies_stay_unencrypted
from secondhop.domain.route import Route


def why_unfit(route: Route, point: PointSeen) -> tuple[Cause, str] | None:
    """Why a recovery point cannot be copied; None if it can be."""
    if is_continuous(point.arn):
        return Cause.UNSUPPORTED, f"{point.arn} is a continuous backup; StartCopyJob does not copy those"
    if is_multi_az_cluster(point.resource_type, point.database):
        return Cause.UNSUPPORTED, f"{point.database} is an RDS Multi-AZ DB cluster; AWS Backup does not copy those"
    if point.is_encrypted is False and copies_stay_unencrypted(point.resource_type) and not route.allow_unencrypted:
        return Cause.UNENCRYPTED, f"{point.arn} is not encrypted, and copies of {point.resource_type} stay so"
    return None
