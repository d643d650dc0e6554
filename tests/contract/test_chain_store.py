"""One contract, two stores: what the in-memory store promises, the DynamoDB store promises as well."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from secondhop.adapters.dynamodb_chains import DynamoDbChains
from secondhop.application.ports import ChainStore, ClaimTakenError, SlotTakenError
from secondhop.domain.chain import Chain, ChainKey
from secondhop.domain.errors import ConflictError, UnreadableItemError
from secondhop.domain.hop import HopState
from secondhop.domain.lane import Lane
from secondhop.domain.sweep_progress import SweepProgress
from tests.builders import ARRIVAL_ARN, COPY_ARN, DR_VAULT, NIGHT, NOW, ORDERS, a_chain, a_route, an_arrival, with_hop
from tests.contract.conftest import date_of

LIMIT = 2
RDS = Lane(DR_VAULT.site, "RDS")


def numbered(number: int, **changes: object) -> Chain:
    """A chain of its own database and recovery point."""
    point = an_arrival(arn=f"{ARRIVAL_ARN}-{number}", database=f"{ORDERS}-{number}")
    return a_chain(point=point, **changes)


def start(chain: Chain) -> Chain:
    return with_hop(chain, state=HopState.COPYING, attempt=1)


def save_new(store: ChainStore, chain: Chain) -> Chain:
    return store.save(chain, before=None, limit=LIMIT)


def test_a_chain_is_read_as_it_was_saved(store: ChainStore) -> None:
    saved = save_new(store, start(a_chain()))

    assert (store.get(saved.key), saved.version) == (saved, 1)
    assert store.get(ChainKey(ARRIVAL_ARN, "other")) is None


def test_a_save_over_somebody_elses_is_refused_and_writes_nothing(store: ChainStore) -> None:
    first = save_new(store, a_chain())
    second = store.save(with_hop(first, failures=1), before=first, limit=LIMIT)

    for stale, before in ((start(first), first), (a_chain(), None)):
        with pytest.raises(ConflictError):
            store.save(stale, before=before, limit=LIMIT)
    assert store.get(first.key) == second
    assert store.owner_of(source=ARRIVAL_ARN, destination_vault_arn=DR_VAULT.arn) is None


def test_a_claim_is_made_with_the_save_that_leaves_waiting_and_kept(store: ChainStore) -> None:
    waiting = save_new(store, a_chain())
    assert store.owner_of(source=ARRIVAL_ARN, destination_vault_arn=DR_VAULT.arn) is None

    copying = store.save(start(waiting), before=waiting, limit=LIMIT)
    claim = store.owner_of(source=ARRIVAL_ARN, destination_vault_arn=DR_VAULT.arn)
    assert claim is not None and (claim.owner, claim.hop) == (copying.key, "to-dr")  # noqa: PT018 - mypy narrows

    back = store.save(with_hop(copying, state=HopState.WAITING), before=copying, limit=LIMIT)
    store.save(start(back), before=back, limit=LIMIT)


def test_a_claim_of_another_chain_is_refused_by_name(store: ChainStore) -> None:
    save_new(store, start(a_chain()))
    other = a_chain(a_route(name="other"), point=an_arrival(database=ORDERS + "-other"))

    with pytest.raises(ClaimTakenError) as refused:
        save_new(store, start(other))
    assert refused.value.owner == ChainKey(ARRIVAL_ARN, "default")
    assert store.get(other.key) is None


def test_a_copy_that_was_found_is_claimed_by_one_chain_only(store: ChainStore) -> None:
    def finding(chain: Chain, copy: str) -> Chain:
        return with_hop(chain, state=HopState.VERIFYING, arrival=copy, arrival_is_adopted=True)

    save_new(store, finding(a_chain(), COPY_ARN))
    other = a_chain(point=an_arrival(arn=ARRIVAL_ARN + "-b"))

    with pytest.raises(ClaimTakenError) as refused:
        save_new(store, finding(other, COPY_ARN))
    assert (refused.value.owner, refused.value.point) == (ChainKey(ARRIVAL_ARN, "default"), COPY_ARN)
    save_new(store, finding(other, COPY_ARN + "-b"))


def test_slots_end_at_the_limit_and_are_free_again_with_the_save_that_gives_them_back(store: ChainStore) -> None:
    first, _ = (save_new(store, start(numbered(n))) for n in (1, 2))

    with pytest.raises(SlotTakenError, match="2 RDS copies are in flight into 444455556666/eu-central-1"):
        save_new(store, start(numbered(3)))
    store.save(with_hop(first, state=HopState.VERIFYING), before=first, limit=LIMIT)
    save_new(store, start(numbered(3)))
    with pytest.raises(SlotTakenError):
        save_new(store, start(numbered(4)))


def test_other_resource_types_have_slots_of_their_own(store: ChainStore) -> None:
    for number, resource_type in enumerate(["RDS", "RDS", "Aurora", "Aurora", "Neptune"]):
        save_new(store, start(numbered(number, resource_type=resource_type)))


def test_a_database_has_one_copy_in_flight(store: ChainStore) -> None:
    save_new(store, start(a_chain()))
    later = a_chain(point=an_arrival(arn=ARRIVAL_ARN + "-later"))

    with pytest.raises(SlotTakenError, match="another copy of"):
        save_new(store, start(later))


def test_a_chain_that_copies_keeps_its_slot_over_saves(store: ChainStore) -> None:
    copying = save_new(store, start(numbered(1)))
    again = store.save(with_hop(copying, job_id="JOB-1"), before=copying, limit=LIMIT)
    store.save(with_hop(again, failures=1), before=again, limit=LIMIT)
    save_new(store, start(numbered(2)))

    with pytest.raises(SlotTakenError):
        save_new(store, start(numbered(3)))


def test_an_abandoned_chain_gives_its_slot_back(store: ChainStore) -> None:
    """When its copy shows in AWS's lists: until then it is as if it still copied."""
    abandoned = save_new(store, start(a_chain(abandoned_by="ada")))
    store.save(with_hop(abandoned, state=HopState.WAITING), before=abandoned, limit=LIMIT)
    save_new(store, start(a_chain(point=an_arrival(arn=ARRIVAL_ARN + "-later"))))


def test_the_chains_of_a_database_come_by_date(store: ChainStore) -> None:
    dates = [NIGHT + timedelta(days=days) for days in (2, 0, 1)]
    for number, date in enumerate(dates):
        save_new(store, a_chain(point=an_arrival(arn=f"{ARRIVAL_ARN}-{number}", created_at=date)))
    save_new(store, numbered(9))

    assert [date_of(chain) for chain in store.of_database(ORDERS)] == sorted(dates)
    newest_first = store.of_database(ORDERS, newest_first=True)
    assert [date_of(chain) for chain in newest_first] == sorted(dates, reverse=True)


def test_the_newest_chains_of_a_long_history_come_first_and_all_of_it_is_there(store: ChainStore) -> None:
    dates = [NIGHT + timedelta(days=days) for days in range(12)]
    for number, date in enumerate(dates):
        save_new(store, a_chain(point=an_arrival(arn=f"{ARRIVAL_ARN}-{number:02}", created_at=date)))

    newest_first = store.of_database(ORDERS, newest_first=True)

    assert date_of(next(newest_first)) == dates[-1]
    assert [date_of(chain) for chain in newest_first] == dates[-2::-1]


def test_the_newest_chains_of_a_database_are_named_newest_first(store: ChainStore) -> None:
    dates = [NIGHT + timedelta(days=number) for number in range(4)]
    for number, date in enumerate(dates):
        save_new(store, a_chain(point=an_arrival(arn=f"{ARRIVAL_ARN}-{number}", created_at=date)))
    save_new(store, numbered(9))

    found = store.newest_of_database(ORDERS, count=2)
    assert [key.recovery_point.rpartition("-")[2] for key in found] == ["3", "2"]
    assert len(store.newest_of_database(ORDERS, count=9)) == 4
    assert store.newest_of_database("another", count=2) == []


def test_due_chains_come_longest_overdue_first_and_the_others_not_at_all(store: ChainStore) -> None:
    moments = [NOW - timedelta(minutes=1), NOW - timedelta(days=1), NOW + timedelta(seconds=1), None, NOW]
    for number, moment in enumerate(moments):
        save_new(store, numbered(number, next_check=moment))

    found = [key.recovery_point.rpartition("-")[2] for key in store.due(now=NOW)]
    assert found == ["1", "0", "4"]


def test_known_chains_are_told_from_unknown_ones_in_any_number(store: ChainStore) -> None:
    chains = [save_new(store, numbered(number, finished_at=NOW if number == 1 else None)) for number in range(3)]
    strangers = [ChainKey(f"{ARRIVAL_ARN}-x{number}", "default") for number in range(150)]

    keys = [chains[0].key, *strangers, *(each.key for each in chains[1:])]
    assert store.known(keys) == {e.key: bool(e.finished_at) for e in chains}
    assert store.known([]) == {}


def test_a_route_is_paused_until_it_is_resumed(store: ChainStore) -> None:
    assert store.paused_by("default") is None
    store.pause(route="default", by="ada")
    assert store.paused_by("default") == "ada"
    assert store.paused_by("other") is None
    store.pause(route="default", by=None)
    store.pause(route="default", by=None)
    assert store.paused_by("default") is None


def test_the_sweep_progress_remembers_when_the_installation_began(store: ChainStore) -> None:
    begun = store.sweep_progress(now=NOW)
    later = SweepProgress(began_at=NOW, swept_back_to=NIGHT, sweeping_until=NOW, routes=("a", "b"))

    assert store.sweep_progress(now=NOW + timedelta(days=1)) == begun
    store.save_sweep_progress(later, before=begun)
    assert store.sweep_progress(now=NOW) == later
    with pytest.raises(ConflictError, match=r"^the installation's memory was written by another worker$"):
        store.save_sweep_progress(begun, before=begun)


def item_of(client: Any) -> dict[str, Any]:
    items = client.scan(TableName="chains")["Items"]
    (item,) = [each for each in items if each["pk"]["S"].startswith("chain#")]
    found: dict[str, Any] = item
    return found


def test_a_chain_gets_a_time_to_live_when_it_is_finished_and_30_days_from_then(
    table: tuple[DynamoDbChains, Any],
) -> None:
    store, client = table
    saved = save_new(store, a_chain())
    assert "expires_at" not in item_of(client)

    finished = NOW + timedelta(days=400)
    store.save(replace(saved, finished_at=finished), before=saved, limit=LIMIT)
    assert item_of(client)["expires_at"] == {"N": str(int((finished + timedelta(days=30)).timestamp()))}


def test_the_claims_of_a_finished_chain_are_forgotten_with_it(table: tuple[DynamoDbChains, Any]) -> None:
    store, client = table
    copying = save_new(store, start(a_chain()))
    verified = with_hop(copying, state=HopState.VERIFIED)
    finished = NOW + timedelta(days=400)
    store.save(replace(verified, finished_at=finished), before=copying, limit=LIMIT)

    items = client.scan(TableName="chains")["Items"]
    lifetimes = {each["pk"]["S"].partition("#")[0]: each.get("expires_at") for each in items}
    expected = {"N": str(int((finished + timedelta(days=30)).timestamp()))}
    assert lifetimes == {"chain": expected, "claim": expected, "slots": None}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"schema":1', '"schema":2'),
        ('"schema":1', '"schema":"x"'),
        ('"encrypted":true', '"encrypted":true,"novelty":1'),
        ('"encrypted":true', '"encrypted":"yes"'),
        ('"state":"COPYING"', '"state":"DREAMING"'),
        ('"database":', '"databass":'),
        ("{", "["),
    ],
)
def test_an_item_of_another_release_is_refused_and_never_half_read(
    table: tuple[DynamoDbChains, Any], old: str, new: str
) -> None:
    store, client = table
    saved = save_new(store, start(a_chain()))
    item = item_of(client)
    assert old in item["document"]["S"]
    item["document"]["S"] = item["document"]["S"].replace(old, new, 1)
    client.put_item(TableName="chains", Item=item)

    with pytest.raises(UnreadableItemError, match="this item"):
        store.get(saved.key)


def test_a_slot_that_the_table_lost_does_not_hold_its_chain_up(table: tuple[DynamoDbChains, Any]) -> None:
    store, client = table
    copying = save_new(store, start(a_chain()))
    for item in client.scan(TableName="chains")["Items"]:
        if item["pk"]["S"].startswith("slots#"):
            client.delete_item(TableName="chains", Key={"pk": item["pk"], "sk": item["sk"]})

    saved = store.save(with_hop(copying, state=HopState.VERIFYING), before=copying, limit=LIMIT)
    assert store.get(copying.key) == saved


def test_the_longest_lag_goes_first_and_databases_without_any_copy_before_all(store: ChainStore) -> None:
    def waiting(number: int, newest: int | None, made: int) -> Chain:
        copy = None if newest is None else NIGHT - timedelta(days=newest)
        chain = numbered(number, created_at=NIGHT - timedelta(days=made))
        return save_new(store, with_hop(chain, slot_wanted=True, newest_copy=copy))

    short, long, bare = waiting(1, newest=1, made=9), waiting(2, newest=5, made=0), waiting(3, newest=None, made=0)
    older = waiting(4, newest=5, made=1)

    found = [each.key for each in store.waiting(RDS)]
    assert found == [bare.key, older.key, long.key, short.key]
