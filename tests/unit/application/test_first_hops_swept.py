"""First hops whose events were lost, as the sweep finds them in AWS's lists."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from secondhop.application.operate_chains import OperateChains
from secondhop.application.sweep_chains import SweepChains, Swept
from secondhop.application.work import JobNews
from secondhop.domain.chain import ChainState
from secondhop.domain.route import Route
from tests.builders import (
    ARRIVAL_ARN,
    CUSTOMERS,
    NIGHT,
    NOW,
    ORDERS,
    SECOND_DR_VAULT,
    WORKLOAD,
    WORKLOAD_VAULT,
    a_copy,
    a_route,
    an_arrival,
)
from tests.stand_ins import Stage, arrived
from tests.unit.application.test_first_hops import KEY, ORIGIN, ROUTE, plan_job, stage


def sweep(place: Stage, routes: Sequence[Route] = ()) -> Swept:
    use_case = SweepChains(
        routes=routes or (place.route,), chains=place.chains, backup=place.backup, queue=place.queue, now=place.clock
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


@pytest.mark.parametrize(("minutes_before", "count"), [(0, 1), (59, 1), (61, 0)])
def test_failures_from_before_the_hour_in_which_the_installation_began_are_left_alone(
    minutes_before: int, count: int
) -> None:
    place = Stage(route=ROUTE)
    place.chains.sweep_progress(now=NOW)
    plan_job(place, created_at=NOW - timedelta(minutes=minutes_before))

    assert sweep(place).failed_first_hops == count


def test_a_stuck_first_hop_is_found_and_told_of_once() -> None:
    place = stage()
    plan_job(place, state="RUNNING", message="")
    # Its source expires in two weeks, so operators hear of it after one.
    place.clock.forward(days=7)
    for _ in range(200):
        sweep(place)
        place.drain()
        place.clock.forward(minutes=15)

    assert [("STUCK" in message.title, message.is_closed) for message in place.announcer.messages] == [(True, False)]
    assert place.backup.started == []


def test_an_arrival_that_vanished_before_anybody_saw_it_is_told_of() -> None:
    place = stage()
    plan_job(place, state="COMPLETED", arrival=ARRIVAL_ARN, created_at=NOW - timedelta(hours=2))
    for _ in range(2):
        sweep(place)
        place.drain()
        place.clock.forward(minutes=65)

    (message,) = place.announcer.messages
    assert "SOURCE_GONE" in message.title


@pytest.mark.parametrize(
    ("state", "resource_type", "hours", "count"),
    [
        ("FAILED", "RDS", 1, 1),
        ("PARTIAL", "RDS", 1, 1),
        ("COMPLETED", "RDS", 25, 0),
        ("CREATED", "RDS", 23, 0),
        ("CREATED", "RDS", 25, 1),
        ("RUNNING", "RDS", 25, 1),
        ("RUNNING", "Aurora", 25, 0),
        ("RUNNING", "Aurora", 37, 1),
    ],
)
def test_first_hops_that_failed_or_are_too_old_for_their_kind_are_put_on_the_queue(
    state: str, resource_type: str, hours: int, count: int
) -> None:
    place = stage()
    database = ORDERS if resource_type == "RDS" else CUSTOMERS
    place.backup.put(
        an_arrival(arn=ORIGIN, vault_arn=WORKLOAD_VAULT.arn, database=database, resource_type=resource_type)
    )
    job = plan_job(place, state=state, created_at=NOW - timedelta(hours=hours)).job

    assert sweep(place).failed_first_hops == count
    assert [work.job for work in place.queue.work if isinstance(work, JobNews)] == [job] * count


@pytest.mark.parametrize(
    ("state", "is_planned", "account", "count"),
    [
        ("FAILED", True, WORKLOAD, 1),
        ("FAILED", False, WORKLOAD, 0),
        ("FAILED", True, "999999999999", 0),
        ("FAILED", False, "999999999999", 0),
        ("COMPLETED", True, WORKLOAD, 1),
        ("COMPLETED", False, WORKLOAD, 1),
        ("COMPLETED", True, "999999999999", 0),
    ],
)
def test_failures_of_other_hands_and_all_of_foreign_databases_are_left_alone(
    state: str, is_planned: bool, account: str, count: int
) -> None:
    place = stage()
    database = ORDERS.replace(WORKLOAD, account)
    place.backup.put(an_arrival(arn=ORIGIN, vault_arn=WORKLOAD_VAULT.arn, database=database))
    arrival = ARRIVAL_ARN if state == "COMPLETED" else None
    plan_job(place, state=state, arrival=arrival, created_at=NOW - timedelta(hours=1), is_planned=is_planned)
    sweep(place)

    assert len(place.queue.work) == count


def test_the_first_hops_of_every_route_are_swept_and_counted_together() -> None:
    place = stage()
    plan_job(place)
    other = a_route(name="other", watched=SECOND_DR_VAULT, first_hops=ROUTE.first_hops)
    place.backup.jobs["PLAN-2"] = replace(
        place.backup.jobs["PLAN-1"], job_id="PLAN-2", destination_vault_arn=SECOND_DR_VAULT.arn
    )
    unwatched = a_route(name="unwatched")

    swept = sweep(place, routes=(unwatched, ROUTE, other))
    assert swept.failed_first_hops == 2
    assert [work.job.job_id for work in place.queue.work if isinstance(work, JobNews)] == ["PLAN-1", "PLAN-2"]


@pytest.mark.parametrize(
    ("arrival", "database", "resource_type", "is_put"),
    [
        (ARRIVAL_ARN, ORDERS, "RDS", True),
        (ARRIVAL_ARN + "-known", ORDERS, "RDS", False),
        (None, ORDERS, "RDS", False),
        (ARRIVAL_ARN, None, "RDS", False),
        (ARRIVAL_ARN, ORDERS, None, False),
        (ARRIVAL_ARN, ORDERS, "EBS", False),
    ],
)
def test_only_a_landing_that_the_route_claims_and_nobody_knows_is_put_on_the_queue(
    arrival: str | None, database: str | None, resource_type: str | None, is_put: bool
) -> None:
    place = stage()
    place.backup.put(an_arrival(arn=ARRIVAL_ARN + "-known"))
    place(arrived(arn=ARRIVAL_ARN + "-known"))
    job = replace(plan_job(place).job, state="COMPLETED", arrival=arrival, created_at=NOW)

    def listed(state: str, **_asked: object) -> Iterator[JobNews]:
        if state == "COMPLETED":
            vault = WORKLOAD_VAULT.arn
            yield JobNews(job=job, source_vault_arn=vault, database=database, resource_type=resource_type)

    place.backup.jobs_in_state = listed  # type: ignore[method-assign]  # for this test only
    place.queue.work.clear()
    sweep(place)

    assert [work.job for work in place.queue.work if isinstance(work, JobNews)] == [job] * is_put


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
    place.chains.sweep_progress(now=NOW)
    place.backup.put(an_arrival(arn=ORIGIN, vault_arn=WORKLOAD_VAULT.arn, created_at=NIGHT, completed_at=NIGHT))
    failed = plan_job(place, created_at=NOW - timedelta(hours=3))
    use_case = OperateChains(
        routes=(place.route,), chains=place.chains, backup=place.backup, queue=place.queue, now=place.clock
    )
    slice_ = {"after": NOW - timedelta(days=90), "before": NOW}

    shown = use_case.adopt("default", **slice_, is_dry_run=True)
    assert [point for point in shown.points if "failed first hop" in point] == [
        f"{failed.job.source} of {ORDERS}, with a failed first hop"
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
    until_then = use_case.adopt(
        "default", after=NOW - timedelta(days=90), before=NOW - timedelta(hours=3), is_dry_run=True
    )
    assert (earlier.points, until_then.points) == ((), ())
