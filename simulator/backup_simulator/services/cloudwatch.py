"""CloudWatch: metrics and their sums (API_GetMetricStatistics)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from backup_simulator.ground import Ground
from backup_simulator.model import Caller, Operation

Metric = tuple[str, str, frozenset[tuple[str, str]]]
"""Namespace, name, and dimensions."""


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One value of a CloudWatch metric."""

    at: datetime
    value: float


class CloudWatch:
    """The metrics of a world, by account, Region and metric."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self.metrics: dict[tuple[str, str, Metric], list[Measurement]] = defaultdict(list)
        self.operations: dict[str, Operation] = {"GetMetricStatistics": self._get_metric_statistics}

    def measure(
        self, account: str, region: str, namespace: str, name: str, dimensions: Mapping[str, str], value: float
    ) -> None:
        """A value of a metric, of this moment."""
        metric = (namespace, name, frozenset(dimensions.items()))
        self.metrics[account, region, metric].append(Measurement(at=self._ground.now(), value=value))

    def _get_metric_statistics(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        dimensions = frozenset((each["Name"], each["Value"]) for each in request.get("Dimensions", []))
        metric = (request["Namespace"], request["MetricName"], dimensions)
        measured = self.metrics.get((caller.account, region, metric), [])
        found = [each for each in measured if request["StartTime"] <= each.at < request["EndTime"]]
        total = {"Timestamp": request["StartTime"], "Sum": sum(each.value for each in found), "Unit": "Count"}
        return {"Label": request["MetricName"], "Datapoints": [total] if found else []}
