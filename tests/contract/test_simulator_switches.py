"""Where AWS's documents are silent, a switch says what happens; and who may do what is asked of the policies."""

from __future__ import annotations

from datetime import timedelta

import pytest

from backup_simulator import OverQuota, UnknownBehaviour, texts
from tests.simulated_place import DR, HOME, OPEN, SERVICE, SLR, A, B, Journey, Place


def test_one_action_across_account_and_region_was_not_possible_before_october_2025() -> None:
    outcomes = []
    for single_action in (False, True):
        journey = Journey(unknown=UnknownBehaviour(single_action=single_action))
        there = journey.world.site(B, DR)
        vault = there.create_vault("beyond", key_arn=there.create_key(), policy=OPEN)
        outcomes.append(journey.outcome(DestinationBackupVaultArn=vault))

    text = f"Copy job from {HOME} to {DR} cannot be initiated for RDS resources. "
    assert outcomes == [f"{text}Feature is not supported for provided resource type.", "COMPLETED"]


@pytest.mark.parametrize(("answer", "expected"), [(OverQuota.FAILS, {texts.TOO_MANY_JOBS}), (OverQuota.QUEUES, set())])
def test_beyond_the_quota_a_job_waits_or_fails(answer: OverQuota, expected: set[str]) -> None:
    place = Place(unknown=UnknownBehaviour(over_quota=answer))
    key = place.point.key_arn
    for number in range(7):
        name = place.site.create_database("Aurora", f"cluster-{number}", key_arn=key, size_gib=500)
        place.client.start_backup_job(BackupVaultName="near", ResourceArn=name, IamRoleArn=place.role)
    place.world.run_for(timedelta(hours=1))
    clusters = [point for point in place.world.recovery_points() if point.resource_type == "Aurora"]
    for point in clusters:
        place.copy(RecoveryPointArn=point.arn, IdempotencyToken=point.arn)
    place.world.run_for(timedelta(minutes=5))
    states = [job.state for job in place.world.copy_jobs()]

    assert states.count("RUNNING") == 5
    assert {job.message for job in place.world.copy_jobs() if job.message} == expected
    place.world.run_for(timedelta(days=3))
    waiting = [job for job in place.world.copy_jobs() if job.is_live]
    assert waiting == []


@pytest.mark.parametrize("state", ["COMPLETED", "FAILED"])
def test_a_role_that_is_deleted_during_the_copy_leaves_a_copy_and_a_complaint(state: str) -> None:
    journey = Journey(unknown=UnknownBehaviour(unshare_failure_state=state))
    job_id = journey.copy()
    journey.world.run_for(timedelta(minutes=5))
    journey.world.account(A).delete_role(journey.role)
    journey.world.run_for(timedelta(hours=6))

    assert (journey.job(job_id)["State"], journey.job(job_id)["StatusMessage"]) == (state, texts.UNSHARE)
    assert journey.world.recovery_points()[-1].vault_arn == journey.target


@pytest.mark.parametrize("later", [False, True])
def test_a_multi_az_cluster_cannot_be_copied(*, later: bool) -> None:
    place = Place(unknown=UnknownBehaviour(multi_az_cluster_fails_later=later))
    cluster = place.site.create_database("RDS", "three", key_arn=place.point.key_arn, multi_az_cluster=True)
    place.client.start_backup_job(BackupVaultName="near", ResourceArn=cluster, IamRoleArn=place.role)
    place.world.run_for(timedelta(hours=1))
    point = place.world.recovery_points()[-1]
    if not later:
        with pytest.raises(place.client.exceptions.InvalidRequestException, match="not supported"):
            place.copy(RecoveryPointArn=point.arn)
        return

    job_id = place.copy(RecoveryPointArn=point.arn)
    place.world.run_for(timedelta(hours=1))
    assert "not supported" in place.job(job_id)["StatusMessage"]


def test_a_delete_without_a_role_that_can_carry_it_out_leaves_the_point_expired() -> None:
    place = Place()
    place.world.account(A).delete_role(SLR.replace(B, A))
    place.world.identity.roles[place.role].policies = ()
    request = {"BackupVaultName": "near", "RecoveryPointArn": place.point.arn}
    place.client.delete_recovery_point(**request)
    place.world.run_for(timedelta(days=3))
    assert place.client.describe_recovery_point(**request)["Status"] == "EXPIRED"

    place.world.account(A).create_service_linked_role("backup.amazonaws.com")
    place.client.delete_recovery_point(**request)
    place.world.run_for(timedelta(hours=1))
    assert place.world.recovery_points() == []


@pytest.mark.parametrize(
    ("left_out", "action"),
    [
        ("backup:StartCopyJob", "backup:StartCopyJob"),
        ("iam:PassRole", "iam:PassRole"),
        ("backup:CopyFromBackupVault", "backup:CopyFromBackupVault"),
    ],
)
def test_a_caller_needs_every_right_that_a_copy_takes_and_the_trace_says_which_is_missing(
    left_out: str, action: str
) -> None:
    place = Place()
    rights = {"backup:StartCopyJob", "iam:PassRole", "backup:CopyFromBackupVault"} - {left_out}
    policy = {"Statement": [{"Effect": "Allow", "Action": sorted(rights), "Resource": "*"}]}
    caller = place.world.account(A).create_role("caller", trust=SERVICE, policies=[policy])
    place.client = place.world.session(A, caller, HOME).client("backup")

    with pytest.raises(place.client.exceptions.ClientError, match=f"not authorized to perform: {action}"):
        place.copy()
    assert [line.facts["action"] for line in place.world.trace if line.kind == "denied"] == [action]
    assert place.world.copy_jobs() == []
