"""A long run demands rules by name. Each demanded name is the name of a rule or outcome that exists."""

from __future__ import annotations

from rehearsal.nights.coverage import CAUSES, RULES, STRANDED
from secondhop.domain.classification import Cause
from secondhop.domain.outcome import Outcome, stranded_for
from secondhop.domain.rules.consequences import (
    HOP_CONSEQUENCES,
    INTERMEDIATE_CONSEQUENCES,
    HopConsequence,
    IntermediateConsequence,
)
from secondhop.domain.rules.table import CHAIN_ROWS, HOP_ROWS, INTERMEDIATE_ROWS, ChainRow, HopRow, IntermediateRow

Row = ChainRow | HopRow | IntermediateRow | HopConsequence | IntermediateConsequence
ROWS: tuple[Row, ...] = (*CHAIN_ROWS, *HOP_ROWS, *INTERMEDIATE_ROWS, *HOP_CONSEQUENCES, *INTERMEDIATE_CONSEQUENCES)


def test_every_demanded_rule_exists() -> None:
    known = {*(row.rule.__name__ for row in ROWS), *Outcome, *map(stranded_for, Cause)}

    assert [name for names in RULES.values() for name in names if name not in known] == []


def test_every_demanded_cause_of_a_stranded_hop_exists() -> None:
    assert [cause for cause in CAUSES if cause not in set(Cause)] == []
    assert all(stranded_for(cause) == STRANDED + cause.lower() for cause in Cause)
