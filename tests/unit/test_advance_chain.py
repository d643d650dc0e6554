"""The actor on stand-ins: from an arrival to a verified copy, and what stops it on the way."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from secondhop.application.perform import Performer
from secondhop.application.ports import RefusedError, UnansweredError
from secondhop.application.survey import survey_keep
from secondhop.application.work import Abandon, JobNews, Look, OtherNews, PointNews, Retry
from secondhop.domain.arn import Vault
from secondhop.domain.chain import Chain, ChainKey, ChainState, HopState, IntermediateState
from secondhop.domain.classification import Cause
from secondhop.domain.command import EffectCommand, Question
from secondhop.domain.errors import ConflictError, DeniedError, TryAgainError
from secondhop.domain.observation import JobSeen
from tests.builders import (
    ARRIVAL_ARN,
    COPY_ARN,
    CUSTOMERS,
    DR_VAULT,
    NIGHT,
    NOW,
    ORDERS,
    WATCHED,
    WORKLOAD,
    a_chain,
    a_copy,
    a_fan_out,
    a_job,
    a_route,
    a_sequence,
    an_arrival,
    with_intermediate,
)
from tests.stand_ins import Stage

KEY = ChainKey(ARRIVAL_ARN, "default")
LOOK = Look(key=KEY)


def arrived(**changes: object) -> PointNews:
    news = PointNews(
        arn=ARRIVAL_ARN,
        vault_arn=WATCHED.arn,
        status="COMPLETED",
        database=ORDERS,
        resource_type="RDS",
        created_at=None,
    )
    return replace(news, **changes)  # type: ignore[arg-type]


def job_news(job: JobSeen) -> JobNews:
    return JobNews(job=job, source_vault_arn=WATCHED.arn, database=ORDERS, resource_type="RDS")


def copying(**options: object) -> Stage:
    """A stage whose one copy is under way."""
    stage = Stage(**options)  # type: ignore[arg-type]
    stage.backup.put(an_arrival())
    stage(arrived())
    return stage


def complete(**options: object) -> Stage:
    """A stage whose one copy is verified."""
    stage = copying(**options)
    stage(job_news(stage.backup.finish("JOB-1", a_copy())))
    return stage


def test_an_arrival_is_copied_with_an_explicit_retention_and_a_token() -> None:
    stage = copying()

    (started,) = stage.backup.started
    assert started.delete_after_days == 35
    assert started.attempt == 1
    assert len(started.token) == 64
    assert stage.chain.state is ChainState.COPYING
    assert stage.chain.hop("to-dr").job_id == "JOB-1"
    assert stage.chain.pending == ()


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
    assert stage.chain.state is ChainState.RELEASING

    stage.clock.forward(minutes=16)
    stage(LOOK)

    assert stage.chain.state is ChainState.COMPLETE
    assert stage.chain.intermediate("arrival").state is IntermediateState.RELEASED


def test_an_intermediate_is_released_only_after_its_successor_is_verified() -> None:
    stage = complete()
    later = an_arrival(arn=ARRIVAL_ARN + "b", created_at=NIGHT + timedelta(days=1))
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


def test_repeated_and_late_events_change_nothing() -> None:
    stage = complete()
    before = stage.chain

    for job in (stage.backup.jobs["JOB-1"], a_job(state="CREATED", job_id=""), a_job(), a_job(state="FAILED")):
        stage(job_news(job))
    stage(arrived())

    assert stage.chain == before
    assert len(stage.backup.started) == 1


def test_a_completed_event_before_any_other_opens_nothing_and_starts_nothing() -> None:
    stage = Stage()
    report = stage(job_news(a_job(state="COMPLETED", arrival=COPY_ARN)))

    assert report.ignored is not None
    assert stage.chains.all() == []


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


def test_a_configuration_failure_strands_at_once_and_says_what_to_change() -> None:
    stage = copying()
    message = "Copy job failed. The retention specified in the job is not within the range specified for the target"
    stage(job_news(stage.backup.fail_job("JOB-1", message + " Backup Vault.")))

    assert stage.chain.state is ChainState.STRANDED
    (announced,) = stage.announcer.messages
    assert any("RetentionDays" in line for line in announced.lines)
    assert stage.chain.pending == ()


def test_a_stranded_chain_that_recovers_closes_its_incident() -> None:
    stage = copying()
    stage(job_news(stage.backup.fail_job("JOB-1", "Access Denied trying to call AWS Backup service")))
    stage(Retry(key=KEY, by="ada"))
    stage(job_news(stage.backup.finish("JOB-2", a_copy())))

    opened, closed = stage.announcer.messages
    assert (opened.is_closed, closed.is_closed) == (False, True)
    assert opened.incident == closed.incident
    assert stage.chain.state is ChainState.COMPLETE


def test_a_crash_between_start_and_record_is_repaired_without_a_second_copy() -> None:
    stage = Stage()
    stage.backup.put(an_arrival())
    stage.backup.fail("answer to start", KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        stage(arrived())

    stage(arrived())
    assert stage.chain.hop("to-dr").job_id is None

    stage.clock.forward(minutes=6)
    stage(LOOK)

    assert len(stage.backup.started) == 1
    assert stage.chain.hop("to-dr").job_id == "JOB-1"


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
    assert stage.chain.hop("to-dr").job_id == "JOB-1"


def test_a_start_that_never_gets_an_answer_is_announced_and_keeps_its_slot() -> None:
    stage = Stage()
    stage.backup.put(an_arrival())
    stage.backup.fail("start", *[UnansweredError("timed out")] * 6)
    stage(arrived())
    for _ in range(5):
        stage.clock.forward(minutes=6)
        stage(LOOK)

    assert stage.chain.state is ChainState.STRANDED
    assert stage.chain.hop("to-dr").state is HopState.COPYING
    assert len(stage.announcer.messages) == 1
    stage(LOOK)
    assert stage.backup.started == []


@pytest.mark.parametrize(
    ("code", "message", "state"),
    [
        ("ThrottlingException", "Rate exceeded", ChainState.WAITING),
        ("InvalidParameterValueException", "IAM Role x cannot be assumed by AWS Backup", ChainState.STRANDED),
        ("AccessDeniedException", "Insufficient privileges to perform this action.", ChainState.STRANDED),
        ("ResourceNotFoundException", "Cannot find recovery point", ChainState.STRANDED),
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
    assert stage.chain.hop("to-dr").attempt == 0


def test_a_token_that_names_an_older_job_is_not_believed_before_its_state_is_read() -> None:
    stage = Stage()
    stage.backup.put(an_arrival())
    probe = copying().backup.started[0]
    stage.backup.start(probe)
    stage.backup.fail_job("JOB-1", "An internal error occurred.")
    old = replace(stage.backup.jobs["JOB-1"], source="arn:aws:rds:x:y:snapshot:hidden-by-a-stale-list")
    stage.backup.jobs["JOB-1"] = old
    stage.clock.forward(hours=1)
    stage.backup.started.clear()

    stage(arrived())

    assert stage.backup.started == []
    assert stage.chain.state is ChainState.WAITING
    assert stage.chain.hop("to-dr").attempt == 1


def test_a_live_copy_job_of_other_hands_is_adopted_and_not_doubled() -> None:
    stage = Stage()
    stage.backup.put(an_arrival())
    stage.backup.jobs["HAND"] = a_job(job_id="HAND")
    stage(arrived())

    assert stage.backup.started == []
    assert stage.chain.hop("to-dr").job_id == "HAND"


def test_a_finished_copy_of_a_lost_table_is_adopted_and_verified() -> None:
    stage = complete()
    reborn = Stage(clock=stage.clock)
    reborn.backup = stage.backup
    reborn(arrived())

    assert len(stage.backup.started) == 1
    assert reborn.chain.state is ChainState.COMPLETE


def test_a_copy_by_hand_that_will_not_do_is_not_counted_and_ours_is_made() -> None:
    stage = Stage()
    stage.backup.put(an_arrival())
    stage.backup.put(a_copy(delete_at=NIGHT + timedelta(days=1)))
    stage(arrived())

    assert len(stage.backup.started) == 1
    assert stage.chain.hop("to-dr").rejected == (COPY_ARN,)


def test_a_copy_that_belongs_to_another_chain_is_not_adopted() -> None:
    stage = complete()
    twin = an_arrival(arn=ARRIVAL_ARN + "b")
    stage.backup.put(twin)
    stage(arrived(arn=twin.arn))

    assert len(stage.backup.started) == 2


def test_what_aws_denies_is_never_taken_for_gone() -> None:
    stage = copying()
    stage.backup.fail("point", DeniedError("Insufficient privileges to perform this action."))
    stage(job_news(stage.backup.finish("JOB-1", a_copy())))

    assert stage.chain.hop("to-dr").state is HopState.STRANDED
    assert stage.chain.troubles()[0].cause is Cause.PERMISSION
    stage.clock.forward(days=1, minutes=1)
    stage(LOOK)
    assert stage.chain.state is ChainState.COMPLETE


def test_a_denied_question_about_a_job_is_announced_while_the_slot_stays_taken() -> None:
    stage = copying()
    stage.backup.fail("job", DeniedError("not authorized to perform: backup:DescribeCopyJob"))
    stage(LOOK)

    assert stage.chain.state is ChainState.STRANDED
    assert stage.chain.hop("to-dr").state is HopState.COPYING
    assert len(stage.announcer.messages) == 1

    stage(job_news(a_job()))
    assert stage.chain.state is ChainState.COPYING
    assert stage.announcer.messages[-1].is_closed


def test_a_passing_trouble_postpones_and_is_no_error() -> None:
    stage = Stage()
    stage.backup.put(an_arrival())
    stage.backup.fail("jobs_into", TryAgainError("ThrottlingException"))
    stage(arrived())

    assert stage.chain.state is ChainState.WAITING
    assert stage.chain.next_check == NOW + timedelta(minutes=15)
    assert stage.announcer.messages == []


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
    assert chain.troubles()[0].cause is Cause.CLAIMED
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


def test_a_pause_between_decision_and_delete_stops_the_delete() -> None:
    stage = Stage(route=a_route(keep={"RDS": 0}))
    stage.backup.put(an_arrival())
    stage(arrived())
    original = stage.backup.key_of

    def pause_then_answer(vault: Vault) -> str | None:
        stage.chains.pause(route="default", by="ada")
        return original(vault)

    stage.backup.key_of = pause_then_answer  # type: ignore[method-assign]
    stage(job_news(stage.backup.finish("JOB-1", a_copy())))

    assert stage.backup.deleted == []


def test_observe_only_decides_and_reports_and_starts_nothing() -> None:
    stage = copying(observe_only=True)

    assert stage.backup.started == []
    assert stage.chain.state is ChainState.WAITING


def test_nothing_is_deleted_when_the_copy_is_gone_at_the_last_moment() -> None:
    stage = copying(route=a_route(keep={"RDS": 0}))
    original = stage.chains.paused_by

    def lose_the_copy(route: str) -> str | None:
        if stage.chain.intermediate("arrival").state is IntermediateState.RELEASING:
            stage.backup.points.pop((DR_VAULT.arn, COPY_ARN), None)
        return original(route)

    stage.chains.paused_by = lose_the_copy  # type: ignore[method-assign]
    stage(job_news(stage.backup.finish("JOB-1", a_copy())))

    assert stage.backup.deleted == []
    assert stage.chain.state is ChainState.STRANDED
    assert stage.chain.troubles()[0].cause is Cause.VANISHED
    assert stage.chain.intermediate("arrival").state is IntermediateState.HELD


def test_a_worker_that_wakes_after_its_fence_does_not_act() -> None:
    stage = Stage()
    stage.backup.put(an_arrival())
    original = stage.chains.paused_by

    def sleep_for_hours(route: str) -> str | None:
        if stage.chains.all() and stage.chain.pending:
            stage.clock.forward(hours=5)
        return original(route)

    stage.chains.paused_by = sleep_for_hours  # type: ignore[method-assign]
    stage(arrived())

    assert stage.backup.started == []


def test_a_worker_that_looks_for_too_long_does_not_delete() -> None:
    stage = copying(route=a_route(keep={"RDS": 0}))
    original = stage.backup.key_of

    def look_slowly(vault: Vault) -> str | None:
        if stage.chain.intermediate("arrival").state is IntermediateState.RELEASING:
            stage.clock.forward(minutes=4)
        return original(vault)

    stage.backup.key_of = look_slowly  # type: ignore[method-assign]
    stage(job_news(stage.backup.finish("JOB-1", a_copy())))

    assert stage.backup.deleted == []


def test_a_refused_delete_is_announced_and_the_point_is_not_believed_gone() -> None:
    stage = copying(route=a_route(keep={"RDS": 0}))
    stage.backup.fail("delete", RefusedError("InvalidRequestException", "the vault is locked"))
    stage(job_news(stage.backup.finish("JOB-1", a_copy())))

    assert stage.chain.state is ChainState.STRANDED
    assert stage.chain.troubles()[0].cause is Cause.DELETE_REFUSED


def test_an_unanswered_delete_is_looked_at_again() -> None:
    stage = copying(route=a_route(keep={"RDS": 0}))
    stage.backup.fail("delete", UnansweredError("timed out"))
    stage(job_news(stage.backup.finish("JOB-1", a_copy())))
    assert stage.chain.state is ChainState.RELEASING

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
    stage.backup.fail("key_of", TryAgainError("busy"))
    stage(job_news(stage.backup.finish("JOB-1", a_copy())))
    original = stage.chains.paused_by

    def deny(route: str) -> str | None:
        if stage.chain.intermediate("arrival").state is IntermediateState.RELEASING:
            stage.backup.fail("point", DeniedError("not authorized to describe"))
        return original(route)

    stage.chains.paused_by = deny  # type: ignore[method-assign]
    stage.clock.forward(minutes=6)
    stage(LOOK)

    assert stage.backup.deleted == []
    assert stage.chain.intermediate("arrival").state is IntermediateState.HELD


def test_a_failing_announcement_stays_pending_until_it_is_out() -> None:
    stage = copying()
    stage.announcer.troubles.append(TryAgainError("busy"))
    stage(job_news(stage.backup.fail_job("JOB-1", "Cross-account copy feature is not enabled")))
    assert len(stage.chain.pending) == 1

    stage.clock.forward(minutes=6)
    stage(LOOK)

    assert len(stage.announcer.messages) == 1
    assert stage.chain.pending == ()


def test_a_denied_announcement_stays_pending() -> None:
    stage = copying()
    stage.announcer.troubles.append(DeniedError("not authorized to publish"))
    stage(job_news(stage.backup.fail_job("JOB-1", "Cross-account copy feature is not enabled")))

    assert len(stage.chain.pending) == 1


@pytest.mark.parametrize(
    ("point", "cause"),
    [
        (an_arrival(database=CUSTOMERS), Cause.UNSUPPORTED),
        (an_arrival(status="EXPIRED"), Cause.SOURCE_GONE),
        (an_arrival(is_encrypted=False, database=CUSTOMERS, resource_type="Aurora"), Cause.UNENCRYPTED),
    ],
)
def test_a_point_that_cannot_be_copied_is_stranded_with_one_announcement(point: object, cause: Cause) -> None:
    stage = Stage()
    stage.backup.put(point)  # type: ignore[arg-type]
    stage(arrived())
    stage(arrived())

    assert stage.chain.state is ChainState.STRANDED
    assert stage.chain.troubles()[0].cause is cause
    assert len(stage.announcer.messages) == 1
    assert stage.backup.started == []


def test_a_continuous_point_is_stranded() -> None:
    continuous = f"arn:aws:backup:eu-west-1:{WORKLOAD}:recovery-point:continuous:db-abc"
    stage = Stage()
    stage.backup.put(an_arrival(arn=continuous))
    stage(arrived(arn=continuous))

    assert stage.chain.troubles()[0].cause is Cause.UNSUPPORTED


def test_an_arrival_that_is_gone_before_we_looked_is_not_silent() -> None:
    stage = Stage()
    stage(arrived())

    assert stage.chain.troubles()[0].cause is Cause.SOURCE_GONE
    assert len(stage.announcer.messages) == 1


def test_a_gone_point_of_which_nothing_is_known_is_ignored() -> None:
    assert Stage()(arrived(database=None)).ignored is not None


def test_an_old_point_that_expires_is_none_of_ours() -> None:
    stage = Stage()
    stage.chains.installation(now=NOW)
    old = an_arrival(status="EXPIRED", completed_at=NOW - timedelta(days=9))
    stage.backup.put(old)

    assert "older than this installation" in (stage(arrived(status="EXPIRED")).ignored or "")


def test_a_hop_1_job_that_completes_is_an_arrival() -> None:
    stage = Stage()
    stage.backup.put(an_arrival())
    job = a_job(source="arn:aws:rds:eu-west-1:111122223333:snapshot:awsbackup:job-1", destination_vault_arn=WATCHED.arn)

    running = stage(job_news(job))
    done = stage(job_news(replace(job, state="COMPLETED", arrival=ARRIVAL_ARN)))

    assert running.ignored is not None
    assert done.steps[-1].after == ChainState.COPYING


def test_a_copy_by_hand_of_a_known_arrival_is_followed() -> None:
    stage = Stage()
    stage.chains.pause(route="default", by="ada")
    stage.backup.put(an_arrival())
    stage(arrived())
    stage.backup.put(a_copy())
    stage(job_news(a_job(job_id="HAND", state="COMPLETED", arrival=COPY_ARN)))

    assert stage.chain.hop("to-dr").state is HopState.VERIFIED
    assert stage.backup.started == []


@pytest.mark.parametrize(
    "work",
    [
        OtherNews(what="'Backup Job State Change'"),
        LOOK,
        arrived(vault_arn="arn:aws:backup:eu-west-1:444455556666:backup-vault:other"),
        arrived(status="CREATING"),
    ],
)
def test_what_no_route_claims_is_ignored_with_a_reason(work: object) -> None:
    stage = Stage()
    stage.backup.put(an_arrival())

    assert stage(work).ignored  # type: ignore[arg-type]
    assert stage.chains.all() == []


def test_points_of_foreign_accounts_regions_and_types_are_not_claimed() -> None:
    for changes in (
        {"database": ORDERS.replace(WORKLOAD, "999999999999")},
        {"database": ORDERS.replace("eu-west-1", "eu-west-2")},
        {"resource_type": "EBS"},
    ):
        stage = Stage()
        stage.backup.put(an_arrival(**changes))
        assert stage(arrived()).ignored
        assert stage.chains.all() == []


def test_a_chain_of_a_route_that_is_not_installed_is_left_alone() -> None:
    stage = copying()
    other = Stage(route=a_route(name="other"), chains=stage.chains, clock=stage.clock)

    assert "does not have" in (other(LOOK).ignored or "")


def test_an_abandoned_chain_does_nothing_more_and_frees_its_slot() -> None:
    stage = copying(route=a_route(limits={"RDS": 1}))
    stage(Abandon(key=KEY, by="ada"))
    other = an_arrival(arn=ARRIVAL_ARN + "b", database=ORDERS + "2")
    stage.backup.put(other)
    stage(arrived(arn=other.arn))
    report = stage(job_news(a_job(state="COMPLETED", arrival=COPY_ARN)))

    assert "abandoned by ada" in report.steps[-1].reason
    assert stage.chains.get(KEY).state is ChainState.ABANDONED  # type: ignore[union-attr]
    assert len(stage.backup.started) == 2
    assert stage.backup.deleted == []


def test_an_incident_of_an_abandoned_chain_is_closed_even_if_the_first_message_was_lost() -> None:
    stage = copying()
    stage(job_news(stage.backup.fail_job("JOB-1", "Cross-account copy feature is not enabled")))
    stage.announcer.troubles.append(TryAgainError("busy"))
    stage(Abandon(key=KEY, by="ada"))
    stage.clock.forward(minutes=6)
    stage(LOOK)

    assert [each.is_closed for each in stage.announcer.messages] == [False, True]


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


def test_a_forgotten_job_is_looked_for_and_never_taken_for_failed() -> None:
    stage = copying()
    stage.backup.jobs.clear()
    stage.clock.forward(days=31)
    stage.backup.put(a_copy())
    stage(LOOK)
    assert stage.chain.hop("to-dr").state is HopState.VERIFIED

    lost = copying()
    lost.backup.jobs.clear()
    lost(LOOK)
    assert lost.chain.troubles()[0].cause is Cause.UNDECIDABLE


class Racing:
    """A store in front of another, which lets somebody else win the first races."""

    def __init__(self, stage: Stage, *, losses: int) -> None:
        self._chains, self.losses = stage.chains, losses

    def __getattr__(self, name: str) -> object:
        return getattr(self._chains, name)

    def save(self, chain: Chain, *, before: Chain | None, limit: int) -> Chain:
        if self.losses:
            self.losses -= 1
            raise ConflictError("somebody else was faster")
        return self._chains.save(chain, before=before, limit=limit)


def test_a_lost_race_is_decided_anew_and_many_are_given_back_to_the_queue() -> None:
    stage = Stage()
    stage.backup.put(an_arrival())
    stage.chains = Racing(stage, losses=2)  # type: ignore[assignment]
    assert stage(arrived()).steps[-1].after == ChainState.COPYING

    stage.chains.losses = 5  # type: ignore[attr-defined]
    with pytest.raises(ConflictError):
        stage(job_news(stage.backup.finish("JOB-1", a_copy())))


def test_a_chain_that_vanished_from_the_table_during_a_race_is_opened_again() -> None:
    stage = copying()
    running = stage.chain
    stage.chains.__init__()  # type: ignore[misc]
    racing = Racing(stage, losses=1)
    original = racing.get
    answers = iter([running])
    racing.get = lambda key: next(answers, None) or original(key)  # type: ignore[attr-defined]
    stage.chains = racing  # type: ignore[assignment]
    stage(job_news(stage.backup.finish("JOB-1", a_copy())))

    assert stage.backup.deleted == []


def test_a_chain_that_does_not_come_to_rest_is_stopped_and_says_so() -> None:
    stage = copying()
    stage.backup.job = lambda _site, _job_id: a_job(state="COMPLETED")  # type: ignore[method-assign]

    with pytest.raises(RuntimeError, match="does not come to rest"):
        stage(LOOK)


def test_commands_that_nobody_knows_are_refused() -> None:
    stage = copying()
    performer = Performer(
        chains=stage.chains, backup=stage.backup, queue=stage.queue, announcer=stage.announcer, now=stage.clock
    )

    for command in (EffectCommand(subject="to-dr"), Question(subject="to-dr")):
        with pytest.raises(TypeError, match="no such"):
            list(performer.perform(stage.chain, command, stage.route))


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


def test_the_switch_is_read_anew_just_before_an_effect() -> None:
    stage = Stage()
    stage.backup.put(an_arrival())
    answers = iter([None, "ada"])
    stage.chains.paused_by = lambda _route: next(answers)  # type: ignore[method-assign]
    report = stage(arrived())

    assert stage.backup.started == []
    assert "paused by ada" in report.steps[-1].reason
