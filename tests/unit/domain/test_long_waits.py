"""A wait is told of to nobody, until the source is about to expire and could still be copied."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from secondhop.domain import observation as seen
from secondhop.domain.advance import advance
from secondhop.domain.chain import ChainState
from secondhop.domain.command import Announce, Channel
from secondhop.domain.hop import HopState
from secondhop.domain.observation import Observation
from tests.builders import NOW, a_chain, a_copy, a_route, an_arrival
from tests.hop_steps import DAY, SECOND
from tests.stand_ins import LOOK, Stage, arrived, job_news

FULL = seen.SlotRefused(hop="to-dr", why="5 copies are in flight")
PAUSED = seen.ActingPaused(hop="to-dr", why="acting is paused by ada")
NOT_READY = seen.SourceNotReady(hop="to-dr", why="in doubt, because copy job BACK into its vault is CREATED")


@pytest.mark.parametrize(("fact", "cause"), [(FULL, "NO_SLOT"), (PAUSED, "PAUSED"), (NOT_READY, "STUCK")])
@pytest.mark.parametrize(
    ("opened", "expires", "is_told"),
    [
        (5 * DAY, 2 * DAY, True),
        (5 * DAY, 2 * DAY + SECOND, False),
        (5 * DAY, None, False),
        (DAY / 2, DAY, True),
        (DAY / 2 - SECOND, DAY, False),
    ],
)
def test_a_wait_is_told_of_while_its_source_can_still_be_copied(
    fact: Observation, cause: str, opened: timedelta, expires: timedelta | None, is_told: bool
) -> None:
    expires_at = None if expires is None else NOW + expires
    chain = replace(a_chain(), opened_at=NOW - opened, source_expires_at=expires_at)
    decision = advance(chain, fact, route=a_route(), now=NOW)

    told = [each.title for each in decision.commands if isinstance(each, Announce) and each.channel is Channel.TOPIC]
    assert told == ([f"orders: {cause} (WAITING)"] if is_told else [])
    assert decision.chain.hop("to-dr").state is HopState.WAITING


def test_a_wait_on_a_route_without_its_leg_and_without_an_expiry_is_not_told_of() -> None:
    chain = replace(a_chain(), opened_at=NOW - 5 * DAY, source_expires_at=None)
    decision = advance(chain, FULL, route=replace(a_route(), legs=()), now=NOW)

    assert [each for each in decision.commands if isinstance(each, Announce)] == []


def test_a_forgotten_pause_is_told_of_before_the_source_expires_and_closed_when_the_copy_is_made() -> None:
    stage = Stage()
    stage.chains.pause(route="default", by="ada")
    stage.backup.put(an_arrival(delete_at=stage.clock.now + 5 * DAY))
    stage(arrived())
    stage.clock.forward(days=2)
    stage(LOOK)
    assert stage.announcer.messages == []

    stage.clock.forward(days=1, minutes=1)
    stage(LOOK)
    (told,) = stage.announcer.messages
    assert told.title == "orders: PAUSED (WAITING)"
    assert any("paused by ada" in line for line in told.lines)

    stage.chains.pause(route="default", by=None)
    stage.clock.forward(minutes=16)
    stage(LOOK)
    stage(job_news(stage.backup.finish("JOB-1", a_copy())))
    assert stage.chain.state is ChainState.COMPLETE
    assert [each.is_closed for each in stage.announcer.messages] == [False, True]
