"""Facts about announcements, in the past tense."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from secondhop.domain.command import Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """The operators were notified on a channel, or need no notification any more."""

    incident: str
    is_closed: bool
    channel: Channel = Channel.TOPIC


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncementPutOff:
    """An announcement waits until its group may send the next message. No worker is sending it now."""

    incident: str
    is_closed: bool
    channel: Channel
    until: datetime


Telling = Announced | AnnouncementPutOff
