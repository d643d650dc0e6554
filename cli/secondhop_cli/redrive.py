"""Moves messages from the dead-letter queue back to the work queue. Each is sent first and then deleted."""

from __future__ import annotations

from typing import Any, TextIO

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

# API_ReceiveMessage: up to ten at a time.
BATCH = 10
FAILED = 1


def redrive(*, dead_letter_queue_url: str, work_queue_url: str, limit: int, stream: TextIO, client: Any = None) -> int:
    """Move messages, and print the reason of each. Returns the exit code. A message that SQS refuses stays."""
    moved = 0
    try:
        sqs: Any = client or boto3.client("sqs")
        while moved < limit:
            found = sqs.receive_message(
                QueueUrl=dead_letter_queue_url,
                MaxNumberOfMessages=min(BATCH, limit - moved),
                MessageAttributeNames=["All"],
                WaitTimeSeconds=1,
            ).get("Messages", [])
            if not found:
                break
            for message in found:
                _move(sqs, message, dead_letter_queue_url, work_queue_url, stream)
                moved += 1
    except (BotoCoreError, ClientError, ResponseParserError) as error:
        stream.write(
            f"secondhop redrive: stopped after {moved} messages; the others stay in the dead-letter queue: {error}\n"
        )
        return FAILED
    stream.write(f"{moved} messages were moved to the work queue.\n")
    return 0


def _move(sqs: Any, message: dict[str, Any], source: str, destination: str, stream: TextIO) -> None:
    attributes = message.get("MessageAttributes", {})
    reason = attributes.get("reason", {}).get("StringValue", "no reason attached, because it failed too often")
    sqs.send_message(QueueUrl=destination, MessageBody=message["Body"])
    sqs.delete_message(QueueUrl=source, ReceiptHandle=message["ReceiptHandle"])
    stream.write(f"{message['MessageId']}: {reason}\n")
