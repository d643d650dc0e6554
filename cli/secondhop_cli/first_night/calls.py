"""The API calls that a run can make in each account. `--dry-run` shows them, and docs/first-night.md allows them."""

from __future__ import annotations

from secondhop_cli.first_night.settings import Settings

Calls = dict[str, tuple[str, ...]]
EVERYWHERE: Calls = {
    "backup": (
        "CreateBackupVault",
        "DeleteBackupVault",
        "DeleteRecoveryPoint",
        "DescribeCopyJob",
        "DescribeRecoveryPoint",
        "ListBackupVaults",
        "ListCopyJobs",
        "ListRecoveryPointsByBackupVault",
        "StartCopyJob",
    ),
    "events": ("DeleteRule", "DescribeRule", "PutRule", "PutTargets", "RemoveTargets"),
    "iam": ("CreateRole", "DeleteRole", "DeleteRolePolicy", "GetRole", "PutRolePolicy"),
    "kms": ("DescribeKey",),
    "sqs": ("CreateQueue", "DeleteMessage", "DeleteQueue", "GetQueueAttributes", "GetQueueUrl", "ReceiveMessage"),
    "sts": ("GetCallerIdentity",),
}
WORKLOAD_ONLY: Calls = {
    "backup": ("DescribeBackupJob", "ListBackupJobs", "StartBackupJob"),
    "rds": ("DescribeDBInstances",),
}
BACKUP_ONLY: Calls = {
    "backup": (
        "DeleteBackupVaultLockConfiguration",
        "PutBackupVaultAccessPolicy",
        "PutBackupVaultLockConfiguration",
    ),
    "sts": ("AssumeRole",),
}

# Permissions that AWS asks beside the calls: for CreateBackupVault (repost.aws, backup-vault-access-denied), for the
# passed roles, and, as far as anyone knows, for StartCopyJob.
ALSO_NEEDED = (
    "backup-storage:MountCapsule",
    "backup:CopyFromBackupVault",
    "iam:PassRole",
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:GenerateDataKey",
    "kms:RetireGrant",
)


def calls_of(only: Calls) -> list[str]:
    """All calls in one account, as service:Operation, in order."""
    return sorted(
        {f"{service}:{name}" for each in (EVERYWHERE, only) for service, names in each.items() for name in names}
    )


def plan_lines(settings: Settings) -> list[str]:
    """What the run makes, and where."""
    name = settings.vault
    return [
        f"Run {settings.run}: a backup of {settings.database_arn} ({settings.size_gib} GiB), and copies of it.",
        f"In account {settings.workload}, {settings.region}: 2 roles, and a vault, a queue and an event rule {name}.",
        f"In account {settings.backup}, {settings.region}: 4 roles, and a vault, a queue and an event rule {name}.",
        f"In account {settings.backup}, {settings.dr_region}: a vault, a queue and an event rule {name}.",
        "All of it is removed at the end. The database and the keys are not changed.",
    ]


def call_lines(settings: Settings) -> list[str]:
    """The API calls by account, for `--dry-run`."""
    lines = []
    for word, account, only in (
        ("workload", settings.workload, WORKLOAD_ONLY),
        ("backup", settings.backup, BACKUP_ONLY),
    ):
        lines += [f"Calls in the {word} account {account}:", *(f"  {each}" for each in calls_of(only))]
    return lines
