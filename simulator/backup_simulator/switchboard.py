"""Carries out calls: identifies the caller, applies faults, checks permissions and calls the service."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, TypeVar

from backup_simulator import input_rules
from backup_simulator.access import Access
from backup_simulator.errors import NotModelled, Refused, Unanswered
from backup_simulator.faults import FaultPlan
from backup_simulator.ground import Ground
from backup_simulator.identity import Identity
from backup_simulator.model import Call, Operation
from backup_simulator.processes import Processes
from backup_simulator.services import members
from backup_simulator.services.backup.members import check_members

T = TypeVar("T")
Tables = Mapping[str, Mapping[str, Operation]]
"""The operations of each service, by the names that boto3 gives to services."""


class Switchboard:
    """Every call into a world passes here. `calls` counts them by account, caller, service and operation."""

    def __init__(
        self,
        ground: Ground,
        identity: Identity,
        access: Access,
        *,
        faults: FaultPlan,
        processes: Processes,
        tables: Tables,
    ) -> None:
        self._ground = ground
        self._identity = identity
        self._access = access
        self._faults = faults
        self._processes = processes
        self._tables = tables
        self.calls: Counter[tuple[str, str, str, str]] = Counter()
        self._listeners: list[Callable[[Call], None]] = []

    def on_call(self, listener: Callable[[Call], None]) -> None:
        """Call a listener with every call after its result is known and before the caller gets it."""
        self._listeners.append(listener)

    def operations(self) -> frozenset[tuple[str, str]]:
        """The operations that are modelled: service and name."""
        return frozenset((service, name) for service, table in self._tables.items() for name in table)

    def call(self, key: str, region: str, service: str, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Carry out a call by an access key. Raises Refused, NotModelled, ProcessDied, Unanswered and Unreadable."""
        self._processes.sleep(service, operation)
        caller = self._identity.caller_of(key)
        self.calls[caller.account, caller.role_arn or "administrator", service, operation] += 1
        call = Call(self._ground.clock.now, caller, region, service, operation, request)
        hang = self._faults.hang_of(service, region, operation, now=self._ground.now())
        if hang is None:
            return self._answer(call, request)
        if hang.is_carried_out:
            with suppress(Refused):
                self._answer(call, request)
        self._processes.hang(hang.takes, service, region, operation)
        raise Unanswered(service, region, is_connected=hang.is_connected)

    def outside(self, service: str, operation: str, carry_out: Callable[[], T]) -> T:
        """A call of a service in another simulator, with this world's faults around it."""
        self._processes.sleep(service, operation)
        self._faults.before(service, operation)
        answer = carry_out()
        self._faults.after(service, operation)
        return answer

    def _answer(self, call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
        try:
            reply = self._carry_out(call, dict(request))
        except Refused as refused:
            self._notify(call._replace(refused=refused))
            raise
        self._notify(call._replace(reply=reply))
        self._faults.after(call.service, call.operation)
        self._faults.read(call.service, call.operation)
        return reply

    def _carry_out(self, call: Call, parameters: dict[str, Any]) -> dict[str, Any]:
        self._faults.before(call.service, call.operation)
        self._access.check(call.caller, call.region, call.service, call.operation, parameters)
        return self._operation(call.service, call.operation, parameters)(call.caller, call.region, parameters)

    def _operation(self, service: str, operation: str, parameters: dict[str, Any]) -> Operation:
        """Raises Refused as AWS would, or NotModelled."""
        carried_out_by = self._tables.get(service, {}).get(operation)
        if carried_out_by is None:
            raise NotModelled(f"{service}:{operation} is not modelled")
        if service == "backup":
            input_rules.check(operation, parameters)
            check_members(operation, parameters)
        else:
            members.check_members(service, operation, parameters)
        return carried_out_by

    def _notify(self, call: Call) -> None:
        for listener in self._listeners:
            listener(call)
