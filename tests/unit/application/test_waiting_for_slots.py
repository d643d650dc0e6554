"""A chain that waits for a slot asks for the slot alone, and a freed slot wakes those who can use it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from secondhop.adapters.memory_chains import MemoryChains
from secondhop.application.waking import WAKE_READS, WAKE_WAITING, longest_waiting
from secondhop.application.work import Look, Retry
from secondhop.domain.arn import Site, Vault
from secondhop.domain.chain import Chain, ChainKey
from secondhop.domain.errors import UnreadableItemError
from secondhop.domain.hop import HopState
from secondhop.domain.observation import JobSeen
from tests.builders import (
    ARRIVAL_ARN,
    DR_VAULT,
    NIGHT,
    ORDERS,
    a_chain,
    a_copy,
    a_fan_out,
    a_route,
    an_arrival,
    with_hop,
)
from tests.stand_ins import Stage, arrived, complete, copying, job_news

OTHER = ChainKey(ARRIVAL_ARN + "-b", "default")


def one_waits() -> tuple[Stage, list[str]]:
    """Two databases and one slot: the second waits. Lists what AWS is asked from now on."""
    stage = copying(route=a_route(limits={"RDS": 1}))
    stage.backup.put(an_arrival(arn=OTHER.recovery_point, database=ORDERS + "2"))
    stage(arrived(arn=OTHER.recovery_point))
    asked, jobs_into = list[str](), stage.backup.jobs_into

    def jobs(destination: Vault, *, from_site: Site, database: str) -> Iterator[JobSeen]:
        asked.append("jobs")
        return jobs_into(destination, from_site=from_site, database=database)

    stage.backup.jobs_into = jobs  # type: ignore[method-assign]  # for this test only
    return stage, asked


def waiting(stage: Stage) -> Chain:
    chain = stage.chains.get(OTHER)
    assert chain is not None
    return chain


def test_while_no_slot_is_free_aws_is_not_asked() -> None:
    stage, asked = one_waits()
    stage.clock.forward(minutes=16)
    report = stage(Look(key=OTHER))

    assert asked == []
    assert "1 RDS copies are in flight" in report.steps[-1].reason
    assert waiting(stage).hop("to-dr").attempt.slot_wanted
    assert waiting(stage).next_check is not None


def test_while_it_waits_it_keeps_its_place_by_its_database_s_lag() -> None:
    stage = complete(route=a_route(limits={"RDS": 1}))
    later = NIGHT + timedelta(days=1)
    stage.backup.put(an_arrival(arn=ARRIVAL_ARN + "-other", database=ORDERS + "2", created_at=later))
    stage(arrived(arn=ARRIVAL_ARN + "-other"))
    stage.backup.put(an_arrival(arn=OTHER.recovery_point, created_at=later))
    stage(arrived(arn=OTHER.recovery_point))
    assert waiting(stage).hop("to-dr").attempt.newest_copy == NIGHT

    stage.clock.forward(minutes=16)
    stage(Look(key=OTHER))
    assert waiting(stage).hop("to-dr").attempt.newest_copy == NIGHT


def test_with_a_free_slot_it_looks_before_it_copies() -> None:
    stage, asked = one_waits()
    stage(job_news(stage.backup.finish("JOB-1", a_copy())))
    stage.drain()

    assert asked == ["jobs"]
    assert waiting(stage).hop("to-dr").state is HopState.COPYING


def test_an_operator_who_says_retry_has_it_looked_for_all_the_same() -> None:
    stage, asked = one_waits()
    stage(Retry(key=OTHER, by="ada"))

    assert asked == ["jobs"]
    assert waiting(stage).hop("to-dr").attempt.slot_wanted


@pytest.mark.parametrize(("days", "is_asked"), [(0, False), (1, True)])
def test_once_its_source_expires_aws_is_asked_again(days: int, *, is_asked: bool) -> None:
    stage, asked = one_waits()
    expires_at = stage.clock.now + timedelta(days=1)
    chain = waiting(stage)
    stage.chains.save(replace(chain, source_expires_at=expires_at), before=chain, limit=1)
    stage.clock.forward(days=days, minutes=16)
    stage(Look(key=OTHER))

    assert bool(asked) is is_asked


def waiting_chains(chains: MemoryChains, databases: list[str]) -> list[ChainKey]:
    keys = list[ChainKey]()
    for number, database in enumerate(databases):
        point = an_arrival(
            arn=f"{ARRIVAL_ARN}-{number:03}", database=database, created_at=NIGHT + timedelta(days=number)
        )
        keys.append(chains.save(with_hop(a_chain(point=point), slot_wanted=True), before=None, limit=9).key)
    return keys


def woken(chains: MemoryChains, *, limit: int = 9) -> list[ChainKey]:
    return list(longest_waiting(chains, site=DR_VAULT.site, resource_type="RDS", limit=limit))


def test_a_freed_slot_wakes_chains_of_different_databases() -> None:
    chains = MemoryChains()
    keys = waiting_chains(chains, ["busy", "busy", "busy", "busy", "calm", "busy", "third", "fourth"])

    assert woken(chains) == [keys[0], keys[4], keys[6]]
    assert len(woken(chains)) == WAKE_WAITING


def test_a_database_with_a_copy_in_flight_is_not_woken_and_nobody_is_while_all_slots_are_taken() -> None:
    chains = MemoryChains()
    keys = waiting_chains(chains, ["busy", "calm", "third"])
    going = a_chain(point=an_arrival(arn=ARRIVAL_ARN + "-going", database="busy"))
    chains.save(with_hop(going, state=HopState.COPYING, attempt=1), before=None, limit=9)

    assert woken(chains, limit=2) == keys[1:]
    assert woken(chains, limit=1) == []


def test_a_chain_that_another_site_keeps_waiting_is_not_woken_for_this_one() -> None:
    route = a_fan_out()
    chains = MemoryChains()
    both = with_hop(a_chain(route), slot_wanted=True)
    elsewhere = next(hop for hop in both.hops if hop.name != "to-dr")
    both = chains.save(with_hop(both, elsewhere.name, slot_wanted=True), before=None, limit=9)
    sites = {hop.destination.site for hop in both.hops}
    assert len(sites) == 2

    going = a_chain(route, point=an_arrival(arn=ARRIVAL_ARN + "-going"))
    chains.save(with_hop(going, elsewhere.name, state=HopState.COPYING, attempt=1), before=None, limit=9)
    found = {site: list(longest_waiting(chains, site=site, resource_type="RDS", limit=9)) for site in sites}
    assert found == {DR_VAULT.site: [both.key], elsewhere.destination.site: []}


def test_no_more_than_some_chains_are_read_to_find_them() -> None:
    chains = MemoryChains()
    keys = waiting_chains(chains, ["busy"] * WAKE_READS + ["calm"])

    assert woken(chains) == keys[:1]
    fewer = MemoryChains()
    waiting_chains(fewer, ["busy"] * (WAKE_READS - 1) + ["calm"])
    assert len(woken(fewer)) == 2


def test_a_chain_that_cannot_be_read_is_not_woken_in_the_place_of_another() -> None:
    class Skewed(MemoryChains):
        def get(self, key: ChainKey) -> Chain | None:
            if key.recovery_point.endswith("-000"):
                raise UnreadableItemError("schema 99")
            return super().get(key)

        def waiting(self, *, site: Site, resource_type: str) -> Iterator[ChainKey]:
            yield from super().waiting(site=site, resource_type=resource_type)
            yield OTHER

    chains = Skewed()
    keys = waiting_chains(chains, ["orders", "orders"])

    assert woken(chains) == keys[1:]
