"""EventBridge: events are put on buses; rules with targets are made, described and deleted; bus policies are described.

API_PutEvents, API_PutRule, API_PutTargets, API_RemoveTargets, API_DeleteRule, API_DescribeRule, API_ListTargetsByRule,
API_DescribeEventBus. How events travel is in `eventbridge`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from backup_simulator.errors import NotModelled, Refused
from backup_simulator.eventbridge import EventBridge, Rule, RuleTarget
from backup_simulator.faults import FaultPlan
from backup_simulator.ground import Ground
from backup_simulator.model import Caller, Operation
from backup_simulator.regions import partition_of
from backup_simulator.services.members import check_entries

Change = Callable[[tuple[RuleTarget, ...]], tuple[RuleTarget, ...]]


class Events:
    """The event buses of a world, as callers use them. `accepted` holds the events of all accepted entries."""

    def __init__(self, ground: Ground, buses: EventBridge, faults: FaultPlan) -> None:
        self._ground = ground
        self._buses = buses
        self._faults = faults
        self.accepted: list[dict[str, Any]] = []
        self.operations: dict[str, Operation] = {
            "PutEvents": self._put_events,
            "PutRule": self._put_rule,
            "PutTargets": self._put_targets,
            "RemoveTargets": self._remove_targets,
            "DeleteRule": self._delete_rule,
            "DescribeRule": self._describe_rule,
            "ListTargetsByRule": self._list_targets,
            "DescribeEventBus": self._describe_bus,
        }

    def _put_events(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        check_entries("events", "PutEvents", request)
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

    def _put_rule(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        """A rule with an event pattern. An existing one keeps its targets. Raises NotModelled for a schedule."""
        if "EventPattern" not in request:
            raise NotModelled("PutRule without EventPattern is not modelled")
        name, bus = request["Name"], (caller.account, region, request.get("EventBusName", "default"))
        kept = next((each.targets for each in self._buses.rules[bus] if each.name == name), ())
        enabled = request.get("State", "ENABLED") == "ENABLED"
        pattern = json.loads(request["EventPattern"])
        self._buses.add(bus, Rule(name=name, pattern=pattern, targets=kept, enabled=enabled))
        return {"RuleArn": f"arn:{partition_of(region)}:events:{region}:{caller.account}:rule/{name}"}

    def _put_targets(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        """Targets by their ids. Raises NotModelled for what a target may have beside its ARN and role."""
        new = []
        for each in request["Targets"]:
            if unknown := sorted(each.keys() - {"Id", "Arn", "RoleArn"}):
                raise NotModelled(f"a target with {', '.join(unknown)} is not modelled")
            new.append(RuleTarget(id=each["Id"], arn=each["Arn"], role_arn=each.get("RoleArn")))
        ids = {each.id for each in new}
        self._set_targets(caller, region, request, lambda old: (*(each for each in old if each.id not in ids), *new))
        return {"FailedEntryCount": 0, "FailedEntries": []}

    def _remove_targets(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        ids = request["Ids"]
        self._set_targets(caller, region, request, lambda old: tuple(each for each in old if each.id not in ids))
        return {"FailedEntryCount": 0, "FailedEntries": []}

    def _set_targets(self, caller: Caller, region: str, request: dict[str, Any], changed: Change) -> None:
        bus = request.get("EventBusName", "default")
        rule = self._rule(caller, region, request["Rule"], bus)
        self._buses.add((caller.account, region, bus), replace(rule, targets=changed(rule.targets)))

    def _delete_rule(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        """A rule that still has targets is not deleted. One that does not exist is no error."""
        bus = (caller.account, region, request.get("EventBusName", "default"))
        if any(each.name == request["Name"] and each.targets for each in self._buses.rules[bus]):
            raise Refused("ValidationException", "Rule can't be deleted since it has targets.")
        self._buses.remove(bus, request["Name"])
        return {}

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
