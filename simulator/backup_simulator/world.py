"""The world: accounts, Regions, a virtual clock and one seeded source of chance.

Same seed, same trace. Nothing in here knows who uses it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from backup_simulator.access import Access, vault_arn
from backup_simulator.backup_calls import BackupCalls
from backup_simulator.backups import Backups
from backup_simulator.copying import Copying
from backup_simulator.deleting import Deleting
from backup_simulator.door import open_session
from backup_simulator.errors import Refused, Unanswered, denied
from backup_simulator.event_shapes import point_detail
from backup_simulator.eventbridge import EventBridge
from backup_simulator.faults import FaultPlan
from backup_simulator.ground import START, Ground
from backup_simulator.identity import Identity
from backup_simulator.light_door import LightSession
from backup_simulator.log_groups import LogGroups
from backup_simulator.model import Call, Deletion, Job, Key, Point, Vault
from backup_simulator.other_calls import OtherCalls, Published
from backup_simulator.processes import Processes
from backup_simulator.queues import Queue
from backup_simulator.regions import partition_of
from backup_simulator.settings import SettingCalls
from backup_simulator.sites import Account, Site
from backup_simulator.surroundings import Surroundings
from backup_simulator.switches import Delivery, UnknownBehaviour

if TYPE_CHECKING:
    import boto3

T = TypeVar("T")


class World:
    """N accounts times M Regions of AWS Backup, with what surrounds it."""

    def __init__(
        self,
        seed: int = 1,
        *,
        start: datetime = START,
        unknown: UnknownBehaviour | None = None,
        delivery: Delivery | None = None,
        organization_id: str = "o-simulated0",
        enforce_identity: bool = True,
        haste: float = 1.0,
    ) -> None:
        self._ground = ground = Ground(seed, start=start, unknown=unknown, delivery=delivery, haste=haste)
        self.random, self.clock, self.unknown = ground.random, ground.clock, ground.unknown
        self.make_id, self.note, self.on_trace = ground.make_id, ground.note, ground.on_trace
        self.now, self.run_until, self.run_for = ground.now, ground.run_until, ground.run_for
        self.trace = ground.trace
        self.faults = FaultPlan(random=self.random)
        self.processes = Processes(ground, self.faults)
        self.identity = Identity(organization_id, self.now)
        self.keys: dict[str, Key] = {}
        self.queues, self.queues_by_url = dict[str, Queue](), dict[str, Queue]()
        self.topics: dict[str, list[Published]] = {}
        self.put_events: list[dict[str, Any]] = []
        self.surroundings = Surroundings()
        self.calls: Counter[tuple[str, str, str, str]] = Counter()
        self.lifecycle_changes: list[tuple[datetime, str, str]] = []
        self.access = Access(self, enforced=enforce_identity)
        self._vaults: dict[str, Vault] = {}
        self._newest_copies: dict[tuple[str, str, str], Point] = {}
        self._points: list[Point] = []
        self._points_by_arn: dict[str, Point] = {}
        self._call_listeners: list[Callable[[Call], None]] = []
        self.copying = Copying(self)
        self.backups = Backups(self)
        self.deleting = Deleting(self)
        self.events = self._open_buses()
        self.settings = SettingCalls(self)
        self._backup_calls = BackupCalls(self)
        self._other_calls = OtherCalls(self)

    @cached_property
    def logs(self) -> LogGroups:
        """All log groups; what their filters count is measured in the place of the group."""
        return LogGroups(measure=lambda account, region, *metric: self.site(account, region).measure(*metric))

    def _open_buses(self) -> EventBridge:
        return EventBridge(
            clock=self.clock,
            random=self.random,
            delivery=self.delivery,
            make_id=self.make_id,
            send=self._enqueue,
            trace=self.note,
            organization_of=self.identity.organization_of,
            reaches_opt_in_regions=self.unknown.events_reach_opt_in_regions,
            may_put=self._may_put,
            log=self.logs.deliver,
        )

    def _may_put(self, role_arn: str, bus_arn: str) -> bool:
        role = self.identity.roles.get(role_arn)
        return role is not None and self.access.role_may(role, "events:PutEvents", bus_arn)

    @property
    def delivery(self) -> Delivery:
        """How events travel now."""
        return self._ground.delivery

    def set_delivery(self, delivery: Delivery) -> None:
        """Let events travel otherwise from now on, and lists lag otherwise; what is under way goes on as it began."""
        self._ground.delivery = self.events.delivery = delivery

    def account(self, account_id: str) -> Account:
        """An account, a member of the organization from the first time it is named."""
        if not self.identity.organization_of(account_id):
            self.identity.join(account_id)
        return Account(self, account_id)

    def site(self, account_id: str, region: str) -> Site:
        """An account's place in a Region, whose partition is the account's from then on."""
        self.account(account_id)
        self.identity.settle(account_id, partition_of(region))
        return Site(self, account_id, region)

    def session(self, account_id: str, role_arn: str | None = None, region: str = "eu-west-1") -> boto3.Session:
        """A boto3 session as an account's administrator, or as one of its roles, for as long as the world lasts."""
        return open_session(self, self.identity.caller(account_id, role_arn), region)

    def light_session(self, account_id: str, role_arn: str | None = None, region: str = "eu-west-1") -> LightSession:
        """The same without boto3's own work, for runs of very many worlds; see `light_door`."""
        return LightSession(self, self.identity.caller(account_id, role_arn), region)

    def call(self, key: str, region: str, service: str, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Carry out a call by an access key. Raises Refused, NotModelled, ProcessDied, Unanswered."""
        self.processes.sleep(service, operation)
        caller = self.identity.caller_of(key)
        self.calls[caller.account, caller.role_arn or "administrator", service, operation] += 1
        call = Call(self.clock.now, caller, region, service, operation, request)
        hang = self.faults.hang_of(service, region, operation, now=self.now())
        if hang is None:
            return self._answer(call, request)
        if hang.is_carried_out:
            with suppress(Refused):
                self._answer(call, request)
        self.processes.hang(hang.takes, service, region, operation)
        raise Unanswered(service, region, is_connected=hang.is_connected)

    def _answer(self, call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
        try:
            reply = self._carry_out(call, dict(request))
        except Refused as refused:
            self._tell_call(call._replace(refused=refused))
            raise
        self._tell_call(call._replace(reply=reply))
        self.faults.after(call.service, call.operation)
        return reply

    def _carry_out(self, call: Call, parameters: dict[str, Any]) -> dict[str, Any]:
        self.faults.before(call.service, call.operation)
        self.access.check(call.caller, call.region, call.service, call.operation, parameters)
        if call.service == "backup":
            return self._backup_calls.call(call.caller, call.region, call.operation, parameters)
        return self._other_calls.call(call.caller, call.region, call.service, call.operation, parameters)

    def outside(self, service: str, operation: str, carry_out: Callable[[], T]) -> T:
        """A call of a service that somebody else simulates, with this world's faults around it."""
        self.processes.sleep(service, operation)
        self.faults.before(service, operation)
        answer = carry_out()
        self.faults.after(service, operation)
        return answer

    def _tell_call(self, call: Call) -> None:
        for listener in self._call_listeners:
            listener(call)

    def on_call(self, listener: Callable[[Call], None]) -> None:
        """Be told of every call once it was carried out or refused, before its caller is."""
        self._call_listeners.append(listener)

    def _enqueue(self, queue_arn: str, body: str) -> None:
        self.queues[queue_arn].send(body)

    def add_vault(self, vault: Vault) -> None:
        self._vaults[vault.arn] = vault

    def vaults_of(self, account: str, region: str) -> Iterator[Vault]:
        return (vault for vault in self._vaults.values() if (vault.account, vault.region) == (account, region))

    def vault_of(self, account: str, region: str, name: str) -> Vault:
        """A vault by name. One that is not there is denied, not "not found" (seen in a published run log)."""
        vault = self._vaults.get(vault_arn(account, region, name))
        if vault is not None:
            return vault
        if self.unknown.unknown_vault_denied:
            raise denied()
        raise Refused("ResourceNotFoundException", f"Backup vault {name} not found")

    def remove_vault(self, arn: str) -> None:
        del self._vaults[arn]

    def newest_copy(self, account: str, region: str, database_arn: str) -> Point | None:
        """The copy of a database that landed last at a site, even if it is gone."""
        return self._newest_copies.get((account, region, database_arn))

    def find_vault(self, arn: str) -> Vault | None:
        return self._vaults.get(arn)

    def vault_by_arn(self, arn: str) -> Vault:
        return self._vaults[arn]

    def add_point(self, point: Point, *, announce: bool) -> None:
        """A point lands in its vault."""
        point.landed_at = self.now()
        self._vaults[point.vault_arn].points[point.arn] = point
        self._points.append(point)
        self._points_by_arn[point.arn] = point
        if point.source_point_arn is not None:
            self._newest_copies[point.account, point.region, point.database_arn] = point
        name = f"{point.resource_type} {point.database_arn.rpartition(':')[2]}"
        vault = point.vault_arn.rpartition(":")[2]
        self.note("recovery point", point.account, point.region, f"{name} landed in {vault}", point=point.arn)
        if announce:
            self._tell(point)
        self.deleting.expire_later(point)

    def change_status(self, point: Point, status: str) -> None:
        point.status = status
        self.note("recovery point", point.account, point.region, f"{point.arn} is {status}", point=point.arn)
        self._tell(point)

    def _tell(self, point: Point) -> None:
        detail = point_detail(point)
        self.events.emit(point.account, point.region, "Recovery Point State Change", [point.arn], detail)

    def recovery_points(self, *, gone: bool = False) -> Sequence[Point]:
        """All points that stand, or with `gone` all that ever stood, in the order in which they landed.

        They are as they are now: what happens later does not show in them, and changing them changes nothing.
        """
        return [point.as_it_is() for point in self._points if gone or point.gone_at is None]

    def landed(self) -> Sequence[Point]:
        """All points that ever stood, in the order in which they landed; the world's own list, only to be read."""
        return self._points

    def point_by_arn(self, arn: str) -> Point:
        """A point, even if it is gone. Raises KeyError."""
        return self._points_by_arn[arn]

    def copy_jobs(self) -> Sequence[Job]:
        """All copy jobs as they are now."""
        return [job.as_it_is() for job in self.copying.jobs.values()]

    def record_of(self, point_arn: str) -> Point:
        """The point itself, for a test that wants another past than the one that happened. Raises KeyError."""
        found = next((point for point in self._points if point.arn == point_arn), None)
        if found is None:
            raise KeyError(f"no recovery point {point_arn} ever was in this world")
        return found

    def deletions(self) -> Sequence[Deletion]:
        return list(self.deleting.accepted)
