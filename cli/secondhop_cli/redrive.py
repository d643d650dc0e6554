"""Moves messages from the dead-letter queue back to the work queue. Each is sent first and then deleted."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, TextIO

import boto3
from botocore.config import Config

from secondhop_cli.aws_errors import CALL_ERRORS, explained

# API_ReceiveMessage: up to ten at a time.
BATCH = 10
FAILED = 1
CONFIG = Config(retries={"mode": "standard", "max_attempts": 3}, connect_timeout=5, read_timeout=10)
REMEDY = "choose a profile with AWS_PROFILE"


def redrive(
    *,
    dead_letter_queue_url: str,
    work_queue_url: str,
    limit: int,
    stream: TextIO,
    errors: TextIO,
    client: Any = None,
) -> int:
    """Move messages, and print the reason of each. Returns the exit code. A message that SQS refuses stays.

    They are printed at the end: a reader that closes the pipe must not stop the moving.
    """
    moved: list[str] = []
    try:
        sqs: Any = client or boto3.client("sqs", config=CONFIG)
        while len(moved) < limit and _move_some(sqs, dead_letter_queue_url, work_queue_url, moved, limit):
            continue
    except CALL_ERRORS as error:
        errors.write(
            f"secondhop redrive: stopped after {len(moved)} messages; the others stay in the dead-letter queue: "
            f"{explained(error, remedy=REMEDY)}.\n"
        )
        return FAILED
    finally:
        # Also after Ctrl-C. A closed pipe does not change the exit code.
        with suppress(BrokenPipeError):
            stream.writelines([*moved, f"{len(moved)} messages were moved to the work queue.\n"])
    return 0


def _move_some(sqs: Any, source: str, destination: str, moved: list[str], limit: int) -> bool:
    """Move up to a batch, and add a line for each. Returns whether there was any."""
    found = sqs.receive_message(
        QueueUrl=source,
        MaxNumberOfMessages=min(BATCH, limit - len(moved)),
        MessageAttributeNames=["All"],
        WaitTimeSeconds=1,
    ).get("Messages", [])
    for message in found:
        line = _move(sqs, message, source, destination)
        moved.append(line)
    return bool(found)


def _move(sqs: Any, message: dict[str, Any], source: str, destination: str) -> str:
    attributes = message.get("MessageAttributes", {})
    reason = attributes.get("reason", {}).get("StringValue", "no reason attached, because it failed too often")
    sqs.send_message(QueueUrl=destination, MessageBody=message["Body"])
    sqs.delete_message(QueueUrl=source, ReceiptHandle=message["ReceiptHandle"])
    return f"{message['MessageId']}: {reason}\n"
