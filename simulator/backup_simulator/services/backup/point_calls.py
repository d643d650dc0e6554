"""Recovery points and tags by their operations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from backup_simulator.errors import Refused
from backup_simulator.faults import FaultPlan
from backup_simulator.ground import Ground
from backup_simulator.model import Caller, Operation, Point, Vault
from backup_simulator.paging import filtered, paged
from backup_simulator.services.backup.copy_checks import check_retention
from backup_simulator.services.backup.deleting import LOCKED, Deleting
from backup_simulator.services.backup.plans import Plans
from backup_simulator.services.backup.replies import described_point, listed_point, point_of_resource_reply
from backup_simulator.services.backup.tag_checks import check_tags
from backup_simulator.vaults import Vaults, check_vault_account

POINT_FILTERS: dict[str, Callable[[Point, Any], bool]] = {
    "ByResourceArn": lambda point, value: point.resource_arn == value,
    "ByResourceType": lambda point, value: point.resource_type == value,
    "ByCreatedBefore": lambda point, value: point.created_at < value,
    "ByCreatedAfter": lambda point, value: point.created_at > value,
    "ByBackupPlanId": lambda point, value: (point.created_by or {}).get("BackupPlanId") == value,
    "ByParentRecoveryPointArn": lambda _point, _value: False,
}


class PointCalls:
    """The operations about recovery points, and about tags, which vaults and plans have too."""

    def __init__(self, ground: Ground, vaults: Vaults, plans: Plans, *, deleting: Deleting, faults: FaultPlan) -> None:
        self._ground = ground
        self._plans = plans
        self._vaults = vaults
        self._deleting = deleting
        self._faults = faults
        self.operations: dict[str, Operation] = {
            "DescribeRecoveryPoint": self._describe_recovery_point,
            "ListRecoveryPointsByBackupVault": self._list_points_by_vault,
            "ListRecoveryPointsByResource": self._list_points_by_resource,
            "DeleteRecoveryPoint": self._delete_point,
            "UpdateRecoveryPointLifecycle": self._update_lifecycle,
            "ListTags": self._list_tags,
            "TagResource": self._tag,
            "UntagResource": self._untag,
        }

    def _point(self, caller: Caller, region: str, request: dict[str, Any]) -> tuple[Vault, Point]:
        check_vault_account(caller, request)
        vault = self._vaults.named(caller.account, region, request["BackupVaultName"])
        point = vault.points.get(request["RecoveryPointArn"])
        if point is None:
            raise Refused("ResourceNotFoundException", "Cannot find recovery point")
        return vault, point

    def _describe_recovery_point(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        point = self._point(caller, region, request)[1]
        if self._faults.hides(point, self._ground.now()):
            raise Refused("ResourceNotFoundException", "Cannot find recovery point")
        return self._faults.as_shown(described_point(point, self._ground.unknown.source_vault_shown))

    def _list_points_by_vault(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        check_vault_account(caller, request)
        vault = self._vaults.named(caller.account, region, request["BackupVaultName"])
        name = "ListRecoveryPointsByBackupVault"
        faults, shown = self._faults, self._ground.unknown.source_vault_shown
        found = self._not_late(
            filtered(
                name, self._settled(vault), request, POINT_FILTERS, others=["BackupVaultName", "BackupVaultAccountId"]
            )
        )
        reply = lambda point: faults.as_shown(listed_point(point, shown))  # noqa: E731 - one use
        return paged("RecoveryPoints", found, request, reply, faults)

    def _list_points_by_resource(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        found = [
            point
            for vault in self._vaults.of_site(caller.account, region)
            for point in self._settled(vault)
            if point.resource_arn == request["ResourceArn"]
        ]
        return paged("RecoveryPoints", self._not_late(found), request, point_of_resource_reply, self._faults)

    def _not_late(self, points: list[Point]) -> list[Point]:
        return [point for point in points if not self._faults.hides(point, self._ground.now())]

    def _settled(self, vault: Vault) -> list[Point]:
        """What a list can show: points that landed some seconds ago, and those that were there some seconds ago."""
        until = self._ground.now() - self._ground.delivery.list_lag
        gone = [point for point in vault.lately_gone if point.gone_at is not None and point.gone_at > until]
        there = [*vault.points.values(), *gone]
        return [point for point in there if (point.landed_at or point.created_at) <= until]

    def _delete_point(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        self._deleting.delete(caller, region, request["BackupVaultName"], request["RecoveryPointArn"])
        return {}

    def _update_lifecycle(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        """Replaces both values; what is left out is unset. Lifecycles in a locked vault cannot change."""
        vault, point = self._point(caller, region, request)
        if vault.lock:
            raise Refused("InvalidRequestException", LOCKED)
        check_retention(request.get("Lifecycle", {}))
        days = request.get("Lifecycle", {}).get("DeleteAfterDays")
        point.delete_after_days = None if days in (None, -1) else days
        self._deleting.expire_later(point)
        self._deleting.lifecycle_changes.append((self._ground.now(), caller.name, point.arn))
        changed = {"BackupVaultArn": vault.arn, "RecoveryPointArn": point.arn}
        if point.delete_at is None:
            return {**changed, "Lifecycle": {"DeleteAfterDays": -1}}
        return {**changed, "Lifecycle": {"DeleteAfterDays": days}, "CalculatedLifecycle": {"DeleteAt": point.delete_at}}

    def _tags(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, str]:
        """The tags of a vault, a point or a plan, to be changed in place."""
        for plan in self._plans.by_id.values():
            is_own = (plan.account, plan.region) == (caller.account, region) and not plan.ended
            if is_own and plan.arn == request["ResourceArn"]:
                return plan.tags
        for vault in self._vaults.of_site(caller.account, region):
            if vault.arn == request["ResourceArn"]:
                return vault.tags
            if request["ResourceArn"] in vault.points:
                return vault.points[request["ResourceArn"]].tags
        raise Refused("ResourceNotFoundException", f"Cannot find resource {request['ResourceArn']}")

    def _list_tags(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        found = list(self._tags(caller, region, request).items())
        token = request.get("NextToken", "0")
        if not token.isdecimal():
            raise Refused("InvalidParameterValueException", "Invalid NextToken")
        end = int(token) + request.get("MaxResults", len(found))
        more = {"NextToken": str(end)} if end < len(found) else {}
        return {"Tags": dict(found[int(token) : end]), **more}

    def _tag(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        tags = self._tags(caller, region, request)
        check_tags(request["Tags"], known=tags)
        tags.update(request["Tags"])
        return {}

    def _untag(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        tags = self._tags(caller, region, request)
        for name in request["TagKeyList"]:
            tags.pop(name, None)
        return {}
