"""Every operation answers in the output shape of the service's model, and refuses with errors that the model names."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.session import get_session
from botocore.validate import ParamValidator

from tests.simulated_place import DR, HOME, MANAGEMENT, A, Place

MODEL = get_session().get_service_model("backup")
# Errors that every operation may answer (CommonErrors); throttling is injected by a fault plan.
COMMON = {"AccessDeniedException", "ThrottlingException", "ExpiredTokenException", "UnrecognizedClientException"}
RULE = {"RuleName": "night", "TargetBackupVaultName": "near", "ScheduleExpression": "cron(0 3 * * ? *)"}
PLAN = {"BackupPlanName": "nightly", "Rules": [RULE]}
LOCK = {"BackupVaultName": "new", "MinRetentionDays": 7, "MaxRetentionDays": 90, "ChangeableForDays": 3}
DENY = {"Effect": "Deny", "Principal": "*", "Action": "backup:DeleteRecoveryPoint", "Resource": "*"}
POLICY = json.dumps({"Statement": [DENY]})


class Caller:
    """Calls operations as they come, checks each answer's shape, and remembers what it learned."""

    def __init__(self, place: Place, region: str = HOME) -> None:
        self.place = place
        self.region = region
        self.account = A
        self.called: set[str] = set()

    def __call__(self, operation: str, **request: Any) -> dict[str, Any]:
        key = self.place.world.issue_key(self.account, None)
        answer = self.place.world.call(key, self.region, "backup", operation, request)
        self.called.add(operation)
        shape = MODEL.operation_model(operation).output_shape
        if shape is None:
            assert answer == {}
            return answer
        report = ParamValidator().validate(answer, shape)
        assert not report.has_errors(), f"{operation}: {report.generate_report()}"
        assert answer.keys() <= shape.members.keys(), operation
        return answer


def about_vaults(call: Caller) -> None:
    created = call("CreateBackupVault", BackupVaultName="new", BackupVaultTags={"team": "shop"})
    arn = created["BackupVaultArn"]
    assert call("ListTags", ResourceArn=arn)["Tags"] == {"team": "shop"}
    call("TagResource", ResourceArn=arn, Tags={"owner": "me"})
    call("UntagResource", ResourceArn=arn, TagKeyList=["team"])
    assert call("ListTags", ResourceArn=arn)["Tags"] == {"owner": "me"}
    call("PutBackupVaultAccessPolicy", BackupVaultName="new", Policy=POLICY)
    assert call("GetBackupVaultAccessPolicy", BackupVaultName="new")["Policy"] == POLICY
    call("DeleteBackupVaultAccessPolicy", BackupVaultName="new")
    call("PutBackupVaultLockConfiguration", **LOCK)
    assert call("DescribeBackupVault", BackupVaultName="new")["Locked"]
    call("DeleteBackupVaultLockConfiguration", BackupVaultName="new")
    assert [each["BackupVaultName"] for each in call("ListBackupVaults")["BackupVaultList"]] == ["near", "new"]
    call("DeleteBackupVault", BackupVaultName="new")


def about_plans(call: Caller) -> None:
    plan_id = call("CreateBackupPlan", BackupPlan=PLAN)["BackupPlanId"]
    selection = {"SelectionName": "all", "IamRoleArn": call.place.role, "Resources": [call.place.database]}
    chosen = call("CreateBackupSelection", BackupPlanId=plan_id, BackupSelection=selection)["SelectionId"]
    assert call("GetBackupPlan", BackupPlanId=plan_id)["BackupPlan"]["Rules"][0]["RuleName"] == "night"
    assert call("GetBackupSelection", BackupPlanId=plan_id, SelectionId=chosen)["BackupSelection"] == selection
    call.place.world.run_for(timedelta(days=1))
    jobs = call("ListBackupJobs", ByState="COMPLETED", ByResourceType="RDS")["BackupJobs"]
    assert len(jobs) == 2
    assert call("DescribeBackupJob", BackupJobId=jobs[1]["BackupJobId"])["CreatedBy"]["BackupPlanId"] == plan_id
    assert len(call("ListBackupSelections", BackupPlanId=plan_id)["BackupSelectionsList"]) == 1
    assert len(call("ListBackupPlans")["BackupPlansList"]) == 1
    version = call("UpdateBackupPlan", BackupPlanId=plan_id, BackupPlan=PLAN)["VersionId"]
    assert call("ListBackupPlanVersions", BackupPlanId=plan_id)["BackupPlanVersionsList"][0]["VersionId"] == version
    call("DeleteBackupSelection", BackupPlanId=plan_id, SelectionId=chosen)
    call("DeleteBackupPlan", BackupPlanId=plan_id)
    assert call("ListBackupPlans")["BackupPlansList"] == []


def about_copies(call: Caller) -> None:
    place = call.place
    started = call(
        "StartCopyJob",
        RecoveryPointArn=place.point.arn,
        SourceBackupVaultName="near",
        DestinationBackupVaultArn=place.target,
        IamRoleArn=place.role,
    )
    call("DescribeCopyJob", CopyJobId=started["CopyJobId"])
    place.world.run_for(timedelta(hours=2))
    job = call("DescribeCopyJob", CopyJobId=started["CopyJobId"])["CopyJob"]
    assert call("ListCopyJobs", BySourceRecoveryPointArn=place.point.arn)["CopyJobs"] == [job]


def about_points(call: Caller) -> None:
    place = call.place
    point = {"BackupVaultName": "near", "RecoveryPointArn": place.point.arn}
    call("StartBackupJob", BackupVaultName="near", ResourceArn=place.database, IamRoleArn=place.role)
    call("DescribeRecoveryPoint", **point)
    assert len(call("ListRecoveryPointsByBackupVault", BackupVaultName="near")["RecoveryPoints"]) == 1
    assert len(call("ListRecoveryPointsByResource", ResourceArn=place.database)["RecoveryPoints"]) == 1
    call("UpdateRecoveryPointLifecycle", **point, Lifecycle={"DeleteAfterDays": 9})
    assert call("DescribeRecoveryPoint", **point)["Lifecycle"] == {"DeleteAfterDays": 9}
    call("UpdateRecoveryPointLifecycle", **point, Lifecycle={})
    call("DeleteRecoveryPoint", **point)


def about_settings(call: Caller) -> None:
    call.account = MANAGEMENT
    call("UpdateGlobalSettings", GlobalSettings={"isCrossAccountBackupEnabled": "false"})
    call.account = A
    assert call("DescribeGlobalSettings")["GlobalSettings"] == {"isCrossAccountBackupEnabled": "false"}
    call("UpdateRegionSettings", ResourceTypeOptInPreference={"RDS": False})
    assert not call("DescribeRegionSettings")["ResourceTypeOptInPreference"]["RDS"]


@pytest.mark.parametrize("story", [about_vaults, about_plans, about_copies, about_points, about_settings])
def test_every_answer_of_a_story_fits_its_output_shape(story: Callable[[Caller], None]) -> None:
    story(Caller(Place()))


def test_the_stories_visit_every_operation_that_is_modelled() -> None:
    call = Caller(Place())
    for story in (about_vaults, about_plans, about_copies, about_points, about_settings):
        call.place = Place()
        story(call)

    assert call.called == {name for service, name in call.place.world.operations() if service == "backup"}


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("CreateBackupVault", {"BackupVaultName": "near"}, "AlreadyExistsException"),
    ("CreateBackupVault", {"BackupVaultName": "a b"}, "InvalidParameterValueException"),
    ("CreateBackupVault", {"BackupVaultName": "new", "EncryptionKeyArn": "arn:x"}, "InvalidParameterValueException"),
    ("DeleteBackupVault", {"BackupVaultName": "near"}, "InvalidRequestException"),
    ("DescribeBackupVault", {"BackupVaultName": "none"}, "AccessDeniedException"),
    ("GetBackupVaultAccessPolicy", {"BackupVaultName": "near"}, "ResourceNotFoundException"),
    ("PutBackupVaultAccessPolicy", {"BackupVaultName": "near", "Policy": "{"}, "InvalidParameterValueException"),
    (
        "PutBackupVaultAccessPolicy",
        {"BackupVaultName": "near", "Policy": POLICY.replace("DeleteRecoveryPoint", "*")},
        "InvalidParameterValueException",
    ),
    (
        "PutBackupVaultLockConfiguration",
        {**LOCK, "BackupVaultName": "near", "ChangeableForDays": 1},
        "InvalidParameterValueException",
    ),
    ("GetBackupPlan", {"BackupPlanId": "none"}, "ResourceNotFoundException"),
    ("DescribeBackupJob", {"BackupJobId": "none"}, "ResourceNotFoundException"),
    ("DescribeCopyJob", {"CopyJobId": "none"}, "ResourceNotFoundException"),
    ("ListCopyJobs", {"MaxResults": 1001}, "InvalidParameterValueException"),
    ("ListCopyJobs", {"NextToken": "x"}, "InvalidParameterValueException"),
    ("TagResource", {"ResourceArn": "arn:none", "Tags": {}}, "ResourceNotFoundException"),
    ("UpdateGlobalSettings", {"GlobalSettings": {"isCrossAccountBackupEnabled": "true"}}, "InvalidRequestException"),
    ("UpdateRegionSettings", {"ResourceTypeOptInPreference": {"Tape": True}}, "InvalidParameterValueException"),
    (
        "StartBackupJob",
        {"BackupVaultName": "near", "ResourceArn": "arn:x", "IamRoleArn": "r"},
        "ResourceNotFoundException",
    ),
    (
        "CreateBackupPlan",
        {"BackupPlan": {**PLAN, "Rules": [{**RULE, "ScheduleExpression": "daily"}]}},
        "InvalidParameterValueException",
    ),
]


@pytest.mark.parametrize(("operation", "request_", "code"), REFUSED)
def test_what_is_refused_is_refused_with_an_error_that_the_model_names(
    operation: str, request_: dict[str, Any], code: str
) -> None:
    method = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in operation).lstrip("_")
    with pytest.raises(ClientError) as refused:
        getattr(Place().client, method)(**request_)

    assert refused.value.response["Error"]["Code"] == code
    assert code in COMMON | {shape.name for shape in MODEL.operation_model(operation).error_shapes}


def test_a_compliance_lock_cannot_be_taken_away_after_its_grace() -> None:
    place = Place()
    place.client.put_backup_vault_lock_configuration(**LOCK | {"BackupVaultName": "near"})
    place.world.run_for(timedelta(days=4))

    with pytest.raises(place.client.exceptions.InvalidRequestException):
        place.client.delete_backup_vault_lock_configuration(BackupVaultName="near")


def test_another_regions_client_sees_none_of_it() -> None:
    far = Caller(Place(), DR)

    assert [each["BackupVaultArn"].split(":")[3:5] for each in far("ListBackupVaults")["BackupVaultList"]] == [[DR, A]]
    assert far("ListBackupJobs")["BackupJobs"] == []
