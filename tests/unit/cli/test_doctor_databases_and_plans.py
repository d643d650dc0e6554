"""Which databases a backup plan's selection means, and what RDS's descriptions say of them."""

from __future__ import annotations

from typing import Any

import pytest

from secondhop.domain.arn import Site
from secondhop_cli.doctor.databases_and_plans import Database, Rule

HOME = Site("111122223333", "eu-west-1")
ARN = "arn:aws:rds:eu-west-1:111122223333:db:orders"
BY_TAG = [{"ConditionType": "STRINGEQUALS", "ConditionKey": "Backup", "ConditionValue": "True"}]


def a_database(**tags: str) -> Database:
    return Database(
        arn=ARN, site=HOME, resource_type="RDS", key_arn="", is_encrypted=False, tags=tags, option_groups=()
    )


def selects(selection: dict[str, Any], database: Database) -> bool:
    rule = Rule(
        plan="nightly",
        plan_id="1",
        name="night",
        target_vault="near",
        retention_days=7,
        copies={},
        selections=({"SelectionName": "some", "IamRoleArn": "role", **selection},),
    )
    return rule.selects(database)


@pytest.mark.parametrize(
    ("selection", "tags", "expected"),
    [
        ({"ListOfTags": BY_TAG}, {"Backup": "True"}, True),
        ({"ListOfTags": BY_TAG}, {"Backup": "true"}, False),
        ({"ListOfTags": BY_TAG}, {}, False),
        ({"Resources": [ARN]}, {}, True),
        ({"Resources": ["arn:aws:rds:*:*:db:*"]}, {}, True),
        ({"Resources": ["arn:aws:rds:*:*:cluster:*"]}, {}, False),
        ({"Resources": ["*"], "NotResources": [ARN]}, {}, False),
        ({"Resources": ["*"], "NotResources": ["arn:aws:ec2:*"]}, {}, True),
        ({"Resources": [], "ListOfTags": []}, {"Backup": "True"}, False),
        ({"Resources": ["arn:aws:ec2:*"], "ListOfTags": BY_TAG}, {"Backup": "True"}, True),
    ],
)
def test_resources_or_tags_choose_and_not_resources_take_away(
    selection: dict[str, Any], tags: dict[str, str], *, expected: bool
) -> None:
    assert selects(selection, a_database(**tags)) is expected


@pytest.mark.parametrize(
    ("operator", "value", "tags", "expected"),
    [
        ("StringEquals", "prod", {"stage": "prod"}, True),
        ("StringEquals", "prod", {"stage": "test"}, False),
        ("StringEquals", "prod", {}, False),
        ("StringNotEquals", "prod", {"stage": "prod"}, False),
        ("StringNotEquals", "prod", {}, True),
        ("StringLike", "pr*", {"stage": "prod"}, True),
        ("StringNotLike", "pr*", {"stage": "prod"}, False),
    ],
)
def test_every_condition_must_be_met_as_well(
    operator: str, value: str, tags: dict[str, str], *, expected: bool
) -> None:
    conditions = {operator: [{"ConditionKey": "aws:ResourceTag/stage", "ConditionValue": value}]}

    assert selects({"Resources": ["*"], "Conditions": conditions}, a_database(**tags)) is expected


def test_two_conditions_are_met_together_or_not_at_all() -> None:
    conditions = {
        "StringEquals": [{"ConditionKey": "aws:ResourceTag/stage", "ConditionValue": "prod"}],
        "StringNotEquals": [{"ConditionKey": "aws:ResourceTag/team", "ConditionValue": "shop"}],
    }
    selection = {"Resources": ["*"], "Conditions": conditions}

    assert selects(selection, a_database(stage="prod", team="stock"))
    assert not selects(selection, a_database(stage="prod", team="shop"))
