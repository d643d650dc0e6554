"""When a chain is finished: every recovery point that it claimed was seen gone, also of stranded and abandoned ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypedDict

import pytest

from secondhop.domain import abandoned
from secondhop.domain import observation as seen
from secondhop.domain.advance import advance
from secondhop.domain.announced import Announced
from secondhop.domain.announcing import open_ids
from secondhop.domain.chain import Chain, IntermediateState
from secondhop.domain.checking import next_check
from secondhop.domain.classification import Cause
from secondhop.domain.command import Announce, InspectArrival, InspectSource, WakeWaiting
from secondhop.domain.ending import is_forgotten_by_aws
from secondhop.domain.hop import HopState, Trouble
from secondhop.domain.lane import Lane
from secondhop.domain.observation import Observation
from secondhop.domain.outbox import Pending
from tests.builders import (
    COPY_ARN,
    DR_KEY,
    DR_VAULT,
    NIGHT,
    NOW,
    a_chain,
    a_copy,
    a_fan_out,
    a_route,
    a_sequence,
    an_arrival,
    with_hop,
    with_intermediate,
)
from tests.hop_steps import a_chain_in

SECOND, HOUR, DAY = (timedelta(**{unit: 1}) for unit in ("seconds", "hours", "days"))


class Gone(TypedDict):
    source_gone_at: datetime


GONE: Gone = {"source_gone_at": NOW - DAY}
STANDS: dict[str, Any] = {}
STRANDED = {"state": HopState.STRANDED, "trouble": Trouble(cause=Cause.VANISHED, message="gone", since=NOW - DAY)}
COPIED = {"arrival": COPY_ARN, "promised_until": NIGHT + 35 * DAY}
SEEN_GONE = COPIED | {"seen_gone_at": NOW}
SOURCE = InspectSource(subject="to-dr")
COPY = InspectArrival(subject="to-dr", point=COPY_ARN)


def given_up(**changes: Any) -> Chain:
    return a_chain(abandoned_by="ada", **changes)


@pytest.mark.parametrize(
    ("chain", "is_over"),
    [
        (with_hop(a_chain(**GONE), **STRANDED), True),
        (with_hop(a_chain(**GONE), **STRANDED, **COPIED), False),
        (with_hop(a_chain(**GONE), **STRANDED, **SEEN_GONE), True),
        (with_hop(a_chain(**STANDS), **STRANDED), False),
        (with_hop(a_chain(**STANDS), **STRANDED, **SEEN_GONE), False),
        (with_hop(a_chain(**GONE), state=HopState.WAITING), False),
        (with_hop(a_chain(**GONE), state=HopState.COPYING), False),
        (with_hop(a_chain(**GONE), state=HopState.VERIFIED, **COPIED), False),
        (with_hop(a_chain(**GONE), state=HopState.VERIFIED, **SEEN_GONE), True),
        (replace(with_hop(a_chain(**GONE), **STRANDED), intermediates=()), True),
        (replace(with_hop(a_chain(**STANDS), **STRANDED), intermediates=()), False),
        (replace(given_up(**STANDS), intermediates=()), False),
        (given_up(**GONE), True),
        (given_up(**STANDS), False),
        (with_hop(given_up(**GONE), **COPIED), False),
        (with_hop(given_up(**GONE), **SEEN_GONE), True),
        (with_intermediate(with_hop(a_chain(), **SEEN_GONE), state=IntermediateState.RELEASED), True),
        (with_intermediate(with_hop(a_chain(), **SEEN_GONE), state=IntermediateState.DUE), False),
        (with_intermediate(with_hop(a_chain(), **COPIED), state=IntermediateState.RELEASED), False),
    ],
)
def test_a_chain_is_over_when_its_source_and_its_copy_are_gone_and_none_can_come(chain: Chain, is_over: bool) -> None:
    assert is_forgotten_by_aws(chain) is is_over


def a_stranded_sequence(second: dict[str, Any], **first: Any) -> Chain:
    """A chain of two hops in a row whose source is gone."""
    return with_hop(with_hop(a_chain(a_sequence(), **GONE), **STRANDED, **first), "to-far", **second)


@pytest.mark.parametrize(
    ("chain", "is_over"),
    [
        (a_stranded_sequence({}), True),
        (a_stranded_sequence({}, **COPIED), False),
        (a_stranded_sequence({}, **SEEN_GONE), True),
        (a_stranded_sequence({"arrival": COPY_ARN + "-far"}, **SEEN_GONE), False),
        (with_intermediate(a_stranded_sequence({}, **COPIED), "to-dr", point=COPY_ARN), False),
        (with_intermediate(a_stranded_sequence({}, **SEEN_GONE), "to-dr", point=COPY_ARN), True),
        (
            with_intermediate(
                a_stranded_sequence({"seen_gone_at": NOW}, **COPIED), "to-dr", state=IntermediateState.RELEASED
            ),
            True,
        ),
    ],
)
def test_an_onward_copy_is_over_with_the_copy_that_it_would_be_made_from(chain: Chain, is_over: bool) -> None:
    assert is_forgotten_by_aws(chain) is is_over


def test_a_fan_out_is_over_when_both_of_its_copies_are() -> None:
    chain = with_hop(a_chain(a_fan_out(), **GONE), **STRANDED)

    assert not is_forgotten_by_aws(chain)
    assert is_forgotten_by_aws(with_hop(chain, "to-far", **SEEN_GONE))


def take(chain: Chain, fact: Observation, *, now: datetime = NOW) -> Chain:
    return advance(chain, fact, route=a_route(), now=now).chain


def test_a_stranded_chain_is_finished_when_its_source_is_seen_gone_and_begins_again_when_it_shows_once_more() -> None:
    chain = with_hop(a_chain(opened_at=NOW - DAY), **STRANDED, unresolved=STRANDED["trouble"])
    chain = replace(chain, incidents=open_ids(chain, NOW))
    finished = take(chain, seen.SourceInspected(hop="to-dr", point=None))
    assert (finished.finished_at, finished.next_check) == (NOW, None)

    later = take(finished, seen.SourceInspected(hop="to-dr", point=None), now=NOW + DAY)
    assert later.finished_at == NOW
    back = take(finished, seen.SourceInspected(hop="to-dr", point=an_arrival()), now=NOW + DAY)
    assert (back.finished_at, back.next_check) == (None, NOW + 2 * DAY)


@pytest.mark.parametrize(
    ("chain", "questions"),
    [
        (given_up(source_seen_at=NOW), ()),
        (given_up(source_seen_at=NOW - DAY), (SOURCE,)),
        (given_up(source_seen_at=NOW - DAY, **GONE), ()),
        (with_hop(given_up(source_seen_at=NOW), **COPIED), (COPY,)),
        (with_hop(given_up(source_seen_at=NOW - DAY), **COPIED), (SOURCE, COPY)),
        (with_hop(given_up(source_seen_at=NOW), **SEEN_GONE), ()),
    ],
)
def test_an_abandoned_chain_asks_only_whether_its_points_still_stand(
    chain: Chain, questions: tuple[object, ...]
) -> None:
    decision = advance(chain, seen.Noticed(), route=a_route(), now=NOW)

    assert decision.commands == questions
    assert decision.reason == "abandoned by ada; nothing is done"
    assert advance(chain, seen.RetryAsked(by="eve"), route=a_route(), now=NOW).commands == ()


def looked(arrival: str = COPY_ARN, *, hop: str = "to-dr", is_there: bool = False) -> seen.ArrivalInspected:
    point = a_copy() if is_there else None
    return seen.ArrivalInspected(hop=hop, arrival=arrival, point=point, vault_key_arn=DR_KEY, key_state="Enabled")


@pytest.mark.parametrize(
    ("fact", "gone_at"),
    [
        (looked(), NOW),
        (looked(is_there=True), None),
        (looked("another"), None),
        (looked(hop="elsewhere"), None),
        (
            seen.CopySeen(
                hop="to-dr", job=seen.JobSeen(job_id="J", state="FAILED", source="", destination_vault_arn="")
            ),
            None,
        ),
    ],
)
def test_an_abandoned_chain_remembers_of_its_copy_only_that_it_is_gone(
    fact: Observation, gone_at: datetime | None
) -> None:
    chain = with_hop(given_up(), **COPIED)
    after = take(chain, fact)

    assert after.hop("to-dr") == chain.hop("to-dr").with_arrival(seen_gone_at=gone_at)


def test_an_abandoned_chain_is_finished_when_its_points_are_gone_and_all_was_told() -> None:
    message = Announce(subject="to-dr", incident="one", is_closed=True, title="A title", lines=())
    chain = with_hop(given_up(opened_at=NOW - DAY, **GONE), **COPIED)
    owing = replace(chain, pending=(Pending(command=message, until=NOW + HOUR),))

    assert take(chain, looked()).finished_at == NOW
    assert take(owing, looked()).finished_at is None
    told = Announced(incident="one", is_closed=True)
    assert take(take(owing, looked()), told).finished_at == NOW


@pytest.mark.parametrize(
    ("chain", "check"),
    [
        (given_up(source_expires_at=None), NOW + 7 * DAY),
        (given_up(source_expires_at=NOW + DAY), NOW + DAY + 8 * HOUR),
        (given_up(**GONE), None),
        (with_hop(given_up(**GONE), **COPIED), NOW + 7 * DAY),
        (with_hop(given_up(**GONE), **COPIED | {"promised_until": NOW + 3 * DAY}), NOW + 3 * DAY + 8 * HOUR),
        (with_hop(given_up(**GONE), **COPIED | {"promised_until": NOW - 3 * DAY}), NOW + DAY),
        (with_hop(given_up(**GONE), **COPIED | {"promised_until": None}), NOW + 7 * DAY),
        (with_hop(given_up(source_expires_at=NOW + DAY), **COPIED), NOW + DAY + 8 * HOUR),
        (with_hop(given_up(**GONE), **SEEN_GONE), None),
    ],
)
def test_an_abandoned_chain_is_looked_at_weekly_and_when_its_points_should_be_gone(
    chain: Chain, check: datetime | None
) -> None:
    assert abandoned.next_look(chain, NOW) == check
    assert next_check(chain, a_route(), NOW) == check


def test_a_point_that_was_copied_back_is_left_to_its_owner_without_an_incident() -> None:
    chain = with_hop(a_chain(opened_at=NOW - HOUR), slot_wanted=True)
    decision = advance(
        chain, seen.CopiedBack(hop="to-dr", owner="the owner of copy job BACK-1"), route=a_route(), now=NOW
    )

    assert decision.chain.abandoned_by == "the owner of copy job BACK-1"
    pass_on = WakeWaiting(lane=Lane(DR_VAULT.site, "RDS"))
    assert (decision.commands, decision.chain.incidents) == ((pass_on,), ())
    assert decision.reason == "it was copied back by the owner of copy job BACK-1, to whom it belongs"
    assert decision.chain.next_check == NOW + 7 * DAY


def test_a_start_that_was_decided_is_forgotten_when_the_source_proves_to_be_copied_back() -> None:
    message = Announce(subject="to-dr", incident="one", is_closed=True, title="A title", lines=())
    chain = a_chain_in(HopState.COPYING, fence=HOUR, trouble=None)
    owing = replace(chain, pending=(*chain.pending, Pending(command=message, until=NOW + HOUR)))
    after = take(owing, seen.CopiedBack(hop="to-dr", owner="the owner of copy job BACK-1"))

    assert [pending.command for pending in after.pending] == [message]
