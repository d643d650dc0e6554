"""Schedules that end, and schedules that are refused before they change anything."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from backup_simulator import NotModelled
from backup_simulator.errors import Refused
from backup_simulator.services.backup.cron import Schedule
from tests.contract.test_simulator_plans import plan_of
from tests.simulated_place import Place


@pytest.mark.parametrize(
    ("expression", "after", "expected"),
    [
        ("cron(0 5 20 1 ? 2026)", "2026-01-05T00:00", "2026-01-20T05:00"),
        ("cron(0 5 20 1 ? 2026)", "2026-01-20T05:00", None),
        ("cron(0 5 20 1 ? 2040)", "2026-01-20T05:00", "2040-01-20T05:00"),
        ("cron(0 5 29 2 ? *)", "2096-03-01T00:00", "2104-02-29T05:00"),
        ("cron(0 5 31 2 ? *)", "2026-01-20T05:00", None),
        ("cron(59 23 ? 12 * 2199)", "2199-12-31T23:59", None),
        # Names with an L or a W in them.
        ("cron(0 5 ? * MON-WED *)", "2026-01-07T06:00", "2026-01-12T05:00"),
        ("cron(0 5 1 JUL-AUG ? *)", "2026-01-07T06:00", "2026-07-01T05:00"),
    ],
)
def test_a_schedule_runs_again_after_years_or_never(expression: str, after: str, expected: str | None) -> None:
    found = Schedule.parse(expression).next_after(datetime.fromisoformat(after).replace(tzinfo=UTC))

    assert (found and found.isoformat()[:16]) == expected


def test_a_plan_after_its_last_run_stops_no_clock_and_has_no_next_run() -> None:
    place = Place()
    document = plan_of(ScheduleExpression="cron(0 5 20 1 ? 2026)")
    plan = place.client.create_backup_plan(BackupPlan=document)["BackupPlanId"]
    before = place.client.get_backup_plan(BackupPlanId=plan, MaxScheduledRunsPreview=3)
    place.world.run_for(timedelta(days=30))
    after = place.client.get_backup_plan(BackupPlanId=plan, MaxScheduledRunsPreview=3)

    assert [len(each["ScheduledRunsPreview"]) for each in (before, after)] == [1, 0]
    assert after["LastExecutionDate"] == datetime(2026, 1, 20, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "expression",
    [
        *("cron(0 5 L * ? *)", "cron(0 5 ? * 2#1 *)", "cron(0 5 3W * ? *)", "cron(0 5 ? * 6L *)"),
        *("cron(0 5 40 * ? *)", "cron(0 5 ? * * *", "cron(1_0 5 ? * * *)", "cron(+1 5 ? * * *)"),
    ],
)
def test_a_plan_with_a_schedule_that_is_refused_changes_nothing(expression: str) -> None:
    place = Place()
    plan = place.client.create_backup_plan(BackupPlan=plan_of())["BackupPlanId"]
    bad = plan_of(name="bad", ScheduleExpression=expression)
    with pytest.raises((ClientError, NotModelled)):
        place.client.create_backup_plan(BackupPlan=bad)
    with pytest.raises((ClientError, NotModelled)):
        place.client.update_backup_plan(BackupPlanId=plan, BackupPlan=bad)
    (listed,) = place.client.list_backup_plans()["BackupPlansList"]

    assert (listed["BackupPlanName"], listed["BackupPlanId"]) == ("nightly", plan)
    assert len(place.client.list_backup_plan_versions(BackupPlanId=plan)["BackupPlanVersionsList"]) == 1


@pytest.mark.parametrize(
    "expression",
    ["cron(0 5 * * * *)", "cron(0 5 ? * ? *)", "cron(0 ? * * ? *)", "cron(0 5 ?,1 * * *)", "cron(? 5 1 * 2 *)"],
)
def test_exactly_one_of_the_two_fields_of_days_is_a_question_mark(expression: str) -> None:
    with pytest.raises(Refused, match="Invalid schedule expression"):
        Schedule.parse(expression)
