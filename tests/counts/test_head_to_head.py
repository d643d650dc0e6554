"""Second Hop beside two simple handlers in small nights: what each loses, doubles, and starts beyond the quota."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Any

import pytest
from botocore.exceptions import ClientError

from backup_simulator import World
from backup_simulator.resource_types import CLUSTERS, RESOURCE_TYPES
from bench.arrivals import Arrival, arrivals_of_a_night, switch_off
from bench.second_hops import FAILING_SHARE, NIGHTS, Way, run
from bench.second_hops import figures as what_became
from bench.simple_handlers import ATTEMPTS, attempt
from bench.stages import AN_INSTANCE, database_arn, land, of_each
from rehearsal.stage import BACKUP, HOME, Stage, Topology

SEED = 1
# One more than AWS's quota of each type of clusters.
OF_EACH = CLUSTERS[0].copies_in_flight + 1
POINTS = OF_EACH * len(RESOURCE_TYPES)
FAULTY, BACKLOG = "faulty", "backlog at once, full lanes fail jobs"


@cache
def arrivals() -> tuple[Arrival, ...]:
    return tuple(arrivals_of_a_night(SEED, of_each(*[OF_EACH] * len(RESOURCE_TYPES))))


@cache
def figures(way: Way, name: str) -> dict[str, Any]:
    (night,) = [night for night in NIGHTS if night.name == name]
    return run(way, night, arrivals(), SEED)


def over_quota(found: dict[str, Any]) -> list[str]:
    return [each.name for each in RESOURCE_TYPES if found["most_in_flight"][each.name] > each.copies_in_flight]


@pytest.mark.parametrize(("night", "failed"), [(FAULTY, round(FAILING_SHARE * POINTS)), (BACKLOG, 0)])
def test_second_hop_makes_every_final_copy_once_within_the_quota_and_breaks_no_promise(night: str, failed: int) -> None:
    found = figures(Way.SECOND_HOP, night)

    assert found["points"] == POINTS == 24
    assert found["final_copies"] == POINTS
    assert found["twice"] == found["lost_silently"] == found["left"] == 0
    assert found["failed"] == failed
    assert over_quota(found) == []
    assert found["broken_promises"] == []


@pytest.mark.parametrize("way", [Way.COPIES_AND_DELETES, Way.COPIES_ONLY])
def test_a_simple_handler_loses_copies_in_a_faulty_night_without_a_message(way: Way) -> None:
    found = figures(way, FAULTY)

    assert found["points"] == POINTS
    assert found["lost_silently"] == POINTS - found["final_copies"] > 0
    assert found["lost_with_message"] == 0


def test_a_handler_that_keeps_intermediates_copies_twice_in_a_faulty_night() -> None:
    found = figures(Way.COPIES_ONLY, FAULTY)

    assert found["twice"] > 0
    assert found["left"] == POINTS


@pytest.mark.parametrize("way", [Way.COPIES_AND_DELETES, Way.COPIES_ONLY])
def test_a_simple_handler_starts_a_backlog_beyond_the_quota_and_loses_what_is_too_much(way: Way) -> None:
    found = figures(way, BACKLOG)

    assert over_quota(found) == [each.name for each in CLUSTERS]
    assert found["failed"] == found["lost_silently"] == len(CLUSTERS)


@pytest.mark.parametrize("way", Way)
def test_every_way_makes_all_copies_of_a_healthy_night(way: Way) -> None:
    found = figures(way, "healthy")

    assert found["final_copies"] == POINTS
    assert found["twice"] == found["failed"] == 0
    assert found["left"] == (POINTS if way is Way.COPIES_ONLY else 0)


def test_what_became_of_points_is_counted_in_the_world_by_database_and_creation_date() -> None:
    world = World()
    stage = Stage(world, open_session=world.light_session, topology=Topology.HUB)
    switch_off(stage)
    once, twice, said, _ = (a_point(stage, name) for name in ("once", "twice", "said", "silent"))
    session = world.light_session(BACKUP, stage.main.attribute("AdvanceChainRole", "Arn"), HOME)
    for arn in (once, twice, twice, said):
        session.client("backup").start_copy_job(
            RecoveryPointArn=arn,
            SourceBackupVaultName="watched-vault",
            DestinationBackupVaultArn=stage.dr["DrVaultArn"],
            IamRoleArn=stage.backup_account["CopyRoleArn"],
            Lifecycle={"DeleteAfterDays": 35},
        )
    session.client("sns").publish(TopicArn=stage.topic_arn, Message=f"{said} has no good copy")
    world.run_for(timedelta(hours=3))
    (unusable,) = [point for point in world.landed() if point.source_point_arn == said]
    unusable.status = "EXPIRED"
    session.client("backup").delete_recovery_point(BackupVaultName="watched-vault", RecoveryPointArn=once)
    world.run_for(timedelta(hours=1))

    assert what_became(stage) == {
        "points": 4,
        "final_copies": 2,
        "lost_silently": 1,
        "lost_with_message": 1,
        "twice": 1,
        "failed": 0,
        "most_in_flight": {"RDS": 4, "Aurora": 0, "DocumentDB": 0, "Neptune": 0},
        "left": 3,
        "left_with_message": 1,
    }


def a_point(stage: Stage, name: str) -> str:
    database = database_arn(AN_INSTANCE, stage.workload_accounts[0], name)
    return land(stage, kind=AN_INSTANCE, database=database, size_gib=1, delete_after_days=14).arn


def failing(code: str, times: int) -> tuple[list[str], Callable[..., None]]:
    """A call that fails so often, and its record."""
    calls: list[str] = []

    def call() -> None:
        calls.append(code)
        if len(calls) <= times:
            raise ClientError({"Error": {"Code": code, "Message": "no"}}, "StartCopyJob")

    return calls, call


def test_a_throttled_call_of_a_handler_has_as_many_attempts_as_boto3_makes() -> None:
    calls, call = failing("ThrottlingException", ATTEMPTS - 1)
    attempt(call)
    assert len(calls) == ATTEMPTS == 5

    calls, call = failing("ThrottlingException", ATTEMPTS)
    with pytest.raises(ClientError):
        attempt(call)
    assert len(calls) == ATTEMPTS


def test_a_call_of_a_handler_that_is_denied_is_not_repeated() -> None:
    calls, call = failing("AccessDeniedException", 1)

    with pytest.raises(ClientError):
        attempt(call)
    assert len(calls) == 1
