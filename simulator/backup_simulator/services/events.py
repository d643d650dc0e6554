"""EventBridge: events are put on buses; rules, targets and bus policies are described.

API_PutEvents, API_DescribeRule, API_ListTargetsByRule, API_DescribeEventBus. How events travel is in `eventbridge`.
"""

from __future__ import annotations

import json
from typing import Any

from backup_simulator.errors import Refused
from backup_simulator.eventbridge import EventBridge, Rule
from backup_simulator.faults import FaultPlan
from backup_simulator.ground import Ground
from backup_simulator.model import Caller, Operation


class Events:
    """The event buses of a world, as callers use them. `accepted` holds the events of all accepted entries."""

    def __init__(self, ground: Ground, buses: EventBridge, faults: FaultPlan) -> None:
        self._ground = ground
        self._buses = buses
        self._faults = faults
        self.accepted: list[dict[str, Any]] = []
        self.operations: dict[str, Operation] = {
            "PutEvents": self._put_events,
            "DescribeRule": self._describe_rule,
            "ListTargetsByRule": self._list_targets,
            "DescribeEventBus": self._describe_bus,
        }

    def _put_events(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        entries = []
        for entry in request["Entries"]:
            if entry["Source"].startswith("aws."):
                entries.append({"ErrorCode": "NotAuthorizedForSourceException", "ErrorMessage": "Not authorized."})
                continue
            if refused := self._faults.entry_refusal("events", "PutEvents"):
                entries.append({"ErrorCode": refused.code, "ErrorMessage": refused.message})
                continue
            event = {
                "version": "0",
                "id": self._ground.make_id(),
                "detail-type": entry["DetailType"],
                "source": entry["Source"],
                "account": caller.account,
                "time": self._ground.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
                "region": region,
                "resources": entry.get("Resources", []),
                "detail": json.loads(entry["Detail"]),
            }
            self.accepted.append(event)
            self._buses.put((caller.account, region, entry.get("EventBusName", "default")), event, hops=0)
            entries.append({"EventId": event["id"]})
        return {"Entries": entries, "FailedEntryCount": sum("ErrorCode" in entry for entry in entries)}

    def _rule(self, caller: Caller, region: str, name: str, bus: str) -> Rule:
        for rule in self._buses.rules[caller.account, region, bus]:
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
        statements = self._buses.policies[caller.account, region, name]
        policy = {"Policy": json.dumps({"Version": "2012-10-17", "Statement": statements})} if statements else {}
        return {"Name": name, "Arn": f"arn:aws:events:{region}:{caller.account}:event-bus/{name}", **policy}
