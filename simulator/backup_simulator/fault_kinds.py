"""The faults of a `FaultPlan`: what fails, where, and how often."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(kw_only=True)
class JobFault:
    """Copy jobs that end FAILED with a message."""

    database_arn: str | None
    destination_region: str | None
    message: str
    times: int


@dataclass(kw_only=True)
class CallFault:
    """Calls that are refused with a code."""

    service: str
    operation: str
    code: str
    message: str
    status: int
    times: int


@dataclass(kw_only=True)
class EntryFault:
    """Entries of a batch that fail in an answer that succeeds."""

    service: str
    operation: str
    code: str
    message: str
    accepted_first: int
    times: int


@dataclass(kw_only=True)
class Death:
    """A process that dies before or after a call."""

    service: str
    operation: str
    when: str
    times: int


@dataclass(kw_only=True)
class Garbling:
    """Calls that are carried out, with answers that no client can read: the next ones, or a share of all."""

    service: str
    operation: str
    share: float
    times: int | None


@dataclass(kw_only=True)
class Flakiness:
    """A share of calls that is refused."""

    service: str
    operations: frozenset[str]
    code: str
    message: str
    status: int
    share: float


@dataclass(kw_only=True)
class Sleep:
    """A process that sleeps before a call."""

    service: str
    operation: str
    duration: timedelta
    times: int


@dataclass(frozen=True, kw_only=True)
class Hang:
    """Calls that are not answered until a time. `takes` is the client's timeout."""

    service: str
    region: str
    operations: frozenset[str]
    until: datetime
    takes: timedelta
    is_connected: bool
    is_carried_out: bool
