"""The actor on stand-ins: intermediates go late, once, and are seen to be gone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from secondhop.application.ports import RefusedError, UnansweredError
from secondhop.application.survey import survey_keep
from secondhop.domain.arn import Vault
from secondhop.domain.chain import ChainState, IntermediateState
from secondhop.domain.classification import Cause
from secondhop.domain.errors import DeniedError, TryAgainError
from secondhop.domain.observation import VaultSeen
from tests.builders import (
    ARRIVAL_ARN,
    COPY_ARN,
    CUSTOMERS,
    DR_VAULT,
    NIGHT,
    WATCHED,
    a_chain,
    a_copy,
    a_fan_out,
    a_route,
    a_sequence,
    an_arrival,
    with_intermediate,
)
from tests.stand_ins import LOOK, Stage, arrived, complete, copying, job_news


def test_a_completed_copy_is_verified_and_the_rds_intermediate_is_kept() -> None:
    stage = complete()

    assert stage.chain.state is ChainState.COMPLETE
    assert stage.chain.intermediate("arrival").state is IntermediateState.DUE
    assert stage.backup.deleted == []


def test_a_cluster_intermediate_is_released_at_once_and_seen_gone_later() -> None:
    stage = Stage()
    stage.backup.put(an_arrival(database=CUSTOMERS, resource_type="Aurora"))
    stage(arrived())
    stage(job_news(stage.backup.finish("JOB-1", a_copy(database=CUSTOMERS, resource_type="Aurora"))))

    assert [each.point for each in stage.backup.deleted] == [ARRIVAL_ARN]
    releasing = stage.chain
    assert releasing.state is ChainState.RELEASING
    assert releasing.pending == ()

    stage.clock.forward(minutes=16)
    stage(LOOK)

    assert stage.chain.state is ChainState.COMPLETE
    assert stage.chain.intermediate("arrival").state is IntermediateState.RELEASED


@pytest.mark.parametrize("status", ["COMPLETED", "AVAILABLE"])
def test_an_intermediate_is_released_only_after_its_successor_is_verified(status: str) -> None:
    stage = complete()
    later = an_arrival(arn=ARRIVAL_ARN + "b", created_at=NIGHT + timedelta(days=1), status=status)
    stage.clock.forward(days=1)
    stage.backup.put(later)
    stage(arrived(arn=later.arn))
    stage(LOOK)

    assert stage.backup.deleted == []

    copy = a_copy(arn=COPY_ARN + "b", created_at=later.created_at, delete_at=later.created_at + timedelta(days=35))
    news = replace(job_news(stage.backup.finish("JOB-2", copy)))
    stage(news)
    stage.drain()

    assert [each.point for each in stage.backup.deleted] == [ARRIVAL_ARN]


def test_a_finished_copy_of_a_lost_table_is_adopted_and_verified() -> None:
    stage = complete()
    reborn = Stage(clock=stage.clock)
    reborn.backup = stage.backup
    reborn(arrived())

    assert len(stage.backup.started) == 1
    assert reborn.chain.state is ChainState.COMPLETE


def test_a_pause_between_decision_and_delete_stops_the_delete() -> None:
    stage = Stage(route=a_route(keep={"RDS": 0}))
    stage.backup.put(an_arrival())
    stage(arrived())
    original = stage.backup.vault

    def pause_then_answer(vault: Vault) -> VaultSeen:
        stage.chains.pause(route="default", by="ada")
        return original(vault)

    stage.backup.vault = pause_then_answer  # type: ignore[method-assign]  # for this test only
    stage(job_news(stage.backup.finish("JOB-1", a_copy())))

    assert stage.backup.deleted == []


def test_a_delete_that_a_pause_stops_at_the_last_moment_is_no_failed_delete() -> None:
    stage = copying(route=a_route(keep={"RDS": 0}))
    answers: Iterator[str | None] = iter([None, "ada"])

    def paused_meanwhile(route: str) -> str | None:
        return next(answers) if route else None

    stage.chains.paused_by = paused_meanwhile  # type: ignore[method-assign]  # for this test only
    stage(job_news(stage.backup.finish("JOB-1", a_copy())))

    assert stage.backup.deleted == []
    intermediate = stage.chain.intermediate("arrival")
    assert (intermediate.state, intermediate.failures) == (IntermediateState.DUE, 0)


def test_nothing_is_deleted_when_the_copy_is_gone_at_the_last_moment() -> None:
    stage = copying(route=a_route(keep={"RDS": 0}))
    original = stage.chains.paused_by

    def lose_the_copy(route: str) -> str | None:
        if stage.chain.intermediate("arrival").state is IntermediateState.RELEASING:
            stage.backup.points.pop((DR_VAULT.arn, COPY_ARN), None)
        return original(route)

    stage.chains.paused_by = lose_the_copy  # type: ignore[method-assign]  # for this test only
    stage(job_news(stage.backup.finish("JOB-1", a_copy())))

    assert stage.backup.deleted == []
    assert stage.chain.state is ChainState.STRANDED
    assert stage.chain.troubles()[0].cause is Cause.VANISHED
    assert stage.chain.intermediate("arrival").state is IntermediateState.HELD


def test_a_worker_that_looks_for_too_long_does_not_delete() -> None:
    stage = copying(route=a_route(keep={"RDS": 0}))
    original = stage.backup.vault

    def look_slowly(vault: Vault) -> VaultSeen:
        if stage.chain.intermediate("arrival").state is IntermediateState.RELEASING:
            stage.clock.forward(minutes=4)
        return original(vault)

    stage.backup.vault = look_slowly  # type: ignore[method-assign]  # for this test only
    stage(job_news(stage.backup.finish("JOB-1", a_copy())))

    assert stage.backup.deleted == []


def test_a_refused_delete_is_announced_and_the_point_is_not_believed_gone() -> None:
    stage = copying(route=a_route(keep={"RDS": 0}))
    stage.backup.fail("delete", RefusedError("InvalidRequestException", "the vault is locked"))
    stage(job_news(stage.backup.finish("JOB-1", a_copy())))

    assert stage.chain.state is ChainState.STRANDED
    (trouble,) = stage.chain.troubles()
    assert (trouble.cause, trouble.message) == (Cause.DELETE_REFUSED, "InvalidRequestException: the vault is locked")


def test_an_unanswered_delete_is_looked_at_again() -> None:
    stage = copying(route=a_route(keep={"RDS": 0}))
    stage.backup.fail("delete", UnansweredError("timed out"))
    stage(job_news(stage.backup.finish("JOB-1", a_copy())))
    releasing = stage.chain
    assert releasing.state is ChainState.RELEASING

    stage.clock.forward(minutes=6)
    stage(LOOK)
    stage.clock.forward(minutes=16)
    stage(LOOK)

    assert stage.chain.state is ChainState.COMPLETE


def test_a_delete_that_ends_expired_is_an_incident_at_once() -> None:
    stage = copying(route=a_route(keep={"RDS": 0}))
    stage.backup.delete_does = "EXPIRED"
    stage(job_news(stage.backup.finish("JOB-1", a_copy())))
    stage.clock.forward(minutes=16)
    stage(LOOK)

    assert stage.chain.troubles()[0].cause is Cause.DELETE_FAILED
    assert len(stage.announcer.messages) == 1

    stage.backup.delete_does = "deletes"
    stage.clock.forward(days=1, minutes=1)
    stage(LOOK)
    stage.clock.forward(days=1, minutes=1)
    stage(LOOK)
    assert stage.chain.state is ChainState.COMPLETE
    assert stage.announcer.messages[-1].is_closed


def test_a_denied_look_before_the_delete_stops_it() -> None:
    stage = copying(route=a_route(keep={"RDS": 0}))
    stage.backup.fail("vault", TryAgainError("busy"))
    stage(job_news(stage.backup.finish("JOB-1", a_copy())))
    original = stage.chains.paused_by

    def deny(route: str) -> str | None:
        if stage.chain.intermediate("arrival").state is IntermediateState.RELEASING:
            stage.backup.fail("point", DeniedError("not authorized to describe"))
        return original(route)

    stage.chains.paused_by = deny  # type: ignore[method-assign]  # for this test only
    stage.clock.forward(minutes=6)
    stage(LOOK)

    assert stage.backup.deleted == []
    assert stage.chain.intermediate("arrival").state is IntermediateState.HELD


def test_a_fan_out_releases_only_when_every_copy_stands() -> None:
    stage = Stage(route=replace(a_fan_out(), keep={"RDS": 0}))
    far = stage.route.legs[1].destination
    stage.backup.keys[far.arn] = "far-key"
    stage.backup.put(an_arrival())
    stage(arrived())
    assert {each.destination for each in stage.backup.started} == {DR_VAULT, far}

    stage(job_news(stage.backup.finish("JOB-1", a_copy())))
    assert stage.backup.deleted == []

    copy = a_copy(arn=COPY_ARN + "far", vault_arn=far.arn, key_arn="far-key")
    stage(job_news(stage.backup.finish("JOB-2", copy)))
    assert [each.point for each in stage.backup.deleted] == [ARRIVAL_ARN]


def test_a_sequence_travels_leg_by_leg_and_cleans_up_behind() -> None:
    stage = Stage(route=replace(a_sequence(), keep={"RDS": 0}))
    far = stage.route.legs[1].destination
    stage.backup.keys[far.arn] = "far-key"
    stage.backup.put(an_arrival())
    stage(arrived())
    assert [each.destination for each in stage.backup.started] == [DR_VAULT]

    stage(job_news(stage.backup.finish("JOB-1", a_copy())))
    assert stage.backup.started[1].source == COPY_ARN
    stage.clock.forward(minutes=16)
    stage(LOOK)

    copy = a_copy(arn=COPY_ARN + "far", vault_arn=far.arn, key_arn="far-key")
    stage(job_news(stage.backup.finish("JOB-2", copy)))
    for _ in range(3):
        stage.clock.forward(minutes=16)
        stage(LOOK)

    assert [each.point for each in stage.backup.deleted] == [ARRIVAL_ARN, COPY_ARN]
    assert stage.chain.state is ChainState.COMPLETE


def test_a_chain_is_finished_only_when_every_point_was_seen_gone() -> None:
    stage = copying(route=a_route(keep={"RDS": 0}))
    stage(job_news(stage.backup.finish("JOB-1", a_copy())))
    stage.clock.forward(minutes=16)
    stage(LOOK)
    assert stage.chain.finished_at is None

    stage.clock.forward(days=40)
    stage(LOOK)
    assert stage.chain.finished_at is None
    stage.backup.points.clear()
    stage(LOOK)
    assert stage.chain.finished_at == stage.clock.now
    assert stage.chain.next_check is None


def test_a_kept_intermediate_that_expired_by_itself_is_seen_gone() -> None:
    stage = complete()
    del stage.backup.points[WATCHED.arn, ARRIVAL_ARN]
    stage.clock.forward(days=8)
    stage(LOOK)

    assert stage.chain.intermediate("arrival").state is IntermediateState.RELEASED


def test_a_released_onward_copy_is_stood_for_by_the_copies_made_from_it() -> None:
    chain = a_chain(a_sequence())
    released = with_intermediate(chain, "to-dr", state=IntermediateState.RELEASED)

    assert [hop.name for hop in chain.standing_arrivals("arrival")] == ["to-dr"]
    assert [hop.name for hop in released.standing_arrivals("arrival")] == ["to-far"]


def test_onward_copies_of_a_sequence_are_kept_by_the_same_rule() -> None:
    stage = Stage(route=replace(a_sequence(), keep={"RDS": 1}))
    stage.backup.put(a_copy())
    stage.backup.put(a_copy(arn=COPY_ARN + "b", created_at=NIGHT + timedelta(days=1)))
    chain = with_intermediate(a_chain(stage.route), "to-dr", point=COPY_ARN)

    surveyed = survey_keep(stage.chains, stage.backup, chain, chain.intermediate("to-dr"), stage.route)

    assert (surveyed.newer, surveyed.is_listed) == (1, True)
