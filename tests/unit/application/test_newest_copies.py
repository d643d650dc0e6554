"""Each database's newest final copy is looked at again every day, with its key; older ones every week."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from secondhop.adapters.memory_chains import MemoryChains
from secondhop.application.newest import survey_newer
from secondhop.domain.arn import Vault
from secondhop.domain.chain import Chain, ChainKey
from secondhop.domain.checking import next_check
from secondhop.domain.classification import Cause
from secondhop.domain.errors import DeniedError, TryAgainError
from secondhop.domain.hop import HopState
from secondhop.domain.observation import PointSeen
from tests.builders import (
    ARRIVAL_ARN,
    COPY_ARN,
    DR_KEY,
    DR_VAULT,
    NIGHT,
    NOW,
    ORDERS,
    a_chain,
    a_copy,
    a_route,
    a_sequence,
    an_arrival,
    with_hop,
)
from tests.stand_in_backup import StandInBackup
from tests.stand_ins import LOOK, Stage, arrived, complete, job_news

LATER = ARRIVAL_ARN + "b"


def a_day_later(stage: Stage) -> Stage:
    stage.clock.forward(days=1, minutes=1)
    stage(LOOK)
    return stage


def chain_of(stage: Stage, arn: str = ARRIVAL_ARN) -> Chain:
    chain = stage.chains.get(ChainKey(arn, "default"))
    assert chain is not None
    return chain


def with_a_newer_copy(stage: Stage) -> Stage:
    """The next night's copy of the same database is verified too."""
    newer = an_arrival(arn=LATER, created_at=NIGHT + timedelta(days=1))
    stage.backup.put(newer)
    stage(arrived(arn=LATER))
    copy = a_copy(arn=COPY_ARN + "b", created_at=newer.created_at, delete_at=newer.created_at + timedelta(days=35))
    stage(job_news(stage.backup.finish("JOB-2", copy)))
    return stage


def test_a_final_copy_that_vanished_is_found_within_a_day_though_nothing_was_told() -> None:
    stage = complete()
    assert stage.chain.next_check == stage.clock.now + timedelta(hours=12)
    stage.clock.forward(hours=12, minutes=1)
    stage(LOOK)
    assert stage.chain.next_check == stage.clock.now + timedelta(days=1)
    del stage.backup.points[DR_VAULT.arn, COPY_ARN]

    a_day_later(stage)

    assert [trouble.cause for trouble in stage.chain.troubles()] == [Cause.VANISHED]
    assert [message.is_closed for message in stage.announcer.messages] == [False]
    assert len(stage.backup.started) == 1


@pytest.mark.parametrize("state", ["Disabled", "PendingDeletion", "PendingImport", "Unavailable", "Gone"])
def test_a_key_that_nobody_can_use_is_an_incident_that_closes_when_it_is_mended(state: str) -> None:
    stage = complete()
    stage.keys.states[DR_KEY] = state
    a_day_later(stage)
    (message,) = stage.announcer.messages
    assert stage.chain.troubles()[0].cause is Cause.KEY_UNUSABLE
    assert f"{DR_KEY} is {state}" in "\n".join(message.lines)

    stage.keys.states.clear()
    a_day_later(stage)

    assert stage.chain.hop("to-dr").state is HopState.VERIFIED
    assert [message.is_closed for message in stage.announcer.messages] == [False, True]


@pytest.mark.parametrize("state", ["Creating", "Updating"])
def test_a_key_on_its_way_is_no_incident(state: str) -> None:
    stage = complete()
    stage.keys.states[DR_KEY] = state

    assert a_day_later(stage).chain.troubles() == ()
    assert stage.chain.hop("to-dr").state is HopState.VERIFIED


def test_an_intermediate_stays_while_the_key_of_its_copy_cannot_be_used() -> None:
    stage = Stage(route=a_route(keep={"RDS": 0}))
    stage.backup.put(an_arrival())
    stage.keys.states[DR_KEY] = "PendingDeletion"
    stage(arrived())
    stage(job_news(stage.backup.finish("JOB-1", a_copy())))

    assert stage.backup.deleted == []
    assert stage.chain.troubles()[0].cause is Cause.KEY_UNUSABLE


def test_the_look_is_daily_and_moves_on_to_the_newer_copy() -> None:
    stage = a_day_later(complete(route=a_route(keep={})))
    looks = len(stage.keys.asked)
    stage(LOOK)
    assert len(stage.keys.asked) == looks

    with_a_newer_copy(stage)
    looks = len(stage.keys.asked)
    a_day_later(stage)
    assert chain_of(stage).hop("to-dr").arrival.is_superseded
    assert len(stage.keys.asked) == looks


def test_with_a_backup_a_day_the_newest_copy_is_looked_at_before_the_next_relieves_it() -> None:
    stage = complete(route=a_route(keep={}))
    looks = len(stage.keys.asked)
    stage.clock.forward(hours=23)
    stage(LOOK)
    assert len(stage.keys.asked) == looks + 1

    with_a_newer_copy(stage)
    stage.clock.forward(days=1)
    stage(LOOK)
    assert chain_of(stage).hop("to-dr").arrival.is_superseded


def test_a_copy_that_vanishes_before_its_first_daily_look_is_found_though_a_newer_one_relieved_it() -> None:
    stage = with_a_newer_copy(complete(route=a_route(keep={})))
    del stage.backup.points[DR_VAULT.arn, COPY_ARN]
    a_day_later(stage)
    assert chain_of(stage).hop("to-dr").arrival.is_superseded
    assert chain_of(stage).troubles() == ()

    hop = chain_of(stage).hop("to-dr")
    assert chain_of(stage).final_copy_check(hop) == hop.since + timedelta(days=7)
    stage.clock.forward(days=6)
    stage(LOOK)
    assert [trouble.cause for trouble in chain_of(stage).troubles()] == [Cause.VANISHED]
    assert [message.is_closed for message in stage.announcer.messages] == [False]


def test_an_older_copy_that_stands_is_looked_at_once_a_week_until_its_time_is_over() -> None:
    stage = with_a_newer_copy(complete(route=a_route(keep={})))
    looks = 0
    for _ in range(21):
        before = len(stage.keys.asked)
        a_day_later(stage)
        looks += len(stage.keys.asked) > before

    assert looks == 3
    assert chain_of(stage).hop("to-dr").state is HopState.VERIFIED


def test_a_newer_copy_that_is_not_verified_relieves_nobody() -> None:
    stage = complete()
    stage.backup.put(an_arrival(arn=LATER, created_at=NIGHT + timedelta(days=1)))
    stage(arrived(arn=LATER))
    a_day_later(stage)

    assert not chain_of(stage).hop("to-dr").arrival.is_superseded
    assert chain_of(stage).hop("to-dr").arrival.last_seen_at == stage.clock.now


@pytest.mark.parametrize("error", [TryAgainError("busy"), DeniedError("not authorized to perform: kms:DescribeKey")])
def test_a_question_that_fails_is_asked_again_and_never_read_as_gone(error: Exception) -> None:
    stage = complete()
    stage.backup.fail("vault", error)
    a_day_later(stage)

    causes = [trouble.cause for trouble in stage.chain.troubles()]
    assert causes == ([] if isinstance(error, TryAgainError) else [Cause.PERMISSION])
    a_day_later(stage)
    assert stage.chain.troubles() == ()


@pytest.mark.parametrize(
    "newer",
    [
        {"seen_gone_at": NOW},
        {"state": HopState.STRANDED},
        {"destination": a_route().watched},
    ],
)
def test_only_a_standing_copy_in_the_same_vault_counts_as_newer(newer: dict[str, object]) -> None:
    stage = complete()
    point = an_arrival(arn=LATER, created_at=NIGHT + timedelta(days=1))
    chain = with_hop(a_chain(point=point), state=HopState.VERIFIED, arrival=COPY_ARN + "b")
    stage.chains.save(with_hop(chain, **newer), before=None, limit=1)
    mine = chain_of(stage)

    assert survey_newer(stage.chains, mine, mine.hop("to-dr")).newer is None


def test_of_two_copies_of_one_moment_one_is_looked_at() -> None:
    stage = complete()
    twin = with_hop(a_chain(point=an_arrival(arn=LATER)), state=HopState.VERIFIED, arrival=COPY_ARN + "b")
    stage.chains.save(twin, before=None, limit=1)
    found = [survey_newer(stage.chains, chain, chain.hop("to-dr")).newer for chain in stage.chains.all()]

    assert found == [LATER, None]


def test_a_copy_whose_time_is_over_is_seen_gone_at_its_time() -> None:
    promised = NIGHT + timedelta(days=35)
    chain = with_hop(
        a_chain(), state=HopState.VERIFIED, arrival=COPY_ARN, promised_until=promised, last_seen_at=promised
    )

    assert next_check(chain, a_route(), promised) == promised + timedelta(hours=8)


def test_the_history_of_a_database_is_not_read_for_its_newest_copy() -> None:
    stage = complete()
    mine = chain_of(stage)

    class Forgetful(MemoryChains):
        def of_database(self, database: str, *, newest_first: bool = False) -> Iterator[Chain]:
            assert (database, newest_first) == (ORDERS, True)
            yield mine
            raise AssertionError("read further back than the copy in question")

    assert survey_newer(Forgetful(), mine, mine.hop("to-dr")).newer is None


def test_a_copy_of_which_the_index_says_nothing_yet_has_no_newer_one() -> None:
    mine = chain_of(complete())

    assert survey_newer(Stage().chains, mine, mine.hop("to-dr")).newer is None


class Forgetful(StandInBackup):
    """Says once of a copy that is there that it is not; lists it all the same."""

    forgets = 1

    def point(self, vault: Vault, arn: str) -> PointSeen | None:
        if vault == DR_VAULT and self.forgets:
            self.forgets -= 1
            return None
        return super().point(vault, arn)


@pytest.mark.parametrize("resource", [None, ARRIVAL_ARN], ids=["names its database", "names its source"])
@pytest.mark.parametrize("keep", [{}, {"RDS": 0}])
def test_one_wrong_word_about_a_copy_that_is_listed_neither_strands_its_chain_nor_makes_another(
    keep: dict[str, int], resource: str | None
) -> None:
    stage = complete(route=a_route(keep={}))
    if resource is not None:
        stage.backup.put(a_copy(database=resource))
    stage.route = a_route(keep=keep)
    backup = Forgetful(stage.clock)
    vars(backup).update(vars(stage.backup))
    stage.backup = backup
    for _ in range(3):
        a_day_later(stage)

    assert backup.forgets == 0
    assert stage.announcer.messages == []
    assert stage.chain.hop("to-dr").arrival.last_seen_at == stage.clock.now
    assert len(stage.backup.started) == 1


def test_a_copy_that_was_copied_onward_is_no_final_copy() -> None:
    chain = with_hop(a_chain(a_sequence()), state=HopState.VERIFIED, arrival=COPY_ARN)
    chain = with_hop(chain, "to-far", state=HopState.VERIFIED, arrival=COPY_ARN + "-far")

    assert chain.final_copy_check(chain.hop("to-dr")) is None
    assert chain.final_copy_check(chain.hop("to-far")) == chain.hop("to-far").since + timedelta(hours=12)
