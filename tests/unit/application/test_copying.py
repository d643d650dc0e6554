"""The actor on stand-ins: starting copies, once each, whatever happens on the way."""

from __future__ import annotations

from datetime import timedelta

import pytest

from secondhop.application.ports import RefusedError, UnansweredError
from secondhop.application.work import Abandon, Retry
from secondhop.domain.chain import ChainKey, ChainState
from secondhop.domain.classification import Cause
from secondhop.domain.command import EffectCommand, Question
from secondhop.domain.errors import DeniedError
from secondhop.domain.hop import HopState
from tests.builders import (
    ARRIVAL_ARN,
    COPY_ARN,
    NIGHT,
    ORDERS,
    a_copy,
    a_job,
    a_route,
    an_arrival,
)
from tests.stand_ins import KEY, LOOK, Stage, arrived, copying, job_news


def test_a_failed_job_is_tried_again_with_the_next_attempt_number_after_a_pause() -> None:
    stage = copying()
    stage(job_news(stage.backup.fail_job("JOB-1", "An internal error occurred.")))
    stage(LOOK)

    assert len(stage.backup.started) == 1
    assert stage.chain.state is ChainState.WAITING

    stage.clock.forward(minutes=6)
    stage(LOOK)

    assert [each.attempt for each in stage.backup.started] == [1, 2]
    assert stage.backup.started[0].token != stage.backup.started[1].token


def test_a_crash_between_start_and_record_is_repaired_without_a_second_copy() -> None:
    stage = Stage()
    stage.backup.put(an_arrival())
    stage.backup.fail("answer to start", KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        stage(arrived())

    stage(arrived())
    assert stage.chain.hop("to-dr").attempt.job_id is None

    stage.clock.forward(minutes=6)
    stage(LOOK)

    assert len(stage.backup.started) == 1
    assert stage.chain.hop("to-dr").attempt.job_id == "JOB-1"


def test_a_crash_before_the_start_is_repaired_by_the_very_same_attempt() -> None:
    stage = Stage()
    stage.backup.put(an_arrival())
    stage.backup.fail("start", KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        stage(arrived())
    pending = stage.chain.pending[0].command

    stage.clock.forward(minutes=6)
    stage(LOOK)

    assert stage.backup.started == [pending]


def test_an_unanswered_start_is_looked_for_before_it_is_repeated() -> None:
    stage = Stage()
    stage.backup.put(an_arrival())
    stage.backup.fail("answer to start", UnansweredError("timed out"))
    stage(arrived())
    assert stage.chain.state is ChainState.COPYING

    stage.clock.forward(minutes=6)
    stage(LOOK)

    assert len(stage.backup.started) == 1
    assert stage.chain.hop("to-dr").attempt.job_id == "JOB-1"


def test_a_start_that_never_gets_an_answer_is_announced_and_keeps_its_slot() -> None:
    stage = Stage()
    stage.backup.put(an_arrival())
    stage.backup.fail("start", *[UnansweredError("timed out")] * 6)
    stage(arrived())
    for _ in range(5):
        stage.clock.forward(minutes=6)
        stage(LOOK)

    assert stage.chain.state is ChainState.COPYING
    (message,) = stage.announcer.messages
    assert "SITE_DOWN" in message.title
    assert "What happened: timed out" in message.lines
    stage(LOOK)
    assert stage.backup.started == []
    stage.clock.forward(minutes=61)
    stage(LOOK)
    assert len(stage.backup.started) == 1


@pytest.mark.parametrize(
    ("code", "message", "state"),
    [
        ("ThrottlingException", "Rate exceeded", ChainState.WAITING),
        ("InvalidParameterValueException", "IAM Role x cannot be assumed by AWS Backup", ChainState.STRANDED),
        ("AccessDeniedException", "Insufficient privileges to perform this action.", ChainState.STRANDED),
        ("ResourceNotFoundException", "Cannot find recovery point", ChainState.WAITING),
    ],
)
def test_a_refused_start_is_classified_and_its_attempt_number_stays_free(
    code: str, message: str, state: ChainState
) -> None:
    stage = Stage()
    stage.backup.put(an_arrival())
    stage.backup.fail("start", RefusedError(code, message))
    stage(arrived())

    assert stage.chain.state is state
    assert stage.chain.hop("to-dr").attempt.number == 0


def test_a_token_that_names_an_older_job_is_not_believed_before_its_state_is_read() -> None:
    stage = Stage()
    stage.backup.put(an_arrival())
    probe = copying().backup.started[0]
    stage.backup.start(probe)
    stage.backup.fail_job("JOB-1", "An internal error occurred.")
    for unlisted in ("jobs_into", "jobs_since"):
        setattr(stage.backup, unlisted, lambda *_, **__: iter(()))
    stage.clock.forward(hours=1)
    stage.backup.started.clear()

    stage(arrived())

    assert stage.backup.started == []
    assert stage.chain.state is ChainState.WAITING
    assert stage.chain.hop("to-dr").attempt.number == 1


def test_a_live_copy_job_of_other_hands_is_adopted_and_not_doubled() -> None:
    stage = Stage()
    stage.backup.put(an_arrival())
    stage.backup.jobs["HAND"] = a_job(job_id="HAND")
    stage(arrived())

    assert stage.backup.started == []
    assert stage.chain.hop("to-dr").attempt.job_id == "HAND"


def test_a_copy_by_hand_that_will_not_do_is_not_counted_and_ours_is_made() -> None:
    stage = Stage()
    stage.backup.put(an_arrival())
    stage.backup.put(a_copy(delete_at=NIGHT + timedelta(days=1)))
    stage(arrived())

    assert len(stage.backup.started) == 1
    assert stage.chain.hop("to-dr").rejected == (COPY_ARN,)


def test_a_denied_question_about_a_job_is_announced_while_the_slot_stays_taken() -> None:
    stage = copying()
    stage.backup.fail("job", DeniedError("not authorized to perform: backup:DescribeCopyJob"))
    stage(LOOK)

    stranded = stage.chain
    assert stranded.state is ChainState.STRANDED
    assert stranded.hop("to-dr").state is HopState.COPYING
    assert len(stage.announcer.messages) == 1

    stage(job_news(a_job()))
    assert stage.chain.state is ChainState.COPYING
    assert stage.announcer.messages[-1].is_closed


def test_a_second_database_waits_for_a_slot_and_is_woken_when_one_is_free() -> None:
    stage = copying(route=a_route(limits={"RDS": 1}))
    other = an_arrival(arn=ARRIVAL_ARN + "b", database=ORDERS + "2")
    stage.backup.put(other)
    stage(arrived(arn=other.arn))

    waiting = stage.chains.get(ChainKey(other.arn, "default"))
    assert waiting is not None
    assert waiting.state is ChainState.WAITING

    stage(job_news(stage.backup.finish("JOB-1", a_copy())))
    stage.drain()

    assert len(stage.backup.started) == 2


def test_a_busy_database_is_skipped_though_the_quota_has_room() -> None:
    stage = copying()
    later = an_arrival(arn=ARRIVAL_ARN + "b", created_at=NIGHT + timedelta(hours=12))
    stage.backup.put(later)
    report = stage(arrived(arn=later.arn))

    assert len(stage.backup.started) == 1
    assert "another copy of" in report.steps[-1].reason


def test_a_claim_of_another_route_strands_and_starts_nothing() -> None:
    stage = copying()
    other = a_route(name="second", limits={"RDS": 20})
    stage.backup.jobs.clear()
    second = Stage(route=other, chains=stage.chains, clock=stage.clock)
    second.backup = stage.backup
    second(arrived())

    chain = stage.chains.get(ChainKey(ARRIVAL_ARN, "second"))
    assert chain is not None
    (trouble,) = chain.troubles()
    assert (trouble.cause, f"chain {KEY} has claimed" in trouble.message) == (Cause.CLAIMED, True)
    assert len(stage.backup.started) == 1


def test_a_pause_stops_starting_and_releasing_and_keeps_observing() -> None:
    stage = Stage()
    stage.chains.pause(route="default", by="ada")
    stage.backup.put(an_arrival())
    report = stage(arrived())
    assert stage.backup.started == []
    assert "paused by ada" in report.steps[-1].reason

    stage.chains.pause(route="default", by=None)
    stage.clock.forward(minutes=16)
    stage(LOOK)
    assert len(stage.backup.started) == 1


def test_observe_only_decides_and_reports_and_starts_nothing() -> None:
    stage = copying(observe_only=True)

    assert stage.backup.started == []
    assert stage.chain.state is ChainState.WAITING


def test_an_abandoned_chain_does_nothing_more_and_frees_its_slot() -> None:
    stage = copying(route=a_route(limits={"RDS": 1}))
    stage(Abandon(key=KEY, by="ada"))
    other = an_arrival(arn=ARRIVAL_ARN + "b", database=ORDERS + "2")
    stage.backup.put(other)
    stage(arrived(arn=other.arn))
    assert len(stage.backup.started) == 1
    stage.clock.forward(minutes=5)
    stage(LOOK)
    stage.drain()
    report = stage(job_news(a_job(state="COMPLETED", arrival=COPY_ARN)))

    assert "abandoned by ada" in report.steps[-1].reason
    abandoned = stage.chains.get(KEY)
    assert abandoned is not None
    assert abandoned.state is ChainState.ABANDONED
    assert len(stage.backup.started) == 2
    assert stage.backup.deleted == []


def test_commands_that_nobody_knows_are_refused() -> None:
    stage = copying()
    performer = stage.performer()

    with pytest.raises(AssertionError, match="'a command of a later release'"):
        list(performer.perform(stage.chain, "a command of a later release", stage.route))  # type: ignore[arg-type]  # unknown on purpose
    for command in (EffectCommand(subject="to-dr"), Question(subject="to-dr")):
        with pytest.raises(TypeError, match="no such"):
            list(performer.perform(stage.chain, command, stage.route))


def test_a_straggling_event_of_the_failed_job_does_not_cut_the_back_off_short() -> None:
    stage = copying()
    stage(job_news(stage.backup.fail_job("JOB-1", "An internal error occurred.")))
    stage(job_news(a_job(state="RUNNING")))
    assert len(stage.backup.started) == 1

    stage(Retry(key=KEY, by="ada"))
    assert len(stage.backup.started) == 2
