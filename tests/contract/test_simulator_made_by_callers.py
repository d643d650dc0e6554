"""Roles, queues and rules that callers make through the APIs, in the shapes of each service's own model."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from backup_simulator import NotModelled, World
from tests.simulated_place import ALL, HOME, SERVICE, A, Place, code_of

PATTERN = json.dumps({"source": ["aws.backup"]})
# What EventBridge's guide asks of a queue's policy (eb-use-resource-based).
SENDER: dict[str, Any] = {
    "Effect": "Allow",
    "Principal": {"Service": "events.amazonaws.com"},
    "Action": "sqs:SendMessage",
    "Resource": f"arn:aws:sqs:{HOME}:{A}:heard",
    "Condition": {"ArnEquals": {"aws:SourceArn": f"arn:aws:events:{HOME}:{A}:rule/all"}},
}


def clients(world: World, role: str | None = None) -> tuple[Any, Any, Any]:
    session: Any = world.session(A, role, HOME)
    return session.client("iam"), session.client("sqs"), session.client("events")


def made_queue(sqs: Any, statement: dict[str, Any]) -> str:
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    made = sqs.create_queue(QueueName="heard", Attributes={"Policy": policy, "VisibilityTimeout": "60"})
    return str(made["QueueUrl"])


def test_a_role_that_a_caller_made_is_passed_to_aws_backup_and_has_its_inline_policies() -> None:
    place = Place()
    iam, *_ = clients(place.world)
    made = iam.create_role(RoleName="made", Path="/ours/", AssumeRolePolicyDocument=json.dumps(SERVICE))["Role"]
    place.role = made["Arn"]
    refused = place.copy(IdempotencyToken="without")
    place.world.run_for(timedelta(hours=1))
    iam.put_role_policy(RoleName="made", PolicyName="all", PolicyDocument=json.dumps(ALL))
    accepted = place.copy(IdempotencyToken="with")
    place.world.run_for(timedelta(hours=6))

    assert made["Arn"] == f"arn:aws:iam::{A}:role/ours/made"
    assert (place.job(refused)["State"], place.job(accepted)["State"]) == ("FAILED", "COMPLETED")


def test_a_role_is_deleted_after_its_policies_and_then_it_is_not_found() -> None:
    iam, *_ = clients(World())
    iam.create_role(RoleName="made", AssumeRolePolicyDocument=json.dumps(SERVICE))
    iam.put_role_policy(RoleName="made", PolicyName="all", PolicyDocument=json.dumps(ALL))
    iam.put_role_policy(RoleName="made", PolicyName="all", PolicyDocument=json.dumps(ALL))
    with pytest.raises(ClientError) as too_soon:
        iam.delete_role(RoleName="made")
    iam.delete_role_policy(RoleName="made", PolicyName="all")
    iam.delete_role(RoleName="made")
    gone = []
    for call in (iam.get_role, iam.delete_role):
        with pytest.raises(ClientError) as missing:
            call(RoleName="made")
        gone.append(code_of(missing))

    assert (code_of(too_soon), gone) == ("DeleteConflict", ["NoSuchEntity"] * 2)


@pytest.mark.parametrize("document", ["no JSON", "{}"])
def test_a_policy_that_is_no_document_is_refused(document: str) -> None:
    iam, *_ = clients(World())
    with pytest.raises(ClientError) as refused:
        iam.create_role(RoleName="made", AssumeRolePolicyDocument=document)
    iam.create_role(RoleName="made", AssumeRolePolicyDocument=json.dumps(SERVICE))
    with pytest.raises(ClientError) as twice:
        iam.create_role(RoleName="made", AssumeRolePolicyDocument=json.dumps(SERVICE))
    with pytest.raises(ClientError) as unknown:
        iam.delete_role_policy(RoleName="made", PolicyName="none")

    assert [code_of(each) for each in (refused, twice, unknown)] == [
        "MalformedPolicyDocument",
        "EntityAlreadyExists",
        "NoSuchEntity",
    ]


def test_a_queue_that_a_caller_made_gets_the_events_of_a_rule_that_a_caller_made() -> None:
    place = Place()
    _, sqs, events = clients(place.world)
    url = made_queue(sqs, SENDER)
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name="all", EventPattern=PATTERN)
    events.put_targets(Rule="all", Targets=[{"Id": "q", "Arn": arn}])
    events.put_rule(Name="all", EventPattern=PATTERN)
    place.copy()
    place.world.run_for(timedelta(hours=6))
    heard = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]

    assert "Copy Job State Change" in {json.loads(each["Body"])["detail-type"] for each in heard}


@pytest.mark.parametrize(
    "change", [{"Effect": "Deny"}, {"Action": "sqs:ReceiveMessage"}, {"Resource": "arn:aws:x"}, None]
)
def test_a_queue_with_a_policy_that_does_not_admit_eventbridge_gets_nothing(change: dict[str, str] | None) -> None:
    place = Place()
    _, sqs, events = clients(place.world)
    url = sqs.create_queue(QueueName="heard")["QueueUrl"] if change is None else made_queue(sqs, {**SENDER, **change})
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name="all", EventPattern=PATTERN)
    events.put_targets(Rule="all", Targets=[{"Id": "q", "Arn": arn}])
    place.copy()
    place.world.run_for(timedelta(hours=6))

    reasons = {line.text.rpartition(" ")[2] for line in place.world.trace if line.kind == "event dropped"}

    assert sqs.receive_message(QueueUrl=url).get("Messages", []) == []
    assert reasons == {"NO_PERMISSIONS"}


def test_a_queue_with_a_policy_that_aws_would_refuse_is_not_made() -> None:
    _, sqs, _ = clients(Place().world)
    for policy in ("{", json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Perhaps"}]})):
        with pytest.raises(ClientError) as refused:
            sqs.create_queue(QueueName="heard", Attributes={"Policy": policy})
        assert code_of(refused) == "InvalidAttributeValue"


def test_a_rule_is_deleted_after_its_targets_and_hears_no_more() -> None:
    place = Place()
    _, sqs, events = clients(place.world)
    url = sqs.create_queue(QueueName="heard")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name="all", EventPattern=PATTERN)
    events.put_targets(Rule="all", Targets=[{"Id": "q", "Arn": arn}])
    with pytest.raises(ClientError) as too_soon:
        events.delete_rule(Name="all")
    events.remove_targets(Rule="all", Ids=["q"])
    events.delete_rule(Name="all")
    events.delete_rule(Name="all")
    place.copy()
    place.world.run_for(timedelta(hours=6))
    silent = sqs.receive_message(QueueUrl=url).get("Messages", [])
    sqs.delete_queue(QueueUrl=url)
    with pytest.raises(ClientError) as gone:
        sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])

    assert (code_of(too_soon), silent) == ("ValidationException", [])
    assert code_of(gone) == "AWS.SimpleQueueService.NonExistentQueue"


def test_what_is_not_modelled_of_queues_rules_and_targets_is_refused_by_name() -> None:
    _, sqs, events = clients(World())
    events.put_rule(Name="all", EventPattern=PATTERN)
    target = {"Id": "q", "Arn": f"arn:aws:sqs:{HOME}:{A}:heard", "InputPath": "$"}

    with pytest.raises(NotModelled, match="KmsMasterKeyId"):
        sqs.create_queue(QueueName="heard", Attributes={"KmsMasterKeyId": "alias/aws/sqs"})
    with pytest.raises(NotModelled, match="ScheduleExpression"):
        events.put_rule(Name="hourly", ScheduleExpression="rate(1 hour)")
    with pytest.raises(NotModelled, match="InputPath"):
        events.put_targets(Rule="all", Targets=[target])


@pytest.mark.parametrize("lacks", ["iam:CreateRole", "iam:PutRolePolicy", "sqs:CreateQueue", "events:PutRule"])
def test_what_a_caller_makes_needs_a_right_for_its_own_name(lacks: str) -> None:
    world = World()
    rights = {
        "iam:CreateRole": f"arn:aws:iam::{A}:role/ours/*",
        "iam:PutRolePolicy": f"arn:aws:iam::{A}:role/ours/*",
        "sqs:CreateQueue": f"arn:aws:sqs:*:{A}:ours-*",
        "events:PutRule": f"arn:aws:events:*:{A}:rule/ours-*",
    }
    allowed = [{"Effect": "Allow", "Action": k, "Resource": v} for k, v in rights.items() if k != lacks]
    caller = world.account(A).create_role("caller", trust=SERVICE, policies=[{"Statement": allowed}])
    iam, sqs, events = clients(world, caller)
    trust = json.dumps(SERVICE)
    calls: dict[str, Callable[[], Any]] = {
        "iam:CreateRole": lambda: iam.create_role(RoleName="made", Path="/ours/", AssumeRolePolicyDocument=trust),
        "iam:PutRolePolicy": lambda: iam.put_role_policy(
            RoleName="made", PolicyName="all", PolicyDocument=json.dumps(ALL)
        ),
        "sqs:CreateQueue": lambda: sqs.create_queue(QueueName="ours-1"),
        "events:PutRule": lambda: events.put_rule(Name="ours-1", EventPattern=PATTERN),
    }
    for name, call in calls.items():
        if name == lacks:
            with pytest.raises(ClientError, match=f"not authorized to perform: {name}"):
                call()
            return
        call()
    pytest.fail(f"{lacks} is not asked")


def test_an_instance_is_described_by_its_name_with_its_storage() -> None:
    place = Place()
    rds: Any = place.world.session(A, region=HOME).client("rds")
    (found,) = rds.describe_db_instances(DBInstanceIdentifier="orders")["DBInstances"]
    with pytest.raises(ClientError) as missing:
        rds.describe_db_instances(DBInstanceIdentifier="none")

    assert (found["DBInstanceStatus"], found["AllocatedStorage"]) == ("available", 20)
    assert code_of(missing) == "DBInstanceNotFound"


def test_a_member_of_an_entry_that_would_be_ignored_is_refused_by_name() -> None:
    place = Place()
    _, sqs, events = clients(place.world)
    url = sqs.create_queue(QueueName="heard")["QueueUrl"]
    event = {"Source": "me", "DetailType": "a", "Detail": "{}", "Time": place.world.now()}
    with pytest.raises(NotModelled, match="Time of an entry of events:PutEvents"):
        events.put_events(Entries=[event])
    with pytest.raises(NotModelled, match="MessageGroupId of an entry of sqs:SendMessageBatch"):
        sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": "1", "MessageBody": "a", "MessageGroupId": "g"}])


def test_a_role_keeps_the_date_on_which_it_was_made() -> None:
    place = Place()
    iam, *_ = clients(place.world)
    made = iam.create_role(RoleName="made", AssumeRolePolicyDocument=json.dumps(SERVICE))["Role"]["CreateDate"]
    place.world.run_for(timedelta(days=2))

    assert iam.get_role(RoleName="made")["Role"]["CreateDate"] == made
