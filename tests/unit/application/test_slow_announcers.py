"""A worker that is slow in the call that tells people, while others bring the chain on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from secondhop.application.work import Abandon, Retry
from secondhop.domain.advance import Decision, advance
from secondhop.domain.command import Announce, Channel
from secondhop.domain.errors import TryAgainError
from secondhop.domain.observation import AbandonAsked
from secondhop.domain.outbox import LAST_CALL, Pending
from tests.builders import NOW, a_copy, a_route
from tests.small_stand_ins import StandInAnnouncer
from tests.stand_ins import KEY, LOOK, Stage, copying, job_news

NOT_ENABLED = "Cross-account copy feature is not enabled"
DENIED = "Access Denied trying to call AWS Backup service"


@dataclass
class SlowAnnouncer(StandInAnnouncer):
    """It hears of an incident, and sends the message only after what happens `meanwhile`, once per channel."""

    meanwhile: dict[Channel, Callable[[], object]] = field(default_factory=dict)

    def announce(self, message: Announce) -> None:
        self.meanwhile.pop(message.channel, lambda: None)()
        super().announce(message)

    def told(self, channel: Channel) -> list[bool]:
        return [each.is_closed for each in (self.messages if channel is Channel.TOPIC else self.events)]


def not_told() -> Stage:
    """A stage whose chain has an incident that no channel accepted yet."""
    stage = copying()
    stage.announcer.troubles.extend([TryAgainError("busy")] * 2)
    stage(job_news(stage.backup.fail_job("JOB-1", NOT_ENABLED)))
    return stage


def slow(stage: Stage) -> SlowAnnouncer:
    stage.announcer = SlowAnnouncer()
    return stage.announcer


@pytest.mark.parametrize("channel", Channel)
def test_closed_waits_until_nobody_can_still_be_saying_open(channel: Channel) -> None:
    stage = copying()
    announcer = slow(stage)
    announcer.meanwhile[channel] = lambda: stage(job_news(stage.backup.finish("JOB-1", a_copy())))
    stage(job_news(stage.backup.fail_job("JOB-1", NOT_ENABLED)))
    assert announcer.told(channel) == [False]

    stage.clock.forward(minutes=6)
    stage(LOOK)
    assert announcer.told(channel) == [False, True]
    assert stage.chain.pending == ()


@pytest.mark.parametrize("channel", Channel)
def test_a_chain_abandoned_while_its_incident_is_told_closes_it_afterwards(channel: Channel) -> None:
    stage = copying()
    announcer = slow(stage)
    announcer.meanwhile[channel] = lambda: stage(Abandon(key=KEY, by="ada"))
    stage(job_news(stage.backup.fail_job("JOB-1", NOT_ENABLED)))
    stage.clock.forward(minutes=6)
    stage(LOOK)

    assert announcer.told(channel) == [False, True]
    assert stage.chain.pending == ()


def abandoned(stage: Stage, pending: tuple[Pending, ...]) -> Decision:
    chain = replace(stage.chain, pending=pending)
    return advance(chain, AbandonAsked(by="ada"), route=a_route(), now=NOW)


def test_a_channel_that_was_told_does_not_wait_for_the_other_one() -> None:
    stage = not_told()
    of_the_topic, _ = stage.chain.pending
    decision = abandoned(stage, (replace(of_the_topic, until=NOW + timedelta(minutes=1)),))

    (told,) = decision.effects
    assert isinstance(told, Announce)
    assert (told.channel, told.is_closed) == (Channel.BUS, True)


def test_closed_waits_for_the_last_of_several_messages_that_may_still_be_sent() -> None:
    stage = not_told()
    opening = stage.chain.pending[0].command
    assert isinstance(opening, Announce)
    call = replace(opening, incident=opening.incident + LAST_CALL)
    fences = [NOW + timedelta(minutes=minutes) for minutes in (3, 1)]
    for first, second in (fences, fences[::-1]):
        decision = abandoned(stage, (Pending(command=opening, until=first), Pending(command=call, until=second)))
        told = [(each.command, each.until) for each in decision.chain.pending if isinstance(each.command, Announce)]
        assert {until for message, until in told if message.channel is Channel.TOPIC} == {max(fences)}


def test_open_again_waits_until_nobody_can_still_be_saying_closed() -> None:
    stage = copying()
    stage(job_news(stage.backup.fail_job("JOB-1", DENIED)))
    stage(Retry(key=KEY, by="ada"))
    stage(job_news(stage.backup.fail_job("JOB-2", DENIED)))
    (incident,) = stage.chain.incidents
    stage(Retry(key=KEY, by="ada"))
    announcer = slow(stage)

    def fails_again() -> None:
        stage(Retry(key=KEY, by="ada"))
        stage(job_news(stage.backup.fail_job("JOB-4", DENIED)))

    # Another trouble ends the first one's incident, and while that is told the first trouble is back.
    announcer.meanwhile[Channel.TOPIC] = fails_again
    stage(job_news(stage.backup.fail_job("JOB-3", NOT_ENABLED)))
    stage.clock.forward(minutes=6)
    stage(LOOK)
    stage.clock.forward(minutes=60)
    stage(LOOK)

    assert stage.chain.incidents == (incident,)
    of_the_first = [each for each in announcer.messages if each.incident == incident]
    assert [each.is_closed for each in of_the_first] == [True, False]


def test_an_abandoned_chain_still_says_that_an_older_incident_was_closed() -> None:
    stage = copying()
    announcer = slow(stage)
    announcer.meanwhile[Channel.TOPIC] = lambda: stage(job_news(stage.backup.finish("JOB-1", a_copy())))
    stage(job_news(stage.backup.fail_job("JOB-1", NOT_ENABLED)))
    stage(Abandon(key=KEY, by="ada"))
    stage.clock.forward(minutes=6)
    stage(LOOK)

    assert announcer.told(Channel.TOPIC) == [False, True]
