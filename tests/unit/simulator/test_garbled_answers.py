"""Answers that no client can read: the call has its effect, and the client raises its own error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Thread
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError
from botocore.parsers import ResponseParserError

from backup_simulator import World
from backup_simulator.http_door import serve
from tests.simulated_place import HOME, A

ONCE = Config(retries={"total_max_attempts": 1})


def a_boto3_client(world: World, service: str) -> Any:
    session: Any = world.session(A, region=HOME)
    return session.client(service)


def a_light_client(world: World, service: str) -> Any:
    return world.light_session(A, region=HOME).client(service)


DOORS = pytest.mark.parametrize("client_of", [a_boto3_client, a_light_client])
Door = Callable[[World, str], Any]


@contextmanager
def over_http(world: World, service: str) -> Iterator[Any]:
    server = serve(world, 0)
    Thread(target=server.serve_forever, daemon=True).start()
    session: Any = boto3.Session()
    yield session.client(
        service,
        region_name=HOME,
        endpoint_url=f"http://127.0.0.1:{server.server_address[1]}",
        aws_access_key_id=A,
        aws_secret_access_key="simulated",
        config=ONCE,
    )
    server.shutdown()
    server.server_close()


@DOORS
def test_a_garbled_call_is_carried_out_and_its_answer_cannot_be_read(client_of: Door) -> None:
    world = World()
    world.faults.garble("backup", "CreateBackupVault", times=1)
    with pytest.raises(UnicodeDecodeError):
        client_of(world, "backup").create_backup_vault(BackupVaultName="made")

    assert client_of(world, "backup").describe_backup_vault(BackupVaultName="made")["BackupVaultName"] == "made"
    client_of(world, "backup").create_backup_vault(BackupVaultName="readable")


@DOORS
def test_a_share_of_the_calls_is_garbled_until_the_faults_end(client_of: Door) -> None:
    world = World()
    world.faults.garble("sts", "GetCallerIdentity", share=0.5)
    client = client_of(world, "sts")
    garbled = 0
    for _ in range(100):
        try:
            client.get_caller_identity()
        except ResponseParserError:
            garbled += 1

    assert 30 < garbled == world.faults.struck["an answer could not be read"] < 70
    world.faults.clear()
    client.get_caller_identity()


@pytest.mark.parametrize(
    ("service", "operation", "error"),
    [("backup", "ListCopyJobs", UnicodeDecodeError), ("sts", "GetCallerIdentity", ResponseParserError)],
)
def test_an_unmodified_client_over_http_raises_the_same_error(
    service: str, operation: str, error: type[Exception]
) -> None:
    world = World()
    world.faults.garble(service, operation, times=2)
    name = "list_copy_jobs" if service == "backup" else "get_caller_identity"
    with pytest.raises(error):
        getattr(a_light_client(world, service), name)()
    with over_http(world, service) as client:
        with pytest.raises(error):
            getattr(client, name)()
        getattr(client, name)()


def test_over_http_a_call_that_hangs_gets_no_answer_at_all() -> None:
    world = World()
    world.faults.hang("backup", HOME, until=world.now() + timedelta(hours=1))
    with over_http(world, "backup") as client, pytest.raises(ConnectionClosedError):
        client.list_copy_jobs()


@pytest.mark.parametrize("wrong", [{"share": 0}, {"share": 1.5}, {"times": 0}])
def test_a_fault_that_never_happens_is_a_mistake(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"a share is|at least once"):
        World().faults.garble("backup", "ListCopyJobs", **wrong)
