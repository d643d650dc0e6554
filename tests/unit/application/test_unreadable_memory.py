"""Claims, a circuit or the installation that cannot be read: each stops only what depends on it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from secondhop.adapters.memory_chains import MemoryChains
from secondhop.application.ports import ClaimTakenError
from secondhop.application.sweep_chains import SweepChains
from secondhop.application.work import Look
from secondhop.domain.chain import Chain
from secondhop.domain.classification import Cause
from secondhop.domain.hop import HopState
from tests.builders import ARRIVAL_ARN, COPY_ARN, DR_VAULT, NIGHT, a_copy, a_job, an_arrival
from tests.skewed import Skewed
from tests.stand_ins import KEY, Stage, arrived, copying, job_news

DAY = timedelta(days=1)
OTHER_ARN = ARRIVAL_ARN + "-other"


def test_news_of_a_job_whose_claim_cannot_be_read_goes_to_the_chain_of_its_source() -> None:
    chains = Skewed()
    chains.pause(route="default", by="ada")
    stage = copying(chains=chains)
    chains.bad_claims = True
    by_hand = a_job(job_id="BY-HAND", state="COMPLETED", arrival=COPY_ARN)
    stage.backup.put(a_copy())
    report = stage(job_news(by_hand))

    assert report.unreadable == ("this claim cannot be read",)
    assert stage.chain.hop("to-dr").state is HopState.VERIFIED


def test_a_circuit_that_cannot_be_read_stops_no_copy_and_is_written_anew() -> None:
    chains = Skewed()
    chains.bad_circuits = True
    stage = Stage(chains=chains)
    stage.backup.put(an_arrival())
    stage(arrived())
    stage(job_news(stage.backup.fail_job("JOB-1", "Copy job failed. An internal error occurred.")))
    stage.clock.forward(minutes=30)
    stage(Look(key=KEY))

    assert len(stage.backup.started) == 2
    chains.bad_circuits = False
    assert stage.chains.circuit(DR_VAULT.site).failures == 1


def test_an_installation_that_cannot_be_read_stops_neither_arrivals_nor_chains_that_are_due() -> None:
    chains = Skewed()
    stage = copying(chains=chains)
    chains.bad_sweep_progress = True
    second = an_arrival(arn=OTHER_ARN, created_at=NIGHT + DAY)
    stage.backup.put(second)
    stage.backup.finish("JOB-1", a_copy())
    stage.clock.forward(hours=1)
    swept = SweepChains(
        routes=(stage.route,), chains=stage.chains, backup=stage.backup, queue=stage.queue, now=stage.clock
    )()
    assert (swept.due, swept.problems) == (1, ("the installation cannot be read",))
    assert not swept.is_whole

    stage.drain()
    stage(arrived(arn=OTHER_ARN))
    assert [command.source for command in stage.backup.started] == [ARRIVAL_ARN, OTHER_ARN]
    expired = an_arrival(arn=OTHER_ARN + "-2", status="EXPIRED")
    stage.backup.put(expired)
    assert stage(arrived(arn=expired.arn, status="EXPIRED")).steps == ()


def test_a_claim_that_cannot_be_read_strands_the_hop_that_needs_it() -> None:
    class Claimed(MemoryChains):
        def save(self, chain: Chain, *, before: Chain | None, limit: int) -> Chain:
            if any(hop.state is HopState.COPYING for hop in chain.hops):
                raise ClaimTakenError("to-dr", None, ARRIVAL_ARN)
            return super().save(chain, before=before, limit=limit)

    stage = Stage(chains=Claimed())
    stage.backup.put(an_arrival())
    stage(arrived())

    trouble = stage.chain.hop("to-dr").notice.trouble
    assert trouble is not None
    assert trouble == replace(trouble, cause=Cause.UNDECIDABLE, message=f"the claim on {ARRIVAL_ARN} cannot be read")
    assert stage.backup.started == []
