"""What both stores remember of incidents: groups of them, and which chains a cause has stranded."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from secondhop.adapters.chain_items import circuit_keys, group_item, read_group
from secondhop.adapters.dynamodb_chains import DynamoDbChains
from secondhop.application.ports import ChainStore
from secondhop.domain.chain import Chain
from secondhop.domain.circuit import Circuit
from secondhop.domain.classification import Cause
from secondhop.domain.errors import ConflictError
from secondhop.domain.gathering import MEMBERS_LIMIT, NAMES_LIMIT, Group
from secondhop.domain.hop import HopState, Trouble
from tests.builders import DR_VAULT, NIGHT, NOW, with_hop
from tests.contract.test_chain_store import LIMIT, numbered, save_new


def a_group(**changes: Any) -> Group:
    """A group all of whose fields differ from their defaults."""
    group = Group(
        id="g",
        waiting=frozenset({"one", "two"}),
        names=(("two", "orders, backup of 2026-01-05 01:00"),),
        covered=frozenset({"three"}),
        is_announced=True,
        has_closed=True,
        sent_at=NOW,
        sender="one",
        sending_until=NOW + timedelta(minutes=5),
        counted=7,
        parts=2,
    )
    return replace(group, **changes)


def test_a_group_is_empty_until_it_is_saved_and_is_read_as_it_was_saved(store: ChainStore) -> None:
    assert store.group("g") == Group(id="g")

    saved = store.save_group(a_group(), before=Group(id="g"), now=NOW)
    assert saved == a_group(version=1)
    assert store.group("g") == saved
    assert store.group("other") == Group(id="other")

    emptied = store.save_group(Group(id="g"), before=saved, now=NOW)
    assert store.group("g") == emptied == Group(id="g", version=2)


def test_a_group_is_written_over_only_by_who_read_it_last(store: ChainStore) -> None:
    first = store.save_group(a_group(), before=Group(id="g"), now=NOW)
    with pytest.raises(ConflictError, match=r"^the group of incidents g was written by another worker$"):
        store.save_group(a_group(), before=Group(id="g"), now=NOW)

    store.save_group(first.left("one"), before=first, now=NOW)
    with pytest.raises(ConflictError):
        store.save_group(first.left("two"), before=first, now=NOW)
    assert store.group("g").members == {"two", "three"}


@pytest.mark.parametrize("is_told", [True, False])
def test_a_group_of_the_shape_before_is_read_and_written_over(table: tuple[DynamoDbChains, Any], is_told: bool) -> None:
    store, client = table
    old: dict[str, Any] = {"members": {"SS": ["one", "two"]}, "expires_at": {"N": "1"}}
    told: dict[str, Any] = {"told": {"BOOL": True}} if is_told else {}
    client.put_item(TableName="chains", Item={"pk": {"S": "group#g"}, "sk": {"S": "members"}, **old, **told})
    found = store.group("g")
    saved = store.save_group(found.left("one"), before=found, now=NOW)

    members = frozenset({"one", "two"})
    expected = Group(id="g", is_announced=True, covered=members) if is_told else Group(id="g", waiting=members)
    assert found == expected
    assert store.group("g") == saved == replace(expected.left("one"), version=1)


def test_the_largest_group_fits_four_times_into_an_item_and_is_forgotten_after_half_a_year() -> None:
    members = frozenset(f"{number:016x}" for number in range(MEMBERS_LIMIT))
    names = tuple((f"{number:016x}", "x" * 130) for number in range(NAMES_LIMIT))
    item = group_item(a_group(waiting=members, covered=frozenset(), names=names), expires_at=NOW)

    assert a_group(waiting=members).is_full
    assert 4 * len(item["memory"]["S"]) < 400 * 1024
    assert item["expires_at"] == {"N": str(int(NOW.timestamp()))}


@pytest.mark.parametrize("memory", ["", "[]", "{}", '{"waiting": 1}'])
def test_a_group_that_cannot_be_read_is_an_empty_one_under_its_version(memory: str) -> None:
    item = {"memory": {"S": memory}, "version": {"N": "3"}}

    assert read_group(item, "g") == Group(id="g", version=3)


def test_stranded_chains_are_found_by_their_cause_oldest_first(store: ChainStore) -> None:
    def stranded(number: int, cause: Cause, **changes: object) -> Chain:
        trouble = Trouble(cause=cause, message="denied", since=NOW)
        return with_hop(numbered(number, **changes), state=HopState.STRANDED, trouble=trouble)

    late = save_new(store, stranded(1, Cause.VAULT_KEY))
    early = save_new(store, stranded(2, Cause.VAULT_KEY, created_at=NIGHT - timedelta(days=1)))
    save_new(store, stranded(3, Cause.ROLE))
    save_new(store, numbered(4))
    assert list(store.stranded(Cause.VAULT_KEY)) == [early.key, late.key]

    store.save(with_hop(early, state=HopState.WAITING, trouble=None), before=early, limit=LIMIT)
    assert list(store.stranded(Cause.VAULT_KEY)) == [late.key]


def test_a_circuit_is_clean_until_it_is_written_and_written_over_only_by_who_read_it(store: ChainStore) -> None:
    clean = store.circuit(DR_VAULT.site)
    assert clean == Circuit(site=DR_VAULT.site)

    failed = clean
    for number in range(5):
        after = failed.after_failure(NOW, database=f"db-{number}").probed(NOW)
        store.save_circuit(after, before=failed)
        failed = after
    assert store.circuit(DR_VAULT.site) == failed
    with pytest.raises(ConflictError, match=rf"^the circuit of {DR_VAULT.site} was written by another worker$"):
        store.save_circuit(clean.after_failure(NOW, database="db"), before=clean)

    store.save_circuit(failed.after_success(), before=failed)
    store.save_circuit(clean.after_failure(NOW, database="db"), before=clean)
    assert store.circuit(DR_VAULT.site).failures == 1


def test_a_circuit_that_is_gone_is_not_written_over_by_who_remembers_it(table: tuple[DynamoDbChains, Any]) -> None:
    store, client = table
    failed = store.circuit(DR_VAULT.site).after_failure(NOW, database="db")
    store.save_circuit(failed, before=None)
    client.delete_item(TableName="chains", Key=circuit_keys(DR_VAULT.site))

    with pytest.raises(ConflictError):
        store.save_circuit(failed.after_success(), before=failed)


def test_a_group_is_forgotten_half_a_year_after_its_last_change(table: tuple[DynamoDbChains, Any]) -> None:
    store, client = table
    store.save_group(a_group(), before=Group(id="g"), now=NOW)
    (item,) = client.scan(TableName="chains")["Items"]

    assert item["expires_at"] == {"N": str(int((NOW + timedelta(days=180)).timestamp()))}


def test_a_circuit_that_cannot_be_read_is_written_over(store: ChainStore) -> None:
    begun = Circuit(site=DR_VAULT.site).after_failure(NOW, database="db")
    store.save_circuit(begun, before=store.circuit(DR_VAULT.site))
    other = Circuit(site=DR_VAULT.site).after_failure(NOW, database="other")

    store.save_circuit(other, before=None)
    assert store.circuit(DR_VAULT.site) == other
