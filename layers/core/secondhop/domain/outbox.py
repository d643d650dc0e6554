"""The effects that a chain has decided on and that may not have happened yet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from secondhop.domain import patience
from secondhop.domain.announced import Announced, AnnouncementPutOff, Telling
from secondhop.domain.command import Announce, Command, EffectCommand

LAST_CALL = "/last-call"
"""Ends the id of an incident's last message before its source expires."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """An effect that was decided and persisted whole. No one else carries it out before `until` has passed."""

    command: EffectCommand
    until: datetime


@dataclass(frozen=True, slots=True)
class Outbox:
    """The pending effects of a chain, in the order in which they were decided."""

    pending: tuple[Pending, ...] = ()

    def of(self, subject: str, kind: type[EffectCommand]) -> Pending | None:
        """The pending effect of a kind for a hop or an intermediate."""
        return next((each for each in self.pending if _is_for(each, subject, kind)), None)

    def without(self, subject: str, kind: type[EffectCommand]) -> Outbox:
        """The outbox without the effects of a kind for a hop or an intermediate."""
        return self._only(each for each in self.pending if not _is_for(each, subject, kind))

    def announcements(self) -> Outbox:
        """Only the announcements."""
        return self._only(each for each in self.pending if isinstance(each.command, Announce))

    def due(self, now: datetime) -> tuple[Announce, ...]:
        """Announcements that may not have been sent, and that no worker is sending now."""
        found = ((each.command, each.until) for each in self.pending)
        return tuple(command for command, until in found if isinstance(command, Announce) and now >= until)

    def without_announcement(self, fact: Announced) -> Outbox:
        """The outbox after a channel was notified."""
        return self._only(each for each in self.pending if not _is_about(each, fact))

    def with_announcement_put_off(self, fact: AnnouncementPutOff) -> Outbox:
        """The outbox with an announcement that waits. A fence that it already has is kept."""
        return self._only(
            replace(each, until=max(each.until, fact.until)) if _is_about(each, fact) else each for each in self.pending
        )

    def without_overtaken(self, announced: tuple[Announce, ...]) -> Outbox:
        """The outbox without messages that newer ones replace."""
        return self._only(each for each in self.pending if not is_overtaken(each.command, announced))

    def fenced_until(self, message: Announce, now: datetime) -> datetime | None:
        """Until when a worker may still send an older message that this one replaces; None if no worker can.

        What waits for longer than a fence waits for its group, and no worker sends it.
        """
        fences = [
            each.until
            for each in self.pending
            if now < each.until <= now + patience.FENCE and is_overtaken(each.command, (message,))
        ]
        return max(fences, default=None)

    def with_decided(self, effects: tuple[EffectCommand, ...], put_off: tuple[Pending, ...], now: datetime) -> Outbox:
        """The outbox with effects that begin now, each under a new fence, and with messages that have to wait."""
        if not effects and not put_off:
            return self
        kept = (each for each in self.pending if each.command not in effects)
        until = now + patience.FENCE
        return self._only((*kept, *put_off, *(Pending(command=each, until=until) for each in effects)))

    @staticmethod
    def _only(pending: Iterable[Pending]) -> Outbox:
        return Outbox(tuple(pending))


def is_overtaken(command: Command, announced: tuple[Announce, ...]) -> bool:
    """Whether a command is a message about an incident for which there is a newer message on the same channel."""
    return isinstance(command, Announce) and any(
        command.incident in (each.incident, each.incident + LAST_CALL) and command.channel is each.channel
        for each in announced
    )


def _is_for(pending: Pending, subject: str, kind: type[EffectCommand]) -> bool:
    return isinstance(pending.command, kind) and pending.command.subject == subject


def _is_about(pending: Pending, fact: Telling) -> bool:
    command = pending.command
    known = (fact.incident, fact.is_closed, fact.channel)
    return isinstance(command, Announce) and (command.incident, command.is_closed, command.channel) == known
