"""What both stores remember of incidents: groups of them, and which chains a cause has stranded."""

from __future__ import annotations

from datetime import timedelta

import pytest

from secondhop.application.ports import ChainStore
from secondhop.domain.chain import Chain, HopState, Trouble
from secondhop.domain.circuit import Circuit
from secondhop.domain.classification import Cause
from secondhop.domain.errors import ConflictError
from tests.builders import DR_VAULT, NIGHT, NOW, with_hop
from tests.contract.test_chain_store import LIMIT, numbered, save_new


def test_people_are_told_of_a_group_once_and_of_its_end_when_the_last_has_left(store: ChainStore) -> None:
    assert store.join_group("g", member="one", now=NOW)
    assert store.join_group("g", member="one", now=NOW), "nobody has said that the message went out"
    store.note_group_told("g")
    assert not store.join_group("g", member="two", now=NOW)
    assert store.join_group("other", member="one", now=NOW)

    assert not store.leave_group("g", member="one")
    assert store.leave_group("g", member="two")
    assert store.leave_group("g", member="two"), "a repeated end is told again rather than not at all"
    assert store.join_group("g", member="three", now=NOW), "after its end it begins anew"


def test_a_group_that_ended_meanwhile_is_not_marked_as_told(store: ChainStore) -> None:
    store.note_group_told("g")

    assert store.join_group("g", member="one", now=NOW)


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
    with pytest.raises(ConflictError):
        store.save_circuit(clean.after_failure(NOW, database="db"), before=clean)

    store.save_circuit(failed.after_success(), before=failed)
    store.save_circuit(clean.after_failure(NOW, database="db"), before=clean)
    assert store.circuit(DR_VAULT.site).failures == 1


def test_a_circuit_that_cannot_be_read_is_written_over(store: ChainStore) -> None:
    begun = Circuit(site=DR_VAULT.site).after_failure(NOW, database="db")
    store.save_circuit(begun, before=store.circuit(DR_VAULT.site))
    other = Circuit(site=DR_VAULT.site).after_failure(NOW, database="other")

    store.save_circuit(other, before=None)
    assert store.circuit(DR_VAULT.site) == other
