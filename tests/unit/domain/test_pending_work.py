"""What a chain still has to do after a step: send messages, close incidents, check again, and end."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from secondhop.domain import observation as seen
from secondhop.domain import release_observation as going
from secondhop.domain.advance import advance
from secondhop.domain.announced import Announced
from secondhop.domain.announcing import open_ids
from secondhop.domain.chain import Chain, IntermediateState
from secondhop.domain.classification import Cause
from secondhop.domain.command import (
    Announce,
    Channel,
)
from secondhop.domain.hop import HopState, Trouble
from secondhop.domain.observation import Observation
from secondhop.domain.outbox import LAST_CALL
from tests.builders import (
    COPY_ARN,
    NOW,
    a_chain,
    a_fan_out,
    a_route,
    an_arrival,
    with_hop,
    with_intermediate,
)
from tests.decisions import an_announcement, flying, good, pending, take
from tests.hop_steps import DAY, HOUR, SECOND, SINCE, START, VERIFIED, a_chain_in, job_seen, surveyed

FENCE = timedelta(minutes=5)


@pytest.mark.parametrize("fact", [seen.Noticed(), seen.RetryAsked(by="ada"), job_seen(), surveyed()])
def test_an_abandoned_chain_only_sends_its_pending_messages(fact: Observation) -> None:
    due, fresh = an_announcement(), an_announcement("two")
    chain = replace(flying(since=NOW), abandoned_by="ada", pending=(*pending(due), *pending(fresh, until=SECOND)))
    decision = take(chain, fact)

    assert decision.commands == (due,)
    assert decision.reason == "abandoned by ada; nothing is done"
    assert decision.chain == replace(
        chain, pending=(*pending(fresh, until=SECOND), *pending(due, until=FENCE)), next_check=NOW + SECOND
    )


def test_who_abandons_a_chain_is_written_down_and_nothing_stays_pending() -> None:
    chain = replace(a_chain(), pending=pending(START))
    decision = take(chain, seen.AbandonAsked(by="ada"))

    look = NOW + timedelta(days=7)
    assert decision.chain == replace(chain, abandoned_by="ada", pending=(), next_check=look)
    assert (decision.commands, decision.reason) == ((), "abandoned by ada")


def test_what_was_postponed_is_looked_at_in_a_quarter_of_an_hour() -> None:
    chain = flying()
    decision = take(chain, seen.Postponed(why="paused by ada"))

    assert decision.chain.next_check == NOW + timedelta(minutes=15)
    assert (decision.commands, decision.reason) == ((), "paused by ada")


def test_an_announcement_is_forgotten_only_where_and_as_it_was_told() -> None:
    told = an_announcement()
    others = (
        an_announcement(channel=Channel.BUS),
        an_announcement(is_closed=True),
        an_announcement("two"),
        START,
    )
    chain = replace(flying(), pending=pending(told, *others, until=SECOND))
    decision = take(chain, Announced(incident="one", is_closed=False))

    assert decision.chain.pending == pending(*others, until=SECOND)
    assert decision.reason == "incident one was announced"


@pytest.mark.parametrize("fact", [seen.Noticed(), job_seen(), seen.RetryAsked(by="ada")])
def test_what_may_not_have_been_told_is_told_again_after_its_fence(fact: Observation) -> None:
    due, fresh = an_announcement(), an_announcement("two")
    chain = replace(flying(), pending=(*pending(due), *pending(fresh, until=SECOND)))

    assert take(chain, fact).effects == (due,)
    assert take(chain, fact).chain.pending == (*pending(fresh, until=SECOND), *pending(due, until=FENCE))


def test_an_opening_that_was_not_told_yet_does_not_follow_its_closing() -> None:
    trouble = Trouble(cause=Cause.STUCK, message="stuck", since=SINCE)
    chain = a_chain_in(HopState.COPYING, trouble=trouble, unresolved=trouble)
    (incident,) = open_ids(chain, NOW)
    late = (an_announcement(incident), an_announcement(incident + LAST_CALL))
    other = an_announcement("two")
    chain = replace(chain, incidents=(incident,), pending=pending(*late, other))
    decision = take(chain, job_seen())

    assert [(each.incident, each.is_closed) for each in decision.effects if isinstance(each, Announce)] == [
        ("two", False),
        (incident, True),
        (incident, True),
    ]
    assert not {*late} & {each.command for each in decision.chain.pending}
    assert decision.chain.incidents == ()


def troubled(cause: Cause = Cause.ROLE) -> Trouble:
    return Trouble(cause=cause, message="As AWS said.", since=SINCE)


@pytest.mark.parametrize(
    ("before", "fact", "unresolved"),
    [
        ({"trouble": None}, seen.AskingRefused(hop="to-dr", message="not authorized to"), Cause.PERMISSION),
        ({"unresolved": troubled()}, seen.Noticed(), Cause.ROLE),
        ({"trouble": troubled(), "unresolved": troubled()}, seen.RetryAsked(by="ada"), Cause.ROLE),
        ({"trouble": troubled(Cause.STUCK), "unresolved": troubled(Cause.STUCK)}, job_seen(), None),
        ({"trouble": None, "unresolved": troubled()}, job_seen(state="COMPLETED", arrival=COPY_ARN), Cause.ROLE),
    ],
)
def test_a_trouble_that_was_told_is_open_until_its_hop_got_on(
    before: dict[str, Any], fact: Observation, unresolved: Cause | None
) -> None:
    after = take(a_chain_in(HopState.COPYING, **before), fact).chain.hop("to-dr").notice.unresolved

    assert (after and after.cause) == unresolved


def test_a_trouble_is_over_when_its_hop_is_verified() -> None:
    chain = a_chain_in(HopState.VERIFYING, arrival=COPY_ARN, trouble=None, unresolved=troubled())

    assert take(chain, good()).chain.hop("to-dr").notice.unresolved is None


def test_the_same_trouble_again_keeps_the_date_and_words_of_the_first() -> None:
    chain = a_chain_in(HopState.COPYING, unresolved=troubled(Cause.PERMISSION))
    after = take(chain, seen.AskingRefused(hop="to-dr", message="not authorized to")).chain.hop("to-dr")

    assert after.notice.unresolved == troubled(Cause.PERMISSION)
    assert after.notice.trouble == Trouble(cause=Cause.PERMISSION, message="not authorized to", since=NOW)


@pytest.mark.parametrize(
    ("trouble", "point", "unresolved"),
    [
        (None, None, None),
        (troubled(Cause.DELETE_FAILED), None, None),
        (None, "DELETING", Cause.DELETE_FAILED),
        (troubled(Cause.DELETE_FAILED), "DELETING", Cause.DELETE_FAILED),
    ],
)
def test_a_trouble_of_an_intermediate_is_over_when_it_is_seen_gone(
    trouble: Trouble | None, point: str | None, unresolved: Cause | None
) -> None:
    chain = with_intermediate(
        with_hop(a_chain(), **VERIFIED),
        state=IntermediateState.RELEASING,
        trouble=trouble,
        unresolved=troubled(Cause.DELETE_FAILED),
        since=SINCE,
    )
    found = None if point is None else an_arrival(status=point)
    after = take(chain, going.IntermediateInspected(intermediate="arrival", point=found)).chain

    told = after.intermediate("arrival").unresolved
    assert (told and told.cause) == unresolved


def a_released_chain(**changes: Any) -> Chain:
    gone = {"promised_until": NOW, "seen_gone_at": None}
    chain = with_hop(a_chain(), **{**VERIFIED, **gone, **changes})
    return with_intermediate(chain, state=IntermediateState.RELEASED)


def test_a_chain_is_finished_when_every_point_that_it_claimed_was_seen_gone() -> None:
    decision = take(a_released_chain(), good(point=None))

    assert (decision.chain.finished_at, decision.chain.next_check) == (NOW, None)
    later = advance(decision.chain, seen.Noticed(), route=a_route(), now=NOW + DAY)
    assert (later.chain.finished_at, later.commands) == (NOW, ())


@pytest.mark.parametrize("state", [IntermediateState.HELD, IntermediateState.DUE, IntermediateState.RELEASING])
def test_a_chain_is_not_finished_while_its_intermediate_may_stand(state: IntermediateState) -> None:
    decision = take(with_intermediate(a_released_chain(), state=state), good(point=None))

    assert decision.chain.finished_at is None


def test_a_chain_is_not_finished_while_it_has_something_to_tell() -> None:
    chain = replace(a_released_chain(), pending=pending(an_announcement(), until=SECOND))
    decision = take(chain, good(point=None))

    assert (decision.chain.finished_at, decision.chain.next_check) == (None, NOW + SECOND)


@pytest.mark.parametrize(
    ("planned", "expected"),
    [
        (NOW + timedelta(minutes=1), NOW + timedelta(minutes=1)),
        (NOW + HOUR, NOW + timedelta(minutes=30)),
        (NOW, NOW + timedelta(minutes=30)),
        (None, NOW + timedelta(minutes=30)),
    ],
)
def test_a_fact_that_changes_nothing_does_not_put_off_the_next_look(
    planned: datetime | None, expected: datetime
) -> None:
    chain = replace(flying(), next_check=planned)

    assert take(chain, job_seen()).chain.next_check == expected


def test_a_fact_that_changes_something_sets_its_own_pace() -> None:
    chain = replace(flying(silent_since=SINCE), next_check=NOW + SECOND)

    assert take(chain, job_seen()).chain.next_check == NOW + timedelta(minutes=30)


def test_a_reason_names_its_hop_and_says_each_thing_once() -> None:
    same = take(a_chain(a_fan_out()), seen.Noticed(), route=a_fan_out()).reason

    assert same == "to-dr: looks for existing copies first; to-far: looks for existing copies first"
    strange = take(a_chain(), seen.JobMissing(hop="elsewhere", job_id="JOB-1"))
    assert (strange.reason, strange.commands) == ("this chain has no hop elsewhere", ())
    strange = take(a_chain(), going.DeleteAccepted(intermediate="elsewhere"))
    assert (strange.reason, strange.commands) == ("this chain has no intermediate elsewhere", ())
