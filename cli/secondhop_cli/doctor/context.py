"""What every check receives: the main stack, the API calls, the time, and reads that several checks share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from secondhop.domain.arn import Site
from secondhop_cli.doctor.api_calls import ApiCalls
from secondhop_cli.doctor.findings import NotChecked, NotCheckedError, Outcome
from secondhop_cli.doctor.main_stack import MainStack

Subject = TypeVar("Subject")
NOT_FOUND = ("NoSuchEntity", "NotFoundException", "ResourceNotFoundException")


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckContext:
    """What a check receives. `now` is aware, UTC."""

    main_stack: MainStack
    api: ApiCalls
    now: datetime

    def role(self, site: Site, arn: str) -> Mapping[str, Any] | None:
        """The role of the site's account with this ARN, or None. Raises NotCheckedError."""
        found = self.api.call(site, "iam", "get_role", missing=NOT_FOUND, RoleName=arn.rpartition("/")[2])
        return found["Role"] if found and found["Role"]["Arn"] == arn else None

    def organization(self, site: Site) -> str:
        """The id of the account's organization; empty if it is in none. Raises NotCheckedError."""
        no_organization = ("AWSOrganizationsNotInUseException",)
        found = self.api.call(site, "organizations", "describe_organization", missing=no_organization)
        return str(found["Organization"]["Id"]) if found else ""

    def vault(self, site: Site, name: str) -> Mapping[str, Any] | None:
        """A vault from ListBackupVaults, or None. DescribeBackupVault denies access to a vault that does not exist."""
        arn = self.main_stack.vault_arn(site, name)
        listed = self.api.list_all(site, "backup", "list_backup_vaults", "BackupVaultList")
        return next((each for each in listed if each["BackupVaultArn"] == arn), None)

    def key(self, arn: str) -> Mapping[str, Any] | None:
        """A key's metadata; None if it does not exist. Raises NotCheckedError."""
        site = site_of_key(arn)
        found = self.api.call(site, "kms", "describe_key", missing=NOT_FOUND, KeyId=arn)
        return found["KeyMetadata"] if found else None


def site_of_key(arn: str) -> Site:
    parts = arn.split(":")
    return Site(parts[4], parts[3])


def for_each(subjects: Iterable[Subject], check: Callable[[Subject], Iterator[Outcome]]) -> Iterator[Outcome]:
    """Check each subject. If one cannot be read, the others are still checked."""
    for subject in subjects:
        try:
            yield from check(subject)
        except NotCheckedError as not_checked:
            yield NotChecked(what=not_checked.what, reason=not_checked.reason)
