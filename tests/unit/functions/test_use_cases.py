"""Each function builds the clients that it needs, and no others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from backup_simulator.world import World
from rehearsal.stage import Stage
from secondhop.bootstrap import Runtime, build_actor, build_operators, build_sweep


class ListingSession:
    """Writes down for which services clients are made."""

    def __init__(self, session: Any) -> None:
        self.session = session
        self.services: set[str] = set()

    def client(self, service: str, /, **options: Any) -> Any:
        self.services.add(service)
        return self.session.client(service, **options)


@pytest.mark.parametrize(
    ("name", "build", "services"),
    [
        ("AdvanceChain", build_actor, {"sqs", "dynamodb", "sns", "events"}),
        ("SweepChains", build_sweep, {"sqs", "dynamodb"}),
        ("OperateChains", build_operators, {"sqs", "dynamodb"}),
    ],
)
def test_a_function_makes_only_the_clients_that_it_needs(
    name: str, build: Callable[[Runtime], object], services: set[str]
) -> None:
    stage = Stage(World())
    function = stage.main.functions[name]
    session = ListingSession(function.session)
    build(Runtime(environ=function.environ, session=session, now=stage.world.now))

    assert session.services == services
