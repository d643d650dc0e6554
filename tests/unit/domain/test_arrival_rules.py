"""Rules of an arrival: verification, later doubts, and the ways out of STRANDED."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from secondhop.domain import observation as seen
from secondhop.domain.advance import advance
from secondhop.domain.chain import Chain, IntermediateState
from secondhop.domain.classification import Cause
from secondhop.domain.command import InspectArrival, StartCopy, SurveyCopies
from secondhop.domain.hop import HopState, Trouble
from secondhop.domain.observation import Observation, PointSeen
from secondhop.domain.verification import Verdict, assess_arrival
from tests.builders import (
    COPY_ARN,
    CUSTOMERS,
    DR_KEY,
    NIGHT,
    NOW,
    WATCHED,
    a_chain,
    a_copy,
    a_job,
    a_route,
    with_hop,
    with_intermediate,
)

PROMISED = NIGHT + timedelta(days=35)


def verifying(state: HopState = HopState.VERIFYING, **changes: object) -> Chain:
    made = {"state": state, "arrival": COPY_ARN, "attempt": 1, "promised_until": PROMISED, **changes}
    return with_hop(a_chain(), **made)


def take(chain: Chain, fact: Observation, *, after: timedelta = timedelta(0)) -> Chain:
    return advance(chain, fact, route=a_route(), now=NOW + after).chain


def inspected(point: PointSeen | None, key: str | None = DR_KEY, arrival: str = COPY_ARN) -> seen.ArrivalInspected:
    return seen.ArrivalInspected(hop="to-dr", arrival=arrival, point=point, vault_key_arn=key, key_state="Enabled")


@pytest.mark.parametrize(
    ("point", "key", "verdict", "cause"),
    [
        (a_copy(), DR_KEY, Verdict.GOOD, Cause.MISMATCH),
        (a_copy(status="AVAILABLE"), DR_KEY, Verdict.GOOD, Cause.MISMATCH),
        (a_copy(delete_at=PROMISED + timedelta(days=300)), DR_KEY, Verdict.GOOD, Cause.MISMATCH),
        (a_copy(delete_at=PROMISED - timedelta(seconds=30)), DR_KEY, Verdict.GOOD, Cause.MISMATCH),
        (a_copy(status="CREATING"), DR_KEY, Verdict.NOT_YET, Cause.MISMATCH),
        (a_copy(delete_at=None), DR_KEY, Verdict.NOT_YET, Cause.MISMATCH),
        (a_copy(is_encrypted=None), DR_KEY, Verdict.NOT_YET, Cause.MISMATCH),
        (a_copy(), None, Verdict.NOT_YET, Cause.MISMATCH),
        (a_copy(status="EXPIRED"), DR_KEY, Verdict.WRONG, Cause.MISMATCH),
        (a_copy(database=CUSTOMERS), DR_KEY, Verdict.WRONG, Cause.MISMATCH),
        (a_copy(vault_arn=WATCHED.arn), DR_KEY, Verdict.WRONG, Cause.MISMATCH),
        (a_copy(created_at=NIGHT - timedelta(days=1)), DR_KEY, Verdict.WRONG, Cause.MISMATCH),
        (a_copy(key_arn="other"), DR_KEY, Verdict.WRONG, Cause.MISMATCH),
        (a_copy(delete_at=PROMISED - timedelta(days=1)), DR_KEY, Verdict.WRONG, Cause.MISMATCH),
        (a_copy(is_encrypted=False), DR_KEY, Verdict.WRONG, Cause.UNENCRYPTED),
        (None, DR_KEY, Verdict.WRONG, Cause.VANISHED),
    ],
)
def test_an_arrival_is_judged_by_what_is_there(
    point: PointSeen | None, key: str | None, verdict: Verdict, cause: Cause
) -> None:
    chain = verifying()
    assessment = assess_arrival(chain, chain.hop("to-dr"), inspected(point, key), route=a_route())

    assert assessment.verdict is verdict
    assert assessment.cause is cause


def test_without_a_promise_nothing_is_good() -> None:
    chain = verifying(promised_until=None)
    assessment = assess_arrival(chain, chain.hop("to-dr"), inspected(a_copy()), route=a_route())

    assert assessment.verdict is Verdict.WRONG


@pytest.mark.parametrize(
    ("resource_type", "source_is_encrypted", "allowed", "verdict"),
    [
        ("Aurora", False, True, Verdict.GOOD),
        ("Aurora", False, False, Verdict.WRONG),
        ("Aurora", True, True, Verdict.WRONG),
        ("RDS", False, True, Verdict.WRONG),
    ],
)
def test_only_an_unencrypted_cluster_may_stay_unencrypted_and_only_if_the_route_says_so(
    resource_type: str, source_is_encrypted: bool, allowed: bool, verdict: Verdict
) -> None:
    chain = replace(verifying(), resource_type=resource_type, encrypted=source_is_encrypted)
    seen_copy = inspected(a_copy(is_encrypted=False, key_arn=None))

    assert (
        assess_arrival(chain, chain.hop("to-dr"), seen_copy, route=a_route(allow_unencrypted=allowed)).verdict
        is verdict
    )


@pytest.mark.parametrize(("missing", "cause"), [({"delete_at": None}, None), ({"is_encrypted": None}, Cause.STUCK)])
def test_a_missing_field_is_asked_again_for_a_day_and_no_longer(
    missing: dict[str, object], cause: Cause | None
) -> None:
    fact = inspected(a_copy(**missing))

    assert take(verifying(), fact, after=timedelta(hours=23)).hop("to-dr").state is HopState.VERIFYING
    assert [trouble.cause for trouble in take(verifying(), fact, after=timedelta(hours=25)).troubles()] == (
        [cause] if cause else []
    )


def test_another_point_is_not_taken_for_the_arrival() -> None:
    other = inspected(a_copy(), arrival="other")

    assert take(verifying(), other).hop("to-dr").state is HopState.VERIFYING
    assert take(verifying(HopState.VERIFIED), other).hop("to-dr").state is HopState.VERIFIED


@pytest.mark.parametrize("fact", [seen.Noticed(), seen.RetryAsked(by="ada")])
@pytest.mark.parametrize(("state", "days"), [(HopState.VERIFYING, 0), (HopState.VERIFIED, 36)])
def test_time_and_operators_make_a_hop_look_at_its_arrival_again(fact: Observation, state: HopState, days: int) -> None:
    decision = advance(verifying(state), fact, route=a_route(), now=NOW + timedelta(days=days))

    assert InspectArrival(subject="to-dr", point=COPY_ARN) in decision.commands


def test_a_final_copy_that_vanished_later_is_an_incident_and_is_never_copied_again_by_itself() -> None:
    chain = with_intermediate(verifying(HopState.VERIFIED), state=IntermediateState.DUE)
    decision = advance(chain, inspected(None), route=a_route(), now=NOW)

    assert decision.chain.troubles()[0].cause is Cause.VANISHED
    assert decision.chain.intermediate("arrival").state is IntermediateState.HELD
    later = advance(decision.chain, seen.Noticed(), route=a_route(), now=NOW + timedelta(days=2))
    assert [type(each) for each in later.commands if isinstance(each, (StartCopy, SurveyCopies))] == [SurveyCopies]
    gone_job = a_job(state="COMPLETED", arrival=COPY_ARN)
    for jobs in ((), (gone_job,)):
        found = seen.CopiesSurveyed(hop="to-dr", asked_at=NOW, jobs=jobs, points=())
        surveyed = advance(later.chain, found, route=a_route(), now=NOW + timedelta(days=2))
        assert (surveyed.commands, surveyed.chain.hop("to-dr").state) == ((), HopState.STRANDED)


def test_a_copy_that_will_do_takes_the_place_of_one_that_will_not() -> None:
    stranded = take(verifying(), inspected(a_copy(delete_at=PROMISED - timedelta(days=12))))
    assert stranded.troubles()[0].cause is Cause.MISMATCH
    later = advance(stranded, seen.Noticed(), route=a_route(), now=NOW + timedelta(days=1))
    assert SurveyCopies(subject="to-dr") in later.commands
    jobs = (
        a_job(state="COMPLETED", arrival=COPY_ARN),
        a_job(job_id="OLD", state="COMPLETED", arrival=COPY_ARN + "old"),
    )
    found = take(later.chain, seen.CopiesSurveyed(hop="to-dr", asked_at=NOW, jobs=jobs, points=()))
    verified = take(found, inspected(a_copy(arn=COPY_ARN + "old"), arrival=COPY_ARN + "old"))

    hop = verified.hop("to-dr")
    assert (hop.state, hop.arrival.point, hop.rejected) == (HopState.VERIFIED, COPY_ARN + "old", (COPY_ARN,))


def test_an_operator_may_ask_for_a_new_copy_of_a_vanished_one() -> None:
    stranded = take(verifying(HopState.VERIFIED), inspected(None))
    decision = advance(stranded, seen.RetryAsked(by="ada"), route=a_route(), now=NOW)

    assert decision.chain.hop("to-dr").rejected == (COPY_ARN,)
    assert SurveyCopies(subject="to-dr") in decision.commands


def stranded(cause: Cause, **changes: object) -> Chain:
    trouble = Trouble(cause=cause, message="as AWS said", since=NOW)
    made = {"state": HopState.STRANDED, "trouble": trouble, "not_before": NOW + timedelta(days=1), **changes}
    return with_hop(a_chain(), **made)


def test_a_stranded_hop_is_tried_again_daily_whatever_date_is_stored_for_its_source() -> None:
    chain = stranded(Cause.SOURCE_KEY)

    assert take(chain, seen.Noticed(), after=timedelta(hours=23)).hop("to-dr").state is HopState.STRANDED
    assert take(chain, seen.Noticed(), after=timedelta(hours=25)).hop("to-dr").state is HopState.WAITING
    assert take(chain, seen.Noticed(), after=timedelta(days=8)).hop("to-dr").state is HopState.WAITING


def test_a_copy_that_is_there_is_still_looked_at_when_its_source_is_gone() -> None:
    chain = stranded(Cause.PERMISSION, arrival=COPY_ARN)

    assert take(chain, seen.Noticed(), after=timedelta(days=8)).hop("to-dr").state is HopState.VERIFYING


def test_a_late_success_is_still_a_success() -> None:
    done = seen.CopySeen(hop="to-dr", job=a_job(state="COMPLETED", arrival=COPY_ARN))
    failed = seen.CopySeen(hop="to-dr", job=a_job(state="FAILED"))

    assert take(stranded(Cause.UNKNOWN), done).hop("to-dr").state is HopState.VERIFYING
    assert take(stranded(Cause.UNKNOWN), failed).hop("to-dr").state is HopState.STRANDED
    assert take(stranded(Cause.VANISHED, rejected=(COPY_ARN,)), done).hop("to-dr").state is HopState.STRANDED
