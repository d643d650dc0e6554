"""Backup jobs by their operations: StartBackupJob, DescribeBackupJob, ListBackupJobs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from backup_simulator.errors import Refused
from backup_simulator.faults import FaultPlan
from backup_simulator.identity import Identity
from backup_simulator.model import BackupJob, Caller, Database, Operation, site_of, vault_name
from backup_simulator.paging import filtered, paged
from backup_simulator.services.backup.backup_jobs import BackupJobs
from backup_simulator.services.backup.copy_checks import check_retention
from backup_simulator.services.backup.plan_checks import check_windows
from backup_simulator.services.backup.replies import backup_job_reply
from backup_simulator.vaults import Vaults

# aws-backup-limits.
MOST_ADDED_TAGS = 10
JOB_FILTERS: dict[str, Callable[[BackupJob, Any], bool]] = {
    "ByResourceArn": lambda job, value: job.database.arn == value,
    "ByState": lambda job, value: job.state == value,
    "ByBackupVaultName": lambda job, value: vault_name(job.vault_arn) == value,
    "ByCreatedBefore": lambda job, value: job.created_at < value,
    "ByCreatedAfter": lambda job, value: job.created_at > value,
    "ByResourceType": lambda job, value: job.database.resource_type == value,
    "ByAccountId": lambda job, value: job.account == value,
    "ByCompleteBefore": lambda job, value: job.completed_at is not None and job.completed_at < value,
    "ByCompleteAfter": lambda job, value: job.completed_at is not None and job.completed_at > value,
}


class BackupJobCalls:
    """The operations about backup jobs."""

    def __init__(
        self,
        jobs: BackupJobs,
        databases: Mapping[str, Database],
        identity: Identity,
        *,
        vaults: Vaults,
        faults: FaultPlan,
    ) -> None:
        self._jobs = jobs
        self._databases = databases
        self._identity = identity
        self._vaults = vaults
        self._faults = faults
        self.operations: dict[str, Operation] = {
            "StartBackupJob": self._start,
            "DescribeBackupJob": self._describe,
            "ListBackupJobs": self._list,
        }

    def _start(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        database = self._databases.get(request["ResourceArn"])
        if database is None or site_of(database.arn) != (caller.account, region):
            raise Refused("ResourceNotFoundException", f"Cannot find resource {request['ResourceArn']}")
        self._identity.check_passed_role(caller, request["IamRoleArn"])
        self._vaults.named(caller.account, region, request["BackupVaultName"])
        if len(request.get("RecoveryPointTags", {})) > MOST_ADDED_TAGS:
            raise Refused("LimitExceededException", f"At most {MOST_ADDED_TAGS} tags can be added to a recovery point.")
        check_retention(request.get("Lifecycle", {}))
        check_windows(request.get("StartWindowMinutes"), request.get("CompleteWindowMinutes"))
        job = self._jobs.start(database, request)
        return {"BackupJobId": job.id, "CreationDate": job.created_at, "IsParent": False}

    def _describe(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        for job in self._jobs.listed(caller, region):
            if job.id == request["BackupJobId"].upper():
                return backup_job_reply(job)
        raise Refused("ResourceNotFoundException", f"Backup job {request['BackupJobId']} does not exist.")

    def _list(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        found = filtered("ListBackupJobs", self._jobs.listed(caller, region), request, JOB_FILTERS)
        return paged("BackupJobs", found, request, backup_job_reply, self._faults)
