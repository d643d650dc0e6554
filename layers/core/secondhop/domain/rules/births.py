"""In which states the hops and intermediates of a new chain begin. The first row that applies decides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from secondhop.domain.arn import Vault
from secondhop.domain.chain import Intermediate, IntermediateState
from secondhop.domain.errors import TableError
from secondhop.domain.hop import Attempt, Hop, HopState
from secondhop.domain.observation import JobSeen
from secondhop.domain.route import Leg


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What is known when a chain is opened. `ended_job` is the job of a first hop that AWS Backup will not retry."""

    now: datetime
    ended_job: JobSeen | None = None


@dataclass(frozen=True, slots=True)
class HopBirth:
    """If `when` is true, `rule` makes the hop, and its state is `after`."""

    when: Callable[[Opening], bool]
    rule: Callable[[Leg, Opening], Hop]
    after: HopState


@dataclass(frozen=True, slots=True)
class IntermediateBirth:
    """`rule` makes the intermediate, and its state is `after`."""

    rule: Callable[[str, Vault, Opening], Intermediate]
    after: IntermediateState


def a_job_has_ended(opening: Opening) -> bool:
    return opening.ended_job is not None


def no_job_has_ended(opening: Opening) -> bool:
    return opening.ended_job is None


def begin_with_ended_job(leg: Leg, opening: Opening) -> Hop:
    """Begin as if the hop had made the job, so that the rules of COPYING decide what its end means."""
    job = opening.ended_job
    return Hop(
        name=leg.name,
        reads_from=leg.reads_from,
        destination=leg.destination,
        since=opening.now,
        state=HopState.COPYING,
        attempt=Attempt(job_id=job.job_id if job is not None else None, number=1),
    )


def begin_waiting(leg: Leg, opening: Opening) -> Hop:
    """Begin without a copy job."""
    return Hop(name=leg.name, reads_from=leg.reads_from, destination=leg.destination, since=opening.now)


def begin_held(name: str, vault: Vault, opening: Opening) -> Intermediate:
    """Begin as a recovery point that must not be deleted."""
    return Intermediate(name=name, vault=vault, point=None, since=opening.now)


HOP_BIRTHS: tuple[HopBirth, ...] = (
    HopBirth(a_job_has_ended, begin_with_ended_job, HopState.COPYING),
    HopBirth(no_job_has_ended, begin_waiting, HopState.WAITING),
)
INTERMEDIATE_BIRTHS: tuple[IntermediateBirth, ...] = (IntermediateBirth(begin_held, IntermediateState.HELD),)


def begin_hop(leg: Leg, opening: Opening, *, rows: Sequence[HopBirth] = HOP_BIRTHS) -> Hop:
    """A leg's hop as a new chain has it. Raises TableError if the rule contradicts its row, or no row applies."""
    for row in rows:
        if row.when(opening):
            hop = row.rule(leg, opening)
            if hop.state is not row.after:
                raise TableError(f"{row.rule.__name__} begins {hop.state}, and its row says {row.after}")
            return hop
    raise TableError(f"no row says how hop {leg.name} begins")


def begin_intermediate(
    name: str, vault: Vault, opening: Opening, *, rows: Sequence[IntermediateBirth] = INTERMEDIATE_BIRTHS
) -> Intermediate:
    """An intermediate as a new chain has it. Raises TableError like `begin_hop`."""
    for row in rows:
        intermediate = row.rule(name, vault, opening)
        if intermediate.state is not row.after:
            raise TableError(f"{row.rule.__name__} begins {intermediate.state}, and its row says {row.after}")
        return intermediate
    raise TableError(f"no row says how intermediate {name} begins")
