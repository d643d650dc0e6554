"""AWS Backup's events, with exactly the fields that AWS sends.

https://docs.aws.amazon.com/aws-backup/latest/devguide/eventbridge.html. A CREATED copy job has no id and no resource.
RUNNING and FAILED have `{}` as destinationRecoveryPointArn. isEncrypted is a text. Only `resources` contains the source
recovery point. Recovery points have `status`, and jobs have `state`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from backup_simulator.model import BackupJob, Job, Point, vault_name


def copy_job_detail(job: Job) -> dict[str, Any]:
    """The detail of a Copy Job State Change."""
    detail: dict[str, Any] = {
        "creationDate": stamp(job.created_at),
        "sourceBackupVaultArn": job.source_vault_arn,
        "destinationBackupVaultArn": job.destination_vault_arn,
        "state": job.state,
    }
    if job.state == "CREATED":
        return detail
    detail |= {
        "copyJobId": job.id,
        "backupSizeInBytes": job.size_bytes,
        "iamRoleArn": job.role_arn,
        "resourceArn": job.resource_arn,
        "resourceType": job.resource_type,
        "destinationRecoveryPointArn": job.destination_point_arn if job.state == "COMPLETED" else {},
    }
    if job.completed_at is not None:
        detail["completionDate"] = stamp(job.completed_at)
    if job.state == "FAILED":
        detail["statusMessage"] = job.message
    if job.created_by:
        detail["createdBy"] = _created_by(job.created_by)
    return detail


def _created_by(plan: dict[str, str]) -> dict[str, str]:
    """The event calls it backupPlanRuleId, the API BackupRuleId."""
    return {
        "backupPlanId": plan["BackupPlanId"],
        "backupPlanArn": plan["BackupPlanArn"],
        "backupPlanVersion": plan["BackupPlanVersion"],
        "backupPlanRuleId": plan["BackupRuleId"],
    }


def backup_job_detail(job: BackupJob) -> dict[str, Any]:
    """The detail of a Backup Job State Change: sizes are texts here, and messages have quotes around them."""
    detail: dict[str, Any] = {"backupJobId": job.id, "state": job.state, "creationDate": stamp(job.created_at)}
    if job.state == "CREATED":
        return detail
    is_done = job.state == "COMPLETED"
    size = str(job.database.size_bytes) if is_done else "0"
    detail |= {
        "backupVaultArn": job.vault_arn,
        "backupVaultName": vault_name(job.vault_arn),
        "bytesTransferred": size,
        "backupSizeInBytes": size,
        "iamRoleArn": job.role_arn,
        "resourceArn": job.database.arn,
        "resourceType": job.database.resource_type,
        "percentDone": "100.0" if is_done else "0.0",
    }
    if job.completed_at is not None:
        detail["completionDate"] = stamp(job.completed_at)
    if job.message:
        detail["statusMessage"] = f'"{job.message}"'
    if job.created_by:
        detail["createdBy"] = _created_by(job.created_by)
    return detail


def point_detail(point: Point) -> dict[str, Any]:
    """The detail of a Recovery Point State Change. It names neither the copy job nor the source point."""
    detail: dict[str, Any] = {
        "backupVaultName": vault_name(point.vault_arn),
        "backupVaultArn": point.vault_arn,
        "creationDate": stamp(point.created_at),
        "iamRoleArn": point.role_arn,
        "resourceType": point.resource_type,
        "resourceArn": point.resource_arn,
        "status": point.status,
        "isEncrypted": "true" if point.encrypted else "false",
        "storageClass": "WARM",
    }
    if point.completed_at is not None:
        detail["completionDate"] = stamp(point.completed_at)
    if point.created_by:
        detail["createdBy"] = _created_by(point.created_by)
    if point.delete_after_days is not None and point.delete_at is not None:
        detail["lifecycle"] = {"deleteAfterDays": point.delete_after_days}
        detail["calculatedLifeCycle"] = {"deleteAt": stamp(point.delete_at)}
    return detail


@lru_cache(maxsize=65536)
def stamp(moment: datetime) -> str:
    """Milliseconds and Z, as in the details of events."""
    moment = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return moment.isoformat(timespec="milliseconds")[:23] + "Z"
