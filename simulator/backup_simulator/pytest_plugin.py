"""Fixtures for other people's tests: a world, its clock, its fault plan, and clients of any account and Region.

Switched on by `-p backup_simulator.pytest_plugin`, by `pytest_plugins = ["backup_simulator.pytest_plugin"]`, or by
itself where the simulator is installed as a package of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from backup_simulator.clock import Clock
from backup_simulator.faults import FaultPlan
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
