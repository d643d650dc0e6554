"""secondhop init: what it writes, what it keeps, and what it says."""

from __future__ import annotations

import re
import tomllib
from io import StringIO
from pathlib import Path

import pytest

from rehearsal.template import parameters_of, read_template
from secondhop_cli.init.command import initialize
from secondhop_cli.init.parameter_files import MAIN, PARAMETER_SOURCES
from secondhop_cli.init.questions import QUESTIONS
from secondhop_cli.init.samconfig import NEW_FILE
from secondhop_cli.init.shares import SHARES
from tests.installing import BACKUP, GOOD, HUB, KEY, NEIGHBOUR, ROOT, WORKLOAD, Checkout


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def path_of(stack: str) -> Path:
    return ROOT / ("template.yaml" if stack == MAIN else f"stacks/{stack}.yaml")


@pytest.mark.parametrize("given", [GOOD, HUB], ids=["workload", "hub"])
def test_what_is_written_is_accepted_by_the_templates_limits(checkout: Checkout, given: dict[str, str]) -> None:
    assert checkout.init(given).code == 0

    for stack in PARAMETER_SOURCES:
        template = read_template(path_of(stack))
        written = checkout.parameters(stack)
        needed = {key for key, each in template["Parameters"].items() if "Default" not in each}
        # The outputs of the stacks before are known when those are deployed.
        later = {"CopyRoleArn": f"arn:aws:iam::{BACKUP}:role/copy", "DrKeyArn": KEY}
        values = parameters_of(template, written | {key: value for key, value in later.items() if key in needed})
        assert written.items() <= values.items()


@pytest.mark.parametrize("stack", PARAMETER_SOURCES)
def test_every_parameter_that_init_knows_is_one_of_the_template(stack: str) -> None:
    assert PARAMETER_SOURCES[stack].keys() <= read_template(path_of(stack))["Parameters"].keys()


def test_what_init_takes_when_nobody_says_is_what_the_templates_take() -> None:
    defaults = {each.name: each.default for each in QUESTIONS if each.default}
    for stack, places in PARAMETER_SOURCES.items():
        for key, name in places.items():
            declared = str(read_template(path_of(stack))["Parameters"][key].get("Default", ""))
            # The main stack needs no external id in the hub, and so has no default for it.
            assert declared == (defaults | SHARES["1"]).get(name, "") or (key, declared) == ("ExternalId", "")


@pytest.mark.parametrize("given", [GOOD, HUB], ids=["workload", "hub"])
def test_run_again_it_changes_nothing(checkout: Checkout, given: dict[str, str]) -> None:
    checkout.init(given)
    before = checkout.texts()
    again = checkout.init()

    assert again.code == 0
    assert checkout.texts() == before
    assert again.said.count(": unchanged\n") == 4
    assert list(checkout.folder.rglob("*.new")) == []


def test_one_new_answer_changes_only_the_files_that_hold_it_and_is_shown(checkout: Checkout) -> None:
    checkout.init(GOOD)
    before = checkout.texts()
    again = checkout.init({"retention_days": "90"})

    changed = {name for name, text in checkout.texts().items() if before[name] != text}
    assert changed == {"samconfig.toml"}
    assert "  RetentionDays: 35 becomes 90\n" in again.said
    assert checkout.parameters(MAIN)["RetentionDays"] == "90"


def test_what_the_user_wrote_stays(checkout: Checkout) -> None:
    checkout.init(GOOD)
    own = '[\n  "CreateVault=false",\n'
    checkout.edit("parameters/dr-region.json", "[\n", own)
    checkout.edit("samconfig.toml", "  RetentionDays=35 \\", "  ObserveOnly=true \\\n  RetentionDays=60 \\")
    checkout.edit("samconfig.toml", "confirm_changeset = true", "confirm_changeset = false # nobody is there")
    before = checkout.texts()

    assert checkout.init().code == 0
    assert checkout.texts() == before
    checkout.init({"lock_minimum_days": "14"})
    assert checkout.parameters("dr-region")["CreateVault"] == "false"
    main = checkout.parameters(MAIN)
    assert (main["ObserveOnly"], main["RetentionDays"], main["MinimumRetentionDays"]) == ("true", "60", "14")
    assert "confirm_changeset = false # nobody is there\n" in checkout.texts()["samconfig.toml"]


def test_the_comments_and_settings_of_samconfig_are_those_of_before(checkout: Checkout) -> None:
    own = NEW_FILE.replace("confirm_changeset = true", "# Nobody is there.\nconfirm_changeset = false")
    (checkout.folder / "samconfig.toml").write_text(own)
    before = tomllib.loads(own)
    comments = [line for line in own.splitlines() if line.startswith("#")]
    checkout.init(GOOD)
    text = checkout.texts()["samconfig.toml"]
    after = tomllib.loads(text)
    added = after["default"]["deploy"]["parameters"]

    assert [line for line in text.splitlines() if line.startswith("#")] == comments
    assert added.pop("region") == "eu-west-1"
    assert " BackupAccountId=444455556666 DrRegion=" in " ".join(added.pop("parameter_overrides").split())
    assert after["default"]["global"]["parameters"].pop("stack_name") == "second-hop"
    assert after == before


@pytest.mark.parametrize(
    "text",
    [
        "version = 0.1\n",
        '[default.deploy.parameters]\nparameter_overrides = ["ObserveOnly=true", "RetentionDays=60"]\n',
        '[default.deploy.parameters]\nparameter_overrides = [\n "ObserveOnly=true",\n "RetentionDays=60",\n]\n# end\n',
        '[default.deploy.parameters]\nparameter_overrides = {ObserveOnly="true", RetentionDays="60"}\n[x]\ny = 1\n',
        "[default.deploy.parameters]\nparameter_overrides = 'ObserveOnly=\"true\" RetentionDays=60'\n",
    ],
)
def test_a_samconfig_of_ones_own_is_understood_in_every_form_that_sam_takes(checkout: Checkout, text: str) -> None:
    (checkout.folder / "samconfig.toml").write_text(text)
    assert checkout.init(GOOD).code == 0

    main = checkout.parameters(MAIN)
    assert main["BackupAccountId"] == BACKUP
    if "ObserveOnly" in text:
        assert (main["ObserveOnly"], main["RetentionDays"]) == ("true", "60")
    assert ("y = 1" in text) == ("y = 1" in checkout.texts()["samconfig.toml"])
    assert ("# end" in text) == ("# end" in checkout.texts()["samconfig.toml"])


def test_what_sam_deploy_guided_wrote_is_kept_where_it_stands(checkout: Checkout) -> None:
    guided = '[default.deploy.parameters]\nstack_name = "hop"\nregion = "eu-west-1"\ncapabilities = "CAPABILITY_IAM"\n'
    (checkout.folder / "samconfig.toml").write_text(guided)
    given = {key: value for key, value in GOOD.items() if key != "region"}
    done = checkout.init(given)

    deploy = tomllib.loads(checkout.texts()["samconfig.toml"])["default"]["deploy"]["parameters"]
    assert (done.code, deploy["stack_name"], deploy["region"]) == (0, "hop", "eu-west-1")
    assert "--stack-name hop-dr-region" in done.said
    assert "global" not in checkout.texts()["samconfig.toml"]


def test_without_a_samconfig_one_is_made(checkout: Checkout) -> None:
    assert checkout.texts() == {}
    assert checkout.init(GOOD).code == 0

    assert tomllib.loads(checkout.texts()["samconfig.toml"])["default"]["deploy"]["parameters"]["capabilities"]


def test_the_hub_is_told_its_accounts_and_no_operator_role(checkout: Checkout) -> None:
    checkout.init(HUB)
    main = checkout.parameters(MAIN)

    assert main["WorkloadAccountIds"] == f"{WORKLOAD},{NEIGHBOUR}"
    assert {main[key] for key in ("OperatorRoleArn", "ExternalId", "FirstHopRoleArn")} == {""}
    assert checkout.parameters("backup-account")["Topology"] == "hub"


@pytest.mark.parametrize(
    ("lock", "demanded"), [("governance", "governance"), ("compliance", "compliance"), ("off", "none")]
)
def test_the_main_stack_demands_the_lock_that_the_dr_region_makes(checkout: Checkout, lock: str, demanded: str) -> None:
    said = checkout.init({**GOOD, "vault_lock": lock}).said

    assert ("irrevocable" in said) == ("nobody can ever remove this lock" in said) == (lock == "compliance")
    assert checkout.parameters("dr-region")["VaultLock"] == lock
    assert checkout.parameters(MAIN)["DrVaultLock"] == demanded
    # That a compliance lock is for ever, a person types himself.
    assert "ConfirmComplianceLock" not in checkout.parameters("dr-region")
    assert checkout.init().said.count(": unchanged\n") == 4


def test_from_the_workload_topology_to_the_hub_what_does_not_fit_is_taken_out(checkout: Checkout) -> None:
    role = f"arn:aws:iam::{BACKUP}:role/secondhop/companion/operator"
    checkout.init({**GOOD, "operator_role_arn": role})
    refused = checkout.init({"topology": "hub"})
    assert refused.code == 2
    assert "hub uses its own roles" in refused.complaints[0]

    checkout.edit("samconfig.toml", f"  OperatorRoleArn={role} \\\n", "")
    moved = checkout.init({"topology": "hub"})
    assert "  ExternalId: second-hop becomes (empty)\n" in moved.said
    assert checkout.parameters(MAIN)["OperatorRoleArn"] == ""


def test_from_the_hub_to_the_workload_topology_the_accounts_are_emptied(checkout: Checkout) -> None:
    checkout.init(HUB)
    moved = checkout.init({"topology": "workload", "workload_accounts": WORKLOAD})

    assert f"  WorkloadAccountIds: {WORKLOAD},{NEIGHBOUR} becomes (empty)\n" in moved.said
    main = checkout.parameters(MAIN)
    assert (main["WorkloadAccountIds"], main["ExternalId"]) == ("", "second-hop")


def test_an_answer_that_is_taken_back_is_written_as_an_empty_value(checkout: Checkout) -> None:
    """CloudFormation keeps the previous value of a parameter that is left out."""
    checkout.init({**GOOD, "email": "ada@example.com"})
    again = checkout.init({"email": ""})

    assert again.said.count("  NotificationEmail: ada@example.com becomes (empty)\n") == 3
    assert {checkout.parameters(stack)["NotificationEmail"] for stack in ("dr-region", "backup-account", MAIN)} == {""}
    assert checkout.init().said.count(": unchanged\n") == 4


def test_every_parameter_that_a_template_takes_empty_is_written(checkout: Checkout) -> None:
    checkout.init(GOOD)

    for stack, places in PARAMETER_SOURCES.items():
        declared = read_template(path_of(stack))["Parameters"]
        can_be_empty = {key for key in places if declared[key].get("Default") == ""}
        assert places.keys() - checkout.parameters(stack).keys() == places.keys() & {"DrKeyArn", "CopyRoleArn"}
        assert can_be_empty >= {key for key, value in checkout.parameters(stack).items() if value == ""}


def test_sam_reads_an_empty_value_as_sam_deploy_guided_writes_it(checkout: Checkout) -> None:
    checkout.init(GOOD)
    overrides = tomllib.loads(checkout.texts()["samconfig.toml"])["default"]["deploy"]["parameters"]

    # The form of a parameter in aws-sam-cli, samcli/cli/types.py: an empty value needs its quotes.
    form = r""" ([A-Za-z0-9"']+)=("(?:\\.|[^"\\]+)*"|'(?:\\.|[^'\\]+)*'|(?:\\.|[^ "\\]+)+)"""
    found = {key: value.strip('"') for key, value in re.findall(form, " " + overrides["parameter_overrides"].strip())}
    assert found == checkout.parameters(MAIN)
    assert found["NotificationEmail"] == ""


def test_a_person_is_asked_for_everything_at_first_and_later_only_for_what_is_missing(checkout: Checkout) -> None:
    asked: list[str] = []

    def answer(prompt: str) -> str:
        asked.append(prompt)
        return next((value for name, value in GOOD.items() if TEXTS[name] in prompt), "")

    assert checkout.init(ask=answer).code == 0
    assert len(asked) == len(QUESTIONS)
    assert any(prompt.endswith("[35]: ") for prompt in asked)
    assert checkout.parameters(MAIN)["RetentionDays"] == "35"
    asked.clear()
    assert checkout.init(ask=answer).code == 0
    assert asked == []


TEXTS = {each.name: each.text[1:] for each in QUESTIONS}


def test_a_person_who_goes_away_leaves_everything_as_it_was(checkout: Checkout) -> None:
    before = checkout.texts()

    def gone(_: str) -> str:
        raise EOFError

    assert checkout.init(ask=gone).code == 2
    assert checkout.texts() == before


def test_a_file_of_parameter_keys_and_values_is_understood_too(checkout: Checkout) -> None:
    checkout.init(GOOD)
    (checkout.folder / "parameters/workload.json").write_text(
        '[{"ParameterKey": "BackupAccountId", "ParameterValue": "444455556666"},'
        ' {"ParameterKey": "OriginRetentionDays", "ParameterValue": "21"}]'
    )
    checkout.init()

    assert checkout.parameters("workload") == {
        "BackupAccountId": BACKUP,
        "OriginRetentionDays": "21",
        "WatchedVaultName": "watched-vault",
    }


def test_accounts_are_read_with_blanks_and_a_comma_too_many(checkout: Checkout) -> None:
    checkout.init({**HUB, "workload_accounts": f" {WORKLOAD}, {NEIGHBOUR},"})

    assert checkout.parameters("backup-account")["WorkloadAccountIds"] == f"{WORKLOAD},{NEIGHBOUR}"


class ClosedPipe(StringIO):
    """The output after its reader has gone, as in `secondhop init | head -1`."""

    def write(self, text: str) -> int:
        raise BrokenPipeError


def test_a_reader_that_closes_the_pipe_does_not_prevent_the_writing(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path)

    with pytest.raises(BrokenPipeError):
        initialize(tmp_path, GOOD, stream=ClosedPipe(), errors=StringIO())

    assert checkout.parameters(MAIN)["RetentionDays"] == "35"
    assert checkout.init().said.count(": unchanged\n") == 4
