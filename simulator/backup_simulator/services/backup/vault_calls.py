"""Vaults: made, listed, removed, their access policies, locks and tags.

https://docs.aws.amazon.com/aws-backup/latest/devguide/vaults.html, vault-lock.html, create-a-vault-access-policy.html.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from backup_simulator.conditions import as_list
from backup_simulator.errors import Refused
from backup_simulator.faults import FaultPlan
from backup_simulator.ground import Ground
from backup_simulator.model import Caller, Key, Operation, Vault, backup_key_arn, site_of, vault_arn
from backup_simulator.paging import paged
from backup_simulator.policy_checks import Kind, read_policy
from backup_simulator.services.backup.copy_checks import VAULT_NAME
from backup_simulator.services.backup.replies import vault_reply
from backup_simulator.services.backup.tag_checks import check_tags
from backup_simulator.vaults import Vaults, check_vault_account

MALFORMED = "InvalidParameterValueException"
# A compliance lock can still be taken away for at least 72 hours (vault-lock).
LEAST_GRACE_DAYS = 3
LONGEST_LOCK_DAYS = 36500
# Per account and Region (aws-backup-limits).
MOST_VAULTS = 300


class VaultCalls:
    """The operations about vaults."""

    def __init__(self, ground: Ground, vaults: Vaults, keys: dict[str, Key], faults: FaultPlan) -> None:
        self._ground = ground
        self._vaults = vaults
        self._keys = keys
        self._faults = faults
        self.operations: dict[str, Operation] = {
            "CreateBackupVault": self._create,
            "DescribeBackupVault": self._describe,
            "ListBackupVaults": self._list,
            "DeleteBackupVault": self._delete,
            "PutBackupVaultAccessPolicy": self._put_policy,
            "GetBackupVaultAccessPolicy": self._get_policy,
            "DeleteBackupVaultAccessPolicy": self._delete_policy,
            "PutBackupVaultLockConfiguration": self._put_lock,
            "DeleteBackupVaultLockConfiguration": self._delete_lock,
        }

    def _of(self, caller: Caller, region: str, request: dict[str, Any]) -> Vault:
        check_vault_account(caller, request)
        return self._vaults.named(caller.account, region, request["BackupVaultName"])

    def _create(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        name = request["BackupVaultName"]
        arn = vault_arn(caller.account, region, name)
        if not VAULT_NAME.fullmatch(name):
            raise Refused("InvalidParameterValueException", f"Invalid backup vault name: {name}")
        known, request_id = self._vaults.find(arn), request.get("CreatorRequestId")
        if known and request_id is not None and known.creator_request_id == request_id:
            return {"BackupVaultName": name, "BackupVaultArn": arn, "CreationDate": known.created_at}
        if known:
            raise Refused("AlreadyExistsException", f"Backup vault with the same name already exists: {name}")
        if sum(1 for _ in self._vaults.of_site(caller.account, region)) >= MOST_VAULTS:
            raise Refused("LimitExceededException", f"A Region has at most {MOST_VAULTS} backup vaults.")
        key_arn = request.get("EncryptionKeyArn") or self._managed_key(caller.account, region)
        if key_arn not in self._keys or site_of(key_arn)[1] != region:
            raise Refused("InvalidParameterValueException", f"The key {key_arn} does not exist in {region}.")
        check_tags(request.get("BackupVaultTags", {}))
        vault = Vault(
            name=name,
            arn=arn,
            account=caller.account,
            region=region,
            key_arn=key_arn,
            policy=None,
            lock=None,
            created_at=self._ground.now(),
            tags=dict(request.get("BackupVaultTags", {})),
            creator_request_id=request_id,
        )
        self._vaults.add(vault)
        return {"BackupVaultName": name, "BackupVaultArn": arn, "CreationDate": vault.created_at}

    def _managed_key(self, account: str, region: str) -> str:
        """The AWS managed key aws/backup of a site, which a vault without a key gets."""
        arn = backup_key_arn(account, region)
        managed = Key(arn=arn, account=account, policy=None, managed_by="aws/backup")
        return self._keys.setdefault(arn, managed).arn

    def _describe(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        return vault_reply(self._of(caller, region, request))

    def _list(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        wanted = request.get("ByVaultType")
        found = [each for each in self._vaults.of_site(caller.account, region) if wanted in (None, each.vault_type)]
        return paged("BackupVaultList", found, request, vault_reply, self._faults)

    def _delete(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        vault = self._of(caller, region, request)
        if vault.points:
            text = "Backup vault cannot be deleted because it contains recovery points."
            raise Refused("InvalidRequestException", text)
        self._vaults.remove(vault.arn)
        return {}

    def _put_policy(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        vault = self._of(caller, region, request)
        policy = read_policy(request.get("Policy", ""), Kind.RESOURCE, MALFORMED)
        statements = as_list(policy["Statement"])
        flat = [name for each in statements for name in as_list(each.get("Action", each.get("NotAction")))]
        if any("*" in name for name in flat):
            # Vault access policies take no wildcards in Action (create-a-vault-access-policy).
            raise Refused(MALFORMED, "Wildcards are not supported in the policy's actions.")
        vault.policy = policy
        return {}

    def _get_policy(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        vault = self._of(caller, region, request)
        if vault.policy is None:
            raise Refused("ResourceNotFoundException", f"Backup vault {vault.name} has no access policy.")
        return {"BackupVaultName": vault.name, "BackupVaultArn": vault.arn, "Policy": json.dumps(vault.policy)}

    def _delete_policy(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        self._of(caller, region, request).policy = None
        return {}

    def _put_lock(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        vault = self._of(caller, region, request)
        self._check_changeable(vault)
        shortest, longest = request.get("MinRetentionDays", 1), request.get("MaxRetentionDays", LONGEST_LOCK_DAYS)
        grace = request.get("ChangeableForDays")
        if not 1 <= shortest <= longest <= LONGEST_LOCK_DAYS or (grace is not None and grace < LEAST_GRACE_DAYS):
            raise Refused("InvalidParameterValueException", "The lock's days are out of range.")
        vault.lock = {name: request[name] for name in ("MinRetentionDays", "MaxRetentionDays") if name in request}
        vault.lock = vault.lock or {"MinRetentionDays": 1}
        vault.lock_date = self._ground.now() + timedelta(days=grace) if grace is not None else None
        return {}

    def _delete_lock(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        vault = self._of(caller, region, request)
        self._check_changeable(vault)
        vault.lock = vault.lock_date = None
        return {}

    def _check_changeable(self, vault: Vault) -> None:
        if vault.lock_date is not None and self._ground.now() >= vault.lock_date:
            raise Refused("InvalidRequestException", "The vault's lock is in force and cannot be changed.")
