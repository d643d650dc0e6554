"""The doctor foresees each misconfiguration before the copy fails of it, and sees that it was mended."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from backup_simulator import UnknownBehaviour, texts
from tests.contract.test_simulator_failures import CASES, Case
from tests.misconfigurations import EXPIRY, add_to_the_role, may_not, without_the_key_of_aws_backup
from tests.simulated_place import ALL, HOME
from tests.staged_journey import FirstHop, SecondHop, StagedJourney

ELSEWHERE = {"StringNotEquals": {"aws:RequestedRegion": HOME}}
# The functions of a staged journey start nothing.
LOOKS_ON = {"observe-only"}
IN_HOME_ONLY = {"Statement": [{"Effect": "Deny", "Action": "rds:*", "Resource": "*", "Condition": ELSEWHERE}]}
FIRST_HOP = {
    "another organization": "organization-differs",
    "cross-account backup is off": "cross-account-off",
    "the vault has no policy": "vault-denies-copies",
    "the vault is Default": "vault-is-default",
    "the vault's key is aws/backup": "vault-key-is-managed",
    "the source's key is aws/rds": "database-key-is-managed",
    "the source's key does not admit the destination": "key-denies-service-role",
    "the source's key admits it via a service only": "key-denies-service-role",
    "the source's key is gone": "key-missing",
    "the source's key admits the other account and not its own": "key-denies-role",
    "the source's key wants every use to be for a grant": "key-denies-service-role",
    "the destination's key is aws/rds": "vault-key-is-managed",
    "a boundary bounds the role": "role-lacks-permission",
    "the organization's policies deny the copy": "role-lacks-permission",
    "the source's key is disabled": "key-not-enabled",
    "the destination's key is disabled": "key-not-enabled",
    "a lock wants longer retention": "retention-outside-lock",
    "a lock wants shorter retention": "retention-outside-lock",
    "an option group": "database-has-bound-options",
    "more than 50 tags": "database-has-too-many-tags",
    "the role may not list tags": "role-lacks-permission",
    "the role may not copy snapshots": "role-lacks-permission",
    "the role may not share snapshots": "role-lacks-permission",
    "the role may not copy out": "role-lacks-permission",
    "the role may not copy in": "role-lacks-permission",
    "the role may not grant the key": "key-denies-role",
    "no service-linked role in the destination": "service-linked-role-missing",
}
# What fails inside one account as well; the others are about two accounts.
SECOND_HOP = (
    "the vault's key is aws/backup",
    "the source's key does not admit the destination",
    "the source's key admits it via a service only",
    "the source's key is gone",
    "the source's key wants every use to be for a grant",
    "the source's key is disabled",
    "the destination's key is disabled",
    "a lock wants shorter retention",
    "an option group",
    "the role may not list tags",
    "the role may not copy snapshots",
    "the role may not copy out",
    "the role may not copy in",
    "the role may not grant the key",
    "no service-linked role in the destination",
)
NOT_FORESEEN = {
    "too many jobs": "a matter of the moment, not of the installation",
    "the role is deleted before its job begins": "happens after anybody looked",
    "the role is deleted while its job runs": "happens after anybody looked",
    "the source is deleted while it is copied": "happens after anybody looked",
    "a fatal error": "happens inside AWS",
    "a token that expired": "happens inside AWS",
    "the role may act in one Region only": "changes the journey's vault; the second hop's own case is below",
    "a type that is not copied there": "changes the journey's vault",
    "a cluster of three": "changes the recovery point, not the database; tests/unit/doctor has it",
}
HOPS = [
    *(pytest.param(FirstHop, CASES[name], kind, id=f"first hop, {name}") for name, kind in FIRST_HOP.items()),
    *(pytest.param(SecondHop, CASES[name], FIRST_HOP[name], id=f"second hop, {name}") for name in SECOND_HOP),
    pytest.param(
        SecondHop,
        Case(
            breaks=lambda j: setattr(j.destination, "lock", {"MinRetentionDays": 40}),
            words=texts.RETENTION,
            mends=lambda j: setattr(j.destination, "lock", {"MinRetentionDays": 30}),
        ),
        "retention-outside-lock",
        id="second hop, a lock wants longer retention",
    ),
    pytest.param(
        SecondHop,
        Case(
            breaks=lambda j: setattr(j.world.roles[j.role], "policies", (ALL, IN_HOME_ONLY)),
            words="is not authorized to perform: rds:CopyDBSnapshot",
            mends=StagedJourney.allow_all,
        ),
        "role-lacks-permission",
        id="second hop, the role may act in one Region only",
    ),
]


@pytest.mark.parametrize(("hop", "case", "kind"), HOPS)
def test_a_misconfiguration_is_foreseen_before_the_copy_fails_and_gone_when_mended(
    hop: type[StagedJourney], case: Case, kind: str
) -> None:
    journey = hop()
    case.breaks(journey)
    assert kind in journey.clinic.kinds("fails")
    assert journey.clinic.code == 1
    assert case.words in journey.outcome()

    case.mends(journey)
    assert journey.clinic.kinds("fails") == set()
    assert journey.clinic.code == 0
    assert journey.outcome() == "COMPLETED"


def name_the_role_in_the_key(journey: StagedJourney) -> None:
    policy = journey.source_key.policy
    assert policy is not None
    named = {"Effect": "Allow", "Principal": {"AWS": journey.role}, "Resource": "*"}
    use = {**named, "Action": ["kms:DescribeKey", "kms:CreateGrant"]}
    journey.source_key.policy = {**policy, "Statement": [*policy["Statement"], use]}


def is_of_no_key_policy(statement: dict[str, Any]) -> bool:
    """The key aws/backup is AWS's own: only the role's own policy can let the role see it."""
    return "kms:" not in str(statement["Action"]) or "alias/aws/backup" in str(statement)


@pytest.mark.parametrize("hop", [FirstHop, SecondHop])
def test_a_role_that_the_keys_policy_names_needs_no_policy_of_its_own(hop: type[StagedJourney]) -> None:
    journey = hop()
    role = journey.world.roles[journey.role]
    role.policies = tuple(
        {**policy, "Statement": [each for each in policy["Statement"] if is_of_no_key_policy(each)]}
        for policy in role.policies
    )
    assert journey.clinic.kinds("fails") == {"key-denies-role"}
    assert journey.outcome() != "COMPLETED"

    name_the_role_in_the_key(journey)

    assert journey.clinic.kinds("fails") == set()
    assert journey.outcome() == "COMPLETED"


def test_a_copy_role_that_may_not_see_the_key_of_aws_backup_is_foreseen() -> None:
    journey = SecondHop()
    without_the_key_of_aws_backup(journey.stage)
    found = journey.clinic.findings("fails")
    assert {each["kind"] for each in found} == {"role-lacks-permission"}
    assert "is not authorized to perform: kms:DescribeKey" in journey.outcome()

    add_to_the_role("CopyRoleArn")(journey.stage, found)
    assert journey.clinic.kinds() == LOOKS_ON
    assert journey.outcome() == "COMPLETED"


@pytest.mark.parametrize(("is_fixed", "expected"), [(False, {"EXPIRED"}), (True, set())])
def test_a_copy_role_that_may_not_delete_leaves_expired_copies_and_is_found(
    *, is_fixed: bool, expected: set[str]
) -> None:
    journey = SecondHop(unknown=UnknownBehaviour(delete_asks_the_points_role=True))
    may_not("CopyRoleArn", *EXPIRY)(journey.stage)
    found = journey.clinic.findings()
    assert {each["kind"] for each in found} == {"role-cannot-delete-its-copies", *LOOKS_ON}
    journey.retention_days, journey.destination.lock = 2, {"MinRetentionDays": 2}
    assert journey.outcome() == "COMPLETED"
    if is_fixed:
        add_to_the_role("CopyRoleArn")(journey.stage, found)
        assert journey.clinic.kinds() == LOOKS_ON

    journey.world.run_for(timedelta(days=3))

    assert {point.status for point in journey.destination.points.values()} == expected


def test_every_misconfiguration_that_fails_a_copy_is_foreseen_or_said_why_not() -> None:
    assert CASES.keys() == FIRST_HOP.keys() | NOT_FORESEEN.keys()
    assert not FIRST_HOP.keys() & NOT_FORESEEN.keys()
