"""Send announcements: each to the event bus, and to the topic in groups, with a bound on the messages of a cause.

A group's item decides who may send, and remembers which incidents a message covered. It is written before and after the
message, so a crash between these repeats a message and loses none. Two workers that write at once: one of them reads
the item again. A worker that hangs for longer than its fence may send a message that another one has sent as well.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from secondhop.application.ports import Announcer, ChainStore
from secondhop.application.survey import lag_line
from secondhop.domain import patience
from secondhop.domain.announced import Announced, AnnouncementPutOff, Telling
from secondhop.domain.announcing import short_name, summary_of
from secondhop.domain.chain import Chain
from secondhop.domain.command import Announce, Channel
from secondhop.domain.errors import ConflictError, TryAgainError
from secondhop.domain.gathering import Group, overflow_of, part_of
from secondhop.domain.outbox import LAST_CALL

# As many workers as may write a group at once; what still fails is retried within a quarter of an hour.
CONFLICT_TRIES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Notifier:
    """Carries out one announcement of a chain."""

    chains: ChainStore
    announcer: Announcer
    now: Callable[[], datetime]

    def __call__(self, chain: Chain, command: Announce) -> Telling:
        """Send it, leave it to another message, or put it off. Raises what the channel or the store raises."""
        self._demand_fence(chain, command)
        until = self._until(chain, command)
        if until is not None:
            return AnnouncementPutOff(
                incident=command.incident, is_closed=command.is_closed, channel=command.channel, until=until
            )
        return Announced(incident=command.incident, is_closed=command.is_closed, channel=command.channel)

    def _until(self, chain: Chain, command: Announce) -> datetime | None:
        if command.group is None or command.channel is not Channel.TOPIC:
            self._send(chain, command, self._with_lag(chain, command))
            return None
        if command.is_closed:
            return self._close(chain, command, command.group)
        return self._open(chain, command, command.group)

    def _open(self, chain: Chain, command: Announce, group: str) -> datetime | None:
        member, now = command.incident, self.now()
        own, overflow = self._seat(group, member), self._seat(overflow_of(group), member)
        if member in own.covered or member in overflow.covered:
            return None
        place = overflow if overflow.is_used_up else own
        turn = self._change(place.id, lambda read: read.joined(member, short_name(chain)).sending(member, now))
        if member in turn.covered:
            return None
        if not turn.may_send(member, now):
            return turn.free_at(member, now)
        self._send(chain, command, summary_of(self._with_lag(chain, command), turn))
        self._change(turn.id, lambda read: read.sent(turn.waiting, self.now()))
        self._count(turn, group)
        return None

    def _close(self, chain: Chain, command: Announce, group: str) -> datetime | None:
        """Leave all groups. A group without members is closed with a message, if a message had opened it."""
        member, overflow = command.incident, overflow_of(group)
        last_call = group + LAST_CALL
        self._leave((*self._parts(last_call), *self._parts(overflow_of(last_call))), member + LAST_CALL)
        own, others = self._parts(group), self._parts(overflow)
        over = [each for each in self._leave((*own, *others), member) if each.is_over]
        if not over and own[0].version == 0 and all(member not in each.members for each in others):
            # Nothing is remembered, so people may have heard of it: the table was lost, or half a year has passed.
            self._send(chain, command, self._with_lag(chain, command))
        waits = [self._end(chain, command, each, group) for each in over]
        return max((until for until in waits if until is not None), default=None)

    def _end(self, chain: Chain, command: Announce, ended: Group, group: str) -> datetime | None:
        member, now = command.incident, self.now()
        turn = self._change(ended.id, lambda read: read.sending(member, now) if read.is_over else read)
        if not turn.is_over:
            return None
        if not turn.may_send(member, now):
            return turn.free_at(member, now)
        message = self._with_lag(chain, command)
        lines = (*message.lines, "No incident of its group is open any more.")
        self._send(chain, command, replace(message, group=turn.id, lines=lines))
        self._change(turn.id, lambda read: read.closed(self.now()))
        self._count(turn, group)
        return None

    def _count(self, sent_by: Group, group: str) -> None:
        """Count a message of an ordinary group, where its overflow group keeps the count."""
        overflow = overflow_of(group)
        if not sent_by.id.startswith(overflow):
            self._change(overflow, lambda read: replace(read, counted=read.counted + 1))

    def _leave(self, parts: Sequence[Group], member: str) -> list[Group]:
        return [self._change(each.id, lambda read: read.left(member)) for each in parts]

    def _parts(self, group: str) -> tuple[Group, ...]:
        first = self.chains.group(group)
        further = (part_of(group, number) for number in range(2, first.parts + 1))
        return first, *(self.chains.group(part) for part in further)

    def _seat(self, group: str, member: str) -> Group:
        """The part of a group that has the member, or else has a place for it."""
        parts = self._parts(group)
        found = [part for part in parts if member in part.members] or [part for part in parts if not part.is_full]
        if found:
            return found[0]
        number = len(parts) + 1
        self._change(group, lambda read: replace(read, parts=max(read.parts, number)))
        return self.chains.group(part_of(group, number))

    def _change(self, group: str, change: Callable[[Group], Group]) -> Group:
        """Read, change and write a group under its version."""
        for _ in range(CONFLICT_TRIES):
            before = self.chains.group(group)
            after = change(before)
            if after == before:
                return before
            try:
                return self.chains.save_group(after, before=before, now=self.now())
            except ConflictError:
                continue
        raise TryAgainError(f"many workers write the group of incidents {group}")

    def _with_lag(self, chain: Chain, command: Announce) -> Announce:
        lag = lag_line(self.chains, chain, self.now())
        about = replace(command.circumstances, lag=lag) if command.circumstances is not None else None
        return replace(command, lines=(*command.lines, lag), circumstances=about)

    def _send(self, chain: Chain, command: Announce, message: Announce) -> None:
        self._demand_fence(chain, command)
        self.announcer.announce(message)

    def _demand_fence(self, chain: Chain, command: Announce) -> None:
        """Never send "open" after another worker has sent "closed". A slow worker leaves it to the next check."""
        pending = next((each for each in chain.pending if each.command == command), None)
        if pending is None or patience.is_fence_over(pending.until, self.now()):
            raise TryAgainError("woke too late to tell; tells when the fence has passed, if it is still so")
