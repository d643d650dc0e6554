"""Fixtures for other people's tests: a world, its clock, its fault plan, and clients of any account and Region.

Switched on by `-p backup_simulator.pytest_plugin`, by `pytest_plugins = ["backup_simulator.pytest_plugin"]`, or by
itself where the simulator is installed as a package of its own.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from threading import Thread
from typing import Any

import pytest

from backup_simulator.clock import Clock
from backup_simulator.faults import FaultPlan
from backup_simulator.http_door import serve
from backup_simulator.world import World

TRUST = {
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "backup.amazonaws.com"}, "Action": "sts:AssumeRole"}]
}
ALL = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def pytest_addoption(parser: pytest.Parser) -> None:
    """The seed of every world; a failure is repeated by naming the same one."""
    parser.addoption("--backup-seed", type=int, default=1, help="seed of the simulated AWS Backup (default 1)")


@pytest.fixture
def backup_world(request: pytest.FixtureRequest) -> World:
    """A fresh world, strict about identities, of the seed that the command line names."""
    return World(seed=request.config.getoption("--backup-seed"), enforce_identity=True)


@pytest.fixture
def backup_clock(backup_world: World) -> Clock:
    """The world's clock: `now`, `run_until(moment)`."""
    return backup_world.clock


@pytest.fixture
def backup_faults(backup_world: World) -> FaultPlan:
    """What shall go wrong: `fail_copy_job`, `refuse`, `die`."""
    return backup_world.faults


@pytest.fixture
def backup_client(backup_world: World) -> Callable[..., Any]:
    """A function of account and Region that gives an unmodified boto3 client of AWS Backup."""

    def client(account: str = "111122223333", region: str = "eu-west-1", *, role_arn: str | None = None) -> Any:
        backup_world.account(account)
        return backup_world.session(account, role_arn, region).client("backup")

    return client


@pytest.fixture
def backup_role(backup_world: World) -> Callable[[str], str]:
    """A function of an account that gives the ARN of a role that AWS Backup may use there for everything."""

    def role(account: str = "111122223333") -> str:
        made = backup_world.account(account)
        made.create_service_linked_role("backup.amazonaws.com")
        return made.create_role("backup", trust=TRUST, policies=[ALL])

    return role


@pytest.fixture
def backup_endpoint(backup_world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Serve the world on a free port and point every boto3 client at it that code makes by itself; the address.

    The environment gets credentials: the administrator of 111122223333 in eu-west-1. The world moves with
    `backup_world.run_for`, between the calls.
    """
    server = serve(backup_world, 0)
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}"
    # The addresses of single services, and a proxy, would lead calls past this one.
    others = [name for name in os.environ if name.startswith("AWS_ENDPOINT_URL_")]
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", *others):
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        "AWS_ENDPOINT_URL": address,
        "AWS_ACCESS_KEY_ID": "111122223333",
        "AWS_SECRET_ACCESS_KEY": "simulated",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }.items():
        monkeypatch.setenv(name, value)
    # A default session that was made before would keep its old credentials.
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
    yield address
    server.shutdown()
    server.server_close()
    thread.join()
