"""Removes what a run made, shows that it does not exist any more, and says what remains.

Only what the state file lists is deleted. Recovery points in the run's own vaults are listed first, if they are of the
run's database. A copy job cannot be cancelled, so its end is awaited.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

from botocore.exceptions import ClientError

from secondhop.domain.arn import Site
from secondhop_cli.aws_errors import CALL_ERRORS, explained
from secondhop_cli.first_night import documents
from secondhop_cli.first_night.making import INLINE, TARGET, put_policy
from secondhop_cli.first_night.night import Night
from secondhop_cli.first_night.pace import code_of
from secondhop_cli.first_night.state_file import Kind, Thing

REMEDY = "name a profile that has credentials with --workload-profile and --backup-profile"
LONGEST_FOR_JOBS = timedelta(hours=6)
LONGEST_FOR_DELETE = timedelta(hours=1)
NOT_THERE = {
    "ResourceNotFoundException",
    "NoSuchEntity",
    "AWS.SimpleQueueService.NonExistentQueue",
    "QueueDoesNotExist",
}
LIVE = ("CREATED", "PENDING", "RUNNING", "ABORTING")


def remove_everything(night: Night) -> list[str]:
    """Remove all things of the state file. Returns a sentence without a full stop for each that remains."""
    night.pace.ends_at = None
    problems: list[str] = []
    _attempt(problems, "the end of the jobs", lambda: _wait_for_jobs(night))
    _attempt(problems, "the list of recovery points", lambda: _list_points(night))
    for kind in Kind:
        # All are asked first, and then awaited: AWS deletes at the same time.
        asked = [
            each for each in night.state.of_kind(kind) if _attempt(problems, str(each), partial(_begin, night, each))
        ]
        for thing in asked:
            _attempt(problems, str(thing), partial(_end, night, thing))
    return list(dict.fromkeys(problems))


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
    arn = settings.vault_arn(vault.site)
    for site in (settings.origin, settings.near):
        jobs = night.aws.every(site, "backup", "list_copy_jobs", "CopyJobs", ByDestinationVaultArn=arn)
        if any(each["State"] in LIVE for each in jobs):
            return True
    if vault.site != settings.origin:
        return False
    jobs = night.aws.every(vault.site, "backup", "list_backup_jobs", "BackupJobs", ByBackupVaultName=vault.name)
    return any(each["State"] in LIVE for each in jobs)


def _list_points(night: Night) -> str | None:
    """List the points in the run's own vaults that the state file does not have: a run can be killed at any moment."""
    own = {night.settings.database_arn, *(each.name for each in night.state.of_kind(Kind.POINT))}
    foreign = []
    for vault in night.state.of_kind(Kind.VAULT):
        try:
            found = night.listed(vault.site)
        except ClientError as error:
            if _exists(night, vault):
                raise
            night.pace.say(f"{vault} was not made ({code_of(error)})")
            continue
        for each in found:
            if each["RecoveryPointArn"] in own or each.get("ResourceArn") in own:
                own.add(each["RecoveryPointArn"])
                night.state.add(Kind.POINT, vault.site, each["RecoveryPointArn"])
            else:
                foreign.append(each["RecoveryPointArn"])
    return f"{', '.join(foreign)} is not of this run, and was not touched" if foreign else None


def _begin(night: Night, thing: Thing) -> str | None:
    """Ask AWS to delete a thing. That it does not exist is no error, and so is that it is being deleted."""
    try:
        DELETES[thing.kind](night, thing)
    except ClientError as error:
        is_missing = code_of(error) in NOT_THERE
        # DeleteBackupVault can deny access to a vault that does not exist; a point can already be DELETING.
        is_over = thing.kind is Kind.VAULT and not _exists(night, thing)
        if not (is_missing or is_over or code_of(error) == "InvalidResourceStateException"):
            raise
    return None


def _end(night: Night, thing: Thing) -> str | None:
    """Wait until a thing does not exist. A problem is returned."""

    def look() -> str | None:
        if thing.kind is Kind.POINT and _status(night, thing) == "EXPIRED":
            return "EXPIRED"
        return "removed" if not _exists(night, thing) else None

    found = night.pace.within(look, f"the end of {thing}", longest=LONGEST_FOR_DELETE)
    if found == "EXPIRED":
        found = _with_the_right(night, thing)
    if found != "removed":
        return f"it still exists{' and is EXPIRED' if found else ''}"
    night.state.remove(thing)
    night.pace.say(f"{thing} is removed: AWS does not find it")
    return None


def _with_the_right(night: Night, thing: Thing) -> str | None:
    """Give the role of the copies the right to delete, and delete an EXPIRED point once more."""
    settings = night.settings
    copier = settings.role_name(documents.COPIER)
    if any(each.name == copier for each in night.state.of_kind(Kind.ROLE)):
        put_policy(night, settings.near, copier, documents.copying_and_deleting(settings))
    _begin(night, thing)

    def look() -> str | None:
        return "removed" if not _exists(night, thing) else None

    return night.pace.within(look, f"the second deletion of {thing}", longest=LONGEST_FOR_DELETE / 2) or "EXPIRED"


def remove_role(night: Night, name: str) -> None:
    """Remove one of the run's roles at once. Raises ClientError."""
    full_name = night.settings.role_name(name)
    for thing in night.state.of_kind(Kind.ROLE):
        if thing.name == full_name:
            _delete_role(night, thing)
            night.state.remove(thing)


def _status(night: Night, thing: Thing) -> str | None:
    found = night.point(thing.site, thing.name)
    return str(found["Status"]) if found else None


def _delete_role(night: Night, thing: Thing) -> None:
    iam = night.aws(thing.site, "iam")
    try:
        iam.delete_role_policy(RoleName=thing.name, PolicyName=INLINE)
    except ClientError as error:
        if code_of(error) not in NOT_THERE:
            raise
    iam.delete_role(RoleName=thing.name)


def _delete_rule(night: Night, thing: Thing) -> None:
    events = night.aws(thing.site, "events")
    try:
        events.remove_targets(Rule=thing.name, Ids=[TARGET])
    except ClientError as error:
        if code_of(error) not in NOT_THERE:
            raise
    events.delete_rule(Name=thing.name)


def _delete_vault(night: Night, thing: Thing) -> None:
    night.aws(thing.site, "backup").delete_backup_vault(BackupVaultName=thing.name)


def _delete_queue(night: Night, thing: Thing) -> None:
    sqs = night.aws(thing.site, "sqs")
    sqs.delete_queue(QueueUrl=queue_url(night, thing.site))


def _delete_lock(night: Night, thing: Thing) -> None:
    night.aws(thing.site, "backup").delete_backup_vault_lock_configuration(BackupVaultName=thing.name)


def queue_url(night: Night, site: Site) -> str:
    """The URL of the run's own queue at a site. Raises ClientError if it does not exist."""
    return str(night.aws(site, "sqs").get_queue_url(QueueName=night.settings.vault)["QueueUrl"])


DELETES: dict[Kind, Callable[[Night, Thing], None]] = {
    Kind.LOCK: _delete_lock,
    Kind.POINT: lambda night, thing: night.delete(thing.site, thing.name),
    Kind.VAULT: _delete_vault,
    Kind.RULE: _delete_rule,
    Kind.QUEUE: _delete_queue,
    Kind.ROLE: _delete_role,
}


def _exists(night: Night, thing: Thing) -> bool:
    """Whether AWS still finds a thing."""
    if thing.kind in (Kind.VAULT, Kind.LOCK):
        vaults = night.aws.every(thing.site, "backup", "list_backup_vaults", "BackupVaultList")
        found = next((each for each in vaults if each["BackupVaultName"] == thing.name), None)
        return found is not None and (thing.kind is Kind.VAULT or bool(found.get("Locked")))
    try:
        match thing.kind:
            case Kind.POINT:
                return night.point(thing.site, thing.name) is not None
            case Kind.RULE:
                night.aws(thing.site, "events").describe_rule(Name=thing.name)
            case Kind.QUEUE:
                queue_url(night, thing.site)
            case Kind.ROLE:
                night.aws(thing.site, "iam").get_role(RoleName=thing.name)
    except ClientError as error:
        if code_of(error) in NOT_THERE:
            return False
        raise
    return True
