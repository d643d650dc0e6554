"""A recovery point that shows hours after it was given up is copied; one that goes while its hop waits is notified."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from secondhop.application.sweep_chains import SweepChains
from secondhop.domain import observation as seen
from secondhop.domain.advance import advance
from secondhop.domain.chain import ChainState
from secondhop.domain.circuit import Circuit
from secondhop.domain.classification import Cause
from secondhop.domain.command import InspectSource
from secondhop.domain.hop import HopState, Trouble
from secondhop.domain.ledger import changes
from tests.builders import (
    ARRIVAL_ARN,
    COPY_ARN,
    DR_VAULT,
    NIGHT,
    NOW,
    WATCHED,
    a_chain,
    a_copy,
    a_job,
    a_route,
    an_arrival,
    with_hop,
)
from tests.stand_ins import LOOK, Stage, arrived, job_news

HOUR = timedelta(hours=1)


def sweep(stage: Stage) -> None:
    SweepChains(routes=(stage.route,), chains=stage.chains, backup=stage.backup, queue=stage.queue, now=stage.clock)()
    stage.drain()


def given_up(*, observe_from: timedelta = timedelta(days=30)) -> Stage:
    """The event told of an arrival, and AWS did not show it for more than an hour."""
    stage = Stage()
    stage.chains.sweep_progress(now=NOW - observe_from)
    stage(arrived(created_at=NIGHT))
    for _ in range(2):
        stage.clock.forward(hours=1, minutes=1)
        stage(LOOK)
    assert [trouble.cause for trouble in stage.chain.troubles()] == [Cause.SOURCE_GONE]
    assert stage.chain.finished_at is not None
    return stage


@pytest.mark.parametrize("hours", [1, 48])
@pytest.mark.parametrize("hint", ["sweep", "event"])
def test_a_recovery_point_that_shows_after_it_was_given_up_is_copied_once_without_an_operator(
    hours: int, hint: str
) -> None:
    stage = given_up()
    stage.clock.forward(hours=hours)
    stage.backup.put(an_arrival())
    for _ in range(3):
        sweep(stage) if hint == "sweep" else stage(arrived(created_at=NIGHT))
        stage.clock.forward(minutes=15)
    assert [start.source for start in stage.backup.started] == [ARRIVAL_ARN]

    stage(job_news(stage.backup.finish("JOB-1", a_copy())))
    assert stage.chain.state is ChainState.COMPLETE
    assert [message.is_closed for message in stage.announcer.messages] == [False, True]


def test_a_copy_that_others_made_of_it_is_taken_over_and_no_second_one_is_made() -> None:
    stage = given_up()
    stage.backup.put(an_arrival())
    stage.backup.put(a_copy())
    stage.backup.jobs["OTHER"] = a_job(job_id="OTHER", state="COMPLETED", arrival=COPY_ARN)
    sweep(stage)

    assert (stage.chain.state, stage.backup.started) == (ChainState.COMPLETE, [])


def test_a_recovery_point_that_never_shows_costs_nothing_more() -> None:
    stage = given_up()
    asked = stage.backup.asked
    stage.clock.forward(hours=3)
    stage.drain()
    for key in stage.chains.due(now=stage.clock.now):
        raise AssertionError(f"{key} is looked at")

    assert stage.backup.asked == asked


@pytest.mark.parametrize("status", ["EXPIRED", "DELETING", "CREATING"])
def test_a_recovery_point_that_shows_and_cannot_be_copied_stays_given_up(status: str) -> None:
    stage = given_up()
    stage.backup.put(an_arrival(status=status))
    stage(arrived(created_at=NIGHT))

    assert stage.backup.started == []
    assert stage.chain.troubles()[0].cause is Cause.SOURCE_GONE


def test_a_list_that_still_names_a_recovery_point_that_is_gone_starts_nothing() -> None:
    stage = given_up()
    stage.backup.put(an_arrival())
    stage.backup.point = lambda vault, arn: None  # type: ignore[method-assign]  # for this test only
    sweep(stage)

    assert stage.backup.started == []
    assert [message.is_closed for message in stage.announcer.messages] == [False]


def test_a_source_that_was_given_up_is_asked_for_once_a_day_while_its_chain_is_looked_at() -> None:
    trouble = Trouble(cause=Cause.SOURCE_GONE, message="", since=NOW)
    chain = with_hop(a_chain(source_gone_at=NOW), state=HopState.STRANDED, trouble=trouble)
    first = advance(chain, seen.Noticed(), route=a_route(), now=NOW)
    second = advance(first.chain, seen.Noticed(), route=a_route(), now=NOW + HOUR)
    third = advance(first.chain, seen.Noticed(), route=a_route(), now=NOW + 24 * HOUR)

    ask = InspectSource(subject="to-dr")
    assert (ask in first.commands, ask in second.commands, ask in third.commands) == (True, False, True)


def test_an_abandoned_recovery_point_that_is_listed_again_is_remembered() -> None:
    """A finished chain is forgotten after 30 days; the sweep would open it anew and copy it."""
    stage = given_up()
    abandoned = replace(stage.chain, abandoned_by="ada")
    stage.chains.save(abandoned, before=stage.chain, limit=1)
    stage.backup.put(an_arrival(delete_at=NIGHT + timedelta(days=300)))
    sweep(stage)

    assert (stage.chain.state, stage.chain.finished_at) == (ChainState.ABANDONED, None)
    assert stage.backup.started == []


@pytest.mark.parametrize(("before", "after"), [(None, NOW), (NOW, None)])
def test_claims_are_remembered_as_long_as_their_chain(before: datetime | None, after: datetime | None) -> None:
    chain = with_hop(a_chain(), attempt=1)
    due = changes(replace(chain, finished_at=before), replace(chain, finished_at=after))

    assert [claim.source for claim in due.claims] == [ARRIVAL_ARN]


def waiting(why: str) -> Stage:
    """A stage whose hop waits for something that is not its source, which has no known expiry."""
    stage = Stage()
    if why == "paused":
        stage.chains.pause(route="default", by="ada")
    elif why == "no slot":
        stage.route = a_route(limits={"RDS": 0})
    else:
        failed = ("one", "two", "three", "four", "five")
        until = NOW + timedelta(days=9)
        down = Circuit(site=DR_VAULT.site, databases=failed, failures=9, opened_at=NOW, probe_after=until)
        stage.chains.save_circuit(down, before=None)
    stage.backup.put(an_arrival(delete_at=None))
    stage(arrived())
    stage.clock.forward(minutes=16)
    stage(LOOK)
    assert stage.chain.state is ChainState.WAITING
    assert [m for m in stage.announcer.messages if "SOURCE_GONE" in m.title] == []
    return stage


def gone_for_an_hour(stage: Stage) -> Stage:
    del stage.backup.points[WATCHED.arn, ARRIVAL_ARN]
    for _ in range(2):
        stage.clock.forward(hours=1, minutes=1)
        stage(LOOK)
    return stage


@pytest.mark.parametrize("why", ["paused", "no slot", "site down"])
def test_operators_hear_of_a_source_that_is_gone_while_its_hop_waits(why: str) -> None:
    stage = gone_for_an_hour(waiting(why))

    assert [trouble.cause for trouble in stage.chain.troubles()] == [Cause.SOURCE_GONE]
    assert len([m for m in stage.announcer.messages if "SOURCE_GONE" in m.title]) == 1
    assert stage.backup.started == []


@pytest.mark.parametrize("why", ["paused", "no slot", "site down"])
def test_a_copy_by_other_hands_is_found_when_the_source_of_a_waiting_hop_is_gone(why: str) -> None:
    stage = waiting(why)
    stage.backup.jobs["OTHER"] = a_job(job_id="OTHER", state="COMPLETED", arrival=COPY_ARN)
    stage.backup.put(a_copy())
    gone_for_an_hour(stage)

    assert stage.chain.state is ChainState.COMPLETE
    assert [m for m in stage.announcer.messages if "SOURCE_GONE" in m.title] == []


def test_a_hop_that_waited_for_a_source_that_is_gone_since_before_an_upgrade_is_told_of() -> None:
    stage = waiting("paused")
    del stage.backup.points[WATCHED.arn, ARRIVAL_ARN]
    gone = replace(stage.chain, source_gone_at=NOW, source_seen_at=NOW)
    stage.chains.save(gone, before=stage.chain, limit=1)
    stage.clock.forward(hours=2)
    stage(LOOK)

    assert [trouble.cause for trouble in stage.chain.troubles()] == [Cause.SOURCE_GONE]


def test_a_waiting_hop_whose_source_stands_costs_one_question_an_hour_and_no_survey() -> None:
    stage = waiting("paused")
    stage.backup.fail("jobs_into", AssertionError("nobody asks"))
    asked = stage.backup.asked
    for _ in range(8):
        stage.clock.forward(minutes=15)
        stage(LOOK)

    assert stage.backup.asked - asked == 2
