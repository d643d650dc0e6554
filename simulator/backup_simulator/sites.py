"""What a test sets up by hand: accounts with roles, sites with keys, vaults, queues, rules and databases."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from backup_simulator.errors import ProcessDied
from backup_simulator.eventbridge import Rule, RuleTarget
from backup_simulator.model import GIBIBYTE, Database, Key, Vault
from backup_simulator.other_calls import Published
from backup_simulator.queues import Mapping as FunctionMapping
from backup_simulator.queues import Message, Queue
from backup_simulator.regions import partition_of
from backup_simulator.surroundings import Measurement, ScheduleRecord, StackRecord, StackResource

if TYPE_CHECKING:
    from backup_simulator.world import World


class Account:
    """An account of the organization."""

    def __init__(self, world: World, account_id: str) -> None:
        self._world = world
        self.id = account_id

    def create_role(
        self,
        name: str,
        *,
        path: str = "/",
        trust: dict[str, Any],
        policies: Sequence[dict[str, Any]] = (),
        boundary: dict[str, Any] | None = None,
    ) -> str:
        """A role; its ARN. `boundary` is a permissions boundary."""
        identity = self._world.identity
        return identity.create_role(self.id, name, path=path, trust=trust, policies=tuple(policies), boundary=boundary)

    def bound_role(self, role_arn: str, boundary: dict[str, Any] | None) -> None:
        """Give a role another permissions boundary, or none."""
        self._world.identity.bound(role_arn, boundary)

    def set_service_control_policies(self, levels: Sequence[Sequence[dict[str, Any]]]) -> None:
        """The organization's policies for the account, a list for each level from the root to the account itself.

        Every level must allow what anybody in the account does, the administrator too; no level is FullAWSAccess.
        """
        self._world.identity.service_control[self.id] = deepcopy(tuple(tuple(level) for level in levels))

    def add_policy(self, role_name: str, policy: dict[str, Any]) -> None:
        """One more identity policy for a role, known by its name."""
        self._world.identity.add_policy(self.id, role_name, policy)

    def delete_role(self, role_arn: str) -> None:
        """Remove a role; jobs that run with it go on."""
        self._world.identity.delete_role(role_arn)

    def join_organization(self, organization_id: str) -> None:
        """Move the account to another organization; the empty text is none."""
        self._world.identity.move(self.id, organization_id)

    def create_service_linked_role(self, service: str) -> str:
        """A service-linked role; its ARN."""
        trust = {"Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]}
        name = {"backup.amazonaws.com": "AWSServiceRoleForBackup"}[service]
        return self.create_role(name, path=f"/aws-service-role/{service}/", trust=trust)


class Site:
    """An account's place in a Region."""

    def __init__(self, world: World, account: str, region: str) -> None:
        self._world = world
        self.account = account
        self.region = region

    def _arn(self, service: str, resource: str) -> str:
        return f"arn:{partition_of(self.region)}:{service}:{self.region}:{self.account}:{resource}"

    def create_key(self, *, policy: dict[str, Any] | None = None, managed_by: str | None = None) -> str:
        """A KMS key; its ARN. `managed_by` makes it an AWS managed one, for example "aws/rds"."""
        arn = self._arn("kms", f"key/{self._world.make_id()}")
        self._world.keys[arn] = Key(arn=arn, account=self.account, policy=deepcopy(policy), managed_by=managed_by)
        return arn

    def enable_key(self, key_arn: str) -> None:
        key = self._key(key_arn)
        key.enabled, key.deletion_is_pending = True, False

    def disable_key(self, key_arn: str, *, pending_deletion: bool = False) -> None:
        """No one can use it until it is enabled; a key whose deletion is cancelled is disabled (CancelKeyDeletion)."""
        key = self._key(key_arn)
        key.enabled, key.deletion_is_pending = False, pending_deletion

    def _key(self, key_arn: str) -> Key:
        if key_arn not in self._world.keys:
            raise KeyError(f"there is no key {key_arn}")
        return self._world.keys[key_arn]

    def hold_point(self, point_arn: str) -> None:
        """Put a recovery point under a legal hold, which blocks its deletion and its expiry and follows no copy.

        Points that are EXPIRED or DELETING are not held (legal-holds). Raises ValueError for them.
        """
        point = self._world.record_of(point_arn)
        if point.status in ("EXPIRED", "DELETING") or point.gone_at is not None:
            raise ValueError(f"{point_arn} is {point.status} and cannot be held")
        point.on_hold = True

    def release_point(self, point_arn: str) -> None:
        """Take the legal hold away."""
        self._world.record_of(point_arn).on_hold = False

    def create_vault(
        self, name: str, *, key_arn: str, policy: dict[str, Any] | None = None, lock: dict[str, Any] | None = None
    ) -> str:
        """A backup vault; its ARN."""
        arn = self._arn("backup", f"backup-vault:{name}")
        now = self._world.now()
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
        self._world.add_vault(vault)
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
        kind = "db" if resource_type == "RDS" and not multi_az_cluster else "cluster"
        arn = self._arn("rds", f"{kind}:{name}")
        self._world.backups.databases[arn] = Database(
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
        return self._world.backups.create_plan(self.account, self.region, plan, list(selections))

    def add_selection(self, plan_id: str, selection: dict[str, Any]) -> None:
        """One more selection for a plan, in the shape of CreateBackupSelection."""
        self._world.backups.add_selection(plan_id, selection)

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
        world = self._world
        queue = Queue(
            name=name,
            arn=self._arn("sqs", name),
            url=f"https://sqs.{self.region}.amazonaws.com/{self.account}/{name}",
            region=self.region,
            visibility=timedelta(seconds=visibility_timeout_seconds),
            retention=timedelta(seconds=retention_seconds),
            dead_letter_arn=dead_letter_arn,
            max_receives=max_receive_count,
            clock=world.clock,
            make_id=world.make_id,
            dead_letters=lambda arn: world.queues[arn],
            complain=lambda text: world.note("function failed", self.account, self.region, text),
        )
        world.queues[queue.arn] = world.queues_by_url[queue.url] = queue
        return queue

    def messages(self, queue_arn: str) -> list[Message]:
        """All messages of a queue, visible or not."""
        return list(self._world.queues[queue_arn].messages.values())

    def create_topic(self, name: str) -> str:
        """An SNS topic; its ARN."""
        arn = self._arn("sns", name)
        self._world.topics[arn] = []
        return arn

    def published(self, topic_arn: str) -> list[Published]:
        return list(self._world.topics[topic_arn])

    def put_rule(
        self, name: str, *, pattern: dict[str, Any], targets: Sequence[RuleTarget], bus: str = "default"
    ) -> str:
        """An EventBridge rule; its ARN."""
        rule = Rule(name=name, pattern=deepcopy(pattern), targets=tuple(targets))
        self._world.events.rules[self.account, self.region, bus].append(rule)
        return self._arn("events", f"rule/{name}")

    def put_bus_policy(self, statement: dict[str, Any], bus: str = "default") -> None:
        """A statement of an event bus's policy."""
        self._world.events.policies[self.account, self.region, bus].append(deepcopy(statement))

    def map_queue(
        self,
        queue_arn: str,
        invoke: Callable[[dict[str, Any]], Any],
        *,
        batch_size: int = 10,
        report_batch_item_failures: bool = True,
        function: str = "",
    ) -> None:
        """Let a function be invoked with what is on a queue, as Lambda's event source mapping does."""
        queue = self._world.queues[queue_arn]
        queue.mapping = FunctionMapping(
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
        """Invoke a function regularly, as EventBridge Scheduler does; what it raises, the schedule survives."""
        world = self._world
        record = ScheduleRecord(
            name=name,
            arn=self._arn("scheduler", f"schedule/default/{name}"),
            expression=f"rate({int(every.total_seconds() // 60)} minutes)",
            target_arn=target_arn,
        )
        world.surroundings.schedules[self.account, self.region, name] = record

        def fire() -> None:
            world.clock.after(every, fire)
            if not record.enabled:
                return
            try:
                invoke(dict(payload or {}))
            except (ProcessDied, Exception) as error:  # noqa: BLE001 - whatever it raises, the schedule goes on
                world.note("schedule failed", self.account, self.region, f"{name}: {error}")

        world.clock.after(first_after if first_after is not None else every, fire)

    def record_stack(
        self,
        name: str,
        *,
        description: str,
        parameters: Mapping[str, str],
        outputs: Mapping[str, str],
        resources: Sequence[StackResource],
    ) -> StackRecord:
        """A CloudFormation stack that has been deployed here, for those who ask what there is."""
        stack = StackRecord(
            name=name,
            arn=self._arn("cloudformation", f"stack/{name}/{name}-id"),
            account=self.account,
            region=self.region,
            description=description,
            created_at=self._world.now(),
            parameters=dict(parameters),
            outputs=dict(outputs),
            resources=tuple(resources),
        )
        self._world.surroundings.stacks[self.account, self.region, name] = stack
        return stack

    def measure(self, namespace: str, name: str, dimensions: Mapping[str, str], value: float) -> None:
        """A value of a CloudWatch metric, of this moment."""
        metric = (namespace, name, frozenset(dimensions.items()))
        measured = Measurement(at=self._world.now(), value=value)
        self._world.surroundings.metrics[self.account, self.region, metric].append(measured)

    def now(self) -> datetime:
        return self._world.now()
