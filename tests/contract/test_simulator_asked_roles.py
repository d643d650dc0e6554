"""Which roles AWS Backup asks for a right when it copies across Regions, and when a recovery point expires."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from backup_simulator import DescribesBackupKey, UnknownBehaviour
from tests.simulated_place import ALL, DR, HOME, SERVICE, A, Journey, Place

BY_ALIAS = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/aws/backup"}}
STARTS = ["backup:StartCopyJob", "iam:PassRole", "backup:CopyFromBackupVault"]
REFUSED = "is not authorized to perform: kms:DescribeKey"


def describes(region: str = "*", **more: Any) -> dict[str, Any]:
    """Everything, with kms:DescribeKey on the keys of a Region only."""
    others = {"Effect": "Allow", "NotAction": "kms:DescribeKey", "Resource": "*"}
    keys = {"Effect": "Allow", "Action": "kms:DescribeKey", "Resource": f"arn:aws:kms:{region}:{A}:key/*", **more}
    return {"Statement": [others, keys]}


def outcome(who: DescribesBackupKey, *, passed: dict[str, Any] = ALL, caller: dict[str, Any] = ALL) -> str:
    """What becomes of a copy into another Region: the message of its failure, or COMPLETED."""
    journey = Journey(unknown=UnknownBehaviour(initiator_describes_aws_backup_key=who))
    journey.target = journey.far.create_vault("beyond", key_arn=journey.far.create_key())
    # The source is under a key whose own policy lets the passed role describe it and grant its use.
    account = journey.world.account(A)
    journey.role = account.create_role("passed", trust=SERVICE, policies=[passed])
    role = account.create_role("caller", trust=SERVICE, policies=[caller])
    key = {"Effect": "Allow", "Principal": {"AWS": [A, journey.role]}, "Action": "kms:*", "Resource": "*"}
    journey.source_key.policy = {"Statement": [key]}
    journey.client = journey.world.session(A, role, HOME).client("backup")
    return journey.outcome()


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (describes(Condition=BY_ALIAS), "COMPLETED"),
        (describes(), "COMPLETED"),
        (describes(HOME, Condition=BY_ALIAS), REFUSED),
        (describes(DR, Condition=BY_ALIAS), REFUSED),
        (describes(Condition={"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/mine"}}), REFUSED),
    ],
)
def test_the_passed_role_must_be_allowed_to_describe_the_key_aws_backup_in_both_regions(
    policy: dict[str, Any], expected: str
) -> None:
    assert expected in outcome(DescribesBackupKey.PASSED_ROLE, passed=policy)


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        (DescribesBackupKey.NOBODY, "COMPLETED"),
        (DescribesBackupKey.PASSED_ROLE, "COMPLETED"),
        (DescribesBackupKey.CALLER_TOO, f"role/caller {REFUSED}"),
    ],
)
def test_whether_the_caller_must_be_allowed_too_is_a_switch(who: DescribesBackupKey, expected: str) -> None:
    starts = {"Statement": [{"Effect": "Allow", "Action": [*STARTS, "backup:DescribeCopyJob"], "Resource": "*"}]}

    assert expected in outcome(who, caller=starts)


def test_nobody_needs_it_where_the_switch_says_so() -> None:
    assert outcome(DescribesBackupKey.NOBODY, passed=describes(DR, Condition=BY_ALIAS)) == "COMPLETED"


def test_a_copy_within_a_region_needs_no_such_right() -> None:
    journey = Journey(unknown=UnknownBehaviour(initiator_describes_aws_backup_key=DescribesBackupKey.CALLER_TOO))
    journey.world.roles[journey.role].policies = (describes("nowhere"),)
    key = {"Effect": "Allow", "Principal": {"AWS": journey.role}, "Action": "kms:*", "Resource": "*"}
    assert journey.source_key.policy is not None
    journey.source_key.policy = {"Statement": [*journey.source_key.policy["Statement"], key]}

    assert journey.outcome() == "COMPLETED"


def test_a_condition_on_aliases_admits_the_managed_key_only() -> None:
    place = Place()
    role = place.world.account(A).create_role("looker", trust=SERVICE, policies=[describes(Condition=BY_ALIAS)])
    kms = place.world.session(A, role, HOME).client("kms")
    place.client.create_backup_vault(BackupVaultName="of-the-managed-key")
    managed = place.client.describe_backup_vault(BackupVaultName="of-the-managed-key")["EncryptionKeyArn"]

    assert kms.describe_key(KeyId=managed)["KeyMetadata"]["KeyManager"] == "AWS"
    with pytest.raises(ClientError, match="not authorized to perform: kms:DescribeKey"):
        kms.describe_key(KeyId=place.point.key_arn)


def expired(policy: dict[str, Any] | None, *, asks: bool) -> list[str]:
    """The statuses of the points that are left when their time is over; no policy is a role that was deleted."""
    place = Place(unknown=UnknownBehaviour(expiry_asks_the_makers_role=asks))
    maker = place.world.account(A).create_role("maker", trust=SERVICE, policies=[ALL])
    place.copy(IamRoleArn=maker, Lifecycle={"DeleteAfterDays": 2})
    place.world.run_for(timedelta(days=1))
    if policy is None:
        place.world.account(A).delete_role(maker)
    else:
        place.world.roles[maker].policies = (policy,)
    place.world.run_for(timedelta(days=2))
    return [point.status for point in place.world.recovery_points() if point.vault_arn == place.target]


DELETES = {
    "Statement": [{"Effect": "Allow", "Action": "rds:DeleteDBSnapshot", "Resource": "arn:aws:rds:*:*:snapshot:*"}]
}
NOTHING: dict[str, Any] = {"Statement": []}


@pytest.mark.parametrize(("policy", "left"), [(DELETES, []), (NOTHING, ["EXPIRED"]), (None, ["EXPIRED"])])
def test_an_expired_point_stays_where_the_role_that_made_it_may_not_delete_any_more(
    policy: dict[str, Any] | None, left: list[str]
) -> None:
    assert expired(policy, asks=True) == left


@pytest.mark.parametrize("policy", [NOTHING, None])
def test_elsewhere_the_service_linked_role_lets_a_point_expire(policy: dict[str, Any] | None) -> None:
    assert expired(policy, asks=False) == []


def test_the_role_of_another_account_is_not_asked_when_a_copy_expires() -> None:
    journey = Journey(unknown=UnknownBehaviour(expiry_asks_the_makers_role=True))
    journey.copy(Lifecycle={"DeleteAfterDays": 2})
    journey.world.run_for(timedelta(days=1))
    journey.world.account(A).delete_role(journey.role)
    journey.world.run_for(timedelta(days=2))

    assert [point for point in journey.world.recovery_points() if point.vault_arn == journey.target] == []
