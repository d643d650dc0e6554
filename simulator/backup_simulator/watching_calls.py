"""What somebody who watches an installation asks: stacks, rules, queues, schedules, metrics, quotas.

CloudFormation, EventBridge, SQS, Lambda, Scheduler, CloudWatch and Service Quotas, read only, in the shapes of
their models (API_DescribeStacks, API_DescribeRule, API_GetQueueAttributes, API_GetSchedule, API_GetMetricStatistics
and their neighbours).
"""

from __future__ import annotations

import json
from hashlib import md5
from typing import TYPE_CHECKING, Any

from backup_simulator.errors import Refused
from backup_simulator.eventbridge import Rule
from backup_simulator.model import Caller
from backup_simulator.surroundings import RDS_QUOTAS, StackRecord

if TYPE_CHECKING:
    from backup_simulator.world import World


class WatchingCalls:
    """The operations that look and change nothing."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.operations = {
            ("cloudformation", "DescribeStacks"): self._describe_stacks,
            ("cloudformation", "ListStackResources"): self._list_stack_resources,
            ("events", "DescribeRule"): self._describe_rule,
            ("events", "ListTargetsByRule"): self._list_targets,
            ("events", "DescribeEventBus"): self._describe_bus,
            ("sqs", "GetQueueAttributes"): self._get_queue_attributes,
            ("lambda", "ListEventSourceMappings"): self._list_mappings,
            ("scheduler", "GetSchedule"): self._get_schedule,
            ("cloudwatch", "GetMetricStatistics"): self._get_metric_statistics,
            ("service-quotas", "ListServiceQuotas"): self._list_quotas,
        }

    def _stack(self, caller: Caller, region: str, name: str) -> StackRecord:
        wanted = name.split("/")[1] if name.startswith("arn:") else name
        stack = self._world.surroundings.stacks.get((caller.account, region, wanted))
        if stack is None:
            raise Refused("ValidationError", f"Stack with id {name} does not exist")
        return stack

    def _describe_stacks(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        if "StackName" in request:
            return {"Stacks": [_stack_reply(self._stack(caller, region, request["StackName"]))]}
        found = self._world.surroundings.stacks.values()
        here = [each for each in found if (each.account, each.region) == (caller.account, region)]
        return {"Stacks": [_stack_reply(each) for each in here]}

    def _list_stack_resources(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        stack = self._stack(caller, region, request["StackName"])
        return {
            "StackResourceSummaries": [
                {
                    "LogicalResourceId": each.logical_id,
                    "PhysicalResourceId": each.physical_id,
                    "ResourceType": each.kind,
                    "LastUpdatedTimestamp": stack.created_at,
                    "ResourceStatus": "CREATE_COMPLETE",
                }
                for each in stack.resources
            ]
        }

    def _rule(self, caller: Caller, region: str, name: str, bus: str) -> Rule:
        for rule in self._world.events.rules[caller.account, region, bus]:
            if rule.name == name:
                return rule
        raise Refused("ResourceNotFoundException", f"Rule {name} does not exist on EventBus {bus}.")

    def _describe_rule(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        bus = request.get("EventBusName", "default")
        rule = self._rule(caller, region, request["Name"], bus)
        return {
            "Name": rule.name,
            "Arn": f"arn:aws:events:{region}:{caller.account}:rule/{rule.name}",
            "EventPattern": json.dumps(rule.pattern),
            "State": "ENABLED" if rule.enabled else "DISABLED",
            "EventBusName": bus,
        }

    def _list_targets(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        rule = self._rule(caller, region, request["Rule"], request.get("EventBusName", "default"))
        return {
            "Targets": [
                {
                    "Id": target.id,
                    "Arn": target.arn,
                    **({"RoleArn": target.role_arn} if target.role_arn else {}),
                    **({"DeadLetterConfig": {"Arn": target.dead_letter_arn}} if target.dead_letter_arn else {}),
                }
                for target in rule.targets
            ]
        }

    def _describe_bus(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        name = request.get("Name", "default")
        statements = self._world.events.policies[caller.account, region, name]
        policy = {"Policy": json.dumps({"Version": "2012-10-17", "Statement": statements})} if statements else {}
        return {"Name": name, "Arn": f"arn:aws:events:{region}:{caller.account}:event-bus/{name}", **policy}

    def _get_queue_attributes(self, _caller: Caller, _region: str, request: dict[str, Any]) -> dict[str, Any]:
        queue = self._world.queues_by_url.get(request["QueueUrl"])
        if queue is None:
            raise Refused("AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.")
        now = self._world.now()
        messages = queue.messages.values()
        visible = sum(message.visible_at <= now for message in messages)
        known = {
            "QueueArn": queue.arn,
            "VisibilityTimeout": str(int(queue.visibility.total_seconds())),
            "MessageRetentionPeriod": str(int(queue.retention.total_seconds())),
            "ApproximateNumberOfMessages": str(visible),
            "ApproximateNumberOfMessagesNotVisible": str(len(messages) - visible),
            "ApproximateNumberOfMessagesDelayed": "0",
        }
        wanted = request.get("AttributeNames", [])
        return {"Attributes": {name: value for name, value in known.items() if "All" in wanted or name in wanted}}

    def _list_mappings(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        """Of queues of the account and Region; a queue has one here."""
        here = f":{region}:{caller.account}:"
        return {
            "EventSourceMappings": [
                {
                    "EventSourceArn": queue.arn,
                    "FunctionArn": queue.mapping.function,
                    "BatchSize": queue.mapping.batch_size,
                    "State": "Enabled" if queue.mapping.enabled else "Disabled",
                }
                for queue in self._world.queues.values()
                if queue.mapping and here in queue.arn and request.get("EventSourceArn") in (None, queue.arn)
            ]
        }

    def _get_schedule(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        schedule = self._world.surroundings.schedules.get((caller.account, region, request["Name"]))
        if schedule is None:
            raise Refused("ResourceNotFoundException", f"Schedule {request['Name']} does not exist.", 404)
        return {
            "Name": schedule.name,
            "Arn": schedule.arn,
            "GroupName": "default",
            "ScheduleExpression": schedule.expression,
            "State": "ENABLED" if schedule.enabled else "DISABLED",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {"Arn": schedule.target_arn, "RoleArn": f"arn:aws:iam::{caller.account}:role/{schedule.name}"},
        }

    def _get_metric_statistics(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        dimensions = frozenset((each["Name"], each["Value"]) for each in request.get("Dimensions", []))
        metric = (request["Namespace"], request["MetricName"], dimensions)
        measured = self._world.surroundings.metrics.get((caller.account, region, metric), [])
        found = [each for each in measured if request["StartTime"] <= each.at < request["EndTime"]]
        total = {"Timestamp": request["StartTime"], "Sum": sum(each.value for each in found), "Unit": "Count"}
        return {"Label": request["MetricName"], "Datapoints": [total] if found else []}

    def _list_quotas(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        if request["ServiceCode"] != "rds":
            raise Refused("NoSuchResourceException", f"The service {request['ServiceCode']} does not exist.")
        given = self._world.surroundings.quotas.items()
        here = {name: value for (account, at, name), value in given if (account, at) == (caller.account, region)}
        values = RDS_QUOTAS | here
        return {
            "Quotas": [
                {
                    "ServiceCode": "rds",
                    "QuotaCode": f"L-{md5(name.encode(), usedforsecurity=False).hexdigest()[:8].upper()}",
                    "QuotaName": name,
                    "Value": value,
                    "Adjustable": True,
                }
                for name, value in values.items()
            ]
        }


def _stack_reply(stack: StackRecord) -> dict[str, Any]:
    return {
        "StackId": stack.arn,
        "StackName": stack.name,
        "Description": stack.description,
        "Parameters": [{"ParameterKey": name, "ParameterValue": value} for name, value in stack.parameters.items()],
        "Outputs": [{"OutputKey": name, "OutputValue": value} for name, value in stack.outputs.items()],
        "CreationTime": stack.created_at,
        "StackStatus": stack.status,
    }
