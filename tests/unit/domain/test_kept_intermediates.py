"""Why an intermediate is kept that its route would release: it is not known to be ours, or would outlive its copies."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from secondhop.domain import observation as seen
from secondhop.domain import release_observation as going
from secondhop.domain.advance import Decision, advance
from secondhop.domain.chain import Chain, IntermediateState
from secondhop.domain.command import InspectIntermediate, ReleaseIntermediate, SurveyKeep
from secondhop.domain.hop import HopState
from secondhop.domain.observation import Observation, PointSeen
from secondhop.domain.outbox import Pending
from secondhop.domain.route import Route
from tests.builders import (
    ARRIVAL_ARN,
    COPY_ARN,
    DR_KEY,
    DR_VAULT,
    NIGHT,
    NOW,
    WATCHED,
    a_chain,
    a_copy,
    a_route,
    a_sequence,
    with_hop,
    with_intermediate,
)

DUE, GOING = IntermediateState.DUE, IntermediateState.RELEASING
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
WINDOW = timedelta(hours=8)
RELEASE = ReleaseIntermediate(subject="arrival", point=ARRIVAL_ARN, vault=WATCHED)
ASK = InspectIntermediate(subject="arrival", point=ARRIVAL_ARN)
COUNT = SurveyKeep(subject="arrival")


def verified(chain: Chain, name: str = "to-dr", **changes: Any) -> Chain:
    made = {"state": HopState.VERIFIED, "arrival": COPY_ARN, "attempt": 1, "since": NOW, "last_seen_at": NOW}
    return with_hop(chain, name, promised_until=NIGHT + 35 * DAY, **(made | changes))


def due(chain: Chain | None = None, **changes: Any) -> Chain:
    return with_intermediate(verified(chain or a_chain()), state=DUE, **changes)


def take(chain: Chain, fact: Observation, *, route: Route | None = None, now: datetime = NOW) -> Decision:
    return advance(chain, fact, route=route or a_route(), now=now)


def counted(**changes: Any) -> going.KeepSurveyed:
    return replace(going.KeepSurveyed(intermediate="arrival", newer=1, is_listed=True), **changes)


@pytest.mark.parametrize(("came_from_workload", "is_proven"), [(True, False), (False, True), (True, True)])
def test_an_arrival_goes_when_it_is_known_to_come_from_a_workload_account_or_not_to_be_brought_back(
    came_from_workload: bool, is_proven: bool
) -> None:
    decision = take(due(a_chain(came_from_workload=came_from_workload)), counted(is_from_workload=is_proven))

    assert decision.effects == (RELEASE,)
    assert decision.chain.came_from_workload


def test_an_arrival_of_unknown_origin_is_kept_until_it_expires() -> None:
    decision = take(due(a_chain(came_from_workload=False)), counted())

    assert decision.commands == (ASK,)
    assert decision.chain.intermediate("arrival").state is DUE
    assert decision.reason == "arrival: kept until it expires: nothing shows that it came from a workload account"


@pytest.mark.parametrize(
    ("hop", "reason"),
    [
        ({"arrival_is_adopted": True}, f"no copy job shows that {COPY_ARN} was made from it"),
        ({"seen_gone_at": NOW}, f"its copy {COPY_ARN} is gone"),
    ],
)
def test_an_arrival_is_kept_whose_copy_is_gone_or_was_found_without_a_job(hop: dict[str, Any], reason: str) -> None:
    chain = with_hop(due(), **hop)
    decision = take(chain, counted(is_from_workload=True))

    assert decision.commands == (ASK,)
    assert decision.chain.intermediate("arrival").state is DUE
    assert decision.reason == f"arrival: kept until it expires: {reason}"


def test_an_onward_copy_needs_no_origin_since_the_chain_made_it_itself() -> None:
    chain = verified(verified(a_chain(a_sequence(), came_from_workload=False)), "to-far", arrival=COPY_ARN + "-far")
    chain = with_intermediate(chain, "to-dr", state=DUE, point=COPY_ARN)
    decision = take(chain, counted(intermediate="to-dr"), route=a_sequence())

    assert decision.effects == (ReleaseIntermediate(subject="to-dr", point=COPY_ARN, vault=DR_VAULT),)


def declined(expires_at: datetime | None) -> going.ReleaseDeclined:
    return going.ReleaseDeclined(intermediate="arrival", expires_at=expires_at, copies_expire_at=NIGHT + 35 * DAY)


@pytest.mark.parametrize(
    ("expires_at", "kept_until", "its_own"),
    [
        (None, NOW + DAY, "has no expiry"),
        (NOW + 90 * DAY, NOW + 7 * DAY, f"expires on {(NOW + 90 * DAY).isoformat()}"),
        (NOW + 7 * DAY - WINDOW, NOW + 7 * DAY, f"expires on {(NOW + 7 * DAY - WINDOW).isoformat()}"),
        (NOW + 2 * DAY, NOW + 2 * DAY + WINDOW, f"expires on {(NOW + 2 * DAY).isoformat()}"),
    ],
)
def test_an_intermediate_that_would_outlive_its_copies_is_kept_and_looked_at_again(
    expires_at: datetime | None, kept_until: datetime, its_own: str
) -> None:
    pending = (Pending(command=RELEASE, until=NOW + timedelta(minutes=5)),)
    chain = replace(with_intermediate(due(), state=GOING, since=NOW - DAY), pending=pending)
    decision = take(chain, declined(expires_at))

    kept = replace(chain.intermediate("arrival"), state=DUE, since=NOW, kept_until=kept_until)
    assert decision.chain.intermediate("arrival") == kept
    assert (decision.commands, decision.chain.pending) == ((), ())
    copies = (NIGHT + 35 * DAY).isoformat()
    assert decision.reason == f"arrival: kept: it {its_own}, and its copies expire on {copies}"


@pytest.mark.parametrize(
    ("promised_until", "copy", "state", "gone_at"),
    [
        (NOW, None, DUE, NOW),
        (NOW, a_copy(status="EXPIRED"), DUE, None),
        (NOW + SECOND, None, IntermediateState.HELD, None),
        (NOW + SECOND, a_copy(status="EXPIRED"), IntermediateState.HELD, None),
        (None, None, IntermediateState.HELD, None),
    ],
)
def test_an_intermediate_whose_copy_has_had_its_time_is_kept_without_an_incident(
    promised_until: datetime | None, copy: PointSeen | None, state: IntermediateState, gone_at: datetime | None
) -> None:
    chain = with_intermediate(with_hop(due(), promised_until=promised_until), state=GOING)
    look = seen.ArrivalInspected(hop="to-dr", arrival=COPY_ARN, point=copy, vault_key_arn=DR_KEY, key_state="Enabled")
    decision = take(chain, going.ReleaseStopped(intermediate="arrival", hop="to-dr", inspected=look))

    assert decision.chain.intermediate("arrival").state is state
    assert decision.chain.hop("to-dr").arrival.seen_gone_at == gone_at
    is_incident = state is not DUE
    assert (bool(decision.chain.troubles()), bool(decision.effects)) == (is_incident, is_incident)


@pytest.mark.parametrize(
    ("fact", "left", "commands"),
    [
        (seen.Noticed(), SECOND, ()),
        (seen.Noticed(), timedelta(0), (COUNT,)),
        (seen.Noticed(), -DAY, (COUNT,)),
        (seen.RetryAsked(by="ada"), SECOND, (COUNT,)),
    ],
)
def test_a_kept_intermediate_is_considered_again_when_its_time_has_come_or_an_operator_asks(
    fact: Observation, left: timedelta, commands: tuple[object, ...]
) -> None:
    decision = take(due(kept_until=NOW + left), fact)

    assert decision.commands == commands
    assert decision.chain.intermediate("arrival").kept_until == NOW + left


@pytest.mark.parametrize(
    ("kept_until", "check"), [(None, NOW + DAY), (NOW - DAY, NOW + DAY), (NOW + 5 * DAY, NOW + 5 * DAY)]
)
def test_a_kept_intermediate_wakes_its_chain_no_sooner_than_it_is_considered(
    kept_until: datetime | None, check: datetime
) -> None:
    chain = with_hop(due(kept_until=kept_until), is_superseded=True)

    assert take(chain, counted(newer=0)).chain.next_check == check
