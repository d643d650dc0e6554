"""Settings: everything wrong is named at once, with the parameter to change."""

from __future__ import annotations

import pytest

from secondhop.adapters.environment import read_settings
from secondhop.domain.errors import SettingsError
from tests.builders import BACKUP, COPY_ROLE, DR, DR_VAULT, HOME, WATCHED, WORKLOAD

GOOD = {
    "SECONDHOP_TABLE": "chains",
    "SECONDHOP_WORK_QUEUE_URL": "https://queue/work",
    "SECONDHOP_DEAD_LETTER_QUEUE_URL": "https://queue/dead",
    "SECONDHOP_TOPIC_ARN": f"arn:aws:sns:{HOME}:{WORKLOAD}:topic",
    "SECONDHOP_STACK_VERSION": "0.1.0",
    "SECONDHOP_PARTITION": "aws",
    "SECONDHOP_ROUTE_NAME": "default",
    "SECONDHOP_WORKLOAD_ACCOUNTS": "",
    "SECONDHOP_STACK_ACCOUNT": WORKLOAD,
    "SECONDHOP_BACKUP_ACCOUNT": BACKUP,
    "SECONDHOP_WORKLOAD_REGION": HOME,
    "SECONDHOP_DR_REGION": DR,
    "SECONDHOP_WATCHED_VAULT": "watched-vault",
    "SECONDHOP_DR_VAULT": "dr-vault",
    "SECONDHOP_COPY_ROLE_ARN": COPY_ROLE,
    "SECONDHOP_OPERATOR_ROLE_ARN": f"arn:aws:iam::{BACKUP}:role/operator",
    "SECONDHOP_EXTERNAL_ID": "secret-handshake",
    "SECONDHOP_RESOURCE_TYPES": "RDS,Aurora,DocumentDB,Neptune",
    "SECONDHOP_RETENTION_DAYS": "35",
    "SECONDHOP_RETENTION_FLOOR_DAYS": "7",
    "SECONDHOP_RETENTION_CEILING_DAYS": "365",
    "SECONDHOP_MINIMUM_REMAINING_DAYS": "1",
    "SECONDHOP_KEEP_RDS": "1",
    "SECONDHOP_KEEP_CLUSTERS": "0",
    "SECONDHOP_ALLOW_UNENCRYPTED": "false",
    "SECONDHOP_DR_VAULT_LOCK": "governance",
    "SECONDHOP_LIMIT_RDS": "20",
    "SECONDHOP_LIMIT_CLUSTERS": "5",
    "SECONDHOP_OBSERVE_ONLY": "false",
    "SECONDHOP_FIRST_HOP_ROLE_ARN": f"arn:aws:iam::{WORKLOAD}:role/backup",
    "SECONDHOP_FIRST_HOP_RETENTION_DAYS": "7",
    "SECONDHOP_FUNCTION_TIMEOUT_SECONDS": "60",
}


def problems(**changes: str | None) -> str:
    environ = GOOD | {f"SECONDHOP_{name}": value for name, value in changes.items()}
    with pytest.raises(SettingsError) as refused:
        read_settings({name: value for name, value in environ.items() if value is not None})
    return "\n".join(refused.value.problems)


def test_good_settings_make_the_default_route() -> None:
    settings = read_settings(GOOD)
    (route,) = settings.routes

    assert route.watched == WATCHED
    assert [leg.destination for leg in route.legs] == [DR_VAULT]
    assert [leg.vault_lock for leg in route.legs] == ["governance"]
    assert route.workload_accounts == {WORKLOAD}
    assert route.keep == {"RDS": 1, "Aurora": 0, "DocumentDB": 0, "Neptune": 0}
    assert route.limits == {"RDS": 20, "Aurora": 5, "DocumentDB": 5, "Neptune": 5}


def test_keeping_all_leaves_the_types_out() -> None:
    (route,) = read_settings(GOOD | {"SECONDHOP_KEEP_RDS": "all"}).routes

    assert "RDS" not in route.keep


def test_a_hub_needs_no_operator_role() -> None:
    hub = {
        "SECONDHOP_STACK_ACCOUNT": BACKUP,
        "SECONDHOP_WORKLOAD_ACCOUNTS": WORKLOAD,
        "SECONDHOP_OPERATOR_ROLE_ARN": "",
    }

    assert read_settings(GOOD | hub).operator_role_arn == ""


@pytest.mark.parametrize(
    ("changes", "parameter"),
    [
        ({"DR_REGION": HOME}, "DrRegion"),
        ({"DR_REGION": "Frankfurt"}, "DrRegion"),
        ({"WATCHED_VAULT": "Default"}, "WatchedVaultName"),
        ({"DR_VAULT": "default"}, "DrVaultName"),
        ({"DR_VAULT": "a vault"}, "DrVaultName"),
        ({"RETENTION_DAYS": "0"}, "RetentionDays"),
        ({"RETENTION_DAYS": "-1"}, "RetentionDays"),
        ({"RETENTION_DAYS": "3"}, "MinimumRetentionDays"),
        ({"RETENTION_DAYS": "400"}, "MaximumRetentionDays"),
        ({"MINIMUM_REMAINING_DAYS": "35"}, "MinimumRemainingDays"),
        ({"RESOURCE_TYPES": "RDS,EBS"}, "ResourceTypes"),
        ({"BACKUP_ACCOUNT": "44445555666"}, "BackupAccountId"),
        ({"WORKLOAD_ACCOUNTS": "1234"}, "WorkloadAccountIds"),
        ({"COPY_ROLE_ARN": f"arn:aws:iam::{WORKLOAD}:role/copy"}, "CopyRoleArn"),
        ({"COPY_ROLE_ARN": "copy"}, "CopyRoleArn"),
        ({"OPERATOR_ROLE_ARN": ""}, "OperatorRoleArn"),
        ({"KEEP_RDS": "some"}, "KeepRdsIntermediates"),
        ({"LIMIT_CLUSTERS": "6"}, "MaximumClusterCopies"),
        ({"OBSERVE_ONLY": "yes"}, "ObserveOnly"),
        ({"TABLE": None}, "SECONDHOP_TABLE"),
        ({"ROUTE_NAME": "a route"}, "RouteName"),
        ({"FUNCTION_TIMEOUT_SECONDS": "150"}, "two of them outlast the fence"),
    ],
)
def test_each_wrong_setting_is_refused_with_the_parameter_to_change(changes: dict[str, str], parameter: str) -> None:
    assert parameter in problems(**changes)


def test_every_problem_is_named_at_once() -> None:
    text = problems(DR_REGION=HOME, WATCHED_VAULT="Default", RETENTION_DAYS="0", RESOURCE_TYPES="EBS")

    for parameter in ("DrRegion", "WatchedVaultName", "RetentionDays", "ResourceTypes"):
        assert parameter in text


def test_a_vault_that_is_both_ends_is_refused() -> None:
    assert "DrRegion" in problems(DR_REGION=HOME, DR_VAULT="watched-vault")


def test_the_backup_account_is_no_workload_account_whose_originals_would_be_released() -> None:
    hub = {"STACK_ACCOUNT": BACKUP, "OPERATOR_ROLE_ARN": "", "FIRST_HOP_ROLE_ARN": ""}

    for accounts in (f"{WORKLOAD},{BACKUP}", ""):
        assert f"WorkloadAccountIds names the backup account {BACKUP}" in problems(WORKLOAD_ACCOUNTS=accounts, **hub)
