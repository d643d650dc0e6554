"""Whether an arrival is what was promised. Compares with what is there, never with what was asked for.

The key is the destination vault's own, as DescribeBackupVault names it; size says nothing, since AWS often reports 0
for this family (devguide/working-with-audit-reports).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from secondhop.domain.chain import Chain
from secondhop.domain.classification import Cause
from secondhop.domain.hop import Hop
from secondhop.domain.lifecycle import EXPIRY_TOLERANCE
from secondhop.domain.observation import ArrivalInspected, PointSeen
from secondhop.domain.resource_types import copies_stay_unencrypted
from secondhop.domain.route import Leg, Route, VaultLock

# kms/key-state: only an Enabled key decrypts; the states that pass by themselves say nothing yet.
USABLE_KEY = "Enabled"
UNDECIDED_KEY = (None, "Creating", "Updating")


class Verdict(StrEnum):
    """GOOD: as promised. NOT_YET: may become so by itself. WRONG: is something else."""

    GOOD = "GOOD"
    NOT_YET = "NOT_YET"
    WRONG = "WRONG"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """A verdict with its reason, and the cause where something is wrong.

    `lacks_only_expiry`: AWS names no expiry, and all else is as promised. AWS leaves the expiry of a recovery point out
    while it does not know it, and also if the point never expires. Nothing in its answer distinguishes the two
    (API_DescribeRecoveryPoint): every field is optional, and -1 days may mean "as the source".
    """

    verdict: Verdict
    reason: str
    cause: Cause = Cause.MISMATCH
    lacks_only_expiry: bool = False


NO_EXPIRY = Assessment(verdict=Verdict.NOT_YET, reason="AWS does not say yet when it expires", lacks_only_expiry=True)
GOOD = Assessment(
    verdict=Verdict.GOOD, reason="COMPLETED, with the right database, key and expiry, under the right lock"
)


def _not_yet(reason: str) -> Assessment:
    return Assessment(verdict=Verdict.NOT_YET, reason=reason)


def _wrong(reason: str, cause: Cause = Cause.MISMATCH) -> Assessment:
    return Assessment(verdict=Verdict.WRONG, reason=reason, cause=cause)


def assess_arrival(chain: Chain, hop: Hop, seen: ArrivalInspected, *, route: Route) -> Assessment:
    """Compare one described arrival with what the hop promised."""
    point = seen.point
    if point is None:
        return _wrong(f"{seen.arrival} is not in {hop.destination.name}", Cause.VANISHED)
    return (
        _assess_identity(chain, hop, point)
        or _assess_status(point)
        or _assess_encryption(chain, point, allow_unencrypted=route.allow_unencrypted)
        or (_assess_key(point, seen) if point.is_encrypted else None)
        or _assess_expiry(hop.arrival.promised_until, point)
        or _assess_lock(route.leg(hop.name), seen.vault_lock)
        or (NO_EXPIRY if point.delete_at is None else GOOD)
    )


def _assess_identity(chain: Chain, hop: Hop, point: PointSeen) -> Assessment | None:
    if point.vault_arn != hop.destination.arn:
        return _wrong(f"it lies in {point.vault_arn}, not in {hop.destination.arn}")
    if point.created_at < chain.created_at - EXPIRY_TOLERANCE:
        return _wrong(f"its backup was made on {point.created_at.isoformat()}, before this one")
    # Whether a copy of a copy still names the database, or its source, is written nowhere.
    if point.database not in (chain.database, chain.source_of(hop)):
        return _wrong(f"it is a copy of {point.database}, not of {chain.database}")
    return None


def outlives(intermediate: PointSeen, copies_expire_at: datetime) -> bool:
    """Whether an intermediate lives longer than the last of its copies; one without an expiry does.

    An EXPIRED intermediate, which AWS did not delete, outlives nothing.
    """
    if intermediate.status == "EXPIRED":
        return False
    return intermediate.delete_at is None or intermediate.delete_at > copies_expire_at + EXPIRY_TOLERANCE


def _assess_status(point: PointSeen) -> Assessment | None:
    if point.status in ("COMPLETED", "AVAILABLE"):
        return None
    if point.status == "CREATING":
        return _not_yet("its status is still CREATING")
    return _wrong(f"its status is {point.status}")


def _assess_encryption(chain: Chain, point: PointSeen, *, allow_unencrypted: bool) -> Assessment | None:
    if point.is_encrypted is None:
        return _not_yet("AWS does not say yet whether it is encrypted")
    if not point.is_encrypted:
        if allow_unencrypted and not chain.encrypted and copies_stay_unencrypted(chain.resource_type):
            return None
        return _wrong("it is not encrypted", Cause.UNENCRYPTED)
    return None


def _assess_key(point: PointSeen, seen: ArrivalInspected) -> Assessment | None:
    if seen.vault_key_arn is None:
        return _not_yet("the key of its vault is not known")
    if point.key_arn is None:
        return _not_yet("AWS does not say yet under which key it is encrypted")
    if point.key_arn != seen.vault_key_arn:
        return _wrong(f"it is encrypted under {point.key_arn}, not under the vault's key {seen.vault_key_arn}")
    if seen.key_state in UNDECIDED_KEY:
        return _not_yet(f"its key is {seen.key_state or 'of unknown state'}")
    if seen.key_state != USABLE_KEY:
        return _wrong(
            f"its key {point.key_arn} is {seen.key_state}, and the copy cannot be restored", Cause.KEY_UNUSABLE
        )
    return None


def _assess_expiry(promised_until: datetime | None, point: PointSeen) -> Assessment | None:
    if promised_until is None:
        return _wrong("no expiry was promised for it")
    if point.delete_at is not None and point.delete_at < promised_until - EXPIRY_TOLERANCE:
        return _wrong(f"it expires on {point.delete_at.isoformat()}, before {promised_until.isoformat()}")
    return None


def _assess_lock(leg: Leg | None, lock: VaultLock | None) -> Assessment | None:
    """A copy is as safe as its vault. A compliance lock counts from the day it is set, also in its grace time."""
    demanded = leg.vault_lock if leg is not None else VaultLock.NONE
    if demanded is VaultLock.NONE:
        return None
    if lock is None:
        return _not_yet("AWS does not say yet whether its vault is locked")
    strength = list(VaultLock)
    if strength.index(lock) < strength.index(demanded):
        found = "is not locked" if lock is VaultLock.NONE else f"has a {lock} lock"
        return _wrong(f"its vault {found}, and the route demands a {demanded} lock", Cause.UNLOCKED)
    return None
