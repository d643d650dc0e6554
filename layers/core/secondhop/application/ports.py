"""What the use cases need from the world, as Protocols. Adapters raise the errors of `domain.errors`, nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from secondhop.application.work import JobNews, Work
from secondhop.domain.arn import Site, Vault
from secondhop.domain.chain import Chain, ChainKey
from secondhop.domain.circuit import Circuit
from secondhop.domain.classification import Cause
from secondhop.domain.command import Announce, ReleaseIntermediate, StartCopy
from secondhop.domain.errors import ConflictError, FinalError, TryAgainError
from secondhop.domain.gathering import Group
from secondhop.domain.lane import Lane, LaneUse
from secondhop.domain.ledger import Claim, Slot, SlotRefusal
from secondhop.domain.observation import JobSeen, PointSeen, VaultSeen
from secondhop.domain.sweep_progress import SweepProgress


class SlotTakenError(ConflictError):
    """No slot is free for this hop: the quota is used up, or the database has a copy in flight already."""

    def __init__(self, hop: str, refusal: SlotRefusal) -> None:
        super().__init__(refusal.why)
        self.hop = hop
        self.refusal = refusal


class ClaimTakenError(FinalError):
    """Another chain has claimed this source and destination, or the copy that a hop found (`point`).

    `owner` is None if the claim cannot be read.
    """

    def __init__(self, hop: str, owner: ChainKey | None, point: str) -> None:
        super().__init__(f"claimed by {owner}")
        self.hop = hop
        self.owner = owner
        self.point = point


class RefusedError(FinalError):
    """AWS answered an effect with an error, and did nothing. `code` is the error code, spelled as AWS spells it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A chain with an item that this release cannot read. `key` is None where not even that could be read."""

    key: ChainKey | None
    why: str

    def __str__(self) -> str:
        return self.why if self.key is None else f"chain {self.key} cannot be read: {self.why}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A chain that waits for a slot, and its database as `LaneUse` names it."""

    key: ChainKey
    database: str


class UnansweredError(TryAgainError):
    """An effect was requested, and it is not known whether it happened: a timeout, a lost answer, a 5xx."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedJob:
    """What StartCopyJob answered. `created_at` is AWS's time; for a repeated token it is that of the old job."""

    job_id: str
    created_at: datetime


class ChainStore(Protocol):
    """Chains with their claims and slots; every save is one transaction."""

    def get(self, key: ChainKey) -> Chain | None:
        """The chain, or None. Raises UnreadableItemError for an item of another release."""

    def save(self, chain: Chain, *, before: Chain | None, limit: int) -> Chain:
        """Write `chain` if the stored one is still `before`, with the claims and slots that the change means.

        `limit` is the number of copies of this resource type that may be in flight into one site. Returns the chain
        with its new version. Raises ConflictError, SlotTakenError or ClaimTakenError; then nothing was written.
        """

    def owner_of(self, *, source: str, destination_vault_arn: str) -> Claim | None:
        """The claim on a copy, or None. Raises UnreadableItemError."""

    def of_database(self, database: str, *, newest_first: bool = False) -> Iterator[Chain | Unreadable]:
        """All chains of a database, by creation date of the original backup; read as far as they are asked for.

        One that cannot be read is named in its place, and does not keep the others from being read.
        """

    def newest_of_database(self, database: str, *, count: int) -> list[ChainKey]:
        """The chains of the newest backups of a database, newest first. Only the index is read."""

    def due(self, *, now: datetime) -> Iterator[ChainKey]:
        """Chains with a due check, longest overdue first."""

    def slot_refusal(self, slot: Slot, *, limit: int) -> SlotRefusal | None:
        """Why a save that takes this slot would be refused now; None if it is free."""

    def waiting(self, lane: Lane) -> Iterator[Waiting]:
        """Chains that wait for a slot of a lane: those without any copy, then by the longest lag, oldest backup."""

    def lane_use(self, lane: Lane) -> LaneUse:
        """Which slots of a lane are taken now."""

    def known(self, keys: Iterable[ChainKey]) -> dict[ChainKey, bool]:
        """Those of the keys that have a chain, and whether it is finished."""

    def group(self, group: str) -> Group:
        """What is remembered of a group of incidents; an empty one of version 0 if there is none."""

    def save_group(self, after: Group, *, before: Group, now: datetime) -> Group:
        """The group with its new version. Raises ConflictError if another writer was first."""

    def stranded(self, cause: Cause) -> Iterator[ChainKey]:
        """Chains that are stranded for a cause, the oldest backup first."""

    def circuit(self, site: Site) -> Circuit:
        """What is remembered of copies into a site. Raises UnreadableItemError."""

    def save_circuit(self, after: Circuit, *, before: Circuit | None) -> None:
        """Raises ConflictError if another writer was first. None writes over what could not be read."""

    def pause(self, *, route: str, by: str | None) -> None:
        """Stop acting on a route (`by` an operator), or continue (None)."""

    def paused_by(self, route: str) -> str | None:
        """Who paused the route, or None. Read again before each effect."""

    def sweep_progress(self, *, now: datetime) -> SweepProgress:
        """When the installation began, and how far its sweep is; begun now if there is none.

        Raises UnreadableItemError.
        """

    def save_sweep_progress(self, after: SweepProgress, *, before: SweepProgress) -> None:
        """Raises ConflictError if another writer was first."""


class Backup(Protocol):
    """AWS Backup in all sites. Questions raise DeniedError for AccessDenied, TryAgainError for what passes."""

    def point(self, vault: Vault, arn: str) -> PointSeen | None:
        """Describe a recovery point; None only if AWS says that it is not found."""

    def vault(self, vault: Vault) -> VaultSeen:
        """Describe a vault: its own key, and its lock."""

    def points_of(self, vault: Vault, resource: str) -> Iterator[PointSeen]:
        """All recovery points in a vault that name a resource: a database, or the point that they were copied from."""

    def points_between(self, vault: Vault, *, after: datetime, before: datetime) -> Iterator[PointSeen]:
        """All recovery points of a vault with an original backup that was created after and before these moments."""

    def job(self, site: Site, job_id: str) -> JobSeen | None:
        """Describe a copy job; None only if AWS says that it is not found (it forgets after 30 days)."""

    def jobs_into(self, destination: Vault, *, from_site: Site, database: str) -> Iterator[JobSeen]:
        """All copy jobs of a database from a site into a vault, of the last 30 days."""

    def jobs_since(self, destination: Vault, *, from_site: Site, after: datetime) -> Iterator[JobSeen]:
        """All copy jobs from a site into a vault that were created after a moment, whatever they copy."""

    def jobs_in_state(
        self, state: str, *, source: Site, destination: Vault | None, after: datetime
    ) -> Iterator[JobNews]:
        """All copy jobs of a site into a vault that are in a state and were created after a moment; None: any vault."""

    def start(self, command: StartCopy) -> StartedJob:
        """Start a copy job; for a known token it is the old one. Raises RefusedError or UnansweredError."""

    def delete(self, command: ReleaseIntermediate) -> None:
        """Ask for a delete, which AWS carries out later or not at all. Raises RefusedError or UnansweredError."""


class Keys(Protocol):
    """AWS KMS in all sites."""

    def state_of(self, key_arn: str) -> str:
        """The key's state, as AWS spells it, or `Gone`. Raises DeniedError or TryAgainError."""


class WorkQueue(Protocol):
    """The one queue of the one actor."""

    def put(self, work: Iterable[Work]) -> None:
        """Put work on the queue. Raises TryAgainError unless all of it was accepted."""


class Announcer(Protocol):
    """Where operators and their machines listen."""

    def announce(self, message: Announce) -> None:
        """Send the message. Raises TryAgainError or DeniedError if it was not accepted."""
