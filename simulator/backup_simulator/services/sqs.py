"""SQS: messages are sent, received and deleted, and queues described. The queues themselves are in `queues`."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from backup_simulator.errors import Refused
from backup_simulator.faults import FaultPlan
from backup_simulator.ground import Ground
from backup_simulator.model import Caller, Operation
from backup_simulator.queues import Queue, Queues, md5_of


class Sqs:
    """The queues of a world, as callers use them."""

    def __init__(self, ground: Ground, queues: Queues, faults: FaultPlan) -> None:
        self._ground = ground
        self._queues = queues
        self._faults = faults
        self.operations: dict[str, Operation] = {
            "SendMessage": self._send,
            "SendMessageBatch": self._send_batch,
            "ReceiveMessage": self._receive,
            "DeleteMessage": self._delete,
            "GetQueueAttributes": self._get_queue_attributes,
        }

    def _queue(self, request: dict[str, Any]) -> Queue:
        queue = self._queues.by_url.get(request["QueueUrl"])
        if queue is None:
            raise Refused("AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.")
        return queue

    def _send(self, _caller: Caller, _region: str, request: dict[str, Any]) -> dict[str, Any]:
        body, attributes = request["MessageBody"], request.get("MessageAttributes")
        message_id = self._queue(request).send(body, attributes, request.get("DelaySeconds", 0))
        return {"MessageId": message_id, "MD5OfMessageBody": md5_of(body)}

    def _send_batch(self, _caller: Caller, _region: str, request: dict[str, Any]) -> dict[str, Any]:
        return self._queue(request).send_batch(
            request["Entries"], lambda: self._faults.entry_refusal("sqs", "SendMessageBatch")
        )

    def _receive(self, _caller: Caller, _region: str, request: dict[str, Any]) -> dict[str, Any]:
        messages = self._queue(request).receive(request.get("MaxNumberOfMessages", 1))
        return {
            "Messages": [
                {
                    "MessageId": message.id,
                    "ReceiptHandle": message.receipt,
                    "Body": message.body,
                    "MD5OfBody": md5_of(message.body),
                    "MessageAttributes": deepcopy(message.attributes),
                }
                for message in messages
            ]
        }

    def _delete(self, _caller: Caller, _region: str, request: dict[str, Any]) -> dict[str, Any]:
        self._queue(request).delete(request["ReceiptHandle"])
        return {}

    def _get_queue_attributes(self, _caller: Caller, _region: str, request: dict[str, Any]) -> dict[str, Any]:
        queue = self._queue(request)
        now = self._ground.now()
        messages = queue.messages.values()
        visible = sum(message.visible_at <= now for message in messages)
        known = {
            "QueueArn": queue.arn,
            "VisibilityTimeout": str(int(queue.visibility.total_seconds())),
            "MessageRetentionPeriod": str(int(queue.retention.total_seconds())),
            "ApproximateNumberOfMessages": str(visible),
            "ApproximateNumberOfMessagesNotVisible": str(len(messages) - visible),
            "ApproximateNumberOfMessagesDelayed": "0",
        }
        wanted = request.get("AttributeNames", [])
        return {"Attributes": {name: value for name, value in known.items() if "All" in wanted or name in wanted}}
