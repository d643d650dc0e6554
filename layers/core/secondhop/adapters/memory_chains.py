"""The chain store in memory: for rehearsals, and for the contract that DynamoDB's store has to meet as well."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from datetime import datetime
from itertools import islice
from threading import Lock

from secondhop.application.ports import ClaimTakenError, SlotTakenError, Unreadable, Waiting
from secondhop.domain.arn import Site
from secondhop.domain.chain import Chain, ChainKey
from secondhop.domain.circuit import Circuit
from secondhop.domain.classification import Cause
from secondhop.domain.errors import ConflictError, UnreadableItemError
from secondhop.domain.gathering import Group
from secondhop.domain.lane import Lane, LaneUse
from secondhop.domain.ledger import (
    Changes,
    Claim,
    Slot,
    SlotRefusal,
    busy_database,
    changes,
    full_quota,
    is_current,
    stranded_by,
    turn,
    waits_for,
)
from secondhop.domain.sweep_progress import SweepProgress


class MemoryChains:
    """A `ChainStore` with no table. Atomic under threads."""

    def __init__(self) -> None:
        self._chains: dict[ChainKey, Chain] = {}
        self._claims: dict[tuple[str, str], Claim] = {}
        self._slots: dict[tuple[Site, str], dict[str, Slot]] = {}
        self._groups: dict[str, Group] = {}
        self._circuits: dict[Site, Circuit] = {}
        self._paused: dict[str, str] = {}
        self._sweep_progress: SweepProgress | None = None
        self._lock = Lock()

    def all(self) -> list[Chain]:
        """Every chain, by key; for display."""
        return [self._chains[key] for key in sorted(self._chains)]

    def copy(self) -> MemoryChains:
        """All that is kept now, as point-in-time recovery of a table would bring it back."""
        copied = MemoryChains()
        kept = {name: value for name, value in vars(self).items() if name not in ("_lock", "_chains")}
        vars(copied).update(deepcopy(kept), _chains=dict(self._chains))
        return copied

    def with_older(self, older: Mapping[ChainKey, Chain | None]) -> MemoryChains:
        """Chains only. Some are old versions, or missing, as a lagging index shows them."""
        seen = MemoryChains()
        chains: dict[ChainKey, Chain | None] = {**self._chains, **older}
        seen._chains = {key: chain for key, chain in chains.items() if chain is not None}
        return seen

    def get(self, key: ChainKey) -> Chain | None:
        return self._chains.get(key)

    def save(self, chain: Chain, *, before: Chain | None, limit: int) -> Chain:
        with self._lock:
            stored = self._chains.get(chain.key)
            if (stored.version if stored else 0) != (before.version if before else 0):
                raise ConflictError(f"chain {chain.key} was written by another worker")
            due = changes(before, chain)
            self._check(due, limit)
            self._apply(due)
            saved = replace(chain, version=(before.version if before else 0) + 1)
            self._chains[chain.key] = saved
            return saved

    def _check(self, due: Changes, limit: int) -> None:
        for claim in due.claims:
            held = self._claims.get((claim.source, claim.destination_vault_arn))
            if held is not None and (held.owner, held.hop) != (claim.owner, claim.hop):
                raise ClaimTakenError(claim.hop, held.owner, claim.source)
        for slot in due.taken:
            why = self.slot_refusal(slot, limit=limit)
            if why is not None:
                raise SlotTakenError(slot.hop, why)

    def _apply(self, due: Changes) -> None:
        for claim in due.claims:
            self._claims[claim.source, claim.destination_vault_arn] = claim
        for slot in due.returned:
            held = self._slots.get((slot.site, slot.resource_type), {})
            if held.get(slot.database) == slot:
                del held[slot.database]
        for slot in due.taken:
            self._slots.setdefault((slot.site, slot.resource_type), {})[slot.database] = slot

    def owner_of(self, *, source: str, destination_vault_arn: str) -> Claim | None:
        return self._claims.get((source, destination_vault_arn))

    def of_database(self, database: str, *, newest_first: bool = False) -> Iterator[Chain | Unreadable]:
        for each in self._of_database(database, newest_first=newest_first):
            yield self._read(each)

    def _of_database(self, database: str, *, newest_first: bool) -> list[Chain]:
        found = [chain for chain in self._chains.values() if chain.database == database]
        return sorted(found, key=lambda chain: (chain.created_at, chain.key), reverse=newest_first)

    def _read(self, chain: Chain) -> Chain | Unreadable:
        """A chain as it was listed. A store that is derived from this one may refuse to read some."""
        try:
            self.get(chain.key)
        except UnreadableItemError as error:
            return Unreadable(key=chain.key, why=str(error))
        return chain

    def newest_of_database(self, database: str, *, count: int) -> list[ChainKey]:
        return [each.key for each in islice(self._of_database(database, newest_first=True), count)]

    def current(self) -> Iterator[Chain | Unreadable]:
        """Chains that show the present state of their databases, by database (`application.views`)."""
        found = [chain for chain in self._chains.values() if is_current(chain)]
        yield from (self._read(chain) for chain in sorted(found, key=lambda chain: (chain.database, chain.key)))

    def due(self, *, now: datetime) -> Iterator[ChainKey]:
        found = [
            (c.next_check, c.key) for c in self._chains.values() if c.next_check is not None and c.next_check <= now
        ]
        yield from (key for _, key in sorted(found))

    def slot_refusal(self, slot: Slot, *, limit: int) -> SlotRefusal | None:
        held = self._slots.get((slot.site, slot.resource_type), {})
        if slot.database in held:
            return busy_database(slot)
        if len(held) >= limit:
            return full_quota(slot, len(held))
        return None

    def waiting(self, lane: Lane) -> Iterator[Waiting]:
        found = [(turn(chain), chain.key, chain.database) for chain in self._chains.values() if _is_in(lane, chain)]
        yield from (Waiting(key=key, database=database) for _, key, database in sorted(found))

    def lane_use(self, lane: Lane) -> LaneUse:
        held = self._slots.get((lane.site, lane.resource_type), {})
        return LaneUse(in_flight=len(held), databases=frozenset(held))

    def known(self, keys: Iterable[ChainKey]) -> dict[ChainKey, bool]:
        return {key: self._chains[key].finished_at is not None for key in keys if key in self._chains}

    def stranded(self, cause: Cause) -> Iterator[ChainKey]:
        found = [(c.created_at, c.key) for c in self._chains.values() if stranded_by(c) is cause]
        yield from (key for _, key in sorted(found))

    def group(self, group: str) -> Group:
        return self._groups.get(group, Group(id=group))

    def save_group(self, after: Group, *, before: Group, now: datetime) -> Group:  # noqa: ARG002 - nothing here expires
        with self._lock:
            if self.group(after.id).version != before.version:
                raise ConflictError(f"the group of incidents {after.id} was written by another worker")
            self._groups[after.id] = replace(after, version=before.version + 1)
            return self._groups[after.id]

    def circuit(self, site: Site) -> Circuit:
        return self._circuits.get(site, Circuit(site=site))

    def save_circuit(self, after: Circuit, *, before: Circuit | None) -> None:
        with self._lock:
            if before is not None and self.circuit(after.site) != before:
                raise ConflictError(f"the circuit of {after.site} was written by another worker")
            self._circuits[after.site] = after

    def pause(self, *, route: str, by: str | None) -> None:
        if by is None:
            self._paused.pop(route, None)
        else:
            self._paused[route] = by

    def paused_by(self, route: str) -> str | None:
        return self._paused.get(route)

    def sweep_progress(self, *, now: datetime) -> SweepProgress:
        if self._sweep_progress is None:
            self._sweep_progress = SweepProgress(began_at=now)
        return self._sweep_progress

    def last_sweep(self) -> datetime | None:
        """When a sweep last came to its end (`application.views`)."""
        return self._sweep_progress.ended_at if self._sweep_progress is not None else None

    def save_sweep_progress(self, after: SweepProgress, *, before: SweepProgress) -> None:
        with self._lock:
            if self._sweep_progress != before:
                raise ConflictError("the installation's memory was written by another worker")
            self._sweep_progress = after


def _is_in(lane: Lane, chain: Chain) -> bool:
    hop = waits_for(chain)
    return hop is not None and lane == Lane(hop.destination.site, chain.resource_type)
