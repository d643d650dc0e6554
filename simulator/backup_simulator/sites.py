"""What a test creates at a site: keys, vaults, databases, plans, queues, topics, rules, schedules and stacks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from backup_simulator.eventbridge import EventBridge, Rule, RuleTarget
from backup_simulator.ground import Ground
from backup_simulator.model import GIBIBYTE, Database, Key, Vault, vault_arn
from backup_simulator.policy_checks import Kind, check_policy
from backup_simulator.queues import EventSourceMapping, Message, Queue, Queues
from backup_simulator.regions import partition_of
from backup_simulator.resource_types import BY_NAME
from backup_simulator.services.backup.copy_checks import VAULT_NAME
from backup_simulator.services.backup.plans import Plans
from backup_simulator.services.backup.points import Points
from backup_simulator.services.cloudformation import CloudFormation, StackRecord, StackResource
from backup_simulator.services.cloudwatch import CloudWatch
from backup_simulator.services.scheduler import Scheduler, ScheduleRecord
from backup_simulator.services.sns import Published, Sns
from backup_simulator.vaults import Vaults


@dataclass(frozen=True, kw_only=True)
class SiteServices:
    """The services that keep the resources of a site."""

    ground: Ground
    keys: dict[str, Key]
    databases: dict[str, Database]
    vaults: Vaults
    points: Points
    plans: Plans
    queues: Queues
    sns: Sns
    buses: EventBridge
    scheduler: Scheduler
    cloudformation: CloudFormation
    cloudwatch: CloudWatch


class Site:
    """An account's place in a Region."""

    def __init__(self, services: SiteServices, account: str, region: str) -> None:
        self._services = services
        self.account = account
        self.region = region

    def _arn(self, service: str, resource: str) -> str:
        return f"arn:{partition_of(self.region)}:{service}:{self.region}:{self.account}:{resource}"

    def create_key(self, *, policy: dict[str, Any] | None = None, managed_by: str | None = None) -> str:
        """A KMS key; its ARN. `managed_by` makes it an AWS managed one, for example "aws/rds"."""
        if policy is not None:
            check_policy(policy, Kind.RESOURCE, "MalformedPolicyDocumentException")
        arn = self._arn("kms", f"key/{self._services.ground.make_id()}")
        self._services.keys[arn] = Key(arn=arn, account=self.account, policy=deepcopy(policy), managed_by=managed_by)
        return arn

    def enable_key(self, key_arn: str) -> None:
        key = self._key(key_arn)
        key.enabled, key.deletion_is_pending = True, False

    def disable_key(self, key_arn: str, *, pending_deletion: bool = False) -> None:
        """No one can use it until it is enabled. After a cancelled deletion a key is disabled (CancelKeyDeletion)."""
        key = self._key(key_arn)
        key.enabled, key.deletion_is_pending = False, pending_deletion

    def _key(self, key_arn: str) -> Key:
        if key_arn not in self._services.keys:
            raise KeyError(f"there is no key {key_arn}")
        return self._services.keys[key_arn]

    def hold_point(self, point_arn: str) -> None:
        """Put a recovery point under a legal hold, which blocks its deletion and its expiry and follows no copy.

        Points that are EXPIRED or DELETING are not held (legal-holds). Raises ValueError for them.
        """
        point = self._services.points.by_arn(point_arn)
        if point.status in ("EXPIRED", "DELETING") or point.gone_at is not None:
            raise ValueError(f"{point_arn} is {point.status} and cannot be held")
        point.on_hold = True

    def release_point(self, point_arn: str) -> None:
        """Remove the legal hold."""
        self._services.points.by_arn(point_arn).on_hold = False

    def create_vault(
        self, name: str, *, key_arn: str, policy: dict[str, Any] | None = None, lock: dict[str, Any] | None = None
    ) -> str:
        """A backup vault; its ARN. Raises ValueError, Refused or NotModelled for what the API would refuse."""
        if not VAULT_NAME.fullmatch(name):
            raise ValueError(f"Invalid backup vault name: {name}")
        if policy is not None:
            check_policy(policy, Kind.RESOURCE, "InvalidParameterValueException")
        arn = vault_arn(self.account, self.region, name)
        now = self._services.ground.now()
        vault = Vault(
            name=name,
            arn=arn,
            account=self.account,
            region=self.region,
            key_arn=key_arn,
            policy=deepcopy(policy),
            lock=deepcopy(lock),
            created_at=now,
        )
        self._services.vaults.add(vault)
        return arn

    def create_database(
        self,
        resource_type: str,
        name: str,
        *,
        size_gib: float = 10,
        key_arn: str | None,
        tags: Mapping[str, str] | None = None,
        multi_az_cluster: bool = False,
        option_group_options: Sequence[str] = (),
    ) -> str:
        """A database that plans may select; its ARN."""
        kind = "cluster" if multi_az_cluster else BY_NAME[resource_type].database_kind
        arn = self._arn("rds", f"{kind}:{name}")
        self._services.databases[arn] = Database(
            arn=arn,
            resource_type=resource_type,
            size_bytes=int(size_gib * GIBIBYTE),
            key_arn=key_arn,
            tags=dict(tags or {}),
            options=tuple(option_group_options),
        )
        return arn

    def create_plan(self, plan: dict[str, Any], selections: Sequence[dict[str, Any]]) -> str:
        """A backup plan with selections, in the shapes of CreateBackupPlan and CreateBackupSelection; its id."""
        return self._services.plans.create(self.account, self.region, plan, list(selections))

    def add_selection(self, plan_id: str, selection: dict[str, Any]) -> None:
        """One more selection for a plan, in the shape of CreateBackupSelection."""
        self._services.plans.add_selection(plan_id, selection)

    def create_queue(
        self,
        name: str,
        *,
        visibility_timeout_seconds: int = 30,
        dead_letter_arn: str | None = None,
        max_receive_count: int = 5,
        retention_seconds: int = 345600,
    ) -> Queue:
        """A standard queue, with `arn` and `url`."""
        ground, queues = self._services.ground, self._services.queues
        queue = Queue(
            name=name,
            arn=self._arn("sqs", name),
            url=f"https://sqs.{self.region}.amazonaws.com/{self.account}/{name}",
            region=self.region,
            visibility=timedelta(seconds=visibility_timeout_seconds),
            retention=timedelta(seconds=retention_seconds),
            dead_letter_arn=dead_letter_arn,
            max_receives=max_receive_count,
            clock=ground.clock,
            make_id=ground.make_id,
            dead_letters=lambda arn: queues.by_arn[arn],
            complain=lambda text: ground.note("function failed", self.account, self.region, text),
        )
        queues.add(queue)
        return queue

    def messages(self, queue_arn: str) -> list[Message]:
        """All messages of a queue, visible or not."""
        return list(self._services.queues.by_arn[queue_arn].messages.values())

    def create_topic(self, name: str) -> str:
        """An SNS topic; its ARN."""
        arn = self._arn("sns", name)
        self._services.sns.topics[arn] = []
        return arn

    def published(self, topic_arn: str) -> list[Published]:
        return list(self._services.sns.topics[topic_arn])

    def put_rule(
        self, name: str, *, pattern: dict[str, Any], targets: Sequence[RuleTarget], bus: str = "default"
    ) -> str:
        """An EventBridge rule; its ARN. Raises Refused or NotModelled for a pattern or target that cannot work."""
        rule = Rule(name=name, pattern=deepcopy(pattern), targets=tuple(targets))
        self._services.buses.add((self.account, self.region, bus), rule)
        return self._arn("events", f"rule/{name}")

    def create_function(self, name: str, invoke: Callable[[dict[str, Any]], Any]) -> str:
        """A Lambda function that rules may have as a target; its ARN. `invoke` gets the event."""
        arn = self._arn("lambda", f"function:{name}")
        self._services.buses.functions.by_arn[arn] = invoke
        return arn

    def put_bus_policy(self, statement: dict[str, Any], bus: str = "default") -> None:
        """A statement of an event bus's policy. Raises Refused or NotModelled."""
        check_policy({"Statement": statement}, Kind.RESOURCE, "ValidationException")
        self._services.buses.policies[self.account, self.region, bus].append(deepcopy(statement))

    def map_queue(
        self,
        queue_arn: str,
        invoke: Callable[[dict[str, Any]], Any],
        *,
        batch_size: int = 10,
        report_batch_item_failures: bool = True,
        function: str = "",
    ) -> None:
        """Invoke a function with the messages of a queue, as Lambda's event source mapping does."""
        queue = self._services.queues.by_arn[queue_arn]
        queue.mapping = EventSourceMapping(
            invoke=invoke, batch_size=batch_size, reports_failures=report_batch_item_failures, function=function
        )

    def schedule(
        self,
        name: str,
        every: timedelta,
        invoke: Callable[[dict[str, Any]], Any],
        payload: dict[str, Any] | None = None,
        *,
        first_after: timedelta | None = None,
        target_arn: str = "",
    ) -> None:
        """Invoke a function regularly, as EventBridge Scheduler does. Errors do not end the schedule."""
        record = ScheduleRecord(
            name=name,
            arn=self._arn("scheduler", f"schedule/default/{name}"),
            account=self.account,
            region=self.region,
            every=every,
            target_arn=target_arn,
        )
        self._services.scheduler.start(record, invoke, payload or {}, first_after=first_after)

    def record_stack(
        self,
        name: str,
        *,
        description: str,
        parameters: Mapping[str, str],
        outputs: Mapping[str, str],
        resources: Sequence[StackResource],
    ) -> StackRecord:
        """Record a CloudFormation stack as deployed here."""
        stack = StackRecord(
            name=name,
            arn=self._arn("cloudformation", f"stack/{name}/{name}-id"),
            account=self.account,
            region=self.region,
            description=description,
            created_at=self._services.ground.now(),
            parameters=dict(parameters),
            outputs=dict(outputs),
            resources=tuple(resources),
        )
        self._services.cloudformation.record(stack)
        return stack

    def measure(self, namespace: str, name: str, dimensions: Mapping[str, str], value: float) -> None:
        """A value of a CloudWatch metric, of this moment."""
        self._services.cloudwatch.measure(self.account, self.region, namespace, name, dimensions, value)

    def now(self) -> datetime:
        return self._services.ground.now()
