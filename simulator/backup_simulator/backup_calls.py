"""The operations of AWS Backup that are modelled; any other is refused by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from backup_simulator.errors import NotModelled, Refused
from backup_simulator.model import Caller, Job, Point
from backup_simulator.replies import job_reply, point_reply, vault_reply

if TYPE_CHECKING:
    from backup_simulator.world import World

MAX_RESULTS = 1000
JOB_FILTERS: dict[str, Callable[[Job, Any], bool]] = {
    "ByResourceArn": lambda job, value: job.database_arn == value,
    "ByState": lambda job, value: job.state == value,
    "ByCreatedBefore": lambda job, value: job.created_at < value,
    "ByCreatedAfter": lambda job, value: job.created_at > value,
    "ByResourceType": lambda job, value: job.resource_type == value,
    "ByDestinationVaultArn": lambda job, value: job.destination_vault_arn == value,
    "ByAccountId": lambda job, value: value in ("*", job.account),
    "ByCompleteBefore": lambda job, value: job.completed_at is not None and job.completed_at < value,
    "ByCompleteAfter": lambda job, value: job.completed_at is not None and job.completed_at > value,
    "ByMessageCategory": lambda job, value: value in ("*", job.category),
    "BySourceRecoveryPointArn": lambda job, value: job.source_point_arn == value,
}
POINT_FILTERS: dict[str, Callable[[Point, Any], bool]] = {
    "ByResourceArn": lambda point, value: point.database_arn == value,
    "ByResourceType": lambda point, value: point.resource_type == value,
    "ByCreatedBefore": lambda point, value: point.created_at < value,
    "ByCreatedAfter": lambda point, value: point.created_at > value,
    "ByBackupPlanId": lambda point, value: (point.created_by or {}).get("BackupPlanId") == value,
}


class BackupCalls:
    """One AWS Backup per account and Region; the caller's account and the endpoint's Region say which (rule 1)."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._operations: dict[str, Callable[[Caller, str, dict[str, Any]], dict[str, Any]]] = {
            "StartCopyJob": world.copying.start,
            "StartBackupJob": world.backups.start_job,
            "DescribeCopyJob": self._describe_copy_job,
            "ListCopyJobs": self._list_copy_jobs,
            "DescribeRecoveryPoint": self._describe_recovery_point,
            "ListRecoveryPointsByBackupVault": self._list_points_by_vault,
            "DescribeBackupVault": self._describe_vault,
            "DeleteRecoveryPoint": self._delete_point,
            "UpdateRecoveryPointLifecycle": self._update_lifecycle,
            "ListTags": self._list_tags,
        }

    def call(self, caller: Caller, region: str, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """Carry out a call. Raises Refused as AWS would, NotModelled for what is not simulated."""
        handler = self._operations.get(operation)
        if handler is None:
            raise NotModelled(f"backup:{operation} is not modelled")
        return handler(caller, region, request)

    def _describe_copy_job(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        return {"CopyJob": job_reply(self._world.copying.describe(caller, region, request["CopyJobId"]))}

    def _list_copy_jobs(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        filters = {name: value for name, value in request.items() if name not in ("NextToken", "MaxResults")}
        unknown = filters.keys() - JOB_FILTERS.keys()
        if unknown:
            raise NotModelled(f"ListCopyJobs by {sorted(unknown)} is not modelled")
        found = [
            job
            for job in self._world.copying.listed(caller, region)
            if all(JOB_FILTERS[name](job, value) for name, value in filters.items())
        ]
        page, more = _page(found, request)
        return {"CopyJobs": [job_reply(job) for job in page], **more}

    def _describe_recovery_point(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        vault = self._world.vault_of(caller.account, region, request["BackupVaultName"])
        point = vault.points.get(request["RecoveryPointArn"])
        if point is None:
            raise Refused("ResourceNotFoundException", "Cannot find recovery point")
        return point_reply(point)

    def _list_points_by_vault(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        world = self._world
        vault = world.vault_of(caller.account, region, request["BackupVaultName"])
        filters = {n: v for n, v in request.items() if n not in ("NextToken", "MaxResults", "BackupVaultName")}
        unknown = filters.keys() - POINT_FILTERS.keys()
        if unknown:
            raise NotModelled(f"ListRecoveryPointsByBackupVault by {sorted(unknown)} is not modelled")
        settled = world.now() - world.delivery.list_lag
        found = [
            point
            for point in vault.points.values()
            if (point.landed_at or point.created_at) <= settled
            and all(POINT_FILTERS[name](point, value) for name, value in filters.items())
        ]
        page, more = _page(found, request)
        return {"RecoveryPoints": [point_reply(point) for point in page], **more}

    def _describe_vault(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        return vault_reply(self._world.vault_of(caller.account, region, request["BackupVaultName"]))

    def _delete_point(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        self._world.deleting.delete(caller, region, request["BackupVaultName"], request["RecoveryPointArn"])
        return {}

    def _update_lifecycle(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        vault = self._world.vault_of(caller.account, region, request["BackupVaultName"])
        point = vault.points.get(request["RecoveryPointArn"])
        if point is None:
            raise Refused("ResourceNotFoundException", "Cannot find recovery point")
        if vault.lock:
            raise Refused("InvalidRequestException", "Backup vault is locked; the lifecycle cannot be changed.")
        days = request.get("Lifecycle", {}).get("DeleteAfterDays")
        point.delete_after_days = None if days in (None, -1) else days
        self._world.deleting.expire_later(point)
        self._world.lifecycle_changes.append((self._world.now(), caller.name, point.arn))
        return {
            "BackupVaultArn": vault.arn,
            "RecoveryPointArn": point.arn,
            "Lifecycle": {"DeleteAfterDays": days or -1},
        }

    def _list_tags(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        for vault in self._world.vaults_of(caller.account, region):
            if request["ResourceArn"] in vault.points:
                return {"Tags": dict(vault.points[request["ResourceArn"]].tags)}
        raise Refused("ResourceNotFoundException", "Cannot find the resource")


def _page(found: Sequence[Any], request: dict[str, Any]) -> tuple[Sequence[Any], dict[str, str]]:
    """At most MaxResults (1 to 1000) from NextToken on."""
    size = request.get("MaxResults", MAX_RESULTS)
    if not 1 <= size <= MAX_RESULTS:
        raise Refused("InvalidParameterValueException", f"MaxResults should be from 1 to {MAX_RESULTS}, found {size}")
    token = request.get("NextToken", "0")
    if not token.isdecimal():
        raise Refused("InvalidParameterValueException", "Invalid NextToken")
    end = int(token) + size
    return found[int(token) : end], {"NextToken": str(end)} if end < len(found) else {}
