"""What somebody who only looks is told of the surroundings: in the shapes of each service's own model."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.session import get_session
from botocore.validate import ParamValidator

from backup_simulator import World
from rehearsal.stage import BACKUP, DR, HOME, WORKLOAD, Stage

MODELS = get_session()
STATISTICS = {
    "Namespace": "SecondHop",
    "MetricName": "SweepCompleted",
    "Dimensions": [{"Name": "service", "Value": "second-hop"}],
    "Period": 3600,
    "Statistics": ["Sum"],
}


class Looker:
    """Calls as they come, with each answer checked against the model of its service."""

    def __init__(self) -> None:
        self.stage = Stage(World())
        self.stage.add_database("RDS", "orders", size_gib=2)
        self.stage.add_database("Neptune", "graph", size_gib=2)
        self.world = self.stage.world
        self.world.run_for(timedelta(hours=1))
        self.called: set[tuple[str, str]] = set()

    def __call__(
        self, service: str, operation: str, account: str = WORKLOAD, region: str = HOME, **request: Any
    ) -> Any:
        sts: Any = self.world.session(account).client("sts")
        key = sts._request_signer._credentials.access_key
        answer = self.world.call(key, region, service, operation, request)
        shape: Any = MODELS.get_service_model(service).operation_model(operation).output_shape
        report = ParamValidator().validate(answer, shape)
        assert not report.has_errors(), f"{operation}: {report.generate_report()}"
        assert answer.keys() <= shape.members.keys(), operation
        self.called.add((service, operation))
        return answer


def about_accounts(look: Looker) -> None:
    role = look.stage.backup_account["CopyRoleArn"]
    found = look("iam", "GetRole", BACKUP, RoleName=role.rpartition("/")[2])["Role"]
    assert (found["Arn"], found["Path"]) == (role, "/secondhop/companion/")
    listed = [each["Arn"] for each in look("iam", "ListRoles", BACKUP)["Roles"]]
    assert role in listed
    assert {each.split(":")[4] for each in listed} == {BACKUP}
    asked: dict[str, Any] = {"PolicySourceArn": role, "ActionNames": ["kms:DescribeKey", "kms:Decrypt"]}
    judged = look("iam", "SimulatePrincipalPolicy", BACKUP, **asked, ResourceArns=[look.stage.dr["KeyArn"]])
    assert [each["EvalDecision"] for each in judged["EvaluationResults"]] == ["allowed", "implicitDeny"]
    assert look("organizations", "DescribeOrganization")["Organization"]["Id"] == "o-simulated0"


def about_keys(look: Looker) -> None:
    key = look.stage.dr["KeyArn"]
    assert look("kms", "DescribeKey", BACKUP, DR, KeyId=key)["KeyMetadata"]["KeyManager"] == "CUSTOMER"
    policy = json.loads(look("kms", "GetKeyPolicy", BACKUP, DR, KeyId=key)["Policy"])
    assert [each["Sid"] for each in policy["Statement"]] == ["ThisAccountAdministers", "BackupUses", "BackupGrants"]
    assert look("kms", "ListAliases", BACKUP, DR, KeyId=key)["Aliases"] == []
    managed = look.world.site(WORKLOAD, HOME).create_key(managed_by="aws/rds")
    assert look("kms", "ListAliases", KeyId=managed)["Aliases"][0]["AliasName"] == "alias/aws/rds"


def about_databases(look: Looker) -> None:
    (instance,) = look("rds", "DescribeDBInstances")["DBInstances"]
    assert (instance["DBInstanceIdentifier"], instance["KmsKeyId"]) == ("orders", look.stage.workload["KeyArn"])
    assert instance["TagList"] == [{"Key": "Backup", "Value": "True"}]
    (cluster,) = look("rds", "DescribeDBClusters")["DBClusters"]
    assert cluster["Engine"] == "neptune"
    group = instance["OptionGroupMemberships"][0]["OptionGroupName"]
    assert look("rds", "DescribeOptionGroups", OptionGroupName=group)["OptionGroupsList"][0]["Options"] == []


def about_stacks(look: Looker) -> None:
    (stack,) = look("cloudformation", "DescribeStacks", StackName="second-hop")["Stacks"]
    assert {"OutputKey": "Topology", "OutputValue": "workload"} in stack["Outputs"]
    assert {"ParameterKey": "RetentionDays", "ParameterValue": "35"} in stack["Parameters"]
    assert len(look("cloudformation", "DescribeStacks")["Stacks"]) == 2
    listed = look("cloudformation", "ListStackResources", StackName="second-hop")["StackResourceSummaries"]
    assert "AWS::Lambda::Function" in {each["ResourceType"] for each in listed}


def about_events(look: Looker) -> None:
    assert look("events", "DescribeRule", Name="second-hop-FirstHopJobs")["State"] == "ENABLED"
    (target,) = look("events", "ListTargetsByRule", Rule="second-hop-FirstHopJobs")["Targets"]
    url = look.stage.outputs["WorkQueueUrl"]
    attributes = look("sqs", "GetQueueAttributes", QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert (attributes["QueueArn"], attributes["ApproximateNumberOfMessages"]) == (target["Arn"], "0")
    assert look("sqs", "GetQueueUrl", QueueName=url.rpartition("/")[2]) == {"QueueUrl": url}
    (mapping,) = look("lambda", "ListEventSourceMappings", EventSourceArn=target["Arn"])["EventSourceMappings"]
    assert (mapping["State"], mapping["FunctionArn"].rpartition(":")[2]) == ("Enabled", "second-hop-AdvanceChain")
    assert BACKUP in look("events", "DescribeEventBus")["Policy"]


def about_the_sweep(look: Looker) -> None:
    schedule = look("scheduler", "GetSchedule", Name="SweepSchedule")
    assert (schedule["State"], schedule["ScheduleExpression"]) == ("ENABLED", "rate(15 minutes)")
    now = look.world.now()
    asked: dict[str, Any] = STATISTICS | {"StartTime": now - timedelta(hours=1), "EndTime": now + timedelta(seconds=1)}
    assert look("cloudwatch", "GetMetricStatistics", **asked)["Datapoints"][0]["Sum"] == 4
    look.world.schedules[WORKLOAD, HOME, "SweepSchedule"].enabled = False
    look.world.run_for(timedelta(hours=2))
    now = look.world.now()
    later: dict[str, Any] = STATISTICS | {"StartTime": now - timedelta(hours=1), "EndTime": now}
    assert look("cloudwatch", "GetMetricStatistics", **later)["Datapoints"] == []


def about_quotas(look: Looker) -> None:
    quotas = look("service-quotas", "ListServiceQuotas", BACKUP, DR, ServiceCode="rds")["Quotas"]
    assert quotas[0]["QuotaName"] == "Manual DB instance snapshots"


STORIES = [about_accounts, about_keys, about_databases, about_stacks, about_events, about_the_sweep, about_quotas]


def test_every_answer_about_the_surroundings_fits_its_services_model() -> None:
    look = Looker()
    for story in STORIES:
        story(look)

    known = {each for each in look.world.operations() if each[0] != "backup"}
    reads = {each for each in known if each[1].startswith(("Describe", "Get", "List", "Simulate"))}
    assert look.called == reads - {("sts", "GetCallerIdentity")}


def test_a_mapping_that_is_disabled_leaves_the_messages_where_they_are() -> None:
    world = World()
    site = world.site(WORKLOAD, HOME)
    queue = site.create_queue("work")
    taken: list[Any] = []
    site.map_queue(queue.arn, taken.append)
    assert queue.mapping is not None
    queue.mapping.enabled = False
    queue.send("{}")
    world.run_for(timedelta(minutes=5))

    assert (len(site.messages(queue.arn)), taken) == (1, [])


REFUSED = [
    ("iam", "GetRole", {"RoleName": "nobody"}, "NoSuchEntity"),
    ("kms", "DescribeKey", {"KeyId": "11111111-1111-4111-8111-111111111111"}, "NotFoundException"),
    ("cloudformation", "DescribeStacks", {"StackName": "none"}, "ValidationError"),
    ("events", "DescribeRule", {"Name": "none"}, "ResourceNotFoundException"),
    ("scheduler", "GetSchedule", {"Name": "none"}, "ResourceNotFoundException"),
    ("sqs", "GetQueueAttributes", {"QueueUrl": "https://none"}, "AWS.SimpleQueueService.NonExistentQueue"),
    ("service-quotas", "ListServiceQuotas", {"ServiceCode": "none"}, "NoSuchResourceException"),
    ("rds", "DescribeOptionGroups", {"OptionGroupName": "none"}, "OptionGroupNotFoundFault"),
]


@pytest.mark.parametrize(("service", "operation", "request_", "code"), REFUSED)
def test_what_is_not_there_is_refused_in_the_services_own_words(
    service: str, operation: str, request_: dict[str, Any], code: str
) -> None:
    client: Any = World().session(WORKLOAD, region=HOME).client(service)  # type: ignore[call-overload]  # any service, by its name

    with pytest.raises(ClientError) as refused:
        client._make_api_call(operation, request_)

    assert refused.value.response["Error"]["Code"] == code


def test_another_accounts_key_and_a_lone_accounts_organization_are_refused() -> None:
    world = World()
    key = world.site(BACKUP, HOME).create_key()
    world.account(WORKLOAD).join_organization("")
    session = world.session(WORKLOAD, region=HOME)

    with pytest.raises(ClientError, match="AccessDeniedException"):
        session.client("kms").get_key_policy(KeyId=key)
    with pytest.raises(ClientError, match="AWSOrganizationsNotInUseException"):
        session.client("organizations").describe_organization()
