"""The topic under any sequence of incidents that open and close: every open one is covered, and messages are few."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from secondhop.adapters.memory_chains import MemoryChains
from secondhop.application.notify import Notifier
from secondhop.domain import patience
from secondhop.domain.announced import Announced, AnnouncementPutOff
from secondhop.domain.announcing import announcements, incidents_of, open_ids
from secondhop.domain.chain import Chain
from secondhop.domain.classification import Cause
from secondhop.domain.command import Announce, Channel
from secondhop.domain.errors import TryAgainError
from secondhop.domain.gathering import MESSAGES_LIMIT, overflow_of
from secondhop.domain.hop import HopState, Trouble
from secondhop.domain.outbox import Pending
from tests.builders import ARRIVAL_ARN, NOW, ORDERS, a_chain, an_arrival, with_hop

MEMBERS = 40
TICK = timedelta(minutes=10)
# An hour for the group, an hour more if its members move to the overflow group meanwhile, and a lease of a dead worker.
BOUND = 2 * patience.SUMMARY_PAUSE + 2 * patience.FENCE + 2 * TICK
# Of these causes the first has one group, the second a group for each text.
LOSS, MISTAKE = Cause.VANISHED, Cause.PERMISSION
MEMBER = st.integers(0, MEMBERS - 1)


@dataclass
class Topic:
    """What went out. `dies` before or after the next message, as a process does that is killed."""

    sent: list[tuple[datetime, Announce]] = field(default_factory=list)
    now: datetime = NOW
    dies: str = ""

    def announce(self, message: Announce) -> None:
        dies, self.dies = self.dies, ""
        if dies != "before":
            self.sent.append((self.now, message))
        if dies:
            raise TryAgainError("killed")


def the_chain(number: int) -> Chain:
    return a_chain(point=an_arrival(arn=f"{ARRIVAL_ARN}-{number}", database=f"{ORDERS}-{number}"))


class Topics(RuleBasedStateMachine):
    """Chains whose incidents open and close, and the workers that tell the topic of them."""

    def __init__(self) -> None:
        super().__init__()
        self.topic, self.store = Topic(), MemoryChains()
        self.chains = {number: the_chain(number) for number in range(MEMBERS)}
        self.pending: dict[tuple[int, str], Pending] = {}
        self.opened: dict[int, datetime] = {}
        self.deaths = 0

    @rule(number=MEMBER, cause=st.sampled_from([LOSS, MISTAKE]))
    def open(self, number: int, cause: Cause) -> None:
        if number in self.opened:
            return
        message = f"no right to {'abcdefghijklmnopqrstuvwxyz'[number % 26] * (1 + number // 26)}"
        trouble = Trouble(cause=cause, message=message, since=self.topic.now)
        self.turn(number, with_hop(self.chains[number], state=HopState.STRANDED, trouble=trouble, unresolved=trouble))
        self.opened[number] = self.topic.now

    @rule(cause=st.sampled_from([LOSS, MISTAKE]))
    def open_all(self, cause: Cause) -> None:
        for number in range(MEMBERS):
            self.open(number, cause)

    @rule(number=MEMBER)
    def close(self, number: int) -> None:
        if self.opened.pop(number, None) is not None:
            self.turn(number, with_hop(self.chains[number], state=HopState.WAITING, trouble=None, unresolved=None))

    @rule()
    def close_all(self) -> None:
        for number in range(MEMBERS):
            self.close(number)

    @rule(how=st.sampled_from(["before", "after"]))
    def kill_the_next_sender(self, how: str) -> None:
        self.topic.dies = how
        self.deaths += 1

    @rule(ticks=st.integers(1, 20))
    def let_time_pass(self, ticks: int) -> None:
        for _ in range(ticks):
            self.topic.now += TICK
            for (number, _), pending in list(self.pending.items()):
                if pending.until <= self.topic.now:
                    self.tell(number, pending.command)

    def turn(self, number: int, after: Chain) -> None:
        """Let a chain's incidents change; what is told of them now overtakes what was to be told before."""
        (told,) = [each for each in announcements(self.chains[number], after, NOW) if each.channel is Channel.TOPIC]
        before = self.pending.pop((number, told.incident), None)
        self.chains[number] = replace(after, incidents=open_ids(after, NOW))
        if before is not None and self.topic.now < before.until <= self.topic.now + patience.FENCE:
            self.pending[number, told.incident] = Pending(command=told, until=before.until)
        else:
            self.tell(number, told)

    def tell(self, number: int, command: object) -> None:
        assert isinstance(command, Announce)
        pending = Pending(command=command, until=self.topic.now + patience.FENCE)
        chain = replace(self.chains[number], pending=(pending,))
        try:
            answer = Notifier(chains=self.store, announcer=self.topic, now=lambda: self.topic.now)(chain, command)
        except TryAgainError:
            self.pending[number, command.incident] = pending
            return
        self.pending.pop((number, command.incident), None)
        match answer:
            case AnnouncementPutOff(until=until):
                assert until > self.topic.now
                self.pending[number, command.incident] = replace(pending, until=max(pending.until, until))
            case Announced():
                pass

    def openings(self) -> list[tuple[datetime, Announce]]:
        return [(at, message) for at, message in self.topic.sent if not message.is_closed]

    @invariant()
    def each_incident_that_is_open_for_long_was_named_or_counted(self) -> None:
        for number, since in self.opened.items():
            (incident,) = incidents_of(self.chains[number])
            messages = [message for at, message in self.openings() if at >= since]
            is_named = any(incident.id in message.members for message in messages)
            groups = (incident.group, overflow_of(incident.group))
            is_counted = any(message.more > 0 and message.group in groups for message in messages)
            if self.topic.now - since > BOUND + self.deaths * patience.FENCE:
                assert is_named or is_counted, (number, since, self.topic.now)

    @precondition(lambda self: not self.deaths)
    @invariant()
    def each_group_sends_once_an_hour(self) -> None:
        moments: dict[str, list[tuple[datetime, bool]]] = defaultdict(list)
        for at, message in self.topic.sent:
            moments[message.group or ""].append((at, message.is_closed))
        for told in moments.values():
            closings = [at for at, is_closed in told if is_closed]
            for (earlier, _), (later, is_closed) in pairwise(told):
                is_first_closing = is_closed and later == closings[0]
                assert later - earlier >= patience.SUMMARY_PAUSE or is_first_closing

    @precondition(lambda self: not self.deaths)
    @invariant()
    def the_groups_of_one_cause_and_day_have_a_bound_together(self) -> None:
        moments: dict[str, int] = defaultdict(int)
        for _, message in self.openings():
            group = message.group or ""
            moments[overflow_of(group)] += group != overflow_of(group)
        assert all(count <= MESSAGES_LIMIT for count in moments.values())

    @invariant()
    def what_was_opened_and_is_over_is_closed(self) -> None:
        if self.opened or self.pending:
            return
        last: dict[str, bool] = {message.group or "": message.is_closed for _, message in self.topic.sent}
        assert all(last.values()), last

    @invariant()
    def nobody_waits_for_longer_than_an_hour_and_a_fence(self) -> None:
        for pending in self.pending.values():
            assert pending.until <= self.topic.now + patience.SUMMARY_PAUSE + patience.FENCE


TestTopics = Topics.TestCase
TestTopics.settings = settings(stateful_step_count=20)
