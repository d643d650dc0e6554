"""Backup selections choose as AWS documents it: ARN patterns or tags, all conditions, and the Region's opt-in."""

from __future__ import annotations

from typing import Any

import pytest

from backup_simulator import NotModelled, Refused, World
from backup_simulator.services.backup.selections import check_selection, selects
from tests.simulated_place import HOME, SERVICE, A

TAGGED = {"Backup": "True", "stage": "prod"}
BY_TAG = [{"ConditionType": "STRINGEQUALS", "ConditionKey": "Backup", "ConditionValue": "True"}]
INSTANCES, CLUSTERS = "arn:aws:rds:*:*:db:*", "arn:aws:rds:*:*:cluster:*"


def condition(operator: str, tag: str, value: str) -> dict[str, Any]:
    return {operator: [{"ConditionKey": f"aws:ResourceTag/{tag}", "ConditionValue": value}]}


WITH_TAG = condition("StringEquals", "Backup", "True")


def chosen(
    selection: dict[str, Any], *, kind: str = "RDS", tags: dict[str, str] | None = None, is_opted_in: bool = True
) -> bool:
    """Whether a selection selects a database of that kind."""
    world = World()
    arn = world.site(A, HOME).create_database(kind, "orders", key_arn=None, tags=TAGGED if tags is None else tags)
    check_selection(selection)
    return selects(selection, world.databases[arn], is_opted_in=is_opted_in)


@pytest.mark.parametrize(
    ("selection", "kind", "expected"),
    [
        ({"Resources": [INSTANCES]}, "RDS", True),
        ({"Resources": [INSTANCES]}, "Aurora", False),
        ({"Resources": [CLUSTERS]}, "RDS", False),
        ({"Resources": [INSTANCES, CLUSTERS]}, "Neptune", True),
        ({"Resources": ["arn:aws:rds:*"]}, "DocumentDB", True),
        ({"Resources": ["*"]}, "RDS", True),
        ({"Resources": ["arn:aws:rds:*:*:db:other"]}, "RDS", False),
        ({"Resources": ["arn:aws:ec2:*"], "ListOfTags": BY_TAG}, "RDS", True),
        ({"Resources": ["*"], "NotResources": [CLUSTERS]}, "Aurora", False),
        ({"Resources": ["*"], "NotResources": [CLUSTERS]}, "RDS", True),
        ({"ListOfTags": BY_TAG, "NotResources": [INSTANCES]}, "RDS", False),
    ],
)
def test_arn_patterns_or_tags_choose_and_not_resources_take_away(
    selection: dict[str, Any], kind: str, *, expected: bool
) -> None:
    assert chosen(selection, kind=kind) is expected


@pytest.mark.parametrize("kind", ["RDS", "Aurora", "DocumentDB", "Neptune"])
def test_list_of_tags_is_blind_to_types(kind: str) -> None:
    assert chosen({"ListOfTags": BY_TAG}, kind=kind)
    assert not chosen({"ListOfTags": BY_TAG}, kind=kind, tags={"Backup": "true"})


def test_one_tag_of_the_list_is_enough() -> None:
    other = {"ConditionType": "STRINGEQUALS", "ConditionKey": "team", "ConditionValue": "shop"}

    assert chosen({"ListOfTags": [other, *BY_TAG]})


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        (WITH_TAG, True),
        (condition("StringEquals", "Backup", "true"), False),
        (condition("StringEquals", "missing", ""), False),
        (condition("StringNotEquals", "stage", "prod"), False),
        (condition("StringNotEquals", "missing", "prod"), True),
        (condition("StringLike", "stage", "p*d"), True),
        (condition("StringLike", "missing", "*"), False),
        (condition("StringNotLike", "stage", "*rod*"), False),
        (WITH_TAG | condition("StringNotEquals", "stage", "prod"), False),
        (
            {"StringEquals": [*WITH_TAG["StringEquals"], *condition("StringEquals", "stage", "test")["StringEquals"]]},
            False,
        ),
    ],
)
def test_all_conditions_must_be_met_as_well(conditions: dict[str, Any], *, expected: bool) -> None:
    assert chosen({"Resources": [INSTANCES], "Conditions": conditions}) is expected
    assert chosen({"ListOfTags": BY_TAG, "Conditions": conditions}) is expected


@pytest.mark.parametrize(
    ("selection", "kind", "expected"),
    [
        ({"Resources": [INSTANCES], "Conditions": WITH_TAG}, "RDS", True),
        ({"Resources": [f"arn:aws:rds:{HOME}:{A}:db:orders"]}, "RDS", True),
        ({"Resources": [CLUSTERS], "Conditions": WITH_TAG}, "Aurora", False),
        ({"Resources": ["*"]}, "RDS", False),
        ({"Resources": ["arn:aws:rds:*"]}, "RDS", False),
        ({"ListOfTags": BY_TAG}, "RDS", False),
    ],
)
def test_only_a_type_of_its_own_that_is_named_by_arn_is_selected_without_the_opt_in(
    selection: dict[str, Any], kind: str, *, expected: bool
) -> None:
    assert chosen(selection, kind=kind, is_opted_in=False) is expected


@pytest.mark.parametrize(
    ("selection", "words"),
    [
        ({}, "neither Resources nor ListOfTags"),
        ({"Conditions": WITH_TAG}, "neither Resources nor ListOfTags"),
        ({"Resources": ["*"], "Schedules": []}, "Schedules"),
        ({"ListOfTags": [{**BY_TAG[0], "ConditionType": "STRINGLIKE"}]}, "STRINGLIKE"),
        ({"Resources": ["*"], "Conditions": {"NumericEquals": []}}, "NumericEquals"),
        (
            {"Resources": ["*"], "Conditions": {"StringEquals": [{"ConditionKey": "Backup", "ConditionValue": "x"}]}},
            "condition key Backup",
        ),
    ],
)
def test_a_selection_that_is_not_modelled_is_refused_by_name(selection: dict[str, Any], words: str) -> None:
    world = World()
    role = world.account(A).create_role("backup", trust=SERVICE)
    named = {"SelectionName": "some", "IamRoleArn": role, **selection}
    with pytest.raises(NotModelled, match=words):
        world.site(A, HOME).create_plan({"BackupPlanName": "nightly", "Rules": []}, [named])


@pytest.mark.parametrize("test", [{"ConditionKey": "aws:ResourceTag/Backup"}, {"ConditionValue": "x"}])
def test_a_condition_without_key_or_value_is_refused(test: dict[str, str]) -> None:
    world = World()
    role = world.account(A).create_role("backup", trust=SERVICE)
    named = {"SelectionName": "some", "IamRoleArn": role, "Resources": ["*"], "Conditions": {"StringEquals": [test]}}
    with pytest.raises(Refused, match="ConditionKey and ConditionValue"):
        world.site(A, HOME).create_plan({"BackupPlanName": "nightly", "Rules": []}, [named])
