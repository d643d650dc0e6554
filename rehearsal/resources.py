"""How each type of resource is created in the simulator's world, and what Ref and GetAtt return for it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

from backup_simulator import RuleTarget, World
from backup_simulator.log_groups import MetricFilter
from backup_simulator.sites import Site
from rehearsal.functions import WarmFunction
from rehearsal.template import TemplateError
from secondhop.application.ports import ChainStore


@dataclass(frozen=True, kw_only=True)
class Made:
    """A created resource: what Ref and GetAtt return for it."""

    ref: str
    attributes: dict[str, str] = field(default_factory=dict)


Properties = dict[str, Any]


class Target(Protocol):
    """The stack of a resource: its place, and what its functions get."""

    world: World
    site: Site
    path: Path
    account: str
    region: str
    name: str
    chains: ChainStore | None
    kills_late_functions: bool
    functions: dict[str, WarmFunction]

    @property
    def open_session(self) -> Callable[[str, str, str], Any]:
        """Opens a session of a function: account, role, Region."""
        ...

    def arn_of(self, kind: str, logical_id: str) -> str:
        """The ARN of a resource that is not created in the simulator's world."""
        ...


NO_EFFECT = {
    "AWS::Serverless::LayerVersion": "functions import the packages from this checkout",
    "AWS::CloudWatch::Alarm": "nobody watches metrics in a rehearsal, though they are kept",
    "AWS::DynamoDB::Table": "the chain store is handed to the functions, or DynamoDB's stand-in is",
    "AWS::SQS::QueuePolicy": "who may send to a queue is not modelled",
    "AWS::SNS::TopicPolicy": "who may publish to a topic is not modelled",
    "AWS::SNS::Subscription": "messages are read from the topic",
    "AWS::KMS::Alias": "keys are known by their ARNs",
}


def _key(stack: Target, _: str, properties: Properties) -> Made:
    arn = stack.site.create_key(policy=properties["KeyPolicy"])
    return Made(ref=arn.rpartition("/")[2], attributes={"Arn": arn, "KeyId": arn.rpartition("/")[2]})


def _vault(stack: Target, _: str, properties: Properties) -> Made:
    lock = properties.get("LockConfiguration")
    arn = stack.site.create_vault(
        properties["BackupVaultName"],
        key_arn=properties["EncryptionKeyArn"],
        policy=properties.get("AccessPolicy"),
        lock={name: int(days) for name, days in lock.items()} if lock else None,
    )
    name = properties["BackupVaultName"]
    return Made(ref=name, attributes={"BackupVaultArn": arn, "BackupVaultName": name})


def _role(stack: Target, logical_id: str, properties: Properties) -> Made:
    name = properties.get("RoleName", f"{stack.name}-{logical_id}")
    arn = stack.world.account(stack.account).create_role(
        name,
        path=properties.get("Path", "/"),
        trust=properties["AssumeRolePolicyDocument"],
        policies=[each["PolicyDocument"] for each in properties.get("Policies", [])],
    )
    return Made(ref=name, attributes={"Arn": arn})


def _policy(stack: Target, logical_id: str, properties: Properties) -> Made:
    for name in properties["Roles"]:
        stack.world.account(stack.account).add_policy(name, properties["PolicyDocument"])
    return Made(ref=f"{stack.name}-{logical_id}")


def _plan(stack: Target, _: str, properties: Properties) -> Made:
    plan = properties["BackupPlan"]
    rules = [
        {("TargetBackupVaultName" if name == "TargetBackupVault" else name): value for name, value in rule.items()}
        | {"CopyActions": rule.get("CopyActions", [])}
        for rule in plan["BackupPlanRule"]
    ]
    for rule in rules:
        for each in (rule, *rule["CopyActions"]):
            if "Lifecycle" in each:
                each["Lifecycle"] = {name: int(days) for name, days in each["Lifecycle"].items()}
    plan_id = stack.site.create_plan({"BackupPlanName": plan["BackupPlanName"], "Rules": rules}, [])
    return Made(ref=plan_id, attributes={"BackupPlanId": plan_id})


def _selection(stack: Target, logical_id: str, properties: Properties) -> Made:
    stack.site.add_selection(properties["BackupPlanId"], properties["BackupSelection"])
    return Made(ref=f"{stack.name}-{logical_id}")


def _queue(stack: Target, logical_id: str, properties: Properties) -> Made:
    redrive = properties.get("RedrivePolicy", {})
    queue = stack.site.create_queue(
        f"{stack.name}-{logical_id}",
        visibility_timeout_seconds=int(properties.get("VisibilityTimeout", 30)),
        dead_letter_arn=redrive.get("deadLetterTargetArn"),
        max_receive_count=int(redrive.get("maxReceiveCount", 5)),
        retention_seconds=int(properties.get("MessageRetentionPeriod", 345600)),
    )
    return Made(ref=queue.url, attributes={"Arn": queue.arn, "QueueName": queue.name})


def _topic(stack: Target, logical_id: str, _: Properties) -> Made:
    arn = stack.site.create_topic(f"{stack.name}-{logical_id}")
    return Made(ref=arn, attributes={"TopicArn": arn})


def _rule(stack: Target, logical_id: str, properties: Properties) -> Made:
    targets = [
        RuleTarget(
            id=target["Id"],
            arn=target["Arn"],
            role_arn=target.get("RoleArn"),
            dead_letter_arn=target.get("DeadLetterConfig", {}).get("Arn"),
        )
        for target in properties["Targets"]
    ]
    # Two stacks of one account have rules of the same logical ids; a rule that is put again would replace the other.
    name = f"{stack.name}-{logical_id}"
    arn = stack.site.put_rule(name, pattern=properties["EventPattern"], targets=targets)
    return Made(ref=name, attributes={"Arn": arn})


def _log_group(stack: Target, logical_id: str, properties: Properties) -> Made:
    name = properties.get("LogGroupName", f"{stack.name}-{logical_id}")
    arn = f"arn:aws:logs:{stack.region}:{stack.account}:log-group:{name}"
    stack.world.logs.create(arn)
    return Made(ref=name, attributes={"Arn": f"{arn}:*"})


def _log_policy(stack: Target, _: str, properties: Properties) -> Made:
    name, document = properties["PolicyName"], json.loads(properties["PolicyDocument"])
    stack.world.logs.put_policy(stack.account, stack.region, name, document)
    return Made(ref=name)


def _metric_filter(stack: Target, logical_id: str, properties: Properties) -> Made:
    arn = f"arn:aws:logs:{stack.region}:{stack.account}:log-group:{properties['LogGroupName']}"
    for each in properties["MetricTransformations"]:
        if unknown := each.keys() - {"MetricNamespace", "MetricName", "MetricValue", "Dimensions"}:
            raise TemplateError(
                f"{logical_id}: a rehearsal does not know {', '.join(sorted(unknown))} of a metric filter"
            )
        metric_filter = MetricFilter(
            pattern=properties["FilterPattern"],
            namespace=each["MetricNamespace"],
            name=each["MetricName"],
            value=float(each["MetricValue"]),
            dimensions={dimension["Key"]: dimension["Value"] for dimension in each.get("Dimensions", [])},
        )
        stack.world.logs.put_filter(arn, metric_filter)
    return Made(ref=f"{stack.name}-{logical_id}")


def _bus_policy(stack: Target, logical_id: str, properties: Properties) -> Made:
    stack.site.put_bus_policy(properties["Statement"], bus=properties.get("EventBusName", "default"))
    return Made(ref=logical_id)


def _function(stack: Target, logical_id: str, properties: Properties) -> Made:
    environ = {name: str(value) for name, value in properties["Environment"]["Variables"].items()}
    function = WarmFunction(
        name=logical_id,
        folder=stack.path.parent / properties["CodeUri"],
        environ=environ,
        session=stack.open_session(stack.account, properties["Role"], stack.region),
        now=stack.world.now,
        chains=stack.chains,
        measure=stack.site.measure,
        timeout=timedelta(seconds=int(properties["Timeout"])),
        is_killed=stack.kills_late_functions,
        processes=stack.world.processes,
    )
    arn = stack.site.create_function(f"{stack.name}-{logical_id}", function)
    stack.functions[logical_id] = stack.functions[arn] = function
    for event in properties.get("Events", {}).values():
        if event["Type"] != "SQS":
            raise TemplateError(f"{logical_id}: a rehearsal does not know events of type {event['Type']}")
        mapping = event["Properties"]
        reports = "ReportBatchItemFailures" in mapping.get("FunctionResponseTypes", [])
        size = int(mapping.get("BatchSize", 10))
        stack.site.map_queue(
            mapping["Queue"], function, batch_size=size, report_batch_item_failures=reports, function=arn
        )
    return Made(ref=f"{stack.name}-{logical_id}", attributes={"Arn": arn})


def _schedule(stack: Target, logical_id: str, properties: Properties) -> Made:
    number, unit = properties["ScheduleExpression"].removeprefix("rate(").removesuffix(")").split()
    every = timedelta(**{unit if unit.endswith("s") else f"{unit}s": float(number)})
    target = properties["Target"]["Arn"]
    stack.site.schedule(logical_id, every, stack.functions[target], target_arn=target)
    return Made(ref=logical_id, attributes={"Arn": stack.arn_of("AWS::Scheduler", logical_id)})


def _update_function(stack: Target, logical_id: str, properties: Properties) -> None:
    environ = {name: str(value) for name, value in properties["Environment"]["Variables"].items()}
    stack.functions[logical_id].redeploy(environ)


def _update_schedule(stack: Target, logical_id: str, properties: Properties) -> None:
    stack.world.schedules[stack.account, stack.region, logical_id].enabled = False
    _schedule(stack, logical_id, properties)


UPDATED: dict[str, Callable[[Target, str, Properties], None]] = {
    "AWS::Scheduler::Schedule": _update_schedule,
    "AWS::Serverless::Function": _update_function,
}
MAKERS: dict[str, Callable[[Target, str, Properties], Made]] = {
    "AWS::Backup::BackupPlan": _plan,
    "AWS::Backup::BackupSelection": _selection,
    "AWS::Backup::BackupVault": _vault,
    "AWS::Events::EventBusPolicy": _bus_policy,
    "AWS::Events::Rule": _rule,
    "AWS::IAM::Policy": _policy,
    "AWS::IAM::Role": _role,
    "AWS::KMS::Key": _key,
    "AWS::Logs::LogGroup": _log_group,
    "AWS::Logs::MetricFilter": _metric_filter,
    "AWS::Logs::ResourcePolicy": _log_policy,
    "AWS::SNS::Topic": _topic,
    "AWS::SQS::Queue": _queue,
    "AWS::Scheduler::Schedule": _schedule,
    "AWS::Serverless::Function": _function,
}
