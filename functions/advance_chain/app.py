"""Entry point of the actor: a batch of the work queue, or one bare EventBridge event."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from secondhop.adapters.sites import LONGEST_CALL
from secondhop.adapters.sqs_work import HANDED_ON, read_work
from secondhop.application.report import Report
from secondhop.bootstrap.actor import ActorUseCases, build_actor
from secondhop.bootstrap.base import Handler, Runtime, on_lambda
from secondhop.domain.errors import MalformedError, SecondHopError, SilentError, TryAgainError

CALL_MILLISECONDS = round(LONGEST_CALL / timedelta(milliseconds=1))
# A record is begun only if one call may hang (27 s) and the rest of the work fits as well (3 s).
RECORD_MILLISECONDS = CALL_MILLISECONDS + 3_000
# It rests for a minute first, and for a quarter of an hour from the fifth time on: that is a day in all. After that the
# queue counts, and makes it a dead letter after five more tries.
MOST_HAND_ONS = 100
# Which metric a command counts in, where it has one.
COUNTED = {"StartCopy": "CopiesStarted", "ReleaseIntermediate": "IntermediatesReleased"}


class Door:
    """What is done with a record: it is taken, handed on, or refused."""

    def __init__(self, use_cases: ActorUseCases, logger: Logger, metrics: Metrics) -> None:
        self.use_cases = use_cases
        self.logger = logger
        self.metrics = metrics

    def take(self, body: object) -> Report:
        """Do a piece of work, and log the result."""
        report = self.use_cases.advance(read_work(body))
        tell(report, self.logger, self.metrics)
        return report

    def take_record(self, record: SQSRecord, lambda_context: Any) -> None:
        """Take a record of the queue. Raises SecondHopError for one that shall come back."""
        try:
            if lambda_context.get_remaining_time_in_millis() < RECORD_MILLISECONDS:
                self._hand_on(record, "too little time was left to begin it")
            else:
                self.use_cases.breaker.begin(lambda: _has_time(lambda_context))
                self._take_or_hand_on(record)
        except MalformedError as error:
            self.logger.warning("work cannot be read and goes to the dead-letter queue", reason=str(error))
            self.use_cases.dead_letters.send(record.body, reason=str(error))
            self.metrics.add_metric(name="EventsMalformed", unit=MetricUnit.Count, value=1)
        except SecondHopError as error:
            self.logger.warning("work is not done and comes back", reason=str(error), kind=type(error).__name__)
            raise

    def wake_waiting(self, lambda_context: Any) -> None:
        """Wake chains for the slots that came free. The work is done already, so a failure here is not one of it.

        What is not sent now is sent with the next batch, or by the next sweep, which wakes every lane.
        """
        if not self.use_cases.wakes.wanted:
            return
        if lambda_context.get_remaining_time_in_millis() < RECORD_MILLISECONDS:
            self.logger.info("too little time was left to wake chains that wait")
            return
        try:
            self.use_cases.wakes.send()
        except SecondHopError as error:
            self.logger.warning("chains that wait were not woken; the next sweep does it", reason=str(error))

    def _take_or_hand_on(self, record: SQSRecord) -> None:
        try:
            self.take(record.body)
        except SilentError as silence:
            # An outage lasts for hours, and the queue makes a dead letter of it within half an hour.
            self._hand_on(record, str(silence))

    def _hand_on(self, record: SQSRecord, why: str) -> None:
        """Put work back that cannot be done now. It is a new message then, and does not become a dead letter."""
        count = handed_on(record) + 1
        if count > MOST_HAND_ONS:
            raise TryAgainError(f"it was handed on {MOST_HAND_ONS} times; the last time {why}")
        self.use_cases.queue.hand_on(record.body, count=count)
        self.logger.info("work is handed on", reason=why, count=count)
        self.metrics.add_metric(name="WorkHandedOn", unit=MetricUnit.Count, value=1)


def _has_time(lambda_context: Any) -> bool:
    """Whether one more call may hang before the function times out."""
    return bool(lambda_context.get_remaining_time_in_millis() >= CALL_MILLISECONDS)


def build(runtime: Runtime) -> Handler:
    """The handler over its runtime. Raises SettingsError."""
    environ = runtime.environ
    service = environ.get("POWERTOOLS_SERVICE_NAME", "secondhop")
    logger = Logger(service=service, level=environ.get("POWERTOOLS_LOG_LEVEL", "INFO"))
    metrics = Metrics(namespace=environ.get("POWERTOOLS_METRICS_NAMESPACE", "SecondHop"), service=service)
    door = Door(build_actor(runtime), logger, metrics)
    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)

    @logger.inject_lambda_context
    @metrics.log_metrics
    def handle(event: dict[str, Any], context: Any) -> Any:
        # An event of EventBridge is never a batch, whatever else is in it.
        if "Records" in event and "detail-type" not in event:
            response = process_partial_response(
                event=event, record_handler=door.take_record, processor=processor, context=context
            )
            door.wake_waiting(context)
            return response
        report = door.take(event)
        door.wake_waiting(context)
        return answer(report)

    return handle


def handed_on(record: SQSRecord) -> int:
    """How often a message was handed on."""
    attribute = record.raw_event.get("messageAttributes", {}).get(HANDED_ON, {})
    count = attribute.get("stringValue") or "0"
    return int(count) if count.isdecimal() else 0


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
            rules=list(step.decision.rules),
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
            "rules": list(step.decision.rules),
            "reason": step.reason,
        }
        for step in report.steps
    ]
    return {"decisions": decisions, "ignored": report.ignored, "unreadable": list(report.unreadable)}


lambda_handler = on_lambda(build)
