"""Puts the world's events on ministack's event buses, and forwards events to other accounts and Regions.

ministack delivers a rule's events within one account and Region. This module forwards them as EventBridge does: once,
with their account and Region. The rule's role must be allowed to send them, and the receiving bus must accept them. The
target's dead-letter queue gets events that are not forwarded (userguide: eb-cross-account, eb-rule-dlq).
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from ministack.core.arn import parse_arn
from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import eventbridge

from backup_simulator.eventbridge import Bus, EventBridge
from backup_simulator.world import World

FORWARDED = "_Forwarded"


class OutsideBuses(EventBridge):
    """Puts events on ministack's buses, as unreliably as the world's settings say."""

    def put(self, bus: Bus, event: dict[str, Any], *, hops: int) -> None:  # noqa: ARG002 - it counts what it forwards itself
        """Put an event on a bus of ministack, which applies its rules."""
        account, region, name = bus
        record = {
            "EventId": event["id"],
            "Source": event["source"],
            "DetailType": event["detail-type"],
            "Detail": json.dumps(event["detail"]),
            "EventBusName": name,
            "Time": int(datetime.fromisoformat(event["time"]).timestamp()),
            "Resources": event["resources"],
            "Account": event["account"],
            "Region": event["region"],
        }
        with request_scope(account, region):
            eventbridge._events_log_list().append(record)
            eventbridge._dispatch_event(record)
            eventbridge._archive_event(record)


def forward_beyond(world: World) -> None:
    """Extend ministack's EventBridge to send events to buses of other accounts and Regions."""
    within = eventbridge._dispatch_to_event_bus

    def send(spec: Any, event: dict[str, Any], rule: dict[str, Any], path: set[str], text: str | None = None) -> None:
        here = (get_account_id(), get_region())
        if (spec.account_id, spec.region) == here:
            within(spec, event, rule, path, text)
            return
        key = eventbridge._rule_key(rule["Name"], rule.get("EventBusName", "default"))
        target = next(each for each in eventbridge._targets[key] if each["Arn"] == str(spec))
        receiver = (spec.account_id, spec.region, spec.resource.removeprefix("event-bus/"))
        refusal = _refusal(world, here, receiver, target.get("RoleArn"), was_forwarded=FORWARDED in event)
        if refusal is None:
            with request_scope(*receiver[:2]):
                eventbridge._dispatch_event({**event, "EventBusName": receiver[2], FORWARDED: True})
            return
        world.note("event dropped", *here, f"rule {rule['Name']} did not forward to {spec}: {refusal}")
        if dead_letters := (target.get("DeadLetterConfig") or {}).get("Arn"):
            view = eventbridge._pattern_event_view(event)
            eventbridge._dispatch_to_sqs(parse_arn(dead_letters), json.dumps(view.event_with_detail()))

    eventbridge._dispatch_to_event_bus = send


def _refusal(
    world: World, here: tuple[str, str], receiver: Bus, role_arn: str | None, *, was_forwarded: bool
) -> str | None:
    """Why EventBridge would not forward; None if it would."""
    with request_scope(*receiver[:2]):
        policy = eventbridge._event_bus_policies.get(receiver[2]) or {}
        exists = receiver[2] == "default" or receiver[2] in eventbridge._event_buses
    world.buses.policies[receiver] = [_with_principal(each) for each in policy.get("Statement", [])]
    role = world.roles.get(role_arn or "")
    bus_arn = f"arn:aws:events:{receiver[1]}:{receiver[0]}:event-bus/{receiver[2]}"
    if not exists:
        return "RESOURCE_NOT_FOUND"
    if role is None or not world.role_may(role, "events:PutEvents", bus_arn):
        return "NO_PERMISSIONS"
    return world.buses.refusal((*here, "default"), receiver, role_arn, hops=int(was_forwarded))


def _with_principal(statement: dict[str, Any]) -> dict[str, Any]:
    """PutPermission's principal is an account id. In a policy it is under `AWS`."""
    principal = statement.get("Principal")
    return {**statement, "Principal": {"AWS": principal}} if isinstance(principal, str) else statement
