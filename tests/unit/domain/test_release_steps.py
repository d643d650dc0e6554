"""What each fact makes of an intermediate, as a whole: what is not named here stays as it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from secondhop.domain import observation as seen
from secondhop.domain import release_observation as going
from secondhop.domain.advance import Decision, advance
from secondhop.domain.chain import Chain, IntermediateState
from secondhop.domain.classification import Cause
from secondhop.domain.command import InspectIntermediate, ReleaseIntermediate, SurveyKeep
from secondhop.domain.hop import HopState, Trouble
from secondhop.domain.observation import Observation
from secondhop.domain.outbox import Pending
from secondhop.domain.route import Route
from secondhop.domain.rules.step import IntermediateSituation, IntermediateStep
from secondhop.domain.rules.table import step_intermediate
from tests.builders import (
    ARRIVAL_ARN,
    COPY_ARN,
    DR_KEY,
    NIGHT,
    NOW,
    WATCHED,
    a_chain,
    a_copy,
    a_route,
    an_arrival,
    with_hop,
    with_intermediate,
)
from tests.plain_words import strange_words

DUE, GOING = IntermediateState.DUE, IntermediateState.RELEASING
SINCE = NOW - timedelta(hours=2)
SECOND = timedelta(seconds=1)
OLD = Trouble(cause=Cause.DELETE_REFUSED, message="The vault is locked.", since=SINCE)
RELEASE = ReleaseIntermediate(subject="arrival", point=ARRIVAL_ARN, vault=WATCHED)
COUNT = SurveyKeep(subject="arrival")
ASK = InspectIntermediate(subject="arrival", point=ARRIVAL_ARN)
PROMISED = NIGHT + timedelta(days=35)


def a_chain_with(state: IntermediateState, *, fence: timedelta | None = None, **changes: Any) -> Chain:
    verified = with_hop(
        a_chain(),
        state=HopState.VERIFIED,
        arrival=COPY_ARN,
        job_id="JOB-1",
        attempt=1,
        promised_until=PROMISED,
        since=SINCE,
        last_seen_at=SINCE,
    )
    chain = with_intermediate(verified, **{"state": state, "since": SINCE, "failures": 1, **changes})
    pending = () if fence is None else (Pending(command=RELEASE, until=NOW + fence),)
    return replace(chain, pending=pending)


def step(chain: Chain, fact: Observation, *, route: Route | None = None) -> IntermediateStep:
    situation = IntermediateSituation(
        chain=chain, intermediate=chain.intermediate("arrival"), route=route or a_route(), now=NOW
    )
    taken = step_intermediate(situation, fact)
    assert not strange_words(taken.reason), taken.reason
    return taken


def surveyed(newer: int, *, is_listed: bool = True) -> going.KeepSurveyed:
    return going.KeepSurveyed(intermediate="arrival", newer=newer, is_listed=is_listed)


def inspected(status: str | None) -> going.IntermediateInspected:
    point = None if status is None else an_arrival(status=status)
    return going.IntermediateInspected(intermediate="arrival", point=point)


def refused(code: str, message: str = "") -> going.DeleteRefused:
    return going.DeleteRefused(intermediate="arrival", code=code, message=message)


@pytest.mark.parametrize(
    ("chain", "fact", "changes", "commands"),
    [
        (a_chain_with(DUE, trouble=OLD), seen.Noticed(), {}, (COUNT,)),
        (a_chain_with(DUE, trouble=OLD), surveyed(0), {"trouble": None, "failures": 0}, ()),
        (a_chain_with(DUE, trouble=OLD), surveyed(0, is_listed=False), {}, (ASK,)),
        (a_chain_with(DUE, trouble=OLD), surveyed(1), {"state": GOING, "since": NOW}, (RELEASE,)),
        (a_chain_with(DUE, trouble=OLD), inspected("COMPLETED"), {}, ()),
        (
            a_chain_with(DUE, trouble=OLD),
            inspected(None),
            {"state": IntermediateState.RELEASED, "since": NOW, "trouble": None},
            (),
        ),
        (a_chain_with(GOING), going.DeleteAccepted(intermediate="arrival"), {}, ()),
        (a_chain_with(GOING), seen.Noticed(), {}, (ASK,)),
        (a_chain_with(GOING, fence=SECOND), seen.Noticed(), {}, ()),
        (a_chain_with(GOING, fence=timedelta(0)), seen.Noticed(), {}, (ASK,)),
        (
            a_chain_with(GOING, trouble=OLD),
            inspected(None),
            {"state": IntermediateState.RELEASED, "since": NOW, "trouble": None},
            (),
        ),
    ],
)
def test_an_intermediate_goes_step_by_step_and_only_what_the_step_says_changes(
    chain: Chain, fact: Observation, changes: dict[str, Any], commands: tuple[object, ...]
) -> None:
    taken = step(chain, fact)

    assert taken.intermediate == replace(chain.intermediate("arrival"), **changes)
    assert taken.commands == commands


@pytest.mark.parametrize(("keep", "newer", "goes"), [(0, 0, True), (2, 1, False), (2, 2, True), (2, 3, True)])
def test_exactly_as_many_newer_arrivals_as_the_route_keeps_let_one_go(keep: int, newer: int, goes: bool) -> None:
    taken = step(a_chain_with(DUE), surveyed(newer), route=a_route(keep={"RDS": keep}))

    assert (taken.commands == (RELEASE,)) is goes
    assert (taken.intermediate.state is GOING) is goes


def test_an_original_backup_is_kept_whatever_the_route_says() -> None:
    chain = a_chain_with(DUE, point=ARRIVAL_ARN.replace("copyjob-", "job-"))
    taken = step(chain, surveyed(9))

    assert (taken.intermediate, taken.commands) == (replace(chain.intermediate("arrival"), failures=0), ())
    assert taken.reason == "kept: an original backup is never ours to delete"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("InvalidResourceStateException", "The recovery point is being deleted."),
        ("ResourceNotFoundException", "The recovery point does not exist."),
        ("ThrottlingException", "Rate exceeded"),
        ("ServiceUnavailableException", "Try again."),
        ("LimitExceededException", "Too many deletes."),
        ("InvalidRequestException", "An internal error occurred."),
    ],
)
def test_a_refusal_that_passes_by_itself_is_no_trouble(code: str, message: str) -> None:
    chain = a_chain_with(GOING)

    assert step(chain, refused(code, message)).intermediate == chain.intermediate("arrival")


def test_a_refusal_that_lasts_is_told_in_the_words_of_aws() -> None:
    taken = step(a_chain_with(GOING), refused("InvalidRequestException", "The vault is locked."))

    told = Trouble(cause=Cause.DELETE_REFUSED, message="InvalidRequestException: The vault is locked.", since=NOW)
    assert taken.intermediate == replace(a_chain_with(GOING).intermediate("arrival"), trouble=told)
    assert taken.commands == ()


def test_what_was_told_already_keeps_its_first_words_and_date() -> None:
    taken = step(a_chain_with(GOING, trouble=OLD), refused("AccessDeniedException", "not authorized"))

    assert taken.intermediate.trouble == OLD


@pytest.mark.parametrize(("age", "is_told"), [(timedelta(days=3) - SECOND, False), (timedelta(days=3), True)])
def test_a_point_may_be_deleting_for_three_days_and_no_longer(age: timedelta, is_told: bool) -> None:
    chain = a_chain_with(GOING, since=NOW - age)
    trouble = step(chain, inspected("DELETING")).intermediate.trouble

    since = (NOW - age).isoformat()
    told = Trouble(cause=Cause.DELETE_FAILED, message=f"the point has been DELETING since {since}", since=NOW)
    assert trouble == (told if is_told else None)


@pytest.mark.parametrize(
    ("age", "fence", "is_asked_again"),
    [
        (timedelta(hours=1) - SECOND, None, False),
        (timedelta(hours=1), None, True),
        (timedelta(minutes=6), -SECOND, True),
    ],
    ids=["accepted a moment ago", "accepted an hour ago", "never answered"],
)
def test_a_delete_that_did_nothing_is_asked_for_again_in_its_time(
    age: timedelta, fence: timedelta | None, is_asked_again: bool
) -> None:
    chain = a_chain_with(GOING, fence=fence, since=NOW - age, failures=0)
    taken = step(chain, inspected("COMPLETED"))

    begun = replace(chain.intermediate("arrival"), state=DUE, since=NOW, failures=1)
    assert taken.intermediate == (begun if is_asked_again else chain.intermediate("arrival"))
    assert taken.commands == ((COUNT,) if is_asked_again else ())


def test_a_delete_that_begins_again_does_not_forget_what_was_told() -> None:
    taken = step(a_chain_with(GOING, trouble=OLD, failures=0), inspected("COMPLETED"))

    assert taken.intermediate.trouble == OLD


def test_the_third_delete_in_vain_is_told_and_not_repeated_at_once() -> None:
    chain = a_chain_with(GOING, failures=2)
    taken = step(chain, inspected("COMPLETED"))

    message = "its delete was asked for 3 times, and the point is still COMPLETED"
    told = Trouble(cause=Cause.DELETE_FAILED, message=message, since=NOW)
    expected = replace(chain.intermediate("arrival"), state=DUE, since=NOW, failures=3, trouble=told)
    assert (taken.intermediate, taken.commands, taken.reason) == (expected, (), message)


def test_an_expired_leftover_is_told_at_once() -> None:
    chain = a_chain_with(GOING)
    taken = step(chain, inspected("EXPIRED"))

    message = "the delete was accepted, and the point is EXPIRED and still there"
    told = Trouble(cause=Cause.DELETE_FAILED, message=message, since=NOW)
    assert taken.intermediate == replace(chain.intermediate("arrival"), trouble=told)
    assert taken.commands == ()


@pytest.mark.parametrize(("age", "is_repeated"), [(timedelta(days=1) - SECOND, False), (timedelta(days=1), True)])
def test_an_expired_leftover_is_deleted_again_once_a_day(age: timedelta, is_repeated: bool) -> None:
    chain = a_chain_with(GOING, since=NOW - age, trouble=OLD)
    taken = step(chain, inspected("EXPIRED"))

    assert taken.intermediate == replace(chain.intermediate("arrival"), since=NOW if is_repeated else NOW - age)
    assert taken.commands == ((RELEASE,) if is_repeated else ())


def stopped(hop: HopState = HopState.VERIFIED, **copy: object) -> tuple[Chain, Decision]:
    """The chain before, and the decision on a look just before the delete."""
    look = seen.ArrivalInspected(
        hop="to-dr", arrival=COPY_ARN, point=a_copy(**copy), vault_key_arn=DR_KEY, key_state="Enabled"
    )
    chain = with_hop(a_chain_with(GOING, trouble=OLD), state=hop)
    fact = going.ReleaseStopped(intermediate="arrival", hop="to-dr", inspected=look)
    return chain, advance(chain, fact, route=a_route(), now=NOW)


def test_a_release_that_was_stopped_leaves_its_intermediate_held() -> None:
    chain, decision = stopped(status="EXPIRED")

    held = replace(chain.intermediate("arrival"), state=IntermediateState.HELD, since=NOW, trouble=None)
    assert decision.chain.intermediate("arrival") == held
    assert decision.rules == ("stop_release", "doubt_the_copy", "stranded_for_mismatch")


@pytest.mark.parametrize("state", [HopState.VERIFIED, HopState.VERIFYING, HopState.STRANDED])
def test_a_copy_that_is_not_as_promised_just_before_the_delete_strands_its_hop(state: HopState) -> None:
    chain, decision = stopped(state, status="EXPIRED")

    told = Trouble(cause=Cause.MISMATCH, message="its status is EXPIRED", since=NOW)
    stranded = replace(chain.hop("to-dr"), state=HopState.STRANDED, since=NOW).with_notice(
        trouble=told, unresolved=told
    )
    assert decision.chain.hop("to-dr") == stranded
    assert "its status is EXPIRED" in decision.reason


@pytest.mark.parametrize("state", [HopState.VERIFIED, HopState.VERIFYING, HopState.STRANDED])
def test_a_copy_that_cannot_be_judged_just_before_the_delete_is_verified_again(state: HopState) -> None:
    chain, decision = stopped(state, delete_at=None)

    assert decision.chain.hop("to-dr") == replace(chain.hop("to-dr"), state=HopState.VERIFYING, since=NOW)


@pytest.mark.parametrize("state", [HopState.WAITING, HopState.COPYING])
def test_a_look_just_before_the_delete_says_nothing_about_a_hop_that_makes_another_copy(state: HopState) -> None:
    chain, decision = stopped(state, status="EXPIRED")

    assert decision.chain.hop("to-dr") == chain.hop("to-dr")
    assert decision.chain.intermediate("arrival").state is IntermediateState.HELD
