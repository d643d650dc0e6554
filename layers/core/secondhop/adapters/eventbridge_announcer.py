"""Announcements as events on the account's default bus. Their shapes are promised in docs/events.md."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from secondhop.adapters.aws_errors import DENIED, translated
from secondhop.domain.command import Announce, Circumstances
from secondhop.domain.errors import DeniedError, TryAgainError
from secondhop.domain.outbox import LAST_CALL

SOURCE = "secondhop"
SCHEMA = 1
BUS = "default"
# A refusal of one entry inside of an answer that succeeded (API_PutEventsResultEntry).
REFUSED_ENTRY = DENIED | {"NotAuthorizedForSourceException", "NotAuthorizedForDetailTypeException"}


class EventBridgeAnnouncer:
    """An `Announcer` over a boto3 EventBridge client."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def announce(self, message: Announce) -> None:
        about = message.circumstances
        entry = {
            "EventBusName": BUS,
            "Source": SOURCE,
            "DetailType": _kind(message),
            "Resources": [about.recovery_point] if about is not None else [],
            "Detail": json.dumps(_detail(message), sort_keys=True),
        }
        with translated():
            answer = self._client.put_events(Entries=[entry])
        # "A 200 does not mean that all events were accepted" (API_PutEvents): each entry has an answer of its own.
        if answer["FailedEntryCount"]:
            raise _error_of(answer["Entries"][0])


def _error_of(entry: dict[str, Any]) -> DeniedError | TryAgainError:
    code = entry.get("ErrorCode", "Unknown")
    text = f"PutEvents: {code}: {entry.get('ErrorMessage', '')}"
    return DeniedError(text) if code in REFUSED_ENTRY else TryAgainError(text)


def _kind(message: Announce) -> str:
    if message.is_closed:
        return "Incident Closed"
    return "Incident Last Call" if message.incident.endswith(LAST_CALL) else "Incident Opened"


def _detail(message: Announce) -> dict[str, Any]:
    incident = message.incident.removesuffix(LAST_CALL)
    detail = {"schema": SCHEMA, "incident": incident, "title": message.title, "lines": list(message.lines)}
    about = message.circumstances
    return detail if about is None else detail | _plain(about)


def _plain(about: Circumstances) -> dict[str, Any]:
    found = {name: value for name, value in asdict(about).items() if value is not None}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in found.items()}
