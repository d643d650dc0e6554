"""What people read of the chains, from both stores: which chains are current, and when the sweep last ended."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from secondhop.adapters.dynamodb_chains import DynamoDbChains
from secondhop.adapters.dynamodb_views import DynamoDbViews
from secondhop.adapters.memory_chains import MemoryChains
from secondhop.application.ports import ChainStore, Unreadable
from secondhop.application.status import look
from secondhop.application.views import ChainViews
from secondhop.domain.chain import Chain
from secondhop.domain.errors import TryAgainError
from secondhop.domain.hop import HopState
from tests.builders import ARRIVAL_ARN, COPY_ARN, NOW, ORDERS, a_chain, a_fan_out, an_arrival, with_hop
from tests.contract.conftest import CLIENTS, DYNAMODBS
from tests.minimal_answers import MinimalAnswers

Stores = tuple[ChainStore, ChainViews]


@pytest.fixture(params=["memory", *CLIENTS, *(f"{name} with minimal answers" for name in DYNAMODBS)])
def stores(request: pytest.FixtureRequest) -> Stores:
    """The store that writes, and the views of the same chains."""
    if request.param == "memory":
        memory = MemoryChains()
        return memory, memory
    name = request.param.removesuffix(" with minimal answers")
    client = request.getfixturevalue("clients")[name]
    seen = client if name == request.param else MinimalAnswers(client)
    return DynamoDbChains(client, "chains"), DynamoDbViews(seen, "chains", wait=no_wait)


def no_wait(_seconds: float) -> None:
    pass


def verified(number: int, **arrival: Any) -> Chain:
    """A chain of a database with a verified copy."""
    point = an_arrival(arn=f"{ARRIVAL_ARN}-{number}", database=f"{ORDERS}-{number % 10}")
    chain = replace(a_chain(point=point), intermediates=())
    return with_hop(chain, state=HopState.VERIFIED, arrival=COPY_ARN, attempt=1, **arrival)


def keys_of(found: list[Chain | Unreadable]) -> list[str]:
    return [each.key.recovery_point.rpartition("-")[2] for each in found if each.key is not None]


def test_current_chains_come_by_database_and_are_whole(stores: Stores) -> None:
    store, views = stores
    saved = [store.save(verified(number), before=None, limit=5) for number in (3, 1, 2)]

    assert list(views.current()) == sorted(saved, key=lambda chain: chain.database)


def test_a_chain_that_newer_ones_succeeded_is_not_current_until_it_is_needed_again(stores: Stores) -> None:
    store, views = stores
    store.save(verified(1), before=None, limit=5)
    older = store.save(verified(12, is_superseded=True), before=None, limit=5)

    assert keys_of(list(views.current())) == ["1"]
    store.save(with_hop(older, is_superseded=False), before=older, limit=5)
    assert keys_of(list(views.current())) == ["1", "12"]


def test_a_chain_with_a_copy_that_is_not_succeeded_is_current(stores: Stores) -> None:
    store, views = stores
    chain = replace(a_chain(a_fan_out()), intermediates=())
    for hop in chain.hops:
        well = replace(hop, state=HopState.VERIFIED).with_arrival(is_superseded=hop.name == "to-dr")
        chain = chain.with_hop(well)
    store.save(chain, before=None, limit=5)

    assert len(list(views.current())) == 1


def test_unfinished_chains_are_current_and_finished_ones_are_not(stores: Stores) -> None:
    store, views = stores
    store.save(replace(verified(1), finished_at=NOW), before=None, limit=5)
    store.save(replace(verified(2, is_superseded=True), abandoned_by="ada"), before=None, limit=5)
    store.save(with_hop(verified(3, is_superseded=True), state=HopState.WAITING), before=None, limit=5)

    assert keys_of(list(views.current())) == ["2", "3"]


def test_any_number_of_current_chains_is_read(stores: Stores) -> None:
    store, views = stores
    for number in range(230):
        store.save(verified(number), before=None, limit=5)

    assert len(set(keys_of(list(views.current())))) == 230


def test_the_end_of_the_last_sweep_is_read_and_nothing_is_written(stores: Stores) -> None:
    store, views = stores
    assert views.last_sweep() is None
    begun = store.sweep_progress(now=NOW)
    assert views.last_sweep() is None
    ended = replace(begun, ended_at=NOW + timedelta(minutes=1))
    store.save_sweep_progress(ended, before=begun)

    assert views.last_sweep() == NOW + timedelta(minutes=1)
    assert store.sweep_progress(now=NOW) == ended


def test_an_unreadable_item_is_named_in_its_place(small: Any) -> None:
    for number in (1, 2):
        DynamoDbChains(small, "chains").save(verified(number), before=None, limit=5)
    broken = small.get_item(TableName="chains", Key={**_key(1)})["Item"]
    small.put_item(TableName="chains", Item={**broken, "document": {"S": "?"}})
    first, second = DynamoDbViews(small, "chains").current()

    assert isinstance(first, Unreadable)
    assert isinstance(second, Chain)


def _key(number: int) -> dict[str, Any]:
    return {"pk": {"S": f"chain#{ARRIVAL_ARN}-{number}"}, "sk": {"S": "route#default"}}


class WithoutCapacity:
    """A client whose BatchGetItem processes nothing."""

    def __init__(self, client: Any) -> None:
        self.query = client.query
        self.tries = 0

    def batch_get_item(self, *, RequestItems: Any) -> Any:  # noqa: N803 - as boto3 names it
        self.tries += 1
        return {"Responses": {}, "UnprocessedKeys": RequestItems}


def test_a_table_without_capacity_is_given_up_after_half_a_minute(small: Any) -> None:
    DynamoDbChains(small, "chains").save(verified(1), before=None, limit=5)
    waited: list[float] = []
    starved = WithoutCapacity(small)
    with pytest.raises(TryAgainError, match="no capacity"):
        list(DynamoDbViews(starved, "chains", wait=waited.append).current())

    assert (starved.tries, 20 < sum(waited) < 30) == (8, True)


def test_a_look_makes_the_calls_that_docs_operate_names_and_no_others(clients: dict[str, Any]) -> None:
    client = clients["small dynamodb"]
    seen = MinimalAnswers(client)
    DynamoDbChains(client, "chains").save(verified(1), before=None, limit=5)
    look(DynamoDbViews(seen, "chains"), now=NOW, target=timedelta(hours=54))
    page = (Path(__file__).parents[2] / "docs" / "operate.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`dynamodb:([A-Za-z]+)`", page.partition("### What the caller needs")[2]))

    assert {"".join(word.title() for word in name.split("_")) for name, _ in seen.requests} == named
    assert {request.get("IndexName") for _, request in seen.requests} == {None, "current"}
