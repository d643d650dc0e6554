"""The same world behind a port: unmodified clients, the AWS CLI, and the tester's own way in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from backup_simulator import World
from backup_simulator.command_line import main
from backup_simulator.http_door import serve
from tests.simulated_place import ALL, DR, HOME, SERVICE, A, B

ROOT = Path(__file__).parents[2]
TRUST_A = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": A}, "Action": "sts:AssumeRole"}]}


@pytest.fixture
def address() -> Iterator[str]:
    server = serve(World(enforce_identity=True), 0)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def control(address: str, action: str, **given: Any) -> Any:
    with urllib.request.urlopen(f"{address}/_control/{action}", data=json.dumps(given).encode(), timeout=10) as reply:
        return json.load(reply)


def client(address: str, service: str, key: str = A, *, region: str = HOME) -> Any:
    return boto3.client(
        service,
        endpoint_url=address,
        region_name=region,
        aws_access_key_id=key,
        aws_secret_access_key="simulated",
        config=Config(retries={"max_attempts": 0}),
    )


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


@pytest.mark.parametrize(
    ("action", "given"),
    [
        ("dance", {}),
        ("advance", {}),
        ("make", {"what": "chaos", "account": A}),
        ("refuse", {"operation": "X", "times": 0}),
    ],
)
def test_a_control_that_makes_no_sense_is_answered_with_the_reason(
    address: str, action: str, given: dict[str, Any]
) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        control(address, action, **given)

    assert refused.value.code == 400
    assert json.load(refused.value)["error"]


@pytest.mark.parametrize(
    "arguments", [["--unknown", '{"weather": 1}'], ["--unknown", "["], ["--unknown", "[]"], ["--port", "70000"]]
)
def test_a_command_line_that_makes_no_sense_gets_one_sentence_and_exit_code_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", *arguments]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_port_in_use_gets_one_sentence_and_exit_code_2(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--port", address.rpartition(":")[2]]) == 2
    assert "cannot be used" in capsys.readouterr().err


def test_a_bad_seed_is_refused_with_exit_code_2() -> None:
    command = [sys.executable, "-m", "backup_simulator.command_line", "serve", "--seed", "x"]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}

    assert subprocess.run(command, env=environ, check=False, capture_output=True).returncode == 2
