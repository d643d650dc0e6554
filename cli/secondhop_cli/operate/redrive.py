"""Moves messages from the dead-letter queue back to the work queue. Each is sent first and then deleted."""

from __future__ import annotations

import argparse
import sys
from contextlib import suppress
from typing import Any, TextIO

from botocore.config import Config

from secondhop_cli.aws_errors import CALL_ERRORS, explained
from secondhop_cli.ending import FAILED, UsageError
from secondhop_cli.operate.installation import REMEDY
from secondhop_cli.operate.place import add_place, chosen_installation
from secondhop_cli.sessions import open_session, region_of

# API_ReceiveMessage: up to ten at a time.
BATCH = 10
CONFIG = Config(retries={"mode": "standard", "max_attempts": 3}, connect_timeout=5, read_timeout=10)


URLS = ("--dead-letter-queue-url", "--work-queue-url")


def add_redrive(commands: Any) -> None:
    """Add the command and its options."""
    text = "move messages from the dead-letter queue back to the work queue"
    parser = commands.add_parser("redrive", help=text, description=f"{text[0].upper()}{text[1:]}.")
    add_place(parser)
    for name, output in zip(URLS, ("DeadLetterQueueUrl", "WorkQueueUrl"), strict=True):
        parser.add_argument(name, metavar="URL", help=f"the queue; default: the main stack's output {output}")
    parser.add_argument("--limit", type=int, default=1000, help="the most messages to move (default 1000)")
    parser.set_defaults(run=lambda chosen: redrive_of(open_session(chosen.profile), chosen))


def redrive_of(session: Any, chosen: argparse.Namespace) -> int:
    """Carry out a parsed command with a session of the main stack's account. Raises UsageError and CommandError."""
    if chosen.limit < 1:
        raise UsageError(f"--limit should be at least 1, found {chosen.limit}.")
    dead, work = chosen.dead_letter_queue_url, chosen.work_queue_url
    if bool(dead) != bool(work):
        raise UsageError(f"name both queues with {' and '.join(URLS)}, or none of them.")
    region = region_of([session], chosen.region, accepts_unknown=chosen.accept_unknown_region)
    if not dead:
        installation = chosen_installation(session, chosen)
        dead, work = installation.output("DeadLetterQueueUrl"), installation.output("WorkQueueUrl")
    return redrive(
        dead_letter_queue_url=dead,
        work_queue_url=work,
        limit=chosen.limit,
        stream=sys.stdout,
        errors=sys.stderr,
        client=session.client("sqs", region_name=region, config=CONFIG),
    )


def redrive(
    *,
    dead_letter_queue_url: str,
    work_queue_url: str,
    limit: int,
    stream: TextIO,
    errors: TextIO,
    client: Any,
) -> int:
    """Move messages, and print the reason of each. Returns the exit code. A message that SQS refuses stays.

    They are printed at the end: a reader that closes the pipe must not stop the moving.
    """
    moved: list[str] = []
    try:
        while len(moved) < limit and _move_some(client, dead_letter_queue_url, work_queue_url, moved, limit):
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
