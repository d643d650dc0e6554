"""Look before you copy, and count before you release: the questions that take more than one call."""

from __future__ import annotations

from datetime import datetime, timedelta

from secondhop.application.ports import Backup, ChainStore, Unreadable
from secondhop.application.relatives import relatives, stored
from secondhop.domain import observation as seen
from secondhop.domain.arn import Site
from secondhop.domain.chain import Chain, ChainKey, Hop, HopState, Intermediate
from secondhop.domain.circuit import Circuit
from secondhop.domain.errors import UnreadableItemError
from secondhop.domain.first_hop import is_first_hop
from secondhop.domain.observation import PointSeen
from secondhop.domain.route import ARRIVAL, Route

# Creation dates are inherited to the second; wire forms round.
SAME_BACKUP = timedelta(minutes=1)
NO_COPY = "Lag: this database has no verified final copy"


def survey_copies(
    chains: ChainStore, backup: Backup, chain: Chain, hop: Hop, *, asked_at: datetime
) -> seen.CopiesSurveyed:
    """Jobs of this source and destination; and, unless one of them answers, points that no job explains.

    A point in the destination vault counts as a copy of this chain only if it has the same database and creation
    date, and neither another job nor another chain names it.
    """
    source = chain.source_of(hop)
    from_site = chain.source_vault_of(hop).site
    jobs = tuple(backup.jobs_into(hop.destination, from_site=from_site, database=chain.database))
    mine = tuple(job for job in jobs if job.source == source)
    if any(job.state != "FAILED" and job.arrival not in hop.rejected for job in mine):
        return seen.CopiesSurveyed(hop=hop.name, asked_at=asked_at, jobs=mine, points=())
    others = [each for each in relatives(chains, chain.database) if each.key != chain.key]
    named = {hop.arrival for other in others if isinstance(other, Chain) for hop in other.hops}
    explained = named | {job.arrival for job in jobs if job.source != source}
    points = tuple(
        point
        for point in backup.points_of(hop.destination, chain.database)
        if abs(point.created_at - chain.created_at) <= SAME_BACKUP and point.arn not in explained
    )
    unreadable = tuple(str(other) for other in others if isinstance(other, Unreadable))
    return seen.CopiesSurveyed(hop=hop.name, asked_at=asked_at, jobs=mine, points=points, unreadable=unreadable)


def newest_verified(chains: ChainStore, chain: Chain) -> datetime | None:
    """The creation date of the newest backup of a chain's database that has a verified final copy, as far as known."""
    return _newest_verified(chains, chain)[0]


def _newest_verified(chains: ChainStore, chain: Chain) -> tuple[datetime | None, list[Unreadable]]:
    """The date, and the chains that may have a newer verified copy and cannot be read."""
    unreadable: list[Unreadable] = []
    for each in relatives(chains, chain.database, newest_first=True):
        if isinstance(each, Unreadable):
            unreadable.append(each)
        elif not is_first_hop(each.key) and all(hop.state is HopState.VERIFIED for hop in each.hops):
            return each.created_at, unreadable
    return None, unreadable


def lag_line(chains: ChainStore, chain: Chain, now: datetime) -> str:
    """How old the newest verified final copy of the chain's database is, in words."""
    newest, unreadable = _newest_verified(chains, chain)
    if newest is None:
        return f"Lag: not known, because {unreadable[0]}" if unreadable else NO_COPY
    hours = f"{(now - newest).total_seconds() / 3600:.0f} hours"
    if unreadable:
        told = f"the newest verified final copy that is known is of {newest.isoformat()}"
        return f"Lag: at most {hours}; {told}, and {unreadable[0]}"
    return f"Lag: {hours}; the newest verified final copy is of {newest.isoformat()}"


def circuit_of(chains: ChainStore, site: Site) -> Circuit | None:
    """What is remembered of copies into a site. None if it cannot be read: copies go on, and are counted anew."""
    try:
        return chains.circuit(site)
    except UnreadableItemError:
        return None


def survey_keep(
    chains: ChainStore, backup: Backup, chain: Chain, intermediate: Intermediate, route: Route
) -> seen.KeepSurveyed:
    """Count the newer arrivals of the database that stand in the vault and whose own hops are verified.

    Those whose chains cannot be read are named, and do not count.
    """
    if route.keep.get(chain.resource_type) == 0:
        return seen.KeepSurveyed(intermediate=intermediate.name, newer=0, is_listed=True)
    listed = tuple(backup.points_of(intermediate.vault, chain.database))
    standing = {point.arn for point in listed if point.status in ("COMPLETED", "AVAILABLE") and _is_newer(point, chain)}
    verified, unreadable = 0, list[str]()
    for point in sorted(standing):
        try:
            verified += _is_verified(chains, chain, intermediate, point)
        except UnreadableItemError as error:
            unreadable.append(str(error))
    is_listed = any(point.arn == intermediate.point for point in listed)
    return seen.KeepSurveyed(
        intermediate=intermediate.name, newer=verified, is_listed=is_listed, unreadable=tuple(unreadable)
    )


def _is_newer(point: PointSeen, chain: Chain) -> bool:
    return point.created_at > chain.created_at


def _is_verified(chains: ChainStore, chain: Chain, intermediate: Intermediate, point: str) -> bool:
    """Whether the chain of a newer arrival has carried it all the way. Onward vaults have no chains of their own."""
    if intermediate.name != ARRIVAL:
        return True
    successor = stored(chains, ChainKey(point, chain.key.route))
    return successor is not None and all(hop.state is HopState.VERIFIED for hop in successor.hops)
