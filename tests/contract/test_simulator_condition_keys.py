"""Requests carry the condition keys of their resource; the use of a key, its Region and its caller's account too."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from backup_simulator import World, texts
from tests.simulated_place import DR, HOME, SERVICE, A, B, Journey, Place

OTHER = "o-another000"


def when(**conditions: str) -> dict[str, Any]:
    """A policy that allows everything under conditions."""
    tests = {name.replace("_", ":", 1): value for name, value in conditions.items()}
    condition = {"StringEquals": tests}
    return {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}]}


@pytest.mark.parametrize(
    ("condition", "is_allowed"),
    [
        ({"aws_ResourceAccount": A}, True),
        ({"aws_ResourceAccount": B}, False),
        ({"aws_ResourceOrgID": "o-simulated0"}, True),
        ({"aws_ResourceOrgID": OTHER}, False),
    ],
)
def test_a_caller_is_allowed_by_the_account_and_organization_of_the_resource(
    condition: dict[str, str], *, is_allowed: bool
) -> None:
    world = World()
    site = world.site(A, HOME)
    site.create_vault("near", key_arn=site.create_key())
    caller = world.account(A).create_role("caller", trust=SERVICE, policies=[when(**condition)])
    client = world.session(A, caller, HOME).client("backup")
    calls: tuple[Callable[[], object], ...] = (
        lambda: client.describe_backup_vault(BackupVaultName="near"),
        client.list_backup_vaults,
    )
    for call in calls:
        if is_allowed:
            call()
            continue
        with pytest.raises(ClientError, match="AccessDenied"):
            call()


def test_the_organization_of_a_resource_is_that_of_its_account_now() -> None:
    world = World()
    site = world.site(A, HOME)
    site.create_vault("near", key_arn=site.create_key())
    policy = when(aws_ResourceOrgID="o-simulated0")
    caller = world.account(A).create_role("caller", trust=SERVICE, policies=[policy])
    client = world.session(A, caller, HOME).client("backup")
    client.describe_backup_vault(BackupVaultName="near")
    world.account(A).join_organization(OTHER)
    with pytest.raises(ClientError, match="AccessDenied"):
        client.describe_backup_vault(BackupVaultName="near")


@pytest.mark.parametrize(("owner", "message"), [(B, ""), (A, texts.VAULT_POLICY)])
def test_a_vault_policy_sees_its_own_account_as_the_resources(owner: str, message: str) -> None:
    journey = Journey()
    allow = when(aws_ResourceAccount=owner)["Statement"][0]
    journey.destination.policy = {"Statement": [{**allow, "Principal": "*", "Action": "backup:CopyIntoBackupVault"}]}
    job_id = journey.copy()
    journey.world.run_for(timedelta(hours=6))

    assert journey.job(job_id).get("StatusMessage", "") == message


@pytest.mark.parametrize(
    ("key", "value", "is_allowed"),
    [
        ("aws:RequestedRegion", HOME, True),
        ("aws:RequestedRegion", DR, False),
        ("kms:CallerAccount", [A, B], True),
        ("kms:CallerAccount", [A], False),
        ("aws:ResourceAccount", A, True),
        ("aws:ResourceAccount", B, False),
    ],
)
def test_a_key_policy_sees_region_account_and_caller(key: str, value: Any, *, is_allowed: bool) -> None:
    journey = Journey()
    condition = {"StringEquals": {key: value}}
    statement = {"Effect": "Allow", "Principal": {"AWS": [A, B]}, "Action": "kms:*", "Resource": "*"}
    journey.source_key.policy = {"Statement": [{**statement, "Condition": condition}]}
    job_id = journey.copy()
    journey.world.run_for(timedelta(hours=6))

    assert (journey.job(job_id)["State"] == "COMPLETED") is is_allowed


@pytest.mark.parametrize(("account", "is_allowed"), [(A, True), (B, False)])
def test_an_identity_policy_about_kms_sees_the_callers_account(account: str, *, is_allowed: bool) -> None:
    place = Place()
    policies = [when(kms_CallerAccount=account)]
    caller = place.world.account(A).create_role("caller", trust=SERVICE, policies=policies)
    kms = place.world.session(A, caller, HOME).client("kms")
    if is_allowed:
        assert kms.describe_key(KeyId=place.point.key_arn)
        return
    with pytest.raises(ClientError, match="AccessDenied"):
        kms.describe_key(KeyId=place.point.key_arn)
