"""First hops whose events were lost, as the sweep finds them in AWS's lists."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from secondhop.application.operate_chains import OperateChains
from secondhop.application.sweep_chains import SweepChains, Swept
from secondhop.application.work import JobNews, PointNews
from secondhop.domain.arn import Site, Vault
from secondhop.domain.chain import ChainState
from tests.builders import ARRIVAL_ARN, NIGHT, NOW, ORDERS, WATCHED, WORKLOAD_VAULT, a_copy, an_arrival
from tests.stand_ins import Stage
from tests.unit.test_first_hops import KEY, ORIGIN, ROUTE, news_of, plan_job, stage


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


def test_after_a_lost_table_adopt_follows_the_first_hops_that_failed_before() -> None:
    """Seed 17 of the nights: what failed before the loss was older than the new table, and nobody followed it."""
    place = Stage(route=ROUTE)
    place.chains.installation(now=NOW)
    place.backup.put(an_arrival(arn=ORIGIN, vault_arn=WORKLOAD_VAULT.arn, created_at=NIGHT, completed_at=NIGHT))
    failed = plan_job(place, created_at=NOW - timedelta(hours=3))
    use_case = OperateChains(
        routes=(place.route,), chains=place.chains, backup=place.backup, queue=place.queue, now=place.clock
    )
    slice_ = {"after": NOW - timedelta(days=90), "before": NOW}

    shown = use_case.adopt("default", **slice_, is_dry_run=True)
    assert [point for point in shown.points if "first hop failed" in point] == [
        f"{failed.job.source} of {ORDERS}, whose first hop failed"
    ]
    assert place.queue.work == []
    use_case.adopt("default", **slice_, is_dry_run=False)
    place.drain()
    assert [chain.key for chain in place.chains.all()] == [KEY]
    assert use_case.adopt("default", **slice_, is_dry_run=True).points == ()


def test_adopt_leaves_first_hops_of_another_time_alone() -> None:
    place = Stage(route=ROUTE)
    plan_job(place, created_at=NOW - timedelta(hours=3))
    use_case = OperateChains(
        routes=(place.route,), chains=place.chains, backup=place.backup, queue=place.queue, now=place.clock
    )

    earlier = use_case.adopt(
        "default", after=NOW - timedelta(days=90), before=NOW - timedelta(hours=4), is_dry_run=True
    )
    assert earlier.points == ()
