"""Questions that AWS refuses for good, other than by AccessDenied: a vault is gone, an answer cannot be read."""

from __future__ import annotations

from datetime import timedelta

import pytest

from secondhop.domain.announcing import incidents_of
from secondhop.domain.chain import ChainState, IntermediateState
from secondhop.domain.classification import Cause
from secondhop.domain.command import ReleaseIntermediate
from secondhop.domain.errors import (
    DeniedError,
    FinalError,
    SecondHopError,
    SilentError,
    TryAgainError,
    UnreadableItemError,
)
from secondhop.domain.hop import HopState, Trouble
from tests.builders import NOW, a_copy, a_job, a_route, an_arrival
from tests.stand_ins import LOOK, Stage, arrived, copying, job_news

NO_VAULT = FinalError("Backup vault dr was not found", code="ResourceNotFoundException")
ODD = FinalError("InvalidParameterValueException: invalid parameter", code="InvalidParameterValueException")


def refused_for(stage: Stage, error: FinalError, question: str, *, minutes: int) -> None:
    """Refuse a question at every look of a time."""
    for _ in range(minutes // 15):
        stage.backup.fail(question, error)
        stage.clock.forward(minutes=15)
        stage(LOOK)


@pytest.mark.parametrize(("error", "cause"), [(NO_VAULT, Cause.NO_VAULT), (ODD, Cause.UNKNOWN)])
def test_a_copy_that_cannot_be_looked_for_is_told_after_an_hour_and_tried_again_after_a_day(
    error: FinalError, cause: Cause
) -> None:
    stage = Stage()
    stage.backup.put(an_arrival())
    stage.backup.fail("points_of", error)
    stage(arrived())
    refused_for(stage, error, "points_of", minutes=45)
    assert stage.chain.state is ChainState.WAITING
    assert stage.announcer.messages == []

    refused_for(stage, error, "points_of", minutes=15)
    assert stage.chain.hop("to-dr").state is HopState.STRANDED
    assert [(each.cause, each.message) for each in stage.chain.troubles()] == [(cause, str(error))]
    assert len(stage.announcer.messages) == 1
    assert stage.backup.started == []

    stage.clock.forward(days=1, minutes=1)
    stage(LOOK)
    assert len(stage.backup.started) == 1
    stage(job_news(stage.backup.finish("JOB-1", a_copy())))
    assert stage.announcer.messages[-1].is_closed


def test_a_denied_look_at_the_source_of_a_chain_that_comes_too_late_changes_nothing() -> None:
    stage = Stage()
    old = NOW - timedelta(days=60)
    stage.backup.put(an_arrival(created_at=old, completed_at=old))
    stage(arrived())
    stage.clock.forward(days=1, minutes=1)
    stage.backup.fail("point", DeniedError("not authorized to perform: backup:DescribeRecoveryPoint"))
    report = stage(LOOK)

    assert report.steps[-2].reason == "to-dr: AskingRefused changes nothing while STRANDED"
    assert (stage.chain.state, stage.chain.source_gone_at) == (ChainState.TOO_LATE, None)


def test_one_odd_answer_costs_a_quarter_of_an_hour() -> None:
    stage = Stage()
    stage.backup.put(an_arrival())
    stage.backup.fail("points_of", ODD)
    stage(arrived())
    assert stage.chain.next_check == stage.clock.now + timedelta(minutes=15)

    stage.clock.forward(minutes=15)
    stage(LOOK)
    assert len(stage.backup.started) == 1
    assert stage.chain.hop("to-dr").notice.silent_since is None
    assert stage.announcer.messages == []


def test_odd_answers_with_good_ones_between_them_are_told_to_nobody() -> None:
    stage = copying()
    for _ in range(4):
        refused_for(stage, ODD, "job", minutes=30)
        stage.clock.forward(minutes=15)
        stage(LOOK)

    assert stage.announcer.messages == []


def test_a_job_that_cannot_be_asked_for_is_told_while_the_slot_stays_taken() -> None:
    stage = copying()
    refused_for(stage, ODD, "job", minutes=75)

    assert stage.chain.hop("to-dr").state is HopState.COPYING
    assert [each.cause for each in stage.chain.troubles()] == [Cause.UNKNOWN]
    stage(job_news(a_job()))
    assert stage.announcer.messages[-1].is_closed


def test_an_arrival_whose_vault_is_gone_is_stranded_and_verified_when_it_is_back() -> None:
    stage = copying()
    stage.backup.fail("vault", NO_VAULT)
    stage(job_news(stage.backup.finish("JOB-1", a_copy())))
    refused_for(stage, NO_VAULT, "vault", minutes=60)

    assert [each.cause for each in stage.chain.troubles()] == [Cause.NO_VAULT]
    assert stage.chain.hop("to-dr").notice.silent_since is None
    stage.clock.forward(days=1, minutes=1)
    stage(LOOK)
    assert stage.chain.state is ChainState.COMPLETE


@pytest.mark.parametrize(
    ("error", "cause", "state"),
    [
        (ODD, Cause.UNKNOWN, IntermediateState.HELD),
        (SilentError("timed out"), None, IntermediateState.DUE),
        (TryAgainError("throttled"), None, IntermediateState.DUE),
    ],
)
def test_a_delete_that_was_never_sent_is_not_told_as_one_that_failed(
    error: SecondHopError, cause: Cause | None, state: IntermediateState
) -> None:
    stage = copying(route=a_route(keep={"RDS": 0}))
    original = stage.chains.paused_by

    def meanwhile(route: str) -> str | None:
        if any(isinstance(each.command, ReleaseIntermediate) for each in stage.chain.pending):
            stage.backup.fail("point", error)
        return original(route)

    stage.chains.paused_by = meanwhile  # type: ignore[method-assign]  # for this test only
    stage(job_news(stage.backup.finish("JOB-1", a_copy())))
    assert stage.chain.intermediate("arrival").state is IntermediateState.DUE
    for _ in range(12):
        stage.clock.forward(minutes=16)
        stage(LOOK)

    assert stage.backup.deleted == []
    assert stage.chain.intermediate("arrival").state is state
    assert [each.cause for each in incidents(stage)] == ([cause] if cause else [])

    stage.chains.paused_by = original  # type: ignore[method-assign]  # put back as it was
    stage.clock.forward(days=1, minutes=1)
    stage(LOOK)
    assert len(stage.backup.deleted) == 1


def incidents(stage: Stage) -> list[Trouble]:
    return [each.trouble for each in incidents_of(stage.chain)]


def test_an_item_of_a_later_release_is_no_answer_of_aws() -> None:
    stage = Stage()
    stage.backup.put(an_arrival())
    stage.backup.fail("points_of", UnreadableItemError("schema 99"))

    assert stage(arrived()).unreadable == ("schema 99",)
    assert stage.chain.troubles() == ()
