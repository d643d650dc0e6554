"""The few operations of other services that such systems call (STS, SQS, SNS, EventBridge), and looks around."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from hashlib import md5
from typing import TYPE_CHECKING, Any

from backup_simulator.account_calls import AccountCalls
from backup_simulator.database_calls import DatabaseCalls
from backup_simulator.errors import NotModelled, Refused
from backup_simulator.model import Caller
from backup_simulator.queues import BATCH_ENTRIES, Queue
from backup_simulator.watching_calls import WatchingCalls

if TYPE_CHECKING:
    from backup_simulator.world import World


@dataclass(frozen=True, kw_only=True)
class Published:
    """A message that was published to a topic."""

    at: datetime
    subject: str
    message: str
    attributes: dict[str, Any]


class OtherCalls:
    """Services beside AWS Backup, as far as they are modelled."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._operations: dict[tuple[str, str], Callable[[Caller, str, dict[str, Any]], dict[str, Any]]] = {
            ("sts", "AssumeRole"): lambda caller, _region, request: world.identity.assume(caller, request),
            ("sts", "GetCallerIdentity"): self._get_caller_identity,
            ("sqs", "SendMessage"): self._send,
            ("sqs", "SendMessageBatch"): self._send_batch,
            ("sqs", "ReceiveMessage"): self._receive,
            ("sqs", "DeleteMessage"): self._delete,
            ("sns", "Publish"): self._publish,
            ("events", "PutEvents"): self._put_events,
            **AccountCalls(world).operations,
            **DatabaseCalls(world).operations,
            **WatchingCalls(world).operations,
        }

    def call(
        self, caller: Caller, region: str, service: str, operation: str, request: dict[str, Any]
    ) -> dict[str, Any]:
        """Carry out a call. Raises Refused as AWS would, NotModelled for what is not simulated."""
        handler = self._operations.get((service, operation))
        if handler is None:
            raise NotModelled(f"{service}:{operation} is not modelled")
        return handler(caller, region, request)

    def _get_caller_identity(self, caller: Caller, _region: str, _request: dict[str, Any]) -> dict[str, Any]:
        return {"Account": caller.account, "Arn": caller.name, "UserId": "SIMULATED"}

    def _queue(self, request: dict[str, Any]) -> Queue:
        queue = self._world.queues_by_url.get(request["QueueUrl"])
        if queue is None:
            raise Refused("AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.")
        return queue

    def _send(self, _caller: Caller, _region: str, request: dict[str, Any]) -> dict[str, Any]:
        body, attributes = request["MessageBody"], request.get("MessageAttributes")
        message_id = self._queue(request).send(body, attributes, request.get("DelaySeconds", 0))
        return {"MessageId": message_id, "MD5OfMessageBody": _md5(body)}

    def _send_batch(self, _caller: Caller, _region: str, request: dict[str, Any]) -> dict[str, Any]:
        queue, entries = self._queue(request), request["Entries"]
        if not entries:
            raise Refused("AWS.SimpleQueueService.EmptyBatchRequest", "There should be at least one entry.")
        if len(entries) > BATCH_ENTRIES:
            raise Refused("AWS.SimpleQueueService.TooManyEntriesInBatchRequest", "Maximum number of entries is 10.")
        sent, failed = [], []
        for entry in entries:
            if self._world.faults.fails_entry("sqs", "SendMessageBatch"):
                failed.append(
                    {"Id": entry["Id"], "SenderFault": False, "Code": "InternalError", "Message": "Try again."}
                )
                continue
            body = entry["MessageBody"]
            message_id = queue.send(body, entry.get("MessageAttributes"), entry.get("DelaySeconds", 0))
            sent.append({"Id": entry["Id"], "MessageId": message_id, "MD5OfMessageBody": _md5(body)})
        return {"Successful": sent, "Failed": failed}

    def _receive(self, _caller: Caller, _region: str, request: dict[str, Any]) -> dict[str, Any]:
        messages = self._queue(request).receive(request.get("MaxNumberOfMessages", 1))
        return {
            "Messages": [
                {
                    "MessageId": message.id,
                    "ReceiptHandle": message.receipt,
                    "Body": message.body,
                    "MD5OfBody": _md5(message.body),
                    "MessageAttributes": deepcopy(message.attributes),
                }
                for message in messages
            ]
        }

    def _delete(self, _caller: Caller, _region: str, request: dict[str, Any]) -> dict[str, Any]:
        self._queue(request).delete(request["ReceiptHandle"])
        return {}

    def _publish(self, _caller: Caller, _region: str, request: dict[str, Any]) -> dict[str, Any]:
        world = self._world
        published = world.topics.get(request["TopicArn"])
        if published is None:
            raise Refused("NotFound", "Topic does not exist", 404)
        message = Published(
            at=world.now(),
            subject=request.get("Subject", ""),
            message=request["Message"],
            attributes=deepcopy(request.get("MessageAttributes", {})),
        )
        published.append(message)
        account, region = request["TopicArn"].split(":")[4], request["TopicArn"].split(":")[3]
        world.note("notification", account, region, message.subject, message=message.message)
        return {"MessageId": world.make_id()}

    def _put_events(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        world = self._world
        entries = []
        for entry in request["Entries"]:
            if entry["Source"].startswith("aws."):
                entries.append({"ErrorCode": "NotAuthorizedForSourceException", "ErrorMessage": "Not authorized."})
                continue
            if world.faults.fails_entry("events", "PutEvents"):
                entries.append({"ErrorCode": "InternalFailure", "ErrorMessage": "Unexpected service error."})
                continue
            event = {
                "version": "0",
                "id": world.make_id(),
                "detail-type": entry["DetailType"],
                "source": entry["Source"],
                "account": caller.account,
                "time": world.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
                "region": region,
                "resources": entry.get("Resources", []),
                "detail": json.loads(entry["Detail"]),
            }
            world.put_events.append(event)
            world.events.put((caller.account, region, entry.get("EventBusName", "default")), event, hops=0)
            entries.append({"EventId": event["id"]})
        return {"Entries": entries, "FailedEntryCount": sum("ErrorCode" in entry for entry in entries)}


def _md5(text: str) -> str:
    return md5(text.encode(), usedforsecurity=False).hexdigest()
