"""From AWS's words to a cause. One table of texts, and one of message categories; the first match wins.

The texts are those of AWS Backup's status messages (devguide/backup-dashboards, the knowledge-centre article
backup-troubleshoot-cross-account-copy), of the services behind it (RDS's CopyDBSnapshot and KMS), and the error codes
of its API. A message category says less than a text, so it counts only where no text or code is known. A text that no
row knows is UNKNOWN: a few retries, then stranded with the text quoted. causes.py has the remedies.
docs/troubleshooting.md is written from these tables.
"""

from __future__ import annotations

from dataclasses import dataclass

from secondhop.domain.causes import REMEDIES as REMEDIES  # noqa: PLC0414 - callers need one import
from secondhop.domain.causes import Again as Again  # noqa: PLC0414 - callers need one import
from secondhop.domain.causes import Cause as Cause  # noqa: PLC0414 - callers need one import


@dataclass(frozen=True, slots=True)
class Row:
    """One known text: a fragment of a status message, or an error code `code:Name`. ` ... ` means any words."""

    fragment: str
    cause: Cause


ROWS: tuple[Row, ...] = (
    Row("failed to unshare snapshot", Cause.UNSHARE),
    Row("must be a member of the same organization", Cause.ORGANIZATION),
    Row("cross-account ... not enabled", Cause.ORGANIZATION),
    Row("access denied trying to call aws backup service", Cause.VAULT_POLICY),
    # The vault's key, and not the snapshot's: before all other rows about keys that AWS manages.
    Row("vault is encrypted with the default", Cause.VAULT_KEY),
    Row("vault is encrypted with an aws managed", Cause.VAULT_KEY),
    Row("aws managed key", Cause.AWS_MANAGED_KEY),
    Row("aws managed kms key", Cause.AWS_MANAGED_KEY),
    Row("aws-managed", Cause.AWS_MANAGED_KEY),
    # RDS's ModifyDBSnapshotAttribute, which shares a snapshot with another account.
    Row("default service key", Cause.AWS_MANAGED_KEY),
    Row("default kms key", Cause.AWS_MANAGED_KEY),
    Row("default aws kms", Cause.AWS_MANAGED_KEY),
    Row("default rds encryption key", Cause.AWS_MANAGED_KEY),
    Row("default encryption key", Cause.AWS_MANAGED_KEY),
    Row("alias/aws/rds", Cause.AWS_MANAGED_KEY),
    Row("source snapshot kms key", Cause.SOURCE_KEY),
    Row("kms key is either disabled or pending deletion", Cause.KEY_UNUSABLE),
    # RDS says it of the "target", the "specified" and the "provided" key, with and without its ARN.
    Row("does not exist, is not enabled or you do not have permission", Cause.KEY_UNUSABLE),
    Row("KMSKeyNotAccessible", Cause.KEY_UNUSABLE),
    Row("kms key ... is not enabled", Cause.KEY_UNUSABLE),
    Row("kms key ... is disabled", Cause.KEY_UNUSABLE),
    Row("kms key ... not accessible", Cause.KEY_UNUSABLE),
    Row("kms key ... does not exist", Cause.KEY_UNUSABLE),
    # KMS's own words: DisabledException, KMSInvalidStateException, AccessDeniedException, NotFoundException.
    Row("key/ ... is disabled", Cause.KEY_UNUSABLE),
    Row("key/ ... is pending deletion", Cause.KEY_UNUSABLE),
    Row("key/ ... does not exist", Cause.KEY_UNUSABLE),
    Row("customer master key that does not exist", Cause.KEY_UNUSABLE),
    Row("KMSInvalidState", Cause.KEY_UNUSABLE),
    # "Given key ID does not exist", "Given key ID is not accessible".
    Row("given key id", Cause.KEY_UNUSABLE),
    Row("not within the range specified for the target backup vault", Cause.RETENTION_RANGE),
    Row("requires a target option group", Cause.OPTION_GROUP),
    Row("trying to list tags", Cause.TAGS),
    Row("unable to copy resource tags", Cause.TAGS),
    # Tags over the limit, in the words of services. Their category, LIMIT_EXCEEDED, would say a full quota of copies.
    Row("user tags", Cause.TAGS),
    Row("50 tags", Cause.TAGS),
    Row("TagLimitExceeded", Cause.TAGS),
    # Organizations: "The tag policy does not allow the specified value for the following tag key".
    Row("tag polic", Cause.TAGS),
    Row("TagPolicy", Cause.TAGS),
    # RDS: "Cannot copy more than 5 snapshots across regions", SnapshotQuotaExceeded.
    Row("cannot copy more than", Cause.QUOTA),
    Row("cannot create more than", Cause.QUOTA),
    Row("too many ... in progress", Cause.QUOTA),
    Row("QuotaExceeded", Cause.QUOTA),
    Row("quota exceeded", Cause.QUOTA),
    Row("exceed ... quota", Cause.QUOTA),
    Row("too many copy jobs running for resource", Cause.QUOTA),
    Row("limit exceeded", Cause.QUOTA),
    Row("LimitExceeded", Cause.QUOTA),
    # STS's RegionDisabledException, and what services answer in a Region that the account has not enabled.
    Row("RegionDisabled", Cause.REGION_DISABLED),
    Row("OptInRequired", Cause.REGION_DISABLED),
    Row("not activated in this region", Cause.REGION_DISABLED),
    Row("region ... not enabled", Cause.REGION_DISABLED),
    Row("region ... is disabled", Cause.REGION_DISABLED),
    Row("region ... not opted", Cause.REGION_DISABLED),
    Row("not opted ... region", Cause.REGION_DISABLED),
    Row("not enabled ... region", Cause.REGION_DISABLED),
    Row("security token included in the request is invalid", Cause.REGION_DISABLED),
    Row("cannot be assumed by aws backup", Cause.ROLE),
    Row("token expired", Cause.TRANSIENT),
    Row("encountered a fatal error", Cause.TRANSIENT),
    Row("an internal error occurred", Cause.TRANSIENT),
    Row("internal failure", Cause.TRANSIENT),
    Row("rate exceeded", Cause.TRANSIENT),
    Row("does not have permission", Cause.PERMISSION),
    Row("not authorized to", Cause.PERMISSION),
    Row("missing permission", Cause.PERMISSION),
    Row("insufficient privileges", Cause.PERMISSION),
    Row("continuous backup", Cause.UNSUPPORTED),
    Row("not supported", Cause.UNSUPPORTED),
    Row("isn't supported", Cause.UNSUPPORTED),
    Row("code:AccessDenied", Cause.PERMISSION),
    Row("code:AccessDeniedException", Cause.PERMISSION),
    Row("code:ThrottlingException", Cause.TRANSIENT),
    Row("code:ServiceUnavailableException", Cause.TRANSIENT),
    Row("code:ResourceNotFoundException", Cause.SOURCE_GONE),
    Row("code:UnrecognizedClientException", Cause.REGION_DISABLED),
    Row("code:InvalidClientTokenId", Cause.REGION_DISABLED),
)

# The categories of devguide/backup-dashboards. MISCELLANEOUS says nothing. The API model spells some of them otherwise
# (AccessDenied), so case and separators do not count.
CATEGORIES: dict[str, Cause] = {
    "ACCESS_DENIED": Cause.PERMISSION,
    "LIMIT_EXCEEDED": Cause.QUOTA,
    "CONCURRENT_JOB": Cause.QUOTA,
    "FEATURE_NOT_ENABLED": Cause.ORGANIZATION,
    "INVALID_LIFECYCLE": Cause.RETENTION_RANGE,
    "KMS_KEY_ERROR": Cause.KEY_UNUSABLE,
    "RESOURCE_NOT_FOUND": Cause.SOURCE_GONE,
    "RESOURCE_NOT_SUPPORTED": Cause.UNSUPPORTED,
    "UNSUPPORTED_OPERATION": Cause.UNSUPPORTED,
    "TAG_COPY_ERROR": Cause.TAGS,
    "JOB_EXPIRED": Cause.TRANSIENT,
    "INVALID_STATE": Cause.TRANSIENT,
    "TOKEN_EXPIRED": Cause.TRANSIENT,
    "FATAL_ERROR": Cause.TRANSIENT,
}

CODE = "code:"
ANY_WORDS = " ... "


def classify(*, message: str = "", code: str = "", category: str = "") -> Cause:
    """The cause behind a failed copy job's status message and category, or an API error's code and message."""
    text = f"{message}\n{CODE}{code}\n".lower()
    for row in ROWS:
        if _says(text, row.fragment.lower()):
            return row.cause
    known = {_letters(name): cause for name, cause in CATEGORIES.items()}
    return known.get(_letters(category), Cause.UNKNOWN)


def classify_question(*, message: str, code: str) -> Cause:
    """The cause behind a question that AWS refused. What is not found then is a vault: absent points are no error."""
    if code == "ResourceNotFoundException":
        return Cause.NO_VAULT
    return classify(message=message, code=code)


def _says(text: str, fragment: str) -> bool:
    """Whether a text has all parts of a fragment, in their order. An error code is compared whole."""
    if fragment.startswith(CODE):
        return f"{fragment}\n" in text
    position = 0
    for part in fragment.split(ANY_WORDS):
        found = text.find(part, position)
        if found < 0:
            return False
        position = found + len(part)
    return True


def _letters(category: str) -> str:
    return "".join(each for each in category.lower() if each.isalnum())
