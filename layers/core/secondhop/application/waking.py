"""Which chains are asked to look at themselves when another one has come further."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from secondhop.application.ports import ChainStore
from secondhop.domain.arn import Site
from secondhop.domain.chain import Chain, ChainKey, IntermediateState
from secondhop.domain.errors import UnreadableItemError

# Woken when one slot is given back: the longest waiting, and a few more in case it cannot use the slot. They are of as
# many databases, since a database has one copy in flight; so many chains are read at most to find them.
WAKE_WAITING = 3
WAKE_READS = 30


def longest_waiting(chains: ChainStore, *, site: Site, resource_type: str) -> Iterator[ChainKey]:
    """The longest waiting chain of each of a few databases that wait for a slot."""
    databases = set[str]()
    for key in islice(chains.waiting(site=site, resource_type=resource_type), WAKE_READS):
        database = _database_of(chains, key)
        if database not in databases:
            databases.add(database)
            yield key
        if len(databases) == WAKE_WAITING:
            return


def _database_of(chains: ChainStore, key: ChainKey) -> str:
    """The database of a chain; the point itself where that cannot be read, which the chain's own look tells."""
    try:
        chain = chains.get(key)
    except UnreadableItemError:
        chain = None
    return chain.database if chain is not None else key.recovery_point


def relatives_that_kept(chains: ChainStore, chain: Chain) -> Iterator[ChainKey]:
    """The older chains of a chain's database whose intermediates were kept."""
    for relative in chains.of_database(chain.database):
        if relative.key != chain.key and any(each.state is IntermediateState.DUE for each in relative.intermediates):
            yield relative.key
