"""Light clients answer as boto3's do: the same replies, the same errors, the same refusal of wrong parameters."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, ParamValidationError

from tests.simulated_place import DR, HOME, A, B, Place

TRUST_A = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": A}, "Action": "sts:AssumeRole"}]}


def clients(place: Place, service: str = "backup", **options: Any) -> tuple[Any, Any]:
    sessions: tuple[Any, Any] = (place.world.session(A, region=HOME), place.world.light_session(A, region=HOME))
    heavy, light = (session.client(service, **options) for session in sessions)
    return heavy, light


ASKED = [
    ("describe_recovery_point", {"BackupVaultName": "near", "RecoveryPointArn": "{point}"}),
    ("list_recovery_points_by_backup_vault", {"BackupVaultName": "near", "MaxResults": 1}),
    ("describe_backup_vault", {"BackupVaultName": "near"}),
    ("describe_copy_job", {"CopyJobId": "{job}"}),
    ("list_copy_jobs", {"ByState": "COMPLETED"}),
    (
        "start_copy_job",
        {
            "RecoveryPointArn": "{point}",
            "SourceBackupVaultName": "near",
            "DestinationBackupVaultArn": "{target}",
            "IamRoleArn": "{role}",
            "IdempotencyToken": "token",
        },
    ),
]


@pytest.mark.parametrize(("operation", "asked"), ASKED)
def test_a_light_client_gives_the_answers_of_boto3(operation: str, asked: dict[str, Any]) -> None:
    place = Place()
    job = place.copy()
    place.world.run_for(timedelta(hours=3))
    names = {"point": place.point.arn, "job": job, "target": place.target, "role": place.role}
    given = {name: value.format_map(names) if isinstance(value, str) else value for name, value in asked.items()}
    heavy, light = (getattr(client, operation)(**given) for client in clients(place))

    assert heavy == light


def test_a_light_client_raises_the_error_of_boto3() -> None:
    errors = []
    for client in clients(Place()):
        with pytest.raises(ClientError) as refused:
            client.describe_copy_job(CopyJobId="none")
        errors.append((refused.value.response, refused.value.operation_name, str(refused.value)))

    assert errors[0] == errors[1]


@pytest.mark.parametrize("wrong", [{}, {"CopyJobId": 1}, {"CopyJobId": "a", "Id": "b"}])
def test_a_light_client_refuses_wrong_parameters_as_boto3_does(wrong: dict[str, Any]) -> None:
    place = Place()
    reports = []
    for client in clients(place):
        with pytest.raises(ParamValidationError) as refused:
            client.describe_copy_job(**wrong)
        reports.append(str(refused.value))

    assert reports[0] == reports[1]
    assert (A, "administrator", "backup", "DescribeCopyJob") not in place.world.calls


def test_a_light_client_is_of_the_region_and_the_identity_that_it_is_given() -> None:
    place = Place()
    role = place.world.account(B).create_role("there", trust=TRUST_A)
    _, sts = clients(place, "sts")
    granted = sts.assume_role(RoleArn=role, RoleSessionName="light")["Credentials"]
    _, there = clients(place, "sts", aws_access_key_id=granted["AccessKeyId"], aws_secret_access_key="none")
    _, far = clients(place, region_name=DR)

    assert there.get_caller_identity()["Account"] == B
    assert far.list_copy_jobs()["CopyJobs"] == []
    assert far.describe_backup_vault(BackupVaultName="far")["BackupVaultArn"] == place.target


def test_a_light_client_has_only_the_operations_of_its_service() -> None:
    _, light = clients(Place())
    with pytest.raises(AttributeError, match="backup has no operation stop_copy_job"):
        light.stop_copy_job()
