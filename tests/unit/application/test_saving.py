"""Several facts of one run are saved once; nothing outside of the chain changes before that."""

from __future__ import annotations

from typing import Any

import pytest

from secondhop.adapters.memory_chains import MemoryChains
from secondhop.application.run_chain import ChainRun
from secondhop.application.waking import Wakes
from secondhop.application.work import Look
from secondhop.domain.arn import Vault
from secondhop.domain.chain import Chain, ChainKey
from secondhop.domain.errors import ConflictError, UnreadableItemError
from secondhop.domain.hop import HopState
from secondhop.domain.lane import Lane
from secondhop.domain.observation import CopySeen, PointSeen
from tests.builders import ARRIVAL_ARN, ORDERS, a_chain, a_copy, a_route, an_arrival, with_hop
from tests.stand_ins import KEY, Stage, arrived, copying, job_news


class Recorded(MemoryChains):
    """A store that keeps what was saved, in order; the first saves lose a race as often as `lost`."""

    def __init__(self) -> None:
        super().__init__()
        self.saved = list[str]()
        self.lost = 0

    def save(self, chain: Chain, *, before: Chain | None, limit: int) -> Chain:
        if self.lost:
            self.lost -= 1
            self._write_by_another()
            raise ConflictError("another worker was faster")
        saved = super().save(chain, before=before, limit=limit)
        self.saved.append(str(saved.state))
        return saved

    def _write_by_another(self) -> None:
        """Another worker saves the chain as it is."""
        stored = self._chains.get(KEY)
        if stored is not None:
            super().save(stored, before=stored, limit=9)


def a_stage(**options: Any) -> tuple[Stage, Recorded]:
    chains = Recorded()
    return Stage(chains=chains, route=a_route(keep={"RDS": 0}), **options), chains


def test_an_arrival_is_saved_with_its_start_and_with_the_answer() -> None:
    stage, chains = a_stage()
    stage.backup.put(an_arrival())
    stage(arrived())

    assert chains.saved == ["COPYING", "COPYING"]


def test_a_copy_that_arrives_is_saved_with_the_decision_to_delete_and_with_the_answer() -> None:
    stage, chains = a_stage()
    stage.backup.put(an_arrival())
    stage(arrived())
    chains.saved.clear()
    report = stage(job_news(stage.backup.finish("JOB-1", a_copy())))

    assert chains.saved == ["RELEASING", "RELEASING"]
    assert [step.after for step in report.steps] == ["VERIFYING", "COMPLETE", "RELEASING", "RELEASING"]


def test_a_slot_is_free_and_others_are_woken_only_after_the_save() -> None:
    stage, chains = a_stage()
    stage.backup.put(an_arrival())
    stage(arrived())
    other = with_hop(a_chain(point=an_arrival(arn=ARRIVAL_ARN + "-b", database=ORDERS + "2")), slot_wanted=True)
    waiting = chains.save(other, before=None, limit=9)
    states = list[HopState]()

    class Noting(Wakes):
        def want(self, lane: Lane, *, limit: int) -> None:
            states.append(stage.chain.hop("to-dr").state)
            super().want(lane, limit=limit)

    stage.wakes = Noting(chains=chains, queue=stage.queue)
    stage(job_news(stage.backup.finish("JOB-1", a_copy())))

    assert states == [HopState.VERIFIED]
    assert Look(key=waiting.key) in stage.queue.work


@pytest.mark.parametrize("lost", [1, 4])
def test_what_was_not_saved_is_decided_again_on_what_another_worker_wrote(lost: int) -> None:
    stage, chains = a_stage()
    stage.backup.put(an_arrival())
    stage(arrived())
    chains.lost = lost
    report = stage(job_news(stage.backup.finish("JOB-1", a_copy())))

    assert stage.chain.hop("to-dr").state is HopState.VERIFIED
    assert [step.before for step in report.steps] == ["COPYING", "VERIFYING", "COMPLETE", "RELEASING"]
    assert len(stage.backup.deleted) == 1


def test_a_worker_that_always_loses_gives_up_and_has_done_nothing() -> None:
    stage, chains = a_stage()
    stage.backup.put(an_arrival())
    stage(arrived())
    chains.lost = 5
    with pytest.raises(ConflictError, match="written 5 times by others"):
        stage(job_news(stage.backup.finish("JOB-1", a_copy())))

    assert stage.backup.deleted == []
    assert stage.chain.hop("to-dr").state is HopState.COPYING


def test_what_was_learned_before_an_item_that_cannot_be_read_is_saved() -> None:
    """The slot of a copy that ended must not stay taken because something else cannot be read."""
    stage = copying()

    def unreadable(vault: Vault, arn: str) -> PointSeen | None:
        raise UnreadableItemError(f"{arn} in {vault}")

    stage.backup.point = unreadable  # type: ignore[method-assign]  # for this test only
    stage(job_news(stage.backup.finish("JOB-1", a_copy())))

    assert stage.chain.hop("to-dr").state is HopState.VERIFYING


def test_a_chain_that_vanished_from_the_table_is_opened_again_as_it_was_saved() -> None:
    stage = copying()
    news, save = job_news(stage.backup.finish("JOB-1", a_copy())), stage.chains.save

    def lose_the_table(chain: Chain, *, before: Chain | None, limit: int) -> Chain:
        stage.chains.save = save  # type: ignore[method-assign]  # once only
        stage.chains._chains.clear()
        return save(chain, before=before, limit=limit)

    stage.chains.save = lose_the_table  # type: ignore[method-assign]  # for this test only
    stage(news)

    assert [chain.key for chain in stage.chains.all()] == [ChainKey(ARRIVAL_ARN, "default")]
    assert stage.chain.hop("to-dr").state is HopState.VERIFIED


def test_a_copy_that_runs_and_has_no_slot_ends_the_run() -> None:
    """Another worker emptied the table, and the slot is now another chain's."""
    stage = copying()
    (going,) = stage.chains.all()
    stage.chains = MemoryChains()
    other = with_hop(a_chain(point=an_arrival(arn=ARRIVAL_ARN + "-b")), state=HopState.COPYING, attempt=1)
    stage.chains.save(other, before=None, limit=9)
    run = ChainRun(
        route=stage.route,
        stored=None,
        chain=going,
        chains=stage.chains,
        performer=stage.performer(),
        now=stage.clock,
        observe_only=False,
    )

    with pytest.raises(ConflictError, match="to-dr has no slot for a copy that runs"):
        run(CopySeen(hop="to-dr", job=stage.backup.jobs["JOB-1"]))
