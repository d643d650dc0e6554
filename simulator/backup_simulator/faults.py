"""Faults that a test puts into a world: jobs that fail, calls that are refused, processes that die."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache

from botocore.exceptions import UnknownServiceError
from botocore.session import get_session

from backup_simulator.answer_faults import AnswerFaults
from backup_simulator.errors import ProcessDied, Refused
from backup_simulator.model import Job, site_of


@dataclass(kw_only=True)
class _JobFault:
    database_arn: str | None
    destination_region: str | None
    message: str
    times: int


@dataclass(kw_only=True)
class _CallFault:
    service: str
    operation: str
    code: str
    message: str
    status: int
    times: int


@dataclass(kw_only=True)
class _Death:
    service: str
    operation: str
    when: str
    times: int


@dataclass(kw_only=True)
class _Flakiness:
    service: str
    operations: frozenset[str]
    code: str
    message: str
    status: int
    share: float


@dataclass(kw_only=True)
class _Sleep:
    service: str
    operation: str
    duration: timedelta
    times: int


@dataclass
class FaultPlan(AnswerFaults):
    """What shall go wrong, and how often. Each fault is used up from the first match on; `clear` ends them all."""

    _flaky: list[_Flakiness] = field(default_factory=list)
    _jobs: list[_JobFault] = field(default_factory=list)
    _calls: list[_CallFault] = field(default_factory=list)
    _deaths: list[_Death] = field(default_factory=list)
    _sleeps: list[_Sleep] = field(default_factory=list)

    def fail_copy_job(
        self, *, message: str, database_arn: str | None = None, destination_region: str | None = None, times: int = 1
    ) -> None:
        """Let the next matching copy jobs end FAILED with this status message."""
        if not message:
            raise ValueError("a job fails with a message; an empty one would tell nothing")
        self._jobs.append(
            _JobFault(
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
            _CallFault(
                service=service, operation=operation, code=code, message=message, status=status, times=_positive(times)
            )
        )

    def flaky(
        self,
        share: float,
        *operations: str,
        code: str = "ThrottlingException",
        message: str = "Rate exceeded",
        service: str = "backup",
        status: int = 400,
    ) -> None:
        """Refuse a share of all calls of these operations, or of the whole service where none is named."""
        _existing(service, *operations)
        if not 0 <= share <= 1:
            raise ValueError(f"a share is from 0 to 1, not {share}")
        self._flaky.append(
            _Flakiness(
                service=service,
                operations=frozenset(operations),
                code=code,
                message=message,
                status=status,
                share=share,
            )
        )

    def clear(self) -> None:
        """Let nothing more go wrong."""
        self._jobs.clear()
        self._calls.clear()
        self._deaths.clear()
        self._flaky.clear()
        self._sleeps.clear()
        self.clear_answers()

    def die(self, service: str, operation: str, *, when: str = "before", times: int = 1) -> None:
        """Kill the process that makes the call, before or after AWS carries it out."""
        if when not in ("before", "after"):
            raise ValueError(f"a process dies before or after a call, not {when!r}")
        _existing(service, operation)
        self._deaths.append(_Death(service=service, operation=operation, when=when, times=_positive(times)))

    def sleep(self, service: str, operation: str, duration: timedelta, *, times: int = 1) -> None:
        """Let the process that makes the call sleep first, while the world goes on without it."""
        if duration <= timedelta(0):
            raise ValueError("a process sleeps for longer than no time")
        self._sleeps.append(_Sleep(service=service, operation=operation, duration=duration, times=_positive(times)))

    def sleep_before(self, service: str, operation: str) -> timedelta | None:
        """For how long the process that makes a call sleeps first, if it does."""
        for sleep in self._sleeps:
            if sleep.times and (sleep.service, sleep.operation) == (service, operation):
                sleep.times -= 1
                return sleep.duration
        return None

    def message_for(self, job: Job) -> str | None:
        """The message with which a job shall fail, if it shall."""
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

    def _kill(self, service: str, operation: str, when: str) -> None:
        for death in self._deaths:
            if death.times and (death.service, death.operation, death.when) == (service, operation, when):
                death.times -= 1
                raise ProcessDied(f"killed {when} {service}:{operation}")


@cache
def _operations(service: str) -> frozenset[str]:
    try:
        return frozenset(get_session().get_service_model(service).operation_names)
    except UnknownServiceError as error:
        raise ValueError(f"AWS has no service {service!r}") from error


def _existing(service: str, *operations: str) -> None:
    """A fault that can never strike is a mistake of whoever put it. Raises ValueError."""
    for operation in operations:
        if operation not in _operations(service):
            raise ValueError(f"{service} has no operation {operation!r}")


def _positive(times: int) -> int:
    if times < 1:
        raise ValueError(f"a fault happens at least once, not {times} times")
    return times
