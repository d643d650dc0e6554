"""Stacks among other stacks: two fit in one account and Region, and CloudFormation takes each file as it is."""

import re
from typing import Any

import pytest

from tests.template.reading import ALL, MAIN, ROOT, STACKS, resources, template, walk

NAMES = {
    "AliasName",
    "AlarmName",
    "BackupPlanName",
    "FunctionName",
    "GroupName",
    "LayerName",
    "LogGroupName",
    "ManagedPolicyName",
    "Name",
    "QueueName",
    "RoleName",
    "StatementId",
    "TableName",
    "TopicName",
}
FUNCTIONS = {
    "Fn::Sub",
    "Fn::GetAtt",
    "Fn::If",
    "Fn::Equals",
    "Fn::Not",
    "Fn::And",
    "Fn::Or",
    "Fn::Join",
    "Fn::Select",
    "Fn::Split",
}


@pytest.mark.parametrize("name", ALL)
def test_no_physical_name_is_the_same_in_two_stacks(name: str) -> None:
    fixed = [
        (logical_id, key)
        for logical_id, resource in resources(name).items()
        for key in NAMES & resource.get("Properties", {}).keys()
        if not refers_to_a_resource(name, resource["Properties"][key])
        and "AWS::StackName" not in str(resource["Properties"][key])
        and "AWS::StackId" not in str(resource["Properties"][key])
    ]

    assert fixed == []


def refers_to_a_resource(name: str, value: Any) -> bool:
    return isinstance(value, dict) and value.get("Ref") in resources(name)


def test_two_stacks_do_not_hide_each_others_silence() -> None:
    assert template(MAIN)["Globals"]["Function"]["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"] == {
        "Ref": "AWS::StackName"
    }
    assert resources(MAIN)["SweepAlarm"]["Properties"]["Dimensions"] == [
        {"Name": "service", "Value": {"Ref": "AWS::StackName"}}
    ]


@pytest.mark.parametrize("name", STACKS)
def test_companion_stacks_need_no_macro(name: str) -> None:
    whole = template(name)

    assert "Transform" not in whole
    assert [each for each in walk(whole) if isinstance(each, dict) and "Fn::Transform" in each] == []


@pytest.mark.parametrize("name", ALL)
def test_templates_keep_to_the_functions_that_the_rehearsal_knows(name: str) -> None:
    used = {key for each in walk(template(name)) if isinstance(each, dict) for key in each if key.startswith("Fn::")}

    assert used <= FUNCTIONS


@pytest.mark.parametrize("name", STACKS)
def test_companion_stacks_are_uploaded_as_they_are_and_use_no_yaml_aliases(name: str) -> None:
    """CloudFormation refuses aliases; `sam build` writes the main template out without them."""
    text = "\n".join(line for line in (ROOT / name).read_text().splitlines() if not line.lstrip().startswith("#"))

    assert re.findall(r"(?:^|[\s\[{,:-])[&*][a-z]\w*\s*$", text, re.MULTILINE) == []
    assert len(text) < 51200  # what CloudFormation takes without a bucket


@pytest.mark.parametrize("name", ALL)
def test_no_function_refers_to_what_is_not_there(name: str) -> None:
    whole = template(name)
    known = {*whole["Resources"], *whole["Parameters"]}

    refs = {each["Ref"] for each in walk(whole) if isinstance(each, dict) and "Ref" in each}
    attributes = {each["Fn::GetAtt"][0] for each in walk(whole) if isinstance(each, dict) and "Fn::GetAtt" in each}
    conditions = {each["Fn::If"][0] for each in walk(whole) if isinstance(each, dict) and "Fn::If" in each}

    assert {each for each in refs if not each.startswith("AWS::")} <= known
    assert attributes <= known
    assert conditions <= whole.get("Conditions", {}).keys()
