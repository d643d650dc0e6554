"""Stand-ins for the ports that keep little: keys, the queue, and who is told."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from secondhop.application.work import Work
from secondhop.domain.command import Announce, Channel
from tests.plain_words import strange_words


@dataclass
class StandInKeys:
    """AWS KMS as a dictionary; a key that is not in it is Enabled."""

    states: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def state_of(self, key_arn: str) -> str:
        self.asked.append(key_arn)
        return self.states.get(key_arn, "Enabled")


@dataclass
class StandInQueue:
    work: list[Work] = field(default_factory=list)

    def put(self, work: Iterable[Work]) -> None:
        self.work.extend(work)


@dataclass
class StandInAnnouncer:
    """`messages` are those of the topic, `events` those of the bus; troubles come whoever is told."""

    messages: list[Announce] = field(default_factory=list)
    events: list[Announce] = field(default_factory=list)
    troubles: deque[Exception] = field(default_factory=deque)

    def announce(self, message: Announce) -> None:
        if self.troubles:
            raise self.troubles.popleft()
        for line in (message.title, *message.lines):
            assert not strange_words(line), line
        {Channel.TOPIC: self.messages, Channel.BUS: self.events}[message.channel].append(message)
