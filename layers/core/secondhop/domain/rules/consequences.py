"""What changes state without a fact of its own: because of its readers, or because time has passed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from secondhop.domain import patience
from secondhop.domain.chain import Chain, Intermediate, IntermediateState
from secondhop.domain.command import ReleaseIntermediate
from secondhop.domain.errors import TableError
from secondhop.domain.hop import Hop, HopState


@dataclass(frozen=True, slots=True)
class HopConsequence:
    """In `before`, if `when` is true at this moment, `rule` changes the hop, and its state is `after`."""

    before: HopState
    when: Callable[[Chain, Hop, datetime], bool]
    rule: Callable[[Hop, datetime], Hop]
    after: HopState


@dataclass(frozen=True, slots=True)
class IntermediateConsequence:
    """In `before`, if `when` is true, `rule` changes the intermediate, and its state is `after`."""

    before: IntermediateState
    when: Callable[[Chain, Intermediate], bool]
    rule: Callable[[Intermediate, datetime], Intermediate]
    after: IntermediateState


def an_abandoned_copy_would_show(chain: Chain, hop: Hop, now: datetime) -> bool:
    """Whether AWS's lists would show a copy that was started just before its chain was abandoned."""
    return chain.abandoned_by is not None and now >= hop.since + patience.FENCE


def return_slot(hop: Hop, _now: datetime) -> Hop:
    return replace(hop, state=HopState.WAITING)


def every_reader_is_verified(chain: Chain, each: Intermediate) -> bool:
    return each.point is not None and _are_readers_verified(chain, each)


def a_reader_is_in_doubt(chain: Chain, each: Intermediate) -> bool:
    return not _are_readers_verified(chain, each)


def a_reader_is_in_doubt_and_no_delete_was_answered(chain: Chain, each: Intermediate) -> bool:
    return a_reader_is_in_doubt(chain, each) and chain.pending_of(each.name, ReleaseIntermediate) is not None


def become_due(each: Intermediate, now: datetime) -> Intermediate:
    return replace(each, state=IntermediateState.DUE, since=now)


def hold_again(each: Intermediate, now: datetime) -> Intermediate:
    """Hold what must not be deleted now. So a delete that failed before is no trouble any more."""
    return replace(each, state=IntermediateState.HELD, since=now, trouble=None)


HOP_CONSEQUENCES: tuple[HopConsequence, ...] = (
    HopConsequence(HopState.COPYING, an_abandoned_copy_would_show, return_slot, HopState.WAITING),
)
INTERMEDIATE_CONSEQUENCES: tuple[IntermediateConsequence, ...] = (
    IntermediateConsequence(IntermediateState.HELD, every_reader_is_verified, become_due, IntermediateState.DUE),
    IntermediateConsequence(IntermediateState.DUE, a_reader_is_in_doubt, hold_again, IntermediateState.HELD),
    IntermediateConsequence(
        IntermediateState.RELEASING,
        a_reader_is_in_doubt_and_no_delete_was_answered,
        hold_again,
        IntermediateState.HELD,
    ),
)


def follow_hop(
    chain: Chain, hop: Hop, now: datetime, *, rows: Sequence[HopConsequence] = HOP_CONSEQUENCES
) -> tuple[Hop, tuple[str, ...]]:
    """A hop after the first consequence that applies, and the name of its rule. Raises TableError."""
    for row in rows:
        if hop.state is row.before and row.when(chain, hop, now):
            changed = row.rule(hop, now)
            if changed.state is not row.after:
                raise TableError(f"{row.rule.__name__} leads to {changed.state}, and its row says {row.after}")
            return changed, (row.rule.__name__,)
    return hop, ()


def follow_readers(
    chain: Chain,
    each: Intermediate,
    now: datetime,
    *,
    rows: Sequence[IntermediateConsequence] = INTERMEDIATE_CONSEQUENCES,
) -> tuple[Intermediate, tuple[str, ...]]:
    """An intermediate after the first consequence that applies, and the name of its rule. Raises TableError."""
    for row in rows:
        if each.state is row.before and row.when(chain, each):
            changed = row.rule(each, now)
            if changed.state is not row.after:
                raise TableError(f"{row.rule.__name__} leads to {changed.state}, and its row says {row.after}")
            return changed, (row.rule.__name__,)
    return each, ()


def _are_readers_verified(chain: Chain, each: Intermediate) -> bool:
    return all(hop.state is HopState.VERIFIED for hop in chain.readers_of(each.name))
