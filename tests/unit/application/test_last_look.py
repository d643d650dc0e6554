"""The last look before an effect: what is described before a delete, whose key is asked for, what the fence allows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from secondhop.adapters.memory_chains import MemoryChains
from secondhop.application.ports import StartedJob, Unreadable
from secondhop.domain.arn import Site
from secondhop.domain.chain import Chain, IntermediateState
from secondhop.domain.classification import Cause
from secondhop.domain.command import Announce, StartCopy
from secondhop.domain.errors import DeniedError, FinalError, SecondHopError, SilentError, TryAgainError
from secondhop.domain.gathering import Group
from secondhop.domain.hop import HopState
from secondhop.domain.observation import JobSeen, Postponed
from tests.builders import (
    ARRIVAL_ARN,
    COPY_ARN,
    CUSTOMERS,
    DR_KEY,
    SECOND_DR_VAULT,
    a_copy,
    a_route,
    a_sequence,
    an_arrival,
)
from tests.stand_ins import LOOK, Stage, arrived, complete, copying, job_news

FAR_ARN = COPY_ARN + "-far"
DENIED = "Cross-account copy feature is not enabled"


def before_each_effect(stage: Stage, happens: Callable[[], object]) -> None:
    """Let something happen between a decision to delete or start, and the effect."""
    original = stage.chains.save

    def save_and_wait(chain: Chain, **given: Any) -> Chain:
        saved = original(chain, **given)
        if saved.pending:
            happens()
        return saved

    stage.chains.save = save_and_wait  # type: ignore[method-assign]  # for this test only


def with_the_onward_copy_to_go(happens: Callable[[Stage], object]) -> Stage:
    """A sequence whose copies are verified, just before the one in the middle is deleted."""
    stage = copying(route=replace(a_sequence(), keep={"RDS": 0}))
    stage.backup.keys[SECOND_DR_VAULT.arn] = "far-key"
    stage(job_news(stage.backup.finish("JOB-1", a_copy())))
    stage.clock.forward(minutes=16)
    stage(LOOK)
    assert stage.chain.intermediate("arrival").state is IntermediateState.RELEASED
    before_each_effect(stage, lambda: happens(stage))
    far = a_copy(arn=FAR_ARN, vault_arn=SECOND_DR_VAULT.arn, key_arn="far-key")
    stage(job_news(stage.backup.finish("JOB-2", far)))
    return stage


def test_an_onward_copy_stays_when_the_copy_made_from_it_is_gone_at_the_last_moment() -> None:
    stage = with_the_onward_copy_to_go(lambda stage: stage.backup.points.pop((SECOND_DR_VAULT.arn, FAR_ARN), None))

    assert [each.point for each in stage.backup.deleted] == [ARRIVAL_ARN]
    assert stage.chain.hop("to-far").state is HopState.STRANDED
    assert stage.chain.troubles()[0].cause is Cause.VANISHED


def test_a_denied_look_at_the_last_copy_is_told_of_that_copy_and_keeps_the_one_before() -> None:
    stage = with_the_onward_copy_to_go(lambda stage: stage.backup.fail("point", DeniedError("no right to describe")))

    assert [each.point for each in stage.backup.deleted] == [ARRIVAL_ARN]
    assert [name for name, _ in stage.chain.troubled()] == ["to-far"]
    assert stage.chain.troubles()[0].cause is Cause.PERMISSION


@pytest.mark.parametrize(
    ("changes", "asked"),
    [
        ({}, [DR_KEY]),
        ({"key_arn": DR_KEY + "-foreign"}, []),
        ({"key_arn": None, "is_encrypted": False}, []),
    ],
)
def test_only_the_vaults_own_key_is_asked_for_its_state(changes: dict[str, object], asked: list[str]) -> None:
    """The role may describe no other key, and another key is no promised copy whatever its state."""
    route = a_route(allow_unencrypted=True, keep={})
    cluster = {"database": CUSTOMERS, "resource_type": "Aurora"}
    stage = Stage(route=route)
    stage.backup.put(an_arrival(is_encrypted=bool(asked), **cluster))
    stage(arrived(**cluster))
    stage(job_news(stage.backup.finish("JOB-1", a_copy(**cluster, **changes))))

    assert stage.keys.asked == asked


@pytest.mark.parametrize(("seconds", "is_begun"), [(179, True), (180, False)])
def test_an_effect_is_begun_with_two_minutes_of_its_fence_left_and_not_with_less(seconds: int, is_begun: bool) -> None:
    starting = Stage(route=a_route(keep={"RDS": 0}))
    starting.backup.put(an_arrival())
    before_each_effect(starting, lambda: starting.clock.forward(seconds=seconds))
    starting(arrived())
    deleting = copying(route=a_route(keep={"RDS": 0}))
    before_each_effect(deleting, lambda: deleting.clock.forward(seconds=seconds))
    deleting(job_news(deleting.backup.finish("JOB-1", a_copy())))

    assert (len(starting.backup.started), len(deleting.backup.deleted)) == (is_begun, is_begun)


@pytest.mark.parametrize(("seconds", "told"), [(179, 1), (180, 0)])
def test_an_incident_is_told_with_two_minutes_of_its_fence_left_and_not_with_less(seconds: int, told: int) -> None:
    stage = copying()
    original, naps = stage.chains.of_database, [seconds]

    def sleep_once(database: str, **given: bool) -> Iterator[Chain | Unreadable]:
        if stage.chain.pending and naps:
            stage.clock.forward(seconds=naps.pop())
        return original(database, **given)

    stage.chains.of_database = sleep_once  # type: ignore[method-assign]  # for this test only
    report = stage(job_news(stage.backup.fail_job("JOB-1", DENIED)))

    assert (len(stage.announcer.messages), len(stage.announcer.events)) == (told, told)
    assert ("Announce was not possible now" in report.steps[-1].reason) is (not told)


@pytest.mark.parametrize(
    ("made_before", "answered_after", "is_looked_at"), [(0, 0, False), (60, 0, False), (61, 0, True), (0, 120, False)]
)
def test_a_job_that_is_older_than_the_decision_to_start_it_is_looked_at_before_it_is_believed(
    made_before: int, answered_after: int, is_looked_at: bool
) -> None:
    stage = Stage()
    stage.backup.put(an_arrival())
    start, job, asked = stage.backup.start, stage.backup.job, list[str]()

    def started(command: StartCopy) -> StartedJob:
        answer = start(command)
        stage.clock.forward(seconds=answered_after)
        return replace(answer, created_at=answer.created_at - timedelta(seconds=made_before))

    def looked_at(site: Site, job_id: str) -> JobSeen | None:
        asked.append(job_id)
        return job(site, job_id)

    stage.backup.start = started  # type: ignore[method-assign]  # for this test only
    stage.backup.job = looked_at  # type: ignore[method-assign]  # for this test only
    stage(arrived())

    assert asked == ["JOB-1"] * is_looked_at
    assert stage.chain.hop("to-dr").attempt.job_id == "JOB-1"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (DeniedError("not authorized"), "SurveyKeep was refused: not authorized"),
        (TryAgainError("busy"), "SurveyKeep was not possible now: busy"),
        (SilentError("timed out"), "SurveyKeep was not answered: timed out"),
    ],
)
def test_a_question_that_fails_is_named_with_what_aws_said(error: SecondHopError, words: str) -> None:
    stage = complete()
    stage.backup.fail("points_of", error)
    stage.clock.forward(days=1, minutes=1)

    assert words in [step.reason for step in stage(LOOK).steps]


def test_a_group_of_incidents_is_dated_so_that_it_can_be_forgotten() -> None:
    class Dating(MemoryChains):
        dates: tuple[object, ...] = ()

        def save_group(self, after: Group, *, before: Group, now: datetime) -> Group:
            self.dates = (*self.dates, now)
            return super().save_group(after, before=before, now=now)

    chains = Dating()
    stage = copying(chains=chains)
    stage(job_news(stage.backup.fail_job("JOB-1", DENIED)))

    assert set(chains.dates) == {stage.clock.now}


def test_a_message_that_an_earlier_release_left_without_circumstances_is_told() -> None:
    stage = copying()
    stage.announcer.troubles.extend([TryAgainError("busy"), TryAgainError("busy")])
    stage(job_news(stage.backup.fail_job("JOB-1", DENIED)))
    kept = tuple(
        replace(each, command=replace(each.command, circumstances=None))
        for each in stage.chain.pending
        if isinstance(each.command, Announce)
    )
    stage.chains.save(replace(stage.chain, pending=kept), before=stage.chain, limit=20)
    stage.clock.forward(minutes=6)
    stage(LOOK)

    assert [(each.is_closed, each.circumstances) for each in stage.announcer.messages] == [(False, None)]


def test_silence_at_the_last_look_postpones_the_delete_and_says_so() -> None:
    stage, silence = copying(route=a_route(keep={"RDS": 0})), [SilentError("timed out")]

    def fall_silent_once() -> None:
        if silence:
            stage.backup.fail("point", silence.pop())

    before_each_effect(stage, fall_silent_once)
    report = stage(job_news(stage.backup.finish("JOB-1", a_copy())))

    assert report.steps[-1].reason == "ReleaseIntermediate was not answered: timed out"
    assert stage.backup.deleted == []
    for _ in range(3):
        stage.clock.forward(minutes=16)
        stage(LOOK)
    assert [each.point for each in stage.backup.deleted] == [ARRIVAL_ARN]


def test_a_topic_that_refuses_for_good_keeps_no_copy_from_being_made_and_is_told_when_it_is_mended() -> None:
    stage = copying()
    stage.announcer.troubles.extend([FinalError("no such topic"), FinalError("no such bus")])
    report = stage(job_news(stage.backup.fail_job("JOB-1", DENIED)))

    assert [step.reason for step in report.steps[-2:]] == [
        "no one was notified on the topic: no such topic",
        "no one was notified on the bus: no such bus",
    ]
    stage.clock.forward(minutes=6)
    stage(LOOK)
    assert (len(stage.announcer.messages), len(stage.announcer.events)) == (1, 1)


def test_a_list_of_intermediates_that_cannot_be_read_does_not_hide_that_the_final_copy_is_gone() -> None:
    stage = complete()
    stage.backup.points = {key: each for key, each in stage.backup.points.items() if key[1] != COPY_ARN}
    for _ in range(4):
        stage.backup.fail("points_of", FinalError("a point without a status"))
        stage.clock.forward(days=1, minutes=1)
        stage(LOOK)

    assert [each.cause for each in stage.chain.troubles()] == [Cause.VANISHED]


def test_what_nobody_has_decided_to_tell_is_not_told() -> None:
    stage = copying()
    stage(job_news(stage.backup.fail_job("JOB-1", DENIED)))
    (told,) = stage.announcer.messages
    undecided = replace(told, incident="another", group=None)

    (learned,) = stage.performer().perform(stage.chain, undecided, stage.route)
    assert isinstance(learned, Postponed)
    assert stage.announcer.messages == [told]
