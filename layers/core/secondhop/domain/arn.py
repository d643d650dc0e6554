"""Amazon Resource Names, parsed and never compared by prefix, since partitions differ (aws, aws-cn, aws-us-gov)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from secondhop.domain.errors import MalformedError, shown
from secondhop.domain.resource_types import INSTANCES

ACCOUNT = re.compile(r"[0-9]{12}")
# CreateBackupVault accepts 2 to 50 of these characters.
VAULT_NAME = re.compile(r"[a-zA-Z0-9\-_]{2,50}")
PARTS = 6
DATABASE = re.compile(r":(db|cluster):[^:]+$")


@dataclass(frozen=True, slots=True, order=True)
class Site:
    """An account and a Region."""

    account: str
    region: str

    def __str__(self) -> str:
        return f"{self.account}/{self.region}"


@dataclass(frozen=True, slots=True, order=True)
class Arn:
    """`arn:partition:service:region:account:resource`, whatever the resource is.

    Raises MalformedError from `parse` if the text is not one.
    """

    partition: str
    service: str
    region: str
    account: str
    resource: str

    @classmethod
    def parse(cls, text: object) -> Arn:
        """Read an ARN out of something that an event or AWS gave us."""
        parts = text.split(":", PARTS - 1) if isinstance(text, str) else []
        if len(parts) != PARTS or parts[0] != "arn" or not all(parts[1:3]) or not parts[5] or not _is_printable(parts):
            raise MalformedError(f"not an ARN: {shown(text)}")
        return cls(*parts[1:])

    @property
    def site(self) -> Site:
        return Site(self.account, self.region)

    def __str__(self) -> str:
        return f"arn:{self.partition}:{self.service}:{self.region}:{self.account}:{self.resource}"


@dataclass(frozen=True, slots=True, order=True)
class Vault:
    """A backup vault, known by its site and its name. Raises MalformedError from `parse`."""

    partition: str
    site: Site
    name: str

    @classmethod
    def parse(cls, text: object) -> Vault:
        """Read `arn:partition:backup:region:account:backup-vault:name`."""
        arn = Arn.parse(text)
        kind, _, name = arn.resource.partition(":")
        if arn.service != "backup" or kind != "backup-vault" or not VAULT_NAME.fullmatch(name):
            raise MalformedError(f"not the ARN of a backup vault: {shown(text)}")
        return cls(arn.partition, arn.site, name)

    @property
    def arn(self) -> str:
        return f"arn:{self.partition}:backup:{self.site.region}:{self.site.account}:backup-vault:{self.name}"

    def __str__(self) -> str:
        return self.arn


def is_database(arn: str) -> bool:
    """Whether an ARN names a DB instance or a cluster, and not a snapshot of one."""
    return DATABASE.search(arn) is not None


def is_continuous(recovery_point_arn: str) -> bool:
    """Whether this is a point-in-time recovery point, which StartCopyJob refuses (API_StartCopyJob)."""
    return ":recovery-point:continuous:" in recovery_point_arn


def is_original(recovery_point_arn: str) -> bool:
    """Whether this is a backup itself (devguide/access-control); a copy is named `awsbackup:copyjob-`."""
    return ":awsbackup:job-" in recovery_point_arn


def is_multi_az_cluster(resource_type: str, database_arn: str) -> bool:
    """Whether this is an RDS Multi-AZ DB cluster, which has type RDS and a cluster ARN, and cannot be copied.

    https://docs.aws.amazon.com/aws-backup/latest/devguide/rds-backup.html
    """
    return resource_type == INSTANCES.name and Arn.parse(database_arn).resource.startswith("cluster:")


def _is_printable(parts: list[str]) -> bool:
    """Whether there are no control characters and no half of a surrogate pair, which no queue or table accepts."""
    return all(part.isprintable() for part in parts)
