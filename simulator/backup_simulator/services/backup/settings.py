"""Settings of the organization and of Regions (rule 6; devguide/manage-cross-account, service-opt-in)."""

from __future__ import annotations

from typing import Any

from backup_simulator.errors import NotModelled, Refused
from backup_simulator.ground import Ground
from backup_simulator.identity import Identity
from backup_simulator.model import Caller, Operation
from backup_simulator.resource_types import BY_NAME
from backup_simulator.services.organizations import MANAGEMENT

CROSS_ACCOUNT = "isCrossAccountBackupEnabled"
# Settings that AWS has (API_UpdateGlobalSettings).
NOT_MODELLED = {"isMpaEnabled", "isDelegatedAdministratorEnabled"}


class SettingCalls:
    """Global settings are one per world, since a world has one management account; Region settings one per site."""

    def __init__(self, ground: Ground, identity: Identity) -> None:
        self._ground = ground
        self._identity = identity
        self._changed_at = ground.now()
        self._opted: dict[tuple[str, str], dict[str, bool]] = {}
        self.operations: dict[str, Operation] = {
            "DescribeGlobalSettings": self._describe_global,
            "UpdateGlobalSettings": self._update_global,
            "DescribeRegionSettings": self._describe_region,
            "UpdateRegionSettings": self._update_region,
        }

    def is_opted_in(self, account: str, region: str, resource_type: str) -> bool:
        """Whether selections that name no type of its own by ARN select this one (assigning-resources-json)."""
        return self._opted.get((account, region), {}).get(resource_type, True)

    def _describe_global(self, caller: Caller, _region: str, _request: dict[str, Any]) -> dict[str, Any]:
        """Only a member of an organization may ask (API_DescribeGlobalSettings)."""
        if not self._identity.organization_of(caller.account):
            raise Refused("InvalidRequestException", "The account is not a member of an organization.")
        enabled = "true" if self._identity.cross_account_enabled else "false"
        return {"GlobalSettings": {CROSS_ACCOUNT: enabled}, "LastUpdateTime": self._changed_at}

    def _update_global(self, caller: Caller, _region: str, request: dict[str, Any]) -> dict[str, Any]:
        """Only the management account may change them (API_UpdateGlobalSettings)."""
        given = request.get("GlobalSettings", {})
        if unknown := sorted(given.keys() & NOT_MODELLED):
            raise NotModelled(f"the global setting {', '.join(unknown)} is not modelled")
        if caller.account != MANAGEMENT:
            raise Refused("InvalidRequestException", "The account is not the management account of an organization.")
        if given.keys() - {CROSS_ACCOUNT} or given.get(CROSS_ACCOUNT) not in ("true", "false"):
            raise Refused("InvalidParameterValueException", f'GlobalSettings takes {CROSS_ACCOUNT}: "true" or "false"')
        self._identity.cross_account_enabled = given[CROSS_ACCOUNT] == "true"
        self._changed_at = self._ground.now()
        return {}

    def _describe_region(self, caller: Caller, region: str, _request: dict[str, Any]) -> dict[str, Any]:
        chosen = {kind: self.is_opted_in(caller.account, region, kind) for kind in BY_NAME}
        return {"ResourceTypeOptInPreference": chosen, "ResourceTypeManagementPreference": {}}

    def _update_region(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        chosen = request.get("ResourceTypeOptInPreference", {})
        if unknown := chosen.keys() - BY_NAME.keys():
            raise Refused("InvalidParameterValueException", f"Unknown resource types: {', '.join(sorted(unknown))}")
        self._opted.setdefault((caller.account, region), {}).update(chosen)
        return {}
