"""Whoever reads a world cannot change it by what he does with what he read; nor does what was said change later."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest

from backup_simulator import Delivery, RuleTarget, World
from tests.simulated_place import DR, HOME, A, Place

PLAN = {
    "BackupPlanName": "nightly",
    "Rules": [
        {
            "RuleName": "night",
            "TargetBackupVaultName": "near",
            "ScheduleExpression": "cron(0 3 * * ? *)",
            "Lifecycle": {"DeleteAfterDays": 9},
            "RecoveryPointTags": {"by": "plan"},
        }
    ],
}


def spoil(value: Any) -> None:
    """Change whatever can be changed of a value, as deep as it goes."""
    if isinstance(value, dict):
        for each in value.values():
            spoil(each)
        value.clear()
        value["spoiled"] = True
    elif isinstance(value, list):
        for each in value:
            spoil(each)
        value.clear()


class Planned(Place):
    """A place with a plan that has run, and a copy that has landed."""

    def __init__(self) -> None:
        super().__init__()
        self.plan: Any = deepcopy(PLAN)
        self.selection: Any = {"SelectionName": "all", "IamRoleArn": self.role, "Resources": [self.database]}
        self.plan_id = self.client.create_backup_plan(BackupPlan=self.plan)["BackupPlanId"]
        chosen = self.client.create_backup_selection(BackupPlanId=self.plan_id, BackupSelection=self.selection)
        self.selection_id = chosen["SelectionId"]
        self.world.run_for(timedelta(days=1, hours=2))
        self.planned = self.world.recovery_points()[-1].arn
        self.job_id = self.copy(RecoveryPointArn=self.planned)
        self.world.run_for(timedelta(hours=3))

    def readings(self) -> dict[str, Any]:
        """Everything that can be read of it."""
        client, plan = self.client, {"BackupPlanId": self.plan_id}
        point = {"BackupVaultName": "near", "RecoveryPointArn": self.planned}
        return {
            "copy job": client.describe_copy_job(CopyJobId=self.job_id),
            "copy jobs": client.list_copy_jobs(),
            "backup jobs": client.list_backup_jobs(),
            "point": client.describe_recovery_point(**point),
            "points": client.list_recovery_points_by_backup_vault(BackupVaultName="near"),
            "tags": client.list_tags(ResourceArn=self.planned),
            "vault": client.describe_backup_vault(BackupVaultName="near"),
            "plan": client.get_backup_plan(**plan),
            "selection": client.get_backup_selection(**plan, SelectionId=self.selection_id),
            "regional settings": client.describe_region_settings(),
        }


def test_spoiling_every_answer_changes_no_later_answer() -> None:
    place = Planned()
    before = deepcopy(place.readings())

    spoil(place.readings())
    assert place.readings() == before


def test_spoiling_what_was_asked_with_changes_no_plan() -> None:
    place = Planned()
    before = deepcopy(place.readings())

    spoil(place.plan)
    spoil(place.selection)
    assert place.readings() == before
    place.world.run_for(timedelta(days=1))
    assert len(place.client.list_backup_jobs()["BackupJobs"]) == len(before["backup jobs"]["BackupJobs"]) + 1


def test_the_views_of_points_and_jobs_are_of_their_moment_and_nobodys_but_the_readers() -> None:
    place = Planned()
    (job,) = place.world.copy_jobs()
    (point,) = (each for each in place.world.recovery_points() if each.arn == place.planned)
    point.tags["team"] = "others"
    assert point.created_by is not None
    point.created_by.clear()
    point.status = job.state = "FAILED"

    (again,) = (each for each in place.world.recovery_points() if each.arn == place.planned)
    assert (again.status, again.tags["team"], bool(again.created_by)) == ("COMPLETED", "shop", True)
    assert place.world.copy_jobs()[0].state == "COMPLETED"
    assert place.world.point_by_arn(point.arn).tags["team"] == "shop"


def test_a_view_does_not_follow_its_job() -> None:
    place = Place()
    place.copy()
    (seen,) = place.world.copy_jobs()
    place.world.run_for(timedelta(hours=2))

    assert seen.state == "CREATED"
    assert place.world.copy_jobs()[0].state == "COMPLETED"


def test_a_point_that_never_was_has_no_record() -> None:
    with pytest.raises(KeyError, match="arn:none"):
        World().point_by_arn("arn:none")


def test_an_event_that_was_emitted_does_not_change_on_its_way() -> None:
    """It waits in its batch, is matched by two rules and forwarded once; every reader spoils what he gets."""
    place = Place(delivery=Delivery(duplicate=1.0))
    near, far = place.world.site(A, HOME), place.world.site(A, DR)
    queues = [near.create_queue("one"), near.create_queue("two"), far.create_queue("three")]
    pattern = {"detail-type": ["Copy Job State Change"], "detail": {"state": ["CREATED"]}}
    onward = RuleTarget(id="on", arn=f"arn:aws:events:{DR}:{A}:event-bus/default")
    near.put_rule("one", pattern=pattern, targets=[RuleTarget(id="q", arn=queues[0].arn), onward])
    near.put_rule("two", pattern=pattern, targets=[RuleTarget(id="q", arn=queues[1].arn)])
    far.put_rule("three", pattern=pattern, targets=[RuleTarget(id="q", arn=queues[2].arn)])
    place.world.on_trace(lambda line: spoil(line.facts))
    place.copy()
    spoil(pattern)
    place.world.run_for(timedelta(hours=3))

    bodies = [json.loads(message.body) for queue in queues for message in queue.messages.values()]
    assert len(bodies) == 6
    assert {json.dumps({**body, "id": ""}, sort_keys=True) for body in bodies} == {
        json.dumps({**bodies[0], "id": ""}, sort_keys=True)
    }
    assert bodies[0]["detail"]["state"] == "CREATED"


def test_each_line_of_the_trace_has_an_event_of_its_own() -> None:
    world = World()
    place = world.site(A, HOME)
    for name in ("one", "two"):
        place.put_rule(name, pattern={"source": ["aws.backup"]}, targets=[])
    world.emit(A, HOME, "Copy Job State Change", [], {"state": "CREATED"})
    world.run_for(timedelta(hours=1))
    one, two = (line.facts["event"] for line in world.trace if line.kind == "event")
    spoil(one)

    assert two["detail"] == {"state": "CREATED"}


def test_a_duplicate_is_the_same_event_or_another_that_says_the_same() -> None:
    ids = []
    for seed in range(20):
        world = World(seed=seed, delivery=Delivery(duplicate=1.0))
        queue = world.site(A, HOME).create_queue("in")
        targets = [RuleTarget(id="q", arn=queue.arn)]
        world.site(A, HOME).put_rule("in", pattern={"source": ["aws.backup"]}, targets=targets)
        world.emit(A, HOME, "Copy Job State Change", [], {})
        world.run_for(timedelta(hours=1))
        ids.append(len({json.loads(message.body)["id"] for message in queue.messages.values()}))

    assert set(ids) == {1, 2}
