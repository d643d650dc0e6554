"""A chain: one recovery point in a watched vault, on one route. The aggregate and the unit of consistency.

State is kept per hop and per intermediate; the chain's own state is derived. Nothing here decides anything: the rules
are in `rules`, and `advance` applies them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from secondhop.domain import patience
from secondhop.domain.arn import Vault
from secondhop.domain.classification import Cause
from secondhop.domain.command import EffectCommand
from secondhop.domain.hop import Hop, HopState, Trouble
from secondhop.domain.outbox import Outbox, Pending
from secondhop.domain.route import ARRIVAL, RouteKind


class IntermediateState(StrEnum):
    """The state of a copy that exists only to be copied onward."""

    HELD = "HELD"
    DUE = "DUE"
    RELEASING = "RELEASING"
    RELEASED = "RELEASED"


class ChainMode(StrEnum):
    """Whether Second Hop acts for a chain. No fact leads back from ABANDONED."""

    FOLLOWED = "FOLLOWED"
    ABANDONED = "ABANDONED"


class ChainState(StrEnum):
    """What the hops and intermediates amount to.

    COMPLETE, TOO_LATE and ABANDONED are ends. STRANDED waits for an operator, or is retried once a day.
    """

    WAITING = "WAITING"
    COPYING = "COPYING"
    VERIFYING = "VERIFYING"
    RELEASING = "RELEASING"
    STRANDED = "STRANDED"
    COMPLETE = "COMPLETE"
    TOO_LATE = "TOO_LATE"
    ABANDONED = "ABANDONED"


@dataclass(frozen=True, slots=True, order=True)
class ChainKey:
    """A chain's identity. A different ARN is never a repeat of another, even with the same database and date."""

    recovery_point: str
    route: str

    def __str__(self) -> str:
        return f"{self.route}/{self.recovery_point}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Intermediate:
    """A copy that exists only to be copied onward; `name` is "arrival" or the hop that made it.

    Until `kept_until` it is not considered for release, because it would outlive its copies.
    """

    name: str
    vault: Vault
    point: str | None
    state: IntermediateState = IntermediateState.HELD
    since: datetime
    failures: int = 0
    trouble: Trouble | None = None
    unresolved: Trouble | None = None
    kept_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """One recovery point of a watched vault on its route.

    `created_at` is the creation date of the original backup. While `is_date_known` is false, AWS never described the
    recovery point, and `created_at` is the date of the news about it, which may be later. `source_expires_at`,
    `key_arn` and `encrypted` are as AWS described the recovery point at `source_seen_at`; `source_gone_at` is when AWS
    said that it is not found. `came_from_workload` says that AWS showed it to be a copy from a workload account, and
    not one that a person copied back. `incidents` are the ids that were announced and are not yet closed. `kind` is
    that of its route. `version` counts the saves; 0 is a chain that was never saved.
    """

    key: ChainKey
    database: str
    resource_type: str
    created_at: datetime
    opened_at: datetime
    watched: Vault
    encrypted: bool
    source_expires_at: datetime | None
    hops: tuple[Hop, ...]
    intermediates: tuple[Intermediate, ...]
    pending: tuple[Pending, ...] = ()
    incidents: tuple[str, ...] = ()
    abandoned_by: str | None = None
    next_check: datetime | None = None
    finished_at: datetime | None = None
    key_arn: str | None = None
    source_seen_at: datetime | None = None
    source_gone_at: datetime | None = None
    came_from_workload: bool = False
    is_date_known: bool = True
    kind: RouteKind = RouteKind.ARRIVALS
    version: int = 0

    @property
    def state(self) -> ChainState:
        """The chain's state, derived from its hops and intermediates."""
        if self.abandoned_by is not None:
            return ChainState.ABANDONED
        troubles = self.troubles()
        if troubles:
            late = all(trouble.cause is Cause.TOO_LATE for trouble in troubles)
            return ChainState.TOO_LATE if late else ChainState.STRANDED
        states = {hop.state for hop in self.hops}
        for state in (HopState.WAITING, HopState.COPYING, HopState.VERIFYING):
            if state in states:
                return ChainState(state.value)
        releasing = any(each.state is IntermediateState.RELEASING for each in self.intermediates)
        return ChainState.RELEASING if releasing else ChainState.COMPLETE

    @property
    def mode(self) -> ChainMode:
        """Whether the chain is followed or abandoned."""
        return ChainMode.FOLLOWED if self.abandoned_by is None else ChainMode.ABANDONED

    @property
    def outbox(self) -> Outbox:
        """The pending effects."""
        return Outbox(self.pending)

    def with_outbox(self, outbox: Outbox) -> Chain:
        return self if outbox.pending == self.pending else replace(self, pending=outbox.pending)

    def troubles(self) -> tuple[Trouble, ...]:
        """Every trouble of a hop that cannot go on or of an intermediate that could not be released."""
        return tuple(trouble for _, trouble in self.troubled())

    def troubled(self) -> tuple[tuple[str, Trouble], ...]:
        """Hops and intermediates in trouble, by name."""
        hops = ((hop.name, hop.notice.trouble) for hop in self.hops)
        intermediates = ((each.name, each.trouble) for each in self.intermediates)
        return tuple((name, trouble) for name, trouble in (*hops, *intermediates) if trouble is not None)

    def hop(self, name: str) -> Hop:
        return next(hop for hop in self.hops if hop.name == name)

    def intermediate(self, name: str) -> Intermediate:
        return next(each for each in self.intermediates if each.name == name)

    def with_hop(self, changed: Hop) -> Chain:
        return replace(self, hops=tuple(changed if hop.name == changed.name else hop for hop in self.hops))

    def with_intermediate(self, changed: Intermediate) -> Chain:
        kept = (changed if each.name == changed.name else each for each in self.intermediates)
        return replace(self, intermediates=tuple(kept))

    def source_of(self, hop: Hop) -> str | None:
        """The ARN of the recovery point that a hop reads, or None while there is none to read."""
        if hop.reads_from is None:
            return self.key.recovery_point
        reader = self.hop(hop.reads_from)
        return reader.arrival.point if reader.state is HopState.VERIFIED else None

    def source_vault_of(self, hop: Hop) -> Vault:
        return self.watched if hop.reads_from is None else self.hop(hop.reads_from).destination

    def readers_of(self, intermediate: str) -> tuple[Hop, ...]:
        """The hops that copy from an intermediate."""
        source = None if intermediate == ARRIVAL else intermediate
        return tuple(hop for hop in self.hops if hop.reads_from == source)

    def standing_arrivals(self, intermediate: str) -> tuple[Hop, ...]:
        """The hops with arrivals that were made from an intermediate and must still exist.

        Where a reader's own arrival was an intermediate and is released, the copies made from that one count.
        """
        found: list[Hop] = []
        for reader in self.readers_of(intermediate):
            if self.is_released(reader.name):
                found.extend(self.standing_arrivals(reader.name))
            else:
                found.append(reader)
        return tuple(found)

    def is_released(self, name: str) -> bool:
        """Whether the copy of a hop was an intermediate, and is released."""
        return any(each.name == name and each.state is IntermediateState.RELEASED for each in self.intermediates)

    def final_copy_check(self, hop: Hop) -> datetime | None:
        """When the final copy of a VERIFIED hop is looked at again: daily while its database's newest, else weekly.

        The first look comes early, before the next night's copy. Whether it still is the newest is asked before each;
        None for a copy that is not found, or was copied onward.
        """
        is_onward = any(each.name == hop.name for each in self.intermediates)
        if is_onward or hop.arrival.seen_gone_at is not None or hop.arrival.point is None:
            return None
        if hop.arrival.is_superseded:
            return (hop.arrival.last_seen_at or hop.since) + patience.OLDER_COPY_CHECK
        return (
            hop.since + patience.FIRST_LOOK
            if hop.arrival.last_seen_at is None
            else hop.arrival.last_seen_at + patience.DAILY
        )

    def pending_of(self, subject: str, kind: type[EffectCommand]) -> Pending | None:
        """The pending effect of a kind for a hop or an intermediate."""
        return self.outbox.of(subject, kind)
