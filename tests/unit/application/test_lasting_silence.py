"""Questions that AWS does not answer for hours or days: each becomes an incident, and nothing is asked without end."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from secondhop.application.work import Retry
from secondhop.domain.announcing import incidents_of
from secondhop.domain.chain import ChainState, IntermediateState
from secondhop.domain.classification import Cause
from secondhop.domain.errors import DeniedError, SilentError, TryAgainError
from secondhop.domain.hop import HopState
from tests.builders import ARRIVAL_ARN, COPY_ARN, NIGHT, NOW, WATCHED, a_copy, a_job, a_route, an_arrival
from tests.stand_ins import KEY, LOOK, Stage, arrived, complete, copying, job_news

THROTTLED = TryAgainError("ThrottlingException: Rate exceeded")
SILENT = SilentError("timed out")
A_WHILE = 200


def looks(stage: Stage, *, every: timedelta, times: int) -> None:
    """Let the sweep look at the chain again and again."""
    for _ in range(times):
        stage.clock.now += every
        stage(LOOK)


def causes(stage: Stage) -> list[Cause]:
    return [incident.trouble.cause for incident in incidents_of(stage.chain)]


@pytest.mark.parametrize(
    ("question", "trouble"),
    [("point", THROTTLED), *product(["points_of", "jobs_since", "jobs_into"], [THROTTLED, SILENT])],
)
def test_a_hop_that_may_not_look_for_copies_is_an_incident_after_an_hour(question: str, trouble: Exception) -> None:
    stage = Stage()
    stage.backup.put(an_arrival(delete_at=None))
    stage.chains.sweep_progress(now=NIGHT)
    stage.backup.fail(question, *[trouble] * A_WHILE)
    stage(arrived(created_at=NIGHT))
    looks(stage, every=timedelta(minutes=15), times=3)
    assert causes(stage) == []

    looks(stage, every=timedelta(minutes=15), times=3)
    assert causes(stage) == [Cause.SITE_DOWN]
    stage.backup.troubles.clear()
    looks(stage, every=timedelta(minutes=15), times=1)
    assert stage.chain.state is ChainState.COPYING


@pytest.mark.parametrize("trouble", [THROTTLED, SILENT])
@pytest.mark.parametrize("question", ["point", "vault"])
def test_a_verification_that_is_throttled_for_days_is_an_incident_after_an_hour(
    question: str, trouble: Exception
) -> None:
    stage = copying()
    stage.backup.fail(question, *[trouble] * A_WHILE)
    stage(job_news(stage.backup.finish("JOB-1", a_copy())))
    looks(stage, every=timedelta(minutes=20), times=4)
    assert (stage.chain.state, causes(stage)) == (ChainState.VERIFYING, [Cause.SITE_DOWN])

    stage.backup.troubles.clear()
    looks(stage, every=timedelta(minutes=20), times=1)
    assert (stage.chain.state, causes(stage)) == (ChainState.COMPLETE, [])
    assert stage.announcer.messages[-1].is_closed


def test_a_copy_that_is_listed_and_never_described_is_an_incident() -> None:
    stage = copying()
    news = job_news(stage.backup.finish("JOB-1", a_copy()))
    described = stage.backup.point
    stage.backup.point = lambda vault, arn: None if arn == COPY_ARN else described(vault, arn)  # type: ignore[method-assign]  # one point is not described
    stage(news)
    looks(stage, every=timedelta(minutes=20), times=4)

    assert (stage.chain.state, causes(stage)) == (ChainState.VERIFYING, [Cause.SITE_DOWN])
    assert "lists" in incidents_of(stage.chain)[0].trouble.message


@pytest.mark.parametrize("trouble", [THROTTLED, SILENT])
def test_a_verified_copy_that_cannot_be_looked_at_is_an_incident_until_it_is_seen(trouble: Exception) -> None:
    stage = complete()
    stage.backup.fail("point", *[trouble] * A_WHILE)
    looks(stage, every=timedelta(hours=13), times=1)
    assert causes(stage) == []

    looks(stage, every=timedelta(hours=1), times=1)
    assert (stage.chain.hop("to-dr").state, causes(stage)) == (HopState.VERIFIED, [Cause.SITE_DOWN])
    assert stage.chain.next_check == stage.clock.now + timedelta(hours=1)

    stage.backup.troubles.clear()
    looks(stage, every=timedelta(hours=1), times=1)
    assert causes(stage) == []
    assert stage.announcer.messages[-1].is_closed


def test_a_verified_copy_that_is_described_with_gaps_for_a_day_is_an_incident() -> None:
    stage = complete()
    stage.backup.put(a_copy(key_arn=None))
    looks(stage, every=timedelta(hours=12), times=2)
    assert (stage.chain.state, causes(stage)) == (ChainState.COMPLETE, [])

    looks(stage, every=timedelta(hours=12), times=1)
    assert (stage.chain.state, causes(stage)) == (ChainState.STRANDED, [Cause.STUCK])
    stage.backup.put(a_copy())
    looks(stage, every=timedelta(days=1), times=1)
    assert (stage.chain.state, causes(stage)) == (ChainState.COMPLETE, [])


def test_a_delete_with_an_unknown_end_is_an_incident_after_four_days() -> None:
    stage = copying(route=a_route(keep={"RDS": 0}))
    stage.backup.delete_does = "DELETING"
    stage(job_news(stage.backup.finish("JOB-1", a_copy())))
    stage.backup.fail("point", *[THROTTLED] * A_WHILE)
    looks(stage, every=timedelta(hours=6), times=15)
    assert stage.chain.intermediate("arrival").state is IntermediateState.RELEASING
    assert Cause.DELETE_FAILED not in causes(stage)

    looks(stage, every=timedelta(hours=6), times=1)
    assert Cause.DELETE_FAILED in causes(stage)
    stage.backup.troubles.clear()
    stage.backup.points.pop((stage.chain.watched.arn, stage.chain.key.recovery_point))
    looks(stage, every=timedelta(days=1), times=1)
    assert (stage.chain.intermediate("arrival").state, causes(stage)) == (IntermediateState.RELEASED, [])


@pytest.mark.parametrize("state", ["event", "question"])
def test_a_completed_job_that_names_no_copy_is_asked_about_once_a_look_and_strands_after_an_hour(state: str) -> None:
    stage = copying()
    nameless = a_job(state="COMPLETED", completed_at=NOW)
    stage.backup.jobs["JOB-1"] = nameless
    stage.backup.most_asked = 100
    for _ in range(3):
        stage.clock.forward(minutes=20)
        stage(job_news(nameless) if state == "event" else LOOK)
    assert [trouble.cause for trouble in stage.chain.troubles()] == [Cause.UNDECIDABLE]

    stage(job_news(stage.backup.finish("JOB-1", a_copy())))
    assert stage.chain.state is ChainState.COMPLETE


@pytest.mark.parametrize("trouble", [THROTTLED, DeniedError("not authorized to perform")])
def test_an_arrival_that_cannot_be_described_gets_a_chain_that_asks_again(trouble: Exception) -> None:
    stage = Stage()
    stage.chains.sweep_progress(now=NIGHT)
    stage.backup.put(an_arrival())
    stage.backup.fail("point", trouble)
    report = stage(arrived(created_at=NIGHT))

    assert report.steps != ()
    assert [each.source for each in stage.backup.started] == [stage.chain.key.recovery_point]


@pytest.mark.parametrize("news", [{}, {"origin": ("arn:of:origin", WATCHED.arn), "created_at": NOW}])
def test_a_throttled_look_at_an_arrival_with_an_unknown_date_comes_back(news: dict[str, Any]) -> None:
    """A copy job has its own date. With that date the copy would seem to be of another backup."""
    stage = Stage()
    stage.chains.sweep_progress(now=NIGHT)
    stage.backup.put(an_arrival())
    stage.backup.fail("point", THROTTLED)
    with pytest.raises(TryAgainError):
        stage(arrived(**news))


def test_a_throttled_look_at_a_backup_older_than_the_installation_comes_back() -> None:
    """Its date alone would show it as one that no one has adopted."""
    stage = Stage()
    stage.chains.sweep_progress(now=NOW + timedelta(days=1))
    stage.backup.put(an_arrival())
    stage.backup.fail("point", THROTTLED)
    with pytest.raises(TryAgainError):
        stage(arrived(created_at=NOW))


def test_a_copy_under_way_with_a_forgotten_job_and_throttled_lists_is_an_incident_after_an_hour() -> None:
    stage = copying()
    stage.backup.jobs.clear()
    stage.backup.fail("jobs_since", *[THROTTLED] * A_WHILE)
    looks(stage, every=timedelta(minutes=30), times=4)

    assert (stage.chain.state, causes(stage)) == (ChainState.COPYING, [Cause.SITE_DOWN])


def test_a_retry_finds_the_copy_of_a_job_that_names_none_by_its_source() -> None:
    """A copy of a copy may name the recovery point that it was made from as its resource."""
    stage = copying()
    stage.backup.jobs["JOB-1"] = replace(stage.backup.jobs["JOB-1"], state="COMPLETED", completed_at=NOW)
    stage.backup.put(a_copy(database=ARRIVAL_ARN))
    looks(stage, every=timedelta(hours=2), times=1)
    assert stage.chain.state is ChainState.STRANDED

    stage(Retry(key=KEY, by="ada"))
    assert (len(stage.backup.started), stage.chain.state) == (1, ChainState.COMPLETE)


def test_a_verified_copy_that_was_silent_and_has_a_newer_one_now_is_looked_at_in_an_hour() -> None:
    stage = complete()
    stage.backup.fail("point", *[THROTTLED] * 2)
    looks(stage, every=timedelta(hours=13), times=1)
    looks(stage, every=timedelta(hours=1), times=1)
    hop = stage.chain.hop("to-dr").with_arrival(is_superseded=True)
    stage.chains.save(stage.chain.with_hop(hop), before=stage.chain, limit=9)
    looks(stage, every=timedelta(hours=1), times=1)

    assert causes(stage) == []


def test_an_arrival_that_is_not_described_for_lack_of_an_answer_waits_on_the_queue() -> None:
    stage = Stage()
    stage.backup.put(an_arrival())
    stage.backup.fail("point", SILENT)
    with pytest.raises(SilentError):
        stage(arrived())


@pytest.mark.parametrize("trouble", [THROTTLED, DeniedError("not authorized to perform")])
def test_an_arrival_that_is_announced_without_its_database_and_not_described_is_not_lost(trouble: Exception) -> None:
    stage = Stage()
    stage.backup.put(an_arrival())
    stage.backup.fail("point", trouble)
    with pytest.raises(type(trouble)):
        stage(arrived(database=None, resource_type=None))
