"""What becomes of a database that a plan does not select, and what the doctor says of tags, in the simulated AWS."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from backup_simulator import World
from rehearsal.stage import HOME, WORKLOAD, Stage
from tests.simulated_place import ALL, A
from tests.staged_journey import Clinic, FirstHop

ORDERS = f"arn:aws:rds:{HOME}:{WORKLOAD}:db:orders"


def a_stage(**tags: str) -> Stage:
    stage = Stage(World(seed=1, start=datetime(2026, 3, 2, tzinfo=UTC)))
    stage.add_database("RDS", "orders", size_gib=1)
    tag(stage, Backup="True", **tags)
    stage.world.run_for(stage.world.delivery.batch * 7)
    return stage


def tag(stage: Stage, **tags: str) -> None:
    """Give the database these tags, and no others."""
    stage.world.databases[ORDERS] = replace(stage.world.databases[ORDERS], tags=tags)


def described(clinic: Clinic) -> dict[str, dict[str, str]]:
    return {each["kind"]: each for each in clinic.findings() if each["kind"] != "observe-only"}


def test_a_tag_with_another_case_is_found_and_its_command_fixes_it() -> None:
    stage = a_stage()
    stage.add_database("RDS", "other", size_gib=1)
    tag(stage, backup="true")
    clinic = Clinic(stage)

    found = described(clinic)

    assert found.keys() == {"database-in-no-plan"}
    assert "its tag is backup=true" in found["database-in-no-plan"]["what"]
    assert "Key=Backup,Value=True" in found["database-in-no-plan"]["command"]

    tag(stage, Backup="True")
    assert described(clinic) == {}


# https://docs.aws.amazon.com/aws-backup/latest/devguide/troubleshooting.html: such a policy stops plans that select by
# tag.
@pytest.mark.parametrize("place", ["an SCP", "the role"])
def test_a_role_that_may_not_look_for_tagged_resources_is_found(place: str) -> None:
    deny = {"Statement": [{"Effect": "Deny", "Action": "tag:GetResources", "Resource": "*"}]}
    stage = a_stage()
    if place == "an SCP":
        stage.world.account(A).set_service_control_policies([[ALL, deny]])
    else:
        stage.world.roles[stage.workload["BackupRoleArn"]].policies += (deny,)
    clinic = Clinic(stage)

    found = described(clinic)

    assert found.keys() == {"role-lacks-permission"}
    assert "selects databases by tag may not tag:GetResources" in found["role-lacks-permission"]["what"]
    assert clinic.code == 1


def test_a_role_of_a_plan_that_selects_by_arn_need_not_look_for_tags() -> None:
    stage = a_stage()
    for plan in stage.world.plans.values():
        for selection in plan.selections.values():
            selection.clear()
            selection |= {"SelectionName": "all", "IamRoleArn": stage.workload["BackupRoleArn"], "Resources": [ORDERS]}
    deny = {"Statement": [{"Effect": "Deny", "Action": "tag:GetResources", "Resource": "*"}]}
    stage.world.account(A).set_service_control_policies([[ALL, deny]])

    assert described(Clinic(stage)) == {}


def test_tags_of_aws_do_not_count() -> None:
    own = {f"team-{number}": "x" for number in range(49)}
    of_aws = {f"aws:cloudformation:{name}": "x" for name in ("stack-name", "stack-id", "logical-id")}

    assert described(Clinic(a_stage(**own, **of_aws))) == {}
    assert described(Clinic(a_stage(**own, more="x"))).keys() == {"database-has-too-many-tags"}


@pytest.mark.parametrize(
    ("code", "expected"), [("InvalidParameterValueException", 0), ("ResourceNotFoundException", 0), ("AccessDenied", 3)]
)
def test_only_a_refusal_that_says_nothing_of_permission_counts_as_no_tags(code: str, expected: int) -> None:
    journey = FirstHop()
    journey.world.faults.refuse("ListTags", code=code, message="not fully managed", times=99)

    journey.clinic.examine()

    assert journey.clinic.code == expected


def test_a_database_that_lost_its_tag_weeks_ago_is_found_although_others_are_copied() -> None:
    stage = a_stage()
    stage.add_database("RDS", "billing", size_gib=1)
    stage.world.run_for(timedelta(days=1))
    tag(stage)
    stage.world.run_for(timedelta(days=2))

    found = described(Clinic(stage))

    assert found.keys() == {"database-in-no-plan"}
    assert "No backup plan selects orders" in found["database-in-no-plan"]["what"]
