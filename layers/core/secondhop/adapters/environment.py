"""The installation's settings, from the environment that the template gives to every function.

Everything that is wrong is named at once, each with the template's parameter to change.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from secondhop.domain import patience
from secondhop.domain.arn import ACCOUNT, VAULT_NAME, Arn, Site, Vault
from secondhop.domain.errors import MalformedError, SettingsError
from secondhop.domain.resource_types import BY_NAME, CLUSTERS, INSTANCES
from secondhop.domain.route import (
    FirstHops,
    Leg,
    Retention,
    Route,
    VaultLock,
    problems_of,
)

REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-[0-9]")
PREFIX = "SECONDHOP_"
# A copy's retention, by the API's limits: 1 day to 100 years.
LONGEST_RETENTION_DAYS = 36500


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of one installation. `operator_role_arn` is empty where the stack acts by its own role."""

    table: str
    work_queue_url: str
    dead_letter_queue_url: str
    topic_arn: str
    stack_version: str
    stack_account: str
    operator_role_arn: str
    external_id: str
    observe_only: bool
    routes: tuple[Route, ...]


@dataclass(slots=True)
class _Reader:
    """Reads variables and collects what is wrong with them."""

    environ: Mapping[str, str]
    problems: list[str] = field(default_factory=list)

    def text(self, variable: str, parameter: str, *, pattern: re.Pattern[str] | None = None) -> str:
        value = self.environ.get(PREFIX + variable, "")
        if not value:
            self.problems.append(f"{PREFIX}{variable} is missing (parameter {parameter})")
        elif pattern is not None and not pattern.fullmatch(value):
            self.problems.append(f"{parameter} is {value!r}, which is not of the form {pattern.pattern}")
        return value

    def number(self, variable: str, parameter: str, *, least: int, most: int) -> int:
        value = self.environ.get(PREFIX + variable, "")
        if not value.isdecimal() or not least <= int(value) <= most:
            self.problems.append(f"{parameter} is {value!r}; it should be a whole number from {least} to {most}")
            return least
        return int(value)

    def flag(self, variable: str, parameter: str) -> bool:
        value = self.environ.get(PREFIX + variable, "false")
        if value not in ("true", "false"):
            self.problems.append(f"{parameter} is {value!r}; it should be true or false")
        return value == "true"

    def lock(self, variable: str, parameter: str) -> VaultLock:
        value = self.environ.get(PREFIX + variable, "")
        if value not in list(VaultLock):
            self.problems.append(f"{parameter} is {value!r}; it should be one of: {', '.join(VaultLock)}")
            return VaultLock.COMPLIANCE
        return VaultLock(value)

    def names(self, variable: str, parameter: str, *, known: Callable[[str], bool], what: str) -> tuple[str, ...]:
        values = tuple(each.strip() for each in self.environ.get(PREFIX + variable, "").split(",") if each.strip())
        self.problems += [f"{parameter} names {each!r}, which is no {what}" for each in values if not known(each)]
        return values

    def role(self, variable: str, parameter: str, *, account: str) -> str:
        value = self.text(variable, parameter)
        try:
            arn = Arn.parse(value) if value else None
        except MalformedError as error:
            self.problems.append(f"{parameter}: {error}")
            return value
        if arn is not None and (arn.service, arn.account) != ("iam", account):
            self.problems.append(f"{parameter} is {value!r}; it should be an IAM role of account {account}")
        return value


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Read everything. Raises SettingsError, which lists every problem."""
    reader = _Reader(environ)
    route = _route(reader)
    backup_account = environ.get(f"{PREFIX}BACKUP_ACCOUNT", "")
    stack_account = reader.text("STACK_ACCOUNT", "none: the stack's own account", pattern=ACCOUNT)
    is_hub = stack_account == backup_account
    operator_role_arn = environ.get(f"{PREFIX}OPERATOR_ROLE_ARN", "")
    if not is_hub or operator_role_arn:
        operator_role_arn = reader.role("OPERATOR_ROLE_ARN", "OperatorRoleArn", account=backup_account)
    settings = Settings(
        table=reader.text("TABLE", "none: the stack's own table"),
        work_queue_url=reader.text("WORK_QUEUE_URL", "none: the stack's own queue"),
        dead_letter_queue_url=reader.text("DEAD_LETTER_QUEUE_URL", "none: the stack's own dead-letter queue"),
        topic_arn=reader.text("TOPIC_ARN", "none: the stack's own topic"),
        stack_version=environ.get(f"{PREFIX}STACK_VERSION", "unknown"),
        stack_account=stack_account,
        operator_role_arn=operator_role_arn,
        external_id=environ.get(f"{PREFIX}EXTERNAL_ID", ""),
        observe_only=reader.flag("OBSERVE_ONLY", "ObserveOnly"),
        routes=(route,),
    )
    timeout = reader.number("FUNCTION_TIMEOUT_SECONDS", "none: the functions' Timeout", least=1, most=900)
    if timedelta(seconds=2 * timeout) >= patience.FENCE:
        reader.problems.append(f"the functions' Timeout is {timeout} s; two of them outlast the fence {patience.FENCE}")
    problems = (*reader.problems, *_contradictions(route), *(problems_of(route) if not reader.problems else ()))
    if problems:
        raise SettingsError(tuple(dict.fromkeys(problems)))
    return settings


def _route(reader: _Reader) -> Route:
    """The default route: one watched vault, one hop into the DR vault."""
    partition = reader.environ.get(f"{PREFIX}PARTITION", "aws")
    account = reader.text("BACKUP_ACCOUNT", "BackupAccountId", pattern=ACCOUNT)
    region = reader.text("WORKLOAD_REGION", "none: the stack's own Region", pattern=REGION)
    watched = reader.text("WATCHED_VAULT", "WatchedVaultName", pattern=VAULT_NAME)
    leg = Leg(
        name="to-dr",
        reads_from=None,
        destination=Vault(
            partition,
            Site(account, reader.text("DR_REGION", "DrRegion", pattern=REGION)),
            reader.text("DR_VAULT", "DrVaultName", pattern=VAULT_NAME),
        ),
        copy_role_arn=reader.role("COPY_ROLE_ARN", "CopyRoleArn", account=account),
        retention=_retention(reader),
        vault_lock=reader.lock("DR_VAULT_LOCK", "DrVaultLock"),
    )
    types = reader.names("RESOURCE_TYPES", "ResourceTypes", known=BY_NAME.__contains__, what="type of ours")
    accounts = reader.names("WORKLOAD_ACCOUNTS", "WorkloadAccountIds", known=_is_account, what="account id")
    return Route(
        name=reader.text("ROUTE_NAME", "RouteName", pattern=re.compile(r"[a-zA-Z0-9\-]{1,40}")),
        watched=Vault(partition, Site(account, region), watched),
        workload_accounts=frozenset(accounts or (reader.environ.get(f"{PREFIX}STACK_ACCOUNT", ""),)),
        workload_region=region,
        resource_types=frozenset(types or BY_NAME),
        legs=(leg,),
        keep=_keep(reader),
        limits=_limits(reader),
        allow_unencrypted=reader.flag("ALLOW_UNENCRYPTED", "AllowUnencrypted"),
        first_hops=_first_hops(reader, backup_account=account, region=region),
    )


def _first_hops(reader: _Reader, *, backup_account: str, region: str) -> FirstHops | None:
    """First hops are watched where the stack runs in the workload account, which they start in."""
    own_account = reader.environ.get(f"{PREFIX}STACK_ACCOUNT", "")
    if own_account == backup_account:
        return None
    role = f"{PREFIX}FIRST_HOP_ROLE_ARN"
    return FirstHops(
        site=Site(own_account, region),
        role_arn=reader.role("FIRST_HOP_ROLE_ARN", "FirstHopRoleArn", account=own_account)
        if reader.environ.get(role)
        else "",
        retention_days=reader.number(
            "FIRST_HOP_RETENTION_DAYS", "FirstHopRetentionDays", least=1, most=LONGEST_RETENTION_DAYS
        ),
    )


def _retention(reader: _Reader) -> Retention:
    most = LONGEST_RETENTION_DAYS
    return Retention(
        days=reader.number("RETENTION_DAYS", "RetentionDays", least=1, most=most),
        floor_days=reader.number("RETENTION_FLOOR_DAYS", "MinimumRetentionDays", least=1, most=most),
        ceiling_days=reader.number("RETENTION_CEILING_DAYS", "MaximumRetentionDays", least=1, most=most),
        minimum_remaining_days=reader.number("MINIMUM_REMAINING_DAYS", "MinimumRemainingDays", least=1, most=most),
    )


def _keep(reader: _Reader) -> dict[str, int]:
    """Newest arrivals to keep per type; "all" leaves the type out, and its arrivals expire by themselves."""
    keep: dict[str, int] = {}
    for variable, parameter, types in (
        ("KEEP_RDS", "KeepRdsIntermediates", (INSTANCES,)),
        ("KEEP_CLUSTERS", "KeepClusterIntermediates", CLUSTERS),
    ):
        if reader.environ.get(PREFIX + variable) != "all":
            keep |= dict.fromkeys((each.name for each in types), reader.number(variable, parameter, least=0, most=1000))
    return keep


def _limits(reader: _Reader) -> dict[str, int]:
    most = min(each.copies_in_flight for each in CLUSTERS)
    instances = reader.number("LIMIT_RDS", "MaximumRdsCopies", least=1, most=INSTANCES.copies_in_flight)
    clusters = reader.number("LIMIT_CLUSTERS", "MaximumClusterCopies", least=1, most=most)
    return {INSTANCES.name: instances, **dict.fromkeys((each.name for each in CLUSTERS), clusters)}


def _is_account(text: str) -> bool:
    return ACCOUNT.fullmatch(text) is not None


def _contradictions(route: Route) -> tuple[str, ...]:
    """Settings that are each in order and cannot be meant together."""
    found: list[str] = []
    leg = route.legs[0]
    retention = leg.retention
    if route.watched.site.region and leg.destination.site.region == route.watched.site.region:
        found.append(f"DrRegion is {leg.destination.site.region}, the stack's own Region; a second hop leads elsewhere")
    # "The account's Default vault cannot be the destination of a cross-account copy" (create-cross-account-backup).
    for name, parameter in ((route.watched.name, "WatchedVaultName"), (leg.destination.name, "DrVaultName")):
        if name.lower() == "default":
            found.append(f"{parameter} is the vault Default, which cannot receive copies from another account")
    if route.watched.site.account in route.workload_accounts:
        found.append(
            f"WorkloadAccountIds names the backup account {route.watched.site.account}, whose own backups in the "
            "watched vault would be taken for copies, and released"
        )
    if not retention.floor_days <= retention.days <= retention.ceiling_days:
        found.append(
            f"RetentionDays is {retention.days}, outside of MinimumRetentionDays {retention.floor_days} "
            f"and MaximumRetentionDays {retention.ceiling_days}"
        )
    if retention.minimum_remaining_days >= retention.days:
        found.append(
            f"MinimumRemainingDays is {retention.minimum_remaining_days}, so that no copy of {retention.days} days "
            "(RetentionDays) would ever be made"
        )
    return tuple(found)
