"""A hop of a chain: one copy of a recovery point into another vault, and what is known about it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import TypedDict, Unpack

from secondhop.domain.arn import Vault
from secondhop.domain.classification import Cause


class HopState(StrEnum):
    """The state of one hop."""

    WAITING = "WAITING"
    COPYING = "COPYING"
    VERIFYING = "VERIFYING"
    VERIFIED = "VERIFIED"
    STRANDED = "STRANDED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Why a hop or an intermediate cannot go on, in AWS's words, and since when."""

    cause: Cause
    message: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What a hop knows about its copy jobs, and what holds the next one up.

    `number` counts the copy jobs known for (source, destination), 0 before the first. `failures` counts failed attempts
    since the last success or the last request of an operator; it determines the back-off. Nothing is tried before
    `not_before`. `newest_copy` is the date of the newest verified copy of the database when a slot was refused.
    `is_retry_ordered`: an operator asked for another copy if the present one is still not as promised.
    """

    number: int = 0
    job_id: str | None = None
    failures: int = 0
    not_before: datetime | None = None
    slot_wanted: bool = False
    newest_copy: datetime | None = None
    is_retry_ordered: bool = False


class AttemptChanges(TypedDict, total=False):
    """The fields of an attempt that a change names."""

    number: int
    job_id: str | None
    failures: int
    not_before: datetime | None
    slot_wanted: bool
    newest_copy: datetime | None
    is_retry_ordered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """The copy in the destination vault: what was promised for it, and what AWS showed.

    `point` is the recovery point that the job named, or that was found in the vault (`is_adopted`). `promised_until` is
    decided before the copy is started. `last_seen_at` is when the verified copy was last described. `is_superseded`: a
    newer copy of the database was verified into the same vault.
    """

    point: str | None = None
    is_adopted: bool = False
    promised_until: datetime | None = None
    last_seen_at: datetime | None = None
    is_superseded: bool = False
    seen_gone_at: datetime | None = None


class ArrivalChanges(TypedDict, total=False):
    """The fields of an arrival that a change names."""

    point: str | None
    is_adopted: bool
    promised_until: datetime | None
    last_seen_at: datetime | None
    is_superseded: bool
    seen_gone_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What operators are notified about.

    `trouble` is why the hop cannot continue now. `unresolved` is the trouble that operators know of, and that no retry
    has solved yet. `silent_since` is when AWS stopped giving good answers about the hop.
    """

    trouble: Trouble | None = None
    unresolved: Trouble | None = None
    silent_since: datetime | None = None


class NoticeChanges(TypedDict, total=False):
    """The fields of a notice that a change names."""

    trouble: Trouble | None
    unresolved: Trouble | None
    silent_since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One copy of a recovery point into another vault.

    `rejected` are points in the destination vault that are not, or are no longer, the copy that this hop needs.
    `delete_after_days` is a retention other than the route's: a retried first hop keeps that of its backup plan.
    """

    name: str
    reads_from: str | None
    destination: Vault
    state: HopState = HopState.WAITING
    since: datetime
    attempt: Attempt = Attempt()
    arrival: Arrival = Arrival()
    notice: Notice = Notice()
    rejected: tuple[str, ...] = ()
    delete_after_days: int | None = None

    def with_attempt(self, **changes: Unpack[AttemptChanges]) -> Hop:
        """The hop with other fields of its attempt."""
        return replace(self, attempt=replace(self.attempt, **changes))

    def with_arrival(self, **changes: Unpack[ArrivalChanges]) -> Hop:
        """The hop with other fields of its arrival."""
        return replace(self, arrival=replace(self.arrival, **changes))

    def with_notice(self, **changes: Unpack[NoticeChanges]) -> Hop:
        """The hop with other fields of its notice."""
        return replace(self, notice=replace(self.notice, **changes))
