"""Checks before a run: the accounts of the profiles, the Regions, the keys and the database. It only reads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from secondhop.adapters.sites import ClientFactory
from secondhop.domain.arn import Site
from secondhop_cli.aws_errors import CALL_ERRORS, explained
from secondhop_cli.ending import UsageError
from secondhop_cli.first_night.aws_clients import AwsClients
from secondhop_cli.first_night.limits import MOST_GIB
from secondhop_cli.first_night.pace import code_of
from secondhop_cli.first_night.settings import Settings

DATABASE = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):rds:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):db:(?P<name>[\w-]+)"
)
KEY = re.compile(r"arn:aws[a-z-]*:kms:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):key/[\w-]+")
REMEDIES = {"workload": "choose another profile with --workload-profile", "backup": "choose one with --backup-profile"}
WORKLOAD, BACKUP = "workload", "backup"


class CheckFailedError(Exception):
    """A check before the run failed. The message is a sentence without a full stop, with what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the user named."""

    database_arn: str
    dr_region: str
    near_key_arn: str
    dr_key_arn: str


def accounts_of(sessions: Mapping[str, ClientFactory], region: str) -> dict[str, ClientFactory]:
    """The sessions by account. Raises CheckFailedError if one has no credentials, or both are of one account."""
    found: dict[str, ClientFactory] = {}
    for word, session in sessions.items():
        try:
            account = AwsClients({word: session})(Site(word, region), "sts").get_caller_identity()["Account"]
        except CALL_ERRORS as error:
            raise CheckFailedError(f"the {word} profile: {explained(error, remedy=REMEDIES[word])}") from error
        if account in found:
            raise CheckFailedError(
                f"both profiles are of account {account}, and two accounts are needed; {REMEDIES[BACKUP]}"
            )
        found[account] = session
    return found


def settings_of(aws: AwsClients, accounts: list[str], wanted: Wanted, run: str) -> Settings:
    """The settings of a run. Raises UsageError for a wrong argument, CheckFailedError for what AWS says."""
    workload, backup = accounts
    named = _parsed(DATABASE, "--database-arn", wanted.database_arn, "a DB instance, not of a cluster")
    if named["account"] != workload:
        raise UsageError(
            f"--database-arn is of account {named['account']}, and the profile of {workload}; {REMEDIES[WORKLOAD]}"
        )
    region = named["region"]
    if region == wanted.dr_region:
        raise UsageError(f"--dr-region is {region}, the database's own Region. Name another one")
    for flag, arn, place in (
        ("--key-arn", wanted.near_key_arn, (backup, region)),
        ("--dr-key-arn", wanted.dr_key_arn, (backup, wanted.dr_region)),
    ):
        key = _parsed(KEY, flag, arn, "a customer managed key")
        if (key["account"], key["region"]) != place:
            raise UsageError(f"{flag} should be of account {place[0]} in {place[1]}, found {arn}")
        _check_key(aws, flag, arn, Site(*place))
    return Settings(
        run=run,
        partition=named["partition"],
        workload=workload,
        backup=backup,
        region=region,
        dr_region=wanted.dr_region,
        database_arn=wanted.database_arn,
        size_gib=_check_database(aws, Site(workload, region), named["name"], wanted.database_arn),
        near_key_arn=wanted.near_key_arn,
        dr_key_arn=wanted.dr_key_arn,
    )


def region_of(database_arn: str) -> str:
    """Raises UsageError for a text that is not the ARN of a DB instance."""
    return _parsed(DATABASE, "--database-arn", database_arn, "a DB instance, not of a cluster")["region"]


def _parsed(pattern: re.Pattern[str], flag: str, text: str, what: str) -> dict[str, str]:
    found = pattern.fullmatch(text)
    if found is None:
        raise UsageError(f"{flag} should be the ARN of {what}, found {text!r}")
    return found.groupdict()


def _check_key(aws: AwsClients, flag: str, arn: str, site: Site) -> None:
    key = _read(lambda: aws(site, "kms").describe_key(KeyId=arn)["KeyMetadata"], f"{flag} {arn}")
    if not key["Enabled"] or key["KeyManager"] != "CUSTOMER":
        raise CheckFailedError(f"{flag} {arn} is {key['KeyState']}; name an enabled customer managed key")


def _check_database(aws: AwsClients, site: Site, name: str, arn: str) -> int:
    """The storage of the database in GiB. Raises CheckFailedError for one that is large or cannot be copied."""
    found = _read(lambda: aws(site, "rds").describe_db_instances(DBInstanceIdentifier=name), f"the database {arn}")
    database: dict[str, Any] = found["DBInstances"][0]
    size = int(database["AllocatedStorage"])
    if size > MOST_GIB:
        raise CheckFailedError(f"{arn} has {size} GiB, and the limit is {MOST_GIB}; name a smaller database")
    if database["DBInstanceStatus"] != "available":
        raise CheckFailedError(f"{arn} is {database['DBInstanceStatus']}; wait until it is available")
    if "KmsKeyId" not in database or database.get("DBClusterIdentifier"):
        raise CheckFailedError(
            f"{arn} is not encrypted, or is an instance of a cluster; name an instance that is encrypted with a "
            "customer managed key"
        )
    _check_source_key(aws, site, database["KmsKeyId"])
    return size


def _check_source_key(aws: AwsClients, site: Site, arn: str) -> None:
    key = _read(lambda: aws(site, "kms").describe_key(KeyId=arn)["KeyMetadata"], f"the database's key {arn}")
    if key["KeyManager"] != "CUSTOMER":
        raise CheckFailedError(
            f"the database's key {arn} is managed by AWS and cannot be shared; name another database"
        )


def _read(call: Any, what: str) -> dict[str, Any]:
    """The answer of a call. Raises CheckFailedError with the error in words."""
    try:
        answer: dict[str, Any] = call()
    except ClientError as error:
        if code_of(error) in ("DBInstanceNotFound", "NotFoundException"):
            raise CheckFailedError(f"{what} does not exist; check the ARN") from error
        raise CheckFailedError(f"{what} cannot be read: {explained(error, remedy=REMEDIES[WORKLOAD])}") from error
    return answer
