"""Backups that AWS refuses to make: without their role, and against the lock of their vault.

https://docs.aws.amazon.com/aws-backup/latest/devguide/vault-lock.html: a retention outside of the lock's range "fails
that backup or copy job" (also API_PutBackupVaultLockConfiguration).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.simulated_place import A, Place


def backup(place: Place, **changes: Any) -> dict[str, Any]:
    job = place.client.start_backup_job(
        BackupVaultName="near", ResourceArn=place.database, IamRoleArn=place.role, **changes
    )["BackupJobId"]
    place.world.run_for(timedelta(hours=1))
    found: dict[str, Any] = place.client.describe_backup_job(BackupJobId=job)
    return found


def locked() -> Place:
    place = Place()
    place.client.put_backup_vault_lock_configuration(BackupVaultName="near", MinRetentionDays=30, MaxRetentionDays=60)
    return place


@pytest.mark.parametrize(
    ("lifecycle", "state"),
    [
        ({"DeleteAfterDays": 29}, "FAILED"),
        ({"DeleteAfterDays": 30}, "COMPLETED"),
        ({"DeleteAfterDays": 60}, "COMPLETED"),
        ({"DeleteAfterDays": 61}, "FAILED"),
        ({"DeleteAfterDays": -1}, "FAILED"),
        (None, "FAILED"),
    ],
)
def test_a_backup_outside_of_the_locks_range_fails(lifecycle: dict[str, int] | None, state: str) -> None:
    job = backup(locked(), **({"Lifecycle": lifecycle} if lifecycle else {}))

    assert job["State"] == state
    assert ("retention" in job.get("StatusMessage", "").lower()) is (state == "FAILED")


def test_a_backup_fails_if_its_role_is_deleted_meanwhile() -> None:
    place = Place()
    job = place.client.start_backup_job(BackupVaultName="near", ResourceArn=place.database, IamRoleArn=place.role)
    place.world.account(A).delete_role(place.role)
    place.world.run_for(timedelta(hours=1))
    found = place.client.describe_backup_job(BackupJobId=job["BackupJobId"])

    assert (found["State"], found["StatusMessage"]) == (
        "FAILED",
        f"IAM Role {place.role} cannot be assumed by AWS Backup",
    )
