"""Legal holds, quotas of the service, and lists that lag behind what was deleted."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from backup_simulator import RuleTarget
from tests.simulated_place import ALL, DR, SERVICE, A, B, Place, code_of


def listed(place: Place) -> list[Any]:
    points: list[Any] = place.client.list_recovery_points_by_backup_vault(BackupVaultName="near")["RecoveryPoints"]
    return points


def test_a_legal_hold_blocks_deletion_and_expiry_until_it_is_released() -> None:
    place = Place()
    place.point.delete_after_days = 2
    place.world.expire_later(place.point)
    place.site.hold_point(place.point.arn)
    with pytest.raises(ClientError, match="legal hold") as refused:
        place.client.delete_recovery_point(BackupVaultName="near", RecoveryPointArn=place.point.arn)
    assert code_of(refused) == "InvalidRequestException"
    place.world.run_for(timedelta(days=10))
    assert len(listed(place)) == 1

    place.site.release_point(place.point.arn)
    place.world.run_for(timedelta(hours=9))
    assert listed(place) == []


def test_a_legal_hold_follows_no_copy() -> None:
    place = Place()
    place.site.hold_point(place.point.arn)
    place.copy()
    place.world.run_for(timedelta(hours=3))

    copy = place.world.recovery_points()[-1]
    assert (copy.source_point_arn, copy.on_hold) == (place.point.arn, False)


def test_a_point_that_is_being_deleted_is_not_held() -> None:
    place = Place()
    place.client.delete_recovery_point(BackupVaultName="near", RecoveryPointArn=place.point.arn)

    with pytest.raises(ValueError, match="is DELETING and cannot be held"):
        place.site.hold_point(place.point.arn)


def test_a_list_shows_a_deleted_point_for_some_seconds_more() -> None:
    place = Place()
    place.client.delete_recovery_point(BackupVaultName="near", RecoveryPointArn=place.point.arn)
    while place.point.gone_at is None:
        place.world.run_for(timedelta(seconds=1))
    assert [point["Status"] for point in listed(place)] == ["DELETING"]
    with pytest.raises(ClientError, match="Cannot find recovery point"):
        place.client.describe_recovery_point(BackupVaultName="near", RecoveryPointArn=place.point.arn)

    place.world.run_for(timedelta(seconds=5))
    assert listed(place) == []


def test_a_region_has_three_hundred_vaults_at_most() -> None:
    place = Place()
    for number in range(299):
        place.client.create_backup_vault(BackupVaultName=f"vault-{number}")

    with pytest.raises(ClientError) as refused:
        place.client.create_backup_vault(BackupVaultName="one-more")
    assert code_of(refused) == "LimitExceededException"


@pytest.mark.parametrize(("count", "code"), [(5, ""), (6, "LimitExceededException")])
def test_a_rule_has_five_copy_actions_at_most(count: int, code: str) -> None:
    place = Place()
    actions = [{"DestinationBackupVaultArn": f"{place.target}-{number}"} for number in range(count)]
    rule: Any = {"RuleName": "night", "TargetBackupVaultName": "near", "CopyActions": actions}
    found = ""
    try:
        place.client.create_backup_plan(BackupPlan={"BackupPlanName": "nightly", "Rules": [rule]})
    except ClientError as refused:
        found = refused.response["Error"]["Code"]

    assert found == code


@pytest.mark.parametrize(("count", "code"), [(10, ""), (11, "LimitExceededException")])
def test_a_backup_adds_ten_tags_at_most(count: int, code: str) -> None:
    place = Place()
    tags = {f"tag-{number}": "x" for number in range(count)}
    found = ""
    try:
        place.client.start_backup_job(
            BackupVaultName="near", ResourceArn=place.database, IamRoleArn=place.role, RecoveryPointTags=tags
        )
    except ClientError as refused:
        found = refused.response["Error"]["Code"]

    assert found == code


@pytest.mark.parametrize("status", ["EXPIRED", "DELETING", "CREATING"])
def test_a_source_that_is_not_whole_is_not_copied(status: str) -> None:
    place = Place()
    place.point.status = status

    with pytest.raises(ClientError, match=f"in state {status}") as refused:
        place.copy()
    assert code_of(refused) == "InvalidRequestException"


def test_a_role_of_another_account_cannot_be_passed_even_if_it_trusts_aws_backup() -> None:
    place = Place()
    foreign = place.world.account(B).create_role("backup", trust=SERVICE, policies=[ALL])

    with pytest.raises(ClientError, match="cannot be assumed by AWS Backup") as refused:
        place.copy(IamRoleArn=foreign)
    assert code_of(refused) == "InvalidParameterValueException"


def test_a_copy_after_a_copy_that_stands_takes_less_time() -> None:
    """RDS: incremental while the newest earlier copy stands under the same key; else full again."""
    place = Place()
    hours = []
    for number in range(3):
        if number == 2:
            copy = place.world.recovery_points()[-1]
            far = place.world.session(A, region=DR).client("backup")
            far.delete_recovery_point(BackupVaultName="far", RecoveryPointArn=copy.arn)
            place.world.run_for(timedelta(hours=1))
        job_id = place.copy(IdempotencyToken=str(number))
        place.world.run_for(timedelta(hours=3))
        job = place.world.copy_job(job_id)
        assert job.completed_at is not None
        assert job.runs_since is not None
        hours.append(job.completed_at - job.runs_since)

    assert hours[1] * 1.15 < hours[0]
    assert hours[1] * 1.15 < hours[2]


def test_a_created_job_tells_hardly_anything_in_its_event() -> None:
    place = Place()
    queue = place.site.create_queue("in")
    created = {"detail-type": ["Copy Job State Change"], "detail": {"state": ["CREATED"]}}
    place.site.put_rule("in", pattern=created, targets=[RuleTarget(id="q", arn=queue.arn)])
    place.copy()
    place.world.run_for(timedelta(hours=1))
    (message,) = queue.messages.values()

    told = {"creationDate", "sourceBackupVaultArn", "destinationBackupVaultArn", "state"}
    assert set(json.loads(message.body)["detail"]) == told
