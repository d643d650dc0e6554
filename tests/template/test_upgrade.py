"""What an upgrade may not change, and what an uninstallation leaves.

A failure here is a question: would the stacks that people run lose something, or ask for something new?
"""

import re

import pytest

from tests.template.reading import ALL, MAIN, ROOT, resources, template

BACKUP, DR, WORKLOAD = ALL[1:]
BUCKET = "stacks/code-bucket.yaml"
KEPT = {
    MAIN: {"Chains", "AdvanceChainLogs", "SweepChainsLogs", "OperateChainsLogs"},
    BACKUP: {"Key", "WatchedVault", "CopyRole"},
    DR: {"Key", "DrVault"},
    WORKLOAD: {"Key", "WorkloadVault", "BackupRole"},
    BUCKET: {"CodeBucket"},
}
# What somebody has to say. Whoever adds to this stops every upgrade until it is said.
ASKED = {
    MAIN: {"BackupAccountId", "DrRegion", "CopyRoleArn"},
    BACKUP: {"OrganizationId", "WorkloadAccountIds", "DrRegion", "DrKeyArn", "VaultAdministratorArn"},
    DR: {"VaultAdministratorArn"},
    WORKLOAD: {"BackupAccountId"},
    BUCKET: {"OrganizationId", "CodeBucketPrefix"},
}
# What people, `secondhop init` and `secondhop doctor` read.
TOLD = {
    MAIN: {
        "StackVersion",
        "Topology",
        "TableName",
        "NotificationTopicArn",
        "WorkQueueUrl",
        "DeadLetterQueueUrl",
        "FailedInvocationsQueueUrl",
        "AdvanceChainFunction",
        "SweepChainsFunction",
        "OperateChainsFunction",
    },
    BACKUP: {
        "StackVersion",
        "WatchedVaultArn",
        "KeyArn",
        "CopyRoleArn",
        "OperatorRoleArn",
        "UndeliveredEventsQueueUrl",
    },
    DR: {"StackVersion", "DrVaultArn", "KeyArn"},
    WORKLOAD: {"StackVersion", "KeyArn", "WorkloadVaultArn", "BackupRoleArn", "BackupPlanId"},
    BUCKET: {"StackVersion", "CodeBucketName"},
}
NAMES = {
    (MAIN, "WatchedVaultName"): "watched-vault",
    (MAIN, "DrVaultName"): "dr-vault",
    (BACKUP, "WatchedVaultName"): "watched-vault",
    (BACKUP, "DrVaultName"): "dr-vault",
    (DR, "DrVaultName"): "dr-vault",
    (WORKLOAD, "WatchedVaultName"): "watched-vault",
    (WORKLOAD, "WorkloadVaultName"): "workload-vault",
}
EVERY = [*ALL, BUCKET]


@pytest.mark.parametrize("name", EVERY)
def test_what_is_kept_keeps_its_logical_id_and_nothing_else_is_left_behind(name: str) -> None:
    """Another logical id is another resource to CloudFormation: it would make a second one and forget the first."""
    kept = {key: each for key, each in resources(name).items() if "Retain" in str(each.get("DeletionPolicy"))}

    assert kept.keys() == KEPT[name]
    assert {each["UpdateReplacePolicy"] for each in kept.values()} == {"Retain"}


@pytest.mark.parametrize("name", EVERY)
def test_an_upgrade_asks_for_nothing_new(name: str) -> None:
    asked = {key for key, each in template(name)["Parameters"].items() if "Default" not in each}

    assert asked == ASKED[name]


@pytest.mark.parametrize("name", EVERY)
def test_no_output_that_somebody_reads_goes_away(name: str) -> None:
    assert TOLD[name] <= template(name)["Outputs"].keys()


def test_the_names_of_vaults_stay_since_another_name_is_another_vault() -> None:
    assert {key: template(key[0])["Parameters"][key[1]]["Default"] for key in NAMES} == NAMES


@pytest.mark.parametrize("name", EVERY)
def test_every_stack_says_its_version_without_condition(name: str) -> None:
    assert "Condition" not in template(name)["Outputs"]["StackVersion"]


@pytest.mark.parametrize("page", ["install.md", "upgrade.md"])
def test_the_pages_on_installing_name_only_what_the_templates_have(page: str) -> None:
    text = (ROOT / "docs" / page).read_text()
    known = {
        key for name in EVERY for part in ("Parameters", "Resources", "Outputs") for key in template(name).get(part, {})
    }

    named = set(re.findall(r"`([A-Z][a-z]+(?:[A-Z][A-Za-z]*)+)`", text))
    assert named - known == set()
    assert len(named) > 4


def test_the_page_on_uninstalling_names_a_stack_for_everything_that_stays() -> None:
    text = (ROOT / "docs" / "upgrade.md").read_text()
    table = text[text.index("| stack | remains |") :].split("\n\n")[0]

    for name in EVERY:
        assert ("main" if name == MAIN else name.removeprefix("stacks/")) in table
    for role in ("`CopyRole`", "`BackupRole`"):
        assert role in table
