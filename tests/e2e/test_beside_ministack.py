"""AWS Backup beside real queues, rules, roles, stacks and functions of ministack: one port, unmodified clients.

Runs in `make beside`, in an environment of its own.
"""

from __future__ import annotations

import io
import json
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.beside import BACKUP, COMMAND, DR, HOME, ROOT, WORKLOAD, Cloud, a_cloud, clean_environment, within

pytestmark = pytest.mark.beside
SERVICE = {"Principal": {"Service": "backup.amazonaws.com"}}
ANYTHING = {"Action": "*", "Resource": "*"}
COPY_JOBS = json.dumps({"source": ["aws.backup"], "detail-type": ["Copy Job State Change"]})


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    """So fast that a copy of half an hour takes a second."""
    with a_cloud("--time-scale", "1800") as served:
        for account in (WORKLOAD, BACKUP):
            served.client("iam", account).create_service_linked_role(AWSServiceName="backup.amazonaws.com")
        yield served


def a_vault(cloud: Cloud, name: str, *, account: str = WORKLOAD, region: str = HOME) -> str:
    key = cloud.client("kms", account, region=region).create_key()["KeyMetadata"]["Arn"]
    backup = cloud.client("backup", account, region=region)
    return str(backup.create_backup_vault(BackupVaultName=name, EncryptionKeyArn=key)["BackupVaultArn"])


def a_copy(cloud: Cloud, name: str, destination: str, role: str) -> str:
    """A backup of a new database, and a copy job of it; the job's id."""
    a_vault(cloud, name)
    database = {"resource_type": "RDS", "name": name, "key_arn": None, "size_gib": 1}
    arn = cloud.control("make", what="create_database", account=WORKLOAD, region=HOME, **database)["made"]
    backup = cloud.client("backup")
    backup.start_backup_job(BackupVaultName=name, ResourceArn=arn, IamRoleArn=role)
    (point,) = within(20, lambda: backup.list_recovery_points_by_backup_vault(BackupVaultName=name)["RecoveryPoints"])
    where = {"SourceBackupVaultName": name, "DestinationBackupVaultArn": destination, "IamRoleArn": role}
    return str(backup.start_copy_job(RecoveryPointArn=point["RecoveryPointArn"], **where)["CopyJobId"])


def a_queue(cloud: Cloud, name: str, account: str = WORKLOAD) -> tuple[str, str]:
    sqs = cloud.client("sqs", account)
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def bodies(cloud: Cloud, url: str, account: str = WORKLOAD) -> list[dict[str, Any]]:
    messages = cloud.client("sqs", account).receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return [json.loads(each["Body"]) for each in messages]


def the_completed(cloud: Cloud, url: str, account: str = WORKLOAD) -> dict[str, Any]:
    """The first event of a completed copy job that is on a queue."""

    def ended() -> list[dict[str, Any]]:
        return [each for each in bodies(cloud, url, account) if each["detail"]["state"] == "COMPLETED"]

    return dict(within(20, ended)[0])


def test_a_copy_jobs_events_reach_a_real_queue_through_a_real_rule(cloud: Cloud) -> None:
    url, queue = a_queue(cloud, "copies")
    cloud.client("events").put_rule(Name="copies", EventPattern=COPY_JOBS)
    cloud.client("events").put_targets(Rule="copies", Targets=[{"Id": "queue", "Arn": queue}])
    role = cloud.role(WORKLOAD, "copier", SERVICE, ANYTHING)

    job = a_copy(cloud, "near", a_vault(cloud, "far", region=DR), role)
    event = the_completed(cloud, url)

    copied = cloud.client("backup").describe_copy_job(CopyJobId=job)["CopyJob"]
    assert event["account"] == WORKLOAD
    assert event["detail"]["copyJobId"] == job
    assert event["detail"]["destinationRecoveryPointArn"] == copied["DestinationRecoveryPointArn"]


def test_events_go_to_another_accounts_bus_only_if_its_policy_admits_the_rules_role(cloud: Cloud) -> None:
    url, queue = a_queue(cloud, "arrived", BACKUP)
    lost, dead_letters = a_queue(cloud, "not-arrived")
    there = cloud.client("events", BACKUP)
    there.put_rule(Name="from-there", EventPattern=COPY_JOBS)
    there.put_targets(Rule="from-there", Targets=[{"Id": "queue", "Arn": queue}])
    bus = f"arn:aws:events:{HOME}:{BACKUP}:event-bus/default"
    trust = {"Principal": {"Service": "events.amazonaws.com"}}
    sender = cloud.role(WORKLOAD, "sender", trust, {"Action": "events:PutEvents", "Resource": bus})
    here = cloud.client("events")
    here.put_rule(Name="forward", EventPattern=COPY_JOBS)
    target = {"Id": "bus", "Arn": bus, "RoleArn": sender, "DeadLetterConfig": {"Arn": dead_letters}}
    here.put_targets(Rule="forward", Targets=[target])
    role = cloud.role(WORKLOAD, "forwarded-copier", SERVICE, ANYTHING)
    destination = a_vault(cloud, "forwarded-far", region=DR)

    a_copy(cloud, "forwarded-one", destination, role)
    assert the_completed(cloud, lost)["account"] == WORKLOAD
    assert bodies(cloud, url, BACKUP) == []

    there.put_permission(EventBusName="default", StatementId="w", Principal=WORKLOAD, Action="events:PutEvents")
    a_copy(cloud, "forwarded-two", destination, role)
    event = the_completed(cloud, url, BACKUP)
    assert (event["account"], event["region"]) == (WORKLOAD, HOME)
    here.remove_targets(Rule="forward", Ids=["bus"])


def test_a_role_is_known_by_its_path_and_may_only_what_its_policy_in_iam_says(cloud: Cloud) -> None:
    entering = {"Action": "sts:AssumeRole", "Resource": "*"}
    trust_in_function = {"Principal": {"Service": "lambda.amazonaws.com", "AWS": WORKLOAD}}
    inner = cloud.role(WORKLOAD, "function", trust_in_function, entering, path="/secondhop/")
    only_of_the_path = {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{WORKLOAD}:role/secondhop/*"}}
    outer = cloud.role(BACKUP, "operator", {"Principal": {"AWS": WORKLOAD}, "Condition": only_of_the_path})
    first = cloud.client("sts").assume_role(RoleArn=inner, RoleSessionName="function")["Credentials"]

    with pytest.raises(ClientError, match="not authorized to perform: sts:AssumeRole"):
        cloud.client("sts").assume_role(RoleArn=outer, RoleSessionName="administrator")
    by_role = cloud.client("sts", first["AccessKeyId"], token=first["SessionToken"])
    second = by_role.assume_role(RoleArn=outer, RoleSessionName="function")["Credentials"]
    backup = cloud.client("backup", second["AccessKeyId"], token=second["SessionToken"])

    with pytest.raises(ClientError, match="because no identity-based policy allows the backup:ListCopyJobs action"):
        backup.list_copy_jobs()
    cloud.allow(BACKUP, "operator", {"Action": "backup:ListCopyJobs", "Resource": "*"})
    assert backup.list_copy_jobs()["CopyJobs"] == []
    with pytest.raises(ClientError, match="token is malformed or otherwise invalid"):
        cloud.client("backup", second["AccessKeyId"], token="somebody else's").list_copy_jobs()


def test_a_function_in_a_process_of_its_own_is_invoked_with_the_event(cloud: Cloud) -> None:
    url, _ = a_queue(cloud, "from-the-function")
    source = f"""
import boto3, json
def handler(event, context):
    boto3.client("sqs").send_message(QueueUrl={url!r}, MessageBody=json.dumps(event))
"""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", source)
    trust = {"Principal": {"Service": "lambda.amazonaws.com"}}
    of_function = cloud.role(WORKLOAD, "teller", trust, {"Action": "sqs:SendMessage", "Resource": "*"})
    made = cloud.client("lambda").create_function(
        FunctionName="teller",
        Runtime="python3.13",
        Role=of_function,
        Handler="app.handler",
        Code={"ZipFile": packed.getvalue()},
    )
    events = cloud.client("events")
    events.put_rule(Name="to-the-function", EventPattern=COPY_JOBS)
    events.put_targets(Rule="to-the-function", Targets=[{"Id": "function", "Arn": made["FunctionArn"]}])
    role = cloud.role(WORKLOAD, "told-copier", SERVICE, ANYTHING)

    job = a_copy(cloud, "told", a_vault(cloud, "told-far", region=DR), role)

    assert the_completed(cloud, url)["detail"]["copyJobId"] == job


TEMPLATE = """
Resources:
  Key:
    Type: AWS::KMS::Key
    Properties:
      KeyPolicy:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Principal: {AWS: !Ref AWS::AccountId}, Action: "kms:*", Resource: "*"}]
  Vault:
    Type: AWS::Backup::BackupVault
    Properties:
      BackupVaultName: stacked
      EncryptionKeyArn: !GetAtt Key.Arn
      LockConfiguration: {MinRetentionDays: "7", MaxRetentionDays: "365"}
      AccessPolicy:
        Version: "2012-10-17"
        Statement: [{Effect: Deny, Principal: "*", Action: backup:PutBackupVaultAccessPolicy, Resource: "*"}]
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{Effect: Allow, Principal: {Service: backup.amazonaws.com}, Action: sts:AssumeRole}]
  Plan:
    Type: AWS::Backup::BackupPlan
    Properties:
      BackupPlan:
        BackupPlanName: nightly
        BackupPlanRule: [{RuleName: nightly, TargetBackupVault: !Ref Vault, Lifecycle: {DeleteAfterDays: "14"}}]
  Selection:
    Type: AWS::Backup::BackupSelection
    Properties:
      BackupPlanId: !Ref Plan
      BackupSelection: {SelectionName: tagged, IamRoleArn: !GetAtt Role.Arn, Resources: ["arn:aws:rds:*:*:db:*"]}
  Bus:
    Type: AWS::Events::EventBusPolicy
    Properties:
      StatementId: guest
      Statement:
        {Effect: Allow, Principal: {AWS: "arn:aws:iam::111122223333:root"}, Action: events:PutEvents, Resource: "*"}
"""


def test_cloudformation_makes_and_removes_what_ministack_lacks(cloud: Cloud) -> None:
    stacks, backup = cloud.client("cloudformation", BACKUP), cloud.client("backup", BACKUP)
    stacks.create_stack(StackName="vaults", TemplateBody=TEMPLATE, Capabilities=["CAPABILITY_IAM"])
    stacks.get_waiter("stack_create_complete").wait(StackName="vaults", WaiterConfig={"Delay": 1, "MaxAttempts": 20})

    vault = backup.describe_backup_vault(BackupVaultName="stacked")
    (plan,) = backup.list_backup_plans()["BackupPlansList"]
    (rule,) = backup.get_backup_plan(BackupPlanId=plan["BackupPlanId"])["BackupPlan"]["Rules"]
    (selection,) = backup.list_backup_selections(BackupPlanId=plan["BackupPlanId"])["BackupSelectionsList"]
    assert (vault["MinRetentionDays"], vault["MaxRetentionDays"], vault["Locked"]) == (7, 365, True)
    assert (rule["TargetBackupVaultName"], rule["Lifecycle"]) == ("stacked", {"DeleteAfterDays": 14})
    assert selection["SelectionName"] == "tagged"
    assert "guest" in cloud.client("events", BACKUP).describe_event_bus(Name="default")["Policy"]
    with pytest.raises(ClientError, match="explicit deny in a resource-based policy"):
        backup.put_backup_vault_access_policy(BackupVaultName="stacked", Policy='{"Statement": []}')

    stacks.delete_stack(StackName="vaults")
    stacks.get_waiter("stack_delete_complete").wait(StackName="vaults", WaiterConfig={"Delay": 1, "MaxAttempts": 20})
    assert backup.list_backup_plans()["BackupPlansList"] == []
    assert all(each["BackupVaultName"] != "stacked" for each in backup.list_backup_vaults()["BackupVaultList"])


def test_the_aws_cli_is_answered_by_both_at_one_address(cloud: Cloud) -> None:
    cli = ROOT / ".venv-aws-cli" / "bin" / "aws"
    assert cli.exists(), "run `make beside`, which installs the AWS CLI"
    who = {"AWS_ACCESS_KEY_ID": "777788889999", "AWS_SECRET_ACCESS_KEY": "simulated", "AWS_DEFAULT_REGION": HOME}
    environ = clean_environment(AWS_PAGER="", AWS_DEFAULT_OUTPUT="text", **who)

    def aws(*words: str) -> str:
        return subprocess.run(
            [cli, "--endpoint-url", cloud.address, *words], env=environ, check=True, capture_output=True, text=True
        ).stdout.strip()

    key = aws("kms", "create-key", "--query", "KeyMetadata.Arn")
    named = ("--backup-vault-name", "by-cli")
    vault = aws("backup", "create-backup-vault", *named, "--encryption-key-arn", key, "--query", "BackupVaultArn")
    assert vault == f"arn:aws:backup:{HOME}:777788889999:backup-vault:by-cli"
    assert aws("backup", "describe-backup-vault", *named, "--query", "EncryptionKeyArn") == key
    assert aws("sqs", "create-queue", "--queue-name", "q").endswith("/777788889999/q")


def test_the_clock_can_be_advanced_and_the_world_looked_at(cloud: Cloud) -> None:
    before = cloud.control("world")["now"]

    after = cloud.control("advance", seconds=86400)["now"]

    assert after[:10] > before[:10]


def test_a_port_in_use_gets_one_sentence_and_exit_code_2(cloud: Cloud) -> None:
    command: list[str | Path] = [COMMAND, "serve", "--port", cloud.address.rpartition(":")[2]]

    done = subprocess.run(command, env=clean_environment(), capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].endswith("cannot be used: Address already in use.")
    assert "Traceback" not in done.stderr


def test_a_first_moment_is_refused_because_ministack_has_the_time_of_this_machine() -> None:
    command: list[str | Path] = [COMMAND, "serve", "--port", "0", "--start", "2026-01-05T00:00Z"]

    done = subprocess.run(command, env=clean_environment(), capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 2
    assert "--start cannot be used here" in done.stderr
    assert "Traceback" not in done.stderr
