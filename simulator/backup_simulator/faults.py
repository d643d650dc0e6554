"""Faults that a test sets in a world: jobs that fail, calls that are refused, processes that die."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache

from botocore.exceptions import UnknownServiceError
from botocore.model import ServiceModel
from botocore.session import get_session

from backup_simulator.answer_faults import BATCHES, AnswerFaults
from backup_simulator.errors import ProcessDied, Refused, Unreadable
from backup_simulator.fault_kinds import CallFault, Death, EntryFault, Flakiness, Garbling, Hang, JobFault, Sleep
from backup_simulator.model import Job, site_of


@dataclass
class FaultPlan(AnswerFaults):
    """The faults of a world and how often each happens. Each is used from its first match on. `clear` ends them all."""

    _flaky: list[Flakiness] = field(default_factory=list)
    _jobs: list[JobFault] = field(default_factory=list)
    _calls: list[CallFault] = field(default_factory=list)
    _entries: list[EntryFault] = field(default_factory=list)
    _deaths: list[Death] = field(default_factory=list)
    _sleeps: list[Sleep] = field(default_factory=list)
    _hangs: list[Hang] = field(default_factory=list)
    _garbled: list[Garbling] = field(default_factory=list)

    def fail_copy_job(
        self, *, message: str, database_arn: str | None = None, destination_region: str | None = None, times: int = 1
    ) -> None:
        """Let the next matching copy jobs end FAILED with this status message."""
        if not message:
            raise ValueError("a job fails with a message; an empty one would tell nothing")
        self._jobs.append(
            JobFault(
                database_arn=database_arn,
                destination_region=destination_region,
                message=message,
                times=_positive(times),
            )
        )

    def refuse(
        self,
        operation: str,
        *,
        code: str,
        message: str = "",
        times: int = 1,
        service: str = "backup",
        status: int = 400,
    ) -> None:
        """Answer the next calls of an operation with an error."""
        _existing(service, operation)
        if status not in range(400, 600) or not code:
            raise ValueError(f"a refusal has a code and a status from 400 to 599, not {code!r} and {status}")
        self._calls.append(
            CallFault(
                service=service, operation=operation, code=code, message=message, status=status, times=_positive(times)
            )
        )

    def refuse_entries(
        self,
        operation: str,
        *,
        code: str = "InternalError",
        message: str = "",
        accepted_first: int = 0,
        times: int = 1,
        service: str = "sqs",
    ) -> None:
        """Let the next entries of a batch fail, after some that are accepted; the call itself succeeds."""
        if (service, operation) not in BATCHES:
            known = ", ".join(sorted(":".join(each) for each in BATCHES))
            raise ValueError(f"{service}:{operation} answers no entries one by one; these do: {known}")
        if accepted_first < 0:
            raise ValueError(f"no entry or some are accepted first, not {accepted_first}")
        self._entries.append(
            EntryFault(
                service=service,
                operation=operation,
                code=code,
                message=message,
                accepted_first=accepted_first,
                times=_positive(times),
            )
        )

    def entry_refusal(self, service: str, operation: str) -> Refused | None:
        """Why an entry of a batch fails, or None."""
        for fault in self._entries:
            if fault.times and (fault.service, fault.operation) == (service, operation):
                if fault.accepted_first:
                    fault.accepted_first -= 1
                    return None
                fault.times -= 1
                return Refused(fault.code, fault.message)
        return Refused("InternalError", "Try again.") if self.fails_entry(service, operation) else None

    def flaky(
        self,
        share: float,
        *operations: str,
        code: str = "ThrottlingException",
        message: str = "Rate exceeded",
        service: str = "backup",
        status: int = 400,
    ) -> None:
        """Refuse a share of all calls of these operations, or of the whole service if none is named."""
        _existing(service, *operations)
        if not 0 <= share <= 1:
            raise ValueError(f"a share is from 0 to 1, not {share}")
        self._flaky.append(
            Flakiness(
                service=service,
                operations=frozenset(operations),
                code=code,
                message=message,
                status=status,
                share=share,
            )
        )

    def clear(self) -> None:
        """End all faults."""
        self._jobs.clear()
        self._calls.clear()
        self._entries.clear()
        self._deaths.clear()
        self._flaky.clear()
        self._sleeps.clear()
        self._hangs.clear()
        self._garbled.clear()
        self.clear_answers()

    def die(self, service: str, operation: str, *, when: str = "before", times: int = 1) -> None:
        """Kill the process that makes the call, before or after AWS carries it out."""
        if when not in ("before", "after"):
            raise ValueError(f"a process dies before or after a call, not {when!r}")
        _existing(service, operation)
        self._deaths.append(Death(service=service, operation=operation, when=when, times=_positive(times)))

    def garble(self, service: str, operation: str, *, share: float = 1.0, times: int | None = None) -> None:
        """Carry out calls of an operation, and return answers that no client can read.

        It affects a share of the calls, at most `times` of them. Only calls through `World.call` are affected.
        """
        _existing(service, operation)
        if not 0 < share <= 1:
            raise ValueError(f"a share is more than 0 and at most 1, not {share}")
        limit = None if times is None else _positive(times)
        self._garbled.append(Garbling(service=service, operation=operation, share=share, times=limit))

    def sleep(self, service: str, operation: str, duration: timedelta, *, times: int = 1) -> None:
        """Let the process sleep before the call, while the world continues."""
        if duration <= timedelta(0):
            raise ValueError("a process sleeps for longer than no time")
        self._sleeps.append(Sleep(service=service, operation=operation, duration=duration, times=_positive(times)))

    def hang(
        self,
        service: str,
        region: str,
        *operations: str,
        until: datetime,
        takes: timedelta = timedelta(seconds=26),
        is_connected: bool = True,
        is_carried_out: bool = False,
    ) -> None:
        """Leave calls of a service in a Region unanswered until a time: these operations, or all if none is named.

        `takes` is the client's timeout: by default two attempts, each with 3 s to connect and 10 s to read.
        `is_connected` False is a connect timeout. With `is_carried_out` the call has its effect, and its answer is
        lost. Only calls through `World.call` hang.
        """
        _existing(service, *operations)
        if takes <= timedelta(0) or (is_carried_out and not is_connected):
            raise ValueError("a call hangs for longer than no time, and is carried out only if it was sent")
        self._hangs.append(
            Hang(
                service=service,
                region=region,
                operations=frozenset(operations),
                until=until,
                takes=takes,
                is_connected=is_connected,
                is_carried_out=is_carried_out,
            )
        )

    def hang_of(self, service: str, region: str, operation: str, *, now: datetime) -> Hang | None:
        """The hang that affects a call, if any."""
        for hang in self._hangs:
            is_meant = (hang.service, hang.region) == (service, region) and now < hang.until
            if is_meant and (not hang.operations or operation in hang.operations):
                return hang
        return None

    def sleep_before(self, service: str, operation: str) -> timedelta | None:
        """How long the process sleeps before a call, if it does."""
        for sleep in self._sleeps:
            if sleep.times and (sleep.service, sleep.operation) == (service, operation):
                sleep.times -= 1
                return sleep.duration
        return None

    def message_for(self, job: Job) -> str | None:
        """The failure message of a job, if it must fail."""
        region = site_of(job.destination_vault_arn)[1]
        for fault in self._jobs:
            hits = fault.database_arn in (None, job.database_arn) and fault.destination_region in (None, region)
            if fault.times and hits:
                fault.times -= 1
                return fault.message
        return None

    def before(self, service: str, operation: str) -> None:
        """Called before a call is carried out. Raises Refused or ProcessDied."""
        self._kill(service, operation, "before")
        for fault in self._calls:
            if fault.times and (fault.service, fault.operation) == (service, operation):
                fault.times -= 1
                raise Refused(fault.code, fault.message, fault.status)
        for flaw in self._flaky:
            is_meant = flaw.service == service and (not flaw.operations or operation in flaw.operations)
            if is_meant and self.random.random() < flaw.share:
                raise Refused(flaw.code, flaw.message, flaw.status)

    def after(self, service: str, operation: str) -> None:
        """Called after a call was carried out, before its answer arrives. Raises ProcessDied."""
        self._kill(service, operation, "after")

    def read(self, service: str, operation: str) -> None:
        """Called before a client reads an answer. Raises Unreadable."""
        for fault in self._garbled:
            is_meant = fault.times != 0 and (fault.service, fault.operation) == (service, operation)
            if is_meant and (fault.share == 1 or self.random.random() < fault.share):
                fault.times = None if fault.times is None else fault.times - 1
                self.struck["an answer could not be read"] += 1
                raise Unreadable(service, operation, is_xml="json" not in _model(service).resolved_protocol)

    def _kill(self, service: str, operation: str, when: str) -> None:
        for death in self._deaths:
            if death.times and (death.service, death.operation, death.when) == (service, operation, when):
                death.times -= 1
                raise ProcessDied(f"killed {when} {service}:{operation}")


@cache
def _model(service: str) -> ServiceModel:
    try:
        return get_session().get_service_model(service)
    except UnknownServiceError as error:
        raise ValueError(f"AWS has no service {service!r}") from error


def _existing(service: str, *operations: str) -> None:
    """A fault that can never happen is a mistake of the test. Raises ValueError."""
    for operation in operations:
        if operation not in _model(service).operation_names:
            raise ValueError(f"{service} has no operation {operation!r}")


def _positive(times: int) -> int:
    if times < 1:
        raise ValueError(f"a fault happens at least once, not {times} times")
    return times
