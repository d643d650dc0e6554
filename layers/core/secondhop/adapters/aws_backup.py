"""AWS Backup in all sites of a route: questions and the two effects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from secondhop.adapters.attempts import had_unanswered_attempt, watch_attempts
from secondhop.adapters.aws_errors import (
    NOT_FOUND,
    SILENCE,
    UNREADABLE,
    code_of,
    is_server_fault,
    message_of,
    translated,
    unreadable,
)
from secondhop.application.ports import RefusedError, StartedJob, UnansweredError
from secondhop.application.work import JobNews
from secondhop.domain.arn import Site, Vault
from secondhop.domain.command import ReleaseIntermediate, StartCopy
from secondhop.domain.errors import FinalError, shortened
from secondhop.domain.observation import JobSeen, PointSeen, VaultSeen
from secondhop.domain.route import VaultLock

# The largest page of ListRecoveryPointsByBackupVault and ListCopyJobs (their API pages).
PAGE = 1000
JOBS = "CopyJobs"

T = TypeVar("T")


class AwsBackup:
    """A `Backup` over boto3. `client_in` gives the AWS Backup client of a site."""

    def __init__(self, client_in: Callable[[Site], Any]) -> None:
        self._client_in = client_in

    def point(self, vault: Vault, arn: str) -> PointSeen | None:
        client = self._client_in(vault.site)
        with translated():
            try:
                found = client.describe_recovery_point(BackupVaultName=vault.name, RecoveryPointArn=arn)
            except ClientError as error:
                if code_of(error) in NOT_FOUND:
                    return None
                raise
            return _point(found, vault)

    def vault(self, vault: Vault) -> VaultSeen:
        client = self._client_in(vault.site)
        with translated():
            found = client.describe_backup_vault(BackupVaultName=vault.name)
            return VaultSeen(key_arn=found.get("EncryptionKeyArn"), lock=_lock(found))

    def points_of(self, vault: Vault, resource: str) -> Iterator[PointSeen]:
        yield from self._points(vault, {"ByResourceArn": resource})

    def points_between(self, vault: Vault, *, after: datetime, before: datetime) -> Iterator[PointSeen]:
        yield from self._points(vault, {"ByCreatedAfter": after, "ByCreatedBefore": before})

    def _points(self, vault: Vault, filters: dict[str, Any]) -> Iterator[PointSeen]:
        client = self._client_in(vault.site)
        request = {"BackupVaultName": vault.name, "MaxResults": PAGE, **filters}
        problems: list[str] = []
        for found in _listed(client.list_recovery_points_by_backup_vault, request, "RecoveryPoints"):
            try:
                with translated():
                    point = _point(found, vault)
            except FinalError as error:
                problems.append(str(error))
                continue
            yield point
        if problems:
            raise FinalError(f"{len(problems)} recovery points could not be read; {problems[0]}")

    def job(self, site: Site, job_id: str) -> JobSeen | None:
        client = self._client_in(site)
        with translated():
            try:
                found = client.describe_copy_job(CopyJobId=job_id)["CopyJob"]
            except ClientError as error:
                if code_of(error) in NOT_FOUND:
                    return None
                raise
            return _job(found)

    def jobs_into(self, destination: Vault, *, from_site: Site, database: str) -> Iterator[JobSeen]:
        client = self._client_in(from_site)
        request = {"ByDestinationVaultArn": destination.arn, "ByResourceArn": database, "MaxResults": PAGE}
        yield from _read(_job, _listed(client.list_copy_jobs, request, JOBS))

    def jobs_since(self, destination: Vault, *, from_site: Site, after: datetime) -> Iterator[JobSeen]:
        client = self._client_in(from_site)
        request = {"ByDestinationVaultArn": destination.arn, "ByCreatedAfter": after, "MaxResults": PAGE}
        yield from _read(_job, _listed(client.list_copy_jobs, request, JOBS))

    def jobs_in_state(
        self, state: str, *, source: Site, destination: Vault | None, after: datetime
    ) -> Iterator[JobNews]:
        client = self._client_in(source)
        request = {"ByState": state, "ByCreatedAfter": after, "MaxResults": PAGE}
        if destination is not None:
            request["ByDestinationVaultArn"] = destination.arn
        yield from _read(_news, _listed(client.list_copy_jobs, request, JOBS))

    def start(self, command: StartCopy) -> StartedJob:
        client = self._client_in(command.source_vault.site)
        request = {
            "RecoveryPointArn": command.source,
            "SourceBackupVaultName": command.source_vault.name,
            "DestinationBackupVaultArn": command.destination.arn,
            "IamRoleArn": command.copy_role_arn,
            "IdempotencyToken": command.token,
            "Lifecycle": {"DeleteAfterDays": command.delete_after_days},
        }
        answer = _effect(client, "start_copy_job", request)
        try:
            return StartedJob(job_id=answer["CopyJobId"], created_at=answer["CreationDate"])
        except UNREADABLE as error:
            raise UnansweredError(unreadable(error)) from error

    def delete(self, command: ReleaseIntermediate) -> None:
        client = self._client_in(command.vault.site)
        request = {"BackupVaultName": command.vault.name, "RecoveryPointArn": command.point}
        _effect(client, "delete_recovery_point", request)


def _effect(client: Any, operation: str, request: dict[str, Any]) -> Any:
    """Ask for an effect. A 5xx, or no answer to any of the SDK's attempts, leaves open whether it happened."""
    watch_attempts(client)
    try:
        return getattr(client, operation)(**request)
    except ClientError as error:
        if is_server_fault(error) or had_unanswered_attempt(error):
            raise UnansweredError(f"{code_of(error)}: {message_of(error)}") from error
        raise RefusedError(code_of(error), message_of(error)) from error
    except SILENCE as error:
        raise UnansweredError(f"no answer: {error}") from error
    except UNREADABLE as error:
        raise UnansweredError(unreadable(error)) from error


def _listed(call: Callable[..., Any], request: dict[str, Any], member: str) -> Iterator[Any]:
    """The entries of a list of all pages, as AWS sends them. An answer without the list cannot be read."""
    token: dict[str, str] = {}
    while True:
        with translated():
            page = call(**request, **token)
            entries, following = list(page[member]), page.get("NextToken")
        yield from entries
        if not following:
            return
        token = {"NextToken": following}


def _read(read: Callable[[dict[str, Any]], T], entries: Iterable[dict[str, Any]]) -> Iterator[T]:
    """The entries of a list, read one by one. Raises FinalError for one that cannot be read."""
    for entry in entries:
        with translated():
            found = read(entry)
        yield found


def _lock(found: dict[str, Any]) -> VaultLock | None:
    """A lock with a date becomes, or has become, immutable; one without stays a governance lock."""
    if "Locked" not in found:
        return None
    if not found["Locked"]:
        return VaultLock.NONE
    return VaultLock.COMPLIANCE if found.get("LockDate") is not None else VaultLock.GOVERNANCE


def _point(found: dict[str, Any], vault: Vault) -> PointSeen:
    for name in ("RecoveryPointArn", "ResourceArn", "ResourceType", "Status", "CreationDate"):
        if name not in found:
            raise FinalError(f"AWS described a recovery point of {vault.name} without {name}: {found}")
    return PointSeen(
        arn=found["RecoveryPointArn"],
        vault_arn=found.get("BackupVaultArn", vault.arn),
        database=found["ResourceArn"],
        resource_type=found["ResourceType"],
        status=found["Status"],
        created_at=found["CreationDate"],
        completed_at=found.get("CompletionDate"),
        is_encrypted=found.get("IsEncrypted"),
        key_arn=found.get("EncryptionKeyArn"),
        delete_at=found.get("CalculatedLifecycle", {}).get("DeleteAt"),
        source_vault_arn=found.get("SourceBackupVaultArn"),
        size_bytes=found.get("BackupSizeInBytes") or None,
    )


def _job(found: dict[str, Any]) -> JobSeen:
    return JobSeen(
        job_id=found.get("CopyJobId", ""),
        state=found.get("State", "UNKNOWN"),
        source=found.get("SourceRecoveryPointArn", ""),
        destination_vault_arn=found.get("DestinationBackupVaultArn", ""),
        arrival=found.get("DestinationRecoveryPointArn"),
        message=shortened(found.get("StatusMessage", "")),
        category=found.get("MessageCategory", ""),
        created_at=found.get("CreationDate"),
        delete_after_days=_whole_days(found.get("DestinationRecoveryPointLifecycle", {}).get("DeleteAfterDays")),
        is_planned="BackupPlanId" in found.get("CreatedBy", {}),
        completed_at=found.get("CompletionDate"),
        resource=found.get("ResourceArn"),
    )


def _whole_days(days: int | None) -> int | None:
    """-1 means that the copy inherits its source's expiry, which says nothing about days."""
    return days if days is not None and days > 0 else None


def _news(found: dict[str, Any]) -> JobNews:
    return JobNews(
        job=_job(found),
        source_vault_arn=found.get("SourceBackupVaultArn", ""),
        database=found.get("ResourceArn"),
        resource_type=found.get("ResourceType"),
    )
