"""A copy is as safe as its vault: the lock that the route demands, when it arrives and just before its source goes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from secondhop.domain.chain import IntermediateState
from secondhop.domain.classification import Cause
from secondhop.domain.hop import HopState
from secondhop.domain.observation import ArrivalInspected
from secondhop.domain.route import VaultLock
from secondhop.domain.verification import Verdict, assess_arrival
from tests.builders import (
    ARRIVAL_ARN,
    COPY_ARN,
    DR_KEY,
    DR_VAULT,
    NIGHT,
    RETENTION,
    WATCHED,
    a_chain,
    a_copy,
    a_leg,
    a_route,
    with_hop,
)
from tests.stand_ins import LOOK, Stage, copying, job_news

NONE, GOVERNANCE, COMPLIANCE = VaultLock


def demanding(lock: VaultLock) -> Stage:
    """A copy under way on a route that keeps no intermediates and demands a lock."""
    return copying(route=a_route(legs=(a_leg(vault_lock=lock),), keep={"RDS": 0}))


def arrive(stage: Stage) -> None:
    stage(job_news(stage.backup.finish("JOB-1", a_copy())))


@pytest.mark.parametrize(
    ("demanded", "found", "verdict"),
    [
        (NONE, NONE, Verdict.GOOD),
        (NONE, None, Verdict.GOOD),
        (NONE, COMPLIANCE, Verdict.GOOD),
        (GOVERNANCE, None, Verdict.NOT_YET),
        (GOVERNANCE, NONE, Verdict.WRONG),
        (GOVERNANCE, GOVERNANCE, Verdict.GOOD),
        (GOVERNANCE, COMPLIANCE, Verdict.GOOD),
        (COMPLIANCE, NONE, Verdict.WRONG),
        (COMPLIANCE, GOVERNANCE, Verdict.WRONG),
        (COMPLIANCE, COMPLIANCE, Verdict.GOOD),
    ],
)
def test_a_lock_must_be_at_least_what_the_route_demands(
    demanded: VaultLock, found: VaultLock | None, verdict: Verdict
) -> None:
    promised = NIGHT + timedelta(days=RETENTION.days)
    chain = with_hop(a_chain(), state=HopState.VERIFYING, arrival=COPY_ARN, promised_until=promised)
    seen = ArrivalInspected(
        hop="to-dr", arrival=COPY_ARN, point=a_copy(), vault_key_arn=DR_KEY, vault_lock=found, key_state="Enabled"
    )
    route = a_route(legs=(a_leg(vault_lock=demanded),))

    assessment = assess_arrival(chain, chain.hop("to-dr"), seen, route=route)

    assert assessment.verdict is verdict
    assert assessment.cause is (Cause.UNLOCKED if verdict is Verdict.WRONG else Cause.MISMATCH)


def test_a_copy_in_an_unlocked_vault_strands_and_neither_it_nor_its_source_is_touched() -> None:
    stage = demanding(GOVERNANCE)
    arrive(stage)

    assert [trouble.cause for trouble in stage.chain.troubles()] == [Cause.UNLOCKED]
    assert "is not locked, and the route demands a governance lock" in stage.chain.troubles()[0].message
    assert set(stage.backup.points) == {(WATCHED.arn, ARRIVAL_ARN), (DR_VAULT.arn, COPY_ARN)}
    assert stage.backup.deleted == []


def test_a_vault_that_was_locked_meanwhile_is_seen_within_a_day_without_anybody() -> None:
    stage = demanding(COMPLIANCE)
    stage.backup.locks[DR_VAULT.arn] = GOVERNANCE
    arrive(stage)
    assert "has a governance lock" in stage.chain.troubles()[0].message

    stage.backup.locks[DR_VAULT.arn] = COMPLIANCE
    stage.clock.forward(days=1, minutes=1)
    stage(LOOK)

    assert stage.chain.hop("to-dr").state is HopState.VERIFIED
    assert stage.announcer.messages[-1].is_closed
    assert len(stage.backup.started) == 1


def test_a_lock_that_was_taken_away_stops_the_release_at_the_last_moment() -> None:
    stage = demanding(GOVERNANCE)
    stage.backup.locks[DR_VAULT.arn] = GOVERNANCE
    stage.chains.pause(route="default", by="ada")
    arrive(stage)
    assert stage.chain.intermediate("arrival").state is IntermediateState.DUE

    stage.backup.locks[DR_VAULT.arn] = NONE
    stage.chains.pause(route="default", by=None)
    stage.clock.forward(days=1)
    stage(LOOK)

    assert stage.backup.deleted == []
    assert [trouble.cause for trouble in stage.chain.troubles()] == [Cause.UNLOCKED]
