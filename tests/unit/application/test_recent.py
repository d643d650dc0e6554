"""What is remembered for a short time, and what is always read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from secondhop.adapters.memory_chains import MemoryChains
from secondhop.application.recent import BEGINNING, PAUSE, Recent, beginning, pauses
from secondhop.domain.errors import SettingsError
from secondhop.domain.sweep_progress import SweepProgress
from tests.builders import NOW, a_route
from tests.stand_in_backup import Clock

SECOND = timedelta(seconds=1)


def a_reader(values: list[str | None], clock: Callable[[], datetime]) -> Recent[str, str | None]:
    return Recent(read=lambda _: values.pop(0), now=clock, lifetime=PAUSE, keeps=lambda value: value is None)


@pytest.mark.parametrize(("later", "left"), [(PAUSE - SECOND, 1), (PAUSE, 0), (-SECOND, 0)])
def test_a_value_is_read_again_after_its_lifetime_and_when_the_clock_went_back(later: timedelta, left: int) -> None:
    clock, values = Clock(), [None, "ada"]
    recent = a_reader(values, clock)
    recent("default")
    clock.now += later
    recent("default")

    assert len(values) == left


@pytest.mark.parametrize(("later", "expected"), [(SECOND, None), (2 * SECOND, "ada")])
def test_a_value_that_is_too_old_for_an_effect_is_read_again(later: timedelta, expected: str | None) -> None:
    clock = Clock()
    recent = a_reader([None, "ada"], clock)
    recent("default")
    clock.now += later

    assert recent("default", within=2 * SECOND) == expected


def test_what_may_not_be_remembered_is_read_each_time() -> None:
    recent = a_reader(["ada", "ada", None], Clock())

    assert [recent("default") for _ in range(4)] == ["ada", "ada", None, None]


def test_a_fresh_value_replaces_what_was_remembered() -> None:
    recent = a_reader([None, "ada", None], Clock())

    assert [recent("default"), recent.fresh("default"), recent("default")] == [None, "ada", None]


def test_each_route_is_remembered_by_itself() -> None:
    chains = MemoryChains()
    chains.pause(route="other", by="ada")
    paused = pauses(chains, Clock())

    assert [paused("default"), paused("other"), paused("default")] == [None, "ada", None]


def test_the_beginning_is_read_once_an_hour_and_checked_against_the_routes() -> None:
    chains, clock = MemoryChains(), Clock()
    begun = chains.sweep_progress(now=clock.now)
    known = beginning(chains, (a_route(),), clock)
    assert known("installation") == clock.now

    renamed = SweepProgress(began_at=NOW, routes=("another",))
    chains.save_sweep_progress(renamed, before=begun)
    clock.now += BEGINNING - SECOND
    known("installation")
    clock.now += SECOND
    with pytest.raises(SettingsError):
        known("installation")
