"""Entry point of the sweep, which a schedule invokes."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from secondhop.bootstrap.base import Handler, Runtime, on_lambda
from secondhop.bootstrap.sweep import build_sweep


def build(runtime: Runtime) -> Handler:
    """The handler over its runtime. Raises SettingsError."""
    sweep = build_sweep(runtime)
    environ = runtime.environ
    service = environ.get("POWERTOOLS_SERVICE_NAME", "secondhop")
    logger = Logger(service=service, level=environ.get("POWERTOOLS_LOG_LEVEL", "INFO"))
    metrics = Metrics(namespace=environ.get("POWERTOOLS_METRICS_NAMESPACE", "SecondHop"), service=service)

    @logger.inject_lambda_context
    @metrics.log_metrics
    def handle(_event: dict[str, Any], _context: Any) -> dict[str, Any]:
        swept = sweep()
        if swept.skipped is None:
            # The alarms "sweep has not run" and "no pass was finished" treat missing data as breaching.
            metrics.add_metric(name="SweepCompleted", unit=MetricUnit.Count, value=1)
            metrics.add_metric(name="ArrivalsMissed", unit=MetricUnit.Count, value=swept.missing)
            metrics.add_metric(name="FirstHopsFailed", unit=MetricUnit.Count, value=swept.failed_first_hops)
            metrics.add_metric(name="SweepProblems", unit=MetricUnit.Count, value=len(swept.problems))
        if swept.is_whole:
            metrics.add_metric(name="SweepPassCompleted", unit=MetricUnit.Count, value=1)
        for problem in swept.problems:
            logger.error("the sweep could not read something, and went on", reason=problem)
        logger.info("swept", **asdict(swept))
        return asdict(swept)

    return handle


lambda_handler = on_lambda(build)
