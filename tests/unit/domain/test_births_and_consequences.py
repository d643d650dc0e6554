"""In which states hops and intermediates begin, what changes without a fact, and that rules keep to their rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from secondhop.domain import observation as seen
from secondhop.domain.advance import advance
from secondhop.domain.chain import Chain, ChainMode, IntermediateState
from secondhop.domain.command import ReleaseIntermediate
from secondhop.domain.errors import TableError
from secondhop.domain.first_hop import first_hop_route, open_expectation
from secondhop.domain.hop import HopState
from secondhop.domain.opening import open_chain
from secondhop.domain.outbox import Pending
from secondhop.domain.route import FirstHops
from secondhop.domain.rules import table
from secondhop.domain.rules.births import HOP_BIRTHS, INTERMEDIATE_BIRTHS
from secondhop.domain.rules.consequences import HOP_CONSEQUENCES, INTERMEDIATE_CONSEQUENCES
from secondhop.domain.rules.step import HopSituation
from secondhop.domain.rules.table import CHAIN_ROWS, HopRow, step_chain
from tests.builders import (
    ARRIVAL_ARN,
    COPY_ARN,
    DR_KEY,
    NOW,
    WATCHED,
    a_chain,
    a_copy,
    a_job,
    a_route,
    a_sequence,
    an_arrival,
    with_hop,
    with_intermediate,
)
from tests.hop_steps import PROMISED

HELD, DUE, GOING = IntermediateState.HELD, IntermediateState.DUE, IntermediateState.RELEASING
RELEASE = ReleaseIntermediate(subject="arrival", point=ARRIVAL_ARN, vault=WATCHED)
GOOD = seen.ArrivalInspected(hop="to-dr", arrival=COPY_ARN, point=a_copy(), vault_key_arn=DR_KEY, key_state="Enabled")
BAD = replace(GOOD, key_state="Disabled")
FENCE = timedelta(minutes=5)


def copied(hop: HopState, arrival: IntermediateState, *, is_delete_pending: bool = False) -> Chain:
    chain = with_hop(a_chain(), state=hop, arrival=COPY_ARN, promised_until=PROMISED)
    pending = (Pending(command=RELEASE, until=NOW + FENCE),) if is_delete_pending else ()
    return replace(with_intermediate(chain, state=arrival), pending=pending)


def test_every_birth_has_its_row() -> None:
    watching = a_route(first_hops=FirstHops(site=WATCHED.site, role_arn="role", retention_days=9))
    first = first_hop_route(watching, WATCHED)
    failed, _ = open_expectation(first, an_arrival(), a_job(state="FAILED"), now=NOW)
    chains = (open_chain(a_sequence(), an_arrival(), now=NOW), failed)

    assert {row.after for row in HOP_BIRTHS} == {hop.state for chain in chains for hop in chain.hops}
    assert {row.after for row in INTERMEDIATE_BIRTHS} == {
        each.state for chain in chains for each in chain.intermediates
    }


@pytest.mark.parametrize(
    ("chain", "fact", "rule"),
    [
        (copied(HopState.VERIFYING, HELD), GOOD, "become_due"),
        (copied(HopState.VERIFIED, DUE), BAD, "hold_again"),
        (copied(HopState.VERIFIED, GOING, is_delete_pending=True), BAD, "hold_again"),
    ],
)
def test_an_intermediate_follows_its_readers_as_its_row_says(
    chain: Chain, fact: seen.ArrivalInspected, rule: str
) -> None:
    decision = advance(chain, fact, route=a_route(keep={}), now=NOW)
    before, after = chain.intermediate("arrival").state, decision.chain.intermediate("arrival").state

    (row,) = (row for row in INTERMEDIATE_CONSEQUENCES if row.before is before)
    assert (row.after, row.rule.__name__) == (after, rule)
    assert rule in decision.rules


@pytest.mark.parametrize(
    ("chain", "fact"),
    [
        (copied(HopState.VERIFYING, HELD), BAD),
        (with_intermediate(copied(HopState.VERIFYING, HELD), point=None), GOOD),
        (copied(HopState.VERIFIED, DUE), GOOD),
        (copied(HopState.VERIFIED, GOING), BAD),
        (copied(HopState.VERIFIED, GOING, is_delete_pending=True), GOOD),
        (copied(HopState.VERIFIED, IntermediateState.RELEASED), BAD),
    ],
)
def test_an_intermediate_stays_if_no_condition_holds(chain: Chain, fact: seen.ArrivalInspected) -> None:
    decision = advance(chain, fact, route=a_route(keep={}), now=NOW)

    assert decision.chain.intermediate("arrival").state is chain.intermediate("arrival").state


def test_the_slot_of_an_abandoned_copy_is_returned_as_its_row_says() -> None:
    chain = replace(with_hop(a_chain(), state=HopState.COPYING), abandoned_by="ada")
    decision = advance(chain, seen.Noticed(), route=a_route(), now=NOW + FENCE)

    (row,) = HOP_CONSEQUENCES
    assert (row.before, row.after) == (HopState.COPYING, decision.chain.hop("to-dr").state)
    assert decision.rules == ("return_slot", "look_at_abandoned")


@pytest.mark.parametrize("row", CHAIN_ROWS, ids=lambda row: f"{row.before} {row.fact.__name__}")
def test_a_fact_about_a_whole_chain_leads_where_its_row_says(row: table.ChainRow) -> None:
    chain = replace(a_chain(), abandoned_by="ada" if row.before is ChainMode.ABANDONED else None)
    facts = {
        "Announced": {"incident": "one", "is_closed": False},
        "AnnouncementPutOff": {"incident": "one", "is_closed": False, "channel": "TOPIC", "until": NOW},
        "CopiedBack": {"hop": "to-dr", "owner": "bob"},
        "AbandonAsked": {"by": "bob"},
        "Postponed": {"why": "AWS is busy"},
        "Noticed": {},
        "ArrivalInspected": {"hop": "to-dr", "arrival": COPY_ARN, "point": None, "vault_key_arn": None},
    }
    step = step_chain(chain, row.fact(**facts[row.fact.__name__]), NOW)

    assert step is not None
    assert (step.chain.mode,) == row.after
    assert step.rules[0] == row.rule.__name__


def test_a_fact_about_hops_changes_nothing_in_an_abandoned_chain() -> None:
    chain = replace(a_chain(), abandoned_by="ada")
    decision = advance(chain, seen.CopySeen(hop="to-dr", job=a_job()), route=a_route(), now=NOW)

    assert (decision.chain.hops, decision.reason) == (chain.hops, "abandoned by ada; nothing is done")


def test_a_rule_that_leads_elsewhere_than_its_row_says_is_an_error() -> None:
    chain = with_hop(a_chain(), state=HopState.VERIFYING, arrival=COPY_ARN, promised_until=PROMISED)
    (row,) = (row for row in table.HOP_ROWS if (row.before, row.fact) == (HopState.VERIFYING, seen.ArrivalInspected))
    too_narrow = HopRow(row.before, row.fact, row.rule, (HopState.STRANDED,))
    situation = HopSituation(chain=chain, hop=chain.hop("to-dr"), route=a_route(), now=NOW)

    with pytest.raises(TableError, match=r"^judge_the_arrival leads to VERIFIED, and its row says STRANDED$"):
        table.apply_hop_row(too_narrow, situation, GOOD)
