"""Reading what stands on the queue: AWS's events, as odd as they come, and our own work."""

from __future__ import annotations

import json
from typing import Any

import pytest

from secondhop.adapters.sqs_work import read_work, write_work
from secondhop.application.work import Abandon, JobNews, Look, OtherNews, PointNews, Retry
from secondhop.domain.chain import ChainKey
from secondhop.domain.errors import MalformedError
from tests.builders import ARRIVAL_ARN, COPY_ARN, DR_VAULT, NIGHT, ORDERS, WATCHED

KEY = ChainKey(ARRIVAL_ARN, "default")


def a_job_event(**detail: Any) -> dict[str, Any]:
    """Hop 2's COMPLETED event; `None` takes a field out of the detail."""
    whole = {
        "copyJobId": "0175DE71-5784-589F-D8AC-541ACCB4CAC8",
        "backupSizeInBytes": 3221225472,
        "creationDate": "2026-01-05T04:00:27.234Z",
        "iamRoleArn": "arn:aws:iam::444455556666:role/copy",
        "resourceArn": ORDERS,
        "resourceType": "RDS",
        "sourceBackupVaultArn": WATCHED.arn,
        "state": "COMPLETED",
        "completionDate": "2026-01-05T05:07:58.111Z",
        "destinationBackupVaultArn": DR_VAULT.arn,
        "destinationRecoveryPointArn": COPY_ARN,
        **detail,
    }
    return {
        "version": "0",
        "id": "47deb974-0000-0000-0000-000000000000",
        "detail-type": "Copy Job State Change",
        "source": "aws.backup",
        "account": "444455556666",
        "time": "2026-01-05T05:08:04Z",
        "region": "eu-west-1",
        "resources": [ARRIVAL_ARN],
        "detail": {name: value for name, value in whole.items() if value is not None},
    }


def a_point_event(**detail: Any) -> dict[str, Any]:
    event = a_job_event()
    event["detail-type"] = "Recovery Point State Change"
    event["detail"] = {
        "backupVaultName": "watched-vault",
        "backupVaultArn": WATCHED.arn,
        "creationDate": "2026-01-05T01:00:00.000Z",
        "resourceType": "RDS",
        "resourceArn": ORDERS,
        "status": "COMPLETED",
        "isEncrypted": "true",
        **detail,
    }
    return event


def test_a_completed_copy_job_names_its_arrival() -> None:
    news = read_work(json.dumps(a_job_event()))

    assert isinstance(news, JobNews)
    assert (news.job.state, news.job.source, news.job.arrival) == ("COMPLETED", ARRIVAL_ARN, COPY_ARN)
    assert news.job.destination_vault_arn == DR_VAULT.arn
    assert news.database == ORDERS


def test_the_sparse_created_event_is_read() -> None:
    sparse = dict.fromkeys(
        ["copyJobId", "backupSizeInBytes", "iamRoleArn", "resourceArn", "resourceType", "completionDate"]
    )
    news = read_work(a_job_event(**sparse, state="CREATED", destinationRecoveryPointArn=None))

    assert isinstance(news, JobNews)
    assert (news.job.job_id, news.job.arrival, news.database) == ("", None, None)


@pytest.mark.parametrize("state", ["RUNNING", "FAILED"])
def test_an_empty_object_in_place_of_the_arrival_is_no_arrival(state: str) -> None:
    news = read_work(a_job_event(state=state, destinationRecoveryPointArn={}))

    assert isinstance(news, JobNews)
    assert news.job.arrival is None


@pytest.mark.parametrize(
    "fields",
    [
        {"resourceArn": {}, "resourceType": {}},
        {"statusMessage": {}, "messageCategory": {}, "createdBy": {}},
        {"copyJobId": {}, "creationDate": {}},
    ],
)
def test_an_empty_object_in_any_optional_field_says_that_it_is_not_known(fields: dict[str, Any]) -> None:
    news = read_work(a_job_event(state="RUNNING", destinationRecoveryPointArn={}, **fields))

    assert news == read_work(a_job_event(state="RUNNING", destinationRecoveryPointArn={}, **dict.fromkeys(fields)))


@pytest.mark.parametrize("created_by", [5, True, "backupPlanArn", ["backupPlanArn"], {"backupPlanId": "x"}])
def test_only_an_object_that_names_a_plan_says_that_a_plan_started_the_job(created_by: object) -> None:
    planned = read_work(a_job_event(createdBy={"backupPlanArn": "x"}))
    other = read_work(a_job_event(createdBy=created_by))

    assert isinstance(planned, JobNews)
    assert isinstance(other, JobNews)
    assert (planned.job.is_planned, other.job.is_planned) == (True, False)


def test_the_category_of_a_failed_job_is_read() -> None:
    news = read_work(a_job_event(state="FAILED", destinationRecoveryPointArn={}, messageCategory="KMS_KEY_ERROR"))

    assert isinstance(news, JobNews)
    assert news.job.category == "KMS_KEY_ERROR"


@pytest.mark.parametrize("kind", ["Recovery Point State Change", "Recovery Point Change"])
def test_a_recovery_point_event_is_read_under_either_name(kind: str) -> None:
    news = read_work(a_point_event() | {"detail-type": kind})

    assert news == PointNews(
        arn=ARRIVAL_ARN,
        vault_arn=WATCHED.arn,
        status="COMPLETED",
        database=ORDERS,
        resource_type="RDS",
        created_at=NIGHT,
    )


def test_a_status_may_be_called_state() -> None:
    event = a_point_event(state="EXPIRED")
    del event["detail"]["status"]
    news = read_work(event)

    assert isinstance(news, PointNews)
    assert news.status == "EXPIRED"


def test_other_events_are_read_as_nothing_of_ours() -> None:
    assert isinstance(read_work(a_job_event() | {"detail-type": "Backup Job State Change"}), OtherNews)
    assert isinstance(read_work(a_job_event() | {"source": "aws.ec2"}), OtherNews)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("{", "not JSON"),
        ("[]", "expected an object"),
        ({}, "not an EventBridge event"),
        (a_job_event() | {"detail": "text"}, "detail should be an object"),
        (a_job_event() | {"resources": []}, "resources should hold one"),
        (a_job_event() | {"resources": ["nonsense"]}, "not an ARN"),
        (a_job_event(destinationBackupVaultArn=None), "detail.destinationBackupVaultArn"),
        (a_job_event(destinationBackupVaultArn="dr-vault"), "detail.destinationBackupVaultArn"),
        (a_job_event(destinationRecoveryPointArn={}), "missing from a COMPLETED"),
        (a_job_event(destinationRecoveryPointArn=["x"]), "not an ARN"),
        (a_job_event(state="DREAMING"), "known are"),
        (a_job_event(state=None), "detail.state is None"),
        (a_job_event(copyJobId=7), "detail.copyJobId should be a text"),
        (a_job_event(creationDate="yesterday"), "not a time"),
        (a_job_event(creationDate="0001-01-01T00:00:00+14:00"), "detail.creationDate: not a time between 2000"),
        (a_job_event(statusMessage="\ud800"), "detail.statusMessage should be a text"),
        (a_job_event(resourceArn="arn:aws:rds:x:1:db:\x00"), "detail.resourceArn: not an ARN"),
        ("[" * 100_000, "nested too deeply"),
        (a_job_event(creationDate="2026-01-05T01:00:00"), "not a time with a zone"),
        (a_point_event(status="DREAMING"), "detail.status"),
        (a_point_event(resourceArn="nonsense"), "not an ARN"),
        ({"secondhop": 2, "work": "look"}, "schema 2"),
        ({"secondhop": 1, "work": "dream"}, "unknown work"),
        ({"secondhop": 1, "work": "look"}, "recovery_point should be a text"),
        ({"secondhop": 1, "work": "retry", "recovery_point": "x", "route": "y"}, "by should be a text"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_field_and_what_was_found(body: object, reason: str) -> None:
    with pytest.raises(MalformedError, match=reason):
        read_work(body)


@pytest.mark.parametrize(
    "work",
    [
        Look(key=KEY),
        Retry(key=KEY, by="ada"),
        Abandon(key=KEY, by="ada"),
        PointNews(
            arn=ARRIVAL_ARN,
            vault_arn=WATCHED.arn,
            status="COMPLETED",
            database=ORDERS,
            resource_type="RDS",
            created_at=NIGHT,
        ),
        PointNews(
            arn=ARRIVAL_ARN, vault_arn=WATCHED.arn, status="EXPIRED", database=None, resource_type=None, created_at=None
        ),
    ],
)
def test_our_own_work_is_read_as_it_was_written(work: Any) -> None:
    assert read_work(write_work(work)) == work


def test_the_events_of_aws_are_never_written_by_us() -> None:
    with pytest.raises(TypeError):
        write_work(OtherNews(what="x"))


def test_a_status_message_of_any_length_is_kept_in_2000_letters() -> None:
    """A chain that held it whole could not be saved any more."""
    news = read_work(a_job_event(state="FAILED", statusMessage="x" * 80_000))

    assert isinstance(news, JobNews)
    assert news.job.message == "x" * 2_000 + " ... (78000 more letters)"
