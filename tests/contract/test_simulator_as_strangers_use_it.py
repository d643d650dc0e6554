"""What callers from outside do: buses by ARN, faulty entries, odd messages, pages while deleting, nested roles."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from http.client import HTTPConnection
from typing import Any

import pytest
from botocore.exceptions import ClientError

from backup_simulator import NotModelled, World
from tests.contract.test_simulator_plans import plan_of
from tests.served import served
from tests.simulated_place import HOME, SERVICE, A, Place, code_of

BUS = f"arn:aws:events:{HOME}:{A}:event-bus/default"
EVENT = {"Source": "me", "DetailType": "a", "Detail": "{}"}
RULE = json.dumps({"source": ["me"]})
DAY = "2026-01-01"
INVALID = "InvalidParameterValue"


def client_of(world: World, service: str) -> Any:
    return world.session(A, region=HOME).client(service)  # type: ignore[call-overload]  # the test names the service


def test_a_bus_has_a_name_and_an_arn() -> None:
    world = World()
    events = client_of(world, "events")
    heard: list[Any] = []
    function = world.site(A, HOME).create_function("hears", heard.append)
    events.put_rule(Name="mine", EventPattern=RULE, EventBusName=BUS)
    events.put_targets(Rule="mine", EventBusName=BUS, Targets=[{"Id": "f", "Arn": function}])
    events.put_events(Entries=[{**EVENT, "EventBusName": BUS}])
    world.run_for(timedelta(minutes=1))

    assert events.describe_rule(Name="mine")["EventBusName"] == "default"
    assert [each["source"] for each in heard] == ["me"]
    calls: tuple[Callable[[], object], ...] = (
        lambda: events.put_rule(Name="other", EventPattern=RULE, EventBusName="none"),
        lambda: events.put_events(Entries=[{**EVENT, "EventBusName": "none"}]),
    )
    for call in calls:
        with pytest.raises(ClientError, match="Event bus none does not exist"):
            call()
    with pytest.raises(NotModelled, match="another account or Region"):
        events.put_events(Entries=[{**EVENT, "EventBusName": BUS.replace(HOME, "us-east-1")}])


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ({"DetailType": "a", "Detail": "{}"}, "InvalidArgument"),
        ({**EVENT, "Detail": "{"}, "MalformedDetail"),
        ({**EVENT, "Detail": "[]"}, "MalformedDetail"),
    ],
)
def test_a_faulty_entry_fails_alone(entry: dict[str, str], code: str) -> None:
    events = client_of(World(), "events")
    reply = events.put_events(Entries=[entry, EVENT])

    assert (reply["FailedEntryCount"], reply["Entries"][0]["ErrorCode"]) == (1, code)
    assert reply["Entries"][1]["EventId"]


def test_a_rule_that_eventbridge_refuses_is_refused() -> None:
    events = client_of(World(), "events")
    for pattern in ("{", "[]"):
        with pytest.raises(ClientError) as refused:
            events.put_rule(Name="r", EventPattern=pattern)
        assert code_of(refused) == "InvalidEventPatternException"
    with pytest.raises(NotModelled, match="ENABLED_WITH"):
        events.put_rule(Name="r", EventPattern=RULE, State="ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS")
    with pytest.raises(ClientError, match="At most 10 entries"):
        events.put_events(Entries=[EVENT] * 11)


def test_a_queue_answers_what_was_asked_for() -> None:
    world = World()
    sqs = client_of(world, "sqs")
    url = sqs.create_queue(QueueName="heard", Attributes={"VisibilityTimeout": "60"})["QueueUrl"]
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    reason = {"reason": {"DataType": "String", "StringValue": "late"}}
    for _ in range(2):
        sqs.send_message(QueueUrl=url, MessageBody="a", MessageAttributes=reason)
    (without,) = sqs.receive_message(QueueUrl=url)["Messages"]
    (shown,) = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"]

    assert "MessageAttributes" not in without
    assert shown["MessageAttributes"]["reason"]["StringValue"] == "late"
    assert sqs.create_queue(QueueName="heard", Attributes={"VisibilityTimeout": "60"})["QueueUrl"] == url
    with pytest.raises(NotModelled, match="Nonsense"):
        sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Nonsense"])
    dead = world.site(A, HOME).create_queue("dead")
    work = world.site(A, HOME).create_queue("work", dead_letter_arn=dead.arn, max_receive_count=2)
    found = sqs.get_queue_attributes(QueueUrl=work.url, AttributeNames=["RedrivePolicy"])["Attributes"]
    assert json.loads(found["RedrivePolicy"]) == {"deadLetterTargetArn": dead.arn, "maxReceiveCount": 2}


def test_requests_that_sqs_refuses_are_refused() -> None:
    sqs = client_of(World(), "sqs")
    url = sqs.create_queue(QueueName="heard")["QueueUrl"]
    calls: dict[str, list[Callable[[], object]]] = {
        "QueueAlreadyExists": [lambda: sqs.create_queue(QueueName="heard", Attributes={"VisibilityTimeout": "9"})],
        "MissingParameter": [lambda: sqs.send_message(QueueUrl=url, MessageBody="")],
        INVALID: [
            lambda: sqs.create_queue(QueueName="q q/e"),
            lambda: sqs.send_message(QueueUrl=url, MessageBody="a", DelaySeconds=901),
            lambda: sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=11),
        ],
    }
    for code, refused_calls in calls.items():
        for call in refused_calls:
            with pytest.raises(ClientError) as refused:
                call()
            assert code_of(refused) == code
    with pytest.raises(NotModelled, match="FIFO"):
        sqs.create_queue(QueueName="q.fifo")


def test_pages_go_on_behind_what_was_deleted_meanwhile() -> None:
    backup = client_of(World(), "backup")
    for number in range(6):
        backup.create_backup_vault(BackupVaultName=f"v{number}")
    token: dict[str, str] = {}
    while True:
        page = backup.list_backup_vaults(MaxResults=2, **token)
        for each in page["BackupVaultList"]:
            backup.delete_backup_vault(BackupVaultName=each["BackupVaultName"])
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}

    assert backup.list_backup_vaults()["BackupVaultList"] == []


def test_a_role_within_a_request_needs_pass_role_too() -> None:
    place = Place()
    statements = [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "iam:PassRole", "Resource": "*"},
    ]
    deployer = place.world.account(A).create_role("deployer", trust=SERVICE, policies=[{"Statement": statements}])
    backup = place.world.session(A, deployer, HOME).client("backup")
    events = place.world.session(A, deployer, HOME).client("events")
    plan = backup.create_backup_plan(BackupPlan=plan_of())["BackupPlanId"]  # type: ignore[arg-type]  # plain data
    selection: Any = {"SelectionName": "all", "IamRoleArn": place.role, "Resources": ["*"]}
    events.put_rule(Name="r", EventPattern=RULE)
    target: Any = {"Id": "b", "Arn": BUS.replace(HOME, "eu-central-1"), "RoleArn": place.role}
    with pytest.raises(ClientError, match="AccessDenied"):
        backup.create_backup_selection(BackupPlanId=plan, BackupSelection=selection)
    with pytest.raises(ClientError, match="AccessDenied"):
        events.put_targets(Rule="r", Targets=[target])


def test_a_condition_that_compares_no_number_does_not_match_and_keys_of_rds_are_refused_by_name() -> None:
    place = Place()

    def with_condition(condition: dict[str, Any]) -> str:
        deny = {"Effect": "Deny", "Action": "rds:CopyDBSnapshot", "Resource": "*", "Condition": condition}
        allow = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        return place.world.account(A).create_role(
            "limited", trust=SERVICE, policies=[{"Version": "2012-10-17", "Statement": [allow, deny]}]
        )

    role = with_condition(
        {"NumericEquals": {"aws:PrincipalAccount": "5"}, "DateLessThan": {"aws:PrincipalArn": "2026-01-01"}}
    )
    assert place.world.role_may(place.world.roles[role], "rds:CopyDBSnapshot", "*")
    with pytest.raises(NotModelled, match="rds:snapshot-tag/Env"):
        with_condition({"StringEquals": {"rds:snapshot-tag/Env": "prod"}})


def test_the_names_of_headers_have_no_case() -> None:
    signed = f"AWS4-HMAC-SHA256 Credential={A}/20260105/{HOME}/backup/aws4_request, SignedHeaders=host, Signature=0"
    with served(World()) as address:
        connection = HTTPConnection(address.removeprefix("http://"))
        connection.request("GET", "/backup-vaults/", headers={"authorization": signed})
        reply = connection.getresponse()
        found = json.loads(reply.read())

    assert (reply.status, found["BackupVaultList"]) == (200, [])
