"""Sessions of boto3 from the options that commands share: --profile and --region."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ProfileNotFound

from secondhop_cli.ending import UsageError
from secondhop_cli.regions import region_problem


def open_session(profile: str | None) -> Any:
    """A session with a profile, or with the default credentials. Raises UsageError."""
    try:
        return boto3.Session(profile_name=profile)
    except ProfileNotFound as error:
        raise UsageError(f"{error}. List the profiles with: aws configure list-profiles") from error
    except BotoCoreError as error:
        raise UsageError(f"the AWS configuration cannot be used: {error}") from error


def region_of(sessions: Iterable[Any], region: str | None, *, accepts_unknown: bool = False) -> str:
    """The Region that was named, that of the first session that has one, or AWS_REGION. Raises UsageError."""
    of_sessions = next((each.region_name for each in sessions if each.region_name), None)
    # boto3 reads AWS_DEFAULT_REGION, and other SDKs AWS_REGION.
    found = region or of_sessions or os.environ.get("AWS_REGION")
    if found is None:
        raise UsageError("no Region is configured. Name the main stack's with --region eu-west-1, for example.")
    if problem := region_problem("--region", found, accepts_unknown=accepts_unknown):
        raise UsageError(f"{problem}.")
    return str(found)
