"""The records of a world, for tests that read and change them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from backup_simulator.access import Access
from backup_simulator.authority import Grant
from backup_simulator.eventbridge import EventBridge, Rule
from backup_simulator.identity import Identity
from backup_simulator.model import Database, Deletion, Job, Key, Point, Role, Vault
from backup_simulator.queues import Queue, Queues
from backup_simulator.services.backup.copying import Copying
from backup_simulator.services.backup.deleting import Deleting
from backup_simulator.services.backup.plans import Plan, Plans
from backup_simulator.services.backup.points import Points
from backup_simulator.services.cloudformation import CloudFormation, StackRecord
from backup_simulator.services.cloudwatch import CloudWatch, Measurement, Metric
from backup_simulator.services.events import Events
from backup_simulator.services.quotas import Quotas
from backup_simulator.services.scheduler import Scheduler, ScheduleRecord
from backup_simulator.services.sns import Published, Sns
from backup_simulator.vaults import Vaults


class Records:
    """The records of a world by ARN, and views of what happened.

    A test may change a record, and the world continues with it. Views are copies: a change of one has no effect.
    """

    keys: dict[str, Key]
    databases: dict[str, Database]
    buses: EventBridge
    _access: Access
    _cloudformation: CloudFormation
    _cloudwatch: CloudWatch
    _copying: Copying
    _deleting: Deleting
    _events: Events
    _identity: Identity
    _plans: Plans
    _points: Points
    _queues: Queues
    _quotas: Quotas
    _scheduler: Scheduler
    _sns: Sns
    _vaults: Vaults

    @property
    def roles(self) -> dict[str, Role]:
        """All roles by ARN."""
        return self._identity.roles

    @property
    def plans(self) -> Mapping[str, Plan]:
        """All backup plans by id."""
        return self._plans.by_id

    @property
    def stacks(self) -> dict[tuple[str, str, str], StackRecord]:
        """CloudFormation stacks by account, Region and name."""
        return self._cloudformation.stacks

    @property
    def schedules(self) -> Mapping[tuple[str, str, str], ScheduleRecord]:
        """Schedules by account, Region and name."""
        return self._scheduler.schedules

    @property
    def metrics(self) -> dict[tuple[str, str, Metric], list[Measurement]]:
        """Measured values by account, Region and metric."""
        return self._cloudwatch.metrics

    @property
    def quotas(self) -> dict[tuple[str, str, str], float]:
        """Quotas of RDS that differ from the defaults, by account, Region and name."""
        return self._quotas.given

    @property
    def queues(self) -> Sequence[Queue]:
        """All queues, in the order in which they were made."""
        return list(self._queues.by_arn.values())

    def queue(self, name: str) -> Queue:
        """A queue by its URL or its ARN. Raises KeyError."""
        return self._queues.by_url.get(name) or self._queues.by_arn[name]

    def published(self, topic_arn: str) -> Sequence[Published]:
        """The messages of a topic: the growing list itself. Do not change it. Raises KeyError."""
        return self._sns.topics[topic_arn]

    @property
    def put_events(self) -> list[dict[str, Any]]:
        """The events that callers put on buses."""
        return self._events.accepted

    def rules(self, account: str, region: str, bus: str = "default") -> list[Rule]:
        """The rules of an event bus."""
        return self.buses.rules[account, region, bus]

    def bus_policy(self, account: str, region: str, bus: str = "default") -> list[dict[str, Any]]:
        """The statements of an event bus's policy."""
        return self.buses.policies[account, region, bus]

    def vault_by_arn(self, arn: str) -> Vault:
        """A vault. Raises KeyError."""
        return self._vaults.by_arn(arn)

    def point_by_arn(self, arn: str) -> Point:
        """A recovery point, even if it is deleted. Raises KeyError."""
        return self._points.by_arn(arn)

    def landed(self) -> Sequence[Point]:
        """All points that ever existed, in the order of their arrival: the world's own list. Do not change it."""
        return self._points.landed()

    def recovery_points(self, *, gone: bool = False) -> Sequence[Point]:
        """Views of all existing points in the order of their arrival. With `gone`, deleted points are included."""
        return [point.as_it_is() for point in self._points.landed() if gone or point.gone_at is None]

    def copy_jobs(self) -> Sequence[Job]:
        """Views of all copy jobs."""
        return [job.as_it_is() for job in self._copying.jobs.values()]

    def copy_job(self, job_id: str) -> Job:
        """A copy job. Raises KeyError."""
        return self._copying.jobs[job_id]

    def find_copy_job(self, job_id: str | None) -> Job | None:
        """A copy job, if there is one with this id."""
        return self._copying.jobs.get(job_id or "")

    def deletions(self) -> Sequence[Deletion]:
        """The deletes that were accepted."""
        return list(self._deleting.accepted)

    @property
    def lifecycle_changes(self) -> Sequence[tuple[datetime, str, str]]:
        """The changes of lifecycles: time, role and recovery point."""
        return self._deleting.lifecycle_changes

    def record_grants(self) -> Counter[Grant]:
        """Record from now on what roles are allowed and by which statement; return the growing record."""
        return self._access.record_grants()

    def role_may(self, role: Role, action: str, resource: str, context: Mapping[str, Any] | None = None) -> bool:
        """Whether all policies of a role together allow an action."""
        return self._access.role_may(role, action, resource, context)
