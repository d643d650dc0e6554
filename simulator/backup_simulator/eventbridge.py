"""EventBridge: buses, rules, targets, and delivery as unreliable as the world's settings say.

Forwarded events keep their account and Region; a bus does not pass them on to a third account or Region
(https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-account.html).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from backup_simulator.access import Access
from backup_simulator.errors import NotModelled
from backup_simulator.event_shapes import stamp
from backup_simulator.functions import Functions
from backup_simulator.ground import Ground
from backup_simulator.identity import Identity
from backup_simulator.log_groups import LogGroups
from backup_simulator.matching import EventPattern, fields_of
from backup_simulator.policy import decide
from backup_simulator.queues import Queues
from backup_simulator.regions import OPT_IN, partition_of
from backup_simulator.rule_index import RuleIndex

Bus = tuple[str, str, str]
# The share of duplicates that are separate events with their own id.
ANOTHER_EVENT = 0.5


@dataclass(frozen=True, kw_only=True)
class RuleTarget:
    """Where a rule sends what it matches: the ARN of a queue, an event bus, a log group or a function."""

    id: str
    arn: str
    role_arn: str | None = None
    dead_letter_arn: str | None = None


@dataclass(kw_only=True)
class Rule:
    """A rule on a bus. Raises Refused or NotModelled for a pattern that cannot be evaluated."""

    name: str
    pattern: dict[str, Any]
    targets: tuple[RuleTarget, ...]
    enabled: bool = True
    reads: EventPattern = field(init=False)

    def __post_init__(self) -> None:
        self.reads = EventPattern(self.pattern)


@dataclass(kw_only=True)
class EventBridge:
    """All buses of a world."""

    ground: Ground
    identity: Identity
    access: Access
    queues: Queues
    logs: LogGroups
    functions: Functions = field(init=False)
    rules: dict[Bus, list[Rule]] = field(default_factory=lambda: defaultdict(list))
    policies: dict[Bus, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    emit_listeners: list[Callable[[dict[str, Any]], None]] = field(default_factory=list)
    _indexes: dict[Bus, RuleIndex[Rule]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.functions = Functions(self.ground)

    def emit(self, account: str, region: str, detail_type: str, resources: list[str], detail: dict[str, Any]) -> None:
        """Emit an event of AWS Backup: in batches, best effort, at least once if it is delivered at all."""
        event = {
            "version": "0",
            "id": self.ground.make_id(),
            "detail-type": detail_type,
            "source": "aws.backup",
            "account": account,
            "time": stamp(self.ground.clock.now)[:19] + "Z",
            "region": region,
            "resources": resources,
            "detail": detail,
        }
        for listener in self.emit_listeners:
            listener(event)
        chance, delivery = self.ground.random.random, self.ground.delivery
        copies = 1 + (chance() < delivery.duplicate)
        for number in range(copies):
            if chance() < delivery.loss:
                self.ground.note("event lost", account, region, f"{detail_type} lost", event=deepcopy(event))
                continue
            delay = delivery.batch * chance()
            if chance() < delivery.reorder:
                delay += delivery.batch * (1 + 3 * chance())
            # "At least once": the same event again, or another event with the same content.
            is_another = number > 0 and chance() < ANOTHER_EVENT
            sent = event if number == 0 else deepcopy(event)
            if is_another:
                sent["id"] = self.ground.make_id()
            self.ground.clock.after(delay, partial(self.put, (account, region, "default"), sent, hops=0))

    def put(self, bus: Bus, event: dict[str, Any], *, hops: int) -> None:
        """Put an event on a bus. Every matching rule sends it to its targets."""
        rules = self.rules[bus]
        if not rules:
            return
        index = self._indexes.get(bus)
        if index is None or index.size != len(rules):
            index = self._indexes[bus] = RuleIndex(rules)
        fields = fields_of(event)
        matched = [rule for rule in index.candidates(fields) if rule.enabled and rule.reads.matches(fields)]
        if not matched:
            return
        body = json.dumps(event)
        for number, rule in enumerate(matched):
            # Each trace line has its own copy of the event, so that a reader cannot change an event in delivery.
            own = event if number == 0 else json.loads(body)
            self.ground.note("event", bus[0], bus[1], f"rule {rule.name} matched", rule=rule.name, event=own)
            for target in rule.targets:
                self._send(bus, body, rule, target, hops)

    def add(self, bus: Bus, rule: Rule) -> None:
        """Put a rule on a bus, in place of one with its name. Raises NotModelled for a target that is not modelled."""
        for target in rule.targets:
            self._check_target(bus, target)
        others = [each for each in self.rules[bus] if each.name != rule.name]
        self.rules[bus][:] = [*others, rule]
        self._indexes.pop(bus, None)

    def remove(self, bus: Bus, name: str) -> None:
        """Remove a rule from a bus, if it is there."""
        self.rules[bus][:] = [each for each in self.rules[bus] if each.name != name]
        self._indexes.pop(bus, None)

    def _check_target(self, bus: Bus, target: RuleTarget) -> None:
        service, region = (*target.arn.split(":"), "", "", "", "")[2:4]
        if service not in ("sqs", "events", "logs", "lambda"):
            raise NotModelled(f"a rule's target of service {service or '?'} is not modelled: {target.arn}")
        if service == "lambda" and target.arn not in self.functions.by_arn:
            raise NotModelled(f"there is no function {target.arn}: make it with Site.create_function")
        if service == "lambda" and region != bus[1]:
            raise NotModelled(f"a rule's target in another Region is an event bus, not {target.arn}")

    def _send(self, bus: Bus, body: str, rule: Rule, target: RuleTarget, hops: int) -> None:
        match target.arn.split(":")[2]:
            case "sqs" if target.arn in self.queues.by_arn and self._may_send(bus, rule, target):
                self.queues.send(target.arn, body)
            case "events":
                self._forward(bus, json.loads(body), target, hops)
            case "logs":
                self._write(bus, body, rule, target)
            case "lambda" if self._may_invoke(bus, target):
                self.functions.invoke(target.arn, body)
            case service:
                is_missing = service == "sqs" and target.arn not in self.queues.by_arn
                reason = "the queue does not exist" if is_missing else "NO_PERMISSIONS"
                self._drop(bus, body, target, f"not sent to {target.arn}: {reason}")

    def _may_send(self, bus: Bus, rule: Rule, target: RuleTarget) -> bool:
        """A queue that a caller made must admit EventBridge (eb-use-resource-based). Others belong to the test."""
        queue = self.queues.by_arn[target.arn]
        if not queue.is_made_by_caller:
            return True
        context = {"aws:SourceArn": _rule_arn(bus, rule), "aws:SourceAccount": bus[0]}
        policies = [] if queue.policy is None else [queue.policy]
        verdict = decide(
            policies, action="sqs:SendMessage", resource=target.arn, context=context, principal="events.amazonaws.com"
        )
        return verdict == "allow"

    def _may_invoke(self, bus: Bus, target: RuleTarget) -> bool:
        """A function of another account needs a role that may invoke it (EventBridge eb-service-cross-account)."""
        if target.arn.split(":")[4] == bus[0]:
            return True
        role = self.identity.roles.get(target.role_arn or "")
        return role is not None and self.access.role_may(role, "lambda:InvokeFunction", target.arn)

    def _drop(self, bus: Bus, body: str, target: RuleTarget, text: str) -> None:
        """Not delivered: a line of the trace, and a message in the target's dead-letter queue."""
        self.ground.note("event dropped", bus[0], bus[1], text, event=json.loads(body))
        if target.dead_letter_arn:
            self.queues.send(target.dead_letter_arn, body)

    def _write(self, bus: Bus, body: str, rule: Rule, target: RuleTarget) -> None:
        refusal = self.logs.deliver(target.arn, body, _rule_arn(bus, rule))
        if refusal is not None:
            self._drop(bus, body, target, f"not written to {target.arn}: {refusal}")

    def _forward(self, bus: Bus, event: dict[str, Any], target: RuleTarget, hops: int) -> None:
        _, _, _, region, account, resource = target.arn.split(":", 5)
        receiver = (account, region, resource.removeprefix("event-bus/"))
        refusal = self.refusal(bus, receiver, target.role_arn, hops=hops)
        if refusal is None:
            self.ground.clock.after(timedelta(seconds=1), lambda: self.put(receiver, event, hops=hops + 1))
            return
        self._drop(bus, json.dumps(event), target, f"not forwarded to {target.arn}: {refusal}")

    def refusal(self, bus: Bus, receiver: Bus, role_arn: str | None, *, hops: int) -> str | None:
        """Why a bus would not forward to another one, with EventBridge's name for it; None if it would."""
        account, region, _ = receiver
        if hops:
            return "THIRD_ACCOUNT_HOP_DETECTED" if account != bus[0] else "THIRD_REGION_HOP_DETECTED"
        if account != bus[0] and not self._admits(receiver, bus[0], role_arn):
            return "NO_PERMISSIONS"
        if region != bus[1] and region in OPT_IN and not self.ground.unknown.events_reach_opt_in_regions:
            return "CROSS_REGION_INGESTION_FAILED"
        return None

    def _admits(self, receiver: Bus, sender: str, role_arn: str | None) -> bool:
        """Cross-account bus targets need a role that may put events there, and the receiving bus's policy."""
        arn = f"arn:{partition_of(receiver[1])}:events:{receiver[1]}:{receiver[0]}:event-bus/{receiver[2]}"
        role = self.identity.roles.get(role_arn or "")
        if role_arn is None or role is None or not self.access.role_may(role, "events:PutEvents", arn):
            return False
        organization = self.identity.organization_of(sender)
        context = {"aws:PrincipalAccount": sender, "aws:PrincipalArn": role_arn, "aws:PrincipalOrgID": organization}
        context |= self.identity.about("events:PutEvents", arn, sender)
        document = {"Statement": self.policies[receiver]}
        return (
            decide([document], action="events:PutEvents", resource=arn, context=context, principal=role_arn) == "allow"
        )


def _rule_arn(bus: Bus, rule: Rule) -> str:
    name = rule.name if bus[2] == "default" else f"{bus[2]}/{rule.name}"
    return f"arn:{partition_of(bus[1])}:events:{bus[1]}:{bus[0]}:rule/{name}"
