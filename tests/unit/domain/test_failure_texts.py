"""The words of the services behind AWS Backup, and AWS's message categories, each with the cause that helps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secondhop.domain.classification import CATEGORIES, ROWS, Cause, classify

KEY = "arn:aws:kms:eu-central-1:444455556666:key/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f"
UNUSABLE = "does not exist, is not enabled or you do not have permissions to access it."

# https://github.com/awslabs/rds-snapshot-tool/issues/70, https://github.com/awslabs/aurora-snapshot-tool/issues/25
# and /issues/26, and AWS KMS's key-state page.
KEYS = [
    (f"The target KMS key [{KEY}] {UNUSABLE}", Cause.KEY_UNUSABLE),
    (f"The target KMS key [None] {UNUSABLE}", Cause.KEY_UNUSABLE),
    (f"The specified KMS key [{KEY}] {UNUSABLE}", Cause.KEY_UNUSABLE),
    (
        "The specified AWS KMS key ARN does not exist, is not enabled or you do not have permission to access it",
        Cause.KEY_UNUSABLE,
    ),
    (f"The encryption key of the target {UNUSABLE}", Cause.KEY_UNUSABLE),
    (f"The source snapshot KMS key [{KEY}] {UNUSABLE}", Cause.SOURCE_KEY),
    ("Copy failed (Service: Rds, Status Code: 400, Error Code: KMSKeyNotAccessibleFault)", Cause.KEY_UNUSABLE),
    ("Copy failed (Error Code: KMSInvalidStateException)", Cause.KEY_UNUSABLE),
    ("Given key ID is not accessible", Cause.KEY_UNUSABLE),
    (f"The KMS key {KEY.replace('key/', '')} is not enabled.", Cause.KEY_UNUSABLE),
    ("The KMS key of the vault is disabled.", Cause.KEY_UNUSABLE),
    ("The KMS key is not accessible.", Cause.KEY_UNUSABLE),
    ("The KMS key ID 0a1b does not exist.", Cause.KEY_UNUSABLE),
    (f"{KEY} is disabled.", Cause.KEY_UNUSABLE),
    (f"{KEY} is pending deletion.", Cause.KEY_UNUSABLE),
    (f"Key '{KEY}' does not exist", Cause.KEY_UNUSABLE),
    (
        "The ciphertext refers to a customer master key that does not exist or that you are not allowed to access.",
        Cause.KEY_UNUSABLE,
    ),
]

# https://github.com/awslabs/rds-snapshot-tool/issues/34 and RDS's user guide, "Sharing encrypted snapshots".
MANAGED_KEYS = [
    "Sharing snapshots encrypted with the default service key for RDS is currently not supported.",
    "Cannot share a snapshot that is encrypted with the default KMS key.",
    "Snapshots encrypted with the default AWS KMS encryption cannot be shared.",
    "You can't share a snapshot that uses the default RDS encryption key.",
    "A snapshot under the default encryption key can't be shared.",
    "Snapshots encrypted with the AWS managed key can't be shared. Specify another snapshot.",
    "The snapshot is encrypted with an AWS managed KMS key.",
    "Sharing is not possible for AWS-managed keys.",
    "The snapshot uses alias/aws/rds.",
]
VAULT_KEYS = [
    "Copy job failed because the destination Backup vault is encrypted with the default Backup service managed key.",
    "The destination backup vault is encrypted with an AWS managed key.",
]

# https://github.com/pbudzon/aws-maintenance/issues/19, and RDS's error codes.
QUOTAS = [
    "Cannot copy more than 5 snapshots across regions (Service: Rds, Status Code: 400)",
    "Cannot copy more than 20 snapshots across regions",
    "Cannot create more than 100 manual snapshots",
    "Snapshot copy was refused (Error Code: SnapshotQuotaExceeded; Proxy: null)",
    "Snapshot copy was refused (Error Code: SharedSnapshotQuotaExceeded)",
    "There are too many snapshot copies in progress.",
    "The request was refused: quota exceeded.",
    "This copy would exceed your quota of cross-Region snapshot copies.",
    "There are too many copy jobs running for resource.",
    "Subscriber limit exceeded",
    "Refused (Error Code: LimitExceededException)",
]

# https://github.com/rebuy-de/aws-nuke/issues/1062, STS's AssumeRole page, IAM's page of token versions.
REGIONS = [
    "The Region eu-south-1 is not enabled for account 444455556666.",
    "Region is disabled",
    "The account has the Region eu-south-1 not opted in.",
    "The account is not opted in to the Region eu-south-1.",
    "The account is not enabled in this Region.",
    "STS is not activated in this region for account:444455556666. (Error Code: SomethingElse)",
    "Failed (Service: AWSSecurityTokenService; Error Code: RegionDisabledException)",
    "OptInRequired: You are not subscribed to this service.",
    "The security token included in the request is invalid.",
]

# https://repost.aws/knowledge-center/backup-troubleshoot-cross-account-copy, Organizations' page of tag policies.
TAGS = [
    "We are unable to copy resource tags to your backup because of the tag policy of your organization",
    "The tag policy does not allow the specified value for the following tag key: 'CostCenter'.",
    "Your organization's tag policies do not allow this tag.",
    "The copy was refused (Error Code: TagPolicyViolation)",
    "Access denied exception while trying to list tags",
    "We are unable to copy resource tags to your backup because the number of tags exceeds the limit of 50.",
    # devguide/backup-dashboards.
    "The resultant tag set must not have more than 50 user tags.",
    "More than 50 tags specified",
    "A snapshot can have at most 50 tags.",
    "The copy was refused (Error Code: TagLimitExceeded)",
]

UNSUPPORTED = [
    "Copying an Amazon RDS Custom snapshot to another account is not supported.",
    "This operation isn't supported for the engine custom-sqlserver-se.",
    "A continuous backup cannot be copied.",
]

OTHERS = [
    ("Cross-account backup is not enabled in Region eu-west-1.", Cause.ORGANIZATION),
    ("Rate exceeded", Cause.TRANSIENT),
    ("Internal Failure", Cause.TRANSIENT),
    (
        "User: x is not authorized to perform: rds:CopyDBSnapshot with an explicit deny in a service control policy",
        Cause.PERMISSION,
    ),
]


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        *KEYS,
        *((text, Cause.AWS_MANAGED_KEY) for text in MANAGED_KEYS),
        *((text, Cause.VAULT_KEY) for text in VAULT_KEYS),
        *((text, Cause.QUOTA) for text in QUOTAS),
        *((text, Cause.REGION_DISABLED) for text in REGIONS),
        *((text, Cause.TAGS) for text in TAGS),
        *((text, Cause.UNSUPPORTED) for text in UNSUPPORTED),
        *OTHERS,
    ],
)
def test_the_words_of_the_services_behind_aws_backup_have_their_cause(message: str, cause: Cause) -> None:
    assert classify(message=message) is cause
    assert classify(message=message.upper(), category="MISCELLANEOUS") is cause


@pytest.mark.parametrize("code", ["UnrecognizedClientException", "InvalidClientTokenId"])
def test_a_token_that_a_region_does_not_know_means_that_the_region_is_not_enabled(code: str) -> None:
    assert classify(code=code) is Cause.REGION_DISABLED


# https://docs.aws.amazon.com/aws-backup/latest/devguide/backup-dashboards.html
DOCUMENTED = {
    "ACCESS_DENIED": Cause.PERMISSION,
    "CONCURRENT_JOB": Cause.QUOTA,
    "FATAL_ERROR": Cause.TRANSIENT,
    "FEATURE_NOT_ENABLED": Cause.ORGANIZATION,
    "INVALID_LIFECYCLE": Cause.RETENTION_RANGE,
    "INVALID_STATE": Cause.TRANSIENT,
    "JOB_EXPIRED": Cause.TRANSIENT,
    "KMS_KEY_ERROR": Cause.KEY_UNUSABLE,
    "LIMIT_EXCEEDED": Cause.QUOTA,
    "MISCELLANEOUS": Cause.UNKNOWN,
    "RESOURCE_NOT_FOUND": Cause.SOURCE_GONE,
    "RESOURCE_NOT_SUPPORTED": Cause.UNSUPPORTED,
    "TAG_COPY_ERROR": Cause.TAGS,
    "TOKEN_EXPIRED": Cause.TRANSIENT,
    "UNSUPPORTED_OPERATION": Cause.UNSUPPORTED,
}


@pytest.mark.parametrize(("category", "cause"), DOCUMENTED.items())
def test_a_category_counts_where_neither_text_nor_code_says_more(category: str, cause: Cause) -> None:
    camel_case = "".join(word.capitalize() for word in category.split("_"))

    assert classify(message="Something new", category=category) is cause
    assert classify(message="Something new", category=camel_case) is cause
    assert classify(message="Token expired. Try again.", category=category) is Cause.TRANSIENT
    assert classify(message="Something new", code="AccessDenied", category=category) is Cause.PERMISSION


@pytest.mark.parametrize("category", ["", "SUCCESS", "FAILURE", "InvalidParameters", "AccessDeniedOfAnotherKind"])
def test_a_category_that_aws_does_not_explain_says_nothing(category: str) -> None:
    assert classify(message="Something new", category=category) is Cause.UNKNOWN


@given(message=st.text(), code=st.text(), category=st.text())
def test_any_words_have_a_cause(message: str, code: str, category: str) -> None:
    assert classify(message=message, code=code, category=category) in {
        *(row.cause for row in ROWS),
        *CATEGORIES.values(),
        Cause.UNKNOWN,
    }


@pytest.mark.parametrize(
    ("message", "category", "cause"),
    [
        ("The resultant tag set must not have more than 50 user tags.", "LIMIT_EXCEEDED", Cause.TAGS),
        ("Given key ID does not exist", "RESOURCE_NOT_FOUND", Cause.KEY_UNUSABLE),
    ],
)
def test_a_text_says_more_than_its_category(message: str, category: str, cause: Cause) -> None:
    assert classify(message=message, category=category) is cause
