"""From AWS's words to a cause, whether a retry helps, and the remedy. One table, first match wins.

The texts are those of AWS Backup's status messages (devguide/backup-dashboards, the knowledge-centre article
backup-troubleshoot-cross-account-copy), the error codes of its API, and its message categories, which say least and
stand last. A text that no row knows is UNKNOWN: a few retries, then stranded with the text quoted.
docs/troubleshooting.md is written from these tables.
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
_INVOKE = "run `aws lambda invoke --function-name NAME --cli-binary-format raw-in-base64-out --payload"
_NAME = "NAME is the main stack's output OperateChainsFunction. docs/runbook.md shows what another RouteName adds."
RESUME = f'{_INVOKE} \'{{"verb": "resume", "by": "your name"}}\' answer.json`. {_NAME}'
RETRY = (
    f'{_INVOKE} \'{{"verb": "retry", "by": "your name", "recovery_point": "ARN"}}\' answer.json`. ARN is the recovery '
    f"point of the message. {_NAME}"
)

REMEDIES: dict[Cause, Remedy] = {
    Cause.TRANSIENT: Remedy(
        again=Again.SOON, words="Do nothing. AWS had a temporary fault, and Second Hop retries the copy."
    ),
    Cause.QUOTA: Remedy(
        again=Again.SOON,
        words="Do nothing. AWS refused the copy because too many are in progress. Second Hop retries it later.",
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
        "`aws backup update-global-settings --global-settings isCrossAccountBackupEnabled=true`.",
    ),
    Cause.VAULT_POLICY: Remedy(
        again=Again.DAILY,
        words="Allow backup:CopyIntoBackupVault for the source account in the destination vault's access policy.",
    ),
    Cause.VAULT_KEY: Remedy(
        again=Again.DAILY, words="Use a destination vault that is encrypted with a customer managed KMS key."
    ),
    Cause.SOURCE_KEY: Remedy(
        again=Again.DAILY,
        words="Enable the KMS key of the source snapshot. In its key policy, allow kms:Decrypt, kms:DescribeKey, "
        "kms:GenerateDataKey* and kms:CreateGrant (with the condition kms:GrantIsForAWSResource) for the destination "
        "account's AWSServiceRoleForBackup.",
    ),
    Cause.KEY_UNUSABLE: Remedy(
        again=Again.DAILY,
        words="Enable the KMS key that the message names (`aws kms enable-key --key-id KEY`), or cancel its deletion "
        "first (`aws kms cancel-key-deletion --key-id KEY`). Its key policy must allow the backup account's "
        "AWSServiceRoleForBackup to use it. If the message names no key, check the keys of the source snapshot and of "
        "the destination vault.",
    ),
    Cause.AWS_MANAGED_KEY: Remedy(
        again=Again.OPERATOR,
        words="Snapshots under an AWS managed key cannot be shared. Re-encrypt them under a customer managed key.",
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
        "Keep the recovery point below 50 tags.",
    ),
    Cause.PERMISSION: Remedy(
        again=Again.DAILY,
        words="Allow the action that the message names for the role that it names. AWS gives the same answer for a "
        "wrong vault name or Region, so check WatchedVaultName, DrVaultName and DrRegion too.",
    ),
    Cause.ROLE: Remedy(
        again=Again.DAILY,
        words="Allow backup.amazonaws.com to assume the copy role (CopyRoleArn), and the stack's functions to pass it.",
    ),
    Cause.NO_VAULT: Remedy(
        again=Again.DAILY,
        words="Create the vault that the message names again, or correct DrVaultName and DrRegion. If the vault was "
        "deleted, the copies in it were deleted too.",
    ),
    Cause.UNSUPPORTED: Remedy(
        again=Again.OPERATOR,
        words="AWS Backup cannot copy this recovery point: it is continuous, of a Multi-AZ DB cluster, or AWS does not "
        "support the pair of Regions. Back up the database in a form that AWS Backup can copy.",
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
        again=Again.DAILY, words="Ask AWS Support about the copy job or recovery point that the message names."
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


@dataclass(frozen=True, slots=True)
class Row:
    """One known text: a fragment of a status message, an error code `code:Name`, or a category `category:Name`."""

    fragment: str
    cause: Cause


ROWS: tuple[Row, ...] = (
    Row("failed to unshare snapshot", Cause.UNSHARE),
    Row("must be a member of the same organization", Cause.ORGANIZATION),
    Row("cross-account copy feature is not enabled", Cause.ORGANIZATION),
    Row("access denied trying to call aws backup service", Cause.VAULT_POLICY),
    Row("encrypted with the default backup service managed key", Cause.VAULT_KEY),
    Row("encrypted with the aws managed key can't be shared", Cause.AWS_MANAGED_KEY),
    Row("source snapshot kms key", Cause.SOURCE_KEY),
    Row("kms key is either disabled or pending deletion", Cause.KEY_UNUSABLE),
    Row("not within the range specified for the target backup vault", Cause.RETENTION_RANGE),
    Row("requires a target option group", Cause.OPTION_GROUP),
    Row("trying to list tags", Cause.TAGS),
    Row("unable to copy resource tags", Cause.TAGS),
    Row("too many copy jobs running for resource", Cause.QUOTA),
    Row("subscriber limit exceeded", Cause.QUOTA),
    Row("feature is not supported for provided resource type", Cause.UNSUPPORTED),
    Row("continuous backup", Cause.UNSUPPORTED),
    Row("cannot be assumed by aws backup", Cause.ROLE),
    Row("token expired", Cause.TRANSIENT),
    Row("encountered a fatal error", Cause.TRANSIENT),
    Row("an internal error occurred", Cause.TRANSIENT),
    Row("does not have permission", Cause.PERMISSION),
    Row("not authorized to", Cause.PERMISSION),
    Row("missing permission", Cause.PERMISSION),
    Row("insufficient privileges", Cause.PERMISSION),
    Row("code:AccessDenied", Cause.PERMISSION),
    Row("code:AccessDeniedException", Cause.PERMISSION),
    Row("code:LimitExceededException", Cause.QUOTA),
    Row("code:ThrottlingException", Cause.TRANSIENT),
    Row("code:ServiceUnavailableException", Cause.TRANSIENT),
    Row("code:ResourceNotFoundException", Cause.SOURCE_GONE),
    Row("category:AccessDenied", Cause.PERMISSION),
)

WHOLE_LINES = ("code:", "category:")


def classify(*, message: str = "", code: str = "", category: str = "") -> Cause:
    """The cause behind a failed copy job's status message and category, or an API error's code and message."""
    text = f"{message}\ncode:{code}\ncategory:{category}\n".lower()
    for row in ROWS:
        end = "\n" if row.fragment.startswith(WHOLE_LINES) else ""
        if f"{row.fragment}{end}".lower() in text:
            return row.cause
    return Cause.UNKNOWN


def classify_question(*, message: str, code: str) -> Cause:
    """The cause behind a question that AWS refused. What is not found then is a vault: absent points are no error."""
    if code == "ResourceNotFoundException":
        return Cause.NO_VAULT
    return classify(message=message, code=code)
