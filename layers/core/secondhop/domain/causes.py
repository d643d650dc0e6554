"""The causes of failures, whether a retry helps against each, and the remedy in words for an operator.

docs/troubleshooting.md is written from this table and from the texts in classification.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Again(StrEnum):
    """Whether, and how, a retry helps."""

    SOON = "SOON"
    DAILY = "DAILY"
    OPERATOR = "OPERATOR"


class Cause(StrEnum):
    """Why a hop or an intermediate could not go on."""

    TRANSIENT = "TRANSIENT"
    QUOTA = "QUOTA"
    NO_SLOT = "NO_SLOT"
    PAUSED = "PAUSED"
    ORGANIZATION = "ORGANIZATION"
    VAULT_POLICY = "VAULT_POLICY"
    VAULT_KEY = "VAULT_KEY"
    SOURCE_KEY = "SOURCE_KEY"
    KEY_UNUSABLE = "KEY_UNUSABLE"
    AWS_MANAGED_KEY = "AWS_MANAGED_KEY"
    RETENTION_RANGE = "RETENTION_RANGE"
    OPTION_GROUP = "OPTION_GROUP"
    TAGS = "TAGS"
    PERMISSION = "PERMISSION"
    ROLE = "ROLE"
    REGION_DISABLED = "REGION_DISABLED"
    NO_VAULT = "NO_VAULT"
    UNSUPPORTED = "UNSUPPORTED"
    SOURCE_GONE = "SOURCE_GONE"
    SOURCE_EXPIRED = "SOURCE_EXPIRED"
    ROUTE = "ROUTE"
    UNSHARE = "UNSHARE"
    UNKNOWN = "UNKNOWN"
    TOO_LATE = "TOO_LATE"
    VANISHED = "VANISHED"
    MISMATCH = "MISMATCH"
    UNENCRYPTED = "UNENCRYPTED"
    UNLOCKED = "UNLOCKED"
    UNDECIDABLE = "UNDECIDABLE"
    CLAIMED = "CLAIMED"
    STUCK = "STUCK"
    SITE_DOWN = "SITE_DOWN"
    FIRST_HOP = "FIRST_HOP"
    DELETE_FAILED = "DELETE_FAILED"
    DELETE_REFUSED = "DELETE_REFUSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """What a person does about a cause, and what Second Hop does meanwhile."""

    again: Again
    words: str


# What an operator runs, as docs/runbook.md has it.
_STACK = "--stack NAME --region REGION"
_MEANING = "NAME and REGION are the main stack's."
RESUME = f"run `secondhop resume {_STACK}`. {_MEANING}"
RETRY = f"run `secondhop retry ARN {_STACK}`. ARN is the recovery point of the message. {_MEANING}"

REMEDIES: dict[Cause, Remedy] = {
    Cause.TRANSIENT: Remedy(
        again=Again.SOON,
        words="Do nothing. AWS had a temporary fault, or the snapshot was in use, and Second Hop retries the copy. If "
        "an incident is open, give AWS Support the copy job's id.",
    ),
    Cause.QUOTA: Remedy(
        again=Again.SOON,
        words="Do nothing. AWS refused the copy because too many are in progress. Second Hop retries it later. If an "
        "incident is open, another tool uses the quota of this account and Region. Stop it there, or ask AWS for a "
        "higher quota: `aws service-quotas list-service-quotas --service-code rds`.",
    ),
    Cause.NO_SLOT: Remedy(
        again=Again.SOON,
        words="This copy waits because other copies, also of other installations, use all slots, or do not end. "
        "List them with "
        "`aws backup list-copy-jobs --by-state RUNNING`. Abandon chains with a copy that does not end, as "
        "docs/runbook.md shows. If AWS's quota is higher, raise MaximumRdsCopies or MaximumClusterCopies.",
    ),
    Cause.PAUSED: Remedy(
        again=Again.SOON,
        words=f"The route is paused, and nothing else is wrong. To resume it, {RESUME}",
    ),
    Cause.UNKNOWN: Remedy(
        again=Again.DAILY, words="Read AWS's text in the message. If you ask AWS Support, give them the copy job's id."
    ),
    Cause.ORGANIZATION: Remedy(
        again=Again.DAILY,
        words="Put both accounts into one AWS Organization. In its management account, run "
        "`aws backup update-global-settings --global-settings isCrossAccountBackupEnabled=true`. "
        "Each account must also have the database's service switched on: `aws backup describe-region-settings`.",
    ),
    Cause.VAULT_POLICY: Remedy(
        again=Again.DAILY,
        words="Allow backup:CopyIntoBackupVault for the source account in the destination vault's access policy.",
    ),
    Cause.VAULT_KEY: Remedy(
        again=Again.DAILY,
        words="Use a destination vault that is encrypted with a customer managed KMS key. No policy helps, and a vault "
        "keeps its key: create another vault.",
    ),
    Cause.SOURCE_KEY: Remedy(
        again=Again.DAILY,
        words="Enable the KMS key of the source snapshot. In its key policy, allow kms:Decrypt, kms:DescribeKey, "
        "kms:GenerateDataKey* and kms:CreateGrant (with the condition kms:GrantIsForAWSResource) for the destination "
        "account's AWSServiceRoleForBackup. If AWS manages the key (`alias/aws/rds`), no policy helps. Copy a snapshot "
        "under a customer managed key, restore the database from that copy, and use it instead.",
    ),
    Cause.KEY_UNUSABLE: Remedy(
        again=Again.DAILY,
        words="Enable the KMS key that the message names (`aws kms enable-key --key-id KEY`), or cancel its deletion "
        "first (`aws kms cancel-key-deletion --key-id KEY`). Its key policy must allow the backup account's "
        "AWSServiceRoleForBackup to use it. If the message names no key, check the keys of the source snapshot and of "
        "the destination vault. If AWS manages the key (`alias/aws/rds`, `alias/aws/backup`), no policy helps: use a "
        "customer managed key.",
    ),
    Cause.AWS_MANAGED_KEY: Remedy(
        again=Again.OPERATOR,
        words="Snapshots under an AWS managed key (`alias/aws/rds`) cannot be shared, and no policy helps. Re-encrypt "
        "the database: copy a snapshot under a customer managed key, restore the database from that copy, and use it "
        "instead.",
    ),
    Cause.RETENTION_RANGE: Remedy(
        again=Again.DAILY,
        words="Set RetentionDays between the minimum and maximum retention of the destination vault's lock.",
    ),
    Cause.OPTION_GROUP: Remedy(
        again=Again.DAILY, words="Create the option group that the message names in the destination Region."
    ),
    Cause.TAGS: Remedy(
        again=Again.DAILY,
        words="Allow backup:ListTags, backup:TagResource and rds:ListTagsForResource for the copy role. "
        "Keep the recovery point below 50 tags. If AWS's text names a tag policy, no permission helps. The "
        "organization's tag policy forbids a tag of the database. Correct the tag, or change the tag policy in the "
        "management account.",
    ),
    Cause.PERMISSION: Remedy(
        again=Again.DAILY,
        words="Allow the action that the message names for the role that it names. AWS gives the same answer for a "
        "wrong vault name or Region, so check WatchedVaultName, DrVaultName and DrRegion too. If the message names a "
        "service control policy, no permission of the role helps. Change that policy in the management account.",
    ),
    Cause.ROLE: Remedy(
        again=Again.DAILY,
        words="Allow backup.amazonaws.com to assume the copy role (CopyRoleArn), and the stack's functions to pass it.",
    ),
    Cause.REGION_DISABLED: Remedy(
        again=Again.DAILY,
        words="Enable the Region in the account that the message names, for both accounts if it names none. Run "
        "`aws account enable-region --region-name REGION`, and wait until `aws account get-region-opt-status "
        "--region-name REGION` says `ENABLED`. No policy helps before that.",
    ),
    Cause.NO_VAULT: Remedy(
        again=Again.DAILY,
        words="Create the vault that the message names again, or correct DrVaultName and DrRegion. If the vault was "
        "deleted, the copies in it were deleted too.",
    ),
    Cause.UNSUPPORTED: Remedy(
        again=Again.OPERATOR,
        words="AWS Backup cannot copy this recovery point, and no policy helps. It is continuous, of a Multi-AZ DB "
        "cluster or of RDS Custom, or AWS does not support the pair of Regions. Back up the database in a form that "
        "AWS Backup can copy.",
    ),
    Cause.SOURCE_GONE: Remedy(
        again=Again.OPERATOR,
        words="AWS says that the source recovery point is not found. Take a new backup, and keep intermediates longer. "
        "If the recovery point is in its vault later, Second Hop copies it without a retry.",
    ),
    Cause.SOURCE_EXPIRED: Remedy(
        again=Again.DAILY,
        words="AWS Backup marks the source recovery point as EXPIRED or DELETING, so it cannot be copied any more. "
        "Take a new backup, and keep intermediates for longer.",
    ),
    Cause.ROUTE: Remedy(
        again=Again.DAILY,
        words="The route no longer has this hop. Restore the hop, or abandon the chain as docs/runbook.md shows.",
    ),
    Cause.UNSHARE: Remedy(
        again=Again.SOON,
        words="The copy role was deleted during the copy. Create it again. Second Hop checks whether the copy arrived.",
    ),
    Cause.TOO_LATE: Remedy(
        again=Again.OPERATOR,
        words="The copy would expire within MinimumRemainingDays. Do nothing: a newer backup protects the database.",
    ),
    Cause.VANISHED: Remedy(
        again=Again.OPERATOR,
        words=f"The copy is not in its vault any more. Find out who deleted it. To make a new copy, {RETRY}",
    ),
    Cause.MISMATCH: Remedy(
        again=Again.OPERATOR,
        words="The copy in the vault differs from what the route requires. Compare it with the message. To check it "
        f"again, and to make another copy if it is still wrong, {RETRY}",
    ),
    Cause.UNENCRYPTED: Remedy(
        again=Again.OPERATOR,
        words="Copies of unencrypted clusters are unencrypted. Encrypt the database, or set AllowUnencrypted=true.",
    ),
    Cause.UNLOCKED: Remedy(
        again=Again.DAILY,
        words="The copy is in a vault without the lock that DrVaultLock requires. Run "
        "`aws backup put-backup-vault-lock-configuration`, or set VaultLock of the DR Region's stack. If you do not "
        "need that lock, change DrVaultLock.",
    ),
    Cause.UNDECIDABLE: Remedy(
        again=Again.OPERATOR,
        words="Second Hop cannot decide whether the copy exists or is needed. Check the destination vault. "
        f"Retry if it has no good copy, and abandon the chain otherwise. To retry, {RETRY} To abandon, use abandon "
        "instead of retry in this command.",
    ),
    Cause.CLAIMED: Remedy(
        again=Again.OPERATOR,
        words="Another chain makes the same copy, because two routes name the same vaults. Remove one.",
    ),
    Cause.STUCK: Remedy(
        again=Again.DAILY,
        words="Ask AWS Support about the copy job or recovery point that the message names. A job that is CREATED may "
        "wait behind another copy of the same database: `aws backup list-copy-jobs --by-resource-arn DATABASE`.",
    ),
    Cause.SITE_DOWN: Remedy(
        again=Again.SOON,
        words="Do nothing. AWS Backup or the Region has a fault: see the AWS Health Dashboard. Second Hop continues "
        "the copies when the fault ends.",
    ),
    Cause.FIRST_HOP: Remedy(
        again=Again.DAILY,
        words="Fix what AWS's text in the message says. Then start this copy by hand, or set FirstHopRoleArn of the "
        "main stack, so that Second Hop starts it.",
    ),
    Cause.DELETE_FAILED: Remedy(
        again=Again.DAILY,
        words="AWS accepted the delete and did not carry it out. You pay for the recovery point until it is deleted. "
        "AWS Backup deletes with its service-linked role: check that AWSServiceRoleForBackup exists in that "
        "account. Or allow iam:CreateServiceLinkedRole, rds:DeleteDBSnapshot and rds:DeleteDBClusterSnapshot for the "
        "role that made the recovery point. Second Hop repeats the delete of an EXPIRED one daily. Ask AWS Support if "
        "it still exists after three days.",
    ),
    Cause.DELETE_REFUSED: Remedy(
        again=Again.DAILY,
        words="Remove the vault lock or legal hold of the watched vault, or allow the operator role to delete there.",
    ),
}
