"""The policies of what a run makes: roles, vaults and queues. Each has only what its question needs."""

from __future__ import annotations

from typing import Any

from secondhop.domain.arn import Site
from secondhop_cli.first_night.settings import Settings

Document = dict[str, Any]
# The roles of each account. AWS Backup uses the first two of each; the command assumes the callers.
MAKER, LEAVER = "maker", "leaver"
COPIER, NARROW = "copier", "narrow"
CALLER_FROM, CALLER_PLAIN = "caller-from", "caller-plain"
DELETE_SNAPSHOT = "rds:DeleteDBSnapshot"


def statement(actions: list[str], resources: list[str], condition: Document | None = None) -> Document:
    found: Document = {"Effect": "Allow", "Action": actions, "Resource": resources}
    return found | ({"Condition": condition} if condition else {})


def policy(*statements: Document) -> Document:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def trust_backup(account: str) -> Document:
    """Only AWS Backup of this account may assume the role."""
    return policy(
        {
            "Effect": "Allow",
            "Principal": {"Service": "backup.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceAccount": account}},
        }
    )


def trust_account(settings: Settings) -> Document:
    """Only the backup account may assume the role, with the run's name."""
    return policy(
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:{settings.partition}:iam::{settings.backup}:root"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"sts:ExternalId": settings.run}},
        }
    )


def backing_up(settings: Settings) -> Document:
    """Backs the database up, and copies the backup, as AWSBackupServiceRolePolicyForBackup allows it."""
    return policy(
        statement(["rds:CreateDBSnapshot"], [settings.database_arn, _snapshots(settings)]),
        statement(["rds:DescribeDBInstances", "tag:GetResources"], ["*"]),
        *_copying(settings, ["*"]),
        statement([DELETE_SNAPSHOT], [_snapshots(settings)]),
    )


def copying(settings: Settings) -> Document:
    """Copies into the other Region, and may not delete snapshots."""
    return policy(*_copying(settings, ["*"]))


def copying_narrowly(settings: Settings) -> Document:
    """The same, without the right to describe the keys aws/backup."""
    return policy(*_copying(settings, [settings.near_key_arn, settings.dr_key_arn]))


def copying_and_deleting(settings: Settings) -> Document:
    return policy(*_copying(settings, ["*"]), statement([DELETE_SNAPSHOT], [_snapshots(settings)]))


def starting(settings: Settings, *, copies_from: bool) -> Document:
    """Starts copies with the role for copies, with or without CopyFromBackupVault."""
    actions = ["backup:StartCopyJob"] + (["backup:CopyFromBackupVault"] if copies_from else [])
    passed = {"StringEquals": {"iam:PassedToService": "backup.amazonaws.com"}}
    return policy(
        statement(actions, [_snapshots(settings)]),
        statement(["iam:PassRole"], [settings.role_arn(settings.backup, COPIER)], passed),
    )


def vault_policy(settings: Settings) -> Document:
    """Only the run's own roles of the workload account may copy into the vault."""
    roles = [settings.role_arn(settings.workload, each) for each in (MAKER, LEAVER)]
    return policy(
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:{settings.partition}:iam::{settings.workload}:root"},
            "Action": "backup:CopyIntoBackupVault",
            "Resource": "*",
            "Condition": {"ArnEquals": {"aws:PrincipalArn": roles}},
        }
    )


def queue_policy(settings: Settings, site: Site) -> Document:
    """Only the run's own rule may put events on the queue."""
    place = f"{site.region}:{site.account}"
    return policy(
        {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": f"arn:{settings.partition}:sqs:{place}:{settings.vault}",
            "Condition": {
                "ArnEquals": {"aws:SourceArn": f"arn:{settings.partition}:events:{place}:rule/{settings.vault}"}
            },
        }
    )


def _snapshots(settings: Settings) -> str:
    return f"arn:{settings.partition}:rds:*:*:snapshot:awsbackup:*"


def _copying(settings: Settings, described_keys: list[str]) -> list[Document]:
    granted = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    vaults = [settings.vault_arn(each) for each in settings.sites]
    return [
        statement(
            ["rds:AddTagsToResource", "rds:ListTagsForResource", "rds:CopyDBSnapshot", "rds:ModifyDBSnapshotAttribute"],
            [settings.database_arn, _snapshots(settings)],
        ),
        statement(["rds:DescribeDBSnapshots"], ["*"]),
        statement(["backup:CopyFromBackupVault"], ["*"]),
        statement(["backup:CopyIntoBackupVault", "backup:DescribeBackupVault"], vaults),
        statement(["kms:DescribeKey"], described_keys),
        statement(["kms:CreateGrant"], ["*"], granted),
    ]
