"""Slots of both stores: why one would be refused, and who may give one back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from secondhop.adapters.chain_items import slots_keys
from secondhop.adapters.dynamodb_chains import WAITING_PAGE, DynamoDbChains
from secondhop.adapters.memory_chains import MemoryChains
from secondhop.application.ports import ChainStore, SlotTakenError
from secondhop.domain.chain import Chain
from secondhop.domain.hop import HopState
from secondhop.domain.lane import Lane, LaneUse
from secondhop.domain.ledger import SlotRefusal, slot_of
from tests.builders import ARRIVAL_ARN, DR_VAULT, SECOND_DR_VAULT, a_chain, an_arrival, with_hop
from tests.contract.test_chain_store import LIMIT, RDS, numbered, save_new, start


def refusal(store: ChainStore, chain: Chain) -> SlotRefusal | None:
    return store.slot_refusal(slot_of(chain, chain.hop("to-dr")), limit=LIMIT)


def test_a_slot_is_refused_beforehand_in_the_words_of_the_save(store: ChainStore) -> None:
    first = save_new(store, start(numbered(1)))
    assert refusal(store, numbered(3)) is None
    save_new(store, start(numbered(2)))

    with pytest.raises(SlotTakenError) as refused:
        save_new(store, start(numbered(3)))
    assert refusal(store, numbered(3)) == refused.value.refusal
    assert not refused.value.refusal.is_database_busy
    assert refusal(store, numbered(3, resource_type="Aurora")) is None
    elsewhere = replace(slot_of(numbered(3), numbered(3).hop("to-dr")), site=SECOND_DR_VAULT.site)
    assert store.slot_refusal(elsewhere, limit=LIMIT) is None

    store.save(with_hop(first, state=HopState.VERIFYING), before=first, limit=LIMIT)
    assert refusal(store, numbered(3)) is None


def test_a_database_with_a_copy_in_flight_is_refused_beforehand(store: ChainStore) -> None:
    save_new(store, start(a_chain()))
    later = a_chain(point=an_arrival(arn=ARRIVAL_ARN + "-later"))

    with pytest.raises(SlotTakenError) as refused:
        save_new(store, start(later))
    assert refusal(store, later) == refused.value.refusal
    assert refused.value.refusal.is_database_busy
    assert refusal(store, numbered(2)) is None


def lose_slots(store: ChainStore) -> None:
    """As after a restore of an older table: the chains are there, and the slots that they hold are not."""
    if isinstance(store, MemoryChains):
        store._slots.clear()
        return
    assert isinstance(store, DynamoDbChains)
    slots = slots_keys(slot_of(a_chain(), a_chain().hop("to-dr")).lane)
    store._client.delete_item(TableName="chains", Key=slots)


def test_a_slot_is_given_back_only_by_the_hop_that_holds_it(store: ChainStore) -> None:
    first = save_new(store, start(a_chain()))
    lose_slots(store)
    second = save_new(store, start(a_chain(point=an_arrival(arn=ARRIVAL_ARN + "-second"))))
    third = a_chain(point=an_arrival(arn=ARRIVAL_ARN + "-third"))

    saved = store.save(with_hop(first, state=HopState.VERIFYING), before=first, limit=LIMIT)
    assert store.get(first.key) == saved
    with pytest.raises(SlotTakenError, match="another copy of"):
        save_new(store, start(third))
    save_new(store, start(numbered(1)))
    with pytest.raises(SlotTakenError, match="which is the limit"):
        save_new(store, start(numbered(2)))

    store.save(with_hop(second, state=HopState.VERIFYING), before=second, limit=LIMIT)
    save_new(store, start(third))


def test_waiting_chains_are_found_by_what_they_wait_for(store: ChainStore) -> None:
    waiting = with_hop(numbered(1), slot_wanted=True)
    saved = save_new(store, waiting)
    save_new(store, numbered(2))
    save_new(store, with_hop(numbered(3, resource_type="Aurora"), slot_wanted=True))

    assert [each.key for each in store.waiting(RDS)] == [saved.key]
    store.save(start(with_hop(saved, slot_wanted=False)), before=saved, limit=LIMIT)
    assert [each.key for each in store.waiting(RDS)] == []


def test_an_abandoned_chain_waits_for_nothing(store: ChainStore) -> None:
    save_new(store, with_hop(numbered(1, abandoned_by="ada"), slot_wanted=True))

    assert [each.key for each in store.waiting(RDS)] == []


def test_waiting_chains_name_their_databases_as_the_taken_slots_do(store: ChainStore) -> None:
    save_new(store, start(a_chain()))
    later = save_new(store, with_hop(a_chain(point=an_arrival(arn=ARRIVAL_ARN + "-later")), slot_wanted=True))
    other = save_new(store, with_hop(numbered(1), slot_wanted=True))
    use = store.lane_use(RDS)

    assert use.in_flight == 1
    is_busy = {each.key: each.database in use.databases for each in store.waiting(RDS)}
    assert is_busy == {later.key: True, other.key: False}
    assert store.lane_use(Lane(DR_VAULT.site, "Aurora")) == LaneUse(in_flight=0, databases=frozenset())


def test_waiting_chains_are_read_beyond_a_page(store: ChainStore) -> None:
    for number in range(WAITING_PAGE + 2):
        save_new(store, with_hop(numbered(number), slot_wanted=True))

    assert len(list(store.waiting(RDS))) == WAITING_PAGE + 2
