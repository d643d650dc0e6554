"""The members of requests to services other than AWS Backup that this simulator knows. All others are refused by name.

`services.backup.members` has those of AWS Backup, with its rule for values that ask for nothing. Answers here are one
page each, so a member that asks for pages is not known.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backup_simulator.errors import NotModelled

KNOWN: dict[tuple[str, str], frozenset[str]] = {
    (service, operation): frozenset(members.split())
    for service, operations in {
        "cloudformation": {"DescribeStacks": "StackName", "ListStackResources": "StackName"},
        "cloudwatch": {
            # The sum of all values is one datapoint, as for a period as long as the time that is asked for.
            "GetMetricStatistics": "Namespace MetricName Dimensions StartTime EndTime Period Statistics",
        },
        "events": {
            "PutEvents": "Entries",
            "PutRule": "Name EventPattern State EventBusName",
            "PutTargets": "Rule EventBusName Targets",
            "RemoveTargets": "Rule EventBusName Ids",
            "DeleteRule": "Name EventBusName",
            "DescribeRule": "Name EventBusName",
            "ListTargetsByRule": "Rule EventBusName",
            "DescribeEventBus": "Name",
        },
        "iam": {
            # A session lasts an hour unless the caller asks for another time, which is refused by name.
            "CreateRole": "RoleName Path AssumeRolePolicyDocument MaxSessionDuration",
            "PutRolePolicy": "RoleName PolicyName PolicyDocument",
            "DeleteRolePolicy": "RoleName PolicyName",
            "DeleteRole": "RoleName",
            "GetRole": "RoleName",
            "ListRoles": "",
            "SimulatePrincipalPolicy": "PolicySourceArn ActionNames ResourceArns ContextEntries",
        },
        "kms": {"DescribeKey": "KeyId", "GetKeyPolicy": "KeyId PolicyName", "ListAliases": "KeyId"},
        "lambda": {"Invoke": "FunctionName InvocationType Payload", "ListEventSourceMappings": "EventSourceArn"},
        "organizations": {"DescribeOrganization": ""},
        "rds": {
            "DescribeDBInstances": "DBInstanceIdentifier",
            "DescribeDBClusters": "DBClusterIdentifier",
            "DescribeOptionGroups": "OptionGroupName",
        },
        "scheduler": {"GetSchedule": "Name GroupName"},
        "service-quotas": {"ListServiceQuotas": "ServiceCode"},
        "sns": {"Publish": "TopicArn Subject Message MessageAttributes"},
        "sqs": {
            "CreateQueue": "QueueName Attributes",
            "DeleteQueue": "QueueUrl",
            "GetQueueUrl": "QueueName",
            "SendMessage": "QueueUrl MessageBody DelaySeconds MessageAttributes",
            "SendMessageBatch": "QueueUrl Entries",
            # Every attribute of a message is returned, and a poll does not wait.
            "ReceiveMessage": "QueueUrl MaxNumberOfMessages MessageAttributeNames WaitTimeSeconds",
            "DeleteMessage": "QueueUrl ReceiptHandle",
            "GetQueueAttributes": "QueueUrl AttributeNames",
        },
        "sts": {"AssumeRole": "RoleArn RoleSessionName ExternalId Policy PolicyArns", "GetCallerIdentity": ""},
    }.items()
    for operation, members in operations.items()
}


OF_ENTRIES: dict[tuple[str, str], frozenset[str]] = {
    ("events", "PutEvents"): frozenset({"Source", "DetailType", "Detail", "EventBusName", "Resources"}),
    ("sqs", "SendMessageBatch"): frozenset({"Id", "MessageBody", "DelaySeconds", "MessageAttributes"}),
}


def check_entries(service: str, operation: str, request: Mapping[str, Any]) -> None:
    """Raises NotModelled for the members of a batch's entries that would be ignored."""
    known = OF_ENTRIES[service, operation]
    if names := sorted({name for entry in request["Entries"] for name in entry.keys() - known}):
        raise NotModelled(f"{', '.join(names)} of an entry of {service}:{operation} is not modelled")


def check_members(service: str, operation: str, request: Mapping[str, Any]) -> None:
    """Raises NotModelled for the members of a request that would be ignored."""
    known = KNOWN.get((service, operation), frozenset())
    unknown = (name for name in request.keys() - known if request[name] not in (None, False, [], {}))
    if names := sorted(unknown):
        raise NotModelled(f"{', '.join(names)} of {service}:{operation} is not modelled")
