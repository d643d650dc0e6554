"""Groups that send too many messages or have too many members: others take over, and nobody is lost."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from secondhop.adapters.memory_chains import MemoryChains
from secondhop.application.notify import CONFLICT_TRIES, Notifier
from secondhop.domain import patience
from secondhop.domain.announced import Announced, AnnouncementPutOff
from secondhop.domain.command import Announce
from secondhop.domain.errors import ConflictError, TryAgainError
from secondhop.domain.gathering import MEMBERS_LIMIT, MESSAGES_LIMIT, Group, overflow_of, part_of
from secondhop.domain.outbox import LAST_CALL, Pending
from tests.builders import NOW, a_chain
from tests.small_stand_ins import StandInAnnouncer

GROUP = "1234567890abcdef"


@dataclass
class Told:
    """Announcements of one group, without the chains' own rules."""

    store: MemoryChains = field(default_factory=MemoryChains)
    announcer: StandInAnnouncer = field(default_factory=StandInAnnouncer)

    def __call__(
        self, number: int, *, is_closed: bool = False, after: timedelta = timedelta(0), group: str = GROUP
    ) -> Announced | AnnouncementPutOff:
        command = Announce(
            subject="to-dr",
            incident=f"{number:016x}",
            group=group,
            is_closed=is_closed,
            title=f"orders-{number}: ROLE (STRANDED)",
            lines=("As it was.",),
        )
        pending = Pending(command=command, until=NOW + after + patience.FENCE)
        chain = replace(a_chain(), pending=(pending,))
        notify = Notifier(chains=self.store, announcer=self.announcer, now=lambda: NOW + after)
        return notify(chain, command)

    def set(self, group: Group) -> None:
        before = self.store.group(group.id)
        self.store.save_group(group, before=before, now=NOW)


def used_up() -> Group:
    return Group(id=overflow_of(GROUP), counted=MESSAGES_LIMIT)


def test_each_message_of_a_cause_site_and_day_counts_until_an_overflow_group_takes_over() -> None:
    told = Told()
    groups = [f"12345678{number:08x}" for number in range(MESSAGES_LIMIT + 5)]
    for number, group in enumerate(groups):
        told(number, group=group)
    summaries = [each for each in told.announcer.messages if each.group == overflow_of(GROUP)]

    assert len(told.announcer.messages) == MESSAGES_LIMIT + 1
    assert [each.members for each in summaries] == [(f"{MESSAGES_LIMIT:016x}",)]
    told(MESSAGES_LIMIT + 1, group=groups[MESSAGES_LIMIT + 1], after=timedelta(hours=1))
    assert len(told.announcer.messages[-1].members) == 4


@pytest.mark.parametrize("counted", [0, MESSAGES_LIMIT])
def test_a_covered_incident_is_done_without_a_message_or_a_write(counted: int) -> None:
    told = Told()
    told.set(replace(used_up(), counted=counted))
    told(0)
    before = told.store.group(GROUP), told.store.group(overflow_of(GROUP))

    assert isinstance(told(0, after=timedelta(hours=2)), Announced)
    assert (told.store.group(GROUP), told.store.group(overflow_of(GROUP))) == before
    assert len(told.announcer.messages) == 1


def test_another_cause_site_or_day_has_an_allowance_of_its_own() -> None:
    told = Told()
    told.set(used_up())
    told(0, group="87654321" + GROUP[8:])
    told(1, group=GROUP + LAST_CALL)

    assert [each.group for each in told.announcer.messages] == ["87654321" + GROUP[8:], GROUP + LAST_CALL]


def test_a_group_whose_waiting_member_went_to_the_overflow_group_still_closes() -> None:
    told = Told()
    told(0)
    assert isinstance(told(1), AnnouncementPutOff)
    told.set(replace(told.store.group(overflow_of(GROUP)), counted=MESSAGES_LIMIT))
    told(0, is_closed=True)
    told(1, after=timedelta(hours=1))
    told(1, after=timedelta(hours=1))
    told(1, is_closed=True, after=timedelta(hours=2))

    heard = [(each.group, each.is_closed) for each in told.announcer.messages]
    assert heard == [(GROUP, False), (overflow_of(GROUP), False), (GROUP, True), (overflow_of(GROUP), True)]


def test_a_group_that_nobody_heard_of_needs_no_closing_when_the_overflow_group_took_over() -> None:
    told = Told()
    told.set(Group(id=GROUP, waiting=frozenset({f"{0:016x}"})))
    told.set(used_up())
    told(0)
    told(0, is_closed=True, after=timedelta(hours=2))

    assert [(each.group, each.is_closed) for each in told.announcer.messages] == [
        (overflow_of(GROUP), False),
        (overflow_of(GROUP), True),
    ]
    assert told.store.group(GROUP).members == frozenset()


def test_closings_count_as_messages_but_those_of_the_overflow_group_do_not() -> None:
    told = Told()
    told(0)
    told(0, is_closed=True)
    assert told.store.group(overflow_of(GROUP)).counted == 2

    told.set(replace(told.store.group(overflow_of(GROUP)), counted=MESSAGES_LIMIT))
    told(1, after=timedelta(hours=1))
    told(1, is_closed=True, after=timedelta(hours=1))
    assert told.store.group(overflow_of(GROUP)).counted == MESSAGES_LIMIT


def test_a_full_group_goes_on_in_a_second_part_which_opens_and_closes_for_itself() -> None:
    told = Told()
    members = frozenset(f"{number:016x}" for number in range(MEMBERS_LIMIT))
    told.set(Group(id=GROUP, covered=members, is_announced=True, sent_at=NOW))
    told(MEMBERS_LIMIT)
    assert told.store.group(GROUP).members == members
    assert told.store.group(part_of(GROUP, 2)).covered == {f"{MEMBERS_LIMIT:016x}"}

    told(0, is_closed=True)
    told(MEMBERS_LIMIT)
    told(MEMBERS_LIMIT, is_closed=True)
    assert [(each.group, each.is_closed) for each in told.announcer.messages] == [
        (part_of(GROUP, 2), False),
        (part_of(GROUP, 2), True),
    ]


@dataclass
class BusyChains(MemoryChains):
    """A store in which others write a group first, so many times."""

    rivals: int = 0

    def __post_init__(self) -> None:
        super().__init__()

    def save_group(self, after: Group, *, before: Group, now: datetime) -> Group:
        if self.rivals:
            self.rivals -= 1
            super().save_group(before.joined(f"rival-{self.rivals}", "another"), before=before, now=now)
            raise ConflictError("written by somebody else")
        return super().save_group(after, before=before, now=now)


def test_a_group_that_others_write_at_the_same_time_is_read_again() -> None:
    told = Told(store=BusyChains(rivals=CONFLICT_TRIES - 1))
    told(0)

    (message,) = told.announcer.messages
    assert len(message.members) == CONFLICT_TRIES
    assert message.members[-1] == f"{0:016x}"


def test_a_group_that_others_write_all_the_time_is_left_for_later() -> None:
    told = Told(store=BusyChains(rivals=CONFLICT_TRIES))

    with pytest.raises(TryAgainError, match="many workers"):
        told(0)
    assert told.announcer.messages == []
