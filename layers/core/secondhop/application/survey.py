"""Look before you copy, and count before you release: the questions that take more than one call."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from secondhop.application.origin import (
    JOB_HISTORY,
    SAME_BACKUP,
    Origin,
    is_of_newer_backup,
    is_of_same_backup,
    survey_origin,
)
from secondhop.application.ports import Backup, ChainStore, Unreadable
from secondhop.application.relatives import relatives, stored
from secondhop.application.rivals import RivalSearch
from secondhop.domain import observation as seen
from secondhop.domain import release_observation as going
from secondhop.domain.arn import Site
from secondhop.domain.chain import Chain, ChainKey, Intermediate
from secondhop.domain.circuit import Circuit
from secondhop.domain.command import SurveyCopies
from secondhop.domain.errors import UnreadableItemError
from secondhop.domain.hop import Hop, HopState
from secondhop.domain.ledger import SlotRefusal
from secondhop.domain.observation import JobSeen, Observation, PointSeen
from secondhop.domain.route import ARRIVAL, Route, RouteKind
from secondhop.domain.rules.arriving import says_something
from secondhop.domain.source import BEING_DELETED, USABLE, is_fresh, with_source

NO_COPY = "Lag: this database has no verified final copy"


def survey(
    chains: ChainStore, backup: Backup, chain: Chain, command: SurveyCopies, route: Route, *, now: datetime
) -> Observation:
    """The facts for a decision about a copy: the source, its origin, and the existing copies."""
    hop = chain.hop(command.subject)
    may_rest = is_fresh(chain, now) and not hop.attempt.is_retry_ordered
    asks_source = hop.reads_from is None and hop.state is not HopState.COPYING and not may_rest
    source = inspect_source(backup, chain, hop) if asks_source else None
    # What follows rests on the date of the backup, which may be known only now.
    known = chain if source is None else with_source(chain, source.point, now)
    asks_origin = needs_origin(chain, route) and hop.reads_from is None
    named = source.point.source_vault_arn if source is not None and source.point is not None else None
    if asks_origin and named is not None and route.is_within_backup_account(named):
        return seen.CopiedBack(hop=hop.name, owner=f"the owner of a copy from {named}")
    origin = survey_origin(backup, known, route, now=now) if asks_origin else Origin()
    if origin.owner is not None:
        return seen.CopiedBack(hop=hop.name, owner=origin.owner)
    is_shown = source is None or source.point is not None
    if origin.doubt is not None and is_shown:
        return seen.SourceNotReady(hop=hop.name, why=origin.doubt)
    if origin.is_unproven and is_shown and hop.state is HopState.WAITING and not hop.attempt.is_retry_ordered:
        return seen.OriginUnproven(hop=hop.name)
    surveyed = survey_copies(chains, backup, known, hop, asked_at=now)
    is_proven = is_shown and origin.is_from_workload
    return replace(surveyed, missing_job=command.missing_job, source=source, is_from_workload=is_proven)


def needs_origin(chain: Chain, route: Route) -> bool:
    """Whether it must still be asked where the chain's recovery point came from."""
    return route.kind is RouteKind.ARRIVALS and not chain.came_from_workload


def survey_copies(
    chains: ChainStore, backup: Backup, chain: Chain, hop: Hop, *, asked_at: datetime
) -> seen.CopiesSurveyed:
    """Jobs of this source and destination; and, unless one of them answers, what the destination vault contains.

    A point there counts as a copy of this chain only if it has the same database and creation date, and neither another
    job nor another chain names it. One that is named so is a twin: a copy of the same backup by another way.
    """
    source = chain.source_of(hop)
    jobs = _jobs_of(backup, chain, hop)
    mine = tuple(job for job in jobs if job.source == source)
    if any(_is_answer(job, hop) for job in mine):
        return seen.CopiesSurveyed(hop=hop.name, asked_at=asked_at, jobs=mine, points=())
    explained = {job.arrival for job in jobs if job.source != source}
    is_nameless = any(job.state == "FAILED" or not says_something(job) for job in mine)
    may_be_unknown = asked_at - chain.created_at > JOB_HISTORY or is_nameless or hop.attempt.is_retry_ordered
    listed = _listed(backup, chain, hop, by_source=may_be_unknown)
    same = [each for each in listed if is_of_same_backup(each, chain)]
    others = _others_if_needed(chains, chain, [point for point in same if point.arn not in explained])
    explained |= {hop.arrival.point for other in others if isinstance(other, Chain) for hop in other.hops}
    claimed, unreadable = _claimed_by_others(chains, chain, hop, [p for p in same if p.arn not in explained])
    rivals = RivalSearch(chains=chains, backup=backup, chain=chain, hop=hop, now=asked_at).among(jobs, listed)
    explained |= claimed
    twins = tuple(point.arn for point in same if point.arn in explained and point.status not in BEING_DELETED)
    return seen.CopiesSurveyed(
        hop=hop.name,
        asked_at=asked_at,
        jobs=mine,
        points=tuple(point for point in same if point.arn not in explained),
        twins=(*twins, *rivals.standing),
        unreadable=(*(str(other) for other in others if isinstance(other, Unreadable)), *unreadable),
        rivals=rivals.in_flight,
        unclear_rivals=rivals.unclear,
    )


def _others_if_needed(chains: ChainStore, chain: Chain, points: list[PointSeen]) -> list[Chain | Unreadable]:
    """The other chains of the database, if a point needs an explanation. Usually none does, and no history is read."""
    return [each for each in relatives(chains, chain.database) if each.key != chain.key] if points else []


def _listed(backup: Backup, chain: Chain, hop: Hop, *, by_source: bool) -> tuple[PointSeen, ...]:
    """The recovery points of the database in the destination vault.

    No page says whether a copy of a copy names the database as its resource, or the point that it was copied from. Its
    job shows it. `by_source` also lists the points that name this source: AWS may have forgotten the job, or the job
    does not name its copy (a FAILED one: create-cross-account-backup, "Failed to unshare snapshot").
    """
    named_by = [chain.database]
    source = chain.source_of(hop)
    if source is not None and by_source:
        named_by.append(source)
    found = (point for resource in named_by for point in backup.points_of(hop.destination, resource))
    return tuple({point.arn: point for point in found}.values())


def _claimed_by_others(
    chains: ChainStore, chain: Chain, hop: Hop, points: list[PointSeen]
) -> tuple[set[str], list[str]]:
    """Points that another chain has claimed as its copy, and claims that cannot be read. No index is asked."""
    claimed, unreadable = set[str](), list[str]()
    for point in points:
        try:
            claim = chains.owner_of(source=point.arn, destination_vault_arn=hop.destination.arn)
        except UnreadableItemError as error:
            unreadable.append(str(error))
        else:
            claimed |= {point.arn} if claim is not None and claim.owner != chain.key else set()
    return claimed, unreadable


def _is_answer(job: JobSeen, hop: Hop) -> bool:
    """Whether a job decides by itself, so that the destination vault need not be read."""
    is_passed_over = hop.attempt.is_retry_ordered and not says_something(job)
    return job.state != "FAILED" and job.arrival not in hop.rejected and not is_passed_over


def _jobs_of(backup: Backup, chain: Chain, hop: Hop) -> tuple[JobSeen, ...]:
    """The copy jobs of this source or database into the hop's destination, and those that may be of it.

    Asked by database and by destination: whether a copy of a copy still names the database is written nowhere. Jobs
    that copy this source cannot be older than its backup. A job without an id does not hide another one.
    """
    from_site = chain.source_vault_of(hop).site
    since = backup.jobs_since(hop.destination, from_site=from_site, after=chain.created_at - SAME_BACKUP)
    source = chain.source_of(hop)
    by_destination = [job for job in since if job.source == source or job.may_be_of(chain.database)]
    by_database = backup.jobs_into(hop.destination, from_site=from_site, database=chain.database)
    return tuple({job.job_id or job: job for job in (*by_database, *by_destination)}.values())


def inspect_source(backup: Backup, chain: Chain, hop: Hop) -> seen.SourceInspected:
    """Describe the recovery point in the watched vault that a hop copies."""
    return seen.SourceInspected(hop=hop.name, point=backup.point(chain.watched, chain.key.recovery_point))


def paused(hop: Hop, by: str) -> Iterator[seen.ActingPaused | seen.Postponed]:
    """What a hop learns of a pause: it waits for the operator, and looks again."""
    yield seen.ActingPaused(hop=hop.name, why=f"acting is paused by {by}")
    yield seen.Postponed(why=f"{hop.name}: acting is paused by {by}")


def no_slot(chains: ChainStore, chain: Chain, hop: str, refusal: SlotRefusal) -> seen.SlotRefused:
    """What a hop learns from a refused slot."""
    newest = newest_verified(chains, chain)
    return seen.SlotRefused(hop=hop, why=refusal.why, newest_copy=newest, is_database_busy=refusal.is_database_busy)


def newest_verified(chains: ChainStore, chain: Chain) -> datetime | None:
    """The creation date of the newest backup of a chain's database that has a verified final copy, as far as known."""
    return _newest_verified(chains, chain)[0]


def _newest_verified(chains: ChainStore, chain: Chain) -> tuple[datetime | None, list[Unreadable]]:
    """The date, and the chains that may have a newer verified copy and cannot be read."""
    unreadable: list[Unreadable] = []
    for each in relatives(chains, chain.database, newest_first=True):
        if isinstance(each, Unreadable):
            unreadable.append(each)
        elif each.kind is RouteKind.ARRIVALS and all(hop.state is HopState.VERIFIED for hop in each.hops):
            return each.created_at, unreadable
    return None, unreadable


def lag_line(chains: ChainStore, chain: Chain, now: datetime) -> str:
    """How old the newest verified final copy of the chain's database is, in words."""
    newest, unreadable = _newest_verified(chains, chain)
    if newest is None:
        return f"Lag: not known, because {unreadable[0]}" if unreadable else NO_COPY
    hours = f"{(now - newest).total_seconds() / 3600:.0f} hours"
    if unreadable:
        known = f"the newest verified final copy that is known is of {newest.isoformat()}"
        return f"Lag: at most {hours}; {known}, and {unreadable[0]}"
    return f"Lag: {hours}; the newest verified final copy is of {newest.isoformat()}"


def circuit_of(chains: ChainStore, site: Site) -> Circuit | None:
    """What is remembered of copies into a site. None if it cannot be read: copies continue with a new count."""
    try:
        return chains.circuit(site)
    except UnreadableItemError:
        return None


def survey_keep(
    chains: ChainStore, backup: Backup, chain: Chain, intermediate: Intermediate, route: Route
) -> going.KeepSurveyed:
    """Count the newer arrivals of the database in the vault, with verified hops of their own.

    Arrivals with unreadable chains are named, and do not count.
    """
    if route.keep.get(chain.resource_type) == 0:
        return going.KeepSurveyed(intermediate=intermediate.name, newer=0, is_listed=True)
    listed = tuple(backup.points_of(intermediate.vault, chain.database))
    standing = {
        point.arn
        for point in listed
        if point.status in USABLE and point.arn != intermediate.point and is_of_newer_backup(point.created_at, chain)
    }
    verified, unreadable = 0, list[str]()
    for point in sorted(standing):
        try:
            verified += _is_verified(chains, chain, intermediate, point)
        except UnreadableItemError as error:
            unreadable.append(str(error))
    is_listed = any(point.arn == intermediate.point for point in listed)
    return going.KeepSurveyed(
        intermediate=intermediate.name, newer=verified, is_listed=is_listed, unreadable=tuple(unreadable)
    )


def _is_verified(chains: ChainStore, chain: Chain, intermediate: Intermediate, point: str) -> bool:
    """Whether the chain of a newer arrival has carried it all the way. Onward vaults have no chains of their own."""
    if intermediate.name != ARRIVAL:
        return True
    successor = stored(chains, ChainKey(point, chain.key.route))
    return successor is not None and all(hop.state is HopState.VERIFIED for hop in successor.hops)
