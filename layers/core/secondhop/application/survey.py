"""Look before you copy, and count before you release: the questions that take more than one call."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from secondhop.application.ports import Backup, ChainStore
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
    explained = {job.arrival for job in jobs if job.source != source} | set(_arrivals_of_others(chains, chain))
    points = tuple(
        point
        for point in backup.points_of(hop.destination, chain.database)
        if abs(point.created_at - chain.created_at) <= SAME_BACKUP and point.arn not in explained
    )
    return seen.CopiesSurveyed(hop=hop.name, asked_at=asked_at, jobs=mine, points=points)


def _arrivals_of_others(chains: ChainStore, chain: Chain) -> Iterator[str]:
    for other in chains.of_database(chain.database):
        if other.key != chain.key:
            yield from (hop.arrival for hop in other.hops if hop.arrival is not None)


def newest_verified(chains: ChainStore, chain: Chain) -> datetime | None:
    """The creation date of the newest backup of a chain's database that has a verified final copy."""
    for each in chains.of_database(chain.database, newest_first=True):
        if not is_first_hop(each.key) and all(hop.state is HopState.VERIFIED for hop in each.hops):
            return each.created_at
    return None


def lag_line(chains: ChainStore, chain: Chain, now: datetime) -> str:
    """How old the newest verified final copy of the chain's database is, in words."""
    try:
        newest = newest_verified(chains, chain)
    except UnreadableItemError as error:
        return f"Lag: not known, because {error}"
    if newest is None:
        return "Lag: this database has no verified final copy"
    hours = (now - newest).total_seconds() / 3600
    return f"Lag: {hours:.0f} hours; the newest verified final copy is of {newest.isoformat()}"


def circuit_of(chains: ChainStore, site: Site) -> Circuit | None:
    """What is remembered of copies into a site. None if it cannot be read: copies go on, and are counted anew."""
    try:
        return chains.circuit(site)
    except UnreadableItemError:
        return None


def survey_keep(
    chains: ChainStore, backup: Backup, chain: Chain, intermediate: Intermediate, route: Route
) -> seen.KeepSurveyed:
    """Count the newer arrivals of the database that stand in the vault and whose own hops are verified."""
    if route.keep.get(chain.resource_type) == 0:
        return seen.KeepSurveyed(intermediate=intermediate.name, newer=0, is_listed=True)
    listed = tuple(backup.points_of(intermediate.vault, chain.database))
    standing = {point.arn for point in listed if point.status in ("COMPLETED", "AVAILABLE") and _is_newer(point, chain)}
    verified = {point for point in standing if _is_verified(chains, chain, intermediate, point)}
    is_listed = any(point.arn == intermediate.point for point in listed)
    return seen.KeepSurveyed(intermediate=intermediate.name, newer=len(verified), is_listed=is_listed)


def _is_newer(point: PointSeen, chain: Chain) -> bool:
    return point.created_at > chain.created_at


def _is_verified(chains: ChainStore, chain: Chain, intermediate: Intermediate, point: str) -> bool:
    """Whether the chain of a newer arrival has carried it all the way. Onward vaults have no chains of their own."""
    if intermediate.name != ARRIVAL:
        return True
    successor = chains.get(ChainKey(point, chain.key.route))
    return successor is not None and all(hop.state is HopState.VERIFIED for hop in successor.hops)
