"""The incidents that Second Hop reported, by their events, and whether the topic got a message about each."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from backup_simulator import Published, World
from backup_simulator.model import Call
from rehearsal.deployment import Stack
from rehearsal.functions import RUNNING

SOURCE = "secondhop"
# The two kinds of next step in an incident: a retry by Second Hop, or a wait for an operator.
RETRIES, WAITS = "Second Hop tries again", "Second Hop waits for an operator"


@dataclass(frozen=True, kw_only=True)
class Incident:
    """An incident, with the content of its last event."""

    main: Stack
    at: datetime
    detail: dict[str, Any]
    is_open: bool

    @property
    def id(self) -> str:
        return str(self.detail["incident"])

    @property
    def about(self) -> str:
        """The recovery point of the chain with the incident."""
        return str(self.detail["recovery_point"])

    @property
    def title(self) -> str:
        return str(self.detail["title"])

    @property
    def cause(self) -> str:
        return str(self.detail.get("cause", ""))

    @property
    def next_step(self) -> str:
        return str(self.detail.get("next_step", ""))

    def is_reported(self, world: World) -> bool:
        """Whether it says what happened, what to do and what follows, and a message on the topic names or counts it."""
        says_all = all(self.detail.get(word) for word in ("cause", "message", "remedy", "next_step"))
        return says_all and self._was_published(world)

    def _was_published(self, world: World) -> bool:
        """Whether a message names its id, or the messages of its cause count all open incidents that none names."""
        topic = world.published(self.main.ref("Notifications"))
        messages = [each for each in topic if _attribute(each, "state", "") == "open"]
        named = {name for each in messages for name in json.loads(_attribute(each, "incidents", "[]"))}
        if self.id in named:
            return True
        of_this_cause = (each for each in messages if f": {self.cause} (" in each.subject)
        counted = sum(int(_attribute(each, "more", "0")) for each in of_this_cause)
        return len(_open_by_cause(world, self.cause) - named) <= counted


def _open_by_cause(world: World, cause: str) -> set[str]:
    """The incidents of a cause with an open state in their last event."""
    last = {each["detail"]["incident"]: each for each in world.put_events if each["source"] == SOURCE}
    return {name for name, each in last.items() if each["detail"].get("cause") == cause}


def _attribute(message: Published, name: str, default: str) -> str:
    return str(message.attributes.get(name, {"StringValue": default})["StringValue"])


@dataclass(kw_only=True)
class Incidents:
    """Collects the events that the functions of all installations put on the event bus."""

    world: World
    mains: tuple[Stack, ...]
    _last: dict[tuple[str, str], Incident] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.world.on_call(self.hear_call)
        self._main_of = {id(each): main for main in self.mains for each in main.functions.values()}

    def hear_call(self, call: Call) -> None:
        """Keep the accepted incident events of one call of AWS."""
        if call.operation != "PutEvents" or call.reply is None or not RUNNING:
            return
        main = self._main_of[id(RUNNING[-1].function)]
        for entry, answer in zip(call.request["Entries"], call.reply["Entries"], strict=True):
            if entry["Source"] == SOURCE and "ErrorCode" not in answer:
                detail = json.loads(entry["Detail"])
                is_open = entry["DetailType"] != "Incident Closed"
                incident = Incident(main=main, at=call.at, detail=detail, is_open=is_open)
                self._last[main.name, incident.id] = incident

    def all_open(self) -> list[Incident]:
        """The incidents that are not closed."""
        return [incident for incident in self._last.values() if incident.is_open]
