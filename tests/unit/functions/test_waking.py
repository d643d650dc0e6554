"""The actor wakes chains once, after a batch; a wake that fails is no failure of the work that was done."""

from __future__ import annotations

import json
from typing import Any

import pytest

from backup_simulator import World
from secondhop.adapters.sqs_work import read_work, write_work
from secondhop.application.work import Abandon, Look
from secondhop.domain.chain import Chain
from tests.builders import ARRIVAL_ARN, ORDERS, a_chain, an_arrival, with_hop
from tests.unit.functions.test_handing_on import ENOUGH, Limited, an_actor, record

PLENTY = [9 * ENOUGH] * 20


def a_queue_of(stage: Any, count: int) -> list[Chain]:
    """Chains of so many databases that wait for a slot."""
    points = [an_arrival(arn=f"{ARRIVAL_ARN}-{number}", database=f"{ORDERS}-{number}") for number in range(count)]
    chains = [with_hop(a_chain(point=point), slot_wanted=True) for point in points]
    return [stage.chains.save(chain, before=None, limit=9) for chain in chains]


def abandon(chains: list[Chain]) -> dict[str, Any]:
    """A batch by which chains leave the queue. Each may have been woken for a free slot, and passes it on."""
    bodies = [write_work(Abandon(key=chain.key, by="ada")) for chain in chains]
    return {"Records": [record(number, body) for number, body in enumerate(bodies)]}


def woken(world: World, stage: Any) -> list[Any]:
    return [read_work(each.body) for each in world.queue(stage.main.ref("WorkQueue")).messages.values()]


def test_a_batch_wakes_each_chain_once() -> None:
    stage, handler = an_actor()
    leaving = a_queue_of(stage, 5)
    answer = handler(abandon(leaving[:3]), Limited(left=[*PLENTY]))

    assert answer == {"batchItemFailures": []}
    assert woken(stage.world, stage) == [Look(key=chain.key) for chain in leaving[3:]]


def test_a_bare_event_wakes_too() -> None:
    stage, handler = an_actor()
    first, second = a_queue_of(stage, 2)
    handler(json.loads(abandon([first])["Records"][0]["body"]), Limited(left=[*PLENTY]))

    assert woken(stage.world, stage) == [Look(key=second.key)]


@pytest.mark.parametrize("what", ["no time", "throttled"])
def test_what_cannot_be_woken_now_is_woken_with_the_next_batch(what: str) -> None:
    stage, handler = an_actor()
    first, second, third = a_queue_of(stage, 3)
    left = [9 * ENOUGH, ENOUGH - 1] if what == "no time" else PLENTY
    if what == "throttled":
        stage.world.faults.refuse("SendMessageBatch", service="sqs", code="RequestThrottled", times=1)
    assert handler(abandon([first]), Limited(left=[*left])) == {"batchItemFailures": []}
    assert woken(stage.world, stage) == []

    handler(abandon([second]), Limited(left=[*PLENTY]))
    assert woken(stage.world, stage) == [Look(key=third.key)]
