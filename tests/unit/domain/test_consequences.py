"""What follows from a step of one hop or intermediate for the rest of its chain, and what must not follow."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from secondhop.domain import observation as seen
from secondhop.domain import release_observation as going
from secondhop.domain.advance import advance
from secondhop.domain.arn import Vault
from secondhop.domain.chain import IntermediateState
from secondhop.domain.command import (
    InspectArrival,
    InspectJob,
    NoteSite,
    ReleaseIntermediate,
    SurveyCopies,
    SurveyKeep,
    WakeRelatives,
    WakeWaiting,
)
from secondhop.domain.hop import HopState
from secondhop.domain.lane import Lane
from secondhop.domain.ledger import slots_of
from secondhop.domain.observation import Observation
from secondhop.domain.outbox import Pending
from tests.builders import (
    ARRIVAL_ARN,
    COPY_ARN,
    DR_VAULT,
    NOW,
    SECOND_DR_VAULT,
    WATCHED,
    a_chain,
    a_fan_out,
    a_leg,
    a_route,
    a_sequence,
    an_arrival,
    with_hop,
    with_intermediate,
)
from tests.decisions import an_announcement, flying, good, pending, take
from tests.hop_steps import PROMISED, SECOND, SINCE, START, VERIFIED, job_seen, surveyed

RELEASE = ReleaseIntermediate(subject="arrival", point=ARRIVAL_ARN, vault=WATCHED)
FENCE = timedelta(minutes=5)
COUNT = SurveyKeep(subject="arrival")


def test_a_verified_hop_lets_the_next_one_look_and_its_source_go() -> None:
    chain = with_hop(a_chain(a_sequence()), state=HopState.VERIFYING, arrival=COPY_ARN, promised_until=PROMISED)
    chain = with_intermediate(chain, since=SINCE)
    decision = take(chain, good(), route=a_sequence())

    assert decision.commands == (SurveyCopies(subject="to-far"), COUNT)
    assert decision.chain.intermediate("arrival") == replace(
        chain.intermediate("arrival"), state=IntermediateState.DUE, since=NOW
    )
    assert decision.chain.intermediate("to-dr") == replace(chain.intermediate("to-dr"), point=COPY_ARN)
    assert decision.chain.hop("to-far") == chain.hop("to-far")


def test_the_last_verified_hop_wakes_the_relatives_once() -> None:
    chain = with_hop(a_chain(), state=HopState.VERIFYING, arrival=COPY_ARN, promised_until=PROMISED)
    decision = take(chain, good())

    assert decision.commands == (COUNT, WakeRelatives(keep=1))
    assert take(decision.chain, good()).commands == ()


def test_a_copy_is_the_intermediate_of_its_own_hop_and_of_no_other() -> None:
    third = Vault("aws", DR_VAULT.site, "third-vault")
    route = a_route(legs=(*a_sequence().legs, a_leg(name="to-third", reads_from="to-far", destination=third)))
    chain = with_hop(a_chain(route), state=HopState.VERIFYING, arrival=COPY_ARN, promised_until=PROMISED)

    points = {each.name: each.point for each in take(chain, good(), route=route).chain.intermediates}
    assert points == {"arrival": ARRIVAL_ARN, "to-dr": COPY_ARN, "to-far": None}


def test_an_arrival_is_held_until_both_legs_of_a_fan_out_are_verified() -> None:
    chain = with_hop(a_chain(a_fan_out()), state=HopState.VERIFYING, arrival=COPY_ARN, promised_until=PROMISED)
    decision = take(chain, good(), route=a_fan_out())

    assert decision.commands == ()
    assert decision.chain.intermediate("arrival") == chain.intermediate("arrival")


@pytest.mark.parametrize("state", [IntermediateState.DUE, IntermediateState.RELEASING])
def test_a_reader_in_doubt_takes_back_what_was_not_deleted_yet(state: IntermediateState) -> None:
    told = an_announcement()
    chain = with_intermediate(with_hop(a_chain(), **VERIFIED), state=state, since=SINCE, failures=1)
    chain = replace(chain, pending=pending(*([RELEASE] if state == "RELEASING" else []), told, until=SECOND))
    decision = take(chain, good(key_state="Disabled"))

    held = replace(chain.intermediate("arrival"), state=IntermediateState.HELD, since=NOW)
    assert decision.chain.intermediate("arrival") == held
    assert RELEASE not in [each.command for each in decision.chain.pending]
    assert told in [each.command for each in decision.chain.pending]


def test_a_delete_that_was_asked_for_is_not_taken_back_and_is_seen_to_its_end() -> None:
    chain = with_intermediate(with_hop(a_chain(), **VERIFIED), state=IntermediateState.RELEASING)

    after = take(chain, good(key_state="Disabled")).chain
    assert after.intermediate("arrival") == chain.intermediate("arrival")


def test_an_effect_is_persisted_whole_under_a_fence_of_five_minutes() -> None:
    decision = take(a_chain(), surveyed())

    (start,) = decision.effects
    assert decision.chain.pending == (Pending(command=start, until=NOW + FENCE),)


def test_a_repeated_start_renews_its_fence_and_is_pending_once() -> None:
    told = an_announcement()
    chain = replace(flying(job_id=None), pending=pending(START, told))
    decision = take(chain, surveyed())

    assert decision.effects == (START,)
    assert decision.chain.pending == (*pending(told), *pending(START, until=FENCE))


OTHER_START = replace(START, subject="to-far", destination=SECOND_DR_VAULT)


@pytest.mark.parametrize(
    ("fact", "is_over"),
    [
        (seen.CopyStarted(hop="to-dr", command=START, job_id="JOB-9"), True),
        (seen.CopyRefused(hop="to-dr", command=START, code="ThrottlingException", message="slowly"), True),
        (seen.CopyUnanswered(hop="to-dr", message="timed out"), False),
        (seen.SiteSilent(hop="to-dr", why="timed out"), False),
    ],
)
def test_a_pending_start_is_over_when_it_was_answered_and_others_stay(fact: Observation, is_over: bool) -> None:
    kept = (an_announcement(), OTHER_START)
    chain = with_hop(flying(job_id=None, chain=a_chain(a_fan_out())), "to-far")
    chain = replace(chain, pending=pending(START, *kept, until=SECOND))
    after = take(chain, fact, route=a_fan_out()).chain

    assert after.pending == pending(*(() if is_over else (START,)), *kept, until=SECOND)


@pytest.mark.parametrize(
    ("fact", "is_over"),
    [
        (going.DeleteAccepted(intermediate="arrival"), True),
        (going.DeleteRefused(intermediate="arrival", code="InvalidResourceStateException", message="busy"), True),
        (going.IntermediateInspected(intermediate="arrival", point=None), True),
        (going.IntermediateInspected(intermediate="arrival", point=an_arrival(status="DELETING")), False),
    ],
)
def test_a_pending_delete_is_over_when_it_was_answered_and_others_stay(fact: Observation, is_over: bool) -> None:
    kept = (an_announcement(), replace(RELEASE, subject="to-dr", point=COPY_ARN, vault=DR_VAULT))
    chain = with_intermediate(with_hop(a_chain(), **VERIFIED), state=IntermediateState.RELEASING)
    chain = replace(chain, pending=pending(RELEASE, *kept, until=SECOND))
    after = take(chain, fact).chain

    assert after.pending == pending(*(() if is_over else (RELEASE,)), *kept, until=SECOND)


def test_an_answer_ends_the_silence_of_its_hop_and_time_alone_does_not() -> None:
    chain = with_hop(flying(silent_since=SINCE))

    assert take(chain, job_seen()).chain.hop("to-dr").notice.silent_since is None
    assert take(chain, seen.Noticed()).chain.hop("to-dr").notice.silent_since == SINCE
    assert take(chain, seen.SiteSilent(hop="to-dr", why="timed out")).chain.hop("to-dr").notice.silent_since == SINCE


@pytest.mark.parametrize(("minutes", "is_freed"), [(0, False), (4, False), (5, True), (60, True)])
def test_an_abandoned_copy_keeps_its_slot_until_aws_shows_it(minutes: int, is_freed: bool) -> None:
    """Its job may have been started a moment ago, or be started by a worker that does not know of it yet."""
    given_up = take(flying(), seen.AbandonAsked(by="ada")).chain
    later = advance(given_up, seen.Noticed(), route=a_route(), now=NOW + timedelta(minutes=minutes))

    assert given_up.next_check == NOW + timedelta(minutes=5)
    assert slots_of(given_up) == slots_of(flying())
    assert slots_of(later.chain) == (() if is_freed else slots_of(given_up))
    assert (WakeWaiting(lane=Lane(DR_VAULT.site, "RDS")) in later.commands) is is_freed


@pytest.mark.parametrize(("minutes", "is_finished"), [(1, False), (5, True)])
def test_an_abandoned_chain_is_not_forgotten_with_its_slot(minutes: int, is_finished: bool) -> None:
    given_up = take(replace(flying(), opened_at=NOW - timedelta(days=1)), seen.AbandonAsked(by="ada")).chain
    gone = seen.SourceInspected(hop="to-dr", point=None)
    after = advance(given_up, gone, route=a_route(), now=NOW + timedelta(minutes=minutes)).chain

    assert after.source_gone_at is not None
    assert (after.finished_at is not None, slots_of(after) == ()) == (is_finished, is_finished)


def test_a_freed_slot_wakes_who_waits_for_that_site_and_type() -> None:
    wake = WakeWaiting(lane=Lane(DR_VAULT.site, "RDS"))
    done = job_seen(state="COMPLETED", arrival=COPY_ARN)
    chain = flying()

    verify = InspectArrival(subject="to-dr", point=COPY_ARN)
    assert take(chain, done).commands == (verify, NoteSite(site=DR_VAULT.site, has_arrived=True), wake)
    assert take(chain, job_seen()).commands == ()
    assert wake not in take(chain, seen.AbandonAsked(by="ada")).commands


def test_time_moves_every_hop_and_every_intermediate_that_is_due_or_going() -> None:
    chain = with_hop(a_chain(a_sequence()), **VERIFIED)
    chain = with_hop(chain, "to-far", state=HopState.COPYING, job_id="JOB-7", attempt=1)
    chain = with_intermediate(chain, state=IntermediateState.DUE)
    chain = with_intermediate(chain, "to-dr", point=COPY_ARN)
    decision = take(chain, seen.Noticed(), route=a_sequence())

    assert decision.commands == (InspectJob(subject="to-far", job_id="JOB-7"), COUNT)
    assert decision.reason.startswith("to-dr: verified; to-far: asks about its copy job; arrival: asks")


def test_time_lets_held_and_released_intermediates_be() -> None:
    for state in (IntermediateState.HELD, IntermediateState.RELEASED):
        chain = with_intermediate(flying(), state=state)

        assert take(chain, seen.Noticed()).reason == "to-dr: asks about its copy job"


@pytest.mark.parametrize("state", [IntermediateState.RELEASED, IntermediateState.DUE])
def test_a_sequence_is_finished_when_its_copies_in_the_middle_were_released_and_its_last_one_is_gone(
    state: IntermediateState,
) -> None:
    gone = {**VERIFIED, "promised_until": NOW - SECOND}
    chain = with_hop(with_hop(a_chain(a_sequence()), **VERIFIED), "to-far", **{**gone, "arrival": COPY_ARN + "-far"})
    chain = with_intermediate(chain, state=IntermediateState.RELEASED)
    chain = with_intermediate(chain, "to-dr", point=COPY_ARN, state=state)
    fact = seen.ArrivalInspected(hop="to-far", arrival=COPY_ARN + "-far", point=None, vault_key_arn=None)
    after = take(chain, fact, route=a_sequence()).chain

    assert after.finished_at == (NOW if state is IntermediateState.RELEASED else None)
