"""Takes metrics out of the logs of functions, as CloudWatch does with its embedded metric format (EMF).

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from ministack.services import cloudwatch, lambda_svc

MARK = '"CloudWatchMetrics"'


def install() -> None:
    """Extend what ministack does with a function's log. It looks this function up for each invocation."""
    lambda_svc._emit_lambda_logs = _measuring(lambda_svc._emit_lambda_logs)


def _measuring(write_log: Callable[..., None]) -> Callable[..., None]:
    def write(func: dict[str, Any], request_id: str, log_text: str, *given: Any, **named: Any) -> None:
        write_log(func, request_id, log_text, *given, **named)
        for namespace, name, value, unit, dimensions in metrics_in(log_text or ""):
            cloudwatch.record_metric(namespace, name, value, unit, dimensions)

    return write


def metrics_in(log_text: str) -> Iterator[tuple[str, str, float, str, dict[str, str]]]:
    """Namespace, name, value, unit and dimensions of each metric in a log."""
    for line in log_text.splitlines():
        if MARK not in line:
            continue
        written = json.loads(line)
        for group in written["_aws"]["CloudWatchMetrics"]:
            for names in group["Dimensions"]:
                dimensions = {name: str(written[name]) for name in names}
                for metric in group["Metrics"]:
                    unit = metric.get("Unit", "None")
                    for value in _values(written[metric["Name"]]):
                        yield group["Namespace"], metric["Name"], value, unit, dimensions


def _values(written: Any) -> list[float]:
    return [float(each) for each in written] if isinstance(written, list) else [float(written)]
