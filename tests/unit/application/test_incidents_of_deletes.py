"""The incident of a delete that failed or was refused ends when the intermediate need not be deleted any more."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from secondhop.application.ports import RefusedError
from secondhop.domain import observation as seen
from secondhop.domain import release_observation as going
from secondhop.domain.advance import Decision, advance
from secondhop.domain.announcing import incidents_of
from secondhop.domain.chain import Chain, IntermediateState
from secondhop.domain.classification import Cause
from secondhop.domain.command import ReleaseIntermediate
from secondhop.domain.hop import HopState, Trouble
from secondhop.domain.observation import Observation
from secondhop.domain.outbox import Pending
from secondhop.domain.route import Route
from tests.builders import (
    ARRIVAL_ARN,
    COPY_ARN,
    CUSTOMERS,
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
from tests.stand_ins import LOOK, Stage, arrived, job_news

HELD, DUE, GOING = IntermediateState.HELD, IntermediateState.DUE, IntermediateState.RELEASING
RELEASE = ReleaseIntermediate(subject="arrival", point=ARRIVAL_ARN, vault=WATCHED)
LATER = ARRIVAL_ARN + "-later"
CAUSES = [Cause.DELETE_FAILED, Cause.DELETE_REFUSED]


def in_trouble(cause: Cause, state: IntermediateState, *, is_present: bool = True) -> Chain:
    """A verified chain whose delete went wrong, announced. Without `is_present` the trouble is being retried."""
    chain = with_hop(
        a_chain(),
        state=HopState.VERIFIED,
        arrival=COPY_ARN,
        attempt=1,
        promised_until=NIGHT + timedelta(days=35),
        last_seen_at=NOW,
    )
    told = Trouble(cause=cause, message="As AWS said.", since=NOW - timedelta(days=1))
    chain = with_intermediate(chain, state=state, trouble=told if is_present else None, unresolved=told, failures=3)
    return replace(chain, incidents=tuple(each.id for each in incidents_of(chain)))


def take(chain: Chain, fact: Observation, route: Route | None = None) -> Decision:
    return advance(chain, fact, route=route or a_route(), now=NOW)


def is_closed(decision: Decision) -> bool:
    """Whether the delete's incident ended, and both channels are told."""
    told = [command for command in decision.commands if getattr(command, "is_closed", False)]
    intermediate = decision.chain.intermediate("arrival")
    return len(told) == 2 and intermediate.trouble is None and intermediate.unresolved is None


@pytest.mark.parametrize("cause", CAUSES)
@pytest.mark.parametrize(
    ("counted", "route"),
    [
        ({"newer": 0}, a_route()),
        ({"newer": 0, "unreadable": ("chain X cannot be read",)}, a_route()),
        ({"newer": 9}, a_route(keep={})),
    ],
)
def test_the_incident_of_a_delete_closes_when_the_intermediate_is_kept(
    cause: Cause, counted: dict[str, Any], route: Route
) -> None:
    fact = going.KeepSurveyed(intermediate="arrival", is_listed=True, **counted)
    decision = take(in_trouble(cause, DUE), fact, route)

    assert is_closed(decision)
    assert decision.chain.intermediate("arrival").state is DUE


@pytest.mark.parametrize("cause", CAUSES)
def test_the_incident_of_a_delete_closes_when_its_copy_is_in_doubt(cause: Cause) -> None:
    chain = with_hop(in_trouble(cause, DUE), arrival_is_adopted=True)
    decision = take(chain, going.KeepSurveyed(intermediate="arrival", newer=1, is_listed=True))

    assert is_closed(decision)
    assert decision.reason.startswith("arrival: kept until it expires: no copy job shows")


@pytest.mark.parametrize("cause", CAUSES)
@pytest.mark.parametrize("state", [DUE, GOING])
def test_the_incident_of_a_delete_closes_when_the_intermediate_is_held_again(
    cause: Cause, state: IntermediateState
) -> None:
    """The copy is wrong now: its own incident opens, and nothing may be deleted."""
    chain = in_trouble(cause, state)
    if state is GOING:
        chain = replace(chain, pending=(Pending(command=RELEASE, until=NOW),))
    look = seen.ArrivalInspected(hop="to-dr", arrival=COPY_ARN, point=None, vault_key_arn=DR_KEY)
    decision = take(chain, look)

    assert is_closed(decision)
    assert decision.chain.intermediate("arrival").state is HELD
    assert [trouble.cause for trouble in decision.chain.troubles()] == [Cause.VANISHED]


@pytest.mark.parametrize("cause", CAUSES)
@pytest.mark.parametrize("is_over", [False, True])
def test_the_incident_of_a_delete_closes_when_a_look_before_the_next_delete_stops_it(
    cause: Cause, is_over: bool
) -> None:
    chain = in_trouble(cause, GOING, is_present=False)
    if is_over:
        chain = with_hop(chain, promised_until=NOW)
    look = seen.ArrivalInspected(hop="to-dr", arrival=COPY_ARN, point=None, vault_key_arn=DR_KEY)
    decision = take(chain, going.ReleaseStopped(intermediate="arrival", hop="to-dr", inspected=look))

    assert is_closed(decision)
    assert decision.chain.intermediate("arrival").state is (DUE if is_over else HELD)


def test_the_incident_of_a_delete_stays_open_while_the_delete_is_tried_again() -> None:
    decision = take(
        in_trouble(Cause.DELETE_FAILED, DUE), going.KeepSurveyed(intermediate="arrival", newer=1, is_listed=True)
    )

    assert decision.effects == (RELEASE,)
    assert decision.chain.incidents == in_trouble(Cause.DELETE_FAILED, DUE).incidents


def test_operators_hear_that_a_refused_delete_is_not_wanted_any_more() -> None:
    """The vault was locked, and before the next try the newer arrival is gone."""
    stage = Stage(route=a_route(keep={"Aurora": 1}))
    later, aurora = NIGHT + timedelta(days=1), {"database": CUSTOMERS, "resource_type": "Aurora"}
    stage.backup.fail("delete", *[RefusedError("InvalidRequestException", "Backup vault configured with Lock")] * 9)
    for arn, night, job in ((ARRIVAL_ARN, NIGHT, "JOB-1"), (LATER, later, "JOB-2")):
        stage.backup.put(an_arrival(arn=arn, created_at=night, delete_at=night + timedelta(days=30), **aurora))
        stage(arrived(arn=arn, **aurora))
        copy = a_copy(arn=COPY_ARN + job, created_at=night, delete_at=night + timedelta(days=35), **aurora)
        stage(replace(job_news(stage.backup.finish(job, copy)), database=CUSTOMERS, resource_type="Aurora"))
        stage.drain()
    assert [message.is_closed for message in stage.announcer.messages] == [False]

    del stage.backup.points[WATCHED.arn, LATER]
    for _ in range(3):
        stage.clock.forward(days=1, minutes=1)
        stage(LOOK)

    assert [message.is_closed for message in stage.announcer.messages] == [False, True]
    assert stage.chain.troubles() == ()
    assert (WATCHED.arn, ARRIVAL_ARN) in stage.backup.points
