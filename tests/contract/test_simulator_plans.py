"""Plans as AWS Backup has them: time zones, versions, tags and duplicates; and no member of a request is ignored."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from backup_simulator import NotModelled, World
from backup_simulator.errors import Refused
from backup_simulator.services.backup.cron import Schedule
from backup_simulator.services.backup.members import KNOWN, check_members
from backup_simulator.wire import model_of
from tests.simulated_place import DR, A, Place

RULE = {"RuleName": "r", "TargetBackupVaultName": "near", "ScheduleExpression": "cron(0 5 * * ? *)"}


def plan_of(*, name: str = "nightly", **rule: Any) -> dict[str, Any]:
    return {"BackupPlanName": name, "Rules": [{**RULE, **rule}]}


@pytest.fixture
def place() -> Place:
    return Place()


@pytest.mark.parametrize(
    ("zone", "expression", "after", "expected"),
    [
        ("UTC", "cron(0 5 * * ? *)", "2026-03-08T00:00", "2026-03-08T05:00"),
        ("America/New_York", "cron(0 5 * * ? *)", "2026-03-07T00:00", "2026-03-07T10:00"),
        ("America/New_York", "cron(0 5 * * ? *)", "2026-03-08T00:00", "2026-03-08T09:00"),
        ("Asia/Kolkata", "cron(15 0 * * ? *)", "2026-03-08T00:00", "2026-03-08T18:45"),
        # 02:30 does not exist on this day, so it is skipped.
        ("America/New_York", "cron(30 2 * * ? *)", "2026-03-08T05:00", "2026-03-09T06:30"),
        # 01:30 comes twice on this day, and runs once.
        ("America/New_York", "cron(30 1 * * ? *)", "2026-11-01T05:00", "2026-11-01T05:30"),
        ("America/New_York", "cron(30 1 * * ? *)", "2026-11-01T05:30", "2026-11-02T06:30"),
        ("America/New_York", "cron(30 1 * * ? *)", "2026-11-01T06:10", "2026-11-02T06:30"),
    ],
)
def test_a_schedule_runs_by_the_clocks_of_its_time_zone(zone: str, expression: str, after: str, expected: str) -> None:
    now, then = (datetime.fromisoformat(each).replace(tzinfo=UTC) for each in (after, expected))

    assert Schedule.parse(expression, zone).next_after(now) == then


def test_a_plan_backs_up_at_five_o_clock_in_new_york(place: Place) -> None:
    document = plan_of(ScheduleExpressionTimezone="America/New_York")
    plan = place.client.create_backup_plan(BackupPlan=document)["BackupPlanId"]
    selection = {"SelectionName": "all", "IamRoleArn": place.role, "Resources": ["*"]}
    place.client.create_backup_selection(BackupPlanId=plan, BackupSelection=selection)
    place.world.run_for(timedelta(days=1))
    began = [line.at for line in place.world.trace if line.text.startswith("backup job CREATED")]

    assert began[1:] == [datetime(2026, 1, 5, 10, tzinfo=UTC)]


WINDOWS = {"StartWindowMinutes": 60, "CompletionWindowMinutes": 120}


@pytest.mark.parametrize(
    "rule",
    [
        {"ScheduleExpressionTimezone": "Mars/Olympus"},
        {"ScheduleExpressionTimezone": "../UTC"},
        {"ScheduleExpression": "rate(x)"},
        {"StartWindowMinutes": 10},
        {"StartWindowMinutes": 59},
        {"StartWindowMinutes": 52_560_001},
        {**WINDOWS, "CompletionWindowMinutes": 0},
        {"RuleName": "a rule"},
        {"TargetBackupVaultName": "a vault"},
        {"CopyActions": [{"DestinationBackupVaultArn": "nonsense"}]},
        {"CopyActions": [{"DestinationBackupVaultArn": "arn:aws:backup:x:1:backup-vault:v"}]},
        {"Lifecycle": {"DeleteAfterDays": 0}},
        {"Lifecycle": {"DeleteAfterDays": 36501}},
        {"Lifecycle": {"MoveToColdStorageAfterDays": 30, "DeleteAfterDays": 119}},
        {"Lifecycle": {"MoveToColdStorageAfterDays": 0}},
    ],
)
def test_a_rule_that_aws_refuses_is_refused(place: Place, rule: dict[str, Any]) -> None:
    plan = place.client.create_backup_plan(BackupPlan=plan_of())["BackupPlanId"]
    calls: tuple[Callable[[], object], ...] = (
        lambda: place.client.create_backup_plan(BackupPlan=plan_of(**rule)),
        lambda: place.client.update_backup_plan(BackupPlanId=plan, BackupPlan=plan_of(**rule)),
    )
    for call in calls:
        with pytest.raises(place.client.exceptions.InvalidParameterValueException):
            call()
    with pytest.raises(Refused):
        place.site.create_plan(plan_of(**rule), [])


def test_a_plan_without_rules_is_refused(place: Place) -> None:
    with pytest.raises(place.client.exceptions.InvalidParameterValueException):
        place.client.create_backup_plan(BackupPlan={"BackupPlanName": "none", "Rules": []})


@pytest.mark.parametrize(
    ("rule", "name"),
    [
        ({"EnableContinuousBackup": True}, "EnableContinuousBackup"),
        ({"Lifecycle": {"OptInToArchiveForSupportedResources": True}}, "OptInToArchiveForSupportedResources"),
        ({"Lifecycle": {"DeleteAfterEvent": "DELETE_AFTER_COPY"}}, "DeleteAfterEvent"),
        ({"IndexActions": [{"ResourceTypes": ["EBS"]}]}, "IndexActions"),
        ({"TargetLogicallyAirGappedBackupVaultArn": "arn:x"}, "TargetLogicallyAirGappedBackupVaultArn"),
        (
            {"CopyActions": [{"DestinationBackupVaultArn": "arn:x", "Lifecycle": {"DeleteAfterEvent": "x"}}]},
            "DeleteAfterEvent",
        ),
    ],
)
def test_what_a_rule_asks_for_and_is_not_modelled_is_refused_by_name(
    place: Place, rule: dict[str, Any], name: str
) -> None:
    with pytest.raises(NotModelled, match=name):
        place.client.create_backup_plan(BackupPlan=plan_of(**rule))
    with pytest.raises(NotModelled, match=name):
        place.site.create_plan(plan_of(**rule), [])


def test_a_plans_other_settings_are_refused_by_name_unless_they_ask_for_nothing(place: Place) -> None:
    settings = [{"ResourceType": "EC2", "BackupOptions": {"WindowsVSS": "enabled"}}]
    with pytest.raises(NotModelled, match="AdvancedBackupSettings of CreateBackupPlan"):
        place.client.create_backup_plan(BackupPlan={**plan_of(), "AdvancedBackupSettings": settings})

    plain = {**plan_of(EnableContinuousBackup=False), "AdvancedBackupSettings": []}
    assert place.client.create_backup_plan(BackupPlan=plain)["BackupPlanId"]


SAMPLES: dict[str, Any] = {"boolean": True, "list": ["x"], "map": {"x": "y"}, "structure": {"x": "y"}}


def members() -> Iterator[tuple[str, str, Any]]:
    """Every member of every operation of AWS Backup that is modelled, with a value that asks for something."""
    for name in sorted(KNOWN.keys() & set(model_of("backup").operation_names)):
        shape = model_of("backup").operation_model(name).input_shape
        for member, inner in (shape.members if shape is not None else {}).items():
            yield name, member, SAMPLES.get(inner.type_name, "x")


def test_every_operation_has_its_known_members_and_refuses_every_other_one_by_name() -> None:
    operations = {name for service, name in World().operations() if service == "backup"}
    others = [(name, member, value) for name, member, value in members() if member not in KNOWN[name]]

    assert operations - KNOWN.keys() == set()
    assert {"ListBackupVaults", "StartBackupJob", "UpdateRegionSettings"} <= {name for name, _, _ in others}
    for name, member, value in others:
        with pytest.raises(NotModelled, match=f"{member} of {name} is not modelled"):
            check_members(name, {member: value})


def test_the_known_members_exist_in_the_service_model() -> None:
    for name, known in KNOWN.items():
        model = model_of("backup")
        is_operation = name in model.operation_names
        shape = model.operation_model(name).input_shape if is_operation else model.shape_for(name)
        assert known <= set(shape.members if shape is not None else ()), name


def test_a_second_plan_with_the_same_document_is_refused_in_aws_words(place: Place) -> None:
    place.client.create_backup_plan(BackupPlan=plan_of())
    with pytest.raises(place.client.exceptions.AlreadyExistsException, match="same plan document already exists"):
        place.client.create_backup_plan(BackupPlan=plan_of())

    place.client.create_backup_plan(BackupPlan=plan_of(StartWindowMinutes=60))
    assert len(place.client.list_backup_plans()["BackupPlansList"]) == 2


def test_a_request_that_is_repeated_with_its_creator_request_id_makes_nothing_again(place: Place) -> None:
    first, again = (place.client.create_backup_plan(BackupPlan=plan_of(), CreatorRequestId="one") for _ in range(2))
    plan = first["BackupPlanId"]
    selection = {"SelectionName": "all", "IamRoleArn": place.role, "Resources": ["*"]}
    request = {"BackupPlanId": plan, "BackupSelection": selection, "CreatorRequestId": "two"}
    chosen = [place.client.create_backup_selection(**request)["SelectionId"] for _ in range(2)]
    vaults = [place.client.create_backup_vault(BackupVaultName="new", CreatorRequestId="three") for _ in range(2)]

    assert again["BackupPlanId"] == plan
    assert chosen[0] == chosen[1]
    assert vaults[0]["CreationDate"] == vaults[1]["CreationDate"]
    with pytest.raises(place.client.exceptions.AlreadyExistsException):
        place.client.create_backup_selection(BackupPlanId=plan, BackupSelection=selection)
    with pytest.raises(place.client.exceptions.AlreadyExistsException):
        place.client.create_backup_vault(BackupVaultName="new", CreatorRequestId="four")


def test_a_plan_has_tags_which_are_listed_in_pages(place: Place) -> None:
    made = place.client.create_backup_plan(BackupPlan=plan_of(), BackupPlanTags={"team": "shop", "stage": "prod"})
    arn = made["BackupPlanArn"]
    place.client.tag_resource(ResourceArn=arn, Tags={"cost": "1"})
    place.client.untag_resource(ResourceArn=arn, TagKeyList=["stage"])
    page = place.client.list_tags(ResourceArn=arn, MaxResults=1)
    rest = place.client.list_tags(ResourceArn=arn, NextToken=page["NextToken"])

    assert len(page["Tags"]) == len(rest["Tags"]) == 1
    assert (
        page["Tags"] | rest["Tags"] == {"team": "shop", "cost": "1"} == place.client.list_tags(ResourceArn=arn)["Tags"]
    )
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        place.world.session(A, region=DR).client("backup").list_tags(ResourceArn=arn)


def test_an_update_makes_another_version_and_ends_the_schedule_of_the_one_before(place: Place) -> None:
    made = place.client.create_backup_plan(BackupPlan=plan_of())
    plan = made["BackupPlanId"]
    selection = {"SelectionName": "all", "IamRoleArn": place.role, "Resources": ["*"]}
    place.client.create_backup_selection(BackupPlanId=plan, BackupSelection=selection)
    later = plan_of(name="later", ScheduleExpression="cron(0 7 * * ? *)")
    changed = place.client.update_backup_plan(BackupPlanId=plan, BackupPlan=later)
    place.world.run_for(timedelta(days=1))
    jobs = [job for job in place.client.list_backup_jobs()["BackupJobs"] if "CreatedBy" in job]
    listed = place.client.list_backup_plan_versions(BackupPlanId=plan)["BackupPlanVersionsList"]
    before = place.client.get_backup_plan(BackupPlanId=plan, VersionId=made["VersionId"])

    assert [(job["CreationDate"].hour, job["CreatedBy"]["BackupPlanVersion"]) for job in jobs] == [
        (7, changed["VersionId"])
    ]
    assert [each["VersionId"] for each in listed] == [changed["VersionId"], made["VersionId"]]
    assert (before["BackupPlan"]["BackupPlanName"], before["VersionId"]) == ("nightly", made["VersionId"])
    assert place.client.get_backup_plan(BackupPlanId=plan)["BackupPlan"]["BackupPlanName"] == "later"
    with pytest.raises(place.client.exceptions.ResourceNotFoundException):
        place.client.get_backup_plan(BackupPlanId=plan, VersionId="other")


def test_a_deleted_plan_is_found_only_in_the_list_that_includes_deleted_ones(place: Place) -> None:
    plan = place.client.create_backup_plan(BackupPlan=plan_of())["BackupPlanId"]
    deleted = place.client.delete_backup_plan(BackupPlanId=plan)
    selection = {"SelectionName": "all", "IamRoleArn": place.role, "Resources": ["*"]}
    calls: tuple[Callable[[], object], ...] = (
        lambda: place.client.get_backup_plan(BackupPlanId=plan),
        lambda: place.client.delete_backup_plan(BackupPlanId=plan),
        lambda: place.client.update_backup_plan(BackupPlanId=plan, BackupPlan=plan_of()),
        lambda: place.client.create_backup_selection(BackupPlanId=plan, BackupSelection=selection),
        lambda: place.client.list_backup_selections(BackupPlanId=plan),
        lambda: place.client.list_tags(ResourceArn=deleted["BackupPlanArn"]),
    )
    for call in calls:
        with pytest.raises(place.client.exceptions.ResourceNotFoundException):
            call()
    (listed,) = place.client.list_backup_plans(IncludeDeleted=True)["BackupPlansList"]

    assert place.client.list_backup_plans()["BackupPlansList"] == []
    assert listed["DeletionDate"] == deleted["DeletionDate"]
    assert place.client.create_backup_plan(BackupPlan=plan_of())["BackupPlanId"] != plan


def test_the_next_runs_of_a_plan_are_shown_as_many_as_asked_for(place: Place) -> None:
    document = plan_of()
    document["Rules"].append({**RULE, "RuleName": "noon", "ScheduleExpression": "cron(0 12 * * ? *)"})
    plan = place.client.create_backup_plan(BackupPlan=document)["BackupPlanId"]
    shown = place.client.get_backup_plan(BackupPlanId=plan, MaxScheduledRunsPreview=3)["ScheduledRunsPreview"]

    rules = place.client.get_backup_plan(BackupPlanId=plan)["BackupPlan"]["Rules"]
    names = {rule["RuleId"]: rule["RuleName"] for rule in rules}

    assert [(names[run["RuleId"]], run["ExecutionTime"].hour) for run in shown] == [("r", 5), ("noon", 12), ("r", 5)]
    assert not names.keys() & {"r", "noon"}
    assert "ScheduledRunsPreview" not in place.client.get_backup_plan(BackupPlanId=plan)
