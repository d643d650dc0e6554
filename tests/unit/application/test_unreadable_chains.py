"""A chain that this release cannot read stops itself, and what others conclude from the chains of its database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from secondhop.adapters.memory_chains import MemoryChains
from secondhop.application.advance_chain import AdvanceChain
from secondhop.application.newest import survey_newer
from secondhop.application.operate_chains import OperateChains
from secondhop.application.ports import Unreadable
from secondhop.application.recent import beginning
from secondhop.application.survey import lag_line, newest_verified, survey_copies, survey_keep
from secondhop.application.waking import relative_that_kept
from secondhop.application.work import Abandon, Look, Retry, Work
from secondhop.domain.chain import Chain, ChainKey, ChainState, IntermediateState
from secondhop.domain.classification import Cause
from secondhop.domain.errors import UnreadableItemError
from secondhop.domain.hop import HopState
from secondhop.domain.route import ARRIVAL
from tests.builders import (
    ARRIVAL_ARN,
    COPY_ARN,
    NIGHT,
    NOW,
    WATCHED,
    a_chain,
    a_copy,
    a_job,
    a_route,
    an_arrival,
    with_hop,
    with_intermediate,
)
from tests.skewed import WHY, Skewed
from tests.stand_ins import KEY, Stage, arrived, complete, job_news

DAY = timedelta(days=1)
OTHER_ARN = ARRIVAL_ARN + "-other"
OTHER = ChainKey(OTHER_ARN, "default")


class Breaking(Skewed):
    """A store that cannot go on behind an item that it cannot read."""

    def of_database(self, database: str, *, newest_first: bool = False) -> Iterator[Chain | Unreadable]:
        for each in super().of_database(database, newest_first=newest_first):
            if isinstance(each, Unreadable):
                raise UnreadableItemError(each.why)
            yield each


def relative(chains: MemoryChains, arn: str = OTHER_ARN, /, *, days: int = 0, **hop: object) -> Chain:
    """Another chain of the same database, whose backup was made some days later, verified by default."""
    point = an_arrival(arn=arn, created_at=NIGHT + days * DAY)
    chain = with_hop(a_chain(point=point), **{"state": HopState.VERIFIED, "arrival": arn + "-copy", **hop})
    return chains.save(chain, before=None, limit=20)


def skewed(store: type[Skewed] = Skewed, *, days: int = 0, **hop: object) -> Stage:
    """A stage on which a relative of the chain cannot be read."""
    chains = store()
    relative(chains, days=days, **hop)
    chains.bad.add(OTHER)
    return Stage(chains=chains)


@pytest.mark.parametrize("store", [Skewed, Breaking])
@pytest.mark.parametrize("days", [-1, 0, 1])
def test_the_copies_of_its_relatives_are_started(store: type[Skewed], days: int) -> None:
    stage = skewed(store, days=days)
    stage.backup.put(an_arrival())
    stage.backup.put(a_copy(created_at=NIGHT + 5 * DAY))
    stage(arrived())

    assert len(stage.backup.started) == 1


@pytest.mark.parametrize("store", [Skewed, Breaking])
def test_a_copy_of_the_same_date_that_nothing_explains_is_not_adopted_beside_it(store: type[Skewed]) -> None:
    stage = skewed(store)
    stage.backup.put(an_arrival())
    stage.backup.put(a_copy())
    stage(arrived())

    chain = MemoryChains.get(stage.chains, KEY)
    assert chain is not None
    trouble = chain.hop("to-dr").notice.trouble
    assert trouble is not None
    assert (trouble.cause, chain.state) == (Cause.UNDECIDABLE, ChainState.STRANDED)
    assert COPY_ARN in trouble.message
    assert (str(OTHER) in trouble.message) is (store is Skewed)
    assert WHY in trouble.message
    assert stage.backup.started == []


def test_the_survey_names_who_cannot_be_read_and_counts_the_copies_of_the_others() -> None:
    stage = skewed()
    relative(stage.chains, ARRIVAL_ARN + "-third", arrival=COPY_ARN)
    stage.backup.put(a_copy())
    chain = a_chain()
    surveyed = survey_copies(stage.chains, stage.backup, chain, chain.hop("to-dr"), asked_at=NOW)

    assert (surveyed.points, surveyed.unreadable) == ((), (f"chain {OTHER} cannot be read: {WHY}",))


def kept(stage: Stage, newer: int) -> tuple[int, tuple[str, ...], str]:
    """What a kept intermediate of the oldest chain counts, and the reason with which it stays or goes."""
    stage.backup.put(an_arrival())
    promised = NIGHT + 35 * DAY
    chain = with_hop(a_chain(), state=HopState.VERIFIED, arrival=COPY_ARN, promised_until=promised)
    due = stage.chains.save(with_intermediate(chain, state=IntermediateState.DUE), before=None, limit=20)
    for number in range(newer):
        arn = f"{ARRIVAL_ARN}-new-{number}"
        relative(stage.chains, arn, days=number + 2)
        stage.backup.put(an_arrival(arn=arn, created_at=NIGHT + (number + 2) * DAY))
    stage.backup.put(an_arrival(arn=OTHER_ARN, created_at=NIGHT + DAY))
    surveyed = survey_keep(stage.chains, stage.backup, due, due.intermediate(ARRIVAL), stage.route)
    report = stage(Look(key=KEY))
    return surveyed.newer, surveyed.unreadable, report.steps[-1].reason


def test_it_does_not_count_as_a_newer_copy_and_the_reason_names_it() -> None:
    newer, unreadable, reason = kept(skewed(days=1), newer=0)

    assert (newer, unreadable) == (0, (f"chain {OTHER} cannot be read: {WHY}",))
    assert "kept: 0 newer verified arrivals are known, the route keeps 1" in reason
    assert str(OTHER) in reason


def test_where_enough_others_stand_the_intermediate_goes() -> None:
    stage = skewed(days=1)
    stage.backup.put(a_copy())
    newer, _, _ = kept(stage, newer=1)

    assert newer == 1
    assert [each.point for each in stage.backup.deleted] == [ARRIVAL_ARN]


def test_a_newer_chain_that_cannot_be_read_does_not_relieve_the_older_copy() -> None:
    stage = skewed(days=1)
    mine = relative(stage.chains, ARRIVAL_ARN)
    assert survey_newer(stage.chains, mine, mine.hop("to-dr")).newer is None

    third = relative(stage.chains, ARRIVAL_ARN + "-third", days=2)
    assert survey_newer(stage.chains, mine, mine.hop("to-dr")).newer == third.key.recovery_point


def test_the_lag_says_that_it_is_not_known_or_is_at_most_so_much() -> None:
    stage = skewed(days=1)
    assert lag_line(stage.chains, a_chain(), NOW) == f"Lag: not known, because chain {OTHER} cannot be read: {WHY}"
    assert newest_verified(stage.chains, a_chain()) is None

    relative(stage.chains, ARRIVAL_ARN)
    line = lag_line(stage.chains, a_chain(), NOW)
    assert line.startswith("Lag: at most 3 hours; ")
    assert str(OTHER) in line
    relative(stage.chains, ARRIVAL_ARN + "-third", days=2)
    assert str(OTHER) not in lag_line(stage.chains, a_chain(), NOW), "an older one changes nothing"


def test_waking_skips_a_chain_that_cannot_be_read() -> None:
    stage = skewed(days=-1)
    mine = relative(stage.chains, ARRIVAL_ARN, days=1)
    old = relative(stage.chains, ARRIVAL_ARN + "-old", days=-2)
    stage.chains.save(with_intermediate(old, state=IntermediateState.DUE), before=old, limit=1)

    assert relative_that_kept(stage.chains, mine, keep=1) == old.key


def test_waking_does_not_count_the_chains_of_first_hops() -> None:
    chains = MemoryChains()
    route = a_route(name="default.first")
    for day in (1, 2):
        point = an_arrival(arn=f"{ARRIVAL_ARN}-origin-{day}", created_at=NIGHT + day * DAY)
        chains.save(a_chain(route, point=point), before=None, limit=20)
    mine = relative(chains, ARRIVAL_ARN, days=2)
    old = relative(chains, ARRIVAL_ARN + "-old", days=1)
    chains.save(with_intermediate(old, state=IntermediateState.DUE), before=old, limit=1)

    assert relative_that_kept(chains, mine, keep=1) == old.key


@pytest.mark.parametrize(
    "work",
    [
        Look(key=OTHER),
        Retry(key=OTHER, by="ada"),
        Abandon(key=OTHER, by="ada"),
        arrived(arn=OTHER_ARN),
        job_news(a_job(source=OTHER_ARN, state="COMPLETED", arrival=COPY_ARN)),
    ],
)
def test_work_for_it_is_finished_and_says_why(work: Work) -> None:
    stage = skewed(attempt=1)
    report = stage(work)

    assert report.unreadable == (f"chain {OTHER} cannot be read: {WHY}",)
    assert (report.steps, report.ignored) == ((), None)


def test_an_operator_is_told_that_it_cannot_be_read() -> None:
    stage = skewed()
    operate = OperateChains(
        routes=(stage.route,), chains=stage.chains, backup=stage.backup, queue=stage.queue, now=stage.clock
    )
    for verb in (operate.retry, operate.abandon):
        with pytest.raises(UnreadableItemError, match=f"chain {OTHER} cannot be read"):
            verb(OTHER, by="ada")
    assert stage.queue.work == []


def test_one_route_whose_chain_cannot_be_read_does_not_stop_the_other() -> None:
    chains = Skewed()
    chains.bad.add(KEY)
    stage = Stage(chains=chains)
    stage.backup.put(an_arrival())
    other = a_route(name="other")
    both = AdvanceChain(
        routes=(stage.route, other),
        chains=stage.chains,
        backup=stage.backup,
        performer=stage.performer(),
        now=stage.clock,
        beginning=beginning(stage.chains, (stage.route, other), stage.clock),
    )
    report = both(arrived())

    assert len(report.unreadable) == 1
    assert [command.source for command in stage.backup.started] == [ARRIVAL_ARN]
    assert {step.chain.key.route for step in report.steps} == {"other"}


def test_a_complete_chain_beside_it_stays_complete() -> None:
    chains = Skewed()
    stage = complete(chains=chains)
    relative(chains, days=1)
    chains.bad.add(OTHER)
    for _ in range(8):
        stage.clock.forward(days=1)
        stage(Look(key=KEY))

    assert stage.chain.state is ChainState.COMPLETE
    assert WATCHED.arn in {vault for vault, _ in stage.backup.points}
