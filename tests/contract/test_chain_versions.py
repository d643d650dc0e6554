"""Items of the release before and of the release after: read whole, or refused whole with a clear error."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from secondhop.adapters.chain_documents import SCHEMA, read_chain, write_chain
from secondhop.adapters.dynamodb_chains import DynamoDbChains
from secondhop.application.sweep_chains import SweepChains
from secondhop.application.work import Look
from secondhop.domain.chain import Chain, ChainKey
from secondhop.domain.command import Announce, Channel
from secondhop.domain.errors import UnreadableItemError
from secondhop.domain.hop import HopState
from tests.builders import ARRIVAL_ARN, NOW, ORDERS, a_chain, an_arrival, with_hop
from tests.stand_ins import Stage

DOCUMENTS = Path(__file__).parent / "documents"


def document(name: str) -> str:
    return (DOCUMENTS / f"{name}.json").read_text(encoding="utf-8")


def test_a_chain_item_written_by_the_previous_version_is_read_whole() -> None:
    chain = read_chain(document("chain-1-just-opened"))
    hop = chain.hop("to-dr")

    assert (chain.state, chain.version, chain.abandoned_by, chain.finished_at) == ("WAITING", 1, None, None)
    assert (chain.created_at, chain.database) == (datetime(2026, 1, 5, 1, tzinfo=UTC), ORDERS)
    assert (hop.state, hop.attempt.number, hop.attempt.failures, hop.arrival.point, hop.rejected) == (
        HopState.WAITING,
        0,
        0,
        None,
        (),
    )
    assert (hop.attempt.slot_wanted, hop.arrival.is_adopted, hop.notice.trouble, hop.arrival.seen_gone_at) == (
        False,
        False,
        None,
        None,
    )
    assert [each.state for each in chain.intermediates] == ["HELD"]


def test_what_the_previous_version_had_begun_and_not_told_is_still_pending() -> None:
    chain = read_chain(document("chain-1-stranded-and-telling"))
    untold = [pending.command for pending in chain.pending]

    assert chain.state == "STRANDED"
    assert [type(command) for command in untold] == [Announce, Announce]
    assert [command.channel for command in untold if isinstance(command, Announce)] == [Channel.TOPIC, Channel.BUS]


def changed(**changes: Any) -> str:
    content = json.loads(document("chain-1-just-opened"))
    content["chain"]["hops"][0] |= changes.pop("hop", {})
    content["chain"] |= changes.pop("chain", {})
    return json.dumps(content | changes)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (changed(schema=SCHEMA + 1), f"a newer release (schema {SCHEMA + 1}, known is {SCHEMA})"),
        (changed(schema=SCHEMA - 1), f"another release (schema {SCHEMA - 1}, known is {SCHEMA})"),
        (changed(chain={"novelty": 1}), "Chain has unknown fields ['novelty']; a newer release may have written it"),
        (changed(hop={"novelty": 1}), "Hop has unknown fields ['novelty']"),
        (changed(hop={"attempt": {"novelty": 1}}), "Attempt has unknown fields ['novelty']"),
        (changed(hop={"state": "DREAMING"}), "DREAMING"),
        (changed(hop={"attempt": {"number": "1"}}), "expected int, found '1'"),
        (changed(hop={"attempt": {"number": True}}), "expected int, found True"),
        (changed(chain={"created_at": "2026-01-05T01:00:00"}), "a time without a zone"),
        ("{}", "cannot be read"),
        ("", "cannot be read"),
        ("[]", "cannot be read"),
    ],
)
def test_a_chain_item_written_by_the_next_version_is_refused_and_says_what_was_found(text: str, said: str) -> None:
    with pytest.raises(UnreadableItemError) as refused:
        read_chain(text)

    assert said in str(refused.value)


def test_a_field_that_nobody_uses_yet_is_not_written_so_that_the_previous_version_reads_the_item() -> None:
    """A release that knows a new field and leaves it at its default writes what does not name it."""
    opened = json.loads(write_chain(a_chain()))["chain"]
    used = json.loads(write_chain(with_hop(a_chain(), is_superseded=True)))["chain"]

    assert "arrival" not in opened["hops"][0]
    assert used["hops"][0]["arrival"] == {"is_superseded": True}
    assert not {name for part in (opened, *opened["hops"]) for name, value in part.items() if value in ([], False)}


def poison(client: Any, key: ChainKey) -> None:
    """Give an item the shape of a release of the future."""
    keys = {"pk": {"S": f"chain#{key.recovery_point}"}, "sk": {"S": f"route#{key.route}"}}
    item = client.get_item(TableName="chains", Key=keys)["Item"]
    item["document"]["S"] = item["document"]["S"].replace('"schema":1', '"schema":2')
    client.put_item(TableName="chains", Item=item)


def due(store: DynamoDbChains, name: str) -> Chain:
    point = an_arrival(arn=f"{ARRIVAL_ARN}-{name}", database=f"{ORDERS}-{name}")
    return store.save(a_chain(point=point, next_check=NOW), before=None, limit=5)


def test_a_poisoned_item_does_not_stop_the_sweep_for_the_others(table: tuple[DynamoDbChains, Any]) -> None:
    store, client = table
    stage = Stage(chains=store)  # type: ignore[arg-type]  # the real store here
    keys = [due(store, name).key for name in ("a", "b", "c")]
    for name in ("a", "b", "c"):
        stage.backup.put(an_arrival(arn=f"{ARRIVAL_ARN}-{name}", database=f"{ORDERS}-{name}"))
    poison(client, keys[1])
    store.sweep_progress(now=NOW - timedelta(days=30))

    swept = SweepChains(routes=(stage.route,), chains=store, backup=stage.backup, queue=stage.queue, now=stage.clock)()
    refused = [work for work in stage.queue.work if stage(work).unreadable]

    assert (swept.due, swept.missing, swept.problems) == (3, 0, ())
    assert refused == [Look(key=keys[1])]
    assert [command.source for command in stage.backup.started] == [keys[0].recovery_point, keys[2].recovery_point]
    with pytest.raises(UnreadableItemError, match="a newer release"):
        store.get(keys[1])
