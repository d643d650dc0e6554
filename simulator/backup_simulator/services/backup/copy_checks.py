"""Checks of a copy: at the call, or minutes later in the job, which then fails (rules 2 to 8).

Sources: API_StartCopyJob, create-cross-account-backup, encryption, vault-lock, backup-feature-availability; `texts`
has the sources of the texts. Cross-account and key rights are evaluated from the existing policy documents.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from backup_simulator import texts
from backup_simulator.access import Access
from backup_simulator.errors import Refused
from backup_simulator.ground import Ground
from backup_simulator.identity import Identity
from backup_simulator.model import Caller, Database, Job, Key, Point, Vault, site_of
from backup_simulator.regions import supports_copy
from backup_simulator.resource_types import BY_NAME, INSTANCES
from backup_simulator.switches import DescribesBackupKey
from backup_simulator.vaults import Vaults

VAULT_NAME = re.compile(r"[a-zA-Z0-9\-\_]{2,50}")
VAULT_ARN = re.compile(r"arn:aws[a-z-]*:backup:[a-z0-9-]+:\d{12}:backup-vault:[a-zA-Z0-9\-\_]{2,50}")
FIT = ("COMPLETED", "AVAILABLE")
MOST_TAGS = 50
LONGEST_RETENTION_DAYS = 36500
COLD_DAYS = 90
# What a key must let the destination's service-linked role do (create-cross-account-backup).
KEY_USE = ("kms:CreateGrant", "kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey")

KEY_GRANT = ("kms:DescribeKey", "kms:CreateGrant")
# What the passed role does for a copy of any type. A role that may always do all this needs no further check.
COPYING_ROLE = (
    "backup:CopyFromBackupVault",
    "backup:CopyIntoBackupVault",
    "rds:ListTagsForResource",
    "rds:CopyDBSnapshot",
    "rds:CopyDBClusterSnapshot",
    "rds:ModifyDBSnapshotAttribute",
    "rds:ModifyDBClusterSnapshotAttribute",
)


class CopyChecks:
    """The conditions of a copy."""

    def __init__(
        self,
        ground: Ground,
        identity: Identity,
        access: Access,
        *,
        vaults: Vaults,
        keys: Mapping[str, Key],
        databases: Mapping[str, Database],
    ) -> None:
        self._ground = ground
        self._identity = identity
        self._access = access
        self._vaults = vaults
        self._keys = keys
        self._databases = databases

    def source(self, caller: Caller, region: str, request: dict[str, Any]) -> tuple[Vault, Point]:
        """The point that a StartCopyJob names, if the passed role may copy it (rules 2 to 5). Raises Refused."""
        name, arn = request["SourceBackupVaultName"], request["RecoveryPointArn"]
        if not VAULT_NAME.fullmatch(name):
            raise Refused("InvalidParameterValueException", f"Invalid backup vault name: {name}")
        check_retention(request.get("Lifecycle", {}))
        check_vault_arn(request["DestinationBackupVaultArn"])
        vault = self._vaults.named(caller.account, region, name)
        if ":recovery-point:continuous:" in arn:
            # "Does not support continuous backups" (API_StartCopyJob).
            raise Refused("InvalidRequestException", "Copying continuous backups is not supported.")
        point = vault.points.get(arn)
        if point is None:
            raise Refused("ResourceNotFoundException", "Cannot find recovery point")
        if point.status not in FIT:
            raise Refused(self._ground.unknown.unfit_source_code, f"Recovery point is in state {point.status}")
        if is_multi_az_cluster(point) and not self._ground.unknown.multi_az_cluster_fails_later:
            raise Refused("InvalidRequestException", "Feature is not supported for provided resource type.")
        self._identity.check_passed_role(caller, request["IamRoleArn"])
        return vault, point

    def has_role(self, job: Job) -> bool:
        """Whether the passed role still exists."""
        return job.role_arn in self._identity.roles

    def point_of(self, job: Job) -> Point | None:
        vault = self._vaults.find(job.source_vault_arn)
        return vault.points.get(job.source_point_arn) if vault else None

    def refusal(self, job: Job) -> str | None:
        """The message of a job that fails at its start, or None."""
        destination = self._vaults.find(job.destination_vault_arn)
        point = self.point_of(job)
        if point is None or point.status not in FIT:
            return "Cannot find recovery point"
        if message := self._between(job, point):
            return message
        if destination is None or (destination.name == "Default" and destination.account != job.account):
            # The Default vault takes no cross-account copies (create-cross-account-backup).
            return texts.VAULT_POLICY
        return (
            self._passed_role(job, point, destination)
            or self._initiators(job, destination)
            or self._vaults_and_keys(job, point, destination)
        )

    def _between(self, job: Job, point: Point) -> str | None:
        """The parts of rules 6 and 7 that concern only accounts and Regions."""
        account, region = site_of(job.destination_vault_arn)
        if account != job.account:
            # An organization is within one partition, and so is every copy.
            if not self._identity.same_organization(account, job.account):
                return texts.ORGANIZATION
            if not self._identity.cross_account_enabled:
                return texts.SETTING
        crosses_account = account != job.account
        is_supported = supports_copy(job.resource_type, job.region, region, crosses_account=crosses_account)
        crosses_both = crosses_account and region != job.region
        if is_multi_az_cluster(point) or not is_supported or (crosses_both and not self._ground.unknown.single_action):
            return texts.SINGLE_ACTION.format(source=job.region, destination=region, resource_type=job.resource_type)
        database = self._databases.get(job.database_arn)
        options = database.options if database else ()
        if options and (account, region) != (job.account, job.region):
            # Persistent and permanent options, TDE for one, bind a snapshot to option groups (RDS: USER_CopySnapshot).
            return texts.OPTION_GROUP.format(options=", ".join(options))
        return None

    def _passed_role(self, job: Job, point: Point, destination: Vault) -> str | None:
        """What the passed role may do (create-cross-account-backup; the managed backup policy)."""
        may = self._access.role_may
        role = self._identity.roles.get(job.role_arn)
        if role is None:
            return texts.NOT_ASSUMED.format(role=job.role_arn)
        if self._access.role_may_always(role, COPYING_ROLE):
            return None
        here = {"aws:RequestedRegion": job.region}
        targets = {**here, "backup:CopyTargets": (destination.arn,)}
        if not may(role, "backup:CopyFromBackupVault", point.arn, targets):
            return texts.VAULT_POLICY
        if not may(role, "backup:CopyIntoBackupVault", destination.arn, here):
            return texts.VAULT_POLICY
        if not may(role, "rds:ListTagsForResource", point.arn, here):
            return texts.LIST_TAGS
        kind = "Cluster" if ":cluster-snapshot:" in point.arn else ""
        needed = [f"rds:CopyDB{kind}Snapshot"]
        if destination.account != job.account:
            # The step that shares the snapshot with the destination account.
            needed.append(f"rds:ModifyDB{kind}SnapshotAttribute")
        # "aws:RequestedRegion: both Regions must be listed" (RDS: USER_CopySnapshot).
        for region in (job.region, destination.region):
            for action in needed:
                if not may(role, action, point.arn, {"aws:RequestedRegion": region}):
                    return texts.NOT_PERMITTED.format(role=job.role_arn, action=action)
        return None

    def _initiators(self, job: Job, destination: Vault) -> str | None:
        """The initiator of a cross-Region copy must be allowed to describe the keys aws/backup (encryption)."""
        needed = self._ground.unknown.initiator_describes_aws_backup_key
        if destination.region == job.region or needed is DescribesBackupKey.NOBODY:
            return None
        names = [job.role_arn] if needed is DescribesBackupKey.PASSED_ROLE else [job.role_arn, job.started_by]
        for name in names:
            role = self._identity.roles.get(name)
            for region in (job.region, destination.region):
                if role is not None and not self._access.describes_backup_key(role, region):
                    return texts.NOT_PERMITTED.format(role=name, action="kms:DescribeKey")
        return None

    def _vaults_and_keys(self, job: Job, point: Point, destination: Vault) -> str | None:
        if not self._access.vault_admits(destination, job.account, job.role_arn):
            return texts.VAULT_POLICY
        key = self._keys.get(destination.key_arn)
        if key is not None and key.managed_by == "aws/backup":
            return texts.DEFAULT_KEY
        if message := self._keys_serve(job, point, destination):
            return message
        days = job.delete_after_days if job.delete_after_days not in (None, -1) else point.delete_after_days
        if not is_within(destination.lock, days):
            return texts.RETENTION
        if len(point.tags) > MOST_TAGS:
            return texts.TOO_MANY_TAGS
        return None

    def _keys_serve(self, job: Job, point: Point, destination: Vault) -> str | None:
        """The service-linked role of the destination account copies, and uses both keys."""
        copier = self._identity.service_linked_role(destination.account)
        if copier is None:
            return texts.NOT_ASSUMED.format(role=self._identity.service_linked_arn(destination.account))
        crosses_account = destination.account != job.account
        if point.key_arn is not None:
            key = self._keys.get(point.key_arn)
            if key is not None and key.managed_by and crosses_account:
                return texts.MANAGED_KEY
            if not self._usable(key, destination.account, copier) or not self._grantable(key, job):
                return texts.SOURCE_KEY.format(key=point.key_arn)
        key = self._keys.get(destination.key_arn)
        # A key of the owning service, aws/rds, serves as destination inside an account only (encryption).
        is_foreign = key is not None and key.managed_by is not None and crosses_account
        is_needed = point.encrypted or not BY_NAME[job.resource_type].copies_stay_unencrypted
        if is_needed and (is_foreign or not self._usable(key, destination.account, copier)):
            return texts.DESTINATION_KEY
        return None

    def _usable(self, key: Key | None, account: str, role_arn: str) -> bool:
        return key is not None and key.enabled and self._access.key_admits(key, KEY_USE, account, role_arn)

    def _grantable(self, key: Key | None, job: Job) -> bool:
        """The passed role describes the source's key and grants its use."""
        role = self._identity.roles[job.role_arn]
        return key is not None and self._access.key_serves(key, KEY_GRANT, role)


def is_multi_az_cluster(point: Point) -> bool:
    """RDS Multi-AZ DB clusters are of type RDS but are clusters; they support no copies (rds-multiaz)."""
    return point.resource_type == INSTANCES.name and ":cluster:" in point.database_arn


def check_vault_arn(arn: str) -> None:
    """Raises Refused for a text that is no ARN of a backup vault."""
    if not VAULT_ARN.fullmatch(arn):
        raise Refused("InvalidParameterValueException", f"Invalid backup vault ARN: {arn}")


def check_retention(lifecycle: dict[str, Any]) -> None:
    """DeleteAfterDays is 1 day to 100 years, or -1 for the source's own expiry. Raises Refused.

    It is at least 90 days after a move to cold storage, which these types do not have (API_Lifecycle). The texts are
    AWS's: https://github.com/hashicorp/terraform-provider-aws/issues/24960.
    """
    days, cold = lifecycle.get("DeleteAfterDays", -1), lifecycle.get("MoveToColdStorageAfterDays", -1)
    if days != -1 and not 1 <= days <= LONGEST_RETENTION_DAYS:
        text = f"DeleteAfterDays cannot be less than 1 or more than {LONGEST_RETENTION_DAYS} days"
    elif cold != -1 and not 1 <= cold <= LONGEST_RETENTION_DAYS:
        text = f"MoveToColdStorageAfterDays cannot be less than 1 or more than {LONGEST_RETENTION_DAYS} days"
    elif -1 not in (days, cold) and days < cold + COLD_DAYS:
        text = f"DeleteAfterDays cannot be less than {COLD_DAYS} days apart from MoveToColdStorageAfterDays"
    else:
        return
    raise Refused("InvalidParameterValueException", f"Invalid lifecycle. {text}")


def is_within(lock: dict[str, Any] | None, days: int | None) -> bool:
    """Whether a retention is within a vault lock's range; None is for ever."""
    if not lock:
        return True
    wanted = LONGEST_RETENTION_DAYS + 1 if days is None else days
    longest = lock.get("MaxRetentionDays", LONGEST_RETENTION_DAYS + 1)
    return int(lock.get("MinRetentionDays", 1)) <= wanted <= int(longest)
