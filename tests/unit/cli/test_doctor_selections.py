"""Databases that plans leave out, their windows and engines, by descriptions that the simulator does not make."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from secondhop.domain.arn import Site
from secondhop_cli.doctor.databases import database_limits
from secondhop_cli.doctor.findings import Finding, Outcome
from secondhop_cli.doctor.unselected import databases_are_selected
from secondhop_cli.doctor.windows import backups_avoid_windows, start_minutes

HOME = Site("111122223333", "eu-west-1")
WATCHED = "arn:aws:backup:eu-west-1:444455556666:backup-vault:watched-vault"
# A Monday.
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
BY_TAG = {"ListOfTags": [{"ConditionType": "STRINGEQUALS", "ConditionKey": "Backup", "ConditionValue": "True"}]}
EVERYTHING = {"Resources": ["*"]}
STAGE_TEST, STAGE_PROD = (
    {"ConditionKey": "aws:ResourceTag/stage", "ConditionValue": value} for value in ("test", "prod")
)


def arn_of(name: str, kind: str = "db") -> str:
    return f"arn:aws:rds:eu-west-1:111122223333:{kind}:{name}"


def an_instance(name: str = "orders", **fields: Any) -> dict[str, Any]:
    """As DescribeDBInstances has it; `tags` is a dictionary."""
    tags = [{"Key": key, "Value": value} for key, value in fields.pop("tags", {}).items()]
    return {"DBInstanceArn": arn_of(name), "Engine": "postgres", "TagList": tags, **fields}


class Answers:
    """The API of one account: its databases, and one plan that copies."""

    def __init__(self, *, instances: list[Any], clusters: list[Any], selection: Any, rule: Any) -> None:
        copies = {"CopyActions": [{"DestinationBackupVaultArn": WATCHED}]}
        night = {"RuleName": "night", "TargetBackupVaultName": "near", **copies, **(rule or {})}
        self.lists: dict[str, list[Any]] = {
            "DBInstances": instances,
            "DBClusters": clusters,
            "BackupPlansList": [{"BackupPlanId": "plan-1"}],
            "BackupSelectionsList": [{"SelectionId": "1"}],
            "OptionGroupsList": [],
            "RecoveryPoints": [],
        }
        self.answers: dict[str, Any] = {
            "get_backup_plan": {"BackupPlan": {"BackupPlanName": "nightly", "Rules": [night]}},
            "get_backup_selection": {"BackupSelection": {"SelectionName": "some", "IamRoleArn": "role", **selection}},
        }

    def list_all(self, _site: Site, _service: str, _operation: str, member: str, **_request: Any) -> list[Any]:
        return self.lists[member]

    def call(self, _site: Site, _service: str, operation: str, **_request: Any) -> Any:
        return self.answers[operation]


def findings(
    check: Callable[[Any], Iterator[Outcome]],
    *instances: Any,
    clusters: tuple[Any, ...] = (),
    selection: Any = EVERYTHING,
    rule: Any = None,
) -> list[Finding]:
    main_stack = SimpleNamespace(
        workloads=(HOME,), watched_vault_arn=WATCHED, resource_types=("RDS", "Aurora", "DocumentDB", "Neptune")
    )
    api = Answers(instances=list(instances), clusters=list(clusters), selection=selection, rule=rule)
    found = list(check(SimpleNamespace(main_stack=main_stack, api=api, now=NOW)))
    assert all(isinstance(each, Finding) for each in found)
    return [each for each in found if isinstance(each, Finding)]


# https://repost.aws/knowledge-center/aws-backup-troubleshoot-scheduled-backup-plans: tags are case sensitive.
@pytest.mark.parametrize(
    ("tags", "words"),
    [
        ({"backup": "True"}, "its tag is backup=True, and the plan nightly selects Backup=True (tags are compared"),
        ({"Backup": "true"}, "its tag is Backup=true, and the plan nightly selects Backup=True (tags are compared"),
        ({"Backup ": "True"}, "its tag is Backup =True, and"),
        ({"Backup": "Yes"}, "its tag is Backup=Yes, and the plan nightly selects Backup=True."),
        ({"Owner": "me"}, "no tag and no ARN of a selection matches"),
        ({}, "no tag and no ARN of a selection matches"),
    ],
)
def test_a_database_that_no_tag_selects_is_named_with_the_tag_that_is_nearly_right(
    tags: dict[str, str], words: str
) -> None:
    other, left_out = an_instance("other", tags={"Backup": "True"}), an_instance(tags=tags)

    (found,) = findings(databases_are_selected, other, left_out, selection=BY_TAG)

    assert found.kind == "database-in-no-plan"
    assert words in found.what
    assert found.command == (
        f"aws rds add-tags-to-resource --region eu-west-1 --resource-name {arn_of('orders')} --tags "
        "Key=Backup,Value=True"
    )


def test_a_plan_that_selects_nothing_is_a_finding_of_its_own() -> None:
    names = [f"d{number}" for number in range(7)]
    nothing, left_out = findings(databases_are_selected, *map(an_instance, names), selection=BY_TAG)

    assert (nothing.kind, left_out.kind) == ("no-database-selected", "database-in-no-plan")
    assert "selects none of the 7 databases in eu-west-1: d0, d1, d2, d3, d4 and 2 others" in nothing.what
    assert "No backup plan selects d0, d1, d2, d3, d4 and 2 others" in left_out.what


def test_an_account_without_databases_has_no_finding() -> None:
    assert findings(databases_are_selected, selection=BY_TAG) == []


def test_a_plan_with_no_selection_at_all_selects_nothing() -> None:
    kinds = [each.kind for each in findings(databases_are_selected, an_instance(), selection={})]

    assert kinds == ["no-database-selected", "database-in-no-plan"]


# https://github.com/aws/aws-cdk/issues/16457: `clusterIdentifier` in place of `cluster`.
@pytest.mark.parametrize(
    "wrong",
    [
        arn_of("orders-2026").replace(":db:", ":dbInstanceIdentifier:"),
        arn_of("orders-2026").replace(":db:", ":cluster:"),
        arn_of("orders-2026").replace("eu-west-1", "eu-west-2"),
        arn_of("orders-2026").replace("111122223333", "111122223334"),
        arn_of("Orders-2026"),
        arn_of("order-2026"),
        arn_of("orders-2062"),
    ],
)
def test_a_mistyped_arn_is_named_with_the_database_that_is_meant(wrong: str) -> None:
    right = an_instance("other"), an_instance("orders-2026")
    selection = {"Resources": [arn_of("other"), wrong]}

    mistyped, left_out = findings(databases_are_selected, *right, selection=selection)

    assert (mistyped.kind, left_out.kind) == ("selection-names-no-database", "database-in-no-plan")
    assert (
        f"names {wrong}. There is no such database. The ARN of orders-2026 is {arn_of('orders-2026')}." in mistyped.what
    )
    assert f"the plan nightly selects {wrong}" in left_out.what
    *_, option, document = shlex.split(mistyped.command)
    assert option == "--backup-selection"
    assert json.loads(document)["Resources"] == [arn_of("other"), arn_of("orders-2026")]


def test_an_arn_of_another_database_is_no_mistyped_one() -> None:
    selection = {"Resources": [arn_of("orders-1"), arn_of("elsewhere")]}

    found = findings(databases_are_selected, an_instance("orders-1"), an_instance("billing"), selection=selection)

    assert [each.kind for each in found] == ["database-in-no-plan"]


@pytest.mark.parametrize(
    ("taken_away", "words"),
    [
        ({"NotResources": [arn_of("o*")]}, "NotResources of the plan nightly excludes"),
        ({"Conditions": {"StringNotEquals": [STAGE_TEST]}}, "do not meet the condition StringNotEquals of the plan"),
        (
            {"Conditions": {"StringEquals": [STAGE_PROD]}},
            "its tag is stage=test, and the plan nightly selects stage=prod",
        ),
    ],
)
def test_exclusions_and_conditions_are_reasons_too(taken_away: dict[str, Any], words: str) -> None:
    database = an_instance(tags={"stage": "test"})

    found = findings(databases_are_selected, database, selection={**EVERYTHING, **taken_away})

    assert [each.kind for each in found] == ["no-database-selected", "database-in-no-plan"]
    assert words in found[-1].what


def test_rds_custom_cannot_be_copied() -> None:
    tagged = an_instance(Engine="custom-sqlserver-se", tags={"Backup": "True"})

    (found,) = findings(database_limits, tagged, an_instance("x", tags={"Backup": "True"}), selection=BY_TAG)

    assert (found.kind, found.resource) == ("database-is-rds-custom", arn_of("orders"))
    assert found.command.endswith("--tag-keys Backup")


# https://repost.aws/knowledge-center/backup-coordinates-pitr; the default of stacks/workload.yaml is cron(0 3 * * ? *).
@pytest.mark.parametrize(
    ("schedule", "window", "is_near"),
    [
        ("cron(0 3 * * ? *)", "03:00-03:30", True),
        ("cron(0 3 * * ? *)", "04:00-04:30", True),
        ("cron(0 3 * * ? *)", "02:31-03:01", True),
        ("cron(0 3 * * ? *)", "02:30-03:00", False),
        ("cron(0 3 * * ? *)", "04:01-04:31", False),
        ("cron(30 0 * * ? *)", "23:45-00:45", True),
        ("cron(0 0 * * ? *)", "00:30-01:00", True),
        ("cron(0/15 * * * ? *)", "12:00-12:30", True),
        ("cron(0 3,12 ? * MON-FRI *)", "12:30-13:00", True),
        ("rate(1 day)", "03:00-03:30", False),
        ("cron(L 3 * * ? *)", "03:00-03:30", False),
        ("", "03:00-03:30", False),
        ("cron(0 3 * * ? *)", "", False),
    ],
)
def test_a_schedule_in_the_backup_window_or_in_the_hour_before_is_found(
    schedule: str, window: str, *, is_near: bool
) -> None:
    rule = {"ScheduleExpression": schedule}
    found = findings(backups_avoid_windows, an_instance(PreferredBackupWindow=window), rule=rule)

    assert [each.kind for each in found] == ["schedule-in-database-window"] * is_near
    assert all(
        "aws rds modify-db-instance --region eu-west-1 --db-instance-identifier orders" in each.command
        for each in found
    )


@pytest.mark.parametrize(
    ("schedule", "zone", "is_near"),
    [
        ("cron(0 3 * * ? *)", "Etc/UTC", True),
        ("cron(0 3 ? * SUN *)", "Etc/UTC", True),
        ("cron(0 3 ? * 1 *)", "Etc/UTC", True),
        ("cron(0 3 ? * MON-SAT *)", "Etc/UTC", False),
        ("cron(0 4 ? * SUN *)", "Europe/Berlin", True),
        ("cron(0 3 ? * SUN *)", "America/New_York", False),
        ("cron(0 22 ? * SAT *)", "America/New_York", True),
        ("cron(0 3 * * ? *)", "Mars/Olympus", False),
    ],
)
def test_a_maintenance_window_counts_on_its_day_in_utc(schedule: str, zone: str, *, is_near: bool) -> None:
    rule = {"ScheduleExpression": schedule, "ScheduleExpressionTimezone": zone}
    database = an_instance(PreferredMaintenanceWindow="sun:03:00-sun:03:30")

    found = findings(backups_avoid_windows, database, rule=rule)

    assert [each.kind for each in found] == ["schedule-in-database-window"] * is_near


def test_a_window_over_midnight_at_the_end_of_the_week_is_whole() -> None:
    rule = {"ScheduleExpression": "cron(15 0 ? * MON *)"}
    database = an_instance(PreferredMaintenanceWindow="sun:23:45-mon:00:30")

    assert findings(backups_avoid_windows, database, rule=rule)


@pytest.mark.parametrize(("engine", "service"), [("aurora-mysql", None), ("docdb", "docdb"), ("neptune", "neptune")])
def test_aurora_is_exempt_and_the_other_clusters_have_a_command_of_their_own(engine: str, service: str | None) -> None:
    cluster = {"DBClusterArn": arn_of("c", "cluster"), "Engine": engine, "PreferredBackupWindow": "03:00-03:30"}

    found = findings(backups_avoid_windows, clusters=(cluster,), rule={"ScheduleExpression": "cron(0 3 * * ? *)"})

    assert [each.command.split(" --")[0] for each in found] == ([f"aws {service} modify-db-cluster"] if service else [])


def test_a_database_that_the_plan_does_not_select_has_any_window() -> None:
    rule = {"ScheduleExpression": "cron(0 3 * * ? *)"}
    database = an_instance(PreferredBackupWindow="03:00-03:30")

    assert findings(backups_avoid_windows, database, selection=BY_TAG, rule=rule) == []


@pytest.mark.parametrize("field", ["61-", "1/0", "x", "1-x", "*/x", ""])
def test_a_field_of_a_schedule_that_is_not_understood_gives_no_times(field: str) -> None:
    assert start_minutes(f"cron({field} 3 * * ? *)", "Etc/UTC", NOW) == frozenset()
