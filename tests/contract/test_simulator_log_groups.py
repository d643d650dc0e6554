"""A log group as a rule's target: who may write, which lines a metric filter counts, and what is refused by name."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from backup_simulator import NotModelled, RuleTarget
from backup_simulator.log_groups import MetricFilter
from backup_simulator.queues import Queue
from tests.simulated_place import HOME, A, B, Place

GROUP = f"arn:aws:logs:{HOME}:{A}:log-group:/aws/events/backups"
RULE = f"arn:aws:events:{HOME}:{A}:rule/points"
BY_RULE = {"ArnEquals": {"aws:SourceArn": RULE}}
CREATE, PUT = "logs:CreateLogStream", "logs:PutLogEvents"
PATTERN = {"source": ["aws.backup"], "detail-type": ["Recovery Point State Change"]}


def a_filter(pattern: str = '{ $.detail.status = "COMPLETED" }', **changes: Any) -> MetricFilter:
    given = {"namespace": "Backups", "name": "Made", "value": 2.0, "dimensions": {"Vault": "$.detail.backupVaultName"}}
    return MetricFilter(pattern=pattern, **{**given, **changes})


def a_day(
    *, group: str = GROUP, creating: dict[str, Any] | None = None, writing: dict[str, Any] | None = None
) -> tuple[Place, Queue]:
    """A backup whose event a rule writes into a log group; the queue keeps what could not be written.

    `creating` and `writing` change the two statements of the group's resource policy.
    """
    place = Place()
    admitted = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Resource": f"{GROUP}:*"}
    create = {**admitted, "Action": CREATE, **(creating or {})}
    write = {**admitted, "Action": PUT, "Condition": BY_RULE, **(writing or {})}
    place.world.logs.create(GROUP)
    place.world.logs.put_filter(GROUP, a_filter())
    place.world.logs.put_policy(A, HOME, "events", {"Version": "2012-10-17", "Statement": [create, write]})
    kept = place.site.create_queue("kept")
    target = RuleTarget(id="log", arn=group, dead_letter_arn=kept.arn)
    place.site.put_rule("points", pattern=PATTERN, targets=[target])
    place.client.start_backup_job(BackupVaultName="near", ResourceArn=place.database, IamRoleArn=place.role)
    place.world.run_for(timedelta(hours=2))
    return place, kept


def values(place: Place, vault: str = "near") -> list[float]:
    metric = ("Backups", "Made", frozenset({("Vault", vault)}))
    return [each.value for each in place.world.metrics.get((A, HOME, metric), [])]


def test_an_event_becomes_a_line_and_a_filter_counts_it_by_its_fields() -> None:
    place, kept = a_day()

    (line,) = place.world.logs.lines[GROUP]
    assert (line["detail"]["status"], line["resources"]) == ("COMPLETED", [place.world.recovery_points()[-1].arn])
    assert values(place) == [2.0]
    assert not kept.messages


@pytest.mark.parametrize(
    "policy",
    [
        {"creating": {"Action": PUT}},
        # EventBridge may name no rule when it creates a stream.
        {"creating": {"Condition": BY_RULE}},
        {"writing": {"Principal": {"Service": "lambda.amazonaws.com"}}},
        {"writing": {"Resource": f"{GROUP}-of-another:*"}},
        {"writing": {"Condition": {"ArnEquals": {"aws:SourceArn": RULE.replace("points", "others")}}}},
        {"writing": {"Condition": {"StringEquals": {"aws:SourceAccount": B}}}},
    ],
)
def test_without_a_resource_policy_that_admits_the_rule_nothing_is_written(policy: dict[str, Any]) -> None:
    place, kept = a_day(**policy)

    assert place.world.logs.lines[GROUP] == []
    assert len(kept.messages) == 1
    assert [line.text for line in place.world.trace if line.kind == "event dropped"] == [
        f"not written to {GROUP}: NO_PERMISSIONS"
    ]


def test_a_group_that_does_not_exist_gets_nothing() -> None:
    _, kept = a_day(group=f"{GROUP}-of-another")

    assert len(kept.messages) == 1


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ({"detail": {"status": "COMPLETED", "backupVaultName": "near"}}, [2.0]),
        ({"detail": {"status": "EXPIRED", "backupVaultName": "near"}}, []),
        ({"detail": {"status": "COMPLETED"}}, []),
        ({"detail": "COMPLETED"}, []),
    ],
)
def test_a_filter_counts_only_lines_that_match_and_have_its_dimensions(
    line: dict[str, Any], expected: list[float]
) -> None:
    place = Place()
    place.world.logs.create(GROUP)
    place.world.logs.put_filter(GROUP, a_filter('{ $.detail.status = "COMPLETED" && $.detail.status = "COMPLETED" }'))
    place.world.logs.put_policy(
        A,
        HOME,
        "events",
        {
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "*", "Resource": "*"}
            ]
        },
    )

    assert place.world.logs.deliver(GROUP, json.dumps(line), RULE) is None
    assert values(place) == expected


@pytest.mark.parametrize(
    "pattern", ["ERROR", '{ $.status = "COMP*" }', "{ $.size > 3 }", '{ $.a = "b" || $.a = "c" }', ""]
)
def test_a_pattern_that_is_not_known_is_refused_by_name(pattern: str) -> None:
    with pytest.raises(NotModelled, match="filter pattern"):
        a_filter(pattern)


def test_a_dimension_that_is_no_field_is_refused_by_name() -> None:
    with pytest.raises(NotModelled, match="dimension near"):
        a_filter(dimensions={"Vault": "near"})


def test_a_filter_needs_its_group() -> None:
    with pytest.raises(ValueError, match="there is no log group"):
        Place().world.logs.put_filter(GROUP, a_filter())
