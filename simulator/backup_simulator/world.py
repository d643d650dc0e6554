"""The world: accounts, Regions, a virtual clock and seeded random numbers. It connects all services.

The same seed gives the same trace.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from backup_simulator.access import Access
from backup_simulator.accounts import Account
from backup_simulator.door import open_session
from backup_simulator.eventbridge import EventBridge
from backup_simulator.faults import FaultPlan
from backup_simulator.ground import START, Ground
from backup_simulator.identity import Identity
from backup_simulator.light_door import LightSession
from backup_simulator.log_groups import LogGroups
from backup_simulator.model import Caller, Database, Key, Operation, Point
from backup_simulator.processes import Process, Processes
from backup_simulator.queues import Queues
from backup_simulator.records import Records
from backup_simulator.regions import partition_of
from backup_simulator.services.backup.backup_job_calls import BackupJobCalls
from backup_simulator.services.backup.backup_jobs import BackupJobs
from backup_simulator.services.backup.copy_calls import CopyCalls
from backup_simulator.services.backup.copy_checks import CopyChecks
from backup_simulator.services.backup.copy_ledger import CopyLedger
from backup_simulator.services.backup.copying import Copying
from backup_simulator.services.backup.deleting import Deleting
from backup_simulator.services.backup.plan_calls import PlanCalls
from backup_simulator.services.backup.plans import Plans
from backup_simulator.services.backup.point_calls import PointCalls
from backup_simulator.services.backup.points import Points
from backup_simulator.services.backup.settings import SettingCalls
from backup_simulator.services.backup.vault_calls import VaultCalls
from backup_simulator.services.cloudformation import CloudFormation
from backup_simulator.services.cloudwatch import CloudWatch
from backup_simulator.services.events import Events
from backup_simulator.services.iam import Iam
from backup_simulator.services.kms import Kms
from backup_simulator.services.lambda_ import Lambda
from backup_simulator.services.organizations import Organizations
from backup_simulator.services.quotas import Quotas
from backup_simulator.services.rds import Rds
from backup_simulator.services.scheduler import Scheduler
from backup_simulator.services.sns import Sns
from backup_simulator.services.sqs import Sqs
from backup_simulator.services.sts import Sts
from backup_simulator.sites import Site, SiteServices
from backup_simulator.switchboard import Switchboard
from backup_simulator.switches import Delivery, UnknownBehaviour
from backup_simulator.vaults import Vaults

if TYPE_CHECKING:
    import boto3


class World(Records):
    """AWS Backup in any number of accounts and Regions, with the services around it."""

    bus_type: ClassVar[type[EventBridge]] = EventBridge
    """For a world with the event buses of another simulator."""

    def __init__(
        self,
        seed: int = 1,
        *,
        start: datetime = START,
        unknown: UnknownBehaviour | None = None,
        delivery: Delivery | None = None,
        organization_id: str = "o-simulated0",
        enforce_identity: bool = True,
        time_scale: float = 1.0,
    ) -> None:
        self._ground = ground = Ground(seed, start=start, unknown=unknown, delivery=delivery, time_scale=time_scale)
        self.random, self.clock, self.trace = ground.random, ground.clock, ground.trace
        self.now, self.run_until, self.run_for = ground.now, ground.run_until, ground.run_for
        self.make_id, self.note, self.on_trace = ground.make_id, ground.note, ground.on_trace
        self.faults = FaultPlan(random=ground.random)
        self._processes = Processes(ground, self.faults)
        self._identity = Identity(organization_id, ground.now)
        self.keys: dict[str, Key] = {}
        self.databases: dict[str, Database] = {}
        self._vaults = Vaults(ground)
        self._queues = Queues()
        self._access = Access(
            ground,
            self._identity,
            vaults=self._vaults,
            keys=self.keys,
            queues=self._queues,
            enforced=enforce_identity,
        )
        self._cloudwatch = CloudWatch(ground)
        self.logs = LogGroups(measure=self._cloudwatch.measure)
        self.buses = self.bus_type(
            ground=ground, identity=self._identity, access=self._access, queues=self._queues, logs=self.logs
        )
        self._open_backup()
        self._open_others()
        self._connect()

    def _open_backup(self) -> None:
        """The services of AWS Backup."""
        ground, identity, access, vaults = self._ground, self._identity, self._access, self._vaults
        ledger = CopyLedger()
        self._settings = SettingCalls(ground, identity)
        self._points = Points(ground, vaults, self.buses)
        self._deleting = Deleting(ground, identity, access, vaults=vaults, points=self._points, ledger=ledger)
        checks = CopyChecks(ground, identity, access, vaults=vaults, keys=self.keys, databases=self.databases)
        self._copying = Copying(
            ground, self.buses, self.faults, vaults=vaults, points=self._points, ledger=ledger, checks=checks
        )
        self._backup_jobs = BackupJobs(
            ground,
            self.buses,
            vaults=vaults,
            points=self._points,
            ledger=ledger,
            copying=self._copying,
            identity=self._identity,
        )
        self._plans = Plans(ground, self.databases, self._settings, self._backup_jobs)

    def _open_others(self) -> None:
        """The other services with their own state."""
        self._sns = Sns(self._ground)
        self._events = Events(self._ground, self.buses, self.faults)
        self._scheduler = Scheduler(self._ground)
        self._cloudformation = CloudFormation()
        self._quotas = Quotas()

    def _connect(self) -> None:
        """All operations, by service, behind the one way of calls; and what sites are made with."""
        ground, identity, access, faults = self._ground, self._identity, self._access, self.faults
        tables = {
            "backup": self._backup_operations(),
            "cloudformation": self._cloudformation.operations,
            "cloudwatch": self._cloudwatch.operations,
            "events": self._events.operations,
            "iam": Iam(ground, identity, access).operations,
            "kms": Kms(self.keys).operations,
            "lambda": Lambda(self._queues, self.buses.functions).operations,
            "organizations": Organizations(identity).operations,
            "rds": Rds(self.databases).operations,
            "scheduler": self._scheduler.operations,
            "service-quotas": self._quotas.operations,
            "sns": self._sns.operations,
            "sqs": Sqs(ground, self._queues, faults).operations,
            "sts": Sts(identity).operations,
        }
        switchboard = Switchboard(ground, identity, access, faults=faults, processes=self._processes, tables=tables)
        self.call, self.outside, self.on_call = switchboard.call, switchboard.outside, switchboard.on_call
        self.calls, self.operations = switchboard.calls, switchboard.operations
        self._site_services = SiteServices(
            ground=ground,
            keys=self.keys,
            databases=self.databases,
            vaults=self._vaults,
            points=self._points,
            plans=self._plans,
            queues=self._queues,
            sns=self._sns,
            buses=self.buses,
            scheduler=self._scheduler,
            cloudformation=self._cloudformation,
            cloudwatch=self._cloudwatch,
        )

    def _backup_operations(self) -> dict[str, Operation]:
        ground, identity, vaults, faults = self._ground, self._identity, self._vaults, self.faults
        jobs = BackupJobCalls(self._backup_jobs, self.databases, identity, vaults=vaults, faults=faults)
        return {
            **CopyCalls(self._copying, faults).operations,
            **PointCalls(ground, vaults, self._plans, deleting=self._deleting, faults=faults).operations,
            **VaultCalls(ground, vaults, self.keys, faults).operations,
            **PlanCalls(ground, vaults, identity, plans=self._plans, faults=faults).operations,
            **jobs.operations,
            **self._settings.operations,
        }

    @property
    def unknown(self) -> UnknownBehaviour:
        """The switches for behaviour that AWS does not document."""
        return self._ground.unknown

    def set_unknown(self, unknown: UnknownBehaviour) -> None:
        """Change the switches for undocumented behaviour."""
        self._ground.unknown = unknown

    @property
    def delivery(self) -> Delivery:
        """How events are delivered now."""
        return self._ground.delivery

    def set_delivery(self, delivery: Delivery) -> None:
        """Change the delivery of events and the lag of lists. Events already under way keep the old settings."""
        self._ground.delivery = delivery

    def account(self, account_id: str) -> Account:
        """An account, a member of the organization from the first time it is named."""
        if not self._identity.organization_of(account_id):
            self._identity.join(account_id)
        return Account(self._identity, account_id)

    def site(self, account_id: str, region: str) -> Site:
        """An account in a Region. The Region's partition becomes the account's partition."""
        self.account(account_id)
        self._identity.settle(account_id, partition_of(region))
        return Site(self._site_services, account_id, region)

    def issue_key(self, account_id: str, role_arn: str | None = None) -> str:
        """An access key of an account's administrator, or of one of its roles, that never ends."""
        return self._identity.issue(self._identity.caller(account_id, role_arn), ends=False)

    def admit_key(self, access_key: str, caller: Caller) -> None:
        """Accept an access key that was issued elsewhere."""
        self._identity.admit(access_key, caller)

    def session(self, account_id: str, role_arn: str | None = None, region: str = "eu-west-1") -> boto3.Session:
        """A boto3 session as an account's administrator, or as one of its roles, for as long as the world lasts."""
        return open_session(self.call, self.issue_key(account_id, role_arn), region)

    def light_session(self, account_id: str, role_arn: str | None = None, region: str = "eu-west-1") -> LightSession:
        """A light session, for runs of very many worlds; see `light_door`."""
        return LightSession(self.call, self.issue_key(account_id, role_arn), region)

    @property
    def processes(self) -> list[Process]:
        """The running processes, the current one last. Add a process while it runs."""
        return self._processes.under_way

    def add_point(self, point: Point, *, announce: bool) -> None:
        """Let a recovery point land in its vault, with an event or without one."""
        self._points.add(point, announce=announce)

    def remove_vault(self, arn: str) -> None:
        """Remove a vault with its recovery points, which AWS Backup would refuse."""
        self._vaults.remove(arn)

    def expire_later(self, point: Point) -> None:
        """Let a point expire by its lifecycle, after a test has changed it."""
        self._deleting.expire_later(point)

    def emit(self, account: str, region: str, detail_type: str, resources: list[str], detail: dict[str, Any]) -> None:
        """Let AWS Backup emit an event."""
        self.buses.emit(account, region, detail_type, resources, detail)

    def on_emit(self, listener: Callable[[dict[str, Any]], None]) -> None:
        """Call a listener with every event that AWS Backup emits, delivered or not; it may only read the event."""
        self.buses.emit_listeners.append(listener)

    def set_next_copy_job_id(self, job_id: str | None) -> None:
        """The id that the next copy job gets; None draws one. For worlds that must agree with a recorded event."""
        self._copying.next_id = job_id
