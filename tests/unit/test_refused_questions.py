"""Questions that AWS refuses for good, other than by AccessDenied: a vault is gone, an answer cannot be read."""

from __future__ import annotations

import pytest

from secondhop.domain.chain import ChainState, HopState, IntermediateState
from secondhop.domain.classification import Cause
from secondhop.domain.errors import FinalError, UnreadableItemError
from tests.builders import a_copy, a_job, a_route, an_arrival
from tests.stand_ins import LOOK, Stage, arrived, copying, job_news

NO_VAULT = FinalError("Backup vault dr was not found", code="ResourceNotFoundException")
ODD = FinalError("InvalidParameterValueException: invalid parameter", code="InvalidParameterValueException")


@pytest.mark.parametrize(("error", "cause"), [(NO_VAULT, Cause.NO_VAULT), (ODD, Cause.UNKNOWN)])
def test_a_copy_that_cannot_be_looked_for_is_told_and_tried_again_after_a_day(error: FinalError, cause: Cause) -> None:
    stage = Stage()
    stage.backup.put(an_arrival())
    stage.backup.fail("points_of", error)
    stage(arrived())

    assert stage.chain.hop("to-dr").state is HopState.STRANDED
    assert [(each.cause, each.message) for each in stage.chain.troubles()] == [(cause, str(error))]
    assert len(stage.announcer.messages) == 1
    assert stage.backup.started == []

    stage.clock.forward(days=1, minutes=1)
    stage(LOOK)
    assert len(stage.backup.started) == 1
    stage(job_news(stage.backup.finish("JOB-1", a_copy())))
    assert stage.announcer.messages[-1].is_closed


def test_a_job_that_cannot_be_asked_for_is_told_while_the_slot_stays_taken() -> None:
    stage = copying()
    stage.backup.fail("job", ODD)
    stage(LOOK)

    assert stage.chain.hop("to-dr").state is HopState.COPYING
    assert [each.cause for each in stage.chain.troubles()] == [Cause.UNKNOWN]
    stage(job_news(a_job()))
    assert stage.announcer.messages[-1].is_closed


def test_an_arrival_whose_vault_is_gone_is_stranded_and_verified_when_it_is_back() -> None:
    stage = copying()
    stage.backup.fail("vault", NO_VAULT)
    stage(job_news(stage.backup.finish("JOB-1", a_copy())))

    assert [each.cause for each in stage.chain.troubles()] == [Cause.NO_VAULT]
    stage.clock.forward(days=1, minutes=1)
    stage(LOOK)
    assert stage.chain.state is ChainState.COMPLETE


def test_nothing_is_deleted_while_a_copy_cannot_be_described() -> None:
    stage = copying(route=a_route(keep={"RDS": 0}))
    original = stage.chains.paused_by

    def meanwhile(route: str) -> str | None:
        if stage.chain.pending:
            stage.backup.fail("point", ODD)
        return original(route)

    stage.chains.paused_by = meanwhile  # type: ignore[method-assign]
    stage(job_news(stage.backup.finish("JOB-1", a_copy())))

    assert stage.backup.deleted == []
    assert stage.chain.intermediate("arrival").state is IntermediateState.HELD
    assert [each.cause for each in stage.chain.troubles()] == [Cause.UNKNOWN]


def test_an_item_of_a_later_release_is_no_answer_of_aws() -> None:
    stage = Stage()
    stage.backup.put(an_arrival())
    stage.backup.fail("points_of", UnreadableItemError("schema 99"))

    with pytest.raises(UnreadableItemError):
        stage(arrived())
    assert stage.chain.troubles() == ()
