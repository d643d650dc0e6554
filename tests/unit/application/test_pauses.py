"""A pause that begins while an interrupted start is looked for."""

from __future__ import annotations

from collections.abc import Iterator

from secondhop.application.ports import UnansweredError
from secondhop.domain.arn import Site, Vault
from secondhop.domain.hop import HopState
from secondhop.domain.observation import JobSeen
from tests.builders import an_arrival
from tests.stand_ins import LOOK, Stage, arrived


def test_a_pause_stops_the_repetition_of_an_interrupted_start() -> None:
    stage = Stage()
    stage.backup.put(an_arrival())
    stage.backup.fail("start", UnansweredError("no answer"))
    stage(arrived())
    stage.clock.forward(minutes=6)
    answers, jobs_into = iter([None, "ada"]), stage.backup.jobs_into

    def paused_meanwhile(route: str) -> str | None:
        return next(answers) if route else None

    def slowly(destination: Vault, *, from_site: Site, database: str) -> Iterator[JobSeen]:
        stage.clock.forward(seconds=3)
        return jobs_into(destination, from_site=from_site, database=database)

    stage.chains.paused_by = paused_meanwhile  # type: ignore[method-assign]  # for this test only
    stage.backup.jobs_into = slowly  # type: ignore[method-assign]  # for this test only
    report = stage(LOOK)

    assert stage.backup.started == []
    assert "paused by ada" in report.steps[-1].reason
    assert stage.chain.hop("to-dr").state is HopState.COPYING
