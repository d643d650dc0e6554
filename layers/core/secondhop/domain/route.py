"""A route: what to do with an arrival in a watched vault. Plain data; the engine takes sequences and fan-out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from secondhop.domain.arn import Arn, Site, Vault
from secondhop.domain.errors import MalformedError
from secondhop.domain.resource_types import RESOURCE_TYPES

# AWS's quotas of copies in progress, by resource type.
COPY_QUOTAS: Mapping[str, int] = {each.name: each.copies_in_flight for each in RESOURCE_TYPES}

ARRIVAL = "arrival"
"""The name of the chain's own recovery point among the intermediates."""


class VaultLock(StrEnum):
    """How a vault is locked, each more than the one before (devguide/vault-lock).

    A governance lock can be removed with the right permission; a compliance lock, after its date, cannot.
    """

    NONE = "none"
    GOVERNANCE = "governance"
    COMPLIANCE = "compliance"


class RouteKind(StrEnum):
    """What a route's chains are about.

    ARRIVALS: copies out of the watched vault, and the release of what was copied. FIRST_HOPS: copies into it, which
    backup plans start. Their recovery points are original backups, and are never released.
    """

    ARRIVALS = "ARRIVALS"
    FIRST_HOPS = "FIRST_HOPS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long a copy made by a leg lives, in whole days from the creation of the original backup."""

    days: int
    floor_days: int
    ceiling_days: int
    minimum_remaining_days: int

    def chosen_days(self) -> int:
        """Days for `DeleteAfterDays`, never outside of the floor and the ceiling, never -1 (which inherits)."""
        return max(self.floor_days, min(self.days, self.ceiling_days))

    def of_days(self, days: int | None) -> Retention:
        """The same floor and ceiling with other days; None changes nothing."""
        return self if days is None else replace(self, days=days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One hop of a route: from the arrival (`reads_from` None) or from another leg's copy, into a vault.

    `vault_lock` is the least lock that the vault must have for a copy to count as verified.
    """

    name: str
    reads_from: str | None
    destination: Vault
    copy_role_arn: str
    retention: Retention
    vault_lock: VaultLock = VaultLock.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstHops:
    """How copies into the watched vault are followed, which backup plans of a workload site start.

    With `role_arn` empty they are only watched. `retention_days` is used if a failed job does not name its own.
    """

    site: Site
    role_arn: str
    retention_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """What to do with an arrival in `watched`.

    `keep` says per resource type how many of the newest arrivals of a database stay in the watched vault. With an
    absent type, all of them stay until they expire. `limits` says how many copies may be in flight per resource type
    and destination site. `serves` is the name of the route for which a route of first hops exists.
    """

    name: str
    watched: Vault
    workload_accounts: frozenset[str]
    workload_region: str
    resource_types: frozenset[str]
    legs: tuple[Leg, ...]
    keep: Mapping[str, int] = field(default_factory=dict)
    limits: Mapping[str, int] = field(default_factory=lambda: dict(COPY_QUOTAS))
    allow_unencrypted: bool = False
    kind: RouteKind = RouteKind.ARRIVALS
    serves: str | None = None
    first_hops: FirstHops | None = None

    @property
    def switch(self) -> str:
        """The name under which an operator pauses this route; first hops stop with the route that they serve."""
        return self.serves or self.name

    def refusal(self, *, database_arn: str, resource_type: str, source_vault_arn: str | None = None) -> str | None:
        """Why this route does not claim a point of this database, or None if it does.

        A final copy that a person copied back, to restore from it, is neither copied again nor released.
        """
        database = Arn.parse(database_arn)
        if resource_type not in self.resource_types:
            return f"resource type {resource_type} is not one of this route"
        if database.account not in self.workload_accounts:
            return f"its database belongs to account {database.account}, which this route does not serve"
        if database.region != self.workload_region:
            return f"its database is in {database.region}, which this route does not serve"
        if source_vault_arn is not None and self.is_within_backup_account(source_vault_arn):
            return f"it was copied back from {source_vault_arn}, and belongs to the person who did that"
        return None

    def is_within_backup_account(self, source_vault_arn: str) -> bool:
        """Whether a vault is in the watched vault's account, in any Region: only people make copies out of it."""
        try:
            return Vault.parse(source_vault_arn).site.account == self.watched.site.account
        except MalformedError:
            return False

    def leg(self, name: str) -> Leg | None:
        return next((leg for leg in self.legs if leg.name == name), None)

    def limit(self, resource_type: str) -> int:
        return self.limits.get(resource_type, COPY_QUOTAS.get(resource_type, 1))

    def intermediates(self) -> tuple[tuple[str, Vault], ...]:
        """Name and vault of every point that exists only to be copied onward, the arrival first."""
        read = {leg.reads_from for leg in self.legs}
        onward = tuple((leg.name, leg.destination) for leg in self.legs if leg.name in read)
        return ((ARRIVAL, self.watched), *onward) if self.kind is RouteKind.ARRIVALS else onward

    def sites(self) -> frozenset[Site]:
        return frozenset({self.watched.site, *(leg.destination.site for leg in self.legs)})


def problems_of(route: Route) -> tuple[str, ...]:
    """Everything about a route's shape that would make it unsafe or impossible to follow."""
    found: list[str] = []
    seen: set[str | None] = {None}
    for leg in route.legs:
        if leg.reads_from not in seen:
            found.append(f"leg {leg.name} reads from {leg.reads_from}, which is no earlier leg")
        if leg.name in seen or leg.name == ARRIVAL:
            found.append(f"leg name {leg.name} is used twice")
        seen.add(leg.name)
    vaults = [route.watched, *(leg.destination for leg in route.legs)]
    found += [f"vault {vault} is used twice" for vault in dict.fromkeys(vaults) if vaults.count(vault) > 1]
    if not route.legs:
        found.append("a route needs at least one leg")
    return tuple(found)
