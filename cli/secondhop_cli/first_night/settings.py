"""The settings of one run: accounts, Regions, keys, the database, and the names of what the run makes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Self

from secondhop.domain.arn import Site

PREFIX = "second-hop-first-night"
# The path of every role that a run makes. The policies on the page name it.
PATH = f"/{PREFIX}/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a run works with. `run` is in the name of everything that it makes."""

    run: str
    partition: str
    workload: str
    backup: str
    region: str
    dr_region: str
    database_arn: str
    size_gib: int
    near_key_arn: str
    dr_key_arn: str

    @property
    def origin(self) -> Site:
        """Where the database and its backup are."""
        return Site(self.workload, self.region)

    @property
    def near(self) -> Site:
        """Where first hops arrive."""
        return Site(self.backup, self.region)

    @property
    def far(self) -> Site:
        """Where second hops arrive."""
        return Site(self.backup, self.dr_region)

    @property
    def sites(self) -> tuple[Site, Site, Site]:
        return self.origin, self.near, self.far

    @property
    def vault(self) -> str:
        """The name of the vault that the run makes at each site."""
        return f"{PREFIX}-{self.run}"

    def vault_arn(self, site: Site) -> str:
        return f"arn:{self.partition}:backup:{site.region}:{site.account}:backup-vault:{self.vault}"

    def role_name(self, name: str) -> str:
        return f"{PREFIX}-{self.run}-{name}"

    def role_arn(self, account: str, name: str) -> str:
        return f"arn:{self.partition}:iam::{account}:role{PATH}{self.role_name(name)}"

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of_json(cls, stored: dict[str, Any]) -> Self:
        """Raises TypeError for other fields."""
        return cls(**stored)
