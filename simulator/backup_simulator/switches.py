"""Switches for behaviour that AWS does not document. Each is one open question; the default is the most likely answer.

A system that is correct for every setting is correct for every possible behaviour of AWS.
"""

from __future__ import annotations

from dataclasses import Field, dataclass, fields
from datetime import timedelta
from enum import StrEnum
from typing import Any, Self


class OverQuota(StrEnum):
    """What a copy job does when the destination Region's snapshot-copy quota is used up."""

    QUEUES = "queues"
    FAILS = "fails"
    QUEUES_THEN_FAILS = "queues then fails"


class DeleteDuringCopy(StrEnum):
    """What DeleteRecoveryPoint does to a point that a running job copies."""

    REFUSED = "refused"
    ACCEPTED = "accepted"


class DescribesBackupKey(StrEnum):
    """Who must be allowed to describe the keys `aws/backup` for a cross-Region copy."""

    NOBODY = "nobody"
    PASSED_ROLE = "passed role"
    CALLER_TOO = "caller too"


class SourceVaultShown(StrEnum):
    """For which copies the API names the vault that a point was copied from (SourceBackupVaultArn)."""

    AS_DOCUMENTED = "as documented"
    ALWAYS = "always"
    ACROSS_ACCOUNTS = "across accounts"
    ACROSS_ACCOUNTS_AND_REGIONS = "across accounts and regions"
    NEVER = "never"


class CopyFromAskedOf(StrEnum):
    """Who needs the right CopyFromBackupVault for a StartCopyJob."""

    CALLER_TOO = "caller too"
    PASSED_ROLE = "passed role"


class TokenOfAnother(StrEnum):
    """What a call gets if its IdempotencyToken was used with other parameters."""

    SAME_JOB = "same job"
    NEW_JOB = "new job"
    REFUSED = "refused"


CHOICES: dict[str, type[StrEnum]] = {
    "OverQuota": OverQuota,
    "DeleteDuringCopy": DeleteDuringCopy,
    "DescribesBackupKey": DescribesBackupKey,
    "SourceVaultShown": SourceVaultShown,
    "CopyFromAskedOf": CopyFromAskedOf,
    "TokenOfAnother": TokenOfAnother,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownBehaviour:
    """The settings of a world.

    `over_quota`: no page says what AWS Backup does at the limits of 20 and 5. Jobs "queue and may eventually fail".

    `token_lifetime`: no page says how long StartCopyJob and StartBackupJob remember a token. None is for ever.

    `token_of_another`: a token makes calls one that are "otherwise identical" (API_StartCopyJob). No page says what
    another call with a used token gets.

    `identical_calls_merged_for`: no page says whether identical StartCopyJob calls with other tokens, or none, make
    one job for a time. Zero merges none.

    `copy_from_asked_of`: the service authorization reference names no dependent action of StartCopyJob but PassRole.
    Some projects give callers StartCopyJob and PassRole only. Asking the caller too is the stricter setting.

    `list_tags_asks_rds`: whether ListTags of an RDS snapshot also asks the caller for rds:ListTagsForResource. No page
    says so. A project gives callers both for this call (nationalarchives/terraform-aws-immutable-aws-backup).

    `delete_during_copy`: RDS says that it can make the copy fail, and AWS advises a locked vault to prevent it. No page
    says whether the delete is accepted; probably it is.

    `unshare_failure_state`: the state that comes with "Failed to unshare snapshot" (create-cross-account-backup).

    `creation_date_inherited`: recov-point-create-a-copy says yes. False tests code that relies on it.

    `source_vault_shown`: the API model says that SourceBackupVaultArn is null for a point from the same account
    (lists), or from the same account or the same Region (describe). Older readings are the other settings.

    `resource_arn_survives_second_copy`: a copy names the database as its ResourceArn. No page says so for a copy of a
    copy. False names the recovery point that it was copied from, in lists, describes and events.

    `destination_sees_copy_events`: no page mentions Copy Job events in the destination. Four projects forward them.

    `arrival_event`: one AWS sample uses a Recovery Point event in the destination. No page promises it.

    `arrival_is_creating_first`: whether a copy shows as CREATING for some minutes after its job is COMPLETED.

    `delete_leaves_expired`: points that are deleted without permission remain as EXPIRED (deleting-backups).

    `delete_asks_the_points_role`: whether the role of a point must itself be allowed to delete the snapshot.

    `expiry_asks_the_makers_role`: a lifecycle ends with the role of the point. If that role is deleted or restricted,
    AWS tries its service-linked role, which may leave the point EXPIRED (backup-iam). True always leaves it so.

    `unknown_vault_denied`: DescribeRecoveryPoint on an unknown vault answers AccessDenied. The others probably do too.

    `locked_delete_code`: the error of a delete in a locked vault. InvalidRequestException was seen in several runs.

    `unfit_source_code`: the error of StartCopyJob on a point that is EXPIRED, DELETING or CREATING.

    `multi_az_cluster_fails_later`: Multi-AZ DB clusters cannot be copied. The call or the job fails.

    `single_action`: since October 2025 one copy action crosses account and Region. False is the time before.

    `initiator_describes_aws_backup_key`: "the role initiating a cross-Region copy job must have kms:ResourceAliases
    alias/aws/backup in the DescribeKey permission" (encryption). No page says which role that is.

    `events_reach_opt_in_regions`: whether a rule's target may be a bus in an opt-in Region. No list of them was found.

    `system_error_share`: the share of jobs that meet a system error and stay CREATED for up to two hours.

    `system_error_is_long`: such jobs stay CREATED for days, until AWS's team starts them again.
    """

    over_quota: OverQuota = OverQuota.QUEUES
    token_lifetime: timedelta | None = timedelta(hours=24)
    token_of_another: TokenOfAnother = TokenOfAnother.SAME_JOB
    identical_calls_merged_for: timedelta = timedelta(0)
    copy_from_asked_of: CopyFromAskedOf = CopyFromAskedOf.CALLER_TOO
    list_tags_asks_rds: bool = True
    delete_during_copy: DeleteDuringCopy = DeleteDuringCopy.ACCEPTED
    unshare_failure_state: str = "COMPLETED"
    creation_date_inherited: bool = True
    source_vault_shown: SourceVaultShown = SourceVaultShown.AS_DOCUMENTED
    resource_arn_survives_second_copy: bool = True
    destination_sees_copy_events: bool = False
    arrival_event: bool = True
    arrival_is_creating_first: bool = False
    delete_leaves_expired: bool = False
    delete_asks_the_points_role: bool = False
    expiry_asks_the_makers_role: bool = False
    unknown_vault_denied: bool = True
    locked_delete_code: str = "InvalidRequestException"
    unfit_source_code: str = "InvalidRequestException"
    multi_az_cluster_fails_later: bool = False
    single_action: bool = True
    initiator_describes_aws_backup_key: DescribesBackupKey = DescribesBackupKey.PASSED_ROLE
    events_reach_opt_in_regions: bool = True
    system_error_share: float = 0.0
    system_error_is_long: bool = False

    def __post_init__(self) -> None:
        if self.unshare_failure_state not in ("COMPLETED", "FAILED"):
            raise ValueError(f"unshare_failure_state is COMPLETED or FAILED, not {self.unshare_failure_state!r}")
        _check_share("system_error_share", self.system_error_share)

    @classmethod
    def named(cls, settings: dict[str, Any]) -> Self:
        """The switches of a JSON object. Raises ValueError, in one sentence, for one that does not exist."""
        _check_names("switch", settings, {field.name for field in fields(cls)})
        typed = {field.name: _typed(field, settings[field.name]) for field in fields(cls) if field.name in settings}
        return cls(**typed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How unreliable EventBridge is. Probabilities from 0 to 1; delays are drawn evenly up to the batch.

    AWS Backup emits "best effort, every 5 minutes" (devguide/eventbridge): late, twice, out of order, or never.
    """

    batch: timedelta = timedelta(minutes=5)
    duplicate: float = 0.0
    loss: float = 0.0
    reorder: float = 0.0
    list_lag: timedelta = timedelta(seconds=5)

    def __post_init__(self) -> None:
        for name in ("duplicate", "loss", "reorder"):
            _check_share(name, getattr(self, name))
        if min(self.batch, self.list_lag) < timedelta(0):
            raise ValueError("delays of delivery cannot be negative")

    @classmethod
    def named(cls, settings: dict[str, Any]) -> Self:
        """The settings of a JSON object, delays in seconds. Raises ValueError, in one sentence."""
        _check_names("setting of delivery", settings, {field.name for field in fields(cls)})
        typed = {field.name: _typed(field, settings[field.name]) for field in fields(cls) if field.name in settings}
        return cls(**typed)


def _check_names(what: str, settings: dict[str, Any], known: set[str]) -> None:
    if unknown := sorted(settings.keys() - known):
        raise ValueError(f"no such {what}: {', '.join(unknown)}; there are {', '.join(sorted(known))}")


def _typed(field: Field[Any], value: Any) -> Any:
    """A value of JSON as its field has it. Raises ValueError for one of another type."""
    kind = str(field.type)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind.startswith("timedelta"):
        if is_number:
            return timedelta(seconds=value)
        if value is None and kind.endswith("None"):
            return None
        raise ValueError(f"{field.name} is a number of seconds, not {value!r}")
    if (choices := CHOICES.get(kind)) is not None:
        if value not in list(choices):
            raise ValueError(f"{field.name} is one of {', '.join(choices)}, not {value!r}")
        return choices(value)
    fits = {"bool": isinstance(value, bool), "float": is_number, "str": isinstance(value, str)}[kind]
    if not fits:
        raise ValueError(f"{field.name} is of type {kind}, not {value!r}")
    return value


def _check_share(name: str, share: float) -> None:
    if not 0 <= share <= 1:
        raise ValueError(f"{name} is a probability from 0 to 1, not {share}")
