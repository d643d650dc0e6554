"""One `Announcer` for all channels: each message goes to the channel that it is for, and to no other."""

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
        """Tell on the message's channel. Raises what that channel raises."""
        match message.channel:
            case Channel.TOPIC:
                self.topic.announce(message)
            case Channel.BUS:
                self.bus.announce(message)
            case _:
                assert_never(message.channel)
