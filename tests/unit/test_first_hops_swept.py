"""First hops whose events were lost, as the sweep finds them in AWS's lists."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from secondhop.application.sweep_chains import SweepChains, Swept
from secondhop.application.work import JobNews, PointNews
from secondhop.domain.arn import Site, Vault
from secondhop.domain.chain import ChainState
from tests.builders import ARRIVAL_ARN, NIGHT, NOW, ORDERS, WATCHED, WORKLOAD_VAULT, a_copy, an_arrival
from tests.stand_ins import Stage
from tests.unit.test_first_hops import ROUTE, news_of, plan_job, stage


def sweep(place: Stage) -> Swept:
    use_case = SweepChains(
        routes=(place.route,), chains=place.chains, backup=place.backup, queue=place.queue, now=place.clock
    )
    return use_case()


def test_the_sweep_finds_a_failure_whose_event_was_lost_once() -> None:
    place = stage()
    plan_job(place)

    assert sweep(place).failed_first_hops == 1
    place.drain()
    place.clock.forward(minutes=15)
    assert sweep(place).failed_first_hops == 0
    place.drain()
    assert len(place.backup.started) == 1


def test_the_sweep_leaves_failures_from_before_the_installation_alone() -> None:
    place = Stage(route=ROUTE)
    place.chains.installation(now=NOW)
    plan_job(place, created_at=NOW - timedelta(hours=3))

    assert sweep(place).failed_first_hops == 0


def test_a_stuck_first_hop_is_found_and_told_of_once() -> None:
    place = stage()
    plan_job(place, state="RUNNING", message="")
    place.clock.forward(hours=30)
    for _ in range(200):
        sweep(place)
        place.drain()
        place.clock.forward(minutes=15)

    assert [("STUCK" in message.title, message.is_closed) for message in place.announcer.messages] == [(True, False)]
    assert place.backup.started == []


def test_an_arrival_that_vanished_before_anybody_saw_it_is_told_of() -> None:
    place = stage()
    plan_job(place, state="COMPLETED", arrival=ARRIVAL_ARN, created_at=NOW - timedelta(hours=2))
    sweep(place)
    place.drain()

    (message,) = place.announcer.messages
    assert "SOURCE_GONE" in message.title


def test_a_known_arrival_and_a_foreign_job_are_not_put_on_the_queue() -> None:
    place = stage()
    place.backup.put(an_arrival())
    place(
        PointNews(
            arn=ARRIVAL_ARN,
            vault_arn=WATCHED.arn,
            status="COMPLETED",
            database=ORDERS,
            resource_type="RDS",
            created_at=NIGHT,
        )
    )
    job = plan_job(place, state="COMPLETED", arrival=ARRIVAL_ARN, created_at=NOW).job

    def listed(state: str, *, source: Site, destination: Vault, after: datetime) -> Iterator[JobNews]:
        if state == "COMPLETED":
            yield news_of(place)
            yield JobNews(job=job, source_vault_arn=WORKLOAD_VAULT.arn, database=None, resource_type=None)

    place.backup.jobs_in_state = listed  # type: ignore[method-assign]
    place.queue.work.clear()
    sweep(place)

    assert [work for work in place.queue.work if isinstance(work, PointNews)] == []


def test_an_arrival_that_was_copied_and_released_before_the_table_was_lost_is_complete() -> None:
    place = stage()
    plan_job(place, state="COMPLETED", arrival=ARRIVAL_ARN, created_at=NOW - timedelta(hours=2))
    place.backup.put(a_copy())
    sweep(place)
    place.drain()

    (chain,) = place.chains.all()
    assert (chain.state, chain.created_at) == (ChainState.COMPLETE, NIGHT)
    assert place.backup.started == []
    assert place.backup.deleted == []
    assert place.announcer.messages == []
