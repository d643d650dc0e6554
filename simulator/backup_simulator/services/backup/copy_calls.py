"""Copy jobs by their operations: StartCopyJob, DescribeCopyJob, ListCopyJobs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from backup_simulator.faults import FaultPlan
from backup_simulator.model import Caller, Job, Operation
from backup_simulator.paging import filtered, paged
from backup_simulator.services.backup.category_filter import check_category, is_category
from backup_simulator.services.backup.copying import Copying
from backup_simulator.services.backup.replies import job_reply

JOB_FILTERS: dict[str, Callable[[Job, Any], bool]] = {
    "ByResourceArn": lambda job, value: job.resource_arn == value,
    "ByState": lambda job, value: job.state == value,
    "ByCreatedBefore": lambda job, value: job.created_at < value,
    "ByCreatedAfter": lambda job, value: job.created_at > value,
    "ByResourceType": lambda job, value: job.resource_type == value,
    "ByDestinationVaultArn": lambda job, value: job.destination_vault_arn == value,
    "ByAccountId": lambda job, value: job.account == value,
    "ByCompleteBefore": lambda job, value: job.completed_at is not None and job.completed_at < value,
    "ByCompleteAfter": lambda job, value: job.completed_at is not None and job.completed_at > value,
    "ByParentJobId": lambda _job, _value: False,
    "ByMessageCategory": lambda job, value: is_category(value, job.category),
    "BySourceRecoveryPointArn": lambda job, value: job.source_point_arn == value,
}


class CopyCalls:
    """The operations about copy jobs."""

    def __init__(self, copying: Copying, faults: FaultPlan) -> None:
        self._copying = copying
        self._faults = faults
        self.operations: dict[str, Operation] = {
            "StartCopyJob": copying.start,
            "DescribeCopyJob": self._describe,
            "ListCopyJobs": self._list,
        }

    def _describe(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        return {"CopyJob": self._reply(self._copying.describe(caller, region, request["CopyJobId"]))}

    def _list(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        known = self._copying.listed(caller, region, request.get("BySourceRecoveryPointArn"))
        check_category(request)
        found = filtered("ListCopyJobs", known, request, JOB_FILTERS)
        return paged("CopyJobs", found, request, self._reply, self._faults)

    def _reply(self, job: Job) -> dict[str, Any]:
        return self._faults.job_as_shown(job_reply(job))
