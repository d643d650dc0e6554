"""The simulator tells the truth: AWS's errors, AWS's shapes, AWS's sparse events, and a virtual clock."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, ParamValidationError
from botocore.validate import ParamValidator

from backup_simulator import DeleteDuringCopy, Delivery, NotModelled, RuleTarget, UnknownBehaviour, World
from backup_simulator.matching import matches
from backup_simulator.policy import decide

A, B, HOME, DR = "111122223333", "444455556666", "eu-west-1", "eu-central-1"
SERVICE = {
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "backup.amazonaws.com"}, "Action": "sts:AssumeRole"}]
}
OPEN = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "backup:CopyIntoBackupVault", "Resource": "*"}]}


class Place:
    """One account with a database, its backup, and a vault in another Region."""

    def __init__(self, **options: Any) -> None:
        self.world = World(**options)
        self.site, self.far = self.world.site(A, HOME), self.world.site(A, DR)
        key = self.site.create_key()
        self.vault = self.site.create_vault("near", key_arn=key)
        self.target = self.far.create_vault("far", key_arn=self.far.create_key())
        self.role = self.world.account(A).create_role("backup", trust=SERVICE)
        self.database = self.site.create_database("RDS", "orders", key_arn=key, tags={"team": "shop"})
        self.client = self.world.session(A, region=HOME).client("backup")
        self.client.start_backup_job(BackupVaultName="near", ResourceArn=self.database, IamRoleArn=self.role)
        self.world.run_for(timedelta(hours=1))
        (self.point,) = self.world.recovery_points()

    def copy(self, **changes: Any) -> str:
        request = {
            "RecoveryPointArn": self.point.arn,
            "SourceBackupVaultName": "near",
            "DestinationBackupVaultArn": self.target,
            "IamRoleArn": self.role,
            "IdempotencyToken": "token",
            "Lifecycle": {"DeleteAfterDays": 7},
            **changes,
        }
        job_id: str = self.client.start_copy_job(**request)["CopyJobId"]
        return job_id

    def job(self, job_id: str) -> dict[str, Any]:
        job: dict[str, Any] = self.client.describe_copy_job(CopyJobId=job_id)["CopyJob"]
        return job


def code_of(refused: pytest.ExceptionInfo[ClientError]) -> str:
    return str(refused.value.response["Error"]["Code"])


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
    assert copy["SourceBackupVaultArn"] == place.vault
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
        report = ParamValidator().validate(answer, model.operation_model(operation).output_shape)
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
        ({"SourceBackupVaultName": "arn:aws:backup:x"}, "InvalidParameterValueException", "Invalid backup vault name"),
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
    place.world.deleting.expire_later(place.point)
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

    place.world.identity.join(B, "o-another000")
    stranger = place.copy(DestinationBackupVaultArn=opened, IdempotencyToken="later")
    place.world.run_for(timedelta(hours=3))
    assert "same organization" in place.job(stranger)["StatusMessage"]


def test_an_assumed_session_ends_on_the_virtual_clock_and_wants_its_external_id() -> None:
    world = World()
    condition = {"StringEquals": {"sts:ExternalId": "handshake"}}
    trust = {
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": A}, "Action": "sts:AssumeRole", "Condition": condition}]
    }
    role = world.account(B).create_role("operator", trust=trust)
    world.account(A)
    session = world.session(A, region=HOME)
    sts = session.client("sts")
    with pytest.raises(ClientError):
        sts.assume_role(RoleArn=role, RoleSessionName="test")

    granted = sts.assume_role(RoleArn=role, RoleSessionName="test", ExternalId="handshake")["Credentials"]
    client = session.client(
        "sts",
        aws_access_key_id=granted["AccessKeyId"],
        aws_secret_access_key=granted["SecretAccessKey"],
        aws_session_token=granted["SessionToken"],
    )
    assert client.get_caller_identity()["Account"] == B
    world.run_for(timedelta(hours=1))
    with pytest.raises(ClientError, match="expired"):
        client.get_caller_identity()


def test_operations_that_are_not_modelled_are_refused_by_name() -> None:
    place = Place()

    with pytest.raises(NotModelled, match="backup:ListLegalHolds"):
        place.client.list_legal_holds()
    with pytest.raises(NotModelled, match="s3:ListBuckets"):
        place.world.session(A).client("s3").list_buckets()


def forwarded(world: World, *, policy: bool) -> list[Any]:
    """Events of account A, forwarded to B, and from there to a third bus."""
    sender, receiver, third = world.site(A, HOME), world.site(B, HOME), world.site(B, DR)
    role = world.account(A).create_role("forward", trust=SERVICE)
    bus = f"arn:aws:events:{HOME}:{B}:event-bus/default"
    sender.put_rule("out", pattern={"source": ["aws.backup"]}, targets=[RuleTarget(id="x", arn=bus, role_arn=role)])
    if policy:
        allow = {"Effect": "Allow", "Principal": {"AWS": A}, "Action": "events:PutEvents", "Resource": bus}
        receiver.put_bus_policy(allow)
    queue = receiver.create_queue("in")
    onward = f"arn:aws:events:{DR}:{B}:event-bus/default"
    targets = [RuleTarget(id="q", arn=queue.arn), RuleTarget(id="on", arn=onward, role_arn=role)]
    receiver.put_rule("in", pattern={"account": [A]}, targets=targets)
    lost = third.create_queue("third")
    third.put_rule("third", pattern={"account": [A]}, targets=[RuleTarget(id="q", arn=lost.arn)])
    world.events.emit(A, HOME, "Copy Job State Change", [], {})
    world.run_for(timedelta(minutes=10))
    assert lost.messages == {}
    return list(queue.messages.values())


def test_forwarded_events_keep_their_account_and_go_no_third_hop() -> None:
    (message,) = forwarded(World(), policy=True)

    assert f'"account": "{A}"' in message.body


def test_a_bus_without_a_policy_receives_nothing_from_another_account() -> None:
    assert forwarded(World(), policy=False) == []


def test_events_may_be_lost_doubled_and_late() -> None:
    for delivery, count in ((Delivery(loss=1.0), 0), (Delivery(duplicate=1.0), 2), (Delivery(reorder=1.0), 1)):
        world = World(delivery=delivery)
        queue = world.site(A, HOME).create_queue("in")
        targets = [RuleTarget(id="q", arn=queue.arn)]
        world.site(A, HOME).put_rule("in", pattern={"source": ["aws.backup"]}, targets=targets)
        world.events.emit(A, HOME, "Copy Job State Change", [], {})
        world.run_for(timedelta(hours=1))

        assert len(queue.messages) == count


@pytest.mark.parametrize(
    ("pattern", "event", "expected"),
    [
        ({"a": ["x"]}, {"a": "x"}, True),
        ({"a": ["x"]}, {"a": ["y", "x"]}, True),
        ({"a": ["1"]}, {"a": 1}, False),
        ({"a": {"b": ["x"]}}, {"a": "x"}, False),
        ({"a": [{"exists": False}]}, {}, True),
        ({"a": [{"exists": True}]}, {"a": {}}, False),
        ({"a": [{"prefix": "ab"}]}, {"a": "abc"}, True),
        ({"a": [{"suffix": "bc"}]}, {"a": "abc"}, True),
        ({"a": [{"anything-but": ["x"]}]}, {"a": "y"}, True),
        ({"a": [{"anything-but": {"prefix": "x"}}]}, {"a": "xy"}, False),
        ({"a": [{"wildcard": "a*c*e"}]}, {"a": "abcde"}, True),
        ({"a": [{"wildcard": "a*c"}]}, {"a": "abd"}, False),
        ({"a": [{"equals-ignore-case": "X"}]}, {"a": "x"}, True),
        ({"$or": [{"a": ["x"]}, {"b": ["y"]}]}, {"b": "y"}, True),
    ],
)
def test_event_patterns_match_as_eventbridge_matches(
    pattern: dict[str, Any], event: dict[str, Any], *, expected: bool
) -> None:
    assert matches(pattern, event) is expected


@pytest.mark.parametrize(
    ("statement", "context", "verdict"),
    [
        ({"Effect": "Allow", "Action": "backup:Start*", "Resource": "*"}, {}, "allow"),
        ({"Effect": "Deny", "NotAction": "backup:StartCopyJob", "Resource": "*"}, {}, "none"),
        ({"Effect": "Allow", "Action": "backup:StartCopyJob", "Resource": "arn:other"}, {}, "none"),
        (
            {
                "Effect": "Deny",
                "Action": "*",
                "Resource": "*",
                "Condition": {"ArnNotLike": {"aws:PrincipalArn": "arn:x:*"}},
            },
            {"aws:PrincipalArn": "arn:x:me"},
            "none",
        ),
        (
            {"Effect": "Deny", "Action": "*", "Condition": {"ArnNotLike": {"aws:PrincipalArn": "arn:x:*"}}},
            {"aws:PrincipalArn": "arn:y:me"},
            "deny",
        ),
        ({"Effect": "Allow", "Action": "*", "Condition": {"Null": {"key": "false"}}}, {"key": "there"}, "allow"),
        ({"Effect": "Allow", "Action": "*", "Condition": {"Bool": {"key": "true"}}}, {}, "none"),
        (
            {"Effect": "Allow", "Action": "*", "Condition": {"ForAllValues:StringEquals": {"key": ["a", "b"]}}},
            {"key": ["a", "c"]},
            "none",
        ),
    ],
)
def test_policies_are_evaluated_as_iam_evaluates_them(
    statement: dict[str, Any], context: dict[str, str], verdict: str
) -> None:
    found = decide(
        [{"Statement": [statement]}], action="backup:StartCopyJob", resource="arn:aws:rds:x", context=context
    )

    assert found == verdict


def trace_of(seed: int) -> list[str]:
    place = Place(seed=seed, delivery=Delivery(duplicate=0.3, loss=0.3, reorder=0.3))
    place.copy()
    place.world.run_for(timedelta(hours=5))
    return [f"{line.at} {line.kind} {line.text} {line.facts}" for line in place.world.trace]


def test_the_same_seed_gives_the_same_trace_and_another_gives_another() -> None:
    assert trace_of(5) == trace_of(5)
    assert trace_of(5) != trace_of(6)
