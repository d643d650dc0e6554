"""Ids, dates and request ids that AWS Backup returns, and what it refuses when something is made."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from backup_simulator import NotModelled, texts
from tests.contract.test_simulator_plans import plan_of
from tests.simulated_place import DR, A, B, Place, code_of

MANY = {f"tag{number}": "x" for number in range(51)}


def test_the_ids_of_rules_are_no_names_and_stay_when_the_plan_changes() -> None:
    place = Place()
    plan = place.client.create_backup_plan(BackupPlan=plan_of())["BackupPlanId"]
    selection = {"SelectionName": "all", "IamRoleArn": place.role, "Resources": ["*"]}
    place.client.create_backup_selection(BackupPlanId=plan, BackupSelection=selection)
    (before,) = place.client.get_backup_plan(BackupPlanId=plan)["BackupPlan"]["Rules"]
    place.client.update_backup_plan(BackupPlanId=plan, BackupPlan=plan_of(name="later"))
    (after,) = place.client.get_backup_plan(BackupPlanId=plan)["BackupPlan"]["Rules"]
    place.world.run_for(timedelta(days=1))
    ids = {
        job["CreatedBy"]["BackupRuleId"] for job in place.client.list_backup_jobs()["BackupJobs"] if "CreatedBy" in job
    }

    assert before["RuleId"] != before["RuleName"]
    assert ids == {before["RuleId"]} == {after["RuleId"]}


def test_a_selection_keeps_its_date_and_its_request_id() -> None:
    place = Place()
    plan = place.client.create_backup_plan(BackupPlan=plan_of(), CreatorRequestId="p1")["BackupPlanId"]
    selection = {"SelectionName": "all", "IamRoleArn": place.role, "Resources": ["*"]}
    request: dict[str, Any] = {"BackupPlanId": plan, "BackupSelection": selection, "CreatorRequestId": "s1"}
    made = place.client.create_backup_selection(**request)
    place.world.run_for(timedelta(hours=3))
    again = place.client.create_backup_selection(**request)
    read = place.client.get_backup_selection(BackupPlanId=plan, SelectionId=made["SelectionId"])
    (listed,) = place.client.list_backup_selections(BackupPlanId=plan)["BackupSelectionsList"]

    for each in (again, read, listed):
        assert (each["CreationDate"], each["SelectionId"]) == (made["CreationDate"], made["SelectionId"])
    assert (read["CreatorRequestId"], listed["CreatorRequestId"]) == ("s1", "s1")
    assert place.client.get_backup_plan(BackupPlanId=plan)["CreatorRequestId"] == "p1"


def test_a_vault_shows_its_request_id_and_a_backup_job_when_it_must_start() -> None:
    place = Place()
    place.client.create_backup_vault(BackupVaultName="asked", CreatorRequestId="v1")
    started = place.client.start_backup_job(
        BackupVaultName="near", ResourceArn=place.database, IamRoleArn=place.role, StartWindowMinutes=90
    )
    job = place.client.describe_backup_job(BackupJobId=started["BackupJobId"])

    assert place.client.describe_backup_vault(BackupVaultName="asked")["CreatorRequestId"] == "v1"
    assert job["StartBy"] - job["CreationDate"] == timedelta(minutes=90)


def test_a_vault_needs_a_key_of_its_own_region() -> None:
    place = Place()
    far_key = place.client.describe_backup_vault(BackupVaultName="near")["EncryptionKeyArn"]
    with pytest.raises(ClientError) as refused:
        place.world.session(A, region=DR).client("backup").create_backup_vault(
            BackupVaultName="other", EncryptionKeyArn=far_key
        )

    assert code_of(refused) == "InvalidParameterValueException"


@pytest.mark.parametrize(
    ("tags", "code"), [({"aws:team": "x"}, "InvalidParameterValueException"), (MANY, "LimitExceededException")]
)
def test_tags_that_aws_refuses_are_refused_wherever_they_are_given(tags: dict[str, str], code: str) -> None:
    place = Place()
    calls: tuple[Callable[[], object], ...] = (
        lambda: place.client.create_backup_vault(BackupVaultName="new", BackupVaultTags=tags),
        lambda: place.client.create_backup_plan(BackupPlan=plan_of(), BackupPlanTags=tags),
        lambda: place.client.tag_resource(ResourceArn=place.vault, Tags=tags),
    )
    for call in calls:
        with pytest.raises(ClientError) as refused:
            call()
        assert code_of(refused) == code
    assert place.client.list_backup_plans()["BackupPlansList"] == []


def test_jobs_are_listed_by_account_and_by_category_in_both_spellings() -> None:
    place = Place()
    started = place.copy()
    place.world.faults.fail_copy_job(message=texts.DESTINATION_KEY)
    place.world.run_for(timedelta(hours=6))

    def ids(**asked: str) -> list[str]:
        return [job["CopyJobId"] for job in place.client.list_copy_jobs(**asked)["CopyJobs"]]

    assert place.job(started)["MessageCategory"] == "KMS_KEY_ERROR"
    for category in ("KMS_KEY_ERROR", "KmsKeyError", "ANY"):
        assert ids(ByMessageCategory=category) == [started]
    assert ids(ByMessageCategory="SUCCESS") == ids(ByAccountId=B) == []
    assert ids(ByAccountId=A) == [started]
    for unknown in ({"ByMessageCategory": "AGGREGATE_ALL"}, {"ByAccountId": "*"}):
        with pytest.raises(NotModelled):
            ids(**unknown)
    with pytest.raises(NotModelled, match="ByAccountId"):
        place.client.list_backup_jobs(ByAccountId="*")
