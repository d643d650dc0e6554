"""Removes what a run made, shows that it does not exist any more, and says what remains.

Only what the state file lists is deleted. Recovery points in the run's own vaults are listed first, if they are of the
run's database. A copy job cannot be cancelled, so its end is awaited.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

from secondhop_cli.aws_errors import CALL_ERRORS, explained
from secondhop_cli.first_night import documents
from secondhop_cli.first_night.making import put_policy
from secondhop_cli.first_night.night import Night
from secondhop_cli.first_night.state_file import Kind, Thing
from secondhop_cli.first_night.things import ask_to_delete, exists, status_of

REMEDY = "name a profile that has credentials with --workload-profile and --backup-profile"
LONGEST_FOR_JOBS = timedelta(hours=6)
LONGEST_FOR_DELETE = timedelta(hours=1)
MOST_ROUNDS = 5
LIVE = ("CREATED", "PENDING", "RUNNING", "ABORTING")


def remove_everything(night: Night) -> list[str]:
    """Remove all things of the state file. Returns a sentence without a full stop for each that remains."""
    night.pace.ends_at = None
    problems: list[str] = []
    if not _attempt(problems, "the end of the jobs", partial(_wait_for_jobs, night)):
        # A copy that arrives later must find its vault and be found there, so all stays listed for a later clean-up.
        return problems
    _attempt(problems, "the copies of the jobs", partial(_add_copies, night))
    _remove_points(night, problems)
    for kind in Kind:
        if kind is Kind.ROLE and night.state.of_kind(Kind.POINT):
            # AWS can need the role of a point to delete it.
            problems.append("the roles stay until the recovery points are removed")
        elif kind is not Kind.POINT:
            _remove(night, problems, kind)
    return list(dict.fromkeys(problems))


def _remove_points(night: Night, problems: list[str]) -> None:
    """Remove the recovery points, in rounds, because a list can be late."""
    _remove(night, problems, Kind.LOCK)
    for _ in range(MOST_ROUNDS):
        if not _attempt(problems, "the list of recovery points", partial(_add_listed, night, problems)):
            return
        if not night.state.of_kind(Kind.POINT):
            return
        if not _remove(night, problems, Kind.POINT):
            return


def _remove(night: Night, problems: list[str], kind: Kind) -> bool:
    """Remove all things of a kind. All are asked first, and then awaited: AWS deletes at the same time."""
    things = [each for each in night.state.of_kind(kind) if not _is_in_use(night, each)]
    asked = [each for each in things if _attempt(problems, str(each), partial(ask_to_delete, night, each))]
    ended = [each for each in asked if _attempt(problems, str(each), partial(_end, night, each))]
    return ended == things


def _is_in_use(night: Night, thing: Thing) -> bool:
    """Whether a vault still has recovery points."""
    return thing.kind is Kind.VAULT and any(each.site == thing.site for each in night.state.of_kind(Kind.POINT))


def _attempt(problems: list[str], what: str, action: Callable[[], str | None]) -> bool:
    """Carry a step out. Keep its problem, or its error, and return whether there was none."""
    try:
        problem = action()
    except CALL_ERRORS as error:
        problem = explained(error, remedy=REMEDY)
    if problem:
        problems.append(f"{what}: {problem}")
    return not problem


def _wait_for_jobs(night: Night) -> str | None:
    """Wait for the live backup and copy jobs into the run's own vaults."""

    def look() -> bool | None:
        return None if any(_live(night, thing) for thing in night.state.of_kind(Kind.VAULT)) else True

    if night.pace.within(look, "the end of the jobs", longest=LONGEST_FOR_JOBS):
        return None
    return "a job still runs, and AWS cannot cancel it"


def _live(night: Night, vault: Thing) -> bool:
    settings = night.settings
    if any(each["State"] in LIVE for each in _copy_jobs(night, vault)):
        return True
    if vault.site != settings.origin:
        return False
    jobs = night.aws.every(vault.site, "backup", "list_backup_jobs", "BackupJobs", ByBackupVaultName=vault.name)
    return any(each["State"] in LIVE for each in jobs)


def _copy_jobs(night: Night, vault: Thing) -> Iterator[dict[str, Any]]:
    """The copy jobs into one of the run's own vaults."""
    settings = night.settings
    arn = settings.vault_arn(vault.site)
    for site in (settings.origin, settings.near):
        yield from night.aws.every(site, "backup", "list_copy_jobs", "CopyJobs", ByDestinationVaultArn=arn)


def _add_copies(night: Night) -> None:
    """List what the jobs into the run's own vaults made: a run can be killed at any moment."""
    for vault in night.state.of_kind(Kind.VAULT):
        for job in _copy_jobs(night, vault):
            arn = job.get("DestinationRecoveryPointArn")
            if arn and _is_of_run(night, job) and night.point(vault.site, arn) is not None:
                night.state.add(Kind.POINT, vault.site, arn)


def _is_of_run(night: Night, found: dict[str, Any]) -> bool:
    """Whether a job or a point is of the run: one of its roles made it, or it is of its database."""
    settings = night.settings
    roles = {settings.role_arn(account, "") for account in (settings.workload, settings.backup)}
    is_by_role = str(found.get("IamRoleArn", "")).startswith(tuple(roles))
    return is_by_role or found.get("ResourceArn") == settings.database_arn


def _add_listed(night: Night, problems: list[str]) -> None:
    """List the points of the run's database in the run's own vaults that the state file does not have."""
    listed = {each.name for each in night.state.of_kind(Kind.POINT)}
    foreign = []
    for vault in night.state.of_kind(Kind.VAULT):
        if not exists(night, vault):
            continue
        for each in night.listed(vault.site):
            if each["RecoveryPointArn"] in listed or _is_of_run(night, each):
                night.state.add(Kind.POINT, vault.site, each["RecoveryPointArn"])
            else:
                foreign.append(each["RecoveryPointArn"])
    problems += [f"{each} is not of this run, and was not touched" for each in foreign]


def _end(night: Night, thing: Thing) -> str | None:
    """Wait until a thing does not exist. A problem is returned."""

    def look() -> str | None:
        if thing.kind is Kind.POINT and status_of(night, thing) == "EXPIRED":
            return "EXPIRED"
        return "removed" if not exists(night, thing) else None

    found = night.pace.within(look, f"the end of {thing}", longest=LONGEST_FOR_DELETE)
    if found == "EXPIRED":
        found = _with_the_right(night, thing)
    if found != "removed":
        return f"it still exists{' and is EXPIRED' if found else ''}"
    night.state.remove(thing)
    night.pace.say(f"{thing} is removed: AWS does not find it")
    return None


def _with_the_right(night: Night, thing: Thing) -> str:
    """Give the roles of the copies the right to delete, and delete an EXPIRED point once more."""
    settings = night.settings
    roles = {settings.role_name(each) for each in (documents.COPIER, documents.NARROW)}
    for role in night.state.of_kind(Kind.ROLE):
        if role.name in roles:
            put_policy(night, settings.near, role.name, documents.copying_and_deleting(settings))
    ask_to_delete(night, thing)

    def look() -> str | None:
        return "removed" if not exists(night, thing) else None

    found = night.pace.within(look, f"the second deletion of {thing}", longest=LONGEST_FOR_DELETE / 2)
    return found or "EXPIRED"
