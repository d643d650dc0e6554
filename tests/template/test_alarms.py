"""Alarms: what each looks at, how soon it is raised, and that it is closed in the same place."""

import re

import pytest

from tests.template.reading import ALL, ROOT, resources

ALARMS = {key: each["Properties"] for name in ALL for key, each in resources(name, "AWS::CloudWatch::Alarm").items()}
# By CloudWatch's own values: statistic, period in seconds, periods, threshold.
LEVELS = {
    "DeadLettersAlarm": ("Maximum", 300, 1, 0),
    "FailedInvocationsAlarm": ("Maximum", 300, 1, 0),
    "UndeliveredEventsAlarm": ("Maximum", 300, 1, 0),
    "UnreadableItemsAlarm": ("Sum", 300, 1, 0),
    "WorkWaitsAlarm": ("Maximum", 300, 1, 3600),
    "SweepAlarm": ("Sum", 3600, 1, 1),
    "SweepPassAlarm": ("Sum", 86400, 1, 1),
    # A problem in each sweep of an hour; one that passes within half an hour raises nothing.
    "SweepProblemsAlarm": ("Minimum", 1800, 2, 0),
}


@pytest.mark.parametrize("name", LEVELS)
def test_an_alarm_is_raised_at_its_level(name: str) -> None:
    alarm = ALARMS[name]

    assert LEVELS[name] == tuple(alarm[key] for key in ("Statistic", "Period", "EvaluationPeriods", "Threshold"))


@pytest.mark.parametrize("name", ALARMS)
def test_silence_is_alarming_exactly_where_something_has_to_happen(name: str) -> None:
    """Where too little raises the alarm, no data at all is too little; else no data means that nothing happened."""
    alarm = ALARMS[name]
    expected = {"LessThanThreshold": "breaching", "GreaterThanThreshold": "notBreaching"}

    assert alarm["TreatMissingData"] == expected[alarm["ComparisonOperator"]]


@pytest.mark.parametrize("name", ALARMS)
def test_whoever_hears_of_an_alarm_hears_of_its_end(name: str) -> None:
    assert ALARMS[name]["OKActions"] == ALARMS[name]["AlarmActions"] == [{"Ref": "Notifications"}]


# The DR Region's own alarm counts what its metric filter finds in a log group, without any function.
FILTERED = "ArrivalsAlarm"
COUNTED = [name for name, each in ALARMS.items() if each["Namespace"] == "SecondHop" and name != FILTERED]


@pytest.mark.parametrize("name", COUNTED)
def test_a_metric_of_our_own_is_one_that_a_function_counts_under_the_stacks_name(name: str) -> None:
    sources = [path.read_text() for path in (ROOT / "functions").glob("*/app.py")]
    counted = {metric for source in sources for metric in re.findall(r'add_metric\(name="(\w+)"', source)}

    assert ALARMS[name]["MetricName"] in counted
    assert ALARMS[name]["Dimensions"] == [{"Name": "service", "Value": {"Ref": "AWS::StackName"}}]


@pytest.mark.parametrize("name", [name for name, each in ALARMS.items() if each["Namespace"] == "AWS/SQS"])
def test_an_alarm_of_a_queue_looks_at_what_waits_on_it(name: str) -> None:
    (dimension,) = ALARMS[name]["Dimensions"]

    assert ALARMS[name]["MetricName"] in ("ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage")
    assert dimension["Name"] == "QueueName"


def test_the_alarms_look_at_what_their_names_say() -> None:
    looked_at = {name: each["MetricName"] for name, each in ALARMS.items() if each["Namespace"] == "SecondHop"}

    assert looked_at == {
        "ArrivalsAlarm": "FinalCopiesArrived",
        "UnreadableItemsAlarm": "ItemsUnreadable",
        "SweepAlarm": "SweepCompleted",
        "SweepPassAlarm": "SweepPassCompleted",
        "SweepProblemsAlarm": "SweepProblems",
    }
    assert {each["Namespace"] for each in ALARMS.values()} == {"SecondHop", "AWS/SQS"}
