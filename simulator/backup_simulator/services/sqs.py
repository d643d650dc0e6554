"""SQS: queues are made, described and deleted, and messages sent, received and deleted. `queues` has the queues."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from datetime import timedelta
from typing import Any

from backup_simulator.errors import NotModelled, Refused
from backup_simulator.faults import FaultPlan
from backup_simulator.ground import Ground
from backup_simulator.model import Caller, Operation, site_of
from backup_simulator.policy_checks import Kind, read_policy
from backup_simulator.queues import Queue, Queues, md5_of
from backup_simulator.regions import partition_of
from backup_simulator.services.members import check_entries

# A policy decides whether EventBridge may send events. For callers, only the policies of their roles decide.
INVALID, INVALID_ATTRIBUTE = "InvalidParameterValue", "InvalidAttributeValue"
NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")
LONGEST_DELAY, MOST_MESSAGES = 900, 10
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
        if name.endswith(".fifo"):
            raise NotModelled("a FIFO queue is not modelled")
        if not NAME.fullmatch(name):
            raise Refused(
                INVALID, "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
            )
        if unknown := sorted(attributes.keys() - ATTRIBUTES):
            raise NotModelled(f"CreateQueue with {', '.join(unknown)} is not modelled")
        policy = attributes.get("Policy")
        document = read_policy(policy, Kind.RESOURCE, INVALID_ATTRIBUTE) if policy else None
        url = f"https://sqs.{region}.amazonaws.com/{caller.account}/{name}"
        if (known := self._queues.by_url.get(url)) is not None:
            self._check_same(known, attributes, document)
        else:
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

    def _check_same(self, queue: Queue, attributes: dict[str, str], policy: dict[str, Any] | None) -> None:
        """A queue that exists is returned if the given attributes are its own (API_CreateQueue)."""
        held = {"VisibilityTimeout": queue.visibility, "MessageRetentionPeriod": queue.retention}
        differs = any(
            timedelta(seconds=int(attributes[name])) != value for name, value in held.items() if name in attributes
        )
        if differs or ("Policy" in attributes and policy != queue.policy):
            raise Refused(
                "QueueAlreadyExists",
                "A queue already exists with the same name and a different value for an attribute.",
            )

    def _delete_queue(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        self._queues.remove(self._queue(caller, region, request))
        return {}

    def _get_queue_url(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        url = f"https://sqs.{region}.amazonaws.com/{caller.account}/{request['QueueName']}"
        return {"QueueUrl": self._queue(caller, region, {"QueueUrl": url}).url}

    def _queue(self, caller: Caller, region: str, request: dict[str, Any]) -> Queue:
        """A queue of the caller's account and Region. Raises Refused and NotModelled."""
        queue = self._queues.by_url.get(request["QueueUrl"])
        if queue is None:
            raise Refused("AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.")
        if site_of(queue.arn) != (caller.account, region):
            raise NotModelled("the use of a queue of another account or Region is not modelled")
        return queue

    def _send(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        body, attributes = request["MessageBody"], request.get("MessageAttributes")
        delay = request.get("DelaySeconds", 0)
        if not body:
            raise Refused("MissingParameter", "The request must contain the parameter MessageBody.")
        if not 0 <= delay <= LONGEST_DELAY:
            raise Refused(INVALID, f"Value {delay} for parameter DelaySeconds is invalid.")
        message_id = self._queue(caller, region, request).send(body, attributes, delay)
        return {"MessageId": message_id, "MD5OfMessageBody": md5_of(body)}

    def _send_batch(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        check_entries("sqs", "SendMessageBatch", request)
        return self._queue(caller, region, request).send_batch(
            request["Entries"], lambda: self._faults.entry_refusal("sqs", "SendMessageBatch")
        )

    def _receive(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        most, wanted = request.get("MaxNumberOfMessages", 1), request.get("MessageAttributeNames", [])
        if not 1 <= most <= MOST_MESSAGES:
            raise Refused(INVALID, f"Value {most} for parameter MaxNumberOfMessages is invalid.")
        messages = self._queue(caller, region, request).receive(most)
        found = {
            "Messages": [
                {
                    "MessageId": message.id,
                    "ReceiptHandle": message.receipt,
                    "Body": message.body,
                    "MD5OfBody": md5_of(message.body),
                    **_wanted(message.attributes, wanted),
                }
                for message in messages
            ]
        }
        # An empty answer has no member (API_ReceiveMessage).
        return found if messages else {}

    def _delete(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        self._queue(caller, region, request).delete(request["ReceiptHandle"])
        return {}

    def _get_queue_attributes(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        queue = self._queue(caller, region, request)
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
        if unknown := sorted({*wanted} - {"All", "Policy", "RedrivePolicy", *known}):
            raise NotModelled(f"the attribute {', '.join(unknown)} of a queue is not modelled")
        if queue.policy is not None:
            known["Policy"] = json.dumps(queue.policy)
        if queue.dead_letter_arn is not None:
            redrive = {"deadLetterTargetArn": queue.dead_letter_arn, "maxReceiveCount": queue.max_receives}
            known["RedrivePolicy"] = json.dumps(redrive)
        return {"Attributes": {name: value for name, value in known.items() if "All" in wanted or name in wanted}}


def _wanted(attributes: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """The message attributes that a receiver asked for, by name or by "All"."""
    shown = {name: each for name, each in attributes.items() if "All" in names or ".*" in names or name in names}
    return {"MessageAttributes": deepcopy(shown)} if shown else {}
