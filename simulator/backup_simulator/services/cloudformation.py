"""CloudFormation: the stacks that were deployed (API_DescribeStacks, API_ListStackResources)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from backup_simulator.errors import Refused
from backup_simulator.model import Caller, Operation


@dataclass(frozen=True, kw_only=True)
class StackResource:
    """A resource of a deployed stack."""

    logical_id: str
    physical_id: str
    kind: str


@dataclass(kw_only=True)
class StackRecord:
    """A CloudFormation stack, as DescribeStacks shows it."""

    name: str
    arn: str
    account: str
    region: str
    description: str
    created_at: datetime
    parameters: Mapping[str, str]
    outputs: dict[str, str]
    resources: Sequence[StackResource]
    status: str = "CREATE_COMPLETE"


class CloudFormation:
    """The stacks of a world, by account, Region and name."""

    def __init__(self) -> None:
        self.stacks: dict[tuple[str, str, str], StackRecord] = {}
        self.operations: dict[str, Operation] = {
            "DescribeStacks": self._describe_stacks,
            "ListStackResources": self._list_stack_resources,
        }

    def record(self, stack: StackRecord) -> None:
        """Keep a stack that has been deployed."""
        self.stacks[stack.account, stack.region, stack.name] = stack

    def _stack(self, caller: Caller, region: str, name: str) -> StackRecord:
        wanted = name.split("/")[1] if name.startswith("arn:") else name
        stack = self.stacks.get((caller.account, region, wanted))
        if stack is None:
            raise Refused("ValidationError", f"Stack with id {name} does not exist")
        return stack

    def _describe_stacks(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        if "StackName" in request:
            return {"Stacks": [_stack_reply(self._stack(caller, region, request["StackName"]))]}
        found = self.stacks.values()
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
