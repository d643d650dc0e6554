"""Rules of an intermediate: it goes late, once, and is seen to be gone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from secondhop.domain import observation as seen
from secondhop.domain import release_observation as going
from secondhop.domain.advance import Decision, advance
from secondhop.domain.chain import Chain, IntermediateState
from secondhop.domain.classification import Cause
from secondhop.domain.command import Announce, InspectIntermediate, ReleaseIntermediate, SurveyKeep
from secondhop.domain.hop import HopState
from secondhop.domain.observation import Observation
from secondhop.domain.outbox import Pending
from secondhop.domain.route import Route
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

RELEASE = ReleaseIntermediate(subject="arrival", point=ARRIVAL_ARN, vault=WATCHED)


def an_intermediate(state: IntermediateState, **changes: object) -> Chain:
    promised = NIGHT + timedelta(days=35)
    verified = with_hop(
        a_chain(), state=HopState.VERIFIED, arrival=COPY_ARN, attempt=1, promised_until=promised, since=NOW
    )
    return with_intermediate(verified, state=state, **changes)


def take(chain: Chain, fact: Observation, *, after: timedelta = timedelta(0), route: Route | None = None) -> Decision:
    return advance(chain, fact, route=route or a_route(), now=NOW + after)


def surveyed(newer: int, *, is_listed: bool = True) -> going.KeepSurveyed:
    return going.KeepSurveyed(intermediate="arrival", newer=newer, is_listed=is_listed)


def inspected(status: str | None) -> going.IntermediateInspected:
    point = None if status is None else an_arrival(status=status)
    return going.IntermediateInspected(intermediate="arrival", point=point)


@pytest.mark.parametrize("fact", [seen.Noticed(), seen.RetryAsked(by="ada")])
def test_time_and_operators_make_a_release_go_on(fact: Observation) -> None:
    asks_gone = InspectIntermediate(subject="arrival", point=ARRIVAL_ARN)

    assert SurveyKeep(subject="arrival") in take(an_intermediate(IntermediateState.DUE), fact).commands
    assert asks_gone in take(an_intermediate(IntermediateState.RELEASING), fact).commands


def test_the_newest_arrivals_are_kept() -> None:
    decision = take(an_intermediate(IntermediateState.DUE), surveyed(0))

    assert decision.effects == ()
    assert decision.chain.state == "COMPLETE"


def test_a_route_that_keeps_all_lets_them_expire() -> None:
    assert take(an_intermediate(IntermediateState.DUE), surveyed(9), route=a_route(keep={})).effects == ()


def test_an_arrival_that_is_only_not_ready_sends_the_hop_back_to_verifying() -> None:
    stopped = going.ReleaseStopped(
        intermediate="arrival",
        hop="to-dr",
        inspected=seen.ArrivalInspected(
            hop="to-dr", arrival=COPY_ARN, point=a_copy(delete_at=None), vault_key_arn=DR_KEY, key_state="Enabled"
        ),
    )
    chain = take(an_intermediate(IntermediateState.RELEASING), stopped).chain

    assert chain.hop("to-dr").state is HopState.VERIFYING
    assert chain.intermediate("arrival").state is IntermediateState.HELD


def test_an_accepted_delete_is_no_end_and_says_what_would_be() -> None:
    decision = take(an_intermediate(IntermediateState.RELEASING), going.DeleteAccepted(intermediate="arrival"))

    assert decision.chain.state == "RELEASING"
    assert "it is done when the point is seen gone" in decision.reason


def test_a_delete_that_meets_nothing_is_looked_at_before_it_is_believed() -> None:
    for code in (
        "ResourceNotFoundException",
        "InvalidResourceStateException",
        "ThrottlingException",
        "LimitExceededException",
    ):
        fact = going.DeleteRefused(intermediate="arrival", code=code, message="")
        chain = take(an_intermediate(IntermediateState.RELEASING), fact).chain

        assert chain.intermediate("arrival").state is IntermediateState.RELEASING
        assert chain.troubles() == ()


def test_a_point_that_stays_in_deleting_is_an_incident_after_three_days() -> None:
    chain = an_intermediate(IntermediateState.RELEASING)

    assert take(chain, inspected("DELETING"), after=timedelta(days=2)).chain.troubles() == ()
    stuck = take(chain, inspected("DELETING"), after=timedelta(days=3)).chain
    assert stuck.troubles()[0].cause is Cause.DELETE_FAILED
    assert take(stuck, inspected("DELETING"), after=timedelta(days=4)).chain.troubles() == stuck.troubles()


def test_an_expired_leftover_is_announced_once_and_deleted_again_daily() -> None:
    chain = an_intermediate(IntermediateState.RELEASING)
    told = take(chain, inspected("EXPIRED"))
    assert [type(effect) for effect in told.effects] == [Announce, Announce]

    soon = take(told.chain, inspected("EXPIRED"), after=timedelta(hours=1))
    assert soon.commands == ()
    later = take(told.chain, inspected("EXPIRED"), after=timedelta(days=1))
    assert later.commands == (RELEASE,)


def test_a_hop_that_is_in_doubt_again_takes_its_intermediate_back() -> None:
    pending = Pending(command=RELEASE, until=NOW + timedelta(minutes=5))
    chain = replace(an_intermediate(IntermediateState.RELEASING), pending=(pending,))
    decision = take(chain, seen.AskingRefused(hop="to-dr", message="not authorized"))

    assert decision.chain.intermediate("arrival").state is IntermediateState.HELD
    assert RELEASE not in [each.command for each in decision.chain.pending]


def test_a_fact_that_means_nothing_changes_nothing() -> None:
    decision = take(an_intermediate(IntermediateState.RELEASED), inspected("COMPLETED"))

    assert "changes nothing while RELEASED" in decision.reason
