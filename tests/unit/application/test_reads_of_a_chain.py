"""How often the actor reads a chain for one piece of work."""

from __future__ import annotations

from collections import Counter

import pytest

from secondhop.adapters.memory_chains import MemoryChains
from secondhop.application.work import Look, Retry, Work
from secondhop.domain.chain import Chain, ChainKey
from tests.builders import a_job
from tests.stand_ins import KEY, Stage, arrived, copying, job_news
from tests.unit.application.test_first_hops import KEY as FIRST_HOP
from tests.unit.application.test_first_hops import plan_job
from tests.unit.application.test_first_hops import stage as first_hops


class CountingChains(MemoryChains):
    """Counts the reads of each chain."""

    def __init__(self, chains: MemoryChains) -> None:
        vars(self).update(vars(chains))
        self.reads = Counter[ChainKey]()

    def get(self, key: ChainKey) -> Chain | None:
        self.reads[key] += 1
        return super().get(key)


def reads_of(stage: Stage, work: Work) -> Counter[ChainKey]:
    """What a piece of work reads."""
    counting = CountingChains(stage.chains)
    stage.chains = counting
    stage(work)
    return counting.reads


@pytest.mark.parametrize(
    "work",
    [arrived(), job_news(a_job(state="RUNNING")), Look(key=KEY), Retry(key=KEY, by="ada")],
    ids=["repeated arrival", "news of its job", "look", "retry"],
)
def test_a_chain_is_read_once_for_a_piece_of_work(work: Work) -> None:
    assert reads_of(copying(), work) == {KEY: 1}


def test_a_chain_is_read_once_for_news_of_a_job_that_no_chain_has_claimed() -> None:
    stage = copying()
    stage.chains._claims.clear()

    assert reads_of(stage, job_news(a_job(state="RUNNING"))) == {KEY: 1}


def test_a_chain_is_read_once_for_repeated_news_of_a_first_hop() -> None:
    stage = first_hops()
    stage(plan_job(stage))

    assert reads_of(stage, plan_job(stage)) == {FIRST_HOP: 1}
