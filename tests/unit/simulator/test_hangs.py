"""Calls that are not answered: the client's time passes, the world goes on, and Lambda's timeout strikes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError

from backup_simulator import ProcessDied, World
from backup_simulator.processes import Process
from rehearsal.functions import Context
from tests.simulated_place import DR, HOME, A, Place

SECONDS = timedelta(seconds=1)
HOUR = timedelta(hours=1)


def a_boto3_client(world: World, region: str) -> Any:
    return world.session(A, region=region).client("backup")


def a_light_client(world: World, region: str) -> Any:
    return world.light_session(A, region=region).client("backup")


DOORS = pytest.mark.parametrize("client_of", [a_boto3_client, a_light_client])
Door = Callable[[World, str], Any]


@DOORS
@pytest.mark.parametrize(("is_connected", "error"), [(True, ReadTimeoutError), (False, ConnectTimeoutError)])
def test_a_call_that_hangs_takes_its_clients_time_and_ends_as_a_timeout(
    client_of: Door, is_connected: bool, error: type[Exception]
) -> None:
    world = World()
    happened: list[str] = []
    world.clock.after(10 * SECONDS, lambda: happened.append("meanwhile"))
    world.faults.hang("backup", HOME, until=world.now() + HOUR, is_connected=is_connected)
    began = world.now()
    with pytest.raises(error, match=f"backup.{HOME}"):
        client_of(world, HOME).list_copy_jobs()

    assert (happened, world.now() - began) == (["meanwhile"], 26 * SECONDS)


@DOORS
def test_only_the_named_service_region_and_operation_hang_and_only_for_so_long(client_of: Door) -> None:
    world = World()
    world.faults.hang("backup", HOME, "DescribeCopyJob", until=world.now() + HOUR)
    world.faults.hang("kms", HOME, until=world.now() + HOUR)
    client_of(world, HOME).list_copy_jobs()
    client_of(world, DR).list_copy_jobs()

    world.faults.hang("backup", HOME, until=world.now() + HOUR)
    world.run_for(HOUR)
    client_of(world, HOME).list_copy_jobs()
    world.faults.hang("backup", HOME, until=world.now() + HOUR)
    world.faults.clear()
    client_of(world, HOME).list_copy_jobs()


@pytest.mark.parametrize("is_carried_out", [True, False])
def test_a_start_that_is_not_answered_may_have_been_carried_out(is_carried_out: bool) -> None:
    place = Place()
    place.world.faults.hang(
        "backup", HOME, "StartCopyJob", until=place.world.now() + HOUR, is_carried_out=is_carried_out
    )
    with pytest.raises(ReadTimeoutError):
        a_boto3_client(place.world, HOME).start_copy_job(
            RecoveryPointArn=place.point.arn,
            SourceBackupVaultName="near",
            DestinationBackupVaultArn=f"arn:aws:backup:{DR}:{A}:backup-vault:far",
            IamRoleArn=place.role,
            IdempotencyToken="token",
        )

    assert len(place.world.copy_jobs()) == int(is_carried_out)


def a_process(world: World, *, is_killed: bool) -> Process:
    process = Process(started_at=world.now(), timeout=60 * SECONDS, is_killed=is_killed)
    world.processes.append(process)
    return process


def test_a_call_that_exceeds_the_timeout_of_its_process_kills_it_at_that_moment() -> None:
    world = World()
    process = a_process(world, is_killed=True)
    world.faults.hang("backup", HOME, until=world.now() + HOUR)
    client, began = a_boto3_client(world, HOME), world.now()
    for _ in range(2):
        with pytest.raises(ReadTimeoutError):
            client.list_copy_jobs()
    assert process.time_left(world.now()) == 8 * SECONDS

    with pytest.raises(ProcessDied, match=r"Task timed out after 60\.00 seconds"):
        client.list_copy_jobs()
    assert world.now() - began == 60 * SECONDS


def test_a_process_that_sleeps_for_too_long_is_killed_only_where_that_is_asked_for() -> None:
    for is_killed in (True, False):
        world = World()
        a_process(world, is_killed=is_killed)
        world.faults.sleep("backup", "ListCopyJobs", timedelta(minutes=20))
        client, began = a_boto3_client(world, HOME), world.now()
        if is_killed:
            with pytest.raises(ProcessDied, match="timed out"):
                client.list_copy_jobs()
        else:
            client.list_copy_jobs()

        assert world.now() - began == (60 * SECONDS if is_killed else timedelta(minutes=20))


def test_one_process_waits_in_the_worlds_time_and_the_others_in_their_own() -> None:
    """Else the wait of the first would last until the last one's is over."""
    world = World()
    first = a_process(world, is_killed=True)
    world.faults.hang("backup", HOME, until=world.now() + HOUR)
    client, began, second = a_boto3_client(world, HOME), world.now(), list[Process]()

    def meanwhile() -> None:
        second.append(a_process(world, is_killed=True))
        with pytest.raises(ReadTimeoutError):
            client.list_copy_jobs()
        world.processes.pop()

    world.clock.after(20 * SECONDS, meanwhile)
    with pytest.raises(ReadTimeoutError):
        client.list_copy_jobs()

    assert world.now() - began == 26 * SECONDS
    assert first.time_left(world.now()) == 34 * SECONDS
    assert second[0].time_left(world.now()) == (60 - 26 - 6) * SECONDS


def test_a_handler_is_told_how_much_time_is_left_and_never_less_than_none() -> None:
    world = World()
    process = a_process(world, is_killed=False)
    context = Context(function_name="f", invoked_function_arn="arn", aws_request_id="1", process=process, now=world.now)
    assert context.get_remaining_time_in_millis() == 60_000
    world.run_for(26 * SECONDS)
    process.lost += 4 * SECONDS
    assert context.get_remaining_time_in_millis() == 30_000
    world.run_for(HOUR)
    assert context.get_remaining_time_in_millis() == 0


def test_a_hang_lasts_for_some_time_and_loses_only_what_was_sent() -> None:
    world = World()
    until = world.now() + HOUR
    with pytest.raises(ValueError, match="longer than no time"):
        world.faults.hang("backup", HOME, until=until, takes=timedelta(0))
    with pytest.raises(ValueError, match="only if it was sent"):
        world.faults.hang("backup", HOME, until=until, is_connected=False, is_carried_out=True)
    with pytest.raises(ValueError, match="no operation"):
        world.faults.hang("backup", HOME, "StartCopies", until=until)
