"""The simulated AWS Backup tells the truth: its errors, its shapes, its states, its times."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, ParamValidationError
from botocore.validate import ParamValidator

from backup_simulator import DeleteDuringCopy, UnknownBehaviour
from tests.simulated_place import DR, HOME, OPEN, A, B, Place, code_of


def test_a_copy_job_goes_from_created_over_running_to_completed() -> None:
    place = Place()
    job_id = place.copy()
    states = [place.job(job_id)["State"]]
    for _ in range(40):
        place.world.run_for(timedelta(minutes=2))
        states.append(place.job(job_id)["State"])

    assert list(dict.fromkeys(states)) == ["CREATED", "RUNNING", "COMPLETED"]
    assert job_id == job_id.upper()
    arrival = place.job(job_id)["DestinationRecoveryPointArn"]
    assert arrival.startswith(f"arn:aws:rds:{DR}:{A}:snapshot:awsbackup:copyjob-")
    assert job_id.lower() not in arrival


def test_a_copy_inherits_creation_date_and_tags_and_takes_the_vaults_key() -> None:
    place = Place()
    job_id = place.copy()
    place.world.run_for(timedelta(hours=2))
    far = place.world.session(A, region=DR).client("backup")
    copy = far.describe_recovery_point(
        BackupVaultName="far", RecoveryPointArn=place.job(job_id)["DestinationRecoveryPointArn"]
    )

    assert copy["CreationDate"] == place.point.created_at
    assert copy["CalculatedLifecycle"]["DeleteAt"] == place.point.created_at + timedelta(days=7)
    assert copy["EncryptionKeyArn"] == place.world.vault_by_arn(place.target).key_arn
    assert far.list_tags(ResourceArn=copy["RecoveryPointArn"])["Tags"] == {"team": "shop"}


@pytest.mark.parametrize("lifecycle", [{}, {"DeleteAfterDays": -1}])
def test_a_copy_without_a_lifecycle_keeps_the_sources_expiry(lifecycle: dict[str, int]) -> None:
    place = Place()
    place.point.delete_after_days = 3
    place.copy(Lifecycle=lifecycle)
    place.world.run_for(timedelta(hours=2))

    assert place.world.recovery_points()[-1].delete_after_days == 3


def test_every_answer_fits_the_output_shape_of_the_service_model() -> None:
    place = Place()
    job_id = place.copy()
    place.world.run_for(timedelta(hours=2))
    calls = {
        "DescribeCopyJob": {"CopyJobId": job_id},
        "ListCopyJobs": {},
        "DescribeRecoveryPoint": {"BackupVaultName": "near", "RecoveryPointArn": place.point.arn},
        "ListRecoveryPointsByBackupVault": {"BackupVaultName": "near"},
        "DescribeBackupVault": {"BackupVaultName": "near"},
        "ListTags": {"ResourceArn": place.point.arn},
    }
    model = boto3.Session().client("backup", region_name=HOME).meta.service_model
    for operation, request in calls.items():
        key = place.client._request_signer._credentials.access_key
        answer = place.world.call(key, HOME, "backup", operation, request)
        shape: Any = model.operation_model(operation).output_shape
        report = ParamValidator().validate(answer, shape)
        assert not report.has_errors(), f"{operation}: {report.generate_report()}"


def test_a_token_that_is_remembered_makes_no_second_job_and_a_forgotten_one_does() -> None:
    place = Place(unknown=UnknownBehaviour(token_lifetime=timedelta(hours=1)))
    first = place.copy()

    assert place.copy() == first
    place.world.run_for(timedelta(hours=2))
    assert place.copy() != first
    assert place.copy(IdempotencyToken="other") != first


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        (
            {"SourceBackupVaultName": "arn:aws:backup:x"},
            "InvalidParameterValueException",
            "Invalid value for SourceB",
        ),
        ({"SourceBackupVaultName": "nowhere"}, "AccessDeniedException", "Insufficient privileges"),
        ({"RecoveryPointArn": "arn:aws:rds:x"}, "ResourceNotFoundException", "Cannot find recovery point"),
        ({"IamRoleArn": "arn:aws:iam::1:role/x"}, "InvalidParameterValueException", "cannot be assumed by AWS Backup"),
        (
            {"RecoveryPointArn": f"arn:aws:backup:{HOME}:{A}:recovery-point:continuous:db-x"},
            "InvalidRequestException",
            "continuous",
        ),
    ],
)
def test_what_aws_refuses_is_refused_with_aws_own_error(changes: dict[str, str], code: str, words: str) -> None:
    with pytest.raises(ClientError, match=words) as refused:
        Place().copy(**changes)

    assert code_of(refused) == code


def test_boto3_still_checks_parameters_itself() -> None:
    with pytest.raises(ParamValidationError):
        Place().client.start_copy_job(RecoveryPointArn="x")


def test_an_unknown_point_is_not_found_and_an_unknown_vault_is_denied() -> None:
    client = Place().client
    with pytest.raises(ClientError) as missing:
        client.describe_recovery_point(BackupVaultName="near", RecoveryPointArn="arn:aws:rds:x")
    with pytest.raises(ClientError) as denied:
        client.describe_recovery_point(BackupVaultName="nowhere", RecoveryPointArn="arn:aws:rds:x")

    assert (code_of(missing), code_of(denied)) == ("ResourceNotFoundException", "AccessDeniedException")


def test_a_delete_answers_at_once_and_works_later() -> None:
    place = Place()
    request = {"BackupVaultName": "near", "RecoveryPointArn": place.point.arn}
    place.client.delete_recovery_point(**request)

    assert place.client.describe_recovery_point(**request)["Status"] == "DELETING"
    with pytest.raises(ClientError) as twice:
        place.client.delete_recovery_point(**request)
    assert code_of(twice) == "InvalidResourceStateException"
    place.world.run_for(timedelta(minutes=15))
    with pytest.raises(ClientError) as gone:
        place.client.describe_recovery_point(**request)
    assert code_of(gone) == "ResourceNotFoundException"


def test_a_delete_may_leave_the_point_expired() -> None:
    place = Place(unknown=UnknownBehaviour(delete_leaves_expired=True))
    request = {"BackupVaultName": "near", "RecoveryPointArn": place.point.arn}
    place.client.delete_recovery_point(**request)
    place.world.run_for(timedelta(days=3))

    assert place.client.describe_recovery_point(**request)["Status"] == "EXPIRED"


@pytest.mark.parametrize("answer", list(DeleteDuringCopy))
def test_a_delete_during_a_copy_is_refused_or_makes_it_fail(answer: DeleteDuringCopy) -> None:
    place = Place(unknown=UnknownBehaviour(delete_during_copy=answer))
    job_id = place.copy()
    request = {"BackupVaultName": "near", "RecoveryPointArn": place.point.arn}
    if answer is DeleteDuringCopy.REFUSED:
        with pytest.raises(ClientError):
            place.client.delete_recovery_point(**request)
        return
    place.client.delete_recovery_point(**request)
    place.world.run_for(timedelta(hours=2))
    assert place.job(job_id)["State"] == "FAILED"


def test_a_locked_vault_refuses_deletes_and_retentions_outside_of_its_range() -> None:
    place = Place()
    place.world.vault_by_arn(place.vault).lock = {"MinRetentionDays": 7}
    place.world.vault_by_arn(place.target).lock = {"MinRetentionDays": 30, "MaxRetentionDays": 90}
    with pytest.raises(ClientError):
        place.client.delete_recovery_point(BackupVaultName="near", RecoveryPointArn=place.point.arn)
    job_id = place.copy()
    place.world.run_for(timedelta(hours=2))

    assert "not within the range" in place.job(job_id)["StatusMessage"]


def test_a_point_expires_within_eight_hours_after_its_time() -> None:
    place = Place()
    place.point.delete_after_days = 2
    place.world.expire_later(place.point)
    place.world.run_until(place.point.created_at + timedelta(days=2))
    assert place.world.recovery_points() == [place.point]

    place.world.run_for(timedelta(hours=8))
    assert place.world.recovery_points() == []


def test_jobs_are_forgotten_after_thirty_days() -> None:
    place = Place()
    job_id = place.copy()
    place.world.run_for(timedelta(days=31))

    with pytest.raises(ClientError):
        place.job(job_id)
    assert place.client.list_copy_jobs()["CopyJobs"] == []


def test_lists_lag_behind_and_come_in_pages() -> None:
    place = Place()
    for number in range(5):
        place.copy(IdempotencyToken=f"token-{number}")
    assert place.client.list_copy_jobs()["CopyJobs"] == []

    place.world.run_for(timedelta(minutes=1))
    pages = list(place.client.get_paginator("list_copy_jobs").paginate(PaginationConfig={"PageSize": 2}))
    assert [len(page["CopyJobs"]) for page in pages] == [2, 2, 1]


def test_one_resource_has_one_job_at_a_time() -> None:
    place = Place()
    jobs = [place.copy(IdempotencyToken=f"token-{number}") for number in range(3)]
    place.world.run_for(timedelta(minutes=10))
    assert sorted(place.job(job)["State"] for job in jobs) == ["CREATED", "CREATED", "RUNNING"]

    place.world.run_for(timedelta(hours=6))
    assert {place.job(job)["State"] for job in jobs} == {"COMPLETED"}


def test_another_accounts_client_sees_nothing_of_ours() -> None:
    place = Place()
    job_id = place.copy()
    stranger = place.world.session(B, region=HOME).client("backup")
    place.world.site(B, HOME)

    with pytest.raises(ClientError):
        stranger.describe_copy_job(CopyJobId=job_id)


def test_a_cross_account_copy_needs_the_vaults_policy_and_one_organization() -> None:
    place = Place()
    backup = place.world.site(B, HOME)
    closed = backup.create_vault("closed", key_arn=backup.create_key())
    opened = backup.create_vault("opened", key_arn=backup.create_key(), policy=OPEN)
    jobs = [place.copy(DestinationBackupVaultArn=vault, IdempotencyToken=vault) for vault in (closed, opened)]
    place.world.run_for(timedelta(hours=3))
    assert [place.job(job)["State"] for job in jobs] == ["FAILED", "COMPLETED"]
    assert place.job(jobs[0])["StatusMessage"] == "Access Denied trying to call AWS Backup service"

    place.world.account(B).join_organization("o-another000")
    stranger = place.copy(DestinationBackupVaultArn=opened, IdempotencyToken="later")
    place.world.run_for(timedelta(hours=3))
    assert "same organization" in place.job(stranger)["StatusMessage"]
