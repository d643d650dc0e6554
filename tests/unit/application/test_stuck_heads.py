"""Chains that keep the first places of the queue for a slot, and cannot copy, do not stop those behind them."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from secondhop.adapters.memory_chains import MemoryChains
from secondhop.application.sweep_chains import SweepChains
from secondhop.application.waking import longest_waiting
from tests.builders import ARRIVAL_ARN, NIGHT, ORDERS, a_copy, a_route, an_arrival
from tests.skewed import Skewed
from tests.stand_ins import arrived, copying, job_news
from tests.unit.application.test_waiting_for_slots import OTHER, RDS, in_flight, waiting_chains


def test_the_sweep_also_wakes_chains_from_behind_those_that_may_never_copy() -> None:
    chains = MemoryChains()
    keys = waiting_chains(chains, ["one", "two", "two", "three", "four"])
    in_flight(chains, "far")
    drawn = [longest_waiting(chains, RDS, limit=2, draw=Random(seed)) for seed in range(40)]

    assert {woken[0] for woken in drawn} == {keys[0]}
    assert {woken[1] for woken in drawn} == {keys[1], keys[2], keys[3], keys[4]}
    assert {len(woken) for woken in drawn} == {2}
    assert len(longest_waiting(chains, RDS, limit=4, draw=Random(1))) == 5
    assert longest_waiting(chains, RDS, limit=1, draw=Random(1)) == []


def test_a_chain_that_cannot_be_read_does_not_keep_others_from_the_only_slot() -> None:
    chains = Skewed()
    stage = copying(route=a_route(limits={"RDS": 1}), chains=chains)
    stage.backup.put(an_arrival(arn=OTHER.recovery_point, database=ORDERS + "2"))
    stage(arrived(arn=OTHER.recovery_point))
    third = an_arrival(arn=f"{ARRIVAL_ARN}-c", database=f"{ORDERS}3", created_at=NIGHT + timedelta(hours=1))
    stage.backup.put(third)
    stage(arrived(arn=third.arn))
    chains.bad.add(OTHER)
    stage(job_news(stage.backup.finish("JOB-1", a_copy())))
    sweep = SweepChains(
        routes=(stage.route,), chains=stage.chains, backup=stage.backup, queue=stage.queue, now=stage.clock
    )
    for _ in range(4):
        stage.clock.forward(minutes=16)
        sweep()
        stage.drain()

    assert [each.source for each in stage.backup.started] == [ARRIVAL_ARN, third.arn]


def test_a_chain_that_cannot_be_read_does_not_stop_the_later_backups_of_its_own_database() -> None:
    chains = MemoryChains()
    keys = waiting_chains(chains, ["one", "one", "two"])
    drawn = [longest_waiting(chains, RDS, limit=2, draw=Random(seed)) for seed in range(20)]

    assert {tuple(woken) for woken in drawn} == {(keys[0], keys[2], keys[1])}
    assert longest_waiting(chains, RDS, limit=2) == [keys[0], keys[2]]
