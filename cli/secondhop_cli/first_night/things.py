"""Deletes one thing that a run made, and looks whether AWS still finds it."""

from __future__ import annotations

from collections.abc import Callable

from botocore.exceptions import ClientError

from secondhop.domain.arn import Site
from secondhop_cli.first_night.making import INLINE, TARGET
from secondhop_cli.first_night.night import Night
from secondhop_cli.first_night.pace import code_of
from secondhop_cli.first_night.state_file import Kind, Thing

NOT_THERE = {
    "ResourceNotFoundException",
    "NoSuchEntity",
    "AWS.SimpleQueueService.NonExistentQueue",
    "QueueDoesNotExist",
}


def ask_to_delete(night: Night, thing: Thing) -> None:
    """Ask AWS to delete a thing. It is no error if it does not exist, or is already being deleted."""
    try:
        DELETES[thing.kind](night, thing)
    except ClientError as error:
        is_missing = code_of(error) in NOT_THERE
        # DeleteBackupVault can deny access to a vault that does not exist; a point can already be DELETING.
        is_over = thing.kind is Kind.VAULT and not exists(night, thing)
        if not (is_missing or is_over or code_of(error) == "InvalidResourceStateException"):
            raise


def remove_role(night: Night, name: str) -> None:
    """Remove one of the run's roles at once. Raises ClientError."""
    full_name = night.settings.role_name(name)
    for thing in night.state.of_kind(Kind.ROLE):
        if thing.name == full_name:
            _delete_role(night, thing)
            night.state.remove(thing)


def status_of(night: Night, thing: Thing) -> str | None:
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


def exists(night: Night, thing: Thing) -> bool:
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
