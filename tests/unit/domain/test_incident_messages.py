"""The messages of an incident, as a person and a program read them, from the first word to the last."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from secondhop.domain.announcing import announcements, last_call_at, open_ids
from secondhop.domain.chain import Chain, IntermediateState
from secondhop.domain.classification import REMEDIES, Cause
from secondhop.domain.command import Announce, Channel, Circumstances
from secondhop.domain.hop import HopState, Trouble
from secondhop.domain.outbox import LAST_CALL
from tests.builders import (
    ARRIVAL_ARN,
    COPY_ARN,
    DR_VAULT,
    NIGHT,
    NOW,
    ORDERS,
    SECOND_DR_VAULT,
    WATCHED,
    a_chain,
    a_fan_out,
    an_arrival,
    with_hop,
    with_intermediate,
)

EXPIRY = NIGHT + timedelta(days=7)
WHEREABOUTS = (
    f"Database: {ORDERS} (RDS)",
    "Backup created at: 2026-01-05T01:00:00+00:00",
    f"Recovery point: {ARRIVAL_ARN} in watched-vault, 444455556666/eu-west-1",
    "Destination: dr-vault in 444455556666/eu-central-1",
)
KNOWN = Circumstances(
    state="STRANDED",
    route="default",
    recovery_point=ARRIVAL_ARN,
    database=ORDERS,
    resource_type="RDS",
    created_at=NIGHT,
    watched_vault_arn=WATCHED.arn,
    destination_vault_arns=(DR_VAULT.arn,),
)


def in_trouble(cause: Cause, *, chain: Chain | None = None, **changes: object) -> Chain:
    trouble = Trouble(cause=cause, message="As AWS said.", since=NOW)
    made = {"state": HopState.STRANDED, "trouble": trouble, "unresolved": trouble, **changes}
    return with_hop(chain or a_chain(), **made)


def told(before: Chain, after: Chain, after_time: timedelta = timedelta(0)) -> Announce:
    """The one message, which is the same on both channels."""
    topic, bus = announcements(before, after, NOW + after_time)
    assert (topic.channel, bus.channel) == (Channel.TOPIC, Channel.BUS)
    assert replace(bus, channel=Channel.TOPIC) == topic
    return topic


@pytest.mark.parametrize(
    ("cause", "next_step"),
    [
        (Cause.QUOTA, "Second Hop tries again by itself until the source expires."),
        (Cause.ROLE, "Second Hop retries once a day until the source expires."),
        (Cause.MISMATCH, "Second Hop waits for an operator to retry or abandon. docs/runbook.md has the commands."),
    ],
)
def test_an_opening_says_what_happened_where_and_what_to_do_next(cause: Cause, next_step: str) -> None:
    after = in_trouble(cause)
    message = told(a_chain(), after)

    assert message.lines == (
        *WHEREABOUTS,
        "What happened: As AWS said.",
        f"Remedy: {REMEDIES[cause].words}",
        f"Next: {next_step}",
        "More recovery points may share this cause. A summary names them, once an hour at most.",
    )
    assert message.circumstances == replace(
        KNOWN,
        cause=str(cause),
        message="As AWS said.",
        remedy=REMEDIES[cause].words,
        next_step=next_step,
        group=message.group,
    )
    assert (message.title, message.subject) == (f"orders: {cause} (STRANDED)", "to-dr")
    assert not message.is_closed
    assert (message.incident,) == open_ids(after, NOW)


def test_an_incident_of_an_intermediate_is_told_from_where_it_lies() -> None:
    trouble = Trouble(cause=Cause.DELETE_FAILED, message="As AWS said.", since=NOW)
    gone = {"state": IntermediateState.RELEASING, "trouble": trouble, "unresolved": trouble}
    arrival = told(a_chain(), with_intermediate(a_chain(), **gone))
    hop = told(a_chain(), in_trouble(Cause.DELETE_FAILED))

    assert (arrival.subject, hop.subject) == ("arrival", "to-dr")
    assert arrival.group != hop.group, "another site has another group"
    assert arrival.incident != hop.incident


def test_a_message_names_every_vault_on_the_way() -> None:
    message = told(a_chain(a_fan_out()), in_trouble(Cause.ROLE, chain=a_chain(a_fan_out())))

    assert WHEREABOUTS[3] + ", far-vault in 444455556666/eu-north-1" in message.lines
    assert message.circumstances is not None
    assert message.circumstances.destination_vault_arns == (DR_VAULT.arn, SECOND_DR_VAULT.arn)


@pytest.mark.parametrize("cause", [Cause.ROLE, Cause.MISMATCH])
def test_a_last_call_is_the_opening_once_more_with_the_end_before_it(cause: Cause) -> None:
    after = in_trouble(cause)
    opening = told(a_chain(), after)
    call = told(replace(after, incidents=open_ids(after, NOW)), after, timedelta(days=5))

    assert opening.circumstances is not None
    assert call == replace(
        opening,
        incident=opening.incident + LAST_CALL,
        group=f"{opening.group}{LAST_CALL}",
        title=f"orders: {cause} (STRANDED), last call",
        lines=(f"Last call: the source expires on {EXPIRY.isoformat()}.", *opening.lines),
        circumstances=replace(opening.circumstances, source_expires_at=EXPIRY),
    )


@pytest.mark.parametrize(("by", "who"), [(None, "now WAITING"), ("ada", "abandoned by ada")])
def test_a_closing_says_how_it_ended_under_the_same_id_and_group(by: str | None, who: str) -> None:
    before = in_trouble(Cause.ROLE)
    opening = told(a_chain(), before)
    closing = told(replace(before, incidents=open_ids(before, NOW)), a_chain(abandoned_by=by))

    state = "WAITING" if by is None else "ABANDONED"
    assert closing == Announce(
        subject="chain",
        incident=opening.incident,
        group=opening.group,
        is_closed=True,
        title="orders: closed",
        lines=(*WHEREABOUTS, f"The chain is {who}."),
        circumstances=replace(KNOWN, state=state, group=opening.group),
    )


def test_a_last_call_ends_without_a_word() -> None:
    before = in_trouble(Cause.ROLE)
    (opened,) = open_ids(before, NOW)
    closed = announcements(replace(before, incidents=(opened, opened + LAST_CALL)), a_chain(), NOW)

    assert {each.incident for each in closed} == {opened}


@pytest.mark.parametrize(
    ("expires_in", "moment"),
    [
        (timedelta(days=7), NOW + timedelta(days=5)),
        (timedelta(days=2, hours=12), NOW + timedelta(hours=12)),
        (timedelta(days=1), NOW + timedelta(hours=12)),
        (timedelta(hours=12, seconds=1), NOW + timedelta(hours=12)),
        (timedelta(hours=12), None),
    ],
)
def test_a_last_call_comes_two_days_before_the_end_but_half_a_day_after_the_first_message(
    expires_in: timedelta, moment: object
) -> None:
    chain = in_trouble(Cause.ROLE, chain=a_chain(source_expires_at=NOW + expires_in))

    assert last_call_at(chain) == moment


def test_a_last_call_is_due_at_its_moment_and_not_before() -> None:
    chain = in_trouble(Cause.ROLE, chain=a_chain(source_expires_at=NOW + timedelta(days=7)))
    moment = NOW + timedelta(days=5)

    assert len(open_ids(chain, moment - timedelta(seconds=1))) == 1
    assert [each.endswith(LAST_CALL) for each in open_ids(chain, moment)] == [False, True]


@pytest.mark.parametrize(
    "chain",
    [
        in_trouble(Cause.SOURCE_GONE),
        in_trouble(Cause.TOO_LATE),
        in_trouble(Cause.ROLE, arrival=COPY_ARN),
        in_trouble(Cause.ROLE, chain=a_chain(point=an_arrival(delete_at=None))),
        in_trouble(Cause.ROLE, chain=a_chain(abandoned_by="ada")),
        with_intermediate(a_chain(), unresolved=Trouble(cause=Cause.DELETE_FAILED, message="", since=NOW)),
        a_chain(),
    ],
    ids=["source gone", "too late", "arrived", "no expiry", "abandoned", "intermediate", "no trouble"],
)
def test_there_is_no_last_call_where_nothing_is_left_to_save(chain: Chain) -> None:
    assert last_call_at(chain) is None


@pytest.mark.parametrize("cause", [Cause.VANISHED, Cause.MISMATCH, Cause.UNENCRYPTED, Cause.KEY_UNUSABLE])
def test_a_bad_copy_has_a_last_call_as_long_as_its_intermediate_exists(cause: Cause) -> None:
    chain = in_trouble(cause, arrival=COPY_ARN)

    assert last_call_at(chain) == EXPIRY - timedelta(days=2)
    assert last_call_at(with_intermediate(chain, state=IntermediateState.RELEASED)) is None
    assert last_call_at(replace(chain, source_gone_at=NOW)) is None


def test_of_two_hops_only_the_one_without_a_copy_is_called_for_and_the_earlier_first() -> None:
    late = Trouble(cause=Cause.ROLE, message="", since=EXPIRY - timedelta(hours=20))
    both = with_hop(in_trouble(Cause.ROLE, chain=a_chain(a_fan_out())), "to-far", unresolved=late)

    assert last_call_at(both) == EXPIRY - timedelta(days=2)
    assert last_call_at(with_hop(both, arrival=COPY_ARN)) == EXPIRY - timedelta(hours=8)


def test_incidents_of_one_mistake_part_by_day_route_site_and_text() -> None:
    def group(chain: Chain) -> str | None:
        return told(replace(chain, hops=a_chain().hops), chain).group

    tomorrow = Trouble(cause=Cause.ROLE, message="As AWS said.", since=NOW + timedelta(days=1))
    other_words = Trouble(cause=Cause.ROLE, message="In other words.", since=NOW)
    one = group(in_trouble(Cause.ROLE))
    others = [
        in_trouble(Cause.PERMISSION),
        in_trouble(Cause.ROLE, unresolved=tomorrow),
        in_trouble(Cause.ROLE, unresolved=other_words),
        in_trouble(Cause.ROLE, chain=a_chain(key_arn=None)),
        in_trouble(Cause.ROLE, destination=SECOND_DR_VAULT),
        in_trouble(Cause.ROLE, chain=a_chain(key=replace(a_chain().key, route="another"))),
    ]
    assert one is not None
    assert len({one, *(group(chain) for chain in others)}) == 1 + len(others)
    assert group(in_trouble(Cause.ROLE, chain=a_chain(key=replace(a_chain().key, recovery_point="x")))) == one
