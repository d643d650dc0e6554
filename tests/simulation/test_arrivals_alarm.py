"""The DR Region's own alarm, evaluated as CloudWatch does, over what truly landed in a simulated DR vault.

The rehearsal has no metrics; AWS/Backup's NumberOfRecoveryPointsCompleted is counted here from the world's own points:
one sum an hour, and none where nothing landed (devguide/cloudwatch: reported where there is a nonzero value).
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest

from backup_simulator import World
from rehearsal.stage import HOME, WORKLOAD, Stage
from secondhop.adapters.memory_chains import MemoryChains
from tests.template.rendering import DR, render

HOUR = timedelta(hours=1)


def alarm_of(**given: str) -> dict[str, Any]:
    found: dict[str, Any] = render(DR, given).resources["ArrivalsAlarm"]["Properties"]
    return found


def hours_in_alarm(stage: Stage, alarm: dict[str, Any], began: datetime) -> list[int]:
    """The hours since `began` at whose end the alarm is on."""
    assert alarm["Dimensions"] == [{"Name": "BackupVaultName", "Value": stage.dr["DrVaultArn"].rpartition(":")[2]}]
    landed = Counter(
        (point.landed_at - began) // HOUR
        for point in stage.world.recovery_points(gone=True)
        if point.vault_arn == stage.dr["DrVaultArn"] and point.landed_at is not None
    )
    periods, period = int(alarm["EvaluationPeriods"]), timedelta(seconds=alarm["Period"])
    assert period == HOUR
    is_breaching = {"breaching": True, "notBreaching": False}[alarm["TreatMissingData"]]
    ends = range(periods - 1, (stage.world.now() - began) // HOUR)
    return [
        end
        for end in ends
        if all(
            landed[hour] < alarm["Threshold"] if hour in landed else is_breaching
            for hour in range(end - periods + 1, end + 1)
        )
    ]


def nights(count: int) -> tuple[Stage, datetime]:
    """A stage after some nights, and when they began."""
    stage = Stage(World(), MemoryChains())
    began = stage.world.now()
    stage.add_database("RDS", "orders", size_gib=80)
    stage.world.run_for(timedelta(days=count))
    return stage, began


def test_nights_that_end_well_never_set_the_alarm_off_but_a_shorter_wait_would() -> None:
    stage, began = nights(3)

    assert len([point for point in stage.world.recovery_points() if point.vault_arn == stage.dr["DrVaultArn"]]) == 3
    assert hours_in_alarm(stage, alarm_of(), began) == []
    # What waits less than a day between two nights cries in each; the default has to be longer.
    assert len(hours_in_alarm(stage, alarm_of(ArrivalsExpectedWithinHours="12"), began)) > 10


@pytest.mark.parametrize("what", ["plan", "roles"])
def test_whoever_holds_the_workload_account_stops_copies_and_cannot_stop_the_alarm(what: str) -> None:
    """He deletes what makes backups, or the roles of Second Hop; no part of the alarm is within his reach."""
    stage, began = nights(1)
    if what == "roles":
        for role in [arn for arn in stage.world.identity.roles if f":{WORKLOAD}:role/secondhop/" in arn]:
            stage.world.account(WORKLOAD).delete_role(role)
    else:
        backup = stage.world.session(WORKLOAD, region=HOME).client("backup")
        plan = stage.workload["BackupPlanId"]
        for each in backup.list_backup_selections(BackupPlanId=plan)["BackupSelectionsList"]:
            backup.delete_backup_selection(BackupPlanId=plan, SelectionId=each["SelectionId"])
        backup.delete_backup_plan(BackupPlanId=plan)
    stage.world.run_for(timedelta(days=2))

    on = hours_in_alarm(stage, alarm_of(), began)
    # Within the hours that it waits, after the last copy that was on its way; and until somebody mends it.
    assert 36 <= on[0] <= 24 + 36
    assert on == list(range(on[0], 72))
