"""What makes no copy fail today, or none in the simulator, is found too, and the finding goes away with its fix."""

from __future__ import annotations

import pytest

from backup_simulator import World
from rehearsal.stage import BACKUP, DR, HOME, WORKLOAD, Stage, Topology
from secondhop_cli.doctor.copy_support import DATE
from secondhop_cli.doctor.finding_kinds import KINDS
from tests.misconfigurations import (
    IDENTITY_CENTER,
    STAGED,
    Misconfigured,
    keep_arrivals_for,
    with_administrator,
    without_the_key_of_aws_backup,
)
from tests.staged_journey import Clinic

PATHLESS = f"arn:aws:iam::{BACKUP}:role/AWSReservedSSO_Admin_0123"


def a_clinic() -> Clinic:
    stage = Stage(World())
    stage.add_database("RDS", "orders", size_gib=1)
    stage.add_database("Neptune", "graph", size_gib=1)
    stage.world.run_for(stage.world.delivery.batch * 7)
    return Clinic(stage)


@pytest.mark.parametrize("case", STAGED.values(), ids=STAGED.keys())
def test_a_misconfiguration_is_found_where_it_is_and_gone_when_fixed(case: Misconfigured) -> None:
    clinic = a_clinic()
    case.breaks(clinic.stage)

    found = clinic.findings()
    assert {each["kind"] for each in found} == case.kinds
    assert {(each["account"], each["region"]) for each in found} == case.where
    assert clinic.code == int(any(KINDS[kind].severity == "fails" for kind in case.kinds))

    case.fixes(clinic.stage, found)
    assert clinic.findings() == []
    assert clinic.code == 0


@pytest.mark.parametrize("path", ["/aws-reserved/sso.amazonaws.com/", "/aws-reserved/sso.amazonaws.com/eu-west-1/"])
def test_the_recommended_pattern_matches_the_roles_of_identity_center_with_and_without_a_region(path: str) -> None:
    clinic = a_clinic()
    clinic.stage.world.account(BACKUP).create_role("AWSReservedSSO_Admin_0123", path=path, trust={"Statement": []})
    with_administrator(f"{IDENTITY_CENTER}/*AWSReservedSSO_Admin_*")(clinic.stage)

    assert clinic.findings() == []


@pytest.mark.parametrize("role", [PATHLESS, PATHLESS.replace("role/", "role/aws-reserved/")])
def test_a_role_of_identity_center_without_its_whole_path_gets_the_command_that_shows_its_arn(role: str) -> None:
    clinic = a_clinic()
    with_administrator(role)(clinic.stage)

    commands = {each["command"] for each in clinic.findings()}

    assert commands == {"aws iam get-role --role-name AWSReservedSSO_Admin_0123 --query Role.Arn --output text"}


def test_a_policy_that_names_the_root_user_says_who_can_still_change_it() -> None:
    clinic = a_clinic()
    with_administrator(PATHLESS)(clinic.stage)
    assert not any("root user of the account can" in each["what"] for each in clinic.findings())

    with_administrator(PATHLESS, f"arn:aws:iam::{BACKUP}:root")(clinic.stage)
    assert all("root user of the account can" in each["what"] for each in clinic.findings())


def test_a_condition_that_cannot_be_judged_leaves_the_question_open() -> None:
    clinic = a_clinic()
    with_administrator("arn:aws:iam::${aws:PrincipalAccount}:role/administrator")(clinic.stage)

    report = clinic.examine()

    assert clinic.code == 3
    assert [each for check in report["checks"] for each in check["findings"]] == []


def test_a_copy_action_that_keeps_the_origins_short_retention_is_no_finding() -> None:
    clinic = a_clinic()
    keep_arrivals_for({"DeleteAfterDays": -1}, {"DeleteAfterDays": 14})(clinic.stage)

    assert clinic.findings() == []


def test_the_statement_for_the_key_of_aws_backup_asks_for_its_alias_in_every_region() -> None:
    """AWS's condition: kms:ResourceAliases has several values, so that one of them must match."""
    clinic = a_clinic()
    without_the_key_of_aws_backup(clinic.stage)

    statements = [each for finding in clinic.findings() for each in finding["statements"]]

    assert statements == [
        {
            "Effect": "Allow",
            "Action": ["kms:DescribeKey"],
            "Resource": f"arn:aws:kms:{region}:{BACKUP}:key/*",
            "Condition": {"ForAnyValue:StringEquals": {"kms:ResourceAliases": ["alias/aws/backup"]}},
        }
        for region in (HOME, DR)
    ]


def test_in_the_hub_the_vaults_administrator_is_looked_for_in_the_backup_account() -> None:
    clinic = Clinic(Stage(World(), topology=Topology.HUB))
    with_administrator(PATHLESS)(clinic.stage)

    found = [each for each in clinic.findings("fails") if each["kind"] == "vault-administrator-missing"]

    assert {each["account"] for each in found} == {BACKUP}


@pytest.mark.parametrize(
    ("region", "kind", "expected"),
    [
        ("eu-south-1", "copy-not-supported", {"Neptune"}),
        ("af-south-1", "copy-not-supported", set()),
        ("mars-north-1", "copy-support-unknown", {"RDS", "Aurora", "DocumentDB", "Neptune"}),
    ],
)
def test_a_copy_that_aws_does_not_document_is_a_warning_with_the_date(
    region: str, kind: str, expected: set[str]
) -> None:
    clinic = a_clinic()
    stack = clinic.stage.world.stacks[WORKLOAD, HOME, "second-hop"]
    stack.parameters = {**stack.parameters, "DrRegion": region}

    found = [each for each in clinic.findings() if each["kind"] in ("copy-not-supported", kind)]

    assert {(each["account"], each["resource"]) for each in found} == {(BACKUP, each) for each in expected}
    assert all(each["severity"] == "warns" and DATE in each["what"] for each in found)
