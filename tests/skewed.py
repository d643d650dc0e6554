"""A chain store in which some items are of another release, and cannot be read."""

from __future__ import annotations

from datetime import datetime

from secondhop.adapters.memory_chains import MemoryChains
from secondhop.domain.arn import Site
from secondhop.domain.chain import Chain, ChainKey
from secondhop.domain.circuit import Circuit
from secondhop.domain.errors import UnreadableItemError
from secondhop.domain.ledger import Claim
from secondhop.domain.sweep_progress import SweepProgress

WHY = "written by a newer release"


class Skewed(MemoryChains):
    """Some items are of another release."""

    def __init__(self) -> None:
        super().__init__()
        self.bad: set[ChainKey] = set()
        self.bad_claims = self.bad_circuits = self.bad_sweep_progress = False

    def get(self, key: ChainKey) -> Chain | None:
        if key in self.bad:
            raise UnreadableItemError(WHY)
        return super().get(key)

    def owner_of(self, *, source: str, destination_vault_arn: str) -> Claim | None:
        if self.bad_claims:
            raise UnreadableItemError("this claim cannot be read")
        return super().owner_of(source=source, destination_vault_arn=destination_vault_arn)

    def circuit(self, site: Site) -> Circuit:
        if self.bad_circuits:
            raise UnreadableItemError("this circuit cannot be read")
        return super().circuit(site)

    def sweep_progress(self, *, now: datetime) -> SweepProgress:
        if self.bad_sweep_progress:
            raise UnreadableItemError("the installation cannot be read")
        return super().sweep_progress(now=now)
