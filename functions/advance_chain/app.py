"""The one actor's door: a batch of the work queue, or one bare EventBridge event."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from secondhop.adapters.sqs_work import read_work
from secondhop.application.report import Report
from secondhop.bootstrap import Handler, Runtime, install, on_lambda
from secondhop.domain.errors import MalformedError, SecondHopError

# Which metric a command counts in, where it has one.
COUNTED = {"StartCopy": "CopiesStarted", "ReleaseIntermediate": "IntermediatesReleased"}


def build(runtime: Runtime) -> Handler:
    """The handler over its runtime. Raises SettingsError."""
    installation = install(runtime)
    environ = runtime.environ
    service = environ.get("POWERTOOLS_SERVICE_NAME", "secondhop")
    logger = Logger(service=service, level=environ.get("POWERTOOLS_LOG_LEVEL", "INFO"))
    metrics = Metrics(namespace=environ.get("POWERTOOLS_METRICS_NAMESPACE", "SecondHop"), service=service)

    def take(body: object) -> Report:
        report = installation.advance(read_work(body))
        tell(report, logger, metrics)
        return report

    def take_record(record: SQSRecord) -> None:
        try:
            take(record.body)
        except MalformedError as error:
            logger.warning("work cannot be read and goes to the dead-letter queue", reason=str(error))
            installation.dead_letters.bury(record.body, reason=str(error))
            metrics.add_metric(name="EventsMalformed", unit=MetricUnit.Count, value=1)
        except SecondHopError as error:
            logger.warning("work is not done and comes back", reason=str(error), kind=type(error).__name__)
            raise

    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)

    @logger.inject_lambda_context
    @metrics.log_metrics
    def handle(event: dict[str, Any], context: Any) -> Any:
        if "Records" in event:
            return process_partial_response(
                event=event, record_handler=take_record, processor=processor, context=context
            )
        return answer(take(event))

    return handle


def tell(report: Report, logger: Logger, metrics: Metrics) -> None:
    """One line and a count for each decision, or for what was ignored."""
    if report.ignored is not None:
        logger.info("ignored", reason=report.ignored)
        metrics.add_metric(name="EventsIgnored", unit=MetricUnit.Count, value=1)
    for reason in report.unreadable:
        # An alarm is on this metric. The work is done with: the sweep brings it again as long as it is due.
        logger.warning("an item cannot be read, and nothing is done for it", reason=reason)
        metrics.add_metric(name="ItemsUnreadable", unit=MetricUnit.Count, value=1)
    for step in report.steps:
        logger.info(
            "decision",
            chain=str(step.chain.key),
            database=step.chain.database,
            before=step.before,
            after=step.after,
            commands=list(step.commands),
            reason=step.reason,
        )
        metrics.add_metric(name="Decisions", unit=MetricUnit.Count, value=1)
        for name in metrics_of(step.before, step.after, step.commands):
            metrics.add_metric(name=name, unit=MetricUnit.Count, value=1)


def metrics_of(before: str | None, after: str, commands: tuple[str, ...]) -> list[str]:
    """The names of what a decision counts in."""
    names = [COUNTED[command] for command in commands if command in COUNTED]
    if before is None:
        names.append("ChainsOpened")
    if after == "STRANDED" and before != "STRANDED":
        names.append("ChainsStranded")
    if before == "VERIFYING" and after in ("COMPLETE", "RELEASING"):
        names.append("ArrivalsVerified")
    return names


def answer(report: Report) -> dict[str, Any]:
    """The answer to a bare event: what was decided, or why nothing was."""
    decisions = [
        {
            "chain": str(step.chain.key),
            "before": step.before,
            "after": step.after,
            "commands": list(step.commands),
            "reason": step.reason,
        }
        for step in report.steps
    ]
    return {"decisions": decisions, "ignored": report.ignored, "unreadable": list(report.unreadable)}


lambda_handler = on_lambda(build)
