"""A table is lost while the quota is used: at most twice the limit is in flight, and the nights check that."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from backup_simulator import World
from backup_simulator.model import Job
from rehearsal.nights.expectations import Expectations
from rehearsal.nights.faulty_store import FaultyChains
from rehearsal.nights.safety_checks import SafetyChecks
from rehearsal.stage import Stage
from secondhop.adapters.memory_chains import MemoryChains

LIMIT = 5
A_MOMENT = timedelta(minutes=5)


class GenerousChains(MemoryChains):
    """Forgets the limit."""

    def save(self, chain: Any, *, before: Any, limit: int) -> Any:
        return super().save(chain, before=before, limit=limit + 100)

    def slot_refusal(self, slot: Any, *, limit: int) -> Any:
        return super().slot_refusal(slot, limit=limit + 100)


def a_full_lane() -> tuple[Stage, FaultyChains, SafetyChecks]:
    """Arrivals that waited under a pause, and as many of them under way as the limit allows."""
    world = World()
    store = FaultyChains(world, index_lag=timedelta(0), counts=Counter())
    stage = Stage(world, store, {"SweepIntervalMinutes": "30"})
    for number in range(25):
        stage.add_database("Aurora", f"db-{number}", size_gib=60)
    checks = SafetyChecks(
        expected=Expectations(stage=stage, our_roles=frozenset(stage.acting_roles())),
        oracle=stage.oracle(),
        mains=(stage.main,),
    )
    store.pause(route="default", by="ada")
    world.run_for(timedelta(hours=12))
    store.pause(route="default", by=None)
    while len(in_flight(stage)) < LIMIT:
        world.run_for(A_MOMENT)
    return stage, store, checks


def in_flight(stage: Stage) -> list[Job]:
    return [job for job in stage.world.copy_jobs() if job.started_by in stage.acting_roles() and job.is_live]


def adopt(stage: Stage) -> None:
    """Without this, arrivals from before the loss are not copied."""
    stage.main.functions["OperateChains"]({"verb": "adopt", "by": "ada", "dry_run": False})


def most_in_flight(stage: Stage) -> int:
    most = 0
    for _ in range(72):
        stage.world.run_for(A_MOMENT)
        most = max(most, len(in_flight(stage)))
    return most


@pytest.mark.parametrize("is_adopted", [False, True])
def test_after_a_lost_table_at_most_twice_the_limit_is_in_flight(is_adopted: bool) -> None:
    stage, store, checks = a_full_lane()
    store.become(MemoryChains())
    checks.allow_again_in_flight()
    if is_adopted:
        adopt(stage)

    assert LIMIT < most_in_flight(stage) <= 2 * LIMIT
    assert [each for each in checks.violations if each.promise == 4] == []


@pytest.mark.parametrize(("is_allowed", "first_found"), [(False, LIMIT + 1), (True, 2 * LIMIT + 1)])
def test_copies_in_flight_are_allowed_again_up_to_twice_the_limit_and_no_more(
    is_allowed: bool, first_found: int
) -> None:
    stage, store, checks = a_full_lane()
    store.become(GenerousChains())
    if is_allowed:
        checks.allow_again_in_flight()
        stage.world.on_trace(lambda _line: checks.allow_again_in_flight())
    adopt(stage)
    assert most_in_flight(stage) > 2 * LIMIT

    found = [each.evidence for each in checks.violations if each.promise == 4]
    assert found[0].startswith(f"{first_found} copies of Aurora ")
