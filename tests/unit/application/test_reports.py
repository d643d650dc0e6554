"""What a report says of a piece of work, for the log line and the counts of each decision, and what the work costs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from secondhop.adapters.memory_chains import MemoryChains
from secondhop.application.ports import ClaimTakenError, RefusedError
from secondhop.application.report import Report
from secondhop.application.run_chain import CONFLICT_TRIES, FACTS_LIMIT
from secondhop.domain.arn import Site, Vault
from secondhop.domain.chain import Chain, ChainKey, ChainState
from secondhop.domain.circuit import Circuit
from secondhop.domain.errors import ConflictError
from secondhop.domain.observation import PointSeen
from tests.builders import (
    ARRIVAL_ARN,
    COPY_ARN,
    DR_VAULT,
    ORDERS,
    SECOND_DR_VAULT,
    WATCHED,
    a_copy,
    a_fan_out,
    a_job,
    a_route,
    an_arrival,
)
from tests.stand_ins import KEY, LOOK, Stage, arrived, complete, copying, job_news


def steps(report: Report) -> list[tuple[str | None, str, tuple[str, ...]]]:
    """What the counts are made of; nothing that was done is counted as ignored."""
    assert report.ignored is None
    assert {step.chain.key for step in report.steps} == {KEY}
    return [(step.before, step.after, step.commands) for step in report.steps]


class Costly(MemoryChains):
    """A store that counts what is asked of it, and how often in vain."""

    def __init__(self) -> None:
        super().__init__()
        self.saves = self.conflicts = 0

    def save(self, chain: Chain, *, before: Chain | None, limit: int) -> Chain:
        self.saves += 1
        try:
            return super().save(chain, before=before, limit=limit)
        except ConflictError:
            self.conflicts += 1
            raise


def test_each_decision_of_a_chain_is_told_with_its_states_and_commands() -> None:
    stage = Stage(route=a_route(keep={"RDS": 0}))
    stage.backup.put(an_arrival())

    assert steps(stage(arrived())) == [
        (None, "WAITING", ("SurveyCopies",)),
        ("WAITING", "COPYING", ("StartCopy",)),
        ("COPYING", "COPYING", ()),
    ]
    assert steps(stage(job_news(stage.backup.finish("JOB-1", a_copy())))) == [
        ("COPYING", "VERIFYING", ("InspectArrival", "NoteSite", "WakeWaiting")),
        ("VERIFYING", "COMPLETE", ("SurveyKeep",)),
        ("COMPLETE", "RELEASING", ("ReleaseIntermediate",)),
        ("RELEASING", "RELEASING", ()),
    ]


def test_what_an_observer_would_do_is_told_as_that_and_not_as_done() -> None:
    stage = Stage(observe_only=True)
    stage.backup.put(an_arrival())

    assert steps(stage(arrived())) == [
        (None, "WAITING", ("SurveyCopies",)),
        ("WAITING", "WAITING", ("would StartCopy",)),
        ("WAITING", "WAITING", ()),
    ]
    assert stage.chain.next_check == stage.clock.now + timedelta(minutes=15)


def test_a_night_costs_one_write_for_each_change_and_none_in_vain() -> None:
    chains = Costly()
    stage = Stage(route=a_route(keep={"RDS": 0}), chains=chains)
    stage.backup.put(an_arrival())
    stage(arrived())
    stage(arrived())
    stage(job_news(stage.backup.finish("JOB-1", a_copy())))
    stage(arrived())
    stage.clock.forward(minutes=16)
    stage(LOOK)

    assert stage.chain.state is ChainState.COMPLETE
    assert (chains.saves, chains.conflicts) == (5, 0)


def test_a_known_arrival_is_not_described_for_each_of_its_events() -> None:
    stage = copying()
    stage.backup.fail("point", AssertionError("nobody asks"))

    assert stage(arrived()).ignored == f"{KEY.recovery_point} is COMPLETED, and chain {KEY} copies it"
    asked = steps(stage(arrived(status="EXPIRED")))
    assert asked == [("COPYING", "COPYING", ("InspectJob",)), ("COPYING", "COPYING", ())]


@pytest.mark.parametrize("losses", [1, CONFLICT_TRIES - 1])
def test_a_race_that_is_lost_to_another_worker_is_decided_on_what_that_one_wrote(losses: int) -> None:
    """The others write the chain again and again; who loses reads it anew, and in the end has nothing left to do."""
    stage = copying()
    news, save, left = job_news(stage.backup.finish("JOB-1", a_copy())), stage.chains.save, [losses]

    def lose(chain: Chain, *, before: Chain | None, limit: int) -> Chain:
        if left[0]:
            left[0] -= 1
            save(stage.chain, before=stage.chain, limit=limit)
        return save(chain, before=before, limit=limit)

    stage.chains.save = lose  # type: ignore[method-assign]  # for this test only
    report = stage(news)

    assert (left, report.steps[0].before, stage.chain.state) == ([0], "COPYING", ChainState.COMPLETE)


def test_a_race_that_is_always_lost_comes_back_and_names_the_chain() -> None:
    stage = copying()

    def lose(chain: Chain, *, before: Chain | None, limit: int) -> Chain:
        raise ConflictError(f"{before} was written by others before {chain}, under the limit {limit}")

    stage.chains.save = lose  # type: ignore[method-assign]  # for this test only
    with pytest.raises(ConflictError, match=rf"chain {KEY} was written {CONFLICT_TRIES} times by others"):
        stage(job_news(stage.backup.finish("JOB-1", a_copy())))


def test_a_chain_that_does_not_come_to_rest_is_stopped_after_its_limit_of_facts() -> None:
    """Each survey finds another copy, and each copy is claimed by another chain."""

    class Claimed(MemoryChains):
        def save(self, chain: Chain, *, before: Chain | None, limit: int) -> Chain:
            point = chain.hop("to-dr").arrival.point
            if point is not None:
                raise ClaimTakenError("to-dr", ChainKey("another", "default"), point)
            return super().save(chain, before=before, limit=limit)

    stage, shown = Stage(chains=Claimed()), list[str]()

    def points_of(vault: Vault, resource: str) -> Iterator[PointSeen]:
        assert (vault, resource) == (DR_VAULT, ORDERS) or vault == WATCHED
        shown.append(f"{COPY_ARN}-{len(shown)}")
        yield a_copy(arn=shown[-1])

    stage.backup.put(an_arrival())
    stage.backup.points_of = points_of  # type: ignore[method-assign]  # only the list of copies changes
    with pytest.raises(RuntimeError, match=rf"{KEY} does not come to rest: .*is the copy of chain"):
        stage(arrived())

    assert len(shown) == FACTS_LIMIT


def test_a_failed_job_of_a_leg_that_a_chain_was_opened_without_is_none_of_its_business() -> None:
    class OneSite(MemoryChains):
        def circuit(self, site: Site | None) -> Circuit:
            assert site is not None
            return super().circuit(site)

    stage = copying(chains=OneSite())
    before = stage.chain
    stage.route = a_fan_out()
    report = stage(job_news(a_job(state="FAILED", destination_vault_arn=SECOND_DR_VAULT.arn)))

    assert "no hop to-far" in report.steps[0].reason
    assert stage.chain == before


def test_a_copy_of_a_known_arrival_into_a_foreign_vault_is_ignored() -> None:
    stage = complete()
    foreign = "arn:aws:backup:eu-west-3:444455556666:backup-vault:elsewhere"

    assert foreign in (stage(job_news(a_job(destination_vault_arn=foreign))).ignored or "")


def test_errors_of_the_ports_say_what_they_are_about() -> None:
    owner = ChainKey(ARRIVAL_ARN, "other")

    assert str(ClaimTakenError("to-dr", owner, ARRIVAL_ARN)) == f"claimed by {owner}"
    assert str(RefusedError("ThrottlingException", "Rate exceeded")) == "ThrottlingException: Rate exceeded"
