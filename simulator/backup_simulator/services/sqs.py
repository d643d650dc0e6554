"""SQS: queues are made, described and deleted, and messages sent, received and deleted. `queues` has the queues."""

from __future__ import annotations

from copy import deepcopy
from datetime import timedelta
from typing import Any

from backup_simulator.errors import NotModelled, Refused
from backup_simulator.faults import FaultPlan
from backup_simulator.ground import Ground
from backup_simulator.model import Caller, Operation
from backup_simulator.policy_checks import Kind, read_policy
from backup_simulator.queues import Queue, Queues, md5_of
from backup_simulator.regions import partition_of
from backup_simulator.services.members import check_entries

# A policy decides whether EventBridge may send events. For callers, only the policies of their roles decide.
INVALID_ATTRIBUTE = "InvalidAttributeValue"
ATTRIBUTES = {"Policy", "MessageRetentionPeriod", "VisibilityTimeout"}


class Sqs:
    """The queues of a world, as callers use them."""

    def __init__(self, ground: Ground, queues: Queues, faults: FaultPlan) -> None:
        self._ground = ground
        self._queues = queues
        self._faults = faults
        self.operations: dict[str, Operation] = {
            "CreateQueue": self._create_queue,
            "DeleteQueue": self._delete_queue,
            "GetQueueUrl": self._get_queue_url,
            "SendMessage": self._send,
            "SendMessageBatch": self._send_batch,
            "ReceiveMessage": self._receive,
            "DeleteMessage": self._delete,
            "GetQueueAttributes": self._get_queue_attributes,
        }

    def _create_queue(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        """A standard queue. Raises NotModelled for attributes that are not known here."""
        name, attributes = request["QueueName"], request.get("Attributes", {})
        if unknown := sorted(attributes.keys() - ATTRIBUTES):
            raise NotModelled(f"CreateQueue with {', '.join(unknown)} is not modelled")
        policy = attributes.get("Policy")
        document = read_policy(policy, Kind.RESOURCE, INVALID_ATTRIBUTE) if policy else None
        url = f"https://sqs.{region}.amazonaws.com/{caller.account}/{name}"
        if url not in self._queues.by_url:
            queue = Queue(
                name=name,
                arn=f"arn:{partition_of(region)}:sqs:{region}:{caller.account}:{name}",
                url=url,
                region=region,
                visibility=timedelta(seconds=int(attributes.get("VisibilityTimeout", 30))),
                retention=timedelta(seconds=int(attributes.get("MessageRetentionPeriod", 345600))),
                dead_letter_arn=None,
                max_receives=0,
                clock=self._ground.clock,
                make_id=self._ground.make_id,
                dead_letters=lambda arn: self._queues.by_arn[arn],
                complain=lambda text: self._ground.note("function failed", caller.account, region, text),
                policy=document,
                is_made_by_caller=True,
            )
            self._queues.add(queue)
        return {"QueueUrl": url}

    def _delete_queue(self, _caller: Caller, _region: str, request: dict[str, Any]) -> dict[str, Any]:
        self._queues.remove(self._queue(request))
        return {}

    def _get_queue_url(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        url = f"https://sqs.{region}.amazonaws.com/{caller.account}/{request['QueueName']}"
        return {"QueueUrl": self._queue({"QueueUrl": url}).url}

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
        check_entries("sqs", "SendMessageBatch", request)
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
