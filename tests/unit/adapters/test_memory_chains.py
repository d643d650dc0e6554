"""What only the in-memory store can do, for the nights: be copied, and show what a lagging index shows."""

from __future__ import annotations

from secondhop.adapters.memory_chains import MemoryChains
from secondhop.domain.gathering import Group
from tests.builders import NOW, a_chain


def test_a_copy_is_of_its_moment_and_goes_its_own_way() -> None:
    store = MemoryChains()
    store.sweep_progress(now=NOW)
    first = store.save(a_chain(), before=None, limit=1)
    store.pause(route="default", by="ada")
    joined = store.save_group(Group(id="g").joined("m", "orders"), before=Group(id="g"), now=NOW)
    copied = store.copy()

    store.save(first, before=first, limit=1)
    store.pause(route="default", by=None)
    store.save_group(joined.left("m"), before=joined, now=NOW)
    found = copied.get(first.key)
    assert found is not None
    assert (found.version, copied.paused_by("default"), copied.group("g")) == (1, "ada", joined)
    assert copied.sweep_progress(now=NOW) == store.sweep_progress(now=NOW)


def test_a_lagging_index_shows_chains_as_they_were_or_not_at_all() -> None:
    store = MemoryChains()
    first = store.save(a_chain(), before=None, limit=1)
    second = store.save(first, before=first, limit=1)

    assert store.with_older({first.key: first}).all() == [first]
    assert store.with_older({first.key: None}).all() == []
    assert store.all() == [second]
