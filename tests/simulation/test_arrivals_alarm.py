"""The DR Region's own alarm, evaluated as CloudWatch does, over the metric that the stack's rule and filter count."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest

from backup_simulator import Delivery, UnknownBehaviour, World
from rehearsal.stage import BACKUP, HOME, WORKLOAD, Stage
from rehearsal.stage import DR as DR_REGION
from secondhop.adapters.memory_chains import MemoryChains
from tests.template.rendering import DR, render

HOUR = timedelta(hours=1)


def alarm_of(**given: str) -> dict[str, Any]:
    found: dict[str, Any] = render(DR, given).resources["ArrivalsAlarm"]["Properties"]
    return found


def counted_in(stage: Stage, alarm: dict[str, Any], began: datetime) -> Counter[int]:
    """What the alarm's metric has, by the hours since `began`."""
    dimensions = frozenset((each["Name"], each["Value"]) for each in alarm["Dimensions"])
    metric = (alarm["Namespace"], alarm["MetricName"], dimensions)
    measured = stage.world.metrics.get((BACKUP, DR_REGION, metric), [])
    found: Counter[int] = Counter()
    for each in measured:
        found[(each.at - began) // HOUR] += int(each.value)
    return found


def hours_in_alarm(stage: Stage, alarm: dict[str, Any], began: datetime) -> list[int]:
    """The hours since `began` at whose end the alarm is on."""
    counted = counted_in(stage, alarm, began)
    periods, period = int(alarm["EvaluationPeriods"]), timedelta(seconds=alarm["Period"])
    assert (period, alarm["Statistic"]) == (HOUR, "Sum")
    is_breaching = {"breaching": True, "notBreaching": False}[alarm["TreatMissingData"]]
    ends = range(periods - 1, (stage.world.now() - began) // HOUR)
    return [
        end
        for end in ends
        if all(
            counted[hour] < alarm["Threshold"] if hour in counted else is_breaching
            for hour in range(end - periods + 1, end + 1)
        )
    ]


def nights(count: int, world: World | None = None) -> tuple[Stage, datetime]:
    """A stage after some nights, and when they began."""
    stage = Stage(world or World(), MemoryChains())
    began = stage.world.now()
    stage.add_database("RDS", "orders", size_gib=80)
    stage.world.run_for(timedelta(days=count))
    return stage, began


def arrived(stage: Stage) -> int:
    return len([point for point in stage.world.recovery_points() if point.vault_arn == stage.dr["DrVaultArn"]])


def test_nights_that_end_well_never_set_the_alarm_off_but_a_shorter_wait_would() -> None:
    stage, began = nights(3)

    assert arrived(stage) == counted_in(stage, alarm_of(), began).total() == 3
    assert hours_in_alarm(stage, alarm_of(), began) == []
    # What waits less than a day between two nights cries in each; the default has to be longer.
    assert len(hours_in_alarm(stage, alarm_of(ArrivalsExpectedWithinHours="12"), began)) > 10


def test_a_copy_that_is_creating_at_first_is_counted_once_when_it_is_complete() -> None:
    stage, began = nights(3, World(unknown=UnknownBehaviour(arrival_is_creating_first=True)))

    assert arrived(stage) == counted_in(stage, alarm_of(), began).total() == 3


@pytest.mark.parametrize(
    "settings", [{"unknown": UnknownBehaviour(arrival_event=False)}, {"delivery": Delivery(loss=1.0)}]
)
def test_where_no_event_comes_the_alarm_is_on_although_copies_arrive(settings: dict[str, Any]) -> None:
    stage, began = nights(3, World(**settings))

    assert arrived(stage) == 3
    assert hours_in_alarm(stage, alarm_of(), began) == list(range(35, 72))


@pytest.mark.parametrize("what", ["plan", "roles"])
def test_whoever_holds_the_workload_account_stops_copies_and_cannot_stop_the_alarm(what: str) -> None:
    """He deletes what makes backups, or the roles of Second Hop; no part of the alarm is within his reach."""
    stage, began = nights(1)
    if what == "roles":
        for role in [arn for arn in stage.world.roles if f":{WORKLOAD}:role/secondhop/" in arn]:
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


def test_backups_in_other_vaults_of_the_region_are_not_arrivals() -> None:
    stage, began = nights(1)
    site = stage.world.site(BACKUP, DR_REGION)
    other = site.create_vault("other-vault", key_arn=site.create_key())
    database = site.create_database("RDS", "another", key_arn=None)
    trust = {
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "backup.amazonaws.com"}, "Action": "sts:AssumeRole"}]
    }
    role = stage.world.account(BACKUP).create_role("another", trust=trust)
    stage.world.session(BACKUP, region=DR_REGION).client("backup").start_backup_job(
        BackupVaultName=other.rpartition(":")[2], ResourceArn=database, IamRoleArn=role
    )
    stage.world.run_for(timedelta(hours=2))

    assert [point.vault_arn for point in stage.world.recovery_points()].count(other) == 1
    assert counted_in(stage, alarm_of(), began).total() == 1


def test_a_rule_of_somebody_else_cannot_feign_an_arrival() -> None:
    stage, began = nights(1)
    group = f"arn:aws:logs:{DR_REGION}:{BACKUP}:log-group:/aws/events/second-hop-dr-region-arrivals"
    feigned = '{"detail": {"status": "COMPLETED", "backupVaultName": "dr-vault"}}'

    assert stage.world.logs.deliver(group, feigned, f"arn:aws:events:{DR_REGION}:{WORKLOAD}:rule/ArrivalsRule")
    assert stage.world.logs.deliver(group, feigned, f"arn:aws:events:{DR_REGION}:{BACKUP}:rule/another")
    assert counted_in(stage, alarm_of(), began).total() == 1
