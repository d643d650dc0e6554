"""Items of the table that this release cannot read, on DynamoDB: each stops only what depends on it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from secondhop.adapters.chain_items import chain_item
from secondhop.adapters.chain_writes import SlotsDisagreeError, chain_write, refusal_of, slot_writes
from secondhop.adapters.dynamodb_chains import DynamoDbChains
from secondhop.application.ports import ClaimTakenError, SlotTakenError, Unreadable
from secondhop.application.work import Look
from secondhop.domain.chain import Chain
from secondhop.domain.circuit import Circuit
from secondhop.domain.errors import UnreadableItemError
from secondhop.domain.hop import HopState
from secondhop.domain.ledger import Changes, slot_of
from tests.builders import (
    ARRIVAL_ARN,
    COPY_ARN,
    DR_VAULT,
    NIGHT,
    NOW,
    ORDERS,
    a_chain,
    a_copy,
    an_arrival,
    with_hop,
)
from tests.stand_ins import KEY, Stage, arrived

LIMIT = 5


def items(client: Any, prefix: str) -> list[dict[str, Any]]:
    return [item for item in client.scan(TableName="chains")["Items"] if item["pk"]["S"].startswith(prefix)]


def spoil(client: Any, prefix: str, **changes: Any) -> None:
    """Write over attributes of the items of a kind; None removes one."""
    for item in items(client, prefix):
        changed = {name: value for name, value in (item | changes).items() if value is not None}
        client.put_item(TableName="chains", Item=changed)


def numbered(number: int) -> Chain:
    return a_chain(point=an_arrival(arn=f"{ARRIVAL_ARN}-{number}", created_at=NIGHT.replace(day=10 + number)))


def start(chain: Chain) -> Chain:
    return with_hop(chain, state=HopState.COPYING, attempt=1)


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("document", [None, {"S": '{"schema":99}'}, {"S": "{"}, {"N": "1"}])
def test_the_readable_chains_of_a_database_are_given_and_the_others_named(
    table: tuple[DynamoDbChains, Any], document: Any, newest_first: bool
) -> None:
    store, client = table
    first, second, third = (store.save(numbered(number), before=None, limit=LIMIT) for number in range(3))
    spoil(client, f"chain#{second.key.recovery_point}", document=document)

    found = list(store.of_database(ORDERS, newest_first=newest_first))

    readable = [each for each in found if isinstance(each, Chain)]
    assert readable == ([third, first] if newest_first else [first, third])
    (unreadable,) = (each for each in found if isinstance(each, Unreadable))
    assert unreadable.key == second.key
    assert "this item" in unreadable.why
    with pytest.raises(UnreadableItemError):
        store.get(second.key)


def test_a_copy_is_made_beside_a_chain_of_a_newer_release_and_adopted_beside_none(
    table: tuple[DynamoDbChains, Any],
) -> None:
    store, client = table
    stage = Stage(chains=store)  # type: ignore[arg-type]  # the real store here
    old = store.save(numbered(0), before=None, limit=LIMIT)
    spoil(client, "chain#", document={"S": '{"schema":99}'})
    stage.backup.put(an_arrival())
    stage(arrived())
    assert len(stage.backup.started) == 1

    twin = an_arrival(arn=f"{ARRIVAL_ARN}-twin", created_at=old.created_at)
    stage.backup.put(twin)
    stage.backup.put(a_copy(created_at=old.created_at, arn=COPY_ARN + "-old"))
    report = stage(arrived(arn=twin.arn))
    assert report.steps[-1].after == "STRANDED"
    assert len(stage.backup.started) == 1
    assert stage(Look(key=old.key)).unreadable != ()


def test_a_claim_that_cannot_be_read_is_nobodys_and_refuses_the_hop(table: tuple[DynamoDbChains, Any]) -> None:
    store, client = table
    store.save(start(a_chain()), before=None, limit=LIMIT)
    spoil(client, "claim#", hop=None)
    spoil(client, "claim#", route={"S": "another"})
    spoil(client, "slots#", in_flight={"N": "0"})

    with pytest.raises(UnreadableItemError, match="this claim cannot be read"):
        store.owner_of(source=ARRIVAL_ARN, destination_vault_arn=DR_VAULT.arn)
    waiting = store.get(KEY)
    assert waiting is not None
    again = store.save(with_hop(waiting, state=HopState.WAITING, attempt=0), before=waiting, limit=LIMIT)
    with pytest.raises(ClaimTakenError) as taken:
        store.save(start(again), before=again, limit=LIMIT)
    assert taken.value.owner is None


def test_slots_that_cannot_be_counted_keep_new_copies_waiting_and_let_those_under_way_end(
    table: tuple[DynamoDbChains, Any],
) -> None:
    store, client = table
    copying = store.save(start(a_chain()), before=None, limit=LIMIT)
    spoil(client, "slots#", in_flight=None)
    other = a_chain(point=an_arrival(arn=f"{ARRIVAL_ARN}-other", database=f"{ORDERS}-other"))

    why = store.slot_refusal(slot_of(other, other.hop("to-dr")), limit=LIMIT)
    assert why is not None
    assert "cannot be read" in why.why
    with pytest.raises(SlotTakenError, match="cannot be read"):
        store.save(start(other), before=None, limit=LIMIT)
    ended = store.save(with_hop(copying, state=HopState.VERIFYING, arrival=COPY_ARN), before=copying, limit=LIMIT)
    assert store.get(KEY) == ended


@pytest.mark.parametrize("is_taken", [False, True])
def test_a_count_that_is_no_number_is_no_conflict_which_would_pass(is_taken: bool) -> None:
    """DynamoDB answers ValidationError for an ADD to a text."""
    chain = start(a_chain())
    slot = slot_of(chain, chain.hop("to-dr"))
    due = Changes(claims=(), taken=(slot,) if is_taken else (), returned=() if is_taken else (slot,))
    writes = [chain_write(chain_item(chain), version=1), *slot_writes(due, LIMIT)]
    response = {"CancellationReasons": [{"Code": "None"}, {"Code": "ValidationError"}]}
    error = refusal_of(response, writes, chain.key, lambda _keys: {"in_flight": {"S": "many"}})

    assert isinstance(error, SlotTakenError if is_taken else SlotsDisagreeError)
    assert not is_taken or "cannot be read" in str(error)


def test_a_circuit_from_before_databases_were_counted_is_read_and_written_over(
    table: tuple[DynamoDbChains, Any],
) -> None:
    store, client = table
    old = {"failures": 7, "opened_at": "2026-01-05T01:00:00.000000+00:00", "probe_after": None}
    key = {"pk": {"S": f"circuit#{DR_VAULT.site.account}#{DR_VAULT.site.region}"}, "sk": {"S": "copies"}}
    client.put_item(TableName="chains", Item={**key, "memory": {"S": json.dumps(old, sort_keys=True)}})

    circuit = store.circuit(DR_VAULT.site)
    assert (circuit.failures, circuit.opened_at, circuit.is_open) == (7, NIGHT, False)
    after = circuit.after_failure(NOW, database=ORDERS)
    store.save_circuit(after, before=circuit)
    assert store.circuit(DR_VAULT.site) == after
    assert (after.failures, after.opened_at, len(after.databases)) == (8, None, 1)


@pytest.mark.parametrize("memory", ["[]", "{", '{"failures": "many"}', '{"failures": 1}'])
def test_a_circuit_that_cannot_be_read_says_so_and_can_be_written_over(
    table: tuple[DynamoDbChains, Any], memory: str
) -> None:
    store, client = table
    store.save_circuit(Circuit(site=DR_VAULT.site, failures=1), before=Circuit(site=DR_VAULT.site))
    spoil(client, "circuit#", memory={"S": memory})
    with pytest.raises(UnreadableItemError, match="the circuit"):
        store.circuit(DR_VAULT.site)

    store.save_circuit(Circuit(site=DR_VAULT.site), before=None)
    assert store.circuit(DR_VAULT.site) == Circuit(site=DR_VAULT.site)


def test_a_pause_whose_author_cannot_be_read_still_pauses(table: tuple[DynamoDbChains, Any]) -> None:
    store, client = table
    store.pause(route="default", by="ada")
    spoil(client, "pause", by=None)

    assert store.paused_by("default") == "someone with an unreadable name"
    store.pause(route="default", by=None)
    assert store.paused_by("default") is None
