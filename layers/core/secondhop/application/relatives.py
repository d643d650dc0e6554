"""Reads the chains of a database. An unreadable chain stops only itself, and the others know its name."""

from __future__ import annotations

from collections.abc import Iterator

from secondhop.application.ports import ChainStore, Unreadable
from secondhop.domain.chain import Chain, ChainKey
from secondhop.domain.errors import UnreadableItemError


def stored(chains: ChainStore, key: ChainKey) -> Chain | None:
    """A chain, or None. Raises UnreadableItemError, which names the chain."""
    try:
        return chains.get(key)
    except UnreadableItemError as error:
        raise UnreadableItemError(str(Unreadable(key=key, why=str(error)))) from error


def relatives(chains: ChainStore, database: str, *, newest_first: bool = False) -> Iterator[Chain | Unreadable]:
    """The chains of a database, by the date of their backups.

    Where a store cannot go on reading, the rest counts as one unreadable chain: nothing is concluded from its absence.
    """
    try:
        yield from chains.of_database(database, newest_first=newest_first)
    except UnreadableItemError as error:
        yield Unreadable(key=None, why=str(error))


def readable(chains: ChainStore, database: str, *, newest_first: bool = False) -> Iterator[Chain]:
    """Those of them that can be read."""
    for each in relatives(chains, database, newest_first=newest_first):
        if isinstance(each, Chain):
            yield each
