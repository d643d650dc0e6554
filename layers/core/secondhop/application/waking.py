"""Which chains are asked to look at themselves when another one has come further."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from secondhop.application.ports import ChainStore
from secondhop.application.relatives import readable
from secondhop.domain.arn import Site
from secondhop.domain.chain import Chain, ChainKey, IntermediateState
from secondhop.domain.errors import UnreadableItemError
from secondhop.domain.ledger import slot_of

# Woken when one slot is given back: the longest waiting that can use it, and a few more in case it does not. A database
# has one copy in flight, so that they are of as many databases; so many chains are read at most to find them.
WAKE_WAITING = 3
WAKE_READS = 30
# The newest chains of a database, one of them the chain that was verified. Its intermediate lets the one before go.
WAKE_RELATIVES = 5


def longest_waiting(chains: ChainStore, *, site: Site, resource_type: str, limit: int) -> Iterator[ChainKey]:
    """The longest waiting chain of each of a few databases that wait for a slot, and have no copy in flight there."""
    databases = set[str]()
    for key in islice(chains.waiting(site=site, resource_type=resource_type), WAKE_READS):
        database = _database_that_can_copy(chains, key, site, limit)
        if database is not None and database not in databases:
            databases.add(database)
            yield key
        if len(databases) == WAKE_WAITING:
            return


def _database_that_can_copy(chains: ChainStore, key: ChainKey, site: Site, limit: int) -> str | None:
    """The database of a chain if its slot is free. A chain that cannot be read is not woken in the place of others."""
    try:
        chain = chains.get(key)
    except UnreadableItemError:
        return None
    hops = chain.hops if chain is not None else ()
    hop = next((hop for hop in hops if hop.attempt.slot_wanted and hop.destination.site == site), None)
    if chain is None or hop is None or chains.slot_refusal(slot_of(chain, hop), limit=limit) is not None:
        return None
    return chain.database


def relatives_that_kept(chains: ChainStore, chain: Chain) -> Iterator[ChainKey]:
    """The chains of a chain's database that kept their intermediates, among the newest few.

    An older one that is due is looked at daily, without this.
    """
    for relative in islice(readable(chains, chain.database, newest_first=True), WAKE_RELATIVES):
        if relative.key != chain.key and any(each.state is IntermediateState.DUE for each in relative.intermediates):
            yield relative.key
