"""When a chain is finished: no recovery point that it claimed exists, so it may be forgotten."""

from __future__ import annotations

from secondhop.domain.chain import Chain, Intermediate, IntermediateState
from secondhop.domain.hop import Hop, HopState
from secondhop.domain.route import ARRIVAL


def is_forgotten_by_aws(chain: Chain) -> bool:
    """Whether no recovery point is left that belongs to this chain, and none can come any more."""
    hops_are_over = all(_is_over(chain, hop) for hop in chain.hops)
    return hops_are_over and all(_is_gone(chain, each) for each in chain.intermediates)


def _is_over(chain: Chain, hop: Hop) -> bool:
    """Whether a hop's copy does not exist any more, or was never made and cannot be made."""
    if hop.arrival.seen_gone_at is not None or chain.is_released(hop.name):
        return True
    if hop.arrival.point is not None:
        return False
    if hop.reads_from is not None:
        return _is_over(chain, chain.hop(hop.reads_from))
    is_given_up = chain.abandoned_by is not None and hop.state is not HopState.COPYING
    has_stopped = hop.state is HopState.STRANDED or is_given_up
    return has_stopped and chain.source_gone_at is not None


def _is_gone(chain: Chain, intermediate: Intermediate) -> bool:
    if intermediate.state is IntermediateState.RELEASED or intermediate.point is None:
        return True
    if intermediate.name == ARRIVAL:
        return chain.source_gone_at is not None
    return chain.hop(intermediate.name).arrival.seen_gone_at is not None
