"""The records of a world: keys, vaults, databases, recovery points, jobs. They contain no rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from backup_simulator.errors import Refused
from backup_simulator.regions import partition_of

GIBIBYTE = 1024**3


@dataclass(kw_only=True, slots=True)
class Key:
    """A KMS key. `managed_by` is the alias of the service that owns an AWS managed one."""

    arn: str
    account: str
    policy: dict[str, Any] | None
    managed_by: str | None
    enabled: bool = True
    deletion_is_pending: bool = False

    @property
    def state(self) -> str:
        """The KeyState of DescribeKey. A key with a pending deletion is disabled too."""
        return "PendingDeletion" if self.deletion_is_pending else "Enabled" if self.enabled else "Disabled"


@dataclass(kw_only=True, slots=True)
class Database:
    """A database that can be backed up."""

    arn: str
    resource_type: str
    size_bytes: int
    key_arn: str | None
    tags: Mapping[str, str]
    options: tuple[str, ...] = ()


@dataclass(kw_only=True, slots=True)
class Point:
    """A recovery point of a vault. `delete_after_days` None never expires."""

    arn: str
    account: str
    region: str
    vault_arn: str
    database_arn: str
    resource_type: str
    status: str
    created_at: datetime
    completed_at: datetime | None
    delete_after_days: int | None
    key_arn: str | None
    encrypted: bool
    size_bytes: int
    role_arn: str
    tags: dict[str, str]
    source_vault_arn: str | None = None
    source_point_arn: str | None = None
    copy_job_id: str | None = None
    created_by: dict[str, str] | None = None
    landed_at: datetime | None = None
    gone_at: datetime | None = None
    on_hold: bool = False
    names_its_source: bool = False
    """Whether the API gives the source recovery point as the resource; see `resource_arn_survives_second_copy`."""

    @property
    def resource_arn(self) -> str:
        """What the API calls the point's resource."""
        return self.source_point_arn if self.names_its_source and self.source_point_arn else self.database_arn

    @property
    def delete_at(self) -> datetime | None:
        """Creation of the original plus DeleteAfterDays (recov-point-create-a-copy)."""
        return None if self.delete_after_days is None else self.created_at + timedelta(days=self.delete_after_days)

    def as_it_is(self) -> Point:
        """A copy that shares no mutable object with the record."""
        plan = None if self.created_by is None else dict(self.created_by)
        return replace(self, tags=dict(self.tags), created_by=plan)


@dataclass(kw_only=True, slots=True)
class Vault:
    """A backup vault with its points."""

    name: str
    arn: str
    account: str
    region: str
    key_arn: str
    policy: dict[str, Any] | None
    lock: dict[str, Any] | None
    created_at: datetime
    points: dict[str, Point] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    lock_date: datetime | None = None
    creator_request_id: str | None = None
    vault_type: str = "BACKUP_VAULT"
    """The value in replies. Logically air-gapped vaults are not modelled otherwise."""
    lately_gone: list[Point] = field(default_factory=list)


@dataclass(kw_only=True, slots=True)
class Job:
    """A copy job, owned by the account and Region of its source vault."""

    id: str
    account: str
    region: str
    source_point_arn: str
    source_vault_arn: str
    destination_vault_arn: str
    database_arn: str
    resource_type: str
    size_bytes: int
    role_arn: str
    created_at: datetime
    delete_after_days: int | None
    token: str | None
    started_by: str
    created_by: dict[str, str] | None
    state: str = "CREATED"
    message: str = ""
    category: str = ""
    destination_point_arn: str | None = None
    completed_at: datetime | None = None
    runs_since: datetime | None = None
    names_its_source: bool = False
    """Whether the API gives the source recovery point as the resource; see `resource_arn_survives_second_copy`."""

    @property
    def resource_arn(self) -> str:
        """What the API calls the job's resource."""
        return self.source_point_arn if self.names_its_source else self.database_arn

    @property
    def is_live(self) -> bool:
        return self.state in ("CREATED", "RUNNING")

    def as_it_is(self) -> Job:
        """A copy that shares no mutable object with the record."""
        return replace(self, created_by=None if self.created_by is None else dict(self.created_by))


@dataclass(kw_only=True, slots=True)
class BackupJob:
    """A backup job of a database into a vault of its own account and Region."""

    id: str
    account: str
    region: str
    database: Database
    vault_arn: str
    role_arn: str
    created_at: datetime
    delete_after_days: int | None
    created_by: dict[str, str] | None
    copies: list[dict[str, Any]]
    starts_until: datetime
    completes_until: datetime
    tags: dict[str, str] = field(default_factory=dict)
    state: str = "CREATED"
    message: str = ""
    completed_at: datetime | None = None
    point_arn: str | None = None


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who makes a call. `role_arn` None is the account's administrator; `session_policy` is a document as JSON."""

    account: str
    role_arn: str | None
    session_policy: str | None = None
    partition: str = "aws"

    @property
    def name(self) -> str:
        return self.role_arn or f"arn:{self.partition}:iam::{self.account}:root"

    @property
    def is_service_linked(self) -> bool:
        """Service control policies do not bind service-linked roles (organizations: orgs_manage_policies_scps)."""
        return self.role_arn is not None and ":role/aws-service-role/" in self.role_arn


@dataclass(kw_only=True, slots=True)
class Role:
    """An IAM role. `boundary` limits what its own policies can allow."""

    arn: str
    account: str
    trust: dict[str, Any]
    policies: tuple[dict[str, Any], ...]
    boundary: dict[str, Any] | None = None
    created_at: datetime
    caller: Caller = field(init=False)

    def __post_init__(self) -> None:
        self.caller = Caller(account=self.account, role_arn=self.arn)


@dataclass(frozen=True, kw_only=True)
class Deletion:
    """A DeleteRecoveryPoint that was accepted."""

    at: datetime
    by: str
    point_arn: str
    vault_arn: str


class Call(NamedTuple):
    """A call and its result: `reply`, or `refused`."""

    at: datetime
    caller: Caller
    region: str
    service: str
    operation: str
    request: Mapping[str, Any]
    reply: Mapping[str, Any] | None = None
    refused: Refused | None = None


class TraceLine(NamedTuple):
    """Something that happened in the world. It is a tuple, because a world makes very many."""

    at: datetime
    kind: str
    account: str
    region: str
    text: str
    facts: dict[str, Any]


Operation = Callable[[Caller, str, dict[str, Any]], dict[str, Any]]
"""Carries out an operation of a service: for a caller, in a Region, with the request's parameters."""


def vault_arn(account: str, region: str, name: str) -> str:
    return f"arn:{partition_of(region)}:backup:{region}:{account}:backup-vault:{name}"


def backup_key_arn(account: str, region: str) -> str:
    """The AWS managed key with the alias aws/backup: one in each account and Region."""
    return f"arn:{partition_of(region)}:kms:{region}:{account}:key/00000000-0000-4000-8000-{account}"


def vault_name(arn: str) -> str:
    return arn.rpartition(":")[2]


@lru_cache(maxsize=4096)
def site_of(arn: str) -> tuple[str, str]:
    """Account and Region of an ARN."""
    parts = arn.split(":")
    return parts[4], parts[3]
