"""Keys, vaults, roles and plans that exist already are used, and nothing is made beside them."""

import json
import re

import pytest

from rehearsal.template import TemplateError
from tests.template.reading import template, walk
from tests.template.rendering import BACKUP, BACKUP_ACCOUNT, DR, KEY_ID, WORKLOAD, WORKLOAD_ACCOUNT, an_arn, render

MADE_KEY, MADE_ROLE = f"key/{KEY_ID}", "role/ours/brought"


def a_key(name: str) -> str:
    account = WORKLOAD_ACCOUNT if name == WORKLOAD else BACKUP_ACCOUNT
    region = "eu-central-1" if name == DR else "eu-west-1"
    return an_arn("kms", account, MADE_KEY, region=region)


def a_role(name: str) -> str:
    return an_arn("iam", WORKLOAD_ACCOUNT if name == WORKLOAD else BACKUP_ACCOUNT, MADE_ROLE)


BROUGHT = [
    (DR, "ExistingKeyArn", a_key(DR), {"Key", "KeyAlias"}),
    (BACKUP, "ExistingKeyArn", a_key(BACKUP), {"Key", "KeyAlias"}),
    (WORKLOAD, "ExistingKeyArn", a_key(WORKLOAD), {"Key", "KeyAlias"}),
    (BACKUP, "ExistingCopyRoleArn", a_role(BACKUP), {"CopyRole"}),
    (BACKUP, "ExistingOperatorRoleArn", a_role(BACKUP), {"OperatorRole"}),
    (WORKLOAD, "ExistingBackupRoleArn", a_role(WORKLOAD), {"BackupRole"}),
    (WORKLOAD, "ExistingPlanId", "11112222-aaaa-bbbb-cccc-333344445555", {"Plan"}),
]


@pytest.mark.parametrize(("name", "parameter", "value", "unmade"), BROUGHT)
def test_what_is_brought_is_used_and_nothing_is_made_instead(
    name: str, parameter: str, value: str, unmade: set[str]
) -> None:
    made, brought = render(name), render(name, {parameter: value})

    assert made.resources.keys() - brought.resources.keys() == unmade
    assert value in json.dumps(brought.resources) + json.dumps(brought.outputs)
    for logical_id in unmade - {"KeyAlias"}:
        names = re.compile(rf"[:/]{logical_id}\b|<{logical_id}>")
        assert names.search(json.dumps(made.resources) + json.dumps(made.outputs))
        assert not names.search(json.dumps(brought.resources) + json.dumps(brought.outputs))


@pytest.mark.parametrize("name", [DR, BACKUP, WORKLOAD])
def test_where_nothing_is_brought_nothing_is_left_empty(name: str) -> None:
    made = render(name)

    assert "" not in list(walk([made.resources, made.outputs]))


VAULTS = [(DR, "DrVault"), (BACKUP, "WatchedVault"), (WORKLOAD, "WorkloadVault")]


@pytest.mark.parametrize(("name", "vault"), VAULTS)
def test_a_vault_that_is_brought_is_named_and_left_as_it_is(name: str, vault: str) -> None:
    parameter = f"{vault}Name"
    given = {"CreateVault": "false", "ExistingKeyArn": a_key(name), parameter: "brought-vault"}
    brought = render(name, given)

    assert vault not in brought.resources
    assert brought.of_type("AWS::KMS::Key") == {}
    assert brought.outputs[f"{vault}Arn"].endswith(":backup-vault:brought-vault")
    assert (
        render(name)
        .outputs[f"{vault}Arn"]
        .endswith(f":backup-vault:{template(name)['Parameters'][parameter]['Default']}")
    )


@pytest.mark.parametrize(("name", "vault"), VAULTS)
def test_a_vault_that_is_brought_needs_its_key_said(name: str, vault: str) -> None:
    rule = template(name)["Rules"]["BroughtVault"]
    (assertion,) = rule["Assertions"]

    assert rule["RuleCondition"] == {"Fn::Equals": [{"Ref": "CreateVault"}, "false"]}
    assert assertion["Assert"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "ExistingKeyArn"}, ""]}]}
    assert vault in template(name)["Resources"]


def test_a_plan_that_is_brought_may_keep_its_own_selections() -> None:
    plan = "11112222-aaaa-bbbb-cccc-333344445555"
    extended = render(WORKLOAD, {"ExistingPlanId": plan})
    untouched = render(WORKLOAD, {"ExistingPlanId": plan, "CreateSelection": "false"})

    assert extended.resources["Selection"]["Properties"]["BackupPlanId"] == plan
    assert "Selection" not in untouched.resources


def test_the_hub_makes_nothing_that_serves_the_workload_topology_only() -> None:
    hub = render(BACKUP, {"Topology": "hub", "NotificationEmail": "dba@example.com"})

    assert hub.resources.keys() == {"Key", "KeyAlias", "WatchedVault", "CopyRole"}
    assert "OperatorRoleArn" not in hub.outputs


@pytest.mark.parametrize("value", ["alias/ours", "arn:aws:kms:eu-west-1:444455556666:alias/ours", KEY_ID])
def test_a_key_is_brought_by_its_arn_only(value: str) -> None:
    for name in (BACKUP, DR, WORKLOAD):
        with pytest.raises(TemplateError, match="ExistingKeyArn"):
            render(name, {"ExistingKeyArn": value})
