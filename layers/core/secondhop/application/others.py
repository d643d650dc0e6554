"""The copies that others have in flight. AWS's quota belongs to an account and Region, not to an installation.

The answer is remembered for a minute, so that a burst of starts costs few calls. Copies that several installations
start within that minute can exceed the quota.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from secondhop.application.origin import JOB_HISTORY, LIVE
from secondhop.application.ports import Backup, ChainStore
from secondhop.application.recent import Recent
from secondhop.application.work import JobNews
from secondhop.domain.arn import Site
from secondhop.domain.chain import Chain
from secondhop.domain.first_hop import is_stuck
from secondhop.domain.hop import Hop
from secondhop.domain.ledger import SlotRefusal, shared_quota, slot_of
from secondhop.domain.resource_types import RESOURCE_TYPES

LISTING = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Flight:
    """From where to where a copy is made, and the types that it may have: several if AWS's list names none."""

    source_vault_arn: str
    destination_vault_arn: str
    resource_types: tuple[str, ...]

    def is_into(self, site: Site) -> bool:
        return self.destination_vault_arn.split(":")[3:5] == [site.region, site.account]


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherCopies:
    """Counts the copies of others before a start. `in_flight` are the live copy jobs that AWS lists in a site."""

    chains: ChainStore
    in_flight: Recent[Site, Mapping[Flight, int]]

    def refusal(self, chain: Chain, hop: Hop) -> SlotRefusal | None:
        """Why the copies of others leave no slot for a hop's copy. Raises DeniedError or TryAgainError."""
        slot = slot_of(chain, hop)
        others = self._count(chain, hop)
        own = self.chains.lane_use(slot.lane).in_flight if others else None
        return None if own is None else shared_quota(slot, own=own, others=others)

    def _count(self, chain: Chain, hop: Hop) -> int:
        """The copies into the hop's site, except those between the vaults of this chain's hops: they have slots."""
        own = {(chain.source_vault_of(each).arn, each.destination.arn) for each in chain.hops}
        return sum(
            count
            for flight, count in self.in_flight(chain.source_vault_of(hop).site).items()
            if flight.is_into(hop.destination.site)
            and chain.resource_type in flight.resource_types
            and (flight.source_vault_arn, flight.destination_vault_arn) not in own
        )


def other_copies(chains: ChainStore, backup: Backup, now: Callable[[], datetime]) -> OtherCopies:
    """The count, with what a site lists remembered for a minute. Jobs that are stuck do not count."""

    def read(site: Site) -> Counter[Flight]:
        moment = now()
        return Counter(
            Flight(news.source_vault_arn, news.job.destination_vault_arn, _types_of(news))
            for state in LIVE
            for news in backup.jobs_in_state(state, source=site, destination=None, after=moment - JOB_HISTORY)
            if not is_stuck(news.job, news.resource_type, moment)
        )

    # Python 3.11 cannot call a slotted generic by its types (`Recent[...](...)`), so the variable names them.
    recent: Recent[Site, Mapping[Flight, int]] = Recent(read=read, now=now, lifetime=LISTING, keeps=lambda _: True)
    return OtherCopies(chains=chains, in_flight=recent)


def _types_of(news: JobNews) -> tuple[str, ...]:
    if news.resource_type is not None:
        return (news.resource_type,)
    return tuple(each.name for each in RESOURCE_TYPES if f":{each.snapshot_kind}:" in news.job.source)
