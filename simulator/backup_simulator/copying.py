"""Copy jobs: from StartCopyJob to a point in another vault, or to FAILED with AWS's own words.

Rules 2 to 10, 12, 13 and 15 of what AWS does. Sources: API_StartCopyJob, create-cross-account-backup, encryption,
recov-point-create-a-copy, vault-lock, and the limits pages of RDS, Aurora, DocumentDB and Neptune.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from backup_simulator.errors import Refused
from backup_simulator.event_shapes import copy_job_detail
from backup_simulator.model import GIBIBYTE, Caller, Job, Point, Vault, site_of
from backup_simulator.policy import decide
from backup_simulator.switches import OverQuota

if TYPE_CHECKING:
    from backup_simulator.world import World

VAULT_NAME = re.compile(r"[a-zA-Z0-9\-\_]{2,50}")
# Copies in progress per destination Region and account: RDS CHAP_Limits; Aurora, DocumentDB and Neptune limits.
QUOTAS = {"RDS": 20, "Aurora": 5, "DocumentDB": 5, "Neptune": 5}
CLUSTERS = ("Aurora", "DocumentDB", "Neptune")
ORGANIZATION = "Copy job failed. Both source and destination account must be a member of the same organization."
SETTING = "Copy job failed. Cross-account copy feature is not enabled for the current organization."
VAULT_POLICY = "Access Denied trying to call AWS Backup service"
DEFAULT_KEY = (
    "Copy job failed because the destination Backup vault is encrypted with the default Backup service managed key. "
    "The contents of this vault cannot be copied. Only the contents of a Backup vault encrypted by an AWS KMS key may "
    "be copied."
)
MANAGED_KEY = "Snapshots encrypted with the AWS managed key can't be shared. Specify another snapshot."
RETENTION = (
    "Copy job failed. The retention specified in the job is not within the range specified for the target Backup Vault."
)
TOO_MANY = "There are too many copy jobs running for resource."


class Copying:
    """All copy jobs of a world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.jobs: dict[str, Job] = {}
        self._tokens: dict[tuple[str, str, str], tuple[datetime, str]] = {}
        self._waiting: list[str] = []
        self.next_id: str | None = None
        """The id that the next job gets; None draws one. For worlds that must agree with a recorded event."""

    def start(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        """StartCopyJob."""
        world = self._world
        name = request["SourceBackupVaultName"]
        if not VAULT_NAME.fullmatch(name):
            raise Refused("InvalidParameterValueException", f"Invalid backup vault name: {name}")
        token = request.get("IdempotencyToken")
        known = self._tokens.get((caller.account, region, token)) if token else None
        if known is not None and self._remembers(known[0]):
            job = self.jobs[known[1]]
            return {"CopyJobId": job.id, "CreationDate": job.created_at, "IsParent": False}
        vault = world.vault_of(caller.account, region, name)
        point = vault.points.get(request["RecoveryPointArn"])
        if ":recovery-point:continuous:" in request["RecoveryPointArn"]:
            raise Refused("InvalidRequestException", "Copying continuous backups is not supported.")
        if point is None:
            raise Refused("ResourceNotFoundException", "Cannot find recovery point")
        if point.status not in ("COMPLETED", "AVAILABLE"):
            raise Refused("InvalidResourceStateException", f"Recovery point is in state {point.status}")
        if point.resource_type == "RDS" and ":cluster:" in point.database_arn:
            raise Refused("InvalidRequestException", "Feature is not supported for provided resource type.")
        world.identity.check_passed_role(caller, request["IamRoleArn"])
        job = self._open(caller, vault, point, request)
        if token:
            self._tokens[caller.account, region, token] = (world.now(), job.id)
        return {"CopyJobId": job.id, "CreationDate": job.created_at, "IsParent": False}

    def _remembers(self, since: datetime) -> bool:
        lifetime = self._world.unknown.token_lifetime
        return lifetime is None or self._world.now() - since <= lifetime

    def _open(self, caller: Caller, vault: Vault, point: Point, request: dict[str, Any]) -> Job:
        world = self._world
        job = Job(
            id=self.next_id or world.make_id().upper(),
            account=vault.account,
            region=vault.region,
            source_point_arn=point.arn,
            source_vault_arn=vault.arn,
            destination_vault_arn=request["DestinationBackupVaultArn"],
            database_arn=point.database_arn,
            resource_type=point.resource_type,
            size_bytes=point.size_bytes,
            role_arn=request["IamRoleArn"],
            created_at=world.now(),
            delete_after_days=request.get("Lifecycle", {}).get("DeleteAfterDays"),
            token=request.get("IdempotencyToken"),
            started_by=caller.name,
            created_by=request.get("CreatedBy"),
        )
        self.next_id = None
        self.jobs[job.id] = job
        self._tell(job)
        world.clock.after(timedelta(seconds=20 + 100 * world.random.random()), lambda: self._begin(job))
        return job

    def _begin(self, job: Job) -> None:
        """The job's turn, unless the resource or the quota is busy: then it waits in CREATED."""
        message = self._world.faults.message_for(job) or self._refusal(job)
        if message is not None:
            self._fail(job, message)
            return
        running = [each for each in self.jobs.values() if each.state == "RUNNING"]
        if any(each.database_arn == job.database_arn for each in running):
            # "Only one backup or copy job per resource at a time; others wait" (aws-backup-limits).
            self._waiting.append(job.id)
            return
        site = site_of(job.destination_vault_arn)
        rivals = [
            each
            for each in running
            if each.resource_type == job.resource_type and site_of(each.destination_vault_arn) == site
        ]
        if len(rivals) >= QUOTAS[job.resource_type]:
            if self._world.unknown.over_quota is OverQuota.FAILS:
                self._fail(job, TOO_MANY)
            else:
                self._waiting.append(job.id)
            return
        self._run(job)

    def _run(self, job: Job) -> None:
        job.state, job.runs_since = "RUNNING", self._world.now()
        self._tell(job)
        self._world.clock.after(self._duration(job), lambda: self._finish(job))

    def _refusal(self, job: Job) -> str | None:
        """What AWS finds wrong with a job after it was accepted, in its own words."""
        world = self._world
        destination = world.find_vault(job.destination_vault_arn)
        account, _ = site_of(job.destination_vault_arn)
        if account != job.account:
            if not world.identity.same_organization(account, job.account):
                return ORGANIZATION
            if not world.identity.cross_account_enabled:
                return SETTING
        if destination is None or destination.name == "Default" or not self._admits(destination, job):
            return VAULT_POLICY
        key = world.keys[destination.key_arn]
        if key.managed_by == "aws/backup":
            return DEFAULT_KEY
        return self._source_refusal(job, destination)

    def _source_refusal(self, job: Job, destination: Vault) -> str | None:
        world = self._world
        vault = world.find_vault(job.source_vault_arn)
        point = vault.points.get(job.source_point_arn) if vault else None
        if point is None or point.status not in ("COMPLETED", "AVAILABLE"):
            return "Cannot find recovery point"
        key = world.keys.get(point.key_arn or "")
        if key is not None and key.managed_by and destination.account != job.account:
            return MANAGED_KEY
        if key is not None and not key.enabled:
            return "KMS key is either disabled or pending deletion or access to KMS key is denied"
        lock = destination.lock or {}
        days = job.delete_after_days if job.delete_after_days not in (None, -1) else point.delete_after_days
        if lock and (
            days is None or not lock.get("MinRetentionDays", 1) <= days <= lock.get("MaxRetentionDays", 36500)
        ):
            return RETENTION
        return None

    def _admits(self, destination: Vault, job: Job) -> bool:
        """Cross-account needs the destination vault's policy; inside an account only a Deny matters."""
        context = {
            "aws:PrincipalAccount": job.account,
            "aws:PrincipalArn": job.role_arn,
            "aws:PrincipalOrgID": self._world.identity.organization_of(job.account),
        }
        documents = [destination.policy] if destination.policy else []
        verdict = decide(
            documents,
            action="backup:CopyIntoBackupVault",
            resource=destination.arn,
            context=context,
            principal=job.role_arn,
        )
        return verdict == "allow" or (verdict == "none" and destination.account == job.account)

    def _duration(self, job: Job) -> timedelta:
        """Hours for a full copy, less for an incremental one (rule 12), never the same twice."""
        gibibytes = job.size_bytes / GIBIBYTE
        minutes = 20 + gibibytes * (0.3 if self._is_incremental(job) else 2.0)
        return timedelta(minutes=minutes * (0.8 + 0.4 * self._world.random.random()))

    def _is_incremental(self, job: Job) -> bool:
        """RDS instances copy changes if their newest earlier copy stands there under the same key."""
        destination = self._world.find_vault(job.destination_vault_arn)
        if job.resource_type != "RDS" or destination is None:
            return False
        return any(
            point.database_arn == job.database_arn
            and point.status == "COMPLETED"
            and point.key_arn == destination.key_arn
            for point in destination.points.values()
        )

    def _finish(self, job: Job) -> None:
        message = self._source_gone(job) or self._refusal(job)
        if message is not None:
            self._fail(job, message)
            return
        point = self._land(job)
        job.state, job.completed_at, job.destination_point_arn = "COMPLETED", self._world.now(), point.arn
        job.category = "SUCCESS"
        self._tell(job)
        self._wake()

    def _source_gone(self, job: Job) -> str | None:
        vault = self._world.find_vault(job.source_vault_arn)
        if vault is None or job.source_point_arn not in vault.points:
            return "The source snapshot was deleted during the copy. An internal error occurred."
        return None

    def _land(self, job: Job) -> Point:
        """The copy in its destination vault: another ARN, the original's creation date, the vault's key."""
        world = self._world
        destination = world.vault_by_arn(job.destination_vault_arn)
        source = world.vault_by_arn(job.source_vault_arn).points[job.source_point_arn]
        stays_plain = not source.encrypted and job.resource_type in CLUSTERS
        kind = "cluster-snapshot" if job.resource_type in CLUSTERS else "snapshot"
        partition = job.database_arn.split(":")[1]
        owner = f"{destination.region}:{destination.account}"
        days = job.delete_after_days if job.delete_after_days not in (None, -1) else source.delete_after_days
        point = Point(
            arn=f"arn:{partition}:rds:{owner}:{kind}:awsbackup:copyjob-{world.make_id()}",
            account=destination.account,
            region=destination.region,
            vault_arn=destination.arn,
            database_arn=job.database_arn,
            resource_type=job.resource_type,
            status="COMPLETED",
            created_at=source.created_at if world.unknown.creation_date_inherited else world.now(),
            completed_at=world.now(),
            delete_after_days=days,
            key_arn=None if stays_plain else destination.key_arn,
            encrypted=not stays_plain,
            size_bytes=source.size_bytes,
            role_arn=job.role_arn,
            tags=dict(source.tags),
            source_vault_arn=job.source_vault_arn,
            source_point_arn=source.arn,
            copy_job_id=job.id,
            created_by=job.created_by,
        )
        world.add_point(point, announce=world.unknown.arrival_event)
        return point

    def _fail(self, job: Job, message: str) -> None:
        job.state, job.message, job.completed_at, job.category = "FAILED", message, self._world.now(), "FAILURE"
        self._tell(job)
        self._wake()

    def _wake(self) -> None:
        """A place is free: those that waited in CREATED try again, in their order."""
        waiting, self._waiting = self._waiting, []
        for job_id in waiting:
            self._begin(self.jobs[job_id])

    def _tell(self, job: Job) -> None:
        world = self._world
        name, vault = (arn.rpartition(":")[2] for arn in (job.database_arn, job.destination_vault_arn))
        text = f"copy job {job.state}: {name} into {vault}"
        world.note("copy job", job.account, job.region, text, job_id=job.id, state=job.state)
        detail = copy_job_detail(job)
        world.events.emit(job.account, job.region, "Copy Job State Change", [job.source_point_arn], detail)
        site = site_of(job.destination_vault_arn)
        if world.unknown.destination_sees_copy_events and site != (job.account, job.region):
            world.events.emit(*site, "Copy Job State Change", [job.source_point_arn], detail)

    def describe(self, caller: Caller, region: str, job_id: str) -> Job:
        """DescribeCopyJob; records vanish after 30 days."""
        job = self.jobs.get(job_id.upper())
        if job is None or (job.account, job.region) != (caller.account, region) or self._is_forgotten(job):
            raise Refused("ResourceNotFoundException", f"Cannot find copy job {job_id}")
        return job

    def listed(self, caller: Caller, region: str) -> list[Job]:
        """What ListCopyJobs can see: own jobs of 30 days, seconds after they began."""
        lag = self._world.delivery.list_lag
        now = self._world.now()
        return [
            job
            for job in self.jobs.values()
            if (job.account, job.region) == (caller.account, region)
            and not self._is_forgotten(job)
            and job.created_at + lag <= now
        ]

    def _is_forgotten(self, job: Job) -> bool:
        return not job.is_live and self._world.now() - job.created_at > timedelta(days=30)

    def copies_from(self, point_arn: str) -> list[Job]:
        return [job for job in self.jobs.values() if job.source_point_arn == point_arn and job.is_live]
