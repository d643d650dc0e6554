"""The same world behind a port: unmodified clients, the AWS CLI, and the tester's own way in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from backup_simulator import World
from backup_simulator.command_line import main
from tests.served import client, control, served
from tests.simulated_place import ALL, DR, HOME, SERVICE, A, B

ROOT = Path(__file__).parents[2]
TRUST_A = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": A}, "Action": "sts:AssumeRole"}]}


@pytest.fixture
def address() -> Iterator[str]:
    with served(World(enforce_identity=True)) as address:
        yield address


def test_a_copy_job_runs_over_http_as_it_does_in_process(address: str) -> None:
    for what in ("near", "far"):
        region = {"near": HOME, "far": DR}[what]
        key = control(address, "make", what="create_key", account=A, region=region)["made"]
        control(address, "make", what="create_vault", account=A, region=region, name=what, key_arn=key)
    control(address, "make", what="create_service_linked_role", account=A, service="backup.amazonaws.com")
    role = control(address, "make", what="create_role", account=A, name="b", trust=SERVICE, policies=[ALL])["made"]
    database = {"resource_type": "RDS", "name": "orders", "key_arn": None}
    arn = control(address, "make", what="create_database", account=A, region=HOME, **database)["made"]
    backup = client(address, "backup")
    backup.start_backup_job(BackupVaultName="near", ResourceArn=arn, IamRoleArn=role)
    control(address, "advance", seconds=3600)
    (point,) = backup.list_recovery_points_by_backup_vault(BackupVaultName="near")["RecoveryPoints"]
    started = backup.start_copy_job(
        RecoveryPointArn=point["RecoveryPointArn"],
        SourceBackupVaultName="near",
        DestinationBackupVaultArn=f"arn:aws:backup:{DR}:{A}:backup-vault:far",
        IamRoleArn=role,
    )
    control(address, "advance", seconds=7200)

    job = backup.describe_copy_job(CopyJobId=started["CopyJobId"])["CopyJob"]
    assert (job["State"], job["CreationDate"]) == ("COMPLETED", started["CreationDate"])
    since = backup.list_copy_jobs(ByCreatedAfter=point["CreationDate"], ByState="COMPLETED")["CopyJobs"]
    assert since == [job]
    (seen,) = control(address, "world")["copy_jobs"]
    assert seen["id"] == started["CopyJobId"]
    assert abs(datetime.fromisoformat(seen["created_at"]) - job["CreationDate"]) < timedelta(milliseconds=1)


def test_errors_over_http_are_typed_as_boto3_types_them(address: str) -> None:
    backup = client(address, "backup")
    with pytest.raises(backup.exceptions.ResourceNotFoundException, match="Cannot find copy job"):
        backup.describe_copy_job(CopyJobId="none")
    with pytest.raises(ClientError, match="backup:ListLegalHolds is not modelled"):
        backup.list_legal_holds()
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        client(address, "backup", "nobody").list_copy_jobs()


def test_a_role_is_assumed_and_messages_are_sent_over_http(address: str) -> None:
    policy = {"Statement": [{"Effect": "Allow", "Action": "sns:Publish", "Resource": "*"}]}
    role = control(address, "make", what="create_role", account=B, name="o", trust=TRUST_A, policies=[policy])["made"]
    topic = control(address, "make", what="create_topic", account=B, region=HOME, name="news")["made"]
    granted = client(address, "sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    assert client(address, "sts", granted["AccessKeyId"]).get_caller_identity()["Account"] == B

    attributes = {"cause": {"DataType": "String", "StringValue": "quota"}}
    news = client(address, "sns", granted["AccessKeyId"])
    assert news.publish(TopicArn=topic, Message="a < b", MessageAttributes=attributes)["MessageId"]
    with pytest.raises(ClientError, match="not authorized to perform: backup:ListCopyJobs"):
        client(address, "backup", granted["AccessKeyId"]).list_copy_jobs()


def test_a_time_scale_shortens_durations_and_moves_no_date() -> None:
    fast = World(time_scale=60)
    seen: list[str] = []
    fast.clock.after(timedelta(hours=1), lambda: seen.append("an hour's work"))
    fast.clock.at(fast.now() + timedelta(hours=1), lambda: seen.append("a date"))

    fast.run_for(timedelta(minutes=1))

    assert seen == ["an hour's work"]


@pytest.mark.parametrize(
    ("service", "operation", "given"),
    [
        ("sns", "list_topics", {}),
        ("sts", "get_session_token", {}),
        ("iam", "list_users", {}),
        ("rds", "describe_events", {}),
        ("cloudformation", "list_exports", {}),
        ("ec2", "describe_instances", {}),
        ("s3", "list_objects_v2", {"Bucket": "bucket"}),
        ("route53", "list_hosted_zones", {}),
        ("dynamodb", "list_tables", {}),
        ("backup", "list_frameworks", {}),
        ("lambda", "list_functions", {}),
    ],
)
def test_what_is_not_modelled_is_named_in_the_protocol_of_each_service(
    address: str, service: str, operation: str, given: dict[str, str]
) -> None:
    with pytest.raises(ClientError) as refused:
        getattr(client(address, service), operation)(**given)
    answer = refused.value.response

    assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == ("NotModelled", 501)
    assert "not modelled" in answer["Error"]["Message"]


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("2027-03-01T12:00Z", "2027-03-01T12:00:00+00:00"),
        ("2027-03-01T12:00+02:00", "2027-03-01T10:00:00+00:00"),
        ("2027-03-01", "2027-03-01T00:00:00+00:00"),
    ],
)
def test_a_served_world_begins_at_the_time_that_start_says(start: str, expected: str) -> None:
    settings: list[dict[str, Any]] = []

    def prepare(_: int, given: dict[str, Any]) -> Callable[[], None]:
        settings.append(given)
        return lambda: None

    assert main(["serve", "--start", start], prepare=prepare) == 0
    assert World(**settings[0]).now().isoformat() == expected


@pytest.mark.parametrize("name", ["v", "a vault", "x" * 51, ""])
def test_a_test_cannot_make_a_vault_whose_name_the_api_refuses(name: str) -> None:
    site = World().site(A, HOME)
    with pytest.raises(ValueError, match="Invalid backup vault name"):
        site.create_vault(name, key_arn=site.create_key())
