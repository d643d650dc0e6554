"""Each function builds the clients that it needs, and no others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from backup_simulator.world import World
from rehearsal.small_dynamodb import SmallDynamoDb, light_client
from rehearsal.stage import Stage
from secondhop.application.work import OtherNews, Work
from secondhop.bootstrap.actor import build_actor
from secondhop.bootstrap.base import Runtime
from secondhop.bootstrap.operators import build_operators
from secondhop.bootstrap.sweep import build_sweep
from tests.stand_ins import LOOK


class ListingSession:
    """Writes down for which services clients are made."""

    def __init__(self, session: Any) -> None:
        self.session = session
        self.services: set[str] = set()

    def client(self, service: str, /, **options: Any) -> Any:
        self.services.add(service)
        return self.session.client(service, **options)


class WithTable:
    """A session with a client of the small DynamoDB."""

    def __init__(self, session: Any, table: Any) -> None:
        self.session = session
        self.table = table

    def client(self, service: str, /, **options: Any) -> Any:
        return self.table if service == "dynamodb" else self.session.client(service, **options)


@pytest.mark.parametrize(
    ("name", "build"),
    [("AdvanceChain", build_actor), ("SweepChains", build_sweep), ("OperateChains", build_operators)],
)
def test_a_function_makes_no_client_before_it_calls_aws(name: str, build: Callable[[Runtime], object]) -> None:
    stage = Stage(World())
    function = stage.main.functions[name]
    session = ListingSession(function.session)
    build(Runtime(environ=function.environ, session=session, now=stage.world.now))

    assert session.services == set()


@pytest.mark.parametrize(("work", "services"), [(OtherNews(what="a backup job"), set()), (LOOK, {"dynamodb"})])
def test_the_actor_makes_only_the_clients_that_its_work_needs(work: Work, services: set[str]) -> None:
    stage = Stage(World())
    function = stage.main.functions["AdvanceChain"]
    session, table = ListingSession(function.session), SmallDynamoDb()
    session.session = WithTable(function.session, light_client(table))
    properties = stage.main.template["Resources"]["Chains"]["Properties"]
    names = ("AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes")
    definition = {each: stage.main.resolver.resolve(properties[each]) for each in names}
    table.call("CreateTable", {"TableName": stage.main.ref("Chains"), **definition})
    build_actor(Runtime(environ=function.environ, session=session, now=stage.world.now)).advance(work)

    assert session.services == services
