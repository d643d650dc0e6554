"""What stands around the backups and can be looked at: stacks, schedules, measurements, quotas. Plain records."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

# Service Quotas lists what can be raised; the number of snapshot copies in progress is not among it.
RDS_QUOTAS = {"Manual DB instance snapshots": 100.0, "Manual DB cluster snapshots": 100.0}


@dataclass(frozen=True, kw_only=True)
class StackResource:
    """A resource of a deployed stack."""

    logical_id: str
    physical_id: str
    kind: str


@dataclass(kw_only=True)
class StackRecord:
    """A CloudFormation stack, as DescribeStacks shows it."""

    name: str
    arn: str
    account: str
    region: str
    description: str
    created_at: datetime
    parameters: Mapping[str, str]
    outputs: dict[str, str]
    resources: Sequence[StackResource]
    status: str = "CREATE_COMPLETE"


@dataclass(kw_only=True)
class ScheduleRecord:
    """A schedule of EventBridge Scheduler in the group `default`; one that is not enabled invokes nothing."""

    name: str
    arn: str
    expression: str
    target_arn: str
    enabled: bool = True


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One value of a CloudWatch metric."""

    at: datetime
    value: float


Metric = tuple[str, str, frozenset[tuple[str, str]]]


@dataclass
class Surroundings:
    """All of it, by account and Region."""

    stacks: dict[tuple[str, str, str], StackRecord] = field(default_factory=dict)
    schedules: dict[tuple[str, str, str], ScheduleRecord] = field(default_factory=dict)
    metrics: dict[tuple[str, str, Metric], list[Measurement]] = field(default_factory=lambda: defaultdict(list))
    quotas: dict[tuple[str, str, str], float] = field(default_factory=dict)
    """Of RDS, by account, Region and name: other values than AWS's defaults, and quotas that are listed besides."""
