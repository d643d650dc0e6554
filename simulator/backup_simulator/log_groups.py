"""CloudWatch Logs, as far as rules of EventBridge write to it: groups, resource policies and metric filters.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html and
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html. Of filter patterns only equalities
of JSON fields are known; others are refused by name.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from backup_simulator.errors import NotModelled
from backup_simulator.model import site_of
from backup_simulator.policy import decide
from backup_simulator.policy_checks import Kind, check_policy

EVENTS = "events.amazonaws.com"
CREATING, WRITING = "logs:CreateLogStream", "logs:PutLogEvents"
EQUALITY = re.compile(r'\s*\$((?:\.\w+)+)\s*=\s*"([^"*]*)"\s*')
# Account, Region, namespace, name, dimensions, value.
Measure = Callable[[str, str, str, str, Mapping[str, str], float], None]


@dataclass(frozen=True, kw_only=True)
class MetricFilter:
    """Counts a value for each matching line of a group. A dimension's value is a field of the line."""

    pattern: str
    namespace: str
    name: str
    value: float
    dimensions: Mapping[str, str]

    def __post_init__(self) -> None:
        _equalities(self.pattern)
        if unknown := [path for path in self.dimensions.values() if not path.startswith("$.")]:
            raise NotModelled(f"the dimension {', '.join(unknown)} of a metric filter is no field of a line")


@dataclass(kw_only=True)
class LogGroups:
    """All log groups of a world, by their ARNs without the last `:*`."""

    measure: Measure
    lines: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    filters: dict[str, list[MetricFilter]] = field(default_factory=lambda: defaultdict(list))
    policies: dict[tuple[str, str], dict[str, Any]] = field(default_factory=lambda: defaultdict(dict))
    """Resource policies of an account and Region, by name."""

    def create(self, arn: str) -> None:
        self.lines.setdefault(arn, [])

    def put_policy(self, account: str, region: str, name: str, document: dict[str, Any]) -> None:
        """A resource policy. Raises Refused or NotModelled."""
        check_policy(document, Kind.RESOURCE, "InvalidParameterException")
        self.policies[account, region][name] = deepcopy(document)

    def put_filter(self, arn: str, metric_filter: MetricFilter) -> None:
        if arn not in self.lines:
            raise ValueError(f"there is no log group {arn}")
        self.filters[arn].append(metric_filter)

    def deliver(self, arn: str, body: str, rule_arn: str) -> str | None:
        """Write an event of a rule into a group. Returns why EventBridge could not, or None."""
        refusal = self._refusal(arn, rule_arn)
        if refusal is None:
            self._write(arn, json.loads(body))
        return refusal

    def _refusal(self, arn: str, rule_arn: str) -> str | None:
        if arn not in self.lines:
            return "RESOURCE_NOT_FOUND"
        documents = list(self.policies[site_of(arn)].values())
        # That EventBridge names the rule when it creates a stream is documented nowhere.
        contexts = {CREATING: {}, WRITING: {"aws:SourceArn": rule_arn, "aws:SourceAccount": site_of(rule_arn)[0]}}
        asked: dict[str, Any] = {"resource": f"{arn}:log-stream:event", "principal": EVENTS}
        answers = {decide(documents, action=action, context=each, **asked) for action, each in contexts.items()}
        return None if answers == {"allow"} else "NO_PERMISSIONS"

    def _write(self, arn: str, line: dict[str, Any]) -> None:
        """Add a line to a group, and apply every filter of the group."""
        self.lines[arn].append(line)
        for each in self.filters[arn]:
            if all(_field(line, path) == wanted for path, wanted in _equalities(each.pattern)):
                found = {name: _field(line, path.removeprefix("$")) for name, path in each.dimensions.items()}
                if None not in found.values():
                    self.measure(*site_of(arn), each.namespace, each.name, found, each.value)


def _equalities(pattern: str) -> list[tuple[str, str]]:
    """The fields of a pattern such as `{ $.detail.status = "COMPLETED" && ... }`, with their values."""
    text = pattern.strip()
    parts = text[1:-1].split("&&") if text.startswith("{") and text.endswith("}") else [text]
    found = [EQUALITY.fullmatch(part) for part in parts]
    if not text.startswith("{") or None in found:
        raise NotModelled(f"the filter pattern {pattern!r} is not modelled")
    return [(each[1], each[2]) for each in found if each is not None]


def _field(line: Any, path: str) -> Any:
    for name in path.removeprefix(".").split("."):
        line = line.get(name) if isinstance(line, dict) else None
    return line
