"""A chain whose copy fails 400 times, with an operator's retry after each day: its item stays small."""

from __future__ import annotations

from datetime import timedelta

from rehearsal.small_dynamodb.usage import LARGEST_ITEM
from secondhop.adapters.chain_documents import write_chain
from secondhop.adapters.memory_chains import MemoryChains
from secondhop.application.work import Look, Retry
from secondhop.domain.chain import Chain, ChainState
from secondhop.domain.route import Retention
from tests.builders import NIGHT, a_leg, a_route, an_arrival
from tests.stand_ins import KEY, Stage, arrived, job_news

FAILURES = 400
FOR_EVER = Retention(days=36_500, floor_days=7, ceiling_days=36_500, minimum_remaining_days=1)
# AWS's own messages have up to some hundred letters.
LETTERS = 900
# Five times the largest item of a healthy chain (bench/bars.py): the message, for the topic and for the bus.
SMALL = 12_000
# Job 400 has a longer name than job 40, some times in one item.
DIGITS = 50


class MeasuredChains(MemoryChains):
    """A store that keeps the bytes of each document that is saved."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []

    def save(self, chain: Chain, *, before: Chain | None, limit: int) -> Chain:
        self.sizes.append(len(write_chain(chain).encode()))
        return super().save(chain, before=before, limit=limit)


def live(stage: Stage, message: str) -> None:
    """Let every copy fail with the message. The chain is looked at when it wants to be, or an operator retries."""
    while len(stage.backup.started) < FAILURES:
        job_id = f"JOB-{len(stage.backup.jobs)}"
        if stage.chain.state is ChainState.COPYING:
            stage(job_news(stage.backup.fail_job(job_id, f"{message} {job_id}")))
        elif stage.chain.state is ChainState.STRANDED:
            stage.clock.forward(days=1)
            stage(Retry(key=KEY, by="an-operator"))
        else:
            assert stage.chain.state is ChainState.WAITING
            assert stage.chain.next_check is not None
            stage.clock.now = max(stage.clock.now, stage.chain.next_check)
            stage(Look(key=KEY))


def test_an_item_of_a_chain_with_400_failures_is_as_small_as_one_with_eighty() -> None:
    chains = MeasuredChains()
    stage = Stage(chains=chains, route=a_route(legs=(a_leg(retention=FOR_EVER),)))
    stage.backup.put(an_arrival(delete_at=NIGHT + timedelta(days=36_500)))
    stage.backup.most_asked = 100 * FAILURES
    stage(arrived())
    live(stage, "An internal error occurred. " + "x" * LETTERS)

    tenth = len(chains.sizes) // 10
    assert max(chains.sizes) < SMALL < LARGEST_ITEM / 30
    assert max(chains.sizes[-tenth:]) <= max(chains.sizes[tenth : 2 * tenth]) + DIGITS
