"""The actor on stand-ins: pauses, denials, races, announcements, abandonment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from secondhop.adapters.memory_chains import MemoryChains
from secondhop.application.ports import Unreadable
from secondhop.application.work import Abandon, Look, Retry
from secondhop.domain.chain import Chain, ChainKey, ChainState
from secondhop.domain.errors import ConflictError, DeniedError, TryAgainError
from secondhop.domain.lane import Lane
from tests.builders import (
    ARRIVAL_ARN,
    DR_VAULT,
    NIGHT,
    NOW,
    ORDERS,
    RETENTION,
    a_copy,
    a_job,
    a_leg,
    a_route,
    an_arrival,
)
from tests.stand_ins import KEY, LOOK, Stage, arrived, complete, copying, empty, job_news


def test_repeated_and_late_events_change_nothing() -> None:
    stage = complete()
    before = stage.chain

    for job in (stage.backup.jobs["JOB-1"], a_job(state="CREATED", job_id=""), a_job(), a_job(state="FAILED")):
        stage(job_news(job))
    stage(arrived())

    assert stage.chain == before
    assert len(stage.backup.started) == 1


def test_a_configuration_failure_strands_at_once_and_says_what_to_change() -> None:
    stage = copying()
    message = "Copy job failed. The retention specified in the job is not within the range specified for the target"
    stage(job_news(stage.backup.fail_job("JOB-1", message + " Backup Vault.")))

    assert stage.chain.state is ChainState.STRANDED
    (announced,) = stage.announcer.messages
    assert any("RetentionDays" in line for line in announced.lines)
    assert stage.chain.pending == ()


def test_a_stranded_chain_that_recovers_closes_its_incident() -> None:
    stage = copying()
    stage(job_news(stage.backup.fail_job("JOB-1", "Access Denied trying to call AWS Backup service")))
    stage(Retry(key=KEY, by="ada"))
    stage(job_news(stage.backup.finish("JOB-2", a_copy())))

    opened, closed = stage.announcer.messages
    assert (opened.is_closed, closed.is_closed) == (False, True)
    assert opened.incident == closed.incident
    assert stage.chain.state is ChainState.COMPLETE


def test_a_passing_trouble_postpones_and_is_no_error() -> None:
    stage = Stage()
    stage.backup.put(an_arrival())
    stage.backup.fail("jobs_into", TryAgainError("ThrottlingException"))
    stage(arrived())

    assert stage.chain.state is ChainState.WAITING
    assert stage.chain.next_check == NOW + timedelta(minutes=15)
    assert stage.announcer.messages == []


def test_a_worker_that_wakes_after_its_fence_does_not_act() -> None:
    stage = Stage()
    stage.backup.put(an_arrival())
    original = stage.chains.save

    def save_and_sleep_for_hours(chain: Chain, **given: Any) -> Chain:
        saved = original(chain, **given)
        if saved.pending:
            stage.clock.forward(hours=5)
        return saved

    stage.chains.save = save_and_sleep_for_hours  # type: ignore[method-assign]  # for this test only
    stage(arrived())

    assert stage.backup.started == []


def test_a_failing_announcement_stays_pending_until_it_is_out() -> None:
    stage = copying()
    stage.announcer.troubles.append(TryAgainError("busy"))
    stage(job_news(stage.backup.fail_job("JOB-1", "Cross-account copy feature is not enabled")))
    not_told = stage.chain
    assert len(not_told.pending) == 1

    stage.clock.forward(minutes=6)
    stage(LOOK)

    assert len(stage.announcer.messages) == 1
    assert stage.chain.pending == ()


def test_a_denied_announcement_stays_pending() -> None:
    stage = copying()
    stage.announcer.troubles.append(DeniedError("not authorized to publish"))
    stage(job_news(stage.backup.fail_job("JOB-1", "Cross-account copy feature is not enabled")))

    assert len(stage.chain.pending) == 1


def test_an_incident_of_an_abandoned_chain_is_closed_even_if_the_first_message_was_lost() -> None:
    stage = copying()
    stage(job_news(stage.backup.fail_job("JOB-1", "Cross-account copy feature is not enabled")))
    stage.announcer.troubles.append(TryAgainError("busy"))
    stage(Abandon(key=KEY, by="ada"))
    stage.clock.forward(minutes=6)
    stage(LOOK)

    assert [each.is_closed for each in stage.announcer.messages] == [False, True]


class Racing(MemoryChains):
    """A store which lets somebody else win the first races."""

    def __init__(self, *, losses: int) -> None:
        super().__init__()
        self.losses = losses

    def save(self, chain: Chain, *, before: Chain | None, limit: int) -> Chain:
        if self.losses:
            self.losses -= 1
            raise ConflictError("somebody else was faster")
        return super().save(chain, before=before, limit=limit)


def test_a_lost_race_is_decided_anew_and_many_are_given_back_to_the_queue() -> None:
    chains = Racing(losses=2)
    stage = Stage(chains=chains)
    stage.backup.put(an_arrival())
    assert stage(arrived()).steps[-1].after == ChainState.COPYING

    chains.losses = 5
    with pytest.raises(ConflictError):
        stage(job_news(stage.backup.finish("JOB-1", a_copy())))


def test_a_chain_that_vanished_from_the_table_during_a_race_is_opened_again() -> None:
    stage = copying()
    running, save, saved = stage.chain, stage.chains.save, list[Chain | None]()

    def after_a_rollback(chain: Chain, *, before: Chain | None, limit: int) -> Chain:
        if not saved:
            empty(stage.chains)
        saved.append(before)
        return save(chain, before=before, limit=limit)

    stage.chains.save = after_a_rollback  # type: ignore[method-assign]  # for this test only
    stage(job_news(stage.backup.finish("JOB-1", a_copy())))

    assert saved[:2] == [running, None]
    assert (stage.chain.state, stage.chain.opened_at) == (ChainState.COMPLETE, running.opened_at)
    assert len(stage.backup.started) == 1
    assert stage.backup.deleted == []


def test_the_switch_is_read_anew_before_a_start_which_then_takes_the_settings_after_the_pause() -> None:
    stage = Stage()
    stage.backup.put(an_arrival())
    answers, asked = iter([None, "ada", "ada", None, None]), list[str]()

    def paused_meanwhile(route: str) -> str | None:
        asked.append(route)
        return next(answers)

    stage.chains.paused_by = paused_meanwhile  # type: ignore[method-assign]  # for this test only
    report = stage(arrived())

    assert asked == ["default", "default"]
    assert "paused by ada" in report.steps[-1].reason
    assert (stage.chain.state, stage.chains.lane_use(Lane(DR_VAULT.site, "RDS")).in_flight) == (ChainState.WAITING, 0)

    stage.route = a_route(legs=(a_leg(retention=replace(RETENTION, days=40)),))
    for _ in range(2):
        stage.clock.forward(minutes=16)
        stage(LOOK)

    (started,) = stage.backup.started
    assert (started.attempt, started.delete_after_days) == (1, 40)


def test_a_message_that_an_incident_opened_does_not_follow_the_one_that_it_closed() -> None:
    stage = copying()
    stage.announcer.troubles.append(TryAgainError("busy"))
    stage(job_news(stage.backup.fail_job("JOB-1", "Cross-account copy feature is not enabled")))
    stage(job_news(stage.backup.finish("JOB-1", a_copy())))
    stage.clock.forward(minutes=6)
    stage(LOOK)

    assert [each.is_closed for each in stage.announcer.messages] == [True]


def test_a_message_that_is_due_once_more_is_dropped_when_its_incident_closes_at_that_moment() -> None:
    stage = copying()
    stage.announcer.troubles.append(TryAgainError("busy"))
    stage(job_news(stage.backup.fail_job("JOB-1", "Cross-account copy feature is not enabled")))
    stage(Retry(key=KEY, by="ada"))
    (never_told,) = stage.chain.incidents
    stage.clock.forward(minutes=6)
    stage.announcer.troubles.append(TryAgainError("still busy"))
    stage(job_news(stage.backup.fail_job("JOB-2", "Access Denied trying to call AWS Backup service")))
    for _ in range(2):
        stage.clock.forward(minutes=6)
        stage(LOOK)

    assert [each.is_closed for each in stage.announcer.messages if each.incident == never_told] == [True]


def test_a_chain_that_waits_for_an_operator_takes_over_what_others_copied() -> None:
    stage = copying()
    stage(job_news(stage.backup.fail_job("JOB-1", "encrypted with the AWS managed key can't be shared")))
    stranded = stage.chain
    assert stranded.state is ChainState.STRANDED
    stage.clock.forward(days=1, minutes=1)
    stage(LOOK)
    stage.clock.forward(hours=1)
    stage(LOOK)
    assert (stage.chain.state, len(stage.backup.started)) == (ChainState.STRANDED, 1)

    stage.backup.jobs["BY-HAND"] = a_job(job_id="BY-HAND", state="COMPLETED", arrival=a_copy().arn)
    stage.backup.put(a_copy())
    stage.clock.forward(days=1)
    stage(LOOK)
    assert stage.chain.state is ChainState.COMPLETE
    assert stage.announcer.messages[-1].is_closed


def test_nobody_looks_for_copies_of_a_source_that_was_seen_gone() -> None:
    stage = copying()
    stage(job_news(stage.backup.fail_job("JOB-1", "encrypted with the AWS managed key can't be shared")))
    stage.backup.points.clear()
    stage.clock.forward(days=30)
    stage(LOOK)
    assert (stage.chain.source_gone_at, stage.chain.finished_at) == (stage.clock.now, stage.clock.now)

    stage.backup.fail("jobs_into", AssertionError("nobody asks"))
    stage.clock.forward(days=2)
    report = stage(LOOK)
    assert "only an operator can help" in report.steps[0].reason


def test_a_waiting_chain_remembers_how_far_its_database_lags_behind() -> None:
    stage = complete()
    later = an_arrival(arn=ARRIVAL_ARN + "-2", created_at=NIGHT + timedelta(days=1))
    blocker = an_arrival(arn=ARRIVAL_ARN + "-3", created_at=NIGHT + timedelta(hours=12))
    for point in (blocker, later):
        stage.backup.put(point)
        stage(arrived(arn=point.arn))

    waiting = stage.chains.get(ChainKey(later.arn, "default"))
    assert waiting is not None
    assert (waiting.hops[0].attempt.slot_wanted, waiting.hops[0].attempt.newest_copy) == (True, NIGHT)


def test_a_worker_that_wakes_after_its_fence_tells_nothing_that_may_have_passed() -> None:
    """Seed 111 of the nights: "open" was told by a sleeper, minutes after another worker had told "closed"."""
    stage = copying()
    original = stage.chains.of_database
    naps = [5]

    def sleep_once(database: str, **given: bool) -> Iterator[Chain | Unreadable]:
        if stage.chain.pending and naps:
            stage.clock.forward(hours=naps.pop())
        return original(database, **given)

    stage.chains.of_database = sleep_once  # type: ignore[method-assign]  # for this test only
    stage(job_news(stage.backup.fail_job("JOB-1", "Cross-account copy feature is not enabled")))
    assert (naps, stage.announcer.messages) == ([], [])

    stage(LOOK)
    assert [message.is_closed for message in stage.announcer.messages] == [False]


def test_a_slot_that_is_given_back_wakes_the_chain_that_waits_longest() -> None:
    stage = copying(route=a_route(limits={"RDS": 1}))
    for number in range(5):
        made = NIGHT - timedelta(minutes=number)
        point = an_arrival(arn=f"{ARRIVAL_ARN}-{number}", database=f"{ORDERS}-{number}", created_at=made)
        stage.backup.put(point)
        stage(arrived(arn=point.arn))
    stage(job_news(stage.backup.finish("JOB-1", a_copy())))

    assert stage.queue.work == [Look(key=ChainKey(f"{ARRIVAL_ARN}-4", "default"))]
