"""Incidents: their ids, their groups, and the last call before a source expires."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from secondhop.domain.advance import advance
from secondhop.domain.announcing import announcements, incidents_of, open_ids
from secondhop.domain.chain import Chain
from secondhop.domain.classification import Cause
from secondhop.domain.command import Channel
from secondhop.domain.gathering import overflow_of
from secondhop.domain.hop import HopState, Trouble
from secondhop.domain.observation import Postponed
from secondhop.domain.outbox import LAST_CALL
from tests.builders import ARRIVAL_ARN, NOW, ORDERS, SECOND_DR_VAULT, a_chain, a_route, an_arrival, with_hop


def test_an_incident_keeps_its_id_and_names_cause_and_remedy() -> None:
    before = a_chain()
    after = in_trouble(before, Cause.SOURCE_KEY)
    message, event = announcements(before, after, NOW)

    assert (message.incident,) == (event.incident,) == open_ids(after, NOW)
    assert (message.channel, event.channel) == (Channel.TOPIC, Channel.BUS)
    assert event.circumstances is not None
    assert event.circumstances.cause == "SOURCE_KEY"
    assert "kms:CreateGrant" in "\n".join(message.lines)
    assert announcements(replace(after, incidents=open_ids(after, NOW)), after, NOW) == ()
    assert open_ids(replace(after, abandoned_by="ada"), NOW) == ()


def in_trouble(chain: Chain, cause: Cause, message: str = "denied") -> Chain:
    trouble = Trouble(cause=cause, message=message, since=NOW)
    return with_hop(chain, state=HopState.STRANDED, trouble=trouble, unresolved=trouble)


def test_incidents_of_one_mistake_share_a_group_and_keep_their_own_ids() -> None:
    first = in_trouble(a_chain(), Cause.PERMISSION, f"no right to copy {ARRIVAL_ARN}")
    other_point = an_arrival(arn=ARRIVAL_ARN + "-2", database=ORDERS + "-2")
    second = in_trouble(a_chain(point=other_point), Cause.PERMISSION, f"no right to copy {ARRIVAL_ARN}-2")
    third = in_trouble(a_chain(point=an_arrival(key_arn="another")), Cause.PERMISSION, "no right to copy x")
    (one,), (two,), (three,) = (incidents_of(chain) for chain in (first, second, third))

    assert one.group == two.group
    assert one.group != three.group
    assert one.id != two.id


LOSSES = ["SOURCE_GONE", "SOURCE_EXPIRED", "TOO_LATE", "VANISHED", "MISMATCH", "UNDECIDABLE", "CLAIMED", "STUCK"]


def group_of(chain: Chain) -> str:
    (incident,) = incidents_of(chain)
    return incident.group


@pytest.mark.parametrize("cause", LOSSES)
def test_losses_of_one_cause_site_and_day_share_a_group_whatever_their_texts_and_keys(cause: str) -> None:
    first = in_trouble(a_chain(), Cause(cause), "the copy is gone")
    other = a_chain(point=an_arrival(key_arn="another"))

    assert group_of(first) == group_of(in_trouble(other, Cause(cause), "it is smaller than promised"))


@pytest.mark.parametrize("cause", sorted(set(Cause) - set(LOSSES)))
def test_texts_and_keys_tell_groups_of_one_mistake_apart(cause: Cause) -> None:
    first = in_trouble(a_chain(), cause, "denied")
    other_key = in_trouble(a_chain(point=an_arrival(key_arn="another")), cause, "denied")

    assert len({group_of(each) for each in (first, other_key, in_trouble(a_chain(), cause, "not enabled"))}) == 3


@pytest.mark.parametrize("cause", sorted(Cause))
def test_each_cause_site_day_and_route_has_a_group_of_its_own(cause: Cause) -> None:
    first = in_trouble(a_chain(), cause)
    tomorrow = Trouble(cause=cause, message="denied", since=NOW + timedelta(days=1))
    others = [
        in_trouble(a_chain(), Cause.ROLE if cause is not Cause.ROLE else Cause.UNKNOWN),
        with_hop(a_chain(), unresolved=tomorrow),
        in_trouble(a_chain(a_route(name="another")), cause),
        with_hop(first, destination=SECOND_DR_VAULT),
    ]

    assert group_of(first) not in {group_of(each) for each in others}


def test_all_groups_of_one_cause_site_and_day_overflow_into_the_same_group() -> None:
    groups = {group_of(in_trouble(a_chain(), Cause.PERMISSION, text)) for text in ("denied", "not enabled")}
    other_cause = group_of(in_trouble(a_chain(), Cause.ROLE))

    (overflow,) = {overflow_of(group) for group in groups}
    assert overflow not in groups
    assert overflow_of(other_cause) != overflow
    assert {overflow_of(group + LAST_CALL) for group in groups} == {overflow + LAST_CALL}


@pytest.mark.parametrize("cause", ["SOURCE_GONE", "SOURCE_EXPIRED", "TOO_LATE"])
def test_there_is_no_last_call_for_what_is_lost(cause: str) -> None:
    chain = in_trouble(a_chain(point=an_arrival(delete_at=NOW + timedelta(days=7))), Cause(cause))

    assert len(open_ids(chain, NOW + timedelta(days=6))) == 1


def test_a_last_call_comes_two_days_before_the_source_expires_once() -> None:
    after = in_trouble(a_chain(point=an_arrival(delete_at=NOW + timedelta(days=7))), Cause.SOURCE_KEY)
    told = replace(after, incidents=open_ids(after, NOW))
    late = NOW + timedelta(days=5)
    call, _ = announcements(told, told, late)

    assert call.incident.endswith(LAST_CALL)
    assert "2026-01-12" in "\n".join(call.lines)
    assert announcements(told, told, late - timedelta(minutes=1)) == ()
    again = replace(told, incidents=open_ids(told, late))
    assert announcements(again, again, late) == ()
    closed, _ = announcements(again, with_hop(again, unresolved=None), late)
    assert closed.is_closed


def test_a_last_call_that_is_due_no_more_is_forgotten_in_silence() -> None:
    chain = in_trouble(a_chain(point=an_arrival(delete_at=NOW + timedelta(days=7))), Cause.SOURCE_KEY)
    late = NOW + timedelta(days=5)
    told = replace(chain, incidents=open_ids(chain, late))
    extended = replace(told, source_expires_at=NOW + timedelta(days=70))
    decision = advance(extended, Postponed(why="busy"), route=a_route(), now=late)

    assert decision.effects == ()
    assert decision.chain.incidents == open_ids(chain, NOW)


@pytest.mark.parametrize("expires_after", [timedelta(hours=12), None])
def test_there_is_no_last_call_where_the_first_message_is_fresh_or_nothing_expires(
    expires_after: timedelta | None,
) -> None:
    expires_at = None if expires_after is None else NOW + expires_after
    chain = in_trouble(replace(a_chain(), source_expires_at=expires_at), Cause.SOURCE_KEY)

    assert len(open_ids(chain, NOW + timedelta(days=30))) == 1


@pytest.mark.parametrize(
    ("cause", "next_step"),
    [
        (Cause.TRANSIENT, "Next: Second Hop tries again by itself until the source expires."),
        (Cause.SOURCE_KEY, "Next: Second Hop retries once a day until the source expires."),
        (
            Cause.VANISHED,
            "Next: Second Hop waits for an operator to retry or abandon. docs/runbook.md has the commands.",
        ),
    ],
)
def test_a_message_says_what_happens_next(cause: Cause, next_step: str) -> None:
    message, _ = announcements(a_chain(), in_trouble(a_chain(), cause), NOW)

    assert next_step in message.lines
