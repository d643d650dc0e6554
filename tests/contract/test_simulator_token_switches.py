"""Tokens, identical calls and the right to copy from a vault, where AWS's documents are silent."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from backup_simulator import CopyFromAskedOf, TokenOfAnother, UnknownBehaviour
from tests.simulated_place import HOME, SERVICE, A, Place

OTHER_DAYS: dict[str, Any] = {"Lifecycle": {"DeleteAfterDays": 8}}


@pytest.mark.parametrize(("answer", "jobs"), [(TokenOfAnother.SAME_JOB, 1), (TokenOfAnother.NEW_JOB, 2)])
def test_a_token_used_with_other_parameters_gets_the_same_job_or_a_new_one(answer: TokenOfAnother, jobs: int) -> None:
    place = Place(unknown=UnknownBehaviour(token_of_another=answer))
    made = [place.copy(), place.copy(**OTHER_DAYS), place.copy(**OTHER_DAYS), place.copy()]

    assert len(place.world.copy_jobs()) == len(set(made)) == jobs
    assert made[0] == made[3]
    assert made[1] == made[2]


def test_a_token_used_with_other_parameters_may_be_refused() -> None:
    place = Place(unknown=UnknownBehaviour(token_of_another=TokenOfAnother.REFUSED))
    first = place.copy()
    with pytest.raises(place.client.exceptions.InvalidParameterValueException, match="other parameters"):
        place.copy(**OTHER_DAYS)

    assert place.copy() == first
    assert len(place.world.copy_jobs()) == 1


def test_a_token_that_is_forgotten_is_free_for_other_parameters() -> None:
    unknown = UnknownBehaviour(token_of_another=TokenOfAnother.REFUSED, token_lifetime=timedelta(hours=1))
    place = Place(unknown=unknown)
    first = place.copy()
    place.world.run_for(timedelta(hours=2))

    assert place.copy(**OTHER_DAYS) != first


@pytest.mark.parametrize(("time", "minutes", "jobs"), [(0, 0, 2), (10, 9, 1), (10, 10, 2)])
def test_identical_calls_with_other_tokens_may_be_merged_for_a_time(time: int, minutes: int, jobs: int) -> None:
    place = Place(unknown=UnknownBehaviour(identical_calls_merged_for=timedelta(minutes=time)))
    place.copy(IdempotencyToken="one")
    place.world.run_for(timedelta(minutes=minutes))
    place.copy(IdempotencyToken="two")

    assert len(place.world.copy_jobs()) == jobs


def test_calls_that_differ_are_not_merged() -> None:
    place = Place(unknown=UnknownBehaviour(identical_calls_merged_for=timedelta(minutes=10)))
    place.copy(IdempotencyToken="one")
    place.copy(IdempotencyToken="two", **OTHER_DAYS)

    assert len(place.world.copy_jobs()) == 2


def test_a_backup_job_obeys_the_token_switches_too() -> None:
    place = Place(unknown=UnknownBehaviour(token_lifetime=timedelta(hours=1)))
    request = {"BackupVaultName": "near", "ResourceArn": place.database, "IamRoleArn": place.role}
    ids = []
    for _ in range(2):
        ids.append(place.client.start_backup_job(**request, IdempotencyToken="t")["BackupJobId"])
        place.world.run_for(timedelta(hours=2))

    assert ids[0] != ids[1]


@pytest.mark.parametrize("asked", list(CopyFromAskedOf))
def test_the_right_to_copy_from_a_vault_may_be_asked_of_the_passed_role_alone(asked: CopyFromAskedOf) -> None:
    place = Place(unknown=UnknownBehaviour(copy_from_asked_of=asked))
    actions = ["backup:StartCopyJob", "backup:DescribeCopyJob", "iam:PassRole"]
    policy = {"Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}
    caller = place.world.account(A).create_role("caller", trust=SERVICE, policies=[policy])
    place.client = place.world.session(A, caller, HOME).client("backup")
    if asked is CopyFromAskedOf.CALLER_TOO:
        with pytest.raises(place.client.exceptions.ClientError, match="backup:CopyFromBackupVault"):
            place.copy()
        return
    job_id = place.copy()
    place.world.roles[place.role].policies = ()
    place.world.run_for(timedelta(hours=6))
    assert place.job(job_id)["State"] == "FAILED"


def test_the_stricter_right_is_the_default() -> None:
    assert UnknownBehaviour().copy_from_asked_of is CopyFromAskedOf.CALLER_TOO


@pytest.mark.parametrize("is_asked", [True, False])
def test_the_tags_of_a_snapshot_may_ask_for_a_right_of_rds(is_asked: bool) -> None:
    place = Place(unknown=UnknownBehaviour(list_tags_asks_rds=is_asked))
    policy = {"Statement": [{"Effect": "Allow", "Action": ["backup:ListTags"], "Resource": "*"}]}
    caller = place.world.account(A).create_role("reader", trust=SERVICE, policies=[policy])
    reader = place.world.session(A, caller, HOME).client("backup")

    vault = place.client.describe_backup_vault(BackupVaultName="near")["BackupVaultArn"]
    assert "Tags" in reader.list_tags(ResourceArn=vault)
    if is_asked:
        with pytest.raises(reader.exceptions.ClientError, match="rds:ListTagsForResource"):
            reader.list_tags(ResourceArn=place.point.arn)
    else:
        assert "Tags" in reader.list_tags(ResourceArn=place.point.arn)
