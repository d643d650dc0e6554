"""Each failure that AWS words is provoked by what causes it, and goes away when that one thing is mended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

from backup_simulator import DeleteDuringCopy, OverQuota, UnknownBehaviour, texts
from tests.misconfigurations import (
    DAYS,
    NO_COPIES_ABROAD,
    bound,
    bring_the_key_back,
    default_vault,
    everything_by_grant,
    fill_the_lane,
    forget_the_copier,
    forget_the_key,
    in_one_region_only,
    into_an_opt_in_region,
    many_tags,
    only_the_other_account,
    only_the_own_account,
    policy_of_the_key,
    setting,
    with_key_policy,
)
from tests.simulated_place import ALL, HOME, OPEN, SHARED, SLR, A, B, Journey, code_of, switch_cross_account


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
        breaks=lambda j: switch_cross_account(j.world, "false"),
        words=texts.SETTING,
        mends=lambda j: switch_cross_account(j.world, "true"),
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
        words="The source snapshot KMS key [",
        mends=with_key_policy(lambda _: SHARED),
    ),
    "the source's key admits it via a service only": Case(
        breaks=with_key_policy(policy_of_the_key),
        words="The source snapshot KMS key [",
        mends=with_key_policy(lambda _: SHARED),
    ),
    "the source's key is gone": Case(
        breaks=forget_the_key, words="The source snapshot KMS key [", mends=bring_the_key_back
    ),
    "the source's key admits the other account and not its own": Case(
        breaks=with_key_policy(only_the_other_account),
        words="The source snapshot KMS key [",
        mends=with_key_policy(lambda _: SHARED),
    ),
    "the source's key wants every use to be for a grant": Case(
        breaks=with_key_policy(everything_by_grant),
        words="The source snapshot KMS key [",
        mends=with_key_policy(lambda _: SHARED),
    ),
    "the destination's key is aws/rds": Case(
        breaks=lambda j: setattr(j.world.keys[j.destination.key_arn], "managed_by", "aws/rds"),
        words=texts.DESTINATION_KEY,
        mends=lambda j: setattr(j.world.keys[j.destination.key_arn], "managed_by", None),
    ),
    "the role may act in one Region only": Case(
        breaks=in_one_region_only,
        words="is not authorized to perform: rds:CopyDBSnapshot",
        mends=Journey.allow_all,
    ),
    "a boundary bounds the role": Case(
        breaks=lambda j: bound(j, boundary={"Statement": [{"Effect": "Allow", "Action": "rds:*", "Resource": "*"}]}),
        words=texts.VAULT_POLICY,
        mends=lambda j: bound(j, boundary=None),
    ),
    "the organization's policies deny the copy": Case(
        breaks=lambda j: j.world.account(A).set_service_control_policies([[ALL, NO_COPIES_ABROAD]]),
        words=texts.VAULT_POLICY,
        mends=lambda j: j.world.account(A).set_service_control_policies([]),
    ),
    "a type that is not copied there": Case(
        breaks=into_an_opt_in_region,
        words=f"Copy job from {HOME} to eu-south-1 cannot be initiated for Neptune resources.",
        mends=lambda j: setattr(j, "target", j.far_target),
    ),
    "a cluster of three": Case(
        breaks=lambda j: setattr(j.point, "database_arn", j.database.replace(":db:", ":cluster:")),
        words="Feature is not supported for provided resource type.",
        mends=lambda j: setattr(j.point, "database_arn", j.database),
    ),
    "too many jobs": Case(breaks=fill_the_lane, words=texts.TOO_MANY_JOBS, mends=lambda j: j.world.run_for(DAYS)),
    "the role is deleted before its job begins": Case(
        breaks=setting(lambda j: j, "meanwhile", lambda j: j.lose_the_role(timedelta(0))),
        words="cannot be assumed by AWS Backup",
        mends=Journey.get_the_role_back,
    ),
    "the role is deleted while its job runs": Case(
        breaks=setting(lambda j: j, "meanwhile", lambda j: j.lose_the_role(timedelta(minutes=5))),
        words=texts.UNSHARE,
        mends=Journey.get_the_role_back,
    ),
    "the source is deleted while it is copied": Case(
        breaks=setting(lambda j: j, "meanwhile", Journey.lose_the_source),
        words=texts.INTERNAL,
        mends=Journey.get_another_source,
    ),
    # No page says what causes these; a fault plan does.
    "a fatal error": Case(
        breaks=lambda j: j.world.faults.fail_copy_job(message=texts.FATAL), words=texts.FATAL, mends=lambda _: None
    ),
    "a token that expired": Case(
        breaks=lambda j: j.world.faults.fail_copy_job(message=texts.EXPIRED), words=texts.EXPIRED, mends=lambda _: None
    ),
    "the source's key is disabled": Case(
        breaks=setting(lambda j: j.source_key, "enabled", False),
        words="The source snapshot KMS key [",
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
        breaks=lambda j: setattr(j.world.databases[j.database], "options", ("TDE",)),
        words="The snapshot requires a target option group with the following options: TDE.",
        mends=lambda j: setattr(j.world.databases[j.database], "options", ()),
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
        words="The source snapshot KMS key [",
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
    journey = Journey(
        unknown=UnknownBehaviour(
            over_quota=OverQuota.FAILS,
            delete_during_copy=DeleteDuringCopy.ACCEPTED,
            multi_az_cluster_fails_later=True,
        ),
    )
    case.breaks(journey)
    assert case.words in journey.outcome()

    case.mends(journey)
    assert journey.outcome() == "COMPLETED"


def test_every_failure_that_aws_words_has_its_case() -> None:
    shapes = {name: value.partition("{")[0] for name, value in vars(texts).items() if name.isupper()}

    assert [name for name, shape in shapes.items() if not any(shape in case.words for case in CASES.values())] == []


def test_a_key_that_waits_for_its_deletion_serves_no_copy_until_it_is_cancelled_and_enabled() -> None:
    journey = Journey()
    key = journey.destination.key_arn
    there = journey.world.site(B, HOME)
    kms = journey.world.session(B, region=HOME).client("kms")
    seen = []
    changes: tuple[Callable[[], None], ...] = (
        lambda: there.disable_key(key, pending_deletion=True),
        lambda: there.disable_key(key),
        lambda: there.enable_key(key),
    )
    for change in changes:
        change()
        metadata = kms.describe_key(KeyId=key)["KeyMetadata"]
        seen.append((metadata["KeyState"], metadata["Enabled"], journey.outcome()))

    assert seen == [
        ("PendingDeletion", False, texts.DESTINATION_KEY),
        ("Disabled", False, texts.DESTINATION_KEY),
        ("Enabled", True, "COMPLETED"),
    ]


def test_a_question_about_a_key_is_refused_as_often_as_a_test_says() -> None:
    journey = Journey()
    faults, key = journey.world.faults, journey.destination.key_arn
    kms = journey.world.session(B, region=HOME).client("kms")
    faults.refuse("DescribeKey", service="kms", code="AccessDeniedException", message="denied")
    faults.refuse("DescribeKey", service="kms", code="ThrottlingException", message="Rate exceeded")
    codes = []
    for _ in range(2):
        with pytest.raises(ClientError) as refused:
            kms.describe_key(KeyId=key)
        codes.append(code_of(refused))

    assert codes == ["AccessDeniedException", "ThrottlingException"]
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["Enabled"]
