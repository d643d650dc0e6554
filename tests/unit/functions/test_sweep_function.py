"""The sweep's function: what it counts for the alarms, what it logs, and what it answers."""

from __future__ import annotations

from datetime import timedelta

import pytest

from backup_simulator import Delivery
from secondhop.domain.errors import TryAgainError
from secondhop.domain.sweep_progress import SweepProgress
from tests.builders import HOME
from tests.running_functions import Running


def test_a_sweep_that_was_completed_is_counted_with_what_it_found() -> None:
    sweep = Running("SweepChains")
    swept = sweep({})

    (line,) = sweep.logged
    assert (line["message"], line["level"], line["service"]) == ("swept", "INFO", "second-hop")
    assert {name: line.get(name) for name in swept} == {
        name: list(value) if isinstance(value, tuple) else value for name, value in swept.items()
    }
    assert (swept["skipped"], swept["is_whole"], swept["problems"]) == (None, True, ())
    assert (sweep.measured["SweepCompleted"], sweep.measured["SweepPassCompleted"]) == (1, 1)
    assert (sweep.namespaces, sweep.units) == ({("SecondHop", "second-hop")}, {"Count"})


def test_a_sweep_that_misses_chains_counts_them() -> None:
    sweep = Running("SweepChains")
    for number in range(2):
        sweep.stage.add_database("RDS", f"orders-{number}", size_gib=1)
    sweep.stage.world.run_for(timedelta(hours=8))
    sweep.chains._chains.clear()
    swept = sweep({})

    assert swept["missing"] == 2
    assert sweep.measured["ArrivalsMissed"] == 2


def test_a_sweep_that_finds_a_failed_first_hop_counts_it() -> None:
    sweep = Running("SweepChains")
    sweep.stage.add_database("RDS", "orders", size_gib=1)
    sweep.stage.world.set_delivery(Delivery(loss=1.0))
    sweep.stage.world.faults.fail_copy_job(message="An internal error occurred.", destination_region=HOME)
    while not any(job.state == "FAILED" for job in sweep.stage.world.copy_jobs()):
        sweep.stage.world.run_for(timedelta(minutes=1))
    swept = sweep({})

    assert swept["failed_first_hops"] == 1
    assert sweep.measured["FirstHopsFailed"] == 1


def test_problems_of_a_sweep_are_counted_and_logged_and_do_not_stop_it() -> None:
    sweep = Running("SweepChains")
    sweep.stage.world.faults.refuse("ListCopyJobs", code="AccessDeniedException", times=1)
    swept = sweep({})

    errors = [line for line in sweep.logged if line["level"] == "ERROR"]
    assert [line["reason"] for line in errors] == list(swept["problems"])
    assert {line["message"] for line in errors} == {"the sweep could not read something, and went on"}
    assert (sweep.measured["SweepProblems"], sweep.measured["SweepCompleted"]) == (1, 1)
    assert sweep.logged[-1]["message"] == "swept"


def test_a_sweep_that_another_one_is_doing_is_not_counted_as_done() -> None:
    sweep = Running("SweepChains")
    now = sweep.stage.world.now()
    begun = sweep.chains.sweep_progress(now=now)
    busy = SweepProgress(began_at=now, sweeping_until=now + timedelta(minutes=5))
    sweep.chains.save_sweep_progress(busy, before=begun)
    swept = sweep({})

    assert swept["skipped"] is not None
    assert not any(sweep.measured.values())
    assert [line["message"] for line in sweep.logged] == ["swept"]


def test_a_sweep_that_fails_is_an_error_of_the_invocation_and_counts_nothing() -> None:
    sweep = Running("SweepChains")
    sweep.chains.trouble = TryAgainError("busy")

    with pytest.raises(TryAgainError, match="busy"):
        sweep({})
    assert sweep.measured["SweepCompleted"] == 0
