"""What is said of an arrival that is not as promised: the verdict, the cause, and the facts that a person needs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from secondhop.domain.classification import Cause
from secondhop.domain.hop import HopState
from secondhop.domain.observation import ArrivalInspected, PointSeen
from secondhop.domain.route import VaultLock
from secondhop.domain.verification import Assessment, Verdict, assess_arrival
from tests.builders import (
    ARRIVAL_ARN,
    COPY_ARN,
    CUSTOMERS,
    DR_KEY,
    DR_VAULT,
    NIGHT,
    ORDERS,
    WATCHED,
    a_copy,
    a_leg,
    a_route,
)
from tests.hop_steps import PROMISED, a_chain_in

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
GOOD, NOT_YET, WRONG = Verdict
AS_PROMISED = "COMPLETED, with the right database, key and expiry, under the right lock"


def assess(point: PointSeen | None, lock: VaultLock | None = None, **changes: Any) -> Assessment:
    """What is found of a point, under a vault's key and lock, by a route that demands a governance lock."""
    chain = a_chain_in(HopState.VERIFYING, promised_until=changes.pop("promised_until", PROMISED))
    seen = ArrivalInspected(
        hop="to-dr", arrival=COPY_ARN, point=point, vault_key_arn=DR_KEY, key_state="Enabled", vault_lock=lock
    )
    route = a_route(legs=(a_leg(vault_lock=VaultLock.GOVERNANCE),)) if lock is not None else a_route()
    return assess_arrival(chain, chain.hop("to-dr"), replace(seen, **changes), route=route)


@pytest.mark.parametrize(
    ("point", "verdict", "cause", "reason"),
    [
        (a_copy(), GOOD, Cause.MISMATCH, AS_PROMISED),
        # A copy of a copy may name its source in place of the database.
        (a_copy(database=ARRIVAL_ARN), GOOD, Cause.MISMATCH, AS_PROMISED),
        (None, WRONG, Cause.VANISHED, f"{COPY_ARN} is not in dr-vault"),
        (
            a_copy(vault_arn=WATCHED.arn),
            WRONG,
            Cause.MISMATCH,
            f"it lies in {WATCHED.arn}, not in {DR_VAULT.arn}",
        ),
        (a_copy(created_at=NIGHT - MINUTE), GOOD, Cause.MISMATCH, AS_PROMISED),
        (
            a_copy(created_at=NIGHT - MINUTE - SECOND),
            WRONG,
            Cause.MISMATCH,
            f"its backup was made on {(NIGHT - MINUTE - SECOND).isoformat()}, before this one",
        ),
        (
            a_copy(database=CUSTOMERS),
            WRONG,
            Cause.MISMATCH,
            f"it is a copy of {CUSTOMERS}, not of {ORDERS}",
        ),
        (a_copy(status="AVAILABLE"), GOOD, Cause.MISMATCH, AS_PROMISED),
        (a_copy(status="CREATING"), NOT_YET, Cause.MISMATCH, "its status is still CREATING"),
        (a_copy(status="PARTIAL"), WRONG, Cause.MISMATCH, "its status is PARTIAL"),
        (a_copy(key_arn=None), NOT_YET, Cause.MISMATCH, "AWS does not say yet under which key it is encrypted"),
        (a_copy(is_encrypted=None), NOT_YET, Cause.MISMATCH, "AWS does not say yet whether it is encrypted"),
        (a_copy(is_encrypted=False), WRONG, Cause.UNENCRYPTED, "it is not encrypted"),
        (
            a_copy(key_arn="another"),
            WRONG,
            Cause.MISMATCH,
            f"it is encrypted under another, not under the vault's key {DR_KEY}",
        ),
        (a_copy(delete_at=PROMISED - MINUTE), GOOD, Cause.MISMATCH, AS_PROMISED),
        (
            a_copy(delete_at=PROMISED - MINUTE - SECOND),
            WRONG,
            Cause.MISMATCH,
            f"it expires on {(PROMISED - MINUTE - SECOND).isoformat()}, before {PROMISED.isoformat()}",
        ),
    ],
)
def test_an_arrival_is_judged_with_the_facts_that_a_person_needs(
    point: PointSeen | None, verdict: Verdict, cause: Cause, reason: str
) -> None:
    assert assess(point) == Assessment(verdict=verdict, cause=cause, reason=reason)


@pytest.mark.parametrize(
    ("key_state", "verdict", "cause", "reason"),
    [
        ("Enabled", GOOD, Cause.MISMATCH, AS_PROMISED),
        (None, NOT_YET, Cause.MISMATCH, "its key is of unknown state"),
        ("Creating", NOT_YET, Cause.MISMATCH, "its key is Creating"),
        ("Updating", NOT_YET, Cause.MISMATCH, "its key is Updating"),
        (
            "PendingDeletion",
            WRONG,
            Cause.KEY_UNUSABLE,
            f"its key {DR_KEY} is PendingDeletion, and the copy cannot be restored",
        ),
    ],
)
def test_a_copy_is_as_good_as_its_key(key_state: str | None, verdict: Verdict, cause: Cause, reason: str) -> None:
    assert assess(a_copy(), key_state=key_state) == Assessment(verdict=verdict, cause=cause, reason=reason)


def test_without_the_vaults_key_or_a_promise_nothing_is_good() -> None:
    assert assess(a_copy(), vault_key_arn=None) == Assessment(
        verdict=NOT_YET, reason="the key of its vault is not known"
    )
    assert assess(a_copy(), promised_until=None) == Assessment(
        verdict=WRONG, reason="no expiry was promised for it", cause=Cause.MISMATCH
    )


@pytest.mark.parametrize(
    ("lock", "found"),
    [(VaultLock.NONE, "is not locked"), (VaultLock.GOVERNANCE, "has a governance lock")],
)
def test_a_lock_that_is_too_weak_is_named_beside_the_one_that_is_demanded(lock: VaultLock, found: str) -> None:
    chain = a_chain_in(HopState.VERIFYING)
    route = a_route(legs=(a_leg(vault_lock=VaultLock.COMPLIANCE),))
    seen = ArrivalInspected(
        hop="to-dr", arrival=COPY_ARN, point=a_copy(), vault_key_arn=DR_KEY, key_state="Enabled", vault_lock=lock
    )

    reason = f"its vault {found}, and the route demands a compliance lock"
    assessment = assess_arrival(chain, chain.hop("to-dr"), seen, route=route)
    assert assessment == Assessment(verdict=WRONG, cause=Cause.UNLOCKED, reason=reason)
    unknown = assess_arrival(chain, chain.hop("to-dr"), replace(seen, vault_lock=None), route=route)
    assert unknown == Assessment(verdict=NOT_YET, reason="AWS does not say yet whether its vault is locked")
    gone = assess_arrival(chain, chain.hop("to-dr"), replace(seen, vault_lock=None), route=a_route(legs=()))
    assert gone.verdict is GOOD


def test_an_equal_or_a_stronger_lock_will_do() -> None:
    assert assess(a_copy(), VaultLock.GOVERNANCE).verdict is GOOD
    assert assess(a_copy(), VaultLock.COMPLIANCE).verdict is GOOD
    assert assess(a_copy(), VaultLock.NONE).cause is Cause.UNLOCKED
