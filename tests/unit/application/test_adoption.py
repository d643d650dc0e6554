"""What adopting a backlog would take, as the operator is told before it is done."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from secondhop.application.operate_chains import MOST_POINTS, Answer, OperateChains, _first_of
from secondhop.domain.errors import DeniedError
from secondhop.domain.forecast import Copy, loads_of, pace_of
from secondhop.domain.observation import PointSeen
from secondhop.domain.route import FirstHops
from tests.builders import (
    ARRIVAL_ARN,
    BACKUP,
    CUSTOMERS,
    DR_VAULT,
    HOME,
    NIGHT,
    NOW,
    ORDERS,
    WATCHED,
    WORKLOAD,
    WORKLOAD_VAULT,
    a_fan_out,
    a_job,
    a_route,
    a_sequence,
    an_arrival,
)
from tests.plain_words import strange_words
from tests.stand_ins import Stage

CLUSTER_ARN = f"arn:aws:rds:{HOME}:{BACKUP}:cluster-snapshot:awsbackup:copyjob-33333333-0000-0000-0000-000000000001"
ORIGIN = f"arn:aws:rds:{HOME}:{WORKLOAD}:snapshot:awsbackup:job-44444444-0000-0000-0000-000000000001"
GIB = 2**30


def adopt(stage: Stage, *, is_dry_run: bool = True, after: datetime = NOW - timedelta(days=400)) -> Answer:
    use_case = OperateChains(
        routes=(stage.route,), chains=stage.chains, backup=stage.backup, queue=stage.queue, now=stage.clock
    )
    answer = use_case.adopt("default", after=after, before=NOW, is_dry_run=is_dry_run)
    for line in answer.forecast:
        assert not strange_words(line), line
        assert len(line) <= 72
    return answer


def put(stage: Stage, name: str, **changes: Any) -> PointSeen:
    point = an_arrival(arn=f"{ARRIVAL_ARN}-{name}", **changes)
    stage.backup.put(point)
    return point


def finished(stage: Stage, name: str, took: timedelta, **changes: Any) -> None:
    """A copy that AWS remembers, of a point that is long gone."""
    job = a_job(
        job_id=name,
        source=f"{ARRIVAL_ARN}-{name}",
        state="COMPLETED",
        created_at=NOW - timedelta(days=2),
        completed_at=NOW - timedelta(days=2) + took,
    )
    stage.backup.jobs[name] = replace(job, **changes)


def test_each_kind_is_forecast_by_itself_with_its_slots_its_rounds_and_the_pace_of_its_own_copies() -> None:
    stage = Stage(route=a_route(limits={"RDS": 2, "Aurora": 5}))
    for number in range(5):
        put(stage, f"{number}", database=f"{ORDERS}-{number}", size_bytes=GIB)
    put(stage, "older", database=f"{ORDERS}-0", created_at=NIGHT - timedelta(days=1))
    stage.backup.put(an_arrival(arn=CLUSTER_ARN, database=CUSTOMERS, resource_type="Aurora", size_bytes=GIB // 2))
    for hours in (1, 2, 9):
        finished(stage, f"took {hours}", timedelta(hours=hours))
    finished(stage, "cluster", timedelta(minutes=90), source=CLUSTER_ARN)

    answer = adopt(stage)

    assert answer.message == "would adopt 7 recovery points"
    assert answer.forecast == (
        "Aurora into 444455556666/eu-central-1",
        "  copies  1, of 1 databases",
        "  size    0.5 GiB",
        "  slots   1 of 5, one a database",
        "  rounds  1",
        "  time    about 1.5 h, if nothing else is copied there",
        "          a copy took 1.5 h, at most 1.5 h",
        "          (1 copies in 30 days, the median)",
        "RDS into 444455556666/eu-central-1",
        "  copies  6, of 5 databases",
        "  size    5.0 GiB, and 1 without a known size",
        "  slots   2 of 2, one a database",
        "  rounds  3",
        "  time    about 6.0 h, if nothing else is copied there",
        "          a copy took 2.0 h, at most 9.0 h",
        "          (3 copies in 30 days, the median)",
    )
    assert stage.queue.work == []


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "FAILED"},
        {"completed_at": None},
        {"created_at": NOW - timedelta(days=31)},
        {"destination_vault_arn": WATCHED.arn},
    ],
)
def test_only_copies_that_completed_there_within_the_memory_of_aws_set_the_pace(changes: dict[str, Any]) -> None:
    stage = Stage()
    put(stage, "one")
    finished(stage, "no measure", timedelta(hours=1), **changes)

    assert "  time    unknown: no copy of the kind in 30 days" in adopt(stage).forecast


def test_a_time_that_cannot_be_measured_is_unknown_and_the_reason_stands_in_the_message() -> None:
    stage = Stage()
    put(stage, "one")
    finished(stage, "one before", timedelta(hours=1))
    stage.backup.fail("jobs COMPLETED", DeniedError("no right to list"), DeniedError("no right to list"))

    for is_dry_run in (True, False):
        answer = adopt(stage, is_dry_run=is_dry_run)
        assert "  time    unknown: the copies made so far cannot be listed" in answer.forecast
        assert answer.message.endswith(f"; copy jobs COMPLETED from {WATCHED.site} into dr-vault: no right to list")
    assert len(stage.queue.work) == 1


def test_what_cannot_be_measured_is_told_in_the_order_of_travel() -> None:
    hops = FirstHops(site=WORKLOAD_VAULT.site, role_arn="arn:aws:iam::111122223333:role/first", retention_days=7)
    stage = Stage(route=a_route(first_hops=hops))
    stage.backup.fail("jobs COMPLETED", DeniedError("not the first"), DeniedError("nor the second"))

    _, first, second = adopt(stage).message.split("; ")
    assert first == f"copy jobs COMPLETED from {WORKLOAD_VAULT.site} into {WATCHED.name}: not the first"
    assert second == f"copy jobs COMPLETED from {WATCHED.site} into dr-vault: nor the second"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"created_at": NOW - timedelta(days=34, hours=1)}, "TOO_LATE: a copy made now would expire within 1 days"),
        ({"status": "EXPIRED"}, "SOURCE_EXPIRED: its status is EXPIRED; only a copy that exists is taken over"),
        (
            {"database": CUSTOMERS, "resource_type": "Aurora", "is_encrypted": False},
            f"UNENCRYPTED: {ARRIVAL_ARN}-two is not encrypted, and copies of Aurora stay so",
        ),
    ],
)
def test_what_would_not_be_copied_is_shown_with_the_reason_and_takes_nothing(changes: dict[str, Any], why: str) -> None:
    stage = Stage()
    point = put(stage, "two", **{"delete_at": None, **changes})

    answer = adopt(stage)
    assert answer.points == (f"{point.arn} of {point.database}, not copied: {why}",)
    assert answer.message == "would adopt 1 recovery points, 1 of them without a copy"
    assert answer.forecast == ()

    adopt(stage, is_dry_run=False)
    stage.drain()
    assert stage.backup.started == []
    assert why.partition(":")[0] in {trouble.cause for trouble in stage.chain.troubles()}


def test_what_can_be_copied_a_moment_before_its_end_is_copied() -> None:
    stage = Stage()
    stage.backup.put(an_arrival(created_at=NOW - timedelta(days=34), delete_at=NOW - timedelta(hours=7)))

    assert adopt(stage).message == "would adopt 1 recovery points"


def test_every_leg_takes_slots_of_its_own_site() -> None:
    for route in (a_fan_out(), a_sequence()):
        stage = Stage(route=route)
        put(stage, "one")
        finished(stage, "a day", timedelta(hours=24))

        heads = [line for line in adopt(stage).forecast if not line.startswith(" ")]
        assert heads == ["RDS into 444455556666/eu-central-1", "RDS into 444455556666/eu-north-1"]
        assert "  time    about 24.0 h, if nothing else is copied there" in adopt(stage).forecast


@pytest.mark.parametrize("role", ["", "arn:aws:iam::111122223333:role/first"])
def test_a_first_hop_that_failed_travels_both_hops_where_it_may_be_started(role: str) -> None:
    hops = FirstHops(site=WORKLOAD_VAULT.site, role_arn=role, retention_days=7)
    stage = Stage(route=a_route(first_hops=hops))
    stage.backup.jobs["F"] = a_job(
        job_id="F",
        state="FAILED",
        source=ORIGIN,
        destination_vault_arn=WATCHED.arn,
        created_at=NOW - timedelta(hours=3),
        is_planned=True,
    )

    finished(stage, "nearer", timedelta(hours=4), source=ORIGIN, destination_vault_arn=WATCHED.arn)
    answer = adopt(stage)

    told = f"{ORIGIN} of {ORDERS}, with a failed first hop"
    heads = [line for line in answer.forecast if not line.startswith(" ")]
    if role:
        assert (answer.points, answer.message) == ((told,), "would adopt 1 recovery points")
        assert heads == ["RDS into 444455556666/eu-central-1", "RDS into 444455556666/eu-west-1"]
        times = [line for line in answer.forecast if line.startswith("  time")]
        assert times == [
            "  time    unknown: no copy of the kind in 30 days",
            "  time    about 4.0 h, if nothing else is copied there",
        ]
    else:
        assert answer.points == (f"{told}, not copied: FirstHopRoleArn is empty",)
        assert answer.message == "would adopt 1 recovery points, 1 of them without a copy"
        assert heads == []


@pytest.mark.parametrize("role", ["", "arn:aws:iam::111122223333:role/first"])
def test_several_first_hops_count_together_and_against_the_limits_of_the_route(role: str) -> None:
    hops = FirstHops(site=WORKLOAD_VAULT.site, role_arn=role, retention_days=7)
    stage = Stage(route=a_route(first_hops=hops, limits={"RDS": 3}))
    put(stage, "arrived", database=f"{ORDERS}-arrived")
    for number in (1, 2):
        origin = an_arrival(arn=f"{ORIGIN}-{number}", vault_arn=WORKLOAD_VAULT.arn, database=f"{ORDERS}-{number}")
        stage.backup.put(origin)
        job = a_job(job_id=f"F{number}", state="FAILED", source=origin.arn, destination_vault_arn=WATCHED.arn)
        stage.backup.jobs[f"F{number}"] = replace(job, is_planned=True, created_at=NOW - timedelta(hours=3))
    finished(stage, "slow", timedelta(hours=400))
    answer = adopt(stage)

    onward = ["  copies  3, of 3 databases", "  slots   3 of 3, one a database"]
    first = ["  copies  2, of 2 databases", "  slots   2 of 3, one a database"]
    told = [line for line in answer.forecast if line.startswith(("  copies", "  slots"))]
    assert told == ([*onward, *first] if role else ["  copies  1, of 1 databases", "  slots   1 of 3, one a database"])
    assert answer.message == "would adopt 3 recovery points" + ("" if role else ", 2 of them without a copy")
    assert "  time    about 400.0 h, if nothing else is copied there" in answer.forecast


@pytest.mark.parametrize(("more", "last"), [(0, "x"), (1, "and 1 more")])
def test_an_answer_says_how_many_points_it_leaves_out(more: int, last: str) -> None:
    named = _first_of(["x"] * (MOST_POINTS + more))

    assert (len(named), named[-1]) == (MOST_POINTS + more, last)


def test_an_answer_names_as_many_points_as_it_can_hold_and_forecasts_them_all() -> None:
    stage = Stage()
    for number in range(MOST_POINTS + 2):
        put(stage, f"{number}", created_at=NIGHT - timedelta(seconds=number))

    answer = adopt(stage)

    assert answer.message == f"would adopt {MOST_POINTS + 2} recovery points"
    assert len(answer.points) == MOST_POINTS + 1
    assert (answer.points[0], answer.points[-1]) == (f"{ARRIVAL_ARN}-0 of {ORDERS}", "and 2 more")
    assert f"  copies  {MOST_POINTS + 2}, of 1 databases" in answer.forecast
    assert "  size    unknown: AWS does not tell any" in answer.forecast


def test_the_newest_backup_of_a_database_is_the_first_to_be_copied() -> None:
    stage = Stage()
    for day in range(5):
        put(stage, f"{day}", created_at=NIGHT - timedelta(days=day))

    adopt(stage, is_dry_run=False)
    stage.drain()

    assert [command.source for command in stage.backup.started] == [f"{ARRIVAL_ARN}-0"]


@pytest.mark.parametrize(
    ("databases", "limit", "rounds", "slots"),
    [
        (["a"], 5, 1, 1),
        (["a", "b", "c"], 3, 1, 3),
        (["a", "b", "c", "d"], 3, 2, 3),
        (["a", "a", "a", "b"], 3, 3, 2),
        (["a", "b", "c"], 1, 3, 1),
    ],
)
def test_rounds_follow_from_slots_or_from_the_busiest_database(
    databases: list[str], limit: int, rounds: int, slots: int
) -> None:
    copies = [
        Copy(database=each, resource_type="RDS", source=WATCHED.site, destination=DR_VAULT, limit=limit)
        for each in databases
    ]

    (load,) = loads_of(copies)

    assert (load.rounds, load.slots, load.unsized) == (rounds, slots, len(databases))


def test_without_a_copy_there_is_no_pace() -> None:
    assert pace_of([]) is None
