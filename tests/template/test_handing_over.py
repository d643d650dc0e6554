"""Queues, and who hands what to whom: which queue a rule, a role or a function sends to."""

import pytest

from tests.template.reading import ALL, MAIN, identity_statements, properties, resources, statements

BACKUP = ALL[1]
DAY = 86400
FUNCTIONS = resources(MAIN, "AWS::Serverless::Function")


def arn(logical_id: str) -> dict[str, list[str]]:
    return {"Fn::GetAtt": [logical_id, "Arn"]}


@pytest.mark.parametrize("rule", resources(MAIN, "AWS::Events::Rule"))
def test_every_rule_of_the_main_stack_hands_its_events_to_the_work_queue(rule: str) -> None:
    (target,) = properties(MAIN, rule)["Targets"]

    assert target["Arn"] == arn("WorkQueue")


@pytest.mark.parametrize(
    ("role", "queues"),
    [
        ("AdvanceChainRole", ["WorkQueue", "DeadLetters", "FailedInvocations"]),
        ("SweepChainsRole", ["WorkQueue", "FailedInvocations"]),
        ("OperateChainsRole", ["WorkQueue", "FailedInvocations"]),
        ("SweepScheduleRole", ["FailedInvocations"]),
    ],
)
def test_a_role_may_send_to_the_queues_that_it_hands_work_to_and_to_no_other(role: str, queues: list[str]) -> None:
    own = [each for each in identity_statements(MAIN) if each.logical_id == role and "sqs:SendMessage" in each.actions]

    assert [each.body["Effect"] for each in own] == ["Allow"] * len(own)
    assert [resource for each in own for resource in each.resources] == [arn(queue) for queue in queues]


def test_only_the_actor_takes_work_and_only_from_the_work_queue() -> None:
    (statement,) = [each for each in identity_statements(MAIN) if "sqs:ReceiveMessage" in each.actions]

    assert (statement.logical_id, statement.resources) == ("AdvanceChainRole", [arn("WorkQueue")])


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_runs_under_its_own_role_and_writes_its_own_log(function: str) -> None:
    own = properties(MAIN, function)
    (logs,) = [each for each in identity_statements(MAIN) if each.sid == "OwnLogs" and function in each.logical_id]

    assert own["Role"] == arn(f"{function}Role")
    assert own["LoggingConfig"] == {"LogGroup": {"Ref": f"{function}Logs"}}
    assert logs.resources == [arn(f"{function}Logs")]
    assert properties(MAIN, f"{function}Logs")["RetentionInDays"] == {"Ref": "LogRetentionDays"}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_an_invocation_that_nobody_waits_for_is_tried_once_more_within_an_hour(function: str) -> None:
    tries = properties(MAIN, function)["EventInvokeConfig"]

    assert (tries["MaximumRetryAttempts"], tries["MaximumEventAgeInSeconds"]) == (1, 3600)


def test_the_schedule_runs_the_sweep_and_nothing_else() -> None:
    schedule = properties(MAIN, "SweepSchedule")
    (invoke,) = [each for each in identity_statements(MAIN) if "lambda:InvokeFunction" in each.actions]

    assert schedule["Target"]["Arn"] == arn("SweepChains")
    assert schedule["Target"]["RoleArn"] == arn("SweepScheduleRole")
    assert schedule["Target"]["RetryPolicy"] == {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 300}
    assert (invoke.logical_id, invoke.resources) == ("SweepScheduleRole", [arn("SweepChains")])
    assert schedule["ScheduleExpression"] == {"Fn::Sub": "rate(${SweepIntervalMinutes} minutes)"}


def test_work_waits_for_four_days_and_what_failed_for_the_longest_time_that_a_queue_keeps_it() -> None:
    kept = {
        f"{name}: {queue}": properties(name, queue)["MessageRetentionPeriod"] / DAY
        for name in ALL
        for queue in resources(name, "AWS::SQS::Queue")
    }

    assert kept == {
        f"{MAIN}: WorkQueue": 4,
        f"{MAIN}: DeadLetters": 14,
        f"{MAIN}: FailedInvocations": 14,
        f"{BACKUP}: UndeliveredEvents": 14,
    }


@pytest.mark.parametrize("name", ALL)
def test_whoever_may_come_in_by_a_policy_of_a_queue_or_a_topic_is_allowed(name: str) -> None:
    kinds = resources(name, "AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy", "AWS::Events::EventBusPolicy")
    effects = {str(each): each.body["Effect"] for each in statements(name) if each.logical_id in kinds}

    assert effects == dict.fromkeys(effects, "Allow")


@pytest.mark.parametrize("name", ALL)
def test_a_topic_s_policy_is_attached_to_the_topic_that_it_speaks_of(name: str) -> None:
    for policy in resources(name, "AWS::SNS::TopicPolicy").values():
        (statement,) = policy["Properties"]["PolicyDocument"]["Statement"]
        assert policy["Properties"]["Topics"] == [statement["Resource"]] == [{"Ref": "Notifications"}]


@pytest.mark.parametrize("name", ALL)
def test_a_person_who_gave_an_address_is_subscribed_by_mail(name: str) -> None:
    for subscription in resources(name, "AWS::SNS::Subscription").values():
        assert subscription["Condition"] == "HasEmail"
        assert subscription["Properties"] == {
            "TopicArn": {"Ref": "Notifications"},
            "Protocol": "email",
            "Endpoint": {"Ref": "NotificationEmail"},
        }
