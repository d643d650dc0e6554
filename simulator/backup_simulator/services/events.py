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
from backup_simulator.eventbridge import Bus, EventBridge, Rule, RuleTarget
from backup_simulator.faults import FaultPlan
from backup_simulator.ground import Ground
from backup_simulator.model import Caller, Operation
from backup_simulator.regions import partition_of
from backup_simulator.services.members import check_entries

DEFAULT, STATES, MOST_ENTRIES = "default", ("ENABLED", "DISABLED"), 10
# What each event needs (API_PutEventsRequestEntry).
NEEDED = ("Source", "DetailType", "Detail")
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
        if len(request["Entries"]) > MOST_ENTRIES:
            raise Refused("ValidationException", f"At most {MOST_ENTRIES} entries can be put at once.")
        entries = []
        for entry in request["Entries"]:
            if problem := _problem(entry):
                entries.append(problem)
                continue
            bus = self._bus(caller, region, entry)
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
            self._buses.put(bus, event, hops=0)
            entries.append({"EventId": event["id"]})
        return {"Entries": entries, "FailedEntryCount": sum("ErrorCode" in entry for entry in entries)}

    def _put_rule(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        """A rule with an event pattern. An existing one keeps its targets. Raises NotModelled for a schedule."""
        if "EventPattern" not in request:
            raise NotModelled("PutRule without EventPattern is not modelled")
        name, bus = request["Name"], self._bus(caller, region, request)
        kept = next((each.targets for each in self._buses.rules[bus] if each.name == name), ())
        state = request.get("State", "ENABLED")
        if state not in STATES:
            raise NotModelled(f"PutRule with the state {state} is not modelled")
        pattern = _pattern(request["EventPattern"])
        self._buses.add(bus, Rule(name=name, pattern=pattern, targets=kept, enabled=state == "ENABLED"))
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
        bus = self._bus(caller, region, request)
        rule = self._rule(bus, request["Rule"])
        self._buses.add(bus, replace(rule, targets=changed(rule.targets)))

    def _delete_rule(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        """A rule that still has targets is not deleted. One that does not exist is no error."""
        bus = self._bus(caller, region, request)
        if any(each.name == request["Name"] and each.targets for each in self._buses.rules[bus]):
            raise Refused("ValidationException", "Rule can't be deleted since it has targets.")
        self._buses.remove(bus, request["Name"])
        return {}

    def _bus(self, caller: Caller, region: str, request: dict[str, Any], member: str = "EventBusName") -> Bus:
        """The bus that a request names, by its name or ARN; without one the default bus. Raises Refused."""
        name = request.get(member, DEFAULT)
        bus = (caller.account, region, name)
        if name.startswith("arn:"):
            _, _, _, region_of_bus, account, resource = name.split(":", 5)
            bus = (account, region_of_bus, resource.removeprefix("event-bus/"))
        if bus[:2] != (caller.account, region):
            raise NotModelled(f"the event bus of another account or Region is not modelled: {name}")
        if bus[2] != DEFAULT and not self._buses.rules.get(bus) and not self._buses.policies.get(bus):
            raise Refused("ResourceNotFoundException", f"Event bus {bus[2]} does not exist.")
        return bus

    def _rule(self, bus: Bus, name: str) -> Rule:
        for rule in self._buses.rules[bus]:
            if rule.name == name:
                return rule
        raise Refused("ResourceNotFoundException", f"Rule {name} does not exist on EventBus {bus[2]}.")

    def _describe_rule(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        bus = self._bus(caller, region, request)
        rule = self._rule(bus, request["Name"])
        return {
            "Name": rule.name,
            "Arn": f"arn:aws:events:{region}:{caller.account}:rule/{rule.name}",
            "EventPattern": json.dumps(rule.pattern),
            "State": "ENABLED" if rule.enabled else "DISABLED",
            "EventBusName": bus[2],
        }

    def _list_targets(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        rule = self._rule(self._bus(caller, region, request), request["Rule"])
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
        bus = self._bus(caller, region, request, "Name")
        name, statements = bus[2], self._buses.policies[bus]
        policy = {"Policy": json.dumps({"Version": "2012-10-17", "Statement": statements})} if statements else {}
        return {"Name": name, "Arn": f"arn:aws:events:{region}:{caller.account}:event-bus/{name}", **policy}


def _problem(entry: dict[str, Any]) -> dict[str, str] | None:
    """Why EventBridge does not take an entry; it takes the others."""
    if missing := [name for name in NEEDED if not entry.get(name)]:
        text = f"Parameter {missing[0]} is not valid. Reason: {missing[0]} is a required argument."
        return {"ErrorCode": "InvalidArgument", "ErrorMessage": text}
    try:
        detail = json.loads(entry["Detail"])
    except ValueError:
        detail = None
    return (
        None if isinstance(detail, dict) else {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
    )


def _pattern(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise Refused("InvalidEventPatternException", f"Event pattern is not valid. Reason: {error}") from error
    if not isinstance(found, dict):
        raise Refused("InvalidEventPatternException", "Event pattern is not valid. Reason: Filter is not an object")
    return found
