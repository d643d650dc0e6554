"""What a request is about, as IAM sees it: the resource of a call, and the roles that it passes.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsbackup.html says which action of AWS Backup
is about which resource. The ARN of an RDS recovery point is its snapshot's, which does not name a vault.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from backup_simulator.model import Caller, vault_arn
from backup_simulator.regions import partition_of

ABOUT_POINTS = ("DescribeRecoveryPoint", "DeleteRecoveryPoint", "UpdateRecoveryPointLifecycle", "StartCopyJob")
ABOUT_RULES = ("PutRule", "PutTargets", "RemoveTargets", "DeleteRule", "DescribeRule", "ListTargetsByRule")


def sources(request: Mapping[str, Any]) -> tuple[str, ...]:
    """The condition key events:source of PutEvents, which holds those of all entries (eb-use-conditions)."""
    return tuple(entry.get("Source", "") for entry in request.get("Entries", []))


def of_bus(operation: str, request: Mapping[str, Any]) -> str:
    """The rule, or the bus, that a call of EventBridge is about."""
    if operation in ABOUT_RULES:
        return f"rule/{request.get('Rule') or request['Name']}"
    bus = next((each.get("EventBusName", "default") for each in request.get("Entries", [])), "default")
    return f"event-bus/{bus}"


def backup_resource(caller: Caller, region: str, operation: str, request: Mapping[str, Any]) -> str:
    """The recovery point, plan, vault or other resource that a call of AWS Backup is about."""
    if operation in ABOUT_POINTS:
        return str(request["RecoveryPointArn"])
    if "BackupPlanId" in request:
        return f"arn:{partition_of(region)}:backup:{region}:{caller.account}:backup-plan:{request['BackupPlanId']}"
    if operation in ("ListTags", "TagResource", "UntagResource"):
        return str(request["ResourceArn"])
    if "BackupVaultName" in request:
        return vault_arn(caller.account, region, request["BackupVaultName"])
    return "*"


def passed_roles(service: str, request: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The roles that a request hands on, each with the service that gets it."""
    if service == "backup":
        given = (request, request.get("BackupSelection") or {})
        yield from ((each["IamRoleArn"], "backup.amazonaws.com") for each in given if "IamRoleArn" in each)
    if service == "events":
        targets = request.get("Targets") or []
        yield from ((each["RoleArn"], "events.amazonaws.com") for each in targets if "RoleArn" in each)
