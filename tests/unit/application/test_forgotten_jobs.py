"""A copy job that AWS does not show: forgotten after 30 days, too young to be seen, or seen too early by a sleeper."""

from __future__ import annotations

from secondhop.domain import observation as seen
from secondhop.domain.advance import advance
from secondhop.domain.classification import Cause
from secondhop.domain.hop import HopState
from tests.builders import NOW, a_copy
from tests.stand_ins import LOOK, copying


def test_a_forgotten_job_is_looked_for_and_never_taken_for_failed() -> None:
    stage = copying()
    stage.backup.jobs.clear()
    stage.clock.forward(days=31)
    stage.backup.put(a_copy())
    stage(LOOK)
    assert stage.chain.hop("to-dr").state is HopState.VERIFIED

    lost = copying()
    lost.backup.jobs.clear()
    lost(LOOK)
    assert lost.chain.hop("to-dr").state is HopState.COPYING, "AWS may not show a young job yet"
    lost.clock.forward(hours=2)
    lost(LOOK)
    assert lost.chain.troubles()[0].cause is Cause.UNDECIDABLE


def test_a_survey_from_before_a_job_was_known_does_not_give_its_slot_back() -> None:
    stage = copying()
    stage.clock.forward(hours=2)
    stale = seen.CopiesSurveyed(hop="to-dr", asked_at=NOW, jobs=(), points=())
    decision = advance(stage.chain, stale, route=stage.route, now=stage.clock.now)

    assert decision.chain.hop("to-dr").state is HopState.COPYING
    assert decision.effects == ()
