"""Where a recovery point in the watched vault came from: a workload account, or a person who copied it back.

A description of the point may not say it: SourceBackupVaultArn may be missing for copies within one account or Region
(API_DescribeRecoveryPoint). A list leaves it out only within one account. The copy jobs of both accounts are asked too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from secondhop.application.ports import Backup
from secondhop.domain.arn import Arn, Vault
from secondhop.domain.chain import Chain
from secondhop.domain.errors import MalformedError
from secondhop.domain.observation import JobSeen, PointSeen
from secondhop.domain.route import Route

# AWS Backup removes the record of a copy job 30 days after its end; a day for the clocks and the lists.
JOB_HISTORY = timedelta(days=29)
# Creation dates are inherited to the second; wire forms round.
SAME_BACKUP = timedelta(minutes=1)
LIVE = ("CREATED", "RUNNING")


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What AWS shows of it. `owner` names the job of the backup account that put the point into the vault, if one did.

    `doubt` is why that is not known yet. `is_from_workload` is proof: AWS names a copy from a workload account. With
    `is_unproven` such a copy would be listed, and is not.
    """

    owner: str | None = None
    doubt: str | None = None
    is_from_workload: bool = False
    is_unproven: bool = False


def is_from_workload(route: Route, source_vault_arn: str | None) -> bool:
    """Whether a vault is one of a workload account, so that a copy out of it is an arrival."""
    try:
        account = Vault.parse(source_vault_arn).site.account
    except MalformedError:
        return False
    return account in route.workload_accounts and account != route.watched.site.account


def survey_origin(backup: Backup, chain: Chain, route: Route, *, now: datetime) -> Origin:
    """Look for proof that a workload account made this point. Without proof, look for jobs of the backup account."""
    if _is_copied_by_workload(backup, chain, route):
        return Origin(is_from_workload=True)
    named = _listed_source_vault(backup, chain)
    if is_from_workload(route, named):
        return Origin(is_from_workload=True)
    if named is not None and route.is_within_backup_account(named):
        return Origin(owner=f"the owner of a copy from {named}")
    for job in _jobs_into(backup, chain, route, now=now):
        if job.arrival == chain.key.recovery_point:
            return Origin(owner=f"the owner of copy job {job.name}")
        is_undecided = job.arrival is None and job.state in (*LIVE, "COMPLETED") and job.may_be_of(chain.database)
        if is_undecided and _is_same_backup(backup, chain, route, job):
            return Origin(doubt=f"in doubt, because copy job {job.name} into its vault is {job.state}")
    return Origin(is_unproven=_lists_first_hop(chain, route) and now - chain.created_at < JOB_HISTORY)


def _lists_first_hop(chain: Chain, route: Route) -> bool:
    """Whether the copy jobs of the database's own account can be listed. In the hub topology they cannot."""
    return route.first_hops is not None and route.first_hops.site.account == Arn.parse(chain.database).account


def _is_copied_by_workload(backup: Backup, chain: Chain, route: Route) -> bool:
    """Whether a copy job of the workload account made this point."""
    if route.first_hops is None or not _lists_first_hop(chain, route):
        return False
    jobs = backup.jobs_into(chain.watched, from_site=route.first_hops.site, database=chain.database)
    return any(job.arrival == chain.key.recovery_point for job in jobs)


def _listed_source_vault(backup: Backup, chain: Chain) -> str | None:
    """The vault that the list of the watched vault names as the one that this point was copied from."""
    for point in backup.points_of(chain.watched, chain.database):
        if point.arn == chain.key.recovery_point:
            return point.source_vault_arn
    return None


def _jobs_into(backup: Backup, chain: Chain, route: Route, *, now: datetime) -> Iterator[JobSeen]:
    """All jobs that AWS remembers, also older ones than the chain.

    A copy inherits the creation date (recov-point-create-a-copy). If it has a date of its own, its job is older.
    """
    after = min(chain.created_at - SAME_BACKUP, now - JOB_HISTORY)
    sites = {chain.watched.site, *(leg.destination.site for leg in route.legs)}
    for site in sorted(each for each in sites if each.account == chain.watched.site.account):
        yield from backup.jobs_since(chain.watched, from_site=site, after=after)


def _is_same_backup(backup: Backup, chain: Chain, route: Route, job: JobSeen) -> bool:
    """Whether a job may make a copy with this chain's date: it inherits the source's date, or gets one of its own.

    A source that is not found may have any date.
    """
    if job.created_at is None or job.created_at <= chain.created_at + SAME_BACKUP:
        return True
    for leg in route.legs:
        for point in backup.points_of(leg.destination, chain.database):
            if point.arn == job.source:
                return is_of_same_backup(point, chain)
    return True


def is_of_same_backup(point: PointSeen, chain: Chain) -> bool:
    """Whether a point was made from the same backup, by what a copy inherits: its creation date."""
    return abs(point.created_at - chain.created_at) <= SAME_BACKUP


def is_of_newer_backup(created_at: datetime, chain: Chain) -> bool:
    """Whether a date is that of a newer backup, whatever the wire form cut off or rounded of either date."""
    return created_at - chain.created_at > SAME_BACKUP
