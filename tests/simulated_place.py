"""One simulated account with a database, its backup, and a vault in another Region."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from backup_simulator import World
from backup_simulator.model import Key, Vault

A, B, HOME, DR = "111122223333", "444455556666", "eu-west-1", "eu-central-1"
MANAGEMENT = "999999999999"
SLR = f"arn:aws:iam::{B}:role/aws-service-role/backup.amazonaws.com/AWSServiceRoleForBackup"
SERVICE = {
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "backup.amazonaws.com"}, "Action": "sts:AssumeRole"}]
}
ALL = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
SHARED = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": [A, B]}, "Action": "kms:*", "Resource": "*"}]}
OPEN = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "backup:CopyIntoBackupVault", "Resource": "*"}]}


class Place:
    """One account with a database, its backup, and a vault in another Region."""

    def __init__(self, **options: Any) -> None:
        self.world = World(**options)
        for account in (A, B):
            self.world.account(account).create_service_linked_role("backup.amazonaws.com")
        self.site, self.far = self.world.site(A, HOME), self.world.site(A, DR)
        key = self.site.create_key(policy=SHARED)
        self.vault = self.site.create_vault("near", key_arn=key)
        self.target = self.far.create_vault("far", key_arn=self.far.create_key())
        self.role = self.world.account(A).create_role("backup", trust=SERVICE, policies=[ALL])
        self.database = self.site.create_database("RDS", "orders", key_arn=key, tags={"team": "shop"})
        # Any: tests send requests that boto3's types refuse, and look at its signer.
        self.client: Any = self.world.session(A, region=HOME).client("backup")
        self.client.start_backup_job(BackupVaultName="near", ResourceArn=self.database, IamRoleArn=self.role)
        self.world.run_for(timedelta(hours=1))
        (point,) = self.world.recovery_points()
        self.point = self.world.point_by_arn(point.arn)

    def copy(self, **changes: Any) -> str:
        request = {
            "RecoveryPointArn": self.point.arn,
            "SourceBackupVaultName": "near",
            "DestinationBackupVaultArn": self.target,
            "IamRoleArn": self.role,
            "IdempotencyToken": "token",
            "Lifecycle": {"DeleteAfterDays": 7},
            **changes,
        }
        job_id: str = self.client.start_copy_job(**request)["CopyJobId"]
        return job_id

    def job(self, job_id: str) -> dict[str, Any]:
        job: dict[str, Any] = self.client.describe_copy_job(CopyJobId=job_id)["CopyJob"]
        return job


class Journey(Place):
    """A place whose copies go into a vault of another account."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        there = self.world.site(B, HOME)
        self.target = there.create_vault("far", key_arn=there.create_key(), policy=OPEN)
        self.far_target = self.target
        self.copies = 0
        self.kept: Key = self.source_key
        self.meanwhile: Callable[[Journey], None] = lambda _: None

    @property
    def destination(self) -> Vault:
        return self.world.vault_by_arn(self.target)

    @property
    def source_key(self) -> Key:
        return self.world.keys[self.point.key_arn or ""]

    def outcome(self, **changes: Any) -> str:
        """The message of a copy that failed, or COMPLETED."""
        self.copies += 1
        job_id = self.copy(IdempotencyToken=f"attempt-{self.copies}", **changes)
        self.meanwhile(self)
        self.world.run_for(timedelta(hours=6))
        job = self.job(job_id)
        return str(job.get("StatusMessage", job["State"]))

    def allow_all_but(self, *actions: str) -> None:
        deny = {"Statement": [{"Effect": "Deny", "Action": list(actions), "Resource": "*"}]}
        self.world.roles[self.role].policies = (ALL, deny)

    def lose_the_role(self, after: timedelta) -> None:
        """What passes the role on is allowed; what uses it finds none."""
        self.world.run_for(after)
        self.world.account(A).delete_role(self.role)

    def get_the_role_back(self) -> None:
        self.meanwhile = lambda _: None
        self.role = self.world.account(A).create_role("backup", trust=SERVICE, policies=[ALL])

    def lose_the_source(self) -> None:
        self.world.run_for(timedelta(minutes=5))
        self.client.delete_recovery_point(BackupVaultName="near", RecoveryPointArn=self.point.arn)

    def get_another_source(self) -> None:
        self.meanwhile = lambda _: None
        self.client.start_backup_job(BackupVaultName="near", ResourceArn=self.database, IamRoleArn=self.role)
        self.world.run_for(timedelta(hours=1))
        self.point = self.world.point_by_arn(self.world.recovery_points()[-1].arn)

    def allow_all(self) -> None:
        self.world.roles[self.role].policies = (ALL,)


def code_of(refused: pytest.ExceptionInfo[ClientError]) -> str:
    return str(refused.value.response["Error"]["Code"])


def switch_cross_account(world: World, value: str) -> None:
    """The management account of the organization turns cross-account backup on or off."""
    client = world.session(MANAGEMENT, region=HOME).client("backup")
    client.update_global_settings(GlobalSettings={"isCrossAccountBackupEnabled": value})
