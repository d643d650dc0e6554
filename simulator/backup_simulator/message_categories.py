"""The message categories of jobs.

The names are those of https://docs.aws.amazon.com/aws-backup/latest/devguide/backup-dashboards.html. The page does not
say which text has which category. Here, the obvious ones have theirs, and all others are MISCELLANEOUS.
"""

from __future__ import annotations

from backup_simulator import texts

SUCCESS, UNCLEAR = "SUCCESS", "MISCELLANEOUS"
CATEGORIES = {
    texts.SETTING: "FEATURE_NOT_ENABLED",
    texts.VAULT_POLICY: "ACCESS_DENIED",
    texts.LIST_TAGS: "ACCESS_DENIED",
    texts.NOT_PERMITTED.partition("{")[0]: "ACCESS_DENIED",
    texts.MANAGED_KEY: "KMS_KEY_ERROR",
    texts.SOURCE_KEY.partition("{")[0]: "KMS_KEY_ERROR",
    texts.DESTINATION_KEY: "KMS_KEY_ERROR",
    texts.RETENTION: "INVALID_LIFECYCLE",
    texts.TOO_MANY_TAGS: "TAG_COPY_ERROR",
    texts.TOO_MANY_JOBS: "CONCURRENT_JOB",
    texts.SINGLE_ACTION.partition("{")[0]: "RESOURCE_NOT_SUPPORTED",
    texts.FATAL: "FATAL_ERROR",
    texts.EXPIRED: "TOKEN_EXPIRED",
}


def category_of(message: str) -> str:
    """The message category of a job with a status message. An empty message is a success."""
    if not message:
        return SUCCESS
    return next((category for text, category in CATEGORIES.items() if message.startswith(text)), UNCLEAR)
