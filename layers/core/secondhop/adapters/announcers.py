"""One `Announcer` for all channels: each message is sent on its own channel only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from secondhop.application.ports import Announcer
from secondhop.domain.command import Announce, Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcers:
    """The topic for people, the event bus for what they have wired."""

    topic: Announcer
    bus: Announcer

    def announce(self, message: Announce) -> None:
        """Send the message on its channel. Raises what that channel raises."""
        match message.channel:
            case Channel.TOPIC:
                self.topic.announce(message)
            case Channel.BUS:
                self.bus.announce(message)
            case _:
                assert_never(message.channel)
