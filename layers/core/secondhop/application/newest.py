"""Whether a copy is still the newest of its database: asked once a day, and answered by the newest few chains."""

from __future__ import annotations

from secondhop.application.ports import ChainStore
from secondhop.application.relatives import readable
from secondhop.domain.chain import Chain
from secondhop.domain.hop import Hop, HopState
from secondhop.domain.observation import NewerSurveyed


def survey_newer(chains: ChainStore, chain: Chain, hop: Hop) -> NewerSurveyed:
    """Look for a newer chain of the database, with a verified copy in the same vault that still exists.

    A newer chain that cannot be read does not count. The index may still show this chain itself with an older date.
    """
    for other in readable(chains, chain.database, newest_first=True):
        if (other.created_at, other.key) <= (chain.created_at, chain.key):
            break
        if other.key != chain.key and any(_relieves(each, hop) for each in other.hops):
            return NewerSurveyed(hop=hop.name, newer=other.key.recovery_point)
    return NewerSurveyed(hop=hop.name, newer=None)


def _relieves(newer: Hop, hop: Hop) -> bool:
    is_standing = newer.state is HopState.VERIFIED and newer.arrival.seen_gone_at is None
    return is_standing and newer.destination == hop.destination
