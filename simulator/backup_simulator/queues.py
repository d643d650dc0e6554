"""SQS queues on the virtual clock, and Lambda's polling of them.

Delivery is at least once. A message that is not deleted becomes visible again after its visibility timeout. After more
receives than the redrive policy allows, it moves to the dead-letter queue.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from hashlib import md5
from itertools import count
from typing import Any

from backup_simulator.clock import Clock
from backup_simulator.errors import ProcessDied, Refused

MESSAGE_BYTES = 256 * 1024
BATCH_ENTRIES = 10
RECEIPT = re.compile(r"[0-9a-f]{32}:[0-9a-f-]{36}")


@dataclass(kw_only=True, slots=True)
class Message:
    """A message. Every receive moves `visible_at`."""

    id: str
    body: str
    attributes: dict[str, Any]
    sent_at: datetime
    visible_at: datetime
    receives: int = 0
    receipt: str = ""


@dataclass(kw_only=True)
class EventSourceMapping:
    """A function that Lambda invokes with what is on the queue, while it is enabled."""

    invoke: Callable[[dict[str, Any]], Any]
    batch_size: int
    reports_failures: bool
    function: str = ""
    enabled: bool = True


@dataclass(kw_only=True)
class Queue:
    """A standard queue."""

    name: str
    arn: str
    url: str
    region: str
    visibility: timedelta
    retention: timedelta
    dead_letter_arn: str | None
    max_receives: int
    clock: Clock
    make_id: Callable[[], str]
    dead_letters: Callable[[str], Queue]
    complain: Callable[[str], None]
    policy: dict[str, Any] | None = None
    """Of a queue that a caller made. EventBridge needs its permission to send events."""
    is_made_by_caller: bool = False
    messages: dict[str, Message] = field(default_factory=dict)
    mapping: EventSourceMapping | None = None
    # Ordered by the time of visibility. Messages that were deleted or received since are skipped.
    _hidden: list[tuple[datetime, int, Message]] = field(default_factory=list)
    _receipts: dict[str, Message] = field(default_factory=dict)
    _order: Iterator[int] = field(default_factory=count)

    def send(self, body: str, attributes: dict[str, Any] | None = None, delay_seconds: int = 0) -> str:
        """Put a message on the queue. Raises Refused for one that SQS would not accept."""
        if size_of(body, attributes) > MESSAGE_BYTES:
            raise Refused(
                "InvalidParameterValue", "One or more parameters are invalid. Reason: Message must be shorter."
            )
        now = self.clock.now
        message = Message(
            id=self.make_id(),
            body=body,
            attributes=deepcopy(attributes) if attributes else {},
            sent_at=now,
            visible_at=now + timedelta(seconds=delay_seconds),
        )
        self.messages[message.id] = message
        self._show_later(message)
        return message.id

    def send_batch(self, entries: list[dict[str, Any]], refusal: Callable[[], Refused | None]) -> dict[str, Any]:
        """Put messages on the queue, each accepted or refused by itself. Raises Refused for the whole batch.

        https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
        """
        _check_batch(entries)
        sent, failed = [], []
        for entry in entries:
            if refused := refusal():
                failure = {"Code": refused.code, "Message": refused.message, "SenderFault": False}
                failed.append({"Id": entry["Id"], **failure})
                continue
            body, attributes = entry["MessageBody"], entry.get("MessageAttributes")
            message_id = self.send(body, attributes, entry.get("DelaySeconds", 0))
            sent.append({"Id": entry["Id"], "MessageId": message_id, "MD5OfMessageBody": md5_of(body)})
        return {"Successful": sent, "Failed": failed}

    def _show_later(self, message: Message) -> None:
        heapq.heappush(self._hidden, (message.visible_at, next(self._order), message))
        self.clock.at(message.visible_at, self._poll)

    def receive(self, limit: int) -> list[Message]:
        """Take messages that are visible now, and hide them."""
        now = self.clock.now
        taken: list[Message] = []
        while len(taken) < limit and self._hidden and self._hidden[0][0] <= now:
            moment, _, message = heapq.heappop(self._hidden)
            if self.messages.get(message.id) is not message or message.visible_at != moment:
                continue
            if now - message.sent_at > self.retention:
                self._forget(message)
                continue
            message.receives += 1
            if self.dead_letter_arn and message.receives > self.max_receives:
                self._forget(message)
                self.dead_letters(self.dead_letter_arn).send(message.body, message.attributes)
                continue
            message.visible_at = now + self.visibility
            self._receipts.pop(message.receipt, None)
            message.receipt = f"{self._mark}{self.make_id()}"
            self._receipts[message.receipt] = message
            self._show_later(message)
            taken.append(message)
        return taken

    def delete(self, receipt: str) -> None:
        """Only the newest receipt of a message deletes it. Raises Refused for one that this queue never gave."""
        if RECEIPT.fullmatch(receipt) is None or not receipt.startswith(self._mark):
            raise Refused("ReceiptHandleIsInvalid", "The input receipt handle is invalid.")
        if (message := self._receipts.get(receipt)) is not None:
            self._forget(message)

    @cached_property
    def _mark(self) -> str:
        """The beginning of all receipts of this queue."""
        return f"{md5_of(self.arn)}:"

    def _forget(self, message: Message) -> None:
        self._receipts.pop(message.receipt, None)
        self.messages.pop(message.id, None)

    def _poll(self) -> None:
        """Poll as Lambda does: invoke the function with visible messages, and delete those that did not fail."""
        while self.mapping is not None and self.mapping.enabled and (batch := self.receive(self.mapping.batch_size)):
            try:
                answer = self.mapping.invoke({"Records": [self._record(each) for each in batch]})
            except (ProcessDied, Exception) as error:  # noqa: BLE001 - whatever it raises, the batch comes back
                self.complain(f"{self.name}: {type(error).__name__}: {error}")
                continue
            failed = self._failed(answer)
            for message in batch:
                if message.id not in failed:
                    self._forget(message)

    def _failed(self, answer: Any) -> set[str]:
        if self.mapping is None or not self.mapping.reports_failures or not isinstance(answer, dict):
            return set()
        return {each["itemIdentifier"] for each in answer.get("batchItemFailures", [])}

    def _record(self, message: Message) -> dict[str, Any]:
        return {
            "messageId": message.id,
            "receiptHandle": message.receipt,
            "body": message.body,
            "attributes": {
                "ApproximateReceiveCount": str(message.receives),
                "SentTimestamp": str(int(message.sent_at.timestamp() * 1000)),
            },
            "messageAttributes": {
                name: {
                    "stringValue": value.get("StringValue"),
                    "dataType": value.get("DataType"),
                    "stringListValues": [],
                    "binaryListValues": [],
                }
                for name, value in message.attributes.items()
            },
            "eventSource": "aws:sqs",
            "eventSourceARN": self.arn,
            "awsRegion": self.region,
        }


class Queues:
    """All queues of a world, by ARN and by URL."""

    def __init__(self) -> None:
        self.by_arn: dict[str, Queue] = {}
        self.by_url: dict[str, Queue] = {}

    def add(self, queue: Queue) -> None:
        self.by_arn[queue.arn] = self.by_url[queue.url] = queue

    def remove(self, queue: Queue) -> None:
        """Remove a queue with its messages."""
        del self.by_arn[queue.arn], self.by_url[queue.url]

    def send(self, queue_arn: str, body: str) -> None:
        """Put a message on a queue. Raises KeyError."""
        self.by_arn[queue_arn].send(body)


def _check_batch(entries: list[dict[str, Any]]) -> None:
    family = "AWS.SimpleQueueService"
    if not entries:
        raise Refused(f"{family}.EmptyBatchRequest", "There should be at least one entry.")
    if len(entries) > BATCH_ENTRIES:
        raise Refused(f"{family}.TooManyEntriesInBatchRequest", f"Maximum number of entries is {BATCH_ENTRIES}.")
    if len({entry["Id"] for entry in entries}) < len(entries):
        raise Refused(f"{family}.BatchEntryIdsNotDistinct", "Two or more batch entries have the same Id.")
    if sum(size_of(entry["MessageBody"], entry.get("MessageAttributes")) for entry in entries) > MESSAGE_BYTES:
        raise Refused(f"{family}.BatchRequestTooLong", f"Batch requests cannot be longer than {MESSAGE_BYTES} bytes.")


def size_of(body: str, attributes: dict[str, Any] | None) -> int:
    """The bytes of a message. "All parts of the message attribute, including Name, Type, and Value" count.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
    """
    parts = ((name, *(str(each) for each in value.values())) for name, value in (attributes or {}).items())
    return len(body.encode()) + sum(len(part.encode()) for each in parts for part in each)


def md5_of(body: str) -> str:
    """The digest that SQS answers for a message's body."""
    return md5(body.encode(), usedforsecurity=False).hexdigest()
