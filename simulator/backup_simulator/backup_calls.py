"""The operations of AWS Backup that are modelled; any other is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from backup_simulator import input_rules
from backup_simulator.copy_checks import check_retention
from backup_simulator.deleting import LOCKED
from backup_simulator.errors import NotModelled, Refused
from backup_simulator.model import Caller, Job, Point, Vault
from backup_simulator.paging import filtered, paged
from backup_simulator.plan_calls import PlanCalls
from backup_simulator.replies import described_point, job_reply, listed_point, point_of_resource_reply
from backup_simulator.vault_calls import VaultCalls

if TYPE_CHECKING:
    from backup_simulator.world import World

MOST_TAGS = 50
JOB_FILTERS: dict[str, Callable[[Job, Any], bool]] = {
    "ByResourceArn": lambda job, value: job.resource_arn == value,
    "ByState": lambda job, value: job.state == value,
    "ByCreatedBefore": lambda job, value: job.created_at < value,
    "ByCreatedAfter": lambda job, value: job.created_at > value,
    "ByResourceType": lambda job, value: job.resource_type == value,
    "ByDestinationVaultArn": lambda job, value: job.destination_vault_arn == value,
    "ByAccountId": lambda job, value: value in ("*", job.account),
    "ByCompleteBefore": lambda job, value: job.completed_at is not None and job.completed_at < value,
    "ByCompleteAfter": lambda job, value: job.completed_at is not None and job.completed_at > value,
    "ByParentJobId": lambda _job, _value: False,
    "ByMessageCategory": lambda job, value: value in ("*", job.category),
    "BySourceRecoveryPointArn": lambda job, value: job.source_point_arn == value,
}
POINT_FILTERS: dict[str, Callable[[Point, Any], bool]] = {
    "ByResourceArn": lambda point, value: point.resource_arn == value,
    "ByResourceType": lambda point, value: point.resource_type == value,
    "ByCreatedBefore": lambda point, value: point.created_at < value,
    "ByCreatedAfter": lambda point, value: point.created_at > value,
    "ByBackupPlanId": lambda point, value: (point.created_by or {}).get("BackupPlanId") == value,
    "ByParentRecoveryPointArn": lambda _point, _value: False,
}
Operation = Callable[[Caller, str, dict[str, Any]], dict[str, Any]]


class BackupCalls:
    """One AWS Backup per account and Region; the caller's account and the endpoint's Region say which (rule 1)."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._operations: dict[str, Operation] = {
            "StartCopyJob": world.copying.start,
            "DescribeCopyJob": self._describe_copy_job,
            "ListCopyJobs": self._list_copy_jobs,
            "DescribeRecoveryPoint": self._describe_recovery_point,
            "ListRecoveryPointsByBackupVault": self._list_points_by_vault,
            "ListRecoveryPointsByResource": self._list_points_by_resource,
            "DeleteRecoveryPoint": self._delete_point,
            "UpdateRecoveryPointLifecycle": self._update_lifecycle,
            "ListTags": self._list_tags,
            "TagResource": self._tag,
            "UntagResource": self._untag,
            **VaultCalls(world).operations,
            **PlanCalls(world).operations,
            **world.settings.operations,
        }

    def call(self, caller: Caller, region: str, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """Carry out a call. Raises Refused as AWS would, NotModelled for what is not simulated."""
        carried_out = self._operations.get(operation)
        if carried_out is None:
            raise NotModelled(f"backup:{operation} is not modelled")
        input_rules.check(operation, request)
        return carried_out(caller, region, request)

    def _describe_copy_job(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        return {"CopyJob": job_reply(self._world.copying.describe(caller, region, request["CopyJobId"]))}

    def _list_copy_jobs(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        known = self._world.copying.listed(caller, region, request.get("BySourceRecoveryPointArn"))
        found = filtered("ListCopyJobs", known, request, JOB_FILTERS)
        return paged("CopyJobs", found, request, job_reply, self._world.faults)

    def _point(self, caller: Caller, region: str, request: dict[str, Any]) -> tuple[Vault, Point]:
        vault = self._world.vault_of(caller.account, region, request["BackupVaultName"])
        point = vault.points.get(request["RecoveryPointArn"])
        if point is None:
            raise Refused("ResourceNotFoundException", "Cannot find recovery point")
        return vault, point

    def _describe_recovery_point(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        world = self._world
        point = self._point(caller, region, request)[1]
        if world.faults.hides(point, world.now()):
            raise Refused("ResourceNotFoundException", "Cannot find recovery point")
        return world.faults.as_shown(described_point(point, world.unknown.source_vault_shown))

    def _list_points_by_vault(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        vault = self._world.vault_of(caller.account, region, request["BackupVaultName"])
        name = "ListRecoveryPointsByBackupVault"
        faults, shown = self._world.faults, self._world.unknown.source_vault_shown
        found = self._not_late(filtered(name, self._settled(vault), request, POINT_FILTERS, others=["BackupVaultName"]))
        reply = lambda point: faults.as_shown(listed_point(point, shown))  # noqa: E731 - one use
        return paged("RecoveryPoints", found, request, reply, faults)

    def _list_points_by_resource(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        found = [
            point
            for vault in self._world.vaults_of(caller.account, region)
            for point in self._settled(vault)
            if point.resource_arn == request["ResourceArn"]
        ]
        return paged("RecoveryPoints", self._not_late(found), request, point_of_resource_reply, self._world.faults)

    def _not_late(self, points: list[Point]) -> list[Point]:
        return [point for point in points if not self._world.faults.hides(point, self._world.now())]

    def _settled(self, vault: Vault) -> list[Point]:
        """What a list can show: points that landed some seconds ago, and those that were there some seconds ago."""
        until = self._world.now() - self._world.delivery.list_lag
        gone = [point for point in vault.lately_gone if point.gone_at is not None and point.gone_at > until]
        there = [*vault.points.values(), *gone]
        return [point for point in there if (point.landed_at or point.created_at) <= until]

    def _delete_point(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        self._world.deleting.delete(caller, region, request["BackupVaultName"], request["RecoveryPointArn"])
        return {}

    def _update_lifecycle(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        """Replaces both values; what is left out is unset. Lifecycles of a locked vault stand fast."""
        vault, point = self._point(caller, region, request)
        if vault.lock:
            raise Refused("InvalidRequestException", LOCKED)
        check_retention(request.get("Lifecycle", {}))
        days = request.get("Lifecycle", {}).get("DeleteAfterDays")
        point.delete_after_days = None if days in (None, -1) else days
        self._world.deleting.expire_later(point)
        self._world.lifecycle_changes.append((self._world.now(), caller.name, point.arn))
        changed = {"BackupVaultArn": vault.arn, "RecoveryPointArn": point.arn}
        if point.delete_at is None:
            return {**changed, "Lifecycle": {"DeleteAfterDays": -1}}
        return {**changed, "Lifecycle": {"DeleteAfterDays": days}, "CalculatedLifecycle": {"DeleteAt": point.delete_at}}

    def _tags(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, str]:
        """The tags of a vault or of a point, to be changed in place."""
        for vault in self._world.vaults_of(caller.account, region):
            if vault.arn == request["ResourceArn"]:
                return vault.tags
            if request["ResourceArn"] in vault.points:
                return vault.points[request["ResourceArn"]].tags
        raise Refused("ResourceNotFoundException", f"Cannot find resource {request['ResourceArn']}")

    def _list_tags(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        return {"Tags": dict(self._tags(caller, region, request))}

    def _tag(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        tags = self._tags(caller, region, request)
        if len(tags.keys() | request["Tags"].keys()) > MOST_TAGS:
            raise Refused("LimitExceededException", f"A resource has at most {MOST_TAGS} tags.")
        tags.update(request["Tags"])
        return {}

    def _untag(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        tags = self._tags(caller, region, request)
        for name in request["TagKeyList"]:
            tags.pop(name, None)
        return {}
