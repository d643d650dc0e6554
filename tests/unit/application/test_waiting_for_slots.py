"""A chain that waits for a slot asks for the slot alone, and a freed slot wakes those who can use it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from secondhop.adapters.memory_chains import MemoryChains
from secondhop.application.waking import Wakes, lanes_of, longest_waiting
from secondhop.application.work import Look, Retry, Work
from secondhop.domain.arn import Site, Vault
from secondhop.domain.chain import Chain, ChainKey
from secondhop.domain.checking import next_check
from secondhop.domain.classification import Cause
from secondhop.domain.errors import TryAgainError
from secondhop.domain.hop import HopState, Trouble
from secondhop.domain.lane import Lane, LaneUse
from secondhop.domain.observation import JobSeen
from secondhop.domain.route import FirstHops
from tests.builders import (
    ARRIVAL_ARN,
    DR_VAULT,
    NIGHT,
    NOW,
    ORDERS,
    WATCHED,
    a_chain,
    a_copy,
    a_fan_out,
    a_route,
    an_arrival,
    with_hop,
)
from tests.small_stand_ins import StandInQueue
from tests.stand_ins import Stage, arrived, complete, copying, job_news

RDS = Lane(DR_VAULT.site, "RDS")
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


def in_flight(chains: MemoryChains, *databases: str) -> None:
    for database in databases:
        going = a_chain(point=an_arrival(arn=f"{ARRIVAL_ARN}-of-{database}", database=database))
        chains.save(with_hop(going, state=HopState.COPYING, attempt=1), before=None, limit=99)


def test_as_many_chains_are_woken_as_slots_are_free_each_of_another_database() -> None:
    chains = MemoryChains()
    keys = waiting_chains(chains, ["one", "one", "one", "two", "one", "three", "four"])
    in_flight(chains, "far", "away")

    for free in range(5):
        assert longest_waiting(chains, RDS, limit=2 + free) == [keys[0], keys[3], keys[5], keys[6]][:free]
    assert longest_waiting(chains, RDS, limit=1) == []


def test_a_database_with_a_copy_in_flight_is_not_woken() -> None:
    chains = MemoryChains()
    keys = waiting_chains(chains, ["busy", "calm", "busy"])
    in_flight(chains, "busy")

    assert longest_waiting(chains, RDS, limit=9) == [keys[1]]


def test_nothing_is_read_of_a_lane_in_which_nothing_waits() -> None:
    class Unasked(MemoryChains):
        def lane_use(self, lane: Lane) -> LaneUse:
            raise AssertionError(lane)

    assert longest_waiting(Unasked(), RDS, limit=9) == []


def test_nothing_is_woken_while_the_slots_cannot_be_read() -> None:
    class Unreadable(MemoryChains):
        def lane_use(self, lane: Lane) -> LaneUse:
            return replace(super().lane_use(lane), in_flight=None)

    chains = Unreadable()
    waiting_chains(chains, ["orders"])

    assert longest_waiting(chains, RDS, limit=9) == []


def test_a_chain_waits_in_one_lane_after_the_other_and_looks_often_for_the_second() -> None:
    route, chains = a_fan_out(), MemoryChains()
    first, second = (Lane(leg.destination.site, "RDS") for leg in route.legs)
    names = [leg.name for leg in route.legs]
    both = with_hop(with_hop(a_chain(route), names[0], slot_wanted=True), names[1], slot_wanted=True)
    saved = chains.save(both, before=None, limit=9)

    assert [longest_waiting(chains, lane, limit=9) for lane in (first, second)] == [[both.key], []]
    assert next_check(saved, route, NOW) == NOW + timedelta(minutes=15)
    copying_one = with_hop(saved, names[0], state=HopState.COPYING, attempt=1, slot_wanted=False)
    chains.save(copying_one, before=saved, limit=9)
    assert [longest_waiting(chains, lane, limit=9) for lane in (first, second)] == [[], [both.key]]


def test_copies_that_end_together_wake_each_chain_once() -> None:
    chains, queue = MemoryChains(), StandInQueue()
    keys = waiting_chains(chains, ["one", "two", "three"])
    wakes = Wakes(chains=chains, queue=queue)
    wakes.want(RDS, limit=2)
    wakes.want(RDS, limit=2)

    assert wakes.send() == 2
    assert queue.work == [Look(key=key) for key in keys[:2]]
    assert wakes.send() == 0


def test_a_wake_that_fails_is_sent_with_the_next_ones() -> None:
    class Refusing(StandInQueue):
        def put(self, work: Iterable[Work]) -> None:
            super().put(work)
            if len(self.work) == 1:
                raise TryAgainError("throttled")

    chains, queue = MemoryChains(), Refusing()
    (key,) = waiting_chains(chains, ["one"])
    wakes = Wakes(chains=chains, queue=queue)
    wakes.want(RDS, limit=1)

    with pytest.raises(TryAgainError):
        wakes.send()
    assert wakes.send() == 1
    assert queue.work == [Look(key=key)] * 2


def test_the_lanes_of_a_route_are_those_of_its_legs_and_of_the_first_hops_that_it_retries() -> None:
    first_hops = FirstHops(site=Site("111122223333", "eu-west-1"), role_arn="arn:role", retention_days=35)
    kinds = frozenset({"RDS", "Aurora"})
    watched_only = a_route(resource_types=kinds, first_hops=replace(first_hops, role_arn=""), limits={"RDS": 3})
    retrying = replace(watched_only, first_hops=first_hops)
    into_dr = {Lane(DR_VAULT.site, "RDS"): 3, Lane(DR_VAULT.site, "Aurora"): 5}

    assert lanes_of([watched_only]) == into_dr
    into_watched = {Lane(WATCHED.site, "RDS"): 3, Lane(WATCHED.site, "Aurora"): 5}
    assert lanes_of([retrying]) == into_dr | into_watched


def test_a_chain_that_waits_for_a_slot_looks_once_a_day_and_no_other_look_saves_it() -> None:
    stage, _ = one_waits()
    before = waiting(stage)
    assert before.next_check == stage.clock.now + timedelta(days=1)

    stage.clock.forward(minutes=16)
    stage(Look(key=OTHER))
    assert waiting(stage) == before


def test_a_chain_that_is_woken_in_vain_passes_the_slot_on() -> None:
    stage, _ = one_waits()
    third = ChainKey(ARRIVAL_ARN + "-c", "default")
    stage.backup.put(an_arrival(arn=third.recovery_point, database=ORDERS + "3"))
    stage(arrived(arn=third.recovery_point))
    stage.backup.points[WATCHED.arn, OTHER.recovery_point] = replace(
        stage.backup.points[WATCHED.arn, OTHER.recovery_point], status="EXPIRED"
    )
    stage.clock.forward(days=1)
    stage(job_news(stage.backup.finish("JOB-1", a_copy())))
    stage.drain()

    assert waiting(stage).hop("to-dr").state is HopState.STRANDED
    passed_on_to = stage.chains.get(third)
    assert passed_on_to is not None
    assert passed_on_to.hop("to-dr").state is HopState.COPYING


@pytest.mark.parametrize(
    ("changes", "expires_in", "wait"),
    [
        ({}, timedelta(days=9), timedelta(days=1)),
        ({}, timedelta(days=2, hours=5), timedelta(hours=12)),
        ({}, timedelta(hours=20), timedelta(hours=12)),
        ({"unresolved": Trouble(cause=Cause.NO_SLOT, message="", since=NOW)}, timedelta(hours=7), timedelta(hours=7)),
        ({"unresolved": Trouble(cause=Cause.SITE_DOWN, message="", since=NOW)}, timedelta(days=9), timedelta(hours=1)),
        ({}, timedelta(hours=-1), timedelta(minutes=15)),
        ({"not_before": NOW + timedelta(minutes=4)}, timedelta(days=9), timedelta(minutes=4)),
    ],
    ids=["in time", "not before half a day", "late already", "it expires", "site down", "expired", "backs off"],
)
def test_when_a_chain_in_the_queue_looks(changes: dict[str, Any], expires_in: timedelta, wait: timedelta) -> None:
    chain = a_chain(source_expires_at=NOW + expires_in, opened_at=NOW, source_seen_at=NOW)
    assert next_check(with_hop(chain, slot_wanted=True, **changes), a_route(), NOW) == NOW + wait
