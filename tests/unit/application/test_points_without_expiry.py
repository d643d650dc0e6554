"""A recovery point without an expiry never expires, or AWS does not say yet when: nothing tells the two apart."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from secondhop.domain.chain import ChainState, IntermediateState
from secondhop.domain.checking import next_check
from secondhop.domain.classification import Cause
from secondhop.domain.hop import HopState
from secondhop.domain.observation import ArrivalInspected
from secondhop.domain.verification import Assessment, Verdict, assess_arrival
from tests.builders import (
    ARRIVAL_ARN,
    COPY_ARN,
    DR_KEY,
    DR_VAULT,
    NIGHT,
    SECOND_DR_VAULT,
    a_chain,
    a_copy,
    a_fan_out,
    a_route,
    an_arrival,
    with_hop,
)
from tests.hop_steps import PROMISED
from tests.stand_ins import LOOK, Stage, arrived, copying, job_news

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
RELEASES = a_route(keep={"RDS": 0})


def assessed(**copy: Any) -> Assessment:
    chain = with_hop(a_chain(), state=HopState.VERIFYING, arrival=COPY_ARN, promised_until=PROMISED)
    look = ArrivalInspected(
        hop="to-dr", arrival=COPY_ARN, point=a_copy(**copy), vault_key_arn=DR_KEY, key_state="Enabled"
    )
    return assess_arrival(chain, chain.hop("to-dr"), look, route=a_route())


@pytest.mark.parametrize(
    ("copy", "verdict", "lacks_only_expiry"),
    [
        ({}, Verdict.GOOD, False),
        ({"delete_at": None}, Verdict.NOT_YET, True),
        ({"delete_at": None, "is_encrypted": None}, Verdict.NOT_YET, False),
        ({"delete_at": None, "status": "CREATING"}, Verdict.NOT_YET, False),
        ({"delete_at": None, "key_arn": "another"}, Verdict.WRONG, False),
        ({"delete_at": PROMISED - DAY}, Verdict.WRONG, False),
    ],
)
def test_only_a_copy_that_is_as_promised_in_all_else_lacks_only_its_expiry(
    copy: dict[str, Any], verdict: Verdict, lacks_only_expiry: bool
) -> None:
    assessment = assessed(**copy)

    assert (assessment.verdict, assessment.lacks_only_expiry) == (verdict, lacks_only_expiry)


def with_a_copy_without_expiry(route: Any = RELEASES) -> Stage:
    """A stage whose copy lost its lifecycle as soon as it had arrived, a day ago."""
    stage = copying(route=route)
    stage(job_news(stage.backup.finish("JOB-1", a_copy(delete_at=None))))
    assert stage.chain.state is ChainState.VERIFYING
    for hours in (1, 24):
        stage.clock.forward(hours=hours)
        stage(LOOK)
    return stage


def test_a_copy_that_never_expires_is_verified_after_a_day_and_is_no_incident() -> None:
    stage = with_a_copy_without_expiry()

    assert stage.chain.hop("to-dr").state is HopState.VERIFIED
    assert stage.announcer.messages == []


def test_nothing_is_deleted_for_a_copy_whose_expiry_is_not_named() -> None:
    stage = with_a_copy_without_expiry()
    for _ in range(30):
        stage.clock.forward(days=1)
        stage(LOOK)

    assert stage.backup.deleted == []
    assert stage.chain.intermediate("arrival").state is IntermediateState.DUE
    assert stage.announcer.messages == []


def test_nothing_is_deleted_if_one_of_two_copies_has_no_expiry() -> None:
    stage = Stage(route=a_route(legs=a_fan_out().legs, keep={"RDS": 0}))
    stage.backup.keys[SECOND_DR_VAULT.arn] = "far-key"
    stage.backup.put(an_arrival())
    stage(arrived())
    far = a_copy(arn=COPY_ARN + "-far", vault_arn=SECOND_DR_VAULT.arn, key_arn="far-key", delete_at=None)
    for start in list(stage.backup.started):
        copy = a_copy() if start.destination == DR_VAULT else far
        job_id = stage.backup.tokens[start.source_vault.site, start.token]
        stage(job_news(stage.backup.finish(job_id, copy)))
    stage.clock.forward(hours=25)
    stage(LOOK)
    stage(LOOK)

    assert {hop.state for hop in stage.chain.hops} == {HopState.VERIFIED}
    assert stage.backup.deleted == []


def test_the_intermediate_goes_when_aws_names_the_expiry_of_its_copy_after_all() -> None:
    stage = with_a_copy_without_expiry()
    stage.backup.put(a_copy())
    for _ in range(3):
        stage.clock.forward(days=1)
        stage(LOOK)

    assert [command.point for command in stage.backup.deleted] == [ARRIVAL_ARN]


def test_an_expiry_that_is_named_late_and_too_early_is_an_incident() -> None:
    stage = with_a_copy_without_expiry()
    stage.backup.put(a_copy(delete_at=PROMISED - DAY))
    for _ in range(3):
        stage.clock.forward(days=1)
        stage(LOOK)

    assert [trouble.cause for trouble in stage.chain.troubles()] == [Cause.MISMATCH]
    assert stage.backup.deleted == []


def test_a_copy_by_other_hands_that_never_expires_is_taken_over() -> None:
    stage = Stage(route=RELEASES)
    stage.backup.put(an_arrival())
    stage.backup.put(a_copy(delete_at=None))
    stage(arrived())
    for hours in (1, 24):
        stage.clock.forward(hours=hours)
        stage(LOOK)

    assert stage.chain.hop("to-dr").state is HopState.VERIFIED
    assert (stage.backup.started, stage.backup.deleted) == ([], [])


def test_a_source_that_never_expires_is_copied_at_once_and_kept() -> None:
    stage = Stage(route=RELEASES)
    stage.backup.put(an_arrival(delete_at=None))
    stage(arrived())
    stage(job_news(stage.backup.finish("JOB-1", a_copy())))
    for _ in range(9):
        stage.clock.forward(days=1)
        stage(LOOK)

    assert stage.chain.state is ChainState.COMPLETE
    assert len(stage.backup.started) == 1
    assert stage.backup.deleted == []


def questions_of_a_month(stage: Stage, *, after_days: int) -> int:
    """How often AWS Backup is asked in 30 days, if each chain is looked at as soon as it wants to be."""
    end = stage.clock.now + DAY * (after_days + 30)
    asked = None
    while stage.clock.now < end:
        if asked is None and stage.clock.now > end - 30 * DAY:
            asked = stage.backup.asked
        stage.clock.now = stage.chain.next_check or end
        stage(LOOK)
    return stage.backup.asked - (asked or 0)


def test_points_that_never_expire_cost_few_questions() -> None:
    """The daily look at the newest copy asks 2 questions, and a weekly look at the intermediate 4."""
    stage = Stage(route=RELEASES)
    stage.backup.put(an_arrival(delete_at=None))
    stage(arrived())
    stage(job_news(stage.backup.finish("JOB-1", a_copy(delete_at=None))))

    assert questions_of_a_month(stage, after_days=8) <= 30 * 2 + 5 * 4


def test_a_copy_that_outlives_its_promise_is_looked_at_weekly() -> None:
    over = PROMISED + timedelta(hours=8)
    first = with_hop(a_chain(), state=HopState.VERIFIED, arrival=COPY_ARN, promised_until=PROMISED, is_superseded=True)
    looked = with_hop(first, last_seen_at=over + HOUR)

    assert next_check(with_hop(first, last_seen_at=PROMISED - HOUR), a_route(), PROMISED) == over
    assert next_check(looked, a_route(), over + 2 * HOUR) == over + HOUR + 7 * DAY


@pytest.mark.parametrize(("days", "is_told"), [(31, False), (33, True)])
def test_a_wait_for_a_source_without_expiry_is_told_of_before_a_copy_is_too_late(days: int, is_told: bool) -> None:
    """A copy lives 35 days from the backup, at least one of them after it was made: day 34 is the last."""
    stage = Stage()
    stage.chains.pause(route="default", by="ada")
    stage.backup.put(an_arrival(delete_at=None))
    stage(arrived())
    stage.clock.now = NIGHT + DAY * days
    stage(LOOK)

    assert [("PAUSED" in message.title) for message in stage.announcer.messages] == [True] * is_told
    if is_told:
        latest = (NIGHT + 34 * DAY).isoformat()
        assert f"a copy started after {latest} would be too late" in "\n".join(stage.announcer.messages[0].lines)
