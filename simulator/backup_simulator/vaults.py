"""The vaults of a world, with the recovery points in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from backup_simulator.errors import Refused, denied
from backup_simulator.ground import Ground
from backup_simulator.model import Caller, Vault, vault_arn


class Vaults:
    """All vaults of a world."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._vaults: dict[str, Vault] = {}

    def add(self, vault: Vault) -> None:
        self._vaults[vault.arn] = vault

    def remove(self, arn: str) -> None:
        del self._vaults[arn]

    def of_site(self, account: str, region: str) -> Iterator[Vault]:
        return (vault for vault in self._vaults.values() if (vault.account, vault.region) == (account, region))

    def named(self, account: str, region: str, name: str) -> Vault:
        """A vault by name. One that is not there is denied, not "not found" (seen in a published run log)."""
        vault = self._vaults.get(vault_arn(account, region, name))
        if vault is not None:
            return vault
        if self._ground.unknown.unknown_vault_denied:
            raise denied()
        raise Refused("ResourceNotFoundException", f"Backup vault {name} not found")

    def find(self, arn: str) -> Vault | None:
        return self._vaults.get(arn)

    def by_arn(self, arn: str) -> Vault:
        """Raises KeyError."""
        return self._vaults[arn]


def check_vault_account(caller: Caller, request: Mapping[str, Any]) -> None:
    """BackupVaultAccountId is for vaults that are shared. None is shared here, so another account is denied."""
    if request.get("BackupVaultAccountId", caller.account) != caller.account:
        raise denied()
