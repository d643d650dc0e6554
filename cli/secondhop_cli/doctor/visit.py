"""One examination under way: the installation, the way into its sites, the time; and what several checks look at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from secondhop.domain.arn import Site
from secondhop_cli.doctor.findings import NotChecked, Outcome, UnseenError
from secondhop_cli.doctor.installation import Installation
from secondhop_cli.doctor.sites import Sites

Subject = TypeVar("Subject")
NOT_THERE = ("NoSuchEntity", "NotFoundException", "ResourceNotFoundException")


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What a check is given. `now` is aware, UTC."""

    installation: Installation
    sites: Sites
    now: datetime

    def role(self, site: Site, arn: str) -> Mapping[str, Any] | None:
        """A role of the site's account by its ARN; None if there is none. Raises UnseenError."""
        found = self.sites.ask(site, "iam", "get_role", missing=NOT_THERE, RoleName=arn.rpartition("/")[2])
        return found["Role"] if found and found["Role"]["Arn"] == arn else None

    def organization(self, site: Site) -> str:
        """The id of the account's organization; empty if it is in none. Raises UnseenError."""
        alone = ("AWSOrganizationsNotInUseException",)
        found = self.sites.ask(site, "organizations", "describe_organization", missing=alone)
        return str(found["Organization"]["Id"]) if found else ""

    def vault(self, site: Site, name: str) -> Mapping[str, Any] | None:
        """A vault as ListBackupVaults shows it; DescribeBackupVault answers "denied" for one that is not there."""
        arn = self.installation.vault_arn(site, name)
        listed = self.sites.ask_all(site, "backup", "list_backup_vaults", "BackupVaultList")
        return next((each for each in listed if each["BackupVaultArn"] == arn), None)

    def key(self, arn: str) -> Mapping[str, Any] | None:
        """A key's metadata; None if it does not exist. Raises UnseenError."""
        site = site_of_key(arn)
        found = self.sites.ask(site, "kms", "describe_key", missing=NOT_THERE, KeyId=arn)
        return found["KeyMetadata"] if found else None


def site_of_key(arn: str) -> Site:
    parts = arn.split(":")
    return Site(parts[4], parts[3])


def over(subjects: Iterable[Subject], judge: Callable[[Subject], Iterator[Outcome]]) -> Iterator[Outcome]:
    """Judge each; what cannot be seen of one does not hide the others."""
    for subject in subjects:
        try:
            yield from judge(subject)
        except UnseenError as unseen:
            yield NotChecked(what=unseen.what, reason=unseen.reason)
