"""The members of AWS Backup's requests that this simulator knows. Every other one is refused by name.

A member with a value that asks for nothing (False, an empty list, an empty object) is like an absent one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from backup_simulator.errors import NotModelled
from backup_simulator.wire import model_of

PAGES = "NextToken MaxResults"
VAULT, POINT = "BackupVaultName", "BackupVaultName RecoveryPointArn"
DATES = "ByCreatedBefore ByCreatedAfter ByCompleteBefore ByCompleteAfter"
KNOWN: dict[str, frozenset[str]] = {
    name: frozenset(members.split())
    for name, members in {
        # Operations.
        "StartCopyJob": "RecoveryPointArn SourceBackupVaultName DestinationBackupVaultArn IamRoleArn IdempotencyToken "
        "Lifecycle",
        "DescribeCopyJob": "CopyJobId",
        "ListCopyJobs": f"{PAGES} {DATES} ByResourceArn ByState ByResourceType ByDestinationVaultArn ByAccountId "
        "ByParentJobId ByMessageCategory BySourceRecoveryPointArn",
        "DescribeRecoveryPoint": f"{POINT} BackupVaultAccountId",
        "ListRecoveryPointsByBackupVault": f"{PAGES} {VAULT} BackupVaultAccountId ByResourceArn ByResourceType "
        "ByBackupPlanId ByCreatedBefore ByCreatedAfter ByParentRecoveryPointArn",
        # Every recovery point here is one of AWS Backup.
        "ListRecoveryPointsByResource": f"{PAGES} ResourceArn ManagedByAWSBackupOnly",
        "DeleteRecoveryPoint": POINT,
        "UpdateRecoveryPointLifecycle": f"{POINT} Lifecycle",
        "ListTags": f"{PAGES} ResourceArn",
        "TagResource": "ResourceArn Tags",
        "UntagResource": "ResourceArn TagKeyList",
        "CreateBackupVault": f"{VAULT} BackupVaultTags EncryptionKeyArn CreatorRequestId",
        "DescribeBackupVault": f"{VAULT} BackupVaultAccountId",
        "ListBackupVaults": f"{PAGES} ByVaultType",
        "DeleteBackupVault": VAULT,
        "PutBackupVaultAccessPolicy": f"{VAULT} Policy",
        "GetBackupVaultAccessPolicy": VAULT,
        "DeleteBackupVaultAccessPolicy": VAULT,
        "PutBackupVaultLockConfiguration": f"{VAULT} MinRetentionDays MaxRetentionDays ChangeableForDays",
        "DeleteBackupVaultLockConfiguration": VAULT,
        "CreateBackupPlan": "BackupPlan BackupPlanTags CreatorRequestId",
        "UpdateBackupPlan": "BackupPlanId BackupPlan",
        "GetBackupPlan": "BackupPlanId VersionId MaxScheduledRunsPreview",
        "ListBackupPlans": f"{PAGES} IncludeDeleted",
        "ListBackupPlanVersions": f"{PAGES} BackupPlanId",
        "DeleteBackupPlan": "BackupPlanId",
        "CreateBackupSelection": "BackupPlanId BackupSelection CreatorRequestId",
        "GetBackupSelection": "BackupPlanId SelectionId",
        "ListBackupSelections": f"{PAGES} BackupPlanId",
        "DeleteBackupSelection": "BackupPlanId SelectionId",
        "StartBackupJob": f"{VAULT} ResourceArn IamRoleArn IdempotencyToken StartWindowMinutes CompleteWindowMinutes "
        "Lifecycle RecoveryPointTags",
        "DescribeBackupJob": "BackupJobId",
        "ListBackupJobs": f"{PAGES} {DATES} ByResourceArn ByState ByBackupVaultName ByResourceType ByAccountId",
        "DescribeGlobalSettings": "",
        "UpdateGlobalSettings": "GlobalSettings",
        "DescribeRegionSettings": "",
        "UpdateRegionSettings": "ResourceTypeOptInPreference",
        # Structures inside of requests. AWS Backup ignores cold storage for these types (BackupRuleInput).
        "BackupPlanInput": "BackupPlanName Rules",
        "BackupRuleInput": "RuleName TargetBackupVaultName ScheduleExpression ScheduleExpressionTimezone "
        "StartWindowMinutes CompletionWindowMinutes Lifecycle RecoveryPointTags CopyActions",
        "CopyAction": "DestinationBackupVaultArn Lifecycle",
        "Lifecycle": "DeleteAfterDays MoveToColdStorageAfterDays",
    }.items()
}


def check_members(operation: str, request: Mapping[str, Any]) -> None:
    """Raises NotModelled for the members of a request that would be ignored."""
    if operation in KNOWN:
        _refuse(operation, _unknown(operation, model_of("backup").operation_model(operation).input_shape, request))


def check_plan_members(document: Mapping[str, Any]) -> None:
    """Raises NotModelled for the members of a plan that would be ignored."""
    _refuse("a backup plan", _unknown("BackupPlanInput", model_of("backup").shape_for("BackupPlanInput"), document))


def _refuse(what: str, unknown: Iterator[str]) -> None:
    if names := sorted(set(unknown)):
        raise NotModelled(f"{', '.join(names)} of {what} is not modelled")


def _unknown(name: str, shape: Any, given: Mapping[str, Any]) -> Iterator[str]:
    """The names of members that are not known, in this structure and those within."""
    known = KNOWN[name]
    for member, value in given.items():
        if member not in known:
            if not (value is None or value is False or value in ([], {})):
                yield member
            continue
        inner = shape.members[member]
        values = value if inner.type_name == "list" and isinstance(value, list) else [value]
        inner = inner.member if inner.type_name == "list" else inner
        if inner.type_name == "structure" and inner.name in KNOWN:
            for each in values:
                yield from _unknown(inner.name, inner, each)
