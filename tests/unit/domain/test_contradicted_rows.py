"""A row that its own rule contradicts is refused, and so is a beginning without a row."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest

from secondhop.domain.advance import advance
from secondhop.domain.chain import IntermediateState
from secondhop.domain.errors import TableError
from secondhop.domain.hop import HopState
from secondhop.domain.observation import Noticed
from secondhop.domain.rules.births import (
    HOP_BIRTHS,
    INTERMEDIATE_BIRTHS,
    Opening,
    begin_hop,
    begin_intermediate,
)
from secondhop.domain.rules.consequences import (
    HOP_CONSEQUENCES,
    INTERMEDIATE_CONSEQUENCES,
    follow_hop,
    follow_readers,
)
from secondhop.domain.rules.step import HopSituation
from secondhop.domain.rules.table import HOP_ROWS, apply_hop_row
from tests.builders import NOW, WATCHED, a_chain, a_route, with_hop

OPENING = Opening(now=NOW, ended_job=None)


def test_a_birth_that_leads_elsewhere_than_its_row_says_is_refused() -> None:
    (leg,) = a_route().legs
    hops = tuple(replace(row, after=HopState.STRANDED) for row in HOP_BIRTHS)
    intermediates = tuple(replace(row, after=IntermediateState.DUE) for row in INTERMEDIATE_BIRTHS)

    with pytest.raises(TableError, match="begin_waiting begins WAITING, and its row says STRANDED"):
        begin_hop(leg, OPENING, rows=hops)
    with pytest.raises(TableError, match="begin_held begins HELD, and its row says DUE"):
        begin_intermediate("arrival", WATCHED, OPENING, rows=intermediates)


def test_a_beginning_without_a_row_is_refused() -> None:
    (leg,) = a_route().legs

    with pytest.raises(TableError, match="no row says how hop to-dr begins"):
        begin_hop(leg, OPENING, rows=())
    with pytest.raises(TableError, match="no row says how intermediate arrival begins"):
        begin_intermediate("arrival", WATCHED, OPENING, rows=())


def test_a_consequence_that_leads_elsewhere_than_its_row_says_is_refused() -> None:
    (row,) = HOP_CONSEQUENCES
    hops = (replace(row, when=lambda *_: True, after=HopState.STRANDED),)
    copying = with_hop(a_chain(), state=HopState.COPYING)
    verified = with_hop(a_chain(), state=HopState.VERIFIED)
    readers = tuple(replace(each, after=IntermediateState.RELEASED) for each in INTERMEDIATE_CONSEQUENCES)

    with pytest.raises(TableError, match="leads to WAITING, and its row says STRANDED"):
        follow_hop(copying, copying.hop("to-dr"), NOW, rows=hops)
    with pytest.raises(TableError, match="leads to DUE, and its row says RELEASED"):
        follow_readers(verified, verified.intermediate("arrival"), NOW, rows=readers)


def test_a_rule_that_leads_elsewhere_than_its_row_says_is_refused() -> None:
    chain = a_chain()
    situation = HopSituation(chain=chain, hop=chain.hop("to-dr"), route=a_route(), now=NOW)
    row = next(each for each in HOP_ROWS if (each.before, each.fact) == (HopState.WAITING, Noticed))

    with pytest.raises(TableError, match="look_before_copying leads to WAITING, and its row says STRANDED"):
        apply_hop_row(replace(row, after=(HopState.STRANDED,)), situation, Noticed())


def test_a_fact_that_no_table_knows_changes_nothing() -> None:
    chain = a_chain()
    decision = advance(chain, cast("Any", "nothing that is known"), route=a_route(), now=NOW)

    assert decision.chain.hops == chain.hops
    assert decision.commands == ()
