"""Announcements to people, on an SNS topic."""

from __future__ import annotations

import json
from typing import Any

from secondhop.adapters.aws_errors import translated
from secondhop.domain.command import Announce
from secondhop.domain.outbox import LAST_CALL

# API_Publish: subjects have fewer than 100 characters, all printable ASCII.
SUBJECT_LENGTH = 99


class SnsAnnouncer:
    """An `Announcer` for people over a boto3 SNS client."""

    def __init__(self, client: Any, topic_arn: str) -> None:
        self._client = client
        self._topic_arn = topic_arn

    def announce(self, message: Announce) -> None:
        state = "closed" if message.is_closed else "open"
        incident = message.group or message.incident
        named = message.members or (message.incident.removesuffix(LAST_CALL),)
        subject = f"Second Hop: {message.title}".encode("ascii", "replace").decode()[:SUBJECT_LENGTH]
        with translated():
            self._client.publish(
                TopicArn=self._topic_arn,
                Subject=subject,
                Message="\n".join([message.title, "", *message.lines, "", f"Incident: {incident} ({state})"]),
                MessageAttributes={
                    "incident": {"DataType": "String", "StringValue": incident},
                    "state": {"DataType": "String", "StringValue": state},
                    "incidents": {"DataType": "String.Array", "StringValue": json.dumps(named)},
                    "more": {"DataType": "Number", "StringValue": str(message.more)},
                },
            )
