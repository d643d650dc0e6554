"""Asynchronous edges: nothing that is handed over can be lost without a queue that keeps it."""

import json
from typing import Any

import pytest

from tests.template.reading import ALL, MAIN, ROOT, as_list, properties, resources, statements, template
from tests.template.rendering import render

BACKUP = ALL[1]
DAY = 86400
# An event that is not written sets an alarm off by itself.
COUNTED = "ArrivalsRule"
TARGETS = [
    (name, rule, target)
    for name in ALL
    for rule, resource in resources(name, "AWS::Events::Rule").items()
    for target in resource["Properties"]["Targets"]
]


@pytest.mark.parametrize(("name", "rule", "target"), TARGETS, ids=lambda each: each if isinstance(each, str) else "")
def test_every_rule_target_has_a_dead_letter_queue_that_admits_the_rule(
    name: str, rule: str, target: dict[str, Any]
) -> None:
    if rule == COUNTED:
        assert "DeadLetterConfig" not in target
        return
    kept = target["DeadLetterConfig"]["Arn"]["Fn::GetAtt"][0]

    assert target["RetryPolicy"] == {"MaximumRetryAttempts": 185, "MaximumEventAgeInSeconds": DAY}
    assert kept in admitting(name, rule)


@pytest.mark.parametrize(("name", "rule", "target"), TARGETS, ids=lambda each: each if isinstance(each, str) else "")
def test_every_rule_may_reach_its_target(name: str, rule: str, target: dict[str, Any]) -> None:
    is_queue = "Fn::GetAtt" in target["Arn"]

    if rule == COUNTED:
        creating, writing = log_writers(name)
        group = "arn:aws:logs:eu-central-1:444455556666:log-group:ArrivalsLog:*"
        assert creating["Resource"] == writing["Resource"] == group
        # EventBridge may name no rule when it creates a stream; lines are this rule's only.
        assert (creating["Action"], creating.get("Condition")) == ("logs:CreateLogStream", None)
        assert writing["Action"] == "logs:PutLogEvents"
        assert rule in writing["Condition"]["ArnEquals"]["aws:SourceArn"]
        # "For Amazon CloudWatch Logs targets, do not specify a RoleArn" (eb-use-resource-based).
        assert "RoleArn" not in target
    elif is_queue:
        assert target["Arn"]["Fn::GetAtt"][0] in admitting(name, rule)
    else:
        role = target["RoleArn"]["Fn::GetAtt"][0]
        (statement,) = [each for each in statements(name) if each.logical_id == role and each.role]
        assert (statement.actions, statement.resources) == (["events:PutEvents"], [target["Arn"]])


def log_writers(name: str) -> list[dict[str, Any]]:
    """The statements of a template's resource policies of CloudWatch Logs, which are text."""
    found = render(name).of_type("AWS::Logs::ResourcePolicy").values()
    return [each for policy in found for each in json.loads(policy["PolicyDocument"])["Statement"]]


def admitting(name: str, rule: str) -> set[str]:
    """The queues whose policies admit a rule."""
    return {
        queue["Fn::GetAtt"][0]
        for each in statements(name)
        if not each.role and each.actions == ["sqs:SendMessage"]
        if {"Fn::GetAtt": [rule, "Arn"]} in each.body["Condition"]["ArnEquals"]["aws:SourceArn"]
        for queue in each.resources
    }


def test_a_queue_policy_covers_the_queues_that_it_speaks_of() -> None:
    for name in ALL:
        for policy in resources(name, "AWS::SQS::QueuePolicy").values():
            attached = {each["Ref"] for each in policy["Properties"]["Queues"]}
            spoken_of = {
                queue["Fn::GetAtt"][0]
                for statement in policy["Properties"]["PolicyDocument"]["Statement"]
                for queue in as_list(statement["Resource"])
            }
            assert attached == spoken_of


def test_work_that_fails_five_times_is_kept_longer_than_it_could_wait() -> None:
    work, kept = properties(MAIN, "WorkQueue"), properties(MAIN, "DeadLetters")

    assert work["RedrivePolicy"] == {
        "deadLetterTargetArn": {"Fn::GetAtt": ["DeadLetters", "Arn"]},
        "maxReceiveCount": 5,
    }
    # A dead letter keeps the age that it had.
    assert kept["MessageRetentionPeriod"] == 14 * DAY > work["MessageRetentionPeriod"]


def test_work_is_hidden_for_six_function_timeouts() -> None:
    timeout = template(MAIN)["Globals"]["Function"]["Timeout"]

    assert properties(MAIN, "WorkQueue")["VisibilityTimeout"] >= 6 * timeout


def test_one_record_fails_without_its_batch_and_concurrency_is_bounded() -> None:
    (source,) = properties(MAIN, "AdvanceChain")["Events"].values()

    assert source["Type"] == "SQS"
    assert source["Properties"]["Queue"] == {"Fn::GetAtt": ["WorkQueue", "Arn"]}
    assert source["Properties"]["BatchSize"] == 10
    assert source["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert source["Properties"]["ScalingConfig"] == {"MaximumConcurrency": {"Ref": "MaximumConcurrency"}}


@pytest.mark.parametrize("function", resources(MAIN, "AWS::Serverless::Function"))
def test_an_invocation_that_nobody_waits_for_is_kept_when_it_fails(function: str) -> None:
    destination = properties(MAIN, function)["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]
    role = properties(MAIN, function)["Role"]["Fn::GetAtt"][0]

    assert destination == {"Type": "SQS", "Destination": {"Fn::GetAtt": ["FailedInvocations", "Arn"]}}
    assert may_send(role, "FailedInvocations")


def test_a_sweep_that_cannot_be_started_is_kept() -> None:
    target = properties(MAIN, "SweepSchedule")["Target"]

    assert target["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": ["FailedInvocations", "Arn"]}}
    assert may_send(target["RoleArn"]["Fn::GetAtt"][0], "FailedInvocations")


def may_send(role: str, queue: str) -> bool:
    wanted = {"Fn::GetAtt": [queue, "Arn"]}
    return any(
        "sqs:SendMessage" in each.actions and wanted in each.resources
        for each in statements(MAIN)
        if each.logical_id == role and each.role
    )


def test_only_bodies_that_the_work_queue_accepts_again_lie_in_its_dead_letters() -> None:
    """The Scheduler and Lambda wrap what failed; redriving that would only make new dead letters."""
    rule_targets = {target["DeadLetterConfig"]["Arn"]["Fn::GetAtt"][0] for name, _, target in TARGETS if name == MAIN}

    assert rule_targets == {"DeadLetters"}
    assert "RedrivePolicy" not in properties(MAIN, "DeadLetters")


@pytest.mark.parametrize("queue", ["DeadLetters", "FailedInvocations"])
def test_a_person_hears_of_what_was_kept(queue: str) -> None:
    watching = [
        each["Properties"]
        for each in resources(MAIN, "AWS::CloudWatch::Alarm").values()
        if each["Properties"]["Dimensions"] == [{"Name": "QueueName", "Value": {"Fn::GetAtt": [queue, "QueueName"]}}]
    ]

    (alarm,) = watching
    assert alarm["MetricName"] == "ApproximateNumberOfMessagesVisible"
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (0, "GreaterThanThreshold")


def test_a_person_hears_of_a_sweep_that_does_not_run() -> None:
    alarm = properties(MAIN, "SweepAlarm")
    slowest = max(template(MAIN)["Parameters"]["SweepIntervalMinutes"]["AllowedValues"])

    assert (alarm["Namespace"], alarm["MetricName"], alarm["Statistic"]) == ("SecondHop", "SweepCompleted", "Sum")
    assert alarm["TreatMissingData"] == "breaching"
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (1, "LessThanThreshold")
    assert alarm["Period"] * alarm["EvaluationPeriods"] >= 2 * slowest * 60


def test_undelivered_events_of_the_backup_account_are_not_kept_in_silence() -> None:
    alarm = properties(BACKUP, "UndeliveredEventsAlarm")

    assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": {"Fn::GetAtt": ["UndeliveredEvents", "QueueName"]}}]
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (0, "GreaterThanThreshold")


@pytest.mark.parametrize("name", ALL)
def test_every_alarm_reaches_the_topic_of_its_stack_and_says_what_is_wrong(name: str) -> None:
    for alarm in resources(name, "AWS::CloudWatch::Alarm").values():
        assert alarm["Properties"]["AlarmActions"] == [{"Ref": "Notifications"}]
        assert len(alarm["Properties"]["AlarmDescription"]) > 40


@pytest.mark.parametrize("name", ALL)
def test_a_topic_admits_the_alarms_of_its_own_account(name: str) -> None:
    for topic in resources(name, "AWS::SNS::Topic"):
        (statement,) = [each for each in statements(name) if each.resources == [{"Ref": topic}] and not each.role]
        assert statement.body["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
        assert statement.body["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_one_unreadable_item_is_enough_for_an_alarm_with_its_own_heading_in_the_runbook() -> None:
    alarm = properties(MAIN, "UnreadableItemsAlarm")
    counted = (ROOT / "functions" / "advance_chain" / "app.py").read_text()

    assert (alarm["Namespace"], alarm["MetricName"], alarm["Statistic"]) == ("SecondHop", "ItemsUnreadable", "Sum")
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (0, "GreaterThanThreshold")
    assert alarm["Dimensions"] == [{"Name": "service", "Value": {"Ref": "AWS::StackName"}}]
    assert f'name="{alarm["MetricName"]}"' in counted
    assert "## Items cannot be read" in (ROOT / "docs" / "runbook.md").read_text().splitlines()


def test_work_that_nobody_takes_is_an_alarm_long_before_the_queue_forgets_it() -> None:
    alarm, queue = properties(MAIN, "WorkWaitsAlarm"), properties(MAIN, "WorkQueue")
    tries = queue["RedrivePolicy"]["maxReceiveCount"] * queue["VisibilityTimeout"]

    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/SQS", "ApproximateAgeOfOldestMessage")
    assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": {"Fn::GetAtt": ["WorkQueue", "QueueName"]}}]
    assert (alarm["Statistic"], alarm["ComparisonOperator"]) == ("Maximum", "GreaterThanThreshold")
    assert tries < alarm["Threshold"] < queue["MessageRetentionPeriod"] / 24, "what fails is a dead letter before that"
    assert alarm["TreatMissingData"] == "notBreaching"


HEADINGS = {
    "WorkWaitsAlarm": "Work waits and no function takes it",
    "DeadLettersAlarm": "Dead letters are not empty",
    "FailedInvocationsAlarm": "Failed invocations are not empty",
    "UnreadableItemsAlarm": "Items cannot be read",
    "SweepAlarm": "The sweep has not run",
    "SweepPassAlarm": "The sweep did not get to the end of the vault",
    "SweepProblemsAlarm": "The sweep could not read something",
    "ArrivalsAlarm": "No copy arrives any more",
    "UndeliveredEventsAlarm": "Events could not be forwarded",
}


def test_every_alarm_has_a_heading_in_the_runbook() -> None:
    alarms = {key for name in ALL for key in resources(name, "AWS::CloudWatch::Alarm")}
    written = (ROOT / "docs" / "runbook.md").read_text().splitlines()

    assert alarms == HEADINGS.keys()
    assert [each for each in HEADINGS.values() if f"## {each}" not in written] == []


@pytest.mark.parametrize("name", ALL)
def test_an_alarm_that_names_its_heading_names_one_that_is_there(name: str) -> None:
    for key, alarm in resources(name, "AWS::CloudWatch::Alarm").items():
        description = alarm["Properties"]["AlarmDescription"]
        assert "runbook" not in description or f'"{HEADINGS[key]}"' in description
