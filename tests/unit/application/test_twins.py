"""Two recovery points of one backup, of which one copy is made at most, whatever the table's indexes show."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from secondhop.adapters.memory_chains import MemoryChains
from secondhop.application.ports import Unreadable
from secondhop.application.work import Abandon, Look, Retry
from secondhop.domain.chain import Chain, ChainKey
from secondhop.domain.classification import Cause
from secondhop.domain.errors import UnreadableItemError
from secondhop.domain.hop import HopState
from secondhop.domain.ledger import Claim
from tests.builders import (
    ARRIVAL_ARN,
    COPY_ARN,
    DR_VAULT,
    NIGHT,
    WATCHED,
    a_copy,
    an_arrival,
)
from tests.stand_ins import KEY, LOOK, Stage, arrived, copying, job_news

TWIN = ARRIVAL_ARN + "-twin"
TWIN_KEY = ChainKey(TWIN, "default")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class LaggingChains(MemoryChains):
    """A table whose index of databases shows nothing yet. What is read by its key is consistent."""

    def of_database(self, _database: str, *, newest_first: bool = False) -> Iterator[Chain | Unreadable]:
        return iter(())


def chain_of(stage: Stage, key: ChainKey = TWIN_KEY) -> Chain:
    chain = stage.chains.get(key)
    assert chain is not None
    return chain


def twin_arrives(stage: Stage) -> Stage:
    stage.backup.put(an_arrival(arn=TWIN))
    stage(arrived(arn=TWIN))
    return stage


def abandoned_in_flight(**options: Any) -> Stage:
    """The first of two twins is being copied, and an operator has abandoned its chain."""
    stage = copying(**options)
    stage(Abandon(key=KEY, by="ada"))
    return stage


@pytest.mark.parametrize("chains", [MemoryChains, LaggingChains])
def test_no_second_copy_of_a_backup_is_started_while_an_abandoned_chains_copy_is_under_way(chains: Any) -> None:
    stage = twin_arrives(abandoned_in_flight(chains=chains()))
    for _ in range(6):
        stage.clock.forward(hours=1)
        stage(Look(key=TWIN_KEY))

    assert [start.source for start in stage.backup.started] == [ARRIVAL_ARN]
    assert chain_of(stage).hop("to-dr").state is HopState.WAITING


@pytest.mark.parametrize("chains", [MemoryChains, LaggingChains])
def test_the_copy_of_an_abandoned_chain_is_the_one_copy_of_its_backup(chains: Any) -> None:
    stage = twin_arrives(abandoned_in_flight(chains=chains()))
    stage.backup.finish("JOB-1", a_copy())
    stage.clock.forward(hours=1)
    stage(Look(key=TWIN_KEY))

    assert len(stage.backup.started) == 1
    assert [trouble.cause for trouble in chain_of(stage).troubles()] == [Cause.UNDECIDABLE]
    assert COPY_ARN in chain_of(stage).troubles()[0].message


def test_the_twin_is_copied_once_the_copy_of_an_abandoned_chain_has_failed() -> None:
    stage = twin_arrives(abandoned_in_flight())
    stage.backup.fail_job("JOB-1", "An internal error occurred.")
    stage.clock.forward(hours=1)
    stage(LOOK)
    stage(Look(key=TWIN_KEY))

    assert [start.source for start in stage.backup.started] == [ARRIVAL_ARN, TWIN]


def test_no_second_copy_is_made_where_a_point_of_the_vault_is_claimed_and_the_index_lags() -> None:
    """Somebody copied the backup by hand, AWS has forgotten the job, and the first twin took the copy over."""
    stage = Stage(chains=LaggingChains())
    stage.backup.put(a_copy())
    stage.backup.put(an_arrival())
    stage(arrived())
    assert chain_of(stage, KEY).hop("to-dr").arrival.point == COPY_ARN
    twin_arrives(stage)

    assert stage.backup.started == []
    assert [trouble.cause for trouble in chain_of(stage).troubles()] == [Cause.UNDECIDABLE]


def test_a_claim_on_a_point_that_cannot_be_read_decides_nothing() -> None:
    class UnreadableClaims(LaggingChains):
        def owner_of(self, *, source: str, destination_vault_arn: str) -> Claim | None:
            raise UnreadableItemError("no owner")

    stage = Stage(chains=UnreadableClaims())
    stage.backup.put(a_copy())
    twin_arrives(stage)

    assert stage.backup.started == []
    assert [trouble.cause for trouble in chain_of(stage).troubles()] == [Cause.UNDECIDABLE]


def test_a_lost_table_does_not_lead_to_a_second_copy_of_a_backup_that_is_being_copied() -> None:
    stage = copying()
    stage.chains = MemoryChains()
    twin_arrives(stage)
    assert len(stage.backup.started) == 1

    stage.backup.finish("JOB-1", a_copy())
    stage.clock.forward(hours=1)
    stage(Look(key=TWIN_KEY))
    assert len(stage.backup.started) == 1


def test_operators_hear_of_a_wait_for_a_copy_that_hangs_before_the_source_expires() -> None:
    stage = twin_arrives(abandoned_in_flight())
    stage.clock.now = NIGHT + 5 * DAY + HOUR
    stage(Look(key=TWIN_KEY))

    (message,) = stage.announcer.messages
    assert "NO_SLOT" in message.title
    assert f"copy job JOB-1 of {ARRIVAL_ARN} is CREATED" in "\n".join(message.lines)


def test_two_twins_that_arrive_together_lead_to_one_copy() -> None:
    stage = twin_arrives(copying())
    stage(job_news(stage.backup.finish("JOB-1", a_copy())))
    for _ in range(4):
        stage.clock.forward(hours=1)
        stage(LOOK)
        stage(Look(key=TWIN_KEY))
        stage(Retry(key=TWIN_KEY, by="ada"))

    assert len(stage.backup.started) == 1
    assert (WATCHED.arn, TWIN) in stage.backup.points
    assert [arn for vault, arn in stage.backup.points if vault == DR_VAULT.arn] == [COPY_ARN]
