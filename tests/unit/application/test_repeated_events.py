"""One event 10,000 times: one copy, no more writes after the first few, and a chain that does not grow."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from secondhop.adapters.chain_documents import write_chain
from secondhop.adapters.memory_chains import MemoryChains
from secondhop.application.work import Work
from secondhop.domain.chain import Chain
from tests.builders import a_copy
from tests.stand_ins import Stage, arrived, complete, copying, job_news

REPEATS, FIRST_FEW = 10_000, 3
# Of a finished chain each event asks AWS once whether its recovery point is still there. So fewer of them are sent.
REPEATS_AFTER_THE_END = 2_000


class CountedChains(MemoryChains):
    """A store that counts its writes."""

    writes = 0

    def save(self, chain: Chain, *, before: Chain | None, limit: int) -> Chain:
        self.writes += 1
        return super().save(chain, before=before, limit=limit)


def while_it_is_copied() -> tuple[Stage, Work]:
    return copying(chains=CountedChains()), arrived()


def of_an_ended_job() -> tuple[Stage, Work]:
    stage = copying(chains=CountedChains())
    return stage, job_news(stage.backup.finish("JOB-1", a_copy()))


def of_a_failed_job() -> tuple[Stage, Work]:
    stage = copying(chains=CountedChains())
    return stage, job_news(stage.backup.fail_job("JOB-1", "An internal error occurred."))


def after_the_end() -> tuple[Stage, Work]:
    return complete(chains=CountedChains()), arrived()


@pytest.mark.parametrize(
    ("case", "repeats"),
    [
        (while_it_is_copied, REPEATS),
        (of_a_failed_job, REPEATS),
        (of_an_ended_job, REPEATS),
        (after_the_end, REPEATS_AFTER_THE_END),
    ],
)
def test_an_event_that_comes_ten_thousand_times_is_one_copy_and_a_constant_number_of_writes(
    case: Callable[[], tuple[Stage, Work]], repeats: int
) -> None:
    stage, work = case()
    assert isinstance(stage.chains, CountedChains)
    for _ in range(FIRST_FEW):
        stage(work)
    writes, size = stage.chains.writes, len(write_chain(stage.chain))
    warm_actor = stage.actor()
    for _ in range(repeats - FIRST_FEW):
        warm_actor(work)

    assert len(stage.backup.started) == 1
    assert stage.chains.writes == writes
    assert len(write_chain(stage.chain)) == size
