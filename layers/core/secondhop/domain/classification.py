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


REMEDIES: dict[Cause, Remedy] = {
    Cause.TRANSIENT: Remedy(again=Again.SOON, words="Nothing: AWS had a passing fault and the copy is tried again."),
    Cause.QUOTA: Remedy(again=Again.SOON, words="Nothing: too many copies are in progress; it is tried again later."),
    Cause.NO_SLOT: Remedy(
        again=Again.SOON,
        words="Copies that hang, or more of them than may be in flight, keep this one waiting. See aws backup "
        "list-copy-jobs; abandon what hangs, raise the limit of copies in flight if AWS's own quota is higher, "
        "or copy by hand.",
    ),
    Cause.PAUSED: Remedy(
        again=Again.SOON,
        words="Resume the route (verb resume of OperateChains), or copy by hand: nothing else is wrong.",
    ),
    Cause.UNKNOWN: Remedy(
        again=Again.DAILY, words="Read the quoted message; if AWS Support is needed, give them the copy job's id."
    ),
    Cause.ORGANIZATION: Remedy(
        again=Again.DAILY,
        words="Put both accounts into one AWS Organization and, in its management account, run "
        "aws backup update-global-settings --global-settings isCrossAccountBackupEnabled=true.",
    ),
    Cause.VAULT_POLICY: Remedy(
        again=Again.DAILY,
        words="Let the destination vault's access policy allow backup:CopyIntoBackupVault to the source account.",
    ),
    Cause.VAULT_KEY: Remedy(
        again=Again.DAILY, words="Use a destination vault that is encrypted with a customer managed KMS key."
    ),
    Cause.SOURCE_KEY: Remedy(
        again=Again.DAILY,
        words="Enable the source snapshot's KMS key and let its key policy allow the destination account's "
        "AWSServiceRoleForBackup kms:CreateGrant (kms:GrantIsForAWSResource), kms:Decrypt, kms:GenerateDataKey* "
        "and kms:DescribeKey.",
    ),
    Cause.KEY_UNUSABLE: Remedy(
        again=Again.DAILY,
        words="Enable the KMS key that the message names or cancel its deletion (aws kms enable-key, aws kms "
        "cancel-key-deletion), and let its policy admit the backup account's AWSServiceRoleForBackup. Where no key is "
        "named, look at the keys of the source snapshot and of the destination vault.",
    ),
    Cause.AWS_MANAGED_KEY: Remedy(
        again=Again.OPERATOR,
        words="Snapshots under an AWS managed key cannot be shared; re-encrypt them under a customer managed key.",
    ),
    Cause.RETENTION_RANGE: Remedy(
        again=Again.DAILY,
        words="Choose RetentionDays inside the minimum and maximum retention of the destination vault's lock.",
    ),
    Cause.OPTION_GROUP: Remedy(
        again=Again.DAILY, words="Create the option group that the message names in the destination Region."
    ),
    Cause.TAGS: Remedy(
        again=Again.DAILY,
        words="Allow backup:ListTags, backup:TagResource and rds:ListTagsForResource to the copy role, "
        "and keep the recovery point below 50 tags.",
    ),
    Cause.PERMISSION: Remedy(
        again=Again.DAILY,
        words="Allow the action that the message names to the role that it names; AWS says the same when the "
        "vault's name or Region is wrong, so check WatchedVaultName, DrVaultName and DrRegion too.",
    ),
    Cause.ROLE: Remedy(
        again=Again.DAILY,
        words="Let backup.amazonaws.com assume the copy role (CopyRoleArn), and the stack's functions pass it.",
    ),
    Cause.NO_VAULT: Remedy(
        again=Again.DAILY,
        words="Create the vault that the message names again, or correct DrVaultName and DrRegion. If it was "
        "deleted, so were the copies in it.",
    ),
    Cause.UNSUPPORTED: Remedy(
        again=Again.OPERATOR,
        words="AWS Backup cannot copy this recovery point (continuous, Multi-AZ DB cluster, or a Region pair without "
        "support); back the database up in a form that can be copied.",
    ),
    Cause.SOURCE_GONE: Remedy(
        again=Again.OPERATOR,
        words="AWS says that the source recovery point is not found. Take a new backup, and keep intermediates longer. "
        "If the recovery point shows in its vault later, Second Hop copies it without a retry.",
    ),
    Cause.SOURCE_EXPIRED: Remedy(
        again=Again.DAILY,
        words="AWS Backup marks the source recovery point as EXPIRED or DELETING, so it cannot be copied any more. "
        "Take a new backup, and keep intermediates for longer.",
    ),
    Cause.ROUTE: Remedy(again=Again.DAILY, words="The route no longer has this hop; restore it, or abandon the chain."),
    Cause.UNSHARE: Remedy(
        again=Again.SOON,
        words="The copy role vanished during the copy; the copy itself may have arrived and is looked for.",
    ),
    Cause.TOO_LATE: Remedy(
        again=Again.OPERATOR,
        words="The copy would live for less than MinimumRemainingDays. A newer backup protects the database.",
    ),
    Cause.VANISHED: Remedy(
        again=Again.OPERATOR,
        words="The copy is not in its vault any more. Find out who deleted it; the verb retry makes a new one.",
    ),
    Cause.MISMATCH: Remedy(
        again=Again.OPERATOR,
        words="The arrival is not what was promised. Compare it with the message. The verb retry looks again, and "
        "makes another copy if it is still wrong.",
    ),
    Cause.UNENCRYPTED: Remedy(
        again=Again.OPERATOR,
        words="Unencrypted clusters stay unencrypted when copied. Encrypt the database, or set AllowUnencrypted.",
    ),
    Cause.UNLOCKED: Remedy(
        again=Again.DAILY,
        words="The copy stands, in a vault that is not locked as DrVaultLock demands. Lock it (aws backup "
        "put-backup-vault-lock-configuration, or VaultLock of the DR Region's stack), or demand less.",
    ),
    Cause.UNDECIDABLE: Remedy(
        again=Again.OPERATOR,
        words="It cannot be told whether the copy was made, or is needed. Look into the destination vault. Then "
        "abandon the chain if a good copy stands there, or retry.",
    ),
    Cause.CLAIMED: Remedy(
        again=Again.OPERATOR, words="Another chain makes this very copy; two routes name the same vaults. Remove one."
    ),
    Cause.STUCK: Remedy(again=Again.DAILY, words="Ask AWS Support about the job or point that the message names."),
    Cause.SITE_DOWN: Remedy(
        again=Again.SOON,
        words="Nothing here: AWS Backup or the Region does not work as it should (see the AWS Health Dashboard). "
        "Copies go on by themselves when it does.",
    ),
    Cause.FIRST_HOP: Remedy(
        again=Again.DAILY,
        words="Mend what the message quotes. Then start this copy by hand, or give FirstHopRoleArn to the stack, so "
        "that Second Hop starts it.",
    ),
    Cause.DELETE_FAILED: Remedy(
        again=Again.DAILY,
        words="AWS accepted the delete and did not carry it out; the point is billed until it is gone. "
        "AWS Backup deletes with its service-linked role: check that AWSServiceRoleForBackup exists in the point's "
        "account, or allow the role that made the point iam:CreateServiceLinkedRole, rds:DeleteDBSnapshot and "
        "rds:DeleteDBClusterSnapshot. A point that is EXPIRED is deleted again daily. Ask AWS Support if it is still "
        "there after three days.",
    ),
    Cause.DELETE_REFUSED: Remedy(
        again=Again.DAILY,
        words="Remove the vault lock or legal hold from the watched vault, or let the operator role delete there.",
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
