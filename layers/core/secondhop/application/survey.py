"""Look before you copy, and count before you release: the questions that take more than one call."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from secondhop.application.origin import SAME_BACKUP, Origin, is_of_same_backup, survey_origin
from secondhop.application.ports import Backup, ChainStore
from secondhop.domain import observation as seen
from secondhop.domain import release_observation as going
from secondhop.domain.chain import Chain, ChainKey, Hop, HopState, Intermediate
from secondhop.domain.command import SurveyCopies
from secondhop.domain.errors import UnreadableItemError
from secondhop.domain.first_hop import is_first_hop
from secondhop.domain.observation import JobSeen, Observation, PointSeen
from secondhop.domain.route import ARRIVAL, Route
from secondhop.domain.source import USABLE, is_fresh


def survey(
    chains: ChainStore, backup: Backup, chain: Chain, command: SurveyCopies, route: Route, *, now: datetime
) -> Observation:
    """All that a decision about a copy rests on: whose the source is, whether it stands, and which copies exist."""
    hop = chain.hop(command.subject)
    asks_origin = needs_origin(chain, route) and hop.reads_from is None
    origin = survey_origin(backup, chain, route, now=now) if asks_origin else Origin()
    if origin.owner is not None:
        return seen.CopiedBack(hop=hop.name, owner=origin.owner)
    if origin.doubt is not None:
        return seen.SourceNotReady(hop=hop.name, why=origin.doubt)
    asks_source = hop.reads_from is None and hop.state is not HopState.COPYING and not is_fresh(chain, now)
    source = inspect_source(backup, chain, hop) if asks_source else None
    surveyed = survey_copies(chains, backup, chain, hop, asked_at=now)
    return replace(
        surveyed, missing_job=command.missing_job, source=source, is_origin_clear=asks_origin and origin.is_clear
    )


def needs_origin(chain: Chain, route: Route) -> bool:
    """Whether it must still be asked where the chain's recovery point came from."""
    return route.owns_arrivals and not chain.came_from_workload


def survey_copies(
    chains: ChainStore, backup: Backup, chain: Chain, hop: Hop, *, asked_at: datetime
) -> seen.CopiesSurveyed:
    """Jobs of this source and destination; and, unless one of them answers, what stands in the destination vault.

    A point there counts as a copy of this chain only if it has the same database and creation date, and neither another
    job nor another chain names it. One that is named so is a twin: a copy of the same backup by another way.
    """
    source = chain.source_of(hop)
    jobs = _jobs_of(backup, chain, hop)
    mine = tuple(job for job in jobs if job.source == source)
    if any(job.state != "FAILED" and job.arrival not in hop.rejected for job in mine):
        return seen.CopiesSurveyed(hop=hop.name, asked_at=asked_at, jobs=mine, points=())
    explained = {job.arrival for job in jobs if job.source != source} | set(_arrivals_of_others(chains, chain))
    same = [each for each in backup.points_of(hop.destination, chain.database) if is_of_same_backup(each, chain)]
    return seen.CopiesSurveyed(
        hop=hop.name,
        asked_at=asked_at,
        jobs=mine,
        points=tuple(point for point in same if point.arn not in explained),
        twins=tuple(point.arn for point in same if point.arn in explained and point.status in USABLE),
    )


def _jobs_of(backup: Backup, chain: Chain, hop: Hop) -> tuple[JobSeen, ...]:
    """The copy jobs of this source or database into the hop's destination.

    Asked by database and by destination: whether a copy of a copy still names the database is written nowhere. Jobs
    that copy this source cannot be older than its backup.
    """
    from_site = chain.source_vault_of(hop).site
    since = backup.jobs_since(hop.destination, from_site=from_site, after=chain.created_at - SAME_BACKUP)
    by_source = [job for job in since if job.source == chain.source_of(hop)]
    by_database = backup.jobs_into(hop.destination, from_site=from_site, database=chain.database)
    return tuple({job.job_id: job for job in (*by_database, *by_source)}.values())


def inspect_source(backup: Backup, chain: Chain, hop: Hop) -> seen.SourceInspected:
    """Describe the recovery point in the watched vault that a hop copies."""
    return seen.SourceInspected(hop=hop.name, point=backup.point(chain.watched, chain.key.recovery_point))


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


def survey_keep(
    chains: ChainStore, backup: Backup, chain: Chain, intermediate: Intermediate, route: Route
) -> going.KeepSurveyed:
    """Count the newer arrivals of the database that stand in the vault and whose own hops are verified."""
    if route.keep.get(chain.resource_type) == 0:
        return going.KeepSurveyed(intermediate=intermediate.name, newer=0, is_listed=True)
    listed = tuple(backup.points_of(intermediate.vault, chain.database))
    standing = {point.arn for point in listed if point.status in ("COMPLETED", "AVAILABLE") and _is_newer(point, chain)}
    verified = {point for point in standing if _is_verified(chains, chain, intermediate, point)}
    is_listed = any(point.arn == intermediate.point for point in listed)
    return going.KeepSurveyed(intermediate=intermediate.name, newer=len(verified), is_listed=is_listed)


def _is_newer(point: PointSeen, chain: Chain) -> bool:
    return point.created_at > chain.created_at


def _is_verified(chains: ChainStore, chain: Chain, intermediate: Intermediate, point: str) -> bool:
    """Whether the chain of a newer arrival has carried it all the way. Onward vaults have no chains of their own."""
    if intermediate.name != ARRIVAL:
        return True
    successor = chains.get(ChainKey(point, chain.key.route))
    return successor is not None and all(hop.state is HopState.VERIFIED for hop in successor.hops)
