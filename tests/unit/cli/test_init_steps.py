"""The steps that secondhop init prints: their order, their paths, and that they can be run as they are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from secondhop_cli.main import parser
from tests.installing import BACKUP, GOOD, HUB, KEY, NEIGHBOUR, WORKLOAD, Checkout


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def assert_in_this_order(said: str, marks: list[str]) -> None:
    at = 0
    for mark in marks:
        assert mark in said[at:], mark
        at = said.index(mark, at) + len(mark)


def test_the_steps_name_account_region_and_command_in_the_order_of_need(checkout: Checkout) -> None:
    said = checkout.init(GOOD).said

    assert_in_this_order(
        said,
        [
            "management account of the organization, eu-west-1:",
            "isCrossAccountBackupEnabled=true",
            "# Only if AWS answers",
            "#   aws organizations enable-aws-service-access --service-principal backup.amazonaws.com\n",
            f"workload account {WORKLOAD}, eu-west-1:",
            f"backup account {BACKUP}, eu-west-1 and eu-central-1:",
            f"backup account {BACKUP}, eu-central-1:",
            f"--template-file {checkout.folder}/stacks/dr-region.yaml",
            f"--parameter-overrides file://{checkout.folder}/parameters/dr-region.json",
            f"secondhop init --directory {checkout.folder} ",
            "--dr-key-arn",
            f"backup account {BACKUP}, eu-west-1:",
            f"--template-file {checkout.folder}/stacks/backup-account.yaml",
            "--operator-role-arn",
            f"cd {checkout.folder} && sam build && sam deploy)",
            f"workload account {WORKLOAD}, eu-west-1:",
            f"--template-file {checkout.folder}/stacks/workload.yaml",
            "--first-hop-role-arn",
            f"cd {checkout.folder} && sam build && sam deploy)",
            "secondhop doctor --stack second-hop --region eu-west-1",
            f"--profile PROFILE-OF-{WORKLOAD} --profile PROFILE-OF-{BACKUP}",
        ],
    )


@pytest.mark.parametrize("given", [GOOD, HUB], ids=["workload", "hub"])
def test_every_deployment_checks_the_account_that_its_step_names_first(
    checkout: Checkout, given: dict[str, str]
) -> None:
    said = checkout.init(given).said
    steps = re.split(r"\n(?=\d+\. )", said)[1:]
    deploying = [each for each in steps if "deploy" in each.partition("\n")[2]]

    assert len(deploying) == (4 if given is GOOD else 5)
    for step in deploying:
        (account,) = re.findall(r"\b\d{12}\b", step.partition(":")[0])
        deployments = len(re.findall("aws cloudformation deploy|sam deploy", step))
        guard = r'\(test "\$\(aws sts get-caller-identity --region [\w-]+ --query Account --output text\)" = (\d+) '
        assert re.findall(guard, step) == [account] * deployments


@pytest.mark.parametrize("stack", ["dr-region", "backup-account"])
def test_the_stacks_of_the_backup_account_are_told_their_account(checkout: Checkout, stack: str) -> None:
    checkout.init(GOOD)

    assert checkout.parameters(stack)["BackupAccountId"] == BACKUP


def test_once_the_role_of_first_hops_is_known_companions_come_before_the_main_stack(checkout: Checkout) -> None:
    checkout.init(GOOD)
    said = checkout.init({"first_hop_role_arn": f"arn:aws:iam::{WORKLOAD}:role/backup"}).said

    assert_in_this_order(
        said, ["stacks/dr-region.yaml", "stacks/backup-account.yaml", "stacks/workload.yaml", "sam build"]
    )
    assert said.count("sam build && sam deploy") == 1


def test_the_hub_deploys_its_main_stack_once_and_last(checkout: Checkout) -> None:
    said = checkout.init(HUB).said

    assert_in_this_order(said, ["stacks/workload.yaml", "stacks/workload.yaml", "sam build && sam deploy", "doctor"])
    assert said.count("sam build && sam deploy") == 1


def test_a_checkout_with_a_blank_in_its_path_is_quoted(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path / "my checkout")
    said = checkout.init(GOOD).said

    assert said.count("my checkout") == 11
    assert len(re.findall(r"'[^' ]*my checkout[^']*'", said)) == 11


def test_what_is_known_is_not_asked_of_the_stacks_again(checkout: Checkout) -> None:
    checkout.init(GOOD)
    said = checkout.init({"dr_key_arn": KEY}).said

    assert "--dr-key-arn" not in said
    assert "--copy-role-arn" in said
    assert f"DrKeyArn: {KEY}" in said


def test_the_hub_has_a_step_for_each_workload_account_and_its_main_stack_in_the_backup_account(
    checkout: Checkout,
) -> None:
    said = checkout.init(HUB).said

    for account in (WORKLOAD, NEIGHBOUR):
        assert f"workload account {account}, eu-west-1: creates a key for databases" in said
    assert f"backup account {BACKUP}, eu-west-1: deploys Second Hop" in said
    assert "--operator-role-arn" not in said


def test_the_printed_flags_of_the_doctor_are_flags_that_it_has(checkout: Checkout) -> None:
    said = checkout.init(GOOD).said.replace("\\\n", " ")
    (line,) = [each.strip() for each in said.splitlines() if each.strip().startswith("secondhop doctor")]
    chosen = parser().parse_args(line.split()[1:])

    assert (chosen.stack, chosen.region) == ("second-hop", "eu-west-1")
