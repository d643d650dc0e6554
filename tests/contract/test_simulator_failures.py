"""Each failure that AWS words is provoked by what causes it, and goes away when that one thing is mended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from backup_simulator import texts
from tests.simulated_place import OPEN, SHARED, SLR, A, B, Journey


def setting(path: Callable[[Journey], Any], name: str, value: Any) -> Callable[[Journey], None]:
    return lambda journey: setattr(path(journey), name, value)


def policy_of_the_key(journey: Journey) -> dict[str, Any]:
    root = {"Effect": "Allow", "Principal": {"AWS": A}, "Action": "kms:*", "Resource": "*"}
    use = ["kms:CreateGrant", "kms:Decrypt", "kms:GenerateDataKey*", "kms:DescribeKey"]
    via = {"StringEquals": {"kms:ViaService": "rds.eu-west-1.amazonaws.com"}}
    foreign = {"Effect": "Allow", "Principal": {"AWS": SLR}, "Action": use, "Resource": "*", "Condition": via}
    return {"Statement": [root, foreign]}


def only_the_own_account(_: Journey) -> dict[str, Any]:
    return {"Statement": [{"Effect": "Allow", "Principal": {"AWS": A}, "Action": "kms:*", "Resource": "*"}]}


def many_tags(journey: Journey) -> None:
    journey.point.tags.update({f"tag-{number}": "x" for number in range(60)})


def default_vault(journey: Journey) -> None:
    journey.destination.name = "Default"


def with_key_policy(make: Callable[[Journey], dict[str, Any]]) -> Callable[[Journey], None]:
    return lambda journey: setattr(journey.source_key, "policy", make(journey))


def forget_the_copier(journey: Journey) -> None:
    journey.world.account(B).delete_role(SLR)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A misconfiguration, its words, and its mending."""

    breaks: Callable[[Journey], object]
    words: str
    mends: Callable[[Journey], object]


CASES = {
    "another organization": Case(
        breaks=lambda j: j.world.account(B).join_organization("o-another000"),
        words=texts.ORGANIZATION,
        mends=lambda j: j.world.account(B).join_organization("o-simulated0"),
    ),
    "cross-account backup is off": Case(
        breaks=lambda j: j.client.update_global_settings(GlobalSettings={"isCrossAccountBackupEnabled": "false"}),
        words=texts.SETTING,
        mends=lambda j: j.client.update_global_settings(GlobalSettings={"isCrossAccountBackupEnabled": "true"}),
    ),
    "the vault has no policy": Case(
        breaks=setting(lambda j: j.destination, "policy", None),
        words=texts.VAULT_POLICY,
        mends=setting(lambda j: j.destination, "policy", OPEN),
    ),
    "the vault is Default": Case(
        breaks=default_vault, words=texts.VAULT_POLICY, mends=setting(lambda j: j.destination, "name", "far")
    ),
    "the vault's key is aws/backup": Case(
        breaks=lambda j: setattr(j.world.keys[j.destination.key_arn], "managed_by", "aws/backup"),
        words=texts.DEFAULT_KEY,
        mends=lambda j: setattr(j.world.keys[j.destination.key_arn], "managed_by", None),
    ),
    "the source's key is aws/rds": Case(
        breaks=setting(lambda j: j.source_key, "managed_by", "aws/rds"),
        words=texts.MANAGED_KEY,
        mends=setting(lambda j: j.source_key, "managed_by", None),
    ),
    "the source's key does not admit the destination": Case(
        breaks=with_key_policy(only_the_own_account),
        words="The source snapshot KMS key",
        mends=with_key_policy(lambda _: SHARED),
    ),
    "the source's key admits it via a service only": Case(
        breaks=with_key_policy(policy_of_the_key),
        words="The source snapshot KMS key",
        mends=with_key_policy(lambda _: SHARED),
    ),
    "the source's key is disabled": Case(
        breaks=setting(lambda j: j.source_key, "enabled", False),
        words="The source snapshot KMS key",
        mends=setting(lambda j: j.source_key, "enabled", True),
    ),
    "the destination's key is disabled": Case(
        breaks=lambda j: setattr(j.world.keys[j.destination.key_arn], "enabled", False),
        words=texts.DESTINATION_KEY,
        mends=lambda j: setattr(j.world.keys[j.destination.key_arn], "enabled", True),
    ),
    "a lock wants longer retention": Case(
        breaks=setting(lambda j: j.destination, "lock", {"MinRetentionDays": 30}),
        words=texts.RETENTION,
        mends=setting(lambda j: j.destination, "lock", {"MinRetentionDays": 7}),
    ),
    "a lock wants shorter retention": Case(
        breaks=setting(lambda j: j.destination, "lock", {"MaxRetentionDays": 6}),
        words=texts.RETENTION,
        mends=setting(lambda j: j.destination, "lock", None),
    ),
    "an option group": Case(
        breaks=lambda j: setattr(j.world.backups.databases[j.database], "options", ("TDE",)),
        words="The snapshot requires a target option group with the following options: TDE.",
        mends=lambda j: setattr(j.world.backups.databases[j.database], "options", ()),
    ),
    "more than 50 tags": Case(breaks=many_tags, words=texts.TOO_MANY_TAGS, mends=lambda j: j.point.tags.clear()),
    "the role may not list tags": Case(
        breaks=lambda j: j.allow_all_but("rds:ListTagsForResource"), words=texts.LIST_TAGS, mends=Journey.allow_all
    ),
    "the role may not copy snapshots": Case(
        breaks=lambda j: j.allow_all_but("rds:CopyDBSnapshot"),
        words="is not authorized to perform: rds:CopyDBSnapshot",
        mends=Journey.allow_all,
    ),
    "the role may not share snapshots": Case(
        breaks=lambda j: j.allow_all_but("rds:ModifyDBSnapshotAttribute"),
        words="is not authorized to perform: rds:ModifyDBSnapshotAttribute",
        mends=Journey.allow_all,
    ),
    "the role may not copy out": Case(
        breaks=lambda j: j.allow_all_but("backup:CopyFromBackupVault"),
        words=texts.VAULT_POLICY,
        mends=Journey.allow_all,
    ),
    "the role may not copy in": Case(
        breaks=lambda j: j.allow_all_but("backup:CopyIntoBackupVault"),
        words=texts.VAULT_POLICY,
        mends=Journey.allow_all,
    ),
    "the role may not grant the key": Case(
        breaks=lambda j: j.allow_all_but("kms:CreateGrant"),
        words="The source snapshot KMS key",
        mends=Journey.allow_all,
    ),
    "no service-linked role in the destination": Case(
        breaks=forget_the_copier,
        words=f"IAM Role {SLR} cannot be assumed by AWS Backup",
        mends=lambda j: j.world.account(B).create_service_linked_role("backup.amazonaws.com"),
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_misconfiguration_fails_the_copy_in_aws_own_words_until_it_is_mended(case: Case) -> None:
    journey = Journey()
    case.breaks(journey)
    assert case.words in journey.outcome()

    case.mends(journey)
    assert journey.outcome() == "COMPLETED"
