"""Rules of a hop that waits or copies, one situation at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from secondhop.domain import observation as seen
from secondhop.domain import release_observation as going
from secondhop.domain.advance import Decision, advance
from secondhop.domain.chain import Chain
from secondhop.domain.classification import Cause
from secondhop.domain.command import InspectJob, StartCopy, SurveyCopies, WakeWaiting
from secondhop.domain.hop import HopState
from secondhop.domain.observation import Observation
from secondhop.domain.route import Route
from secondhop.domain.rules.step import token_of
from tests.builders import (
    COPY_ARN,
    NIGHT,
    NOW,
    RETENTION,
    a_chain,
    a_copy,
    a_job,
    a_route,
    a_sequence,
    changed,
    with_hop,
)


def take(chain: Chain, fact: Observation, *, route: Route | None = None, now: datetime = NOW) -> Decision:
    return advance(chain, fact, route=route or a_route(), now=now)


def surveyed(*jobs: seen.JobSeen, points: tuple[seen.PointSeen, ...] = ()) -> seen.CopiesSurveyed:
    return seen.CopiesSurveyed(hop="to-dr", asked_at=NOW, jobs=jobs, points=points)


def copying(**changes: object) -> Chain:
    return take(a_chain(), surveyed()).chain.with_hop(
        changed(take(a_chain(), surveyed()).chain.hop("to-dr"), **{"job_id": "JOB-1", **changes})
    )


def test_a_hop_whose_leg_left_the_route_is_stranded() -> None:
    route = replace(a_route(), legs=(replace(a_route().legs[0], name="elsewhere"),))
    decision = take(a_chain(), seen.Noticed(), route=route)

    assert decision.chain.hop("to-dr").state is HopState.STRANDED
    assert decision.chain.troubles()[0].cause is Cause.ROUTE


def test_a_copy_found_for_a_leg_that_left_the_route_promises_nothing() -> None:
    route = replace(a_route(), legs=(replace(a_route().legs[0], name="elsewhere"),))
    decision = take(a_chain(), surveyed(a_job(state="COMPLETED", arrival=COPY_ARN)), route=route)

    assert decision.chain.hop("to-dr").arrival.promised_until is None


def test_a_copy_that_would_live_too_shortly_is_too_late_and_not_made() -> None:
    decision = take(a_chain(), seen.Noticed(), now=NIGHT + timedelta(days=34, hours=1))

    assert decision.chain.state == "TOO_LATE"
    assert not any(isinstance(each, SurveyCopies) for each in decision.commands)


def test_a_later_hop_waits_for_the_copy_that_it_reads() -> None:
    decision = take(a_chain(a_sequence()), seen.Noticed(), route=a_sequence())

    assert [each.subject for each in decision.commands if isinstance(each, SurveyCopies)] == ["to-dr"]


def test_attempts_are_numbered_by_the_jobs_that_aws_shows_and_by_those_known_here() -> None:
    failed = a_job(state="FAILED")

    by_aws = take(a_chain(), surveyed(failed, replace(failed, job_id="JOB-2"))).effects[0]
    by_memory = take(with_hop(a_chain(), attempt=4), surveyed(failed)).effects[0]

    assert isinstance(by_aws, StartCopy)
    assert isinstance(by_memory, StartCopy)
    assert (by_aws.attempt, by_memory.attempt) == (3, 5)


def test_the_token_is_made_of_what_aws_sees_and_of_nothing_else() -> None:
    (first,) = take(a_chain(), surveyed()).effects
    (second,) = take(a_chain(a_route(name="another")), surveyed(), route=a_route(name="another")).effects

    assert isinstance(first, StartCopy)
    assert isinstance(second, StartCopy)
    assert first.token == second.token
    assert first.token != token_of(source=first.source, destination_vault_arn=first.destination.arn, attempt=2)


@pytest.mark.parametrize("job", [a_job(state="PARTIAL"), a_job(state="COMPLETED", arrival=None)])
def test_a_job_in_a_state_that_says_nothing_strands_rather_than_guesses(job: seen.JobSeen) -> None:
    decision = take(a_chain(), surveyed(job))

    assert decision.chain.troubles()[0].cause is Cause.UNDECIDABLE
    assert not any(isinstance(each, StartCopy) for each in decision.commands)


def test_a_job_whose_copy_was_rejected_does_not_count_as_a_copy() -> None:
    chain = with_hop(a_chain(), rejected=(COPY_ARN,))
    (command,) = take(chain, surveyed(a_job(state="COMPLETED", arrival=COPY_ARN))).effects

    assert isinstance(command, StartCopy)
    assert command.attempt == 2


def test_a_live_job_seen_by_an_event_makes_a_waiting_hop_look() -> None:
    decision = take(a_chain(), seen.CopySeen(hop="to-dr", job=a_job()))

    assert decision.commands == (SurveyCopies(subject="to-dr"),)


def test_a_failed_job_of_an_earlier_attempt_changes_nothing() -> None:
    decision = take(copying(), seen.CopySeen(hop="to-dr", job=a_job(job_id="OLD", state="FAILED")))

    assert decision.chain.hop("to-dr").state is HopState.COPYING
    assert "not known to be" in decision.reason


def test_job_ids_are_matched_without_regard_to_case() -> None:
    decision = take(copying(), seen.CopySeen(hop="to-dr", job=a_job(job_id="job-1", state="FAILED")))

    assert decision.chain.hop("to-dr").state is HopState.WAITING


def test_an_answer_for_another_attempt_is_not_believed() -> None:
    (command,) = take(a_chain(), surveyed()).effects
    assert isinstance(command, StartCopy)
    late = replace(command, attempt=7)

    started = take(copying(job_id=None), seen.CopyStarted(hop="to-dr", command=late, job_id="LATE"))
    refused = take(copying(), seen.CopyRefused(hop="to-dr", command=late, code="X", message=""))

    assert started.chain.hop("to-dr").attempt.job_id is None
    assert refused.chain.hop("to-dr").state is HopState.COPYING


def test_an_interrupted_start_that_failed_is_counted_as_an_attempt() -> None:
    decision = take(copying(job_id=None), surveyed(a_job(state="FAILED", message="An internal error occurred.")))

    assert decision.chain.hop("to-dr").state is HopState.WAITING
    assert decision.chain.hop("to-dr").attempt.number == 1


def test_copying_with_nothing_pending_and_no_job_begins_again() -> None:
    chain = replace(copying(job_id=None), pending=())
    decision = take(chain, surveyed())

    assert decision.chain.hop("to-dr").state is HopState.WAITING
    assert any(isinstance(each, WakeWaiting) for each in decision.commands)


def test_tries_end_and_then_an_operator_is_told() -> None:
    chain = with_hop(copying(), failures=5)
    decision = take(chain, seen.CopySeen(hop="to-dr", job=a_job(state="FAILED", message="Token expired. Try again.")))

    assert decision.chain.hop("to-dr").state is HopState.STRANDED
    assert decision.chain.hop("to-dr").attempt.not_before == NOW + timedelta(days=1)


def test_a_failed_job_without_a_message_says_at_least_its_id() -> None:
    decision = take(copying(failures=5), seen.CopySeen(hop="to-dr", job=a_job(state="FAILED")))

    assert "JOB-1" in decision.chain.troubles()[0].message


def test_a_quota_failure_is_patient() -> None:
    chain = with_hop(copying(), failures=9)
    job = a_job(state="FAILED", message="There are too many copy jobs running for resource.")
    hop = take(chain, seen.CopySeen(hop="to-dr", job=job)).chain.hop("to-dr")

    assert hop.state is HopState.WAITING
    assert hop.attempt.not_before is not None
    assert NOW + timedelta(minutes=45) < hop.attempt.not_before <= NOW + timedelta(hours=1)


def test_a_copying_hop_in_trouble_is_asked_again_after_a_day_or_by_an_operator() -> None:
    chain = take(copying(), seen.AskingRefused(hop="to-dr", message="not authorized to perform")).chain

    assert InspectJob(subject="to-dr", job_id="JOB-1") not in take(chain, seen.Noticed()).commands
    assert InspectJob(subject="to-dr", job_id="JOB-1") in take(chain, seen.RetryAsked(by="ada")).commands


def test_a_copy_found_again_after_its_job_was_forgotten_is_verified() -> None:
    decision = take(copying(), surveyed(points=(a_copy(),)))

    assert decision.chain.hop("to-dr").arrival.point == COPY_ARN


def test_facts_about_a_hop_or_intermediate_that_does_not_exist_change_nothing() -> None:
    chain = a_chain()

    assert "no hop" in take(chain, seen.JobMissing(hop="nowhere", job_id="X")).reason
    assert "no intermediate" in take(chain, going.DeleteAccepted(intermediate="nowhere")).reason


def test_a_source_that_is_not_ready_is_waited_for() -> None:
    chain = take(a_chain(), seen.SourceNotReady(hop="to-dr", why="CREATING")).chain

    assert chain.hop("to-dr").state is HopState.WAITING
    assert chain.next_check == NOW + timedelta(minutes=5)


@pytest.mark.parametrize("minutes", [7, 12], ids=["the other's fence stands", "the other's fence is over"])
def test_a_start_is_not_repeated_after_a_survey_that_is_older_than_another_ones_start(minutes: int) -> None:
    def asked(at: int) -> seen.CopiesSurveyed:
        return replace(surveyed(), asked_at=NOW + timedelta(minutes=at))

    begun = take(a_chain(), surveyed()).chain
    repeated = take(begun, asked(6), now=NOW + timedelta(minutes=6))
    assert [type(each) for each in repeated.effects] == [StartCopy]

    slept = take(repeated.chain, asked(6), now=NOW + timedelta(minutes=minutes))
    assert slept.effects == ()
    assert take(slept.chain, asked(minutes), now=NOW + timedelta(minutes=minutes)).effects == (
        repeated.effects if minutes > 11 else ()
    )


def test_an_interrupted_start_keeps_the_promise_that_was_made_with_it() -> None:
    longer = a_route(legs=(replace(a_route().legs[0], retention=replace(RETENTION, days=90)),))
    decision = take(copying(job_id=None), surveyed(a_job()), route=longer)

    assert decision.chain.hop("to-dr").arrival.promised_until == NIGHT + timedelta(days=35)


def test_a_start_whose_job_was_found_is_not_pending_any_more_when_its_fence_has_passed() -> None:
    began = take(a_chain(), surveyed()).chain
    fence = began.pending[0].until
    found = surveyed(a_job(created_at=NOW))
    early = take(began, found, now=fence - timedelta(seconds=1)).chain
    late = take(began, replace(found, asked_at=fence), now=fence).chain

    assert (early.hop("to-dr").attempt.job_id, early.pending) == ("JOB-1", began.pending)
    assert (late.hop("to-dr").attempt.job_id, late.pending) == ("JOB-1", ())
    assert late.next_check == fence + timedelta(minutes=30)
