"""What a change of a chain means for claims and slots, read off its two versions so that it cannot be forgotten.

A claim says which chain makes the copy of a source into a destination vault. A slot is the right to have one copy in
flight against a quota; it is held exactly while the hop is COPYING.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from secondhop.domain.arn import Site
from secondhop.domain.chain import Chain, ChainKey, ChainState
from secondhop.domain.classification import Cause
from secondhop.domain.hop import Hop, HopState
from secondhop.domain.lane import Lane
from secondhop.domain.route import COPY_QUOTAS


@dataclass(frozen=True, slots=True, order=True)
class Claim:
    """(source recovery point, destination vault), held by one chain's hop for as long as the chain is remembered.

    A copy that was found in the vault, and that no job explains, is claimed as if it were a source. So two chains of
    one database and date cannot both adopt it.
    """

    source: str
    destination_vault_arn: str
    owner: ChainKey
    hop: str


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """One copy in flight into a site, of a resource type; at most one per database."""

    site: Site
    resource_type: str
    database: str
    owner: ChainKey
    hop: str

    @property
    def lane(self) -> Lane:
        return Lane(self.site, self.resource_type)


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotRefusal:
    """Why no slot is free: the quota is used up, or the database has a copy in flight (`is_database_busy`)."""

    why: str
    is_database_busy: bool = False


def busy_database(slot: Slot) -> SlotRefusal:
    """AWS Backup copies one recovery point of a database at a time."""
    return SlotRefusal(why=f"another copy of {slot.database} is in flight into {slot.site}", is_database_busy=True)


def full_quota(slot: Slot, count: int) -> SlotRefusal:
    return SlotRefusal(why=f"{count} {slot.resource_type} copies are in flight into {slot.site}, which is the limit")


def shared_quota(slot: Slot, *, own: int, others: int) -> SlotRefusal | None:
    """Why the copies of others leave no slot for one more of ours; None if they leave some."""
    quota = COPY_QUOTAS.get(slot.resource_type, 1)
    if own + others < quota:
        return None
    copies = f"{others} {slot.resource_type} {'copy' if others == 1 else 'copies'} of others"
    why = f"{copies} and {own} of this installation are in flight into {slot.site}, and AWS's quota is {quota}"
    return SlotRefusal(why=why)


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """The claims to make and the slots to take and give back, in the same transaction as the chain's own save."""

    claims: tuple[Claim, ...]
    taken: tuple[Slot, ...]
    returned: tuple[Slot, ...]


def changes(before: Chain | None, after: Chain) -> Changes:
    """Claims and slots between two versions of a chain; `before` is None for a chain that was never saved."""
    held_before = set(slots_of(before)) if before is not None else set()
    held_after = set(slots_of(after))
    # A chain that is finished, or is not any more, writes its claims once more: they are forgotten together with it.
    is_same_memory = before is not None and (before.finished_at is None) == (after.finished_at is None)
    claimed = set(claims_of(before)) if before is not None and is_same_memory else set()
    return Changes(
        claims=tuple(claim for claim in claims_of(after) if claim not in claimed),
        taken=tuple(sorted(held_after - held_before)),
        returned=tuple(sorted(held_before - held_after)),
    )


def slots_of(chain: Chain) -> tuple[Slot, ...]:
    """The slots that a chain holds: one for each hop that is COPYING, also for a while after it was abandoned."""
    return tuple(slot_of(chain, hop) for hop in chain.hops if hop.state is HopState.COPYING)


def slot_of(chain: Chain, hop: Hop) -> Slot:
    """The slot that a hop needs to copy."""
    return Slot(hop.destination.site, chain.resource_type, chain.database, chain.key, hop.name)


def claims_of(chain: Chain) -> tuple[Claim, ...]:
    """The claims of every hop that has left WAITING once, and of the copies that were found."""
    claims = (_claim(chain, hop) for hop in chain.hops)
    found = (
        Claim(hop.arrival.point, hop.destination.arn, chain.key, hop.name)
        for hop in chain.hops
        if hop.arrival.is_adopted and hop.arrival.point is not None
    )
    return (*(claim for claim in claims if claim is not None), *found)


def _claim(chain: Chain, hop: Hop) -> Claim | None:
    source = chain.source_of(hop)
    has_left_waiting = (
        hop.attempt.number > 0 or hop.arrival.point is not None or hop.state in (HopState.COPYING, HopState.VERIFYING)
    )
    if source is None or not has_left_waiting:
        return None
    return Claim(source, hop.destination.arn, chain.key, hop.name)


def stranded_by(chain: Chain) -> Cause | None:
    """The first cause by which a chain is stranded, or None if it is not."""
    return chain.troubles()[0].cause if chain.state is ChainState.STRANDED else None


def is_current(chain: Chain) -> bool:
    """Whether a chain shows the present state of its database. The finished and the succeeded do not.

    A chain is succeeded if it is COMPLETE and a newer copy of its database was verified into each of its vaults.
    """
    if chain.finished_at is not None:
        return False
    onward = {each.name for each in chain.intermediates}
    final = [hop for hop in chain.hops if hop.name not in onward]
    return chain.state is not ChainState.COMPLETE or not all(hop.arrival.is_superseded for hop in final)


def newest_copy(chain: Chain) -> datetime | None:
    """The date of the database's newest verified copy, as of the last refused slot; None if there is none."""
    return min((hop.attempt.newest_copy for hop in chain.hops if hop.attempt.newest_copy is not None), default=None)


def turn(chain: Chain) -> tuple[bool, datetime, datetime]:
    """What waiting chains are sorted by: those without any copy, then the longest lag, then the oldest backup."""
    newest = newest_copy(chain)
    return newest is not None, newest or chain.created_at, chain.created_at


def lanes_with_a_slot_to_use(before: Chain, after: Chain) -> tuple[Lane, ...]:
    """The lanes in which a change of a chain frees a slot, or passes on one that the chain may have been woken for."""
    lanes = list[Lane]()
    for hop in before.hops:
        is_copying = after.hop(hop.name).state is HopState.COPYING
        has_returned = hop.state is HopState.COPYING and not is_copying
        has_left = hop == waits_for(before) and not is_copying and not _is_in_queue(after, hop.name)
        if has_returned or has_left:
            lanes.append(Lane(hop.destination.site, after.resource_type))
    return tuple(dict.fromkeys(lanes))


def _is_in_queue(chain: Chain, name: str) -> bool:
    hop = waits_for(chain)
    return hop is not None and hop.name == name


def waits_for(chain: Chain) -> Hop | None:
    """The first hop that waits for a slot and for nothing else; its chain is in the queue of that lane."""
    if chain.abandoned_by is not None:
        return None
    return next((hop for hop in chain.hops if waits_for_a_slot(hop)), None)


def waits_for_a_slot(hop: Hop) -> bool:
    """Whether a hop was refused a slot, and would copy as soon as it has one."""
    return hop.state is HopState.WAITING and hop.attempt.slot_wanted and hop.attempt.not_before is None
