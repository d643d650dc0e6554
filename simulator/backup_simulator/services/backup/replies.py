"""The API's answers about points, jobs and vaults, in the output shapes of the service model."""

from __future__ import annotations

from typing import Any

from backup_simulator.model import BackupJob, Job, Point, Vault, site_of, vault_name
from backup_simulator.switches import SourceVaultShown


def described_point(point: Point, shown: SourceVaultShown) -> dict[str, Any]:
    """The reply of DescribeRecoveryPoint; `shown` is the switch `source_vault_shown`."""
    if shown is SourceVaultShown.AS_DOCUMENTED:
        shown = SourceVaultShown.ACROSS_ACCOUNTS_AND_REGIONS
    return _point(point, shown)


def listed_point(point: Point, shown: SourceVaultShown) -> dict[str, Any]:
    """An entry of ListRecoveryPointsByBackupVault; `shown` is the switch `source_vault_shown`."""
    if shown is SourceVaultShown.AS_DOCUMENTED:
        shown = SourceVaultShown.ACROSS_ACCOUNTS
    return _point(point, shown)


def _source_vault(point: Point, shown: SourceVaultShown) -> str | None:
    if point.source_vault_arn is None or shown is SourceVaultShown.NEVER:
        return None
    account, region = site_of(point.source_vault_arn)
    is_hidden = {
        SourceVaultShown.ALWAYS: False,
        SourceVaultShown.ACROSS_ACCOUNTS: account == point.account,
        SourceVaultShown.ACROSS_ACCOUNTS_AND_REGIONS: account == point.account or region == point.region,
    }
    return None if is_hidden[shown] else point.source_vault_arn


def _point(point: Point, shown: SourceVaultShown) -> dict[str, Any]:
    reply: dict[str, Any] = {
        "RecoveryPointArn": point.arn,
        "BackupVaultName": vault_name(point.vault_arn),
        "BackupVaultArn": point.vault_arn,
        "SourceBackupVaultArn": _source_vault(point, shown),
        "ResourceArn": point.resource_arn,
        "ResourceType": point.resource_type,
        "CreatedBy": _own(point.created_by),
        "IamRoleArn": point.role_arn,
        "Status": point.status,
        "CreationDate": point.created_at,
        "CompletionDate": point.completed_at,
        "BackupSizeInBytes": point.size_bytes,
        "EncryptionKeyArn": point.key_arn,
        "IsEncrypted": point.encrypted,
        "IsParent": False,
        "VaultType": "BACKUP_VAULT",
    }
    if point.delete_after_days is not None:
        reply["Lifecycle"] = {"DeleteAfterDays": point.delete_after_days}
        reply["CalculatedLifecycle"] = {"DeleteAt": point.delete_at}
    return _without_nothing(reply)


def job_reply(job: Job) -> dict[str, Any]:
    """DescribeCopyJob's CopyJob, and an entry of ListCopyJobs."""
    return _without_nothing(
        {
            "AccountId": job.account,
            "CopyJobId": job.id,
            "SourceBackupVaultArn": job.source_vault_arn,
            "SourceRecoveryPointArn": job.source_point_arn,
            "DestinationBackupVaultArn": job.destination_vault_arn,
            "DestinationRecoveryPointArn": job.destination_point_arn,
            "DestinationRecoveryPointLifecycle": (
                {"DeleteAfterDays": job.delete_after_days} if job.delete_after_days is not None else None
            ),
            "ResourceArn": job.resource_arn,
            "CreationDate": job.created_at,
            "CompletionDate": job.completed_at,
            "State": job.state,
            "StatusMessage": job.message or None,
            "MessageCategory": job.category or None,
            "BackupSizeInBytes": job.size_bytes,
            "IamRoleArn": job.role_arn,
            "CreatedBy": _own(job.created_by),
            "ResourceType": job.resource_type,
            "IsParent": False,
        }
    )


def backup_job_reply(job: BackupJob) -> dict[str, Any]:
    """DescribeBackupJob, and an entry of ListBackupJobs."""
    is_done = job.state == "COMPLETED"
    return _without_nothing(
        {
            "AccountId": job.account,
            "BackupJobId": job.id,
            "BackupVaultName": vault_name(job.vault_arn),
            "BackupVaultArn": job.vault_arn,
            "RecoveryPointArn": job.point_arn,
            "ResourceArn": job.database.arn,
            "ResourceType": job.database.resource_type,
            "CreationDate": job.created_at,
            "CompletionDate": job.completed_at,
            "State": job.state,
            "StatusMessage": job.message or None,
            "PercentDone": "100.0" if is_done else "0.0",
            "BackupSizeInBytes": job.database.size_bytes if is_done else 0,
            "IamRoleArn": job.role_arn,
            "CreatedBy": _own(job.created_by),
            "StartBy": job.starts_until,
            "IsParent": False,
        }
    )


def point_of_resource_reply(point: Point) -> dict[str, Any]:
    """An entry of ListRecoveryPointsByResource: other names, fewer fields."""
    return _without_nothing(
        {
            "RecoveryPointArn": point.arn,
            "CreationDate": point.created_at,
            "Status": point.status,
            "EncryptionKeyArn": point.key_arn,
            "BackupSizeBytes": point.size_bytes,
            "BackupVaultName": vault_name(point.vault_arn),
            "IsParent": False,
            "VaultType": "BACKUP_VAULT",
        }
    )


def vault_reply(vault: Vault) -> dict[str, Any]:
    """DescribeBackupVault, and an entry of ListBackupVaults."""
    lock = vault.lock or {}
    return _without_nothing(
        {
            "BackupVaultName": vault.name,
            "BackupVaultArn": vault.arn,
            "VaultType": vault.vault_type,
            "EncryptionKeyArn": vault.key_arn,
            "CreationDate": vault.created_at,
            "CreatorRequestId": vault.creator_request_id,
            "NumberOfRecoveryPoints": len(vault.points),
            "Locked": bool(lock),
            "LockDate": vault.lock_date,
            "MinRetentionDays": lock.get("MinRetentionDays"),
            "MaxRetentionDays": lock.get("MaxRetentionDays"),
        }
    )


def _own(plan: dict[str, str] | None) -> dict[str, str] | None:
    """A copy for the caller, who may change it."""
    return None if plan is None else dict(plan)


def _without_nothing(reply: dict[str, Any]) -> dict[str, Any]:
    """AWS leaves out fields without a value."""
    return {name: value for name, value in reply.items() if value is not None}
