"""The changes of state that a decision makes, and those that the tables of rules allow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from secondhop.domain.advance import Decision
from secondhop.domain.chain import Chain
from secondhop.domain.rules.births import HOP_BIRTHS, INTERMEDIATE_BIRTHS
from secondhop.domain.rules.consequences import HOP_CONSEQUENCES, INTERMEDIATE_CONSEQUENCES
from secondhop.domain.rules.table import CHAIN_ROWS, HOP_ROWS, INTERMEDIATE_ROWS

BORN = "(born)"


class Move(NamedTuple):
    """What changed its state: a hop, an intermediate or a chain; and through which fact."""

    what: str
    before: str
    fact: str
    after: str


def states_of(chain: Chain) -> dict[tuple[str, str], str]:
    """The state of every part of a chain."""
    hops = {("hop", hop.name): str(hop.state) for hop in chain.hops}
    intermediates = {("intermediate", each.name): str(each.state) for each in chain.intermediates}
    return {**hops, **intermediates, ("chain", "chain"): str(chain.mode)}


def moves_of(decision: Decision) -> Iterator[Move]:
    """The changes of state between the chain before a decision and after it."""
    before, after = states_of(decision.before), states_of(decision.chain)
    fact = type(decision.fact).__name__
    for part, state in after.items():
        if state != before[part]:
            yield Move(part[0], before[part], fact, state)


def births_of(chain: Chain) -> Iterator[Move]:
    """The states in which the parts of a chain that was just opened begin."""
    yield from (Move(what, BORN, BORN, state) for (what, _), state in states_of(chain).items() if what != "chain")


def moves_of_rows() -> set[Move]:
    """The changes of state that a row names, without the rows that keep the state."""
    tables = (("hop", HOP_ROWS), ("intermediate", INTERMEDIATE_ROWS), ("chain", CHAIN_ROWS))
    found = {
        Move(what, str(row.before), row.fact.__name__, str(after))
        for what, rows in tables
        for row in rows
        for after in row.after
        if after is not row.before
    }
    births = (("hop", HOP_BIRTHS), ("intermediate", INTERMEDIATE_BIRTHS))
    return found | {Move(what, BORN, BORN, str(row.after)) for what, rows in births for row in rows}


def is_allowed(move: Move) -> bool:
    """Whether a row names a change, a consequence does, or a row and then a consequence."""
    consequences = HOP_CONSEQUENCES if move.what == "hop" else INTERMEDIATE_CONSEQUENCES
    follows = {(move.what, str(row.before), str(row.after)) for row in consequences}
    by_rows = {row.after for row in moves_of_rows() if row[:3] == move[:3]}
    reached = {move.before, *by_rows}
    return move.after in by_rows or any((move.what, state, move.after) in follows for state in reached)
