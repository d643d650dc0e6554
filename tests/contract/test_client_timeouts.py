"""A call that AWS does not answer ends before the function that makes it is stopped.

What counts is the configuration that each client really has: botocore fills in what is not set, 60 seconds for each
timeout among it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from backup_simulator import World
from rehearsal.stage import Stage
from secondhop.bootstrap.base import Runtime, own_client

# The longest pause of the SDK before its n-th retry in standard mode is 2 to the power of n - 1 seconds, at most 20.
# https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
LONGEST_PAUSE_SECONDS = 20
# A function has this long to report the failure after the SDK has given up.
ROOM_SECONDS = 1
SERVICES = {"backup", "dynamodb", "events", "kms", "sns", "sqs", "sts"}


@dataclass
class Recorder:
    """A session that remembers the configuration of each client that it made, by service."""

    session: Any
    made: dict[str, list[Any]] = field(default_factory=dict)

    def client(self, service_name: str, /, **options: Any) -> Any:
        client = self.session.client(service_name, **options)
        self.made.setdefault(service_name, []).append(client.meta.config)
        return client


@pytest.fixture(scope="module")
def made() -> dict[str, list[Any]]:
    """The configurations of all clients of the functions, by service, after a night with a copy."""
    world, found = World(), dict[str, list[Any]]()
    stage = Stage(world, open_session=lambda *who: Recorder(world.session(*who), found))
    stage.add_database("Aurora", "orders", size_gib=1)
    world.run_for(timedelta(hours=8))
    actor = stage.main.functions["AdvanceChain"]
    runtime = Runtime(environ=actor.environ, session=actor.session, now=world.now)
    for service in ("dynamodb", "events", "sns"):
        # The stage keeps its chains in memory, and no one was notified: these clients were never used.
        assert own_client(runtime, service).meta is not None
    return found


def longest_call_seconds(config: Any) -> float:
    """How long one call takes if none of its attempts is answered."""
    attempts = config.retries["total_max_attempts"]
    pauses = sum(min(2**retry, LONGEST_PAUSE_SECONDS) for retry in range(attempts - 1))
    return float(attempts * (config.connect_timeout + config.read_timeout) + pauses)


def shortest_function_timeout_seconds() -> int:
    template = Stage(World()).main.template
    functions = [each for each in template["Resources"].values() if each["Type"] == "AWS::Serverless::Function"]
    shared = template["Globals"]["Function"]["Timeout"]
    return min(int(each["Properties"].get("Timeout", shared)) for each in functions)


def test_a_call_that_is_never_answered_ends_before_its_function_does(made: dict[str, list[Any]]) -> None:
    longest = {name: max(longest_call_seconds(config) for config in configs) for name, configs in made.items()}
    bound = shortest_function_timeout_seconds() - ROOM_SECONDS

    assert longest.keys() == SERVICES
    assert {name: seconds for name, seconds in longest.items() if seconds > bound} == {}


def test_every_client_retries_in_standard_mode(made: dict[str, list[Any]]) -> None:
    modes = {name: {config.retries["mode"] for config in configs} for name, configs in made.items()}

    assert modes == {name: {"standard"} for name in SERVICES}
