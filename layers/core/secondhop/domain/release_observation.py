"""Facts about an intermediate: what was learned while it is kept, released or deleted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from secondhop.domain.observation import ArrivalInspected, IntermediateObservation, PointSeen


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepSurveyed(IntermediateObservation):
    """How many newer verified arrivals the vault has, whether this one is listed, and which cannot be read."""

    newer: int
    is_listed: bool
    unreadable: tuple[str, ...] = ()
    is_from_workload: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasePutOff(IntermediateObservation):
    """No delete was sent: acting is paused, or a copy made from it could not be described just before."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseDeclined(IntermediateObservation):
    """The intermediate would, or may, live longer than every copy made from it, so no delete was sent.

    Times of expiry as AWS described them just now. `expires_at` is None for an intermediate without one,
    `copies_expire_at` if AWS names no expiry for one of the copies.
    """

    expires_at: datetime | None
    copies_expire_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseStopped(IntermediateObservation):
    """Just before the delete an arrival was not as promised; nothing was deleted."""

    hop: str
    inspected: ArrivalInspected


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteAccepted(IntermediateObservation):
    """DeleteRecoveryPoint answered 200, which does not mean that the point is, or will be, deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteRefused(IntermediateObservation):
    """DeleteRecoveryPoint answered with an error."""

    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IntermediateInspected(IntermediateObservation):
    """The intermediate as described; None if AWS said that it is not there."""

    point: PointSeen | None
