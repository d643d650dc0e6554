"""One run: what its steps use, and how they start and follow backups and copies."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from secondhop.domain.arn import Site
from secondhop_cli.first_night.answers import Answers
from secondhop_cli.first_night.aws_clients import AwsClients
from secondhop_cli.first_night.documents import MAKER
from secondhop_cli.first_night.limits import RETENTION_DAYS, CopyJobs
from secondhop_cli.first_night.pace import PASSING, Pace, code_of, message_of
from secondhop_cli.first_night.settings import Settings
from secondhop_cli.first_night.state_file import Kind, StateFile

OVER = ("COMPLETED", "FAILED", "PARTIAL", "ABORTED", "EXPIRED")
MISSING = "ResourceNotFoundException"
Reply = dict[str, Any]


class StepFailedError(Exception):
    """A step that others need has failed. The message is one sentence without a full stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A copy to start from a site's own vault. The same value gives the same request."""

    site: Site
    point_arn: str
    into: Site
    role: str
    token: str
    days: int = RETENTION_DAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A copy that arrived: the request, its job's id and ARN of the copy, and when it was started."""

    copy: Copy
    job_id: str
    point_arn: str
    began_at: datetime


@dataclass(kw_only=True)
class Night:
    """One run. The fields at the end are what earlier steps made for later ones."""

    settings: Settings
    aws: AwsClients
    state: StateFile
    pace: Pace
    answers: Answers
    jobs: CopyJobs = field(default_factory=CopyJobs)
    backup_arn: str = ""
    first: Made | None = None
    second: Made | None = None

    def token(self, name: str) -> str:
        return f"{self.settings.run}-{name}"

    def start(self, copy: Copy, client: Any = None) -> str:
        """StartCopyJob; the job's id. Raises ClientError, and LimitReachedError."""
        self.jobs.check()
        settings = self.settings
        reply = (client or self.aws(copy.site, "backup")).start_copy_job(
            RecoveryPointArn=copy.point_arn,
            SourceBackupVaultName=settings.vault,
            DestinationBackupVaultArn=settings.vault_arn(copy.into),
            IamRoleArn=settings.role_arn(copy.site.account, copy.role),
            IdempotencyToken=copy.token,
            Lifecycle={"DeleteAfterDays": copy.days},
        )
        # AWS's documents spell ids in upper and in lower case.
        job_id = str(reply["CopyJobId"])
        if job_id.upper() not in self.jobs.ids:
            self.pace.say(f"copy job {job_id} to {copy.into} is started")
        self.jobs.ids.add(job_id.upper())
        return job_id

    def job(self, site: Site, job_id: str) -> Reply:
        found: Reply = self.aws(site, "backup").describe_copy_job(CopyJobId=job_id)["CopyJob"]
        return found

    def until(self, site: Site, job_id: str, states: tuple[str, ...] = OVER) -> Reply:
        """The job when it is in one of these states, or over."""

        def look() -> Reply | None:
            found = self.job(site, job_id)
            return found if found["State"] in (*states, *OVER) else None

        found = self.pace.until(look, f"copy job {job_id}")
        self.pace.say(f"copy job {job_id} is {found['State']}")
        return found

    def carried_out(self, copy: Copy, client: Any = None) -> tuple[Reply, Made | None]:
        """Start a copy and wait for its end: the job, and the copy if it is COMPLETED."""
        began_at = self.pace.now()
        job_id = self.start(copy, client)
        job = self.until(copy.site, job_id)
        arn = job.get("DestinationRecoveryPointArn", "")
        if job["State"] != "COMPLETED" or not arn:
            return job, None
        self.state.add(Kind.POINT, copy.into, arn)
        return job, Made(copy=copy, job_id=job_id, point_arn=arn, began_at=began_at)

    def back_up(self) -> None:
        """Back the database up. Raises StepFailedError."""
        site = self.settings.origin
        client = self.aws(site, "backup")
        self.pace.say(f"backing up {self.settings.database_arn}")
        job_id = self.pace.once_usable(
            lambda: client.start_backup_job(
                BackupVaultName=self.settings.vault,
                ResourceArn=self.settings.database_arn,
                IamRoleArn=self.settings.role_arn(site.account, MAKER),
                IdempotencyToken=self.token("backup"),
                Lifecycle={"DeleteAfterDays": RETENTION_DAYS},
            )["BackupJobId"]
        )

        def look() -> Reply | None:
            found: Reply = client.describe_backup_job(BackupJobId=job_id)
            return found if found["State"] in OVER else None

        job = self.pace.until(look, f"backup job {job_id}")
        if job["State"] != "COMPLETED":
            raise StepFailedError(f"the backup job is {job['State']}: {job.get('StatusMessage', 'no reason is given')}")
        self.backup_arn = job["RecoveryPointArn"]
        self.state.add(Kind.POINT, site, self.backup_arn)
        self.pace.say("the backup is COMPLETED")

    def point(self, site: Site, arn: str) -> Reply | None:
        """DescribeRecoveryPoint; None if it does not exist."""
        try:
            found: Reply = self.aws(site, "backup").describe_recovery_point(
                BackupVaultName=self.settings.vault, RecoveryPointArn=arn
            )
        except ClientError as error:
            if code_of(error) == MISSING:
                return None
            raise
        return found

    def listed(self, site: Site) -> list[Reply]:
        """The recovery points of the run's own vault."""
        return list(
            self.aws.every(
                site,
                "backup",
                "list_recovery_points_by_backup_vault",
                "RecoveryPoints",
                BackupVaultName=self.settings.vault,
            )
        )

    def answer_by_refusal(self, name: str, error: ClientError) -> None:
        """Answer a question with "refused". Throttling and a missing permission answer nothing."""
        code = code_of(error)
        self.answers.record(name, error=code, message=message_of(error))
        if code in PASSING or code.startswith("AccessDenied"):
            self.answers.leave_open(name, f"AWS answered {code}")
        else:
            self.answers.settle(name, "refused")

    def delete(self, site: Site, arn: str) -> None:
        """DeleteRecoveryPoint in the run's own vault. Raises ClientError."""
        self.aws(site, "backup").delete_recovery_point(BackupVaultName=self.settings.vault, RecoveryPointArn=arn)
