"""Event patterns are decided as AWS's own engine decides them. What is not decided is refused when the rule is put."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from backup_simulator import NotModelled, RuleTarget, World
from backup_simulator.control import reply
from backup_simulator.errors import ProcessDied, Refused
from backup_simulator.matching import matches
from tests.simulated_place import DR, HOME, SERVICE, A, B

# Patterns and events with the verdicts of AWS's engine, https://github.com/aws/event-ruler.
VERDICTS = json.loads((Path(__file__).parent / "documents" / "event-patterns.json").read_text(encoding="utf-8"))


def test_every_verdict_is_that_of_aws_engine() -> None:
    wrong = [each for each in VERDICTS if matches(each["pattern"], each["event"]) is not each["matches"]]

    assert wrong == []
    assert len(VERDICTS) > 200


@pytest.mark.parametrize(
    ("pattern", "event", "expected"),
    [
        ({"a": [1]}, {"a": 1.0}, True),
        ({"a": [True]}, {"a": 1}, False),
        ({"a": [{"exists": True}]}, {"a": [[]]}, False),
        ({"a": [{"exists": True}]}, {"a": None}, True),
        ({"a": {"b": ["x"]}}, {"a": [{"b": "y"}, {"b": "x"}]}, True),
        ({"a": {"b": ["x"], "c": ["y"]}}, {"a": [{"b": "x"}, {"c": "y"}]}, False),
        ({"a": {"b": ["x"], "c": ["y"]}}, {"a": [{"b": "x", "c": "z"}, {"b": "x", "c": "y"}]}, True),
        ({"a": {"b": ["x"], "c": [{"exists": False}]}}, {"a": [{"b": "x"}, {"c": "y"}]}, True),
        ({"a": {"b": ["x"], "c": [{"exists": False}]}}, {"a": [{"b": "x", "c": "y"}]}, False),
        ({"a": ["x"]}, {"a": [["y"], ["x"]]}, True),
        ({"a.b": ["x"]}, {"a": {"b": "x"}}, True),
        ({"a": [{"wildcard": r"\**"}]}, {"a": "*b"}, True),
        ({"a": [{"wildcard": r"\**"}]}, {"a": "b"}, False),
        ({"a": [{"wildcard": r"a\\*"}]}, {"a": r"a\b"}, True),
        ({"a": [{"wildcard": "a?c"}]}, {"a": "abc"}, False),
    ],
)
def test_patterns_look_into_arrays_and_at_values_as_the_engine_does(
    pattern: dict[str, Any], event: dict[str, Any], *, expected: bool
) -> None:
    assert matches(pattern, event) is expected


@pytest.mark.parametrize(
    ("entry", "name"),
    [
        ({"numeric": [">", 5]}, "numeric"),
        ({"cidr": "10.0.0.0/8"}, "cidr"),
        ({"exactly": "x"}, "exactly"),
        ({"prefix": {"equals-ignore-case": "x"}}, "prefix with equals-ignore-case"),
        ({"suffix": {"equals-ignore-case": "x"}}, "suffix with equals-ignore-case"),
        ({"anything-but": {"prefix": ["x", "y"]}}, "anything-but with .*prefix"),
        ({"anything-but": {"suffix": "x"}}, "anything-but with .*suffix"),
        ({"anything-but": {"wildcard": "x*"}}, "anything-but with .*wildcard"),
        ({"anything-but": {"equals-ignore-case": "x"}}, "anything-but with .*equals-ignore-case"),
        ({"anything-but": {}}, "anything-but with"),
        ({"anything-but": 5}, "anything-but with numbers"),
    ],
)
def test_an_operator_that_is_not_modelled_is_refused_by_name_when_the_rule_is_put(entry: Any, name: str) -> None:
    with pytest.raises(NotModelled, match=name):
        World().site(A, HOME).put_rule("r", pattern={"detail": {"a": ["x", entry]}}, targets=[])


@pytest.mark.parametrize(
    "pattern",
    [
        {},
        {"a": {}},
        {"a": []},
        {"a": "x"},
        {"a": [["x"]]},
        {"a": [{}]},
        {"a": [{"prefix": "x", "suffix": "y"}]},
        {"a": [{"prefix": 1}]},
        {"a": [{"exists": "true"}]},
        {"a": [{"regex": "x"}]},
        {"a": [{"anything-but": []}]},
        {"a": [{"anything-but": [True]}]},
        {"a": [{"anything-but": {"prefix": ""}}]},
        {"a": [{"wildcard": "a**"}]},
        {"a": [{"wildcard": r"a\b"}]},
        {"$or": [{"a": ["x"]}]},
        {"$or": {"a": ["x"]}},
        {"$or": [{"a": ["x"]}, {"prefix": ["x"]}]},
    ],
)
def test_a_pattern_that_eventbridge_refuses_is_refused_when_the_rule_is_put(pattern: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="InvalidEventPatternException: Event pattern is not valid"):
        World().site(A, HOME).put_rule("r", pattern=pattern, targets=[])


SOURCE = {"source": ["aws.backup"]}


def test_a_rule_is_found_by_a_value_in_an_array_of_objects() -> None:
    world = World()
    site = world.site(A, HOME)
    heard: list[Any] = []
    function = site.create_function("hears", heard.append)
    pattern = {"detail": {"members": {"arn": ["arn:aws:rds:one"]}}}
    site.put_rule("members", pattern=pattern, targets=[RuleTarget(id="f", arn=function)])
    world.emit(A, HOME, "Backup Job State Change", [], {"members": [{"arn": "other"}, {"arn": "arn:aws:rds:one"}]})
    world.run_for(timedelta(hours=1))

    assert [event["detail-type"] for event in heard] == ["Backup Job State Change"]


def test_a_rule_with_alternatives_is_found_by_each_of_them() -> None:
    world = World()
    site = world.site(A, HOME)
    heard: list[Any] = []
    pattern = {"$or": [{"source": ["other"]}, {"detail-type": ["Copy Job State Change"]}]}
    site.put_rule("r", pattern=pattern, targets=[RuleTarget(id="f", arn=site.create_function("f", heard.append))])
    world.emit(A, HOME, "Copy Job State Change", [], {})
    world.run_for(timedelta(hours=1))

    assert len(heard) == 1


def test_over_http_what_is_not_modelled_is_answered_with_501() -> None:
    rule = {"name": "r", "pattern": {"a": [{"cidr": "10.0.0.0/8"}]}, "targets": []}
    given = {"what": "put_rule", "account": A, "region": HOME, **rule}
    status, _, body = reply(World(), "make", json.dumps(given).encode())

    assert (status, json.loads(body)) == (501, {"error": "the pattern operator cidr is not modelled"})


def add(heard: list[Any], name: str, _: dict[str, Any]) -> None:
    heard.append(name)


def test_a_rule_that_is_put_again_replaces_the_one_with_its_name() -> None:
    world = World()
    site = world.site(A, HOME)
    heard: list[Any] = []
    for name in ("first", "second"):
        function = site.create_function(name, partial(add, heard, name))
        site.put_rule("only", pattern=SOURCE, targets=[RuleTarget(id="f", arn=function)])
    world.emit(A, HOME, "Copy Job State Change", [], {})
    world.run_for(timedelta(hours=1))

    assert heard == ["second"]


@pytest.mark.parametrize("failure", [RuntimeError("no"), ProcessDied()])
def test_a_function_that_fails_is_invoked_again_after_one_and_two_minutes(failure: BaseException) -> None:
    world = World()
    site = world.site(A, HOME)
    moments = []

    def fail(_: dict[str, Any]) -> None:
        moments.append(world.now())
        raise failure

    site.put_rule("r", pattern=SOURCE, targets=[RuleTarget(id="f", arn=site.create_function("fails", fail))])
    world.emit(A, HOME, "Copy Job State Change", [], {})
    world.run_for(timedelta(hours=1))

    assert [later - moments[0] for later in moments] == [timedelta(minutes=each) for each in (0, 1, 3)]
    assert [line.kind for line in world.trace].count("function failed") == 3


@pytest.mark.parametrize(
    ("arn", "words"),
    [
        (f"arn:aws:lambda:{HOME}:{A}:function:none", "create_function"),
        (f"arn:aws:sns:{HOME}:{A}:topic", "service sns"),
        (f"arn:aws:states:{HOME}:{A}:stateMachine:x", "service states"),
        ("nonsense", "nonsense"),
    ],
)
def test_a_target_that_is_not_modelled_is_refused_when_the_rule_is_put(arn: str, words: str) -> None:
    site = World().site(A, HOME)
    with pytest.raises(NotModelled, match=words):
        site.put_rule("r", pattern=SOURCE, targets=[RuleTarget(id="t", arn=arn)])


def test_a_function_of_another_region_cannot_be_a_target() -> None:
    world = World()
    function = world.site(A, DR).create_function("far", lambda _: None)
    with pytest.raises(NotModelled, match="another Region"):
        world.site(A, HOME).put_rule("r", pattern=SOURCE, targets=[RuleTarget(id="f", arn=function)])


@pytest.mark.parametrize("is_permitted", [True, False])
def test_a_function_of_another_account_is_invoked_by_a_role_that_may(*, is_permitted: bool) -> None:
    world = World()
    site = world.site(A, HOME)
    heard: list[Any] = []
    function = world.site(B, HOME).create_function("theirs", heard.append)
    allow = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": function}
    policies = [{"Statement": [allow]}] if is_permitted else []
    role = world.account(A).create_role("invoke", trust=SERVICE, policies=policies)
    dead = site.create_queue("dead")
    target = RuleTarget(id="f", arn=function, role_arn=role, dead_letter_arn=dead.arn)
    site.put_rule("r", pattern=SOURCE, targets=[target])
    world.emit(A, HOME, "Copy Job State Change", [], {})
    world.run_for(timedelta(hours=1))

    assert (len(heard), len(dead.messages)) == ((1, 0) if is_permitted else (0, 1))


def test_an_event_for_a_queue_that_does_not_exist_is_dropped_with_a_line_in_the_trace() -> None:
    world = World()
    target = RuleTarget(id="q", arn=f"arn:aws:sqs:{HOME}:{A}:none")
    world.site(A, HOME).put_rule("r", pattern=SOURCE, targets=[target])
    world.emit(A, HOME, "Copy Job State Change", [], {})
    world.run_for(timedelta(hours=1))

    assert [line.text for line in world.trace if line.kind == "event dropped"] == [
        f"not sent to {target.arn}: the queue does not exist"
    ]
