"""What AWS Backup says when it refuses or a job fails, word for word.

https://docs.aws.amazon.com/aws-backup/latest/devguide/backup-dashboards.html and
https://repost.aws/knowledge-center/backup-troubleshoot-cross-account-copy, unless said otherwise.
"""

from __future__ import annotations

ORGANIZATION = "Copy job failed. Both source and destination account must be a member of the same organization."
SETTING = "Copy job failed. Cross-account copy feature is not enabled for the current organization."
VAULT_POLICY = "Access Denied trying to call AWS Backup service"
DEFAULT_KEY = (
    "Copy job failed because the destination Backup vault is encrypted with the default Backup service managed key. "
    "The contents of this vault cannot be copied. Only the contents of a Backup vault encrypted by an AWS KMS key may "
    "be copied."
)
MANAGED_KEY = "Snapshots encrypted with the AWS managed key can't be shared. Specify another snapshot."
SOURCE_KEY = (
    "The source snapshot KMS key [{key}] does not exist, is not enabled or you do not have permissions to access it."
)
DESTINATION_KEY = "KMS key is either disabled or pending deletion or access to KMS key is denied"
RETENTION = (
    "Copy job failed. The retention specified in the job is not within the range specified for the target Backup Vault."
)
OPTION_GROUP = "The snapshot requires a target option group with the following options: {options}."
LIST_TAGS = "Access denied exception while trying to list tags"
TOO_MANY_TAGS = "We are unable to copy resource tags to your backup because the number of tags exceeds the limit of 50."
TOO_MANY_JOBS = "There are too many copy jobs running for resource."
SINGLE_ACTION = (
    "Copy job from {source} to {destination} cannot be initiated for {resource_type} resources. "
    "Feature is not supported for provided resource type."
)
NOT_ASSUMED = "IAM Role {role} cannot be assumed by AWS Backup"
NOT_PERMITTED = "IAM Role {role} is not authorized to perform: {action}"
FATAL = "Copy job encountered a fatal error. Please contact AWS Support for further assistance."
INTERNAL = "An internal error occurred."
EXPIRED = "Token expired. Try again."
# create-cross-account-backup: the role was deleted while the copy was under way; the copy is there all the same.
UNSHARE = "Failed to unshare snapshot"
