"""Groups of incidents: which of them a message on the topic has covered, and when the next message may go out.

The topic gets the first incident of a group at once. Later ones wait, and one summary an hour covers all that wait. The
first closing is sent at once, a later one waits like an opening. See docs/decisions/0020-bounded-messages.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime

from secondhop.domain import patience

# A summary names as many incidents as a person reads, and counts the others.
NAMES_LIMIT = 20
# A member is 16 hexadecimal digits; with its quotes and comma it takes 19 bytes of the group's item. 5,000 of them take
# 95 KB, and 20 names of at most 150 bytes take 3 KB: a quarter of the 400 KB that DynamoDB allows for an item.
MEMBERS_LIMIT = 5000
# Groups of one cause, site and day differ in text and key. Thirty of them are more than a person reads in a day.
MESSAGES_LIMIT = 30

_HALF = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The incidents that one message may speak for.

    `waiting` are the members that no message covered yet, `names` the short names of the first of them. `covered` are
    the members that a message named or counted. `is_announced` says that an opening may have been sent since the last
    closing. `sent_at` is when the last message was sent. `sender` may send until `sending_until`; all others wait.
    `counted` is kept by an overflow group: the messages of the ordinary groups of its cause, site and day.
    `parts` counts the groups into which a full one was split. `version` is 0 if the group is not stored.
    """

    id: str
    waiting: frozenset[str] = frozenset()
    names: tuple[tuple[str, str], ...] = ()
    covered: frozenset[str] = frozenset()
    is_announced: bool = False
    has_closed: bool = False
    sent_at: datetime | None = None
    sender: str | None = None
    sending_until: datetime | None = None
    counted: int = 0
    parts: int = 1
    version: int = 0

    @property
    def members(self) -> frozenset[str]:
        return self.waiting | self.covered

    @property
    def is_full(self) -> bool:
        return len(self.waiting) + len(self.covered) >= MEMBERS_LIMIT

    @property
    def is_over(self) -> bool:
        """Whether a closing is due: people heard of the group, and no member is left."""
        return self.is_announced and not self.members

    @property
    def is_used_up(self) -> bool:
        """Of an overflow group: whether the ordinary groups have sent as many messages as they may."""
        return self.counted >= MESSAGES_LIMIT

    def joined(self, member: str, name: str) -> Group:
        """With a new member, which waits for a message."""
        if member in self.covered:
            return self
        named = dict(self.names)
        if member not in named and len(named) < NAMES_LIMIT:
            named[member] = name
        return replace(self, waiting=self.waiting | {member}, names=tuple(named.items()))

    def left(self, member: str) -> Group:
        """Without a member with a closed incident."""
        return self._without({member}, covered=self.covered - {member})

    def free_at(self, member: str, now: datetime) -> datetime | None:
        """When the next message may go out; None if `member` may send it now."""
        if self.sender != member and self.sending_until is not None and now < self.sending_until:
            return self.sending_until
        if self.sent_at is None or (self.is_over and not self.has_closed):
            return None
        free_at = self.sent_at + patience.SUMMARY_PAUSE
        return free_at if now < free_at else None

    def sending(self, member: str, now: datetime) -> Group:
        """With `member` as the one that sends the next message, if it may go out now.

        The opening counts as announced from here on: after a crash it is not known whether it was sent.
        """
        if self.free_at(member, now) is not None:
            return self
        return replace(self, sender=member, sending_until=now + patience.FENCE, is_announced=True)

    def may_send(self, member: str, now: datetime) -> bool:
        """Whether `sending` has just let this member send."""
        return self.sender == member and self.sending_until == now + patience.FENCE

    def sent(self, members: AbstractSet[str], now: datetime) -> Group:
        """After a message that covered some members was sent; those that left meanwhile stay away."""
        covered = self.covered | (self.waiting & members)
        return replace(self._without(members, covered=covered), sent_at=now, sender=None, sending_until=None)

    def closed(self, now: datetime) -> Group:
        """After a closing message."""
        return replace(self, is_announced=False, has_closed=True, sent_at=now, sender=None, sending_until=None)

    def _without(self, members: AbstractSet[str], *, covered: frozenset[str]) -> Group:
        names = tuple(each for each in self.names if each[0] not in members)
        return replace(self, waiting=self.waiting - members, names=names, covered=covered)


def group_id(*, family: tuple[str, ...], particulars: tuple[str, ...]) -> str:
    """16 hexadecimal digits: eight of the cause, site and day, eight of what distinguishes groups of them.

    Eight digits suffice: groups that share an id by accident only share their messages.
    """
    return _digest(*family) + _digest(*particulars)


def overflow_of(group: str) -> str:
    """The id of the group that takes over when the groups of a cause, site and day have sent too many messages."""
    family = group[:_HALF]
    kind = group.partition("/")[1:]
    return family + _digest("overflow", family) + "".join(kind)


def part_of(group: str, number: int) -> str:
    """The id of the n-th part of a group; the first has the group's own."""
    return group if number == 1 else f"{group}/{number}"


def _digest(*parts: str) -> str:
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:_HALF]
