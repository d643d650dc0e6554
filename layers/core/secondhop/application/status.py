"""Answers which databases are safe, from the table alone: it asks AWS Backup nothing, and writes nothing."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from secondhop.application.ports import Unreadable
from secondhop.application.views import ChainViews
from secondhop.domain.chain import Chain
from secondhop.domain.errors import UnreadableItemError
from secondhop.domain.protection import Protection, Safety, protections_of, worst_first

# The sweep runs every 30 minutes at least. Without it the table is not kept up to date.
LONGEST_SILENCE = timedelta(hours=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The databases of an installation, worst first, and when its last sweep ended.

    `unreadable` names what could not be read; each may hide a database.
    """

    protections: tuple[Protection, ...]
    swept_at: datetime | None
    unreadable: tuple[str, ...] = ()


def look(views: ChainViews, *, now: datetime, target: timedelta) -> Status:
    """Read the current chains. Raises TryAgainError, DeniedError and FinalError if the table cannot be read."""
    unreadable = list[str]()
    try:
        swept_at = views.last_sweep()
    except UnreadableItemError as error:
        swept_at = None
        unreadable.append(str(error))
    chains = defaultdict[str, list[Chain]](list)
    for each in views.current():
        if isinstance(each, Unreadable):
            unreadable.append(str(each))
        else:
            chains[each.database].append(each)
    found = [each for group in chains.values() for each in protections_of(group, now=now, target=target)]
    if swept_at is None or now - swept_at > LONGEST_SILENCE:
        found = [_without_sweep(each, swept_at) for each in found]
    return Status(protections=tuple(worst_first(found)), swept_at=swept_at, unreadable=tuple(unreadable))


def _without_sweep(protection: Protection, swept_at: datetime | None) -> Protection:
    """Nothing is safe by what an old table says."""
    if protection.safety is not Safety.SAFE:
        return protection
    since = f"since {swept_at:%Y-%m-%d %H:%M} UTC" if swept_at is not None else "so far"
    return replace(protection, safety=Safety.NOT_SEEN, reason=f"no sweep has ended {since}, so the table may be old")
