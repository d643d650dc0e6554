"""Event patterns: which of AWS Backup's events reach the actor, and that nobody else's do."""

from typing import Any

import pytest

from backup_simulator.matching import matches
from tests.template.reading import ALL, MAIN, properties, resources, statements

BACKUP, DR = ALL[1:3]
DR_VAULT = {"Fn::Sub": "arn:${AWS::Partition}:backup:${AWS::Region}:${AWS::AccountId}:backup-vault:${DrVaultName}"}
RULES = [(name, key) for name in ALL for key in resources(name, "AWS::Events::Rule")]
POINTS = ["Recovery Point State Change", "Recovery Point Change"]
JOB_NEWS = {"state": ["COMPLETED", "FAILED", "PARTIAL"]}
POINT_NEWS = {"status": ["COMPLETED", "AVAILABLE", "EXPIRED", "PARTIAL", "STOPPED", "DELETING", "DELETED"]}
COPIES = ["Copy Job State Change"]
OWN = {"Ref": "AWS::AccountId"}


def watched_vault(account: str) -> dict[str, str]:
    return {"Fn::Sub": f"arn:${{AWS::Partition}}:backup:${{AWS::Region}}:{account}:backup-vault:${{WatchedVaultName}}"}


@pytest.mark.parametrize(("name", "rule"), RULES)
def test_every_rule_names_the_source_and_the_account(name: str, rule: str) -> None:
    """A bus that receives forwarded events sees other accounts'; only these two keys tell them apart."""
    pattern = properties(name, rule)["EventPattern"]

    assert pattern["source"] == ["aws.backup"]
    assert pattern["account"]


@pytest.mark.parametrize(("name", "rule"), RULES)
def test_every_rule_listens_to_one_vault_on_the_default_bus(name: str, rule: str) -> None:
    detail = properties(name, rule)["EventPattern"]["detail"]
    (vault,) = [values for key, values in detail.items() if key not in ("state", "status")]

    assert len(vault) == 1
    assert vault[0] in (watched_vault("${BackupAccountId}"), watched_vault("${AWS::AccountId}"), DR_VAULT)
    assert "EventBusName" not in properties(name, rule)


@pytest.mark.parametrize(
    ("rule", "types", "key", "account"),
    [
        (
            "FirstHopJobs",
            COPIES,
            "destinationBackupVaultArn",
            {"Fn::If": ["OwnWorkload", [OWN], {"Fn::Split": [",", {"Ref": "WorkloadAccountIds"}]}]},
        ),
        ("SecondHopJobs", COPIES, "sourceBackupVaultArn", [{"Ref": "BackupAccountId"}]),
        ("WatchedVaultPoints", POINTS, "backupVaultArn", [{"Ref": "BackupAccountId"}]),
    ],
)
def test_the_main_stack_hears_of_both_hops_and_of_arrivals(
    rule: str, types: list[str], key: str, account: dict[str, Any] | list[dict[str, Any]]
) -> None:
    pattern = properties(MAIN, rule)["EventPattern"]

    assert pattern == {
        "source": ["aws.backup"],
        "detail-type": types,
        "account": account,
        "detail": {key: [watched_vault("${BackupAccountId}")], **(POINT_NEWS if types == POINTS else JOB_NEWS)},
    }


@pytest.mark.parametrize(
    ("rule", "field", "values"),
    [
        (
            "SecondHopJobs",
            "state",
            {"COMPLETED": True, "FAILED": True, "PARTIAL": True, "CREATED": False, "RUNNING": False},
        ),
        ("WatchedVaultPoints", "status", {"COMPLETED": True, "EXPIRED": True, "DELETING": True, "CREATING": False}),
    ],
)
def test_a_rule_leaves_out_what_is_no_news(rule: str, field: str, values: dict[str, bool]) -> None:
    pattern = {"detail": {field: properties(MAIN, rule)["EventPattern"]["detail"][field]}}

    assert {value: matches(pattern, {"detail": {field: value}}) for value in values} == values


def test_the_dr_region_counts_what_becomes_completed_in_the_dr_vault() -> None:
    assert properties(DR, "ArrivalsRule")["EventPattern"] == {
        "source": ["aws.backup"],
        "detail-type": POINTS,
        "account": [OWN],
        "detail": {"backupVaultArn": [DR_VAULT], "status": ["COMPLETED"]},
    }


def test_the_main_stack_has_no_other_rules() -> None:
    assert set(resources(MAIN, "AWS::Events::Rule")) == {"FirstHopJobs", "SecondHopJobs", "WatchedVaultPoints"}


@pytest.mark.parametrize(
    ("forwarding", "receiving"),
    [("ForwardSecondHopJobs", "SecondHopJobs"), ("ForwardWatchedVaultPoints", "WatchedVaultPoints")],
)
def test_what_the_backup_account_forwards_is_what_the_main_stack_listens_to(forwarding: str, receiving: str) -> None:
    sent, heard = properties(BACKUP, forwarding)["EventPattern"], properties(MAIN, receiving)["EventPattern"]

    assert sent["detail-type"] == heard["detail-type"]
    assert str(sent["detail"]) == str(heard["detail"]).replace("${BackupAccountId}", "${AWS::AccountId}")
    assert sent["account"] == [OWN]


def test_events_travel_one_hop_only_straight_to_the_default_bus() -> None:
    """EventBridge drops an event that would be sent on to a third account."""
    (target,) = properties(BACKUP, "ForwardSecondHopJobs")["Targets"]

    template, variables = target["Arn"]["Fn::Sub"]
    assert template == "arn:${AWS::Partition}:events:${AWS::Region}:${WorkloadAccountId}:event-bus/default"
    assert list(variables) == ["WorkloadAccountId"]


def test_the_bus_admits_backup_events_of_the_backup_account_only() -> None:
    (statement,) = [each for each in statements(MAIN) if each.logical_id == "ForwardedEvents"]

    assert statement.body["Principal"] == {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${BackupAccountId}:root"}}
    assert statement.actions == ["events:PutEvents"]
    assert statement.body["Condition"] == {"ForAllValues:StringEquals": {"events:source": "aws.backup"}}
    assert resources(MAIN)["ForwardedEvents"]["Condition"] == "AssumesOperator"
