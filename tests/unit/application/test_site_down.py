"""A site that does not answer, or into which every copy fails: nothing is used up, and one message speaks for all."""

from __future__ import annotations

import pytest

from secondhop.application.ports import RefusedError, UnansweredError
from secondhop.application.work import Look, PointNews
from secondhop.domain.chain import ChainState
from secondhop.domain.circuit import Circuit
from secondhop.domain.errors import ConflictError, SilentError
from tests.builders import ARRIVAL_ARN, DR_VAULT, NIGHT, ORDERS, WATCHED, a_copy, a_route, an_arrival, with_hop
from tests.stand_ins import LOOK, Stage, arrived, copying, job_news
from tests.unit.domain.test_circuit import an_open_circuit

INTERNAL = "Copy job failed. An internal error occurred."


def many(count: int, **changes: object) -> Stage:
    stage = Stage(route=a_route(**changes))
    for number in range(count):
        point = an_arrival(arn=f"{ARRIVAL_ARN}-{number}", database=f"{ORDERS}-{number}")
        stage.backup.put(point)
        stage(
            PointNews(
                arn=point.arn,
                vault_arn=WATCHED.arn,
                status="COMPLETED",
                database=point.database,
                resource_type="RDS",
                created_at=NIGHT,
            )
        )
    return stage


def live_jobs(stage: Stage) -> list[str]:
    return [job.job_id for job in stage.backup.jobs.values() if job.state == "CREATED"]


def fail_everything(stage: Stage) -> int:
    """Let every job that is under way fail; how many."""
    found = live_jobs(stage)
    for job_id in found:
        stage(job_news(stage.backup.fail_job(job_id, INTERNAL)))
    return len(found)


def a_round(stage: Stage, *, minutes: int) -> None:
    """Time passes, and every chain looks at itself."""
    stage.clock.forward(minutes=minutes)
    for chain in stage.chains.all():
        stage(Look(key=chain.key))


def test_eight_hours_of_failing_copies_strand_nothing_and_send_two_messages() -> None:
    stage = many(12)
    attempts = fail_everything(stage)
    for _ in range(8 * 4):
        a_round(stage, minutes=15)
        attempts += fail_everything(stage)

    assert {chain.state for chain in stage.chains.all()} == {ChainState.WAITING}
    assert max(chain.hops[0].attempt.failures for chain in stage.chains.all()) < 6
    assert attempts <= 12 + 6, "one probe at a time, and each waits twice as long as the one before"
    assert len(stage.announcer.messages) == 2, "the first chain at once, and the other eleven in one summary"
    assert all("SITE_DOWN" in message.title for message in stage.announcer.messages)

    for _ in range(8):
        for number, job_id in enumerate(live_jobs(stage)):
            source = stage.backup.jobs[job_id].source
            database = next(point.database for point in stage.backup.points.values() if point.arn == source)
            copy = a_copy(arn=f"copy-{job_id}-{number}", database=database)
            stage(job_news(stage.backup.finish(job_id, copy)))
        stage.drain()
        a_round(stage, minutes=60)
    assert {chain.state for chain in stage.chains.all()} == {ChainState.COMPLETE}
    assert [message.is_closed for message in stage.announcer.messages] == [False, False, True]


def test_a_region_that_does_not_answer_is_told_of_after_an_hour_and_closed_when_it_does() -> None:
    stage = Stage()
    stage.backup.put(an_arrival())
    stage.backup.fail("points_of", *[SilentError("no answer: timed out")] * 8)
    stage(arrived())
    for _ in range(3):
        a_round(stage, minutes=15)
    assert stage.announcer.messages == []

    for _ in range(2):
        a_round(stage, minutes=15)
    (message,) = stage.announcer.messages
    assert "timed out" in "".join(message.lines)
    assert (stage.chain.state, stage.chain.hops[0].attempt.failures) == (ChainState.WAITING, 0)

    for _ in range(3):
        a_round(stage, minutes=15)
    stage(job_news(stage.backup.finish("JOB-1", a_copy())))
    assert [message.is_closed for message in stage.announcer.messages] == [False, True]


@pytest.mark.parametrize(("operation", "is_over"), [("job", False), ("point", True)])
def test_silence_while_a_copy_is_under_way_or_to_be_verified_is_told_of_too(operation: str, is_over: bool) -> None:
    stage = copying()
    stage.backup.fail(operation, *[SilentError("timed out")] * 20)
    if is_over:
        stage(job_news(stage.backup.finish("JOB-1", a_copy())))
    for _ in range(4):
        a_round(stage, minutes=31)

    assert ["SITE_DOWN" in message.title for message in stage.announcer.messages] == [True]


def test_an_answer_in_between_begins_the_hour_anew() -> None:
    stage = copying()
    for _ in range(6):
        stage.backup.fail("job", SilentError("timed out"))
        a_round(stage, minutes=40)
        a_round(stage, minutes=10)

    assert stage.announcer.messages == []


def test_silence_about_something_else_than_a_hop_is_a_postponement() -> None:
    stage = copying()
    stage(job_news(stage.backup.finish("JOB-1", a_copy())))
    stage.backup.fail("points_of", SilentError("timed out"))
    stage.clock.forward(days=1, minutes=1)
    report = stage(LOOK)

    assert any("was not answered" in step.reason for step in report.steps)


def an_outage(stage: Stage, *, rounds: int = 4) -> None:
    """Copies fail for so many quarters of an hour, and everybody hears of it."""
    fail_everything(stage)
    stage.chains.save_circuit(an_open_circuit(), before=stage.chains.circuit(DR_VAULT.site))
    for _ in range(rounds):
        a_round(stage, minutes=16)
        fail_everything(stage)
    assert {message.is_closed for message in stage.announcer.messages} == {False}


def wait_for_a_probe(stage: Stage) -> None:
    while not live_jobs(stage):
        a_round(stage, minutes=16)


def let_one_arrive(stage: Stage) -> None:
    (job_id, *_) = live_jobs(stage)
    source = stage.backup.jobs[job_id].source
    database = next(point.database for point in stage.backup.points.values() if point.arn == source)
    stage(job_news(stage.backup.finish(job_id, a_copy(arn=f"copy-{job_id}", database=database))))


def test_the_message_is_closed_when_the_site_works_and_not_when_the_last_chain_has_got_its_slot() -> None:
    stage = many(12, limits={"RDS": 2})
    an_outage(stage, rounds=8)
    wait_for_a_probe(stage)
    let_one_arrive(stage)
    stage.queue.work.clear()
    a_round(stage, minutes=16)

    assert [message.is_closed for message in stage.announcer.messages] == [False, False, True]
    states = [chain.state for chain in stage.chains.all()]
    assert states.count(ChainState.WAITING) == 9
    assert states.count(ChainState.COPYING) == 2
    bus = [message.incident for message in stage.announcer.events if not message.is_closed]
    assert sorted(bus) == sorted(message.incident for message in stage.announcer.events if message.is_closed)


def test_a_copy_that_is_only_tried_does_not_close_the_message() -> None:
    stage = many(12, limits={"RDS": 1})
    an_outage(stage, rounds=8)
    wait_for_a_probe(stage)
    for _ in range(3):
        a_round(stage, minutes=16)
        for job_id in live_jobs(stage):
            stage(job_news(stage.backup.jobs[job_id]))

    assert len(live_jobs(stage)) == 1
    assert not any(message.is_closed for message in stage.announcer.messages)
    assert not any(message.is_closed for message in stage.announcer.events)


def test_a_start_that_is_never_answered_is_told_of_once_however_often_its_survey_is() -> None:
    stage = Stage()
    stage.backup.put(an_arrival())
    stage.backup.fail("start", *[UnansweredError("no answer: timed out")] * 20)
    stage(arrived())
    for _ in range(14):
        a_round(stage, minutes=61)
    assert [message.is_closed for message in stage.announcer.messages] == [False]

    for _ in range(14):
        a_round(stage, minutes=61)
    assert [message.is_closed for message in stage.announcer.messages] == [False, True]
    assert stage.chain.state is ChainState.COPYING


def test_a_probe_that_another_instance_has_taken_is_not_taken_twice() -> None:
    stage = many(1)
    circuit = stage.chains.circuit(DR_VAULT.site)
    fail_everything(stage)
    stage.chains.save_circuit(an_open_circuit(), before=stage.chains.circuit(DR_VAULT.site))
    assert circuit.failures == 0

    def taken(after: Circuit, *, before: Circuit | None) -> None:
        raise ConflictError(f"{after} was written by another instance than the one that read {before}")

    stage.chains.save_circuit = taken  # type: ignore[method-assign]  # for this test only
    a_round(stage, minutes=20)

    assert len(stage.backup.started) == 1
    assert stage.chains.all()[0].state is ChainState.WAITING


def test_a_database_that_always_fails_strands_after_its_own_tries_and_stops_nobody() -> None:
    stage = many(2)
    for _ in range(7 * 24 * 4):
        for job_id in live_jobs(stage):
            is_bad = stage.backup.jobs[job_id].source == f"{ARRIVAL_ARN}-0"
            if is_bad:
                stage(job_news(stage.backup.fail_job(job_id, INTERNAL)))
            else:
                copy = a_copy(arn=f"copy-{job_id}", database=f"{ORDERS}-1")
                stage(job_news(stage.backup.finish(job_id, copy)))
        a_round(stage, minutes=15)

    jobs = [job for job in stage.backup.jobs.values() if job.source == f"{ARRIVAL_ARN}-0"]
    assert 6 <= len(jobs) <= 6 + 7, "its six tries, and one a day"
    assert [chain.state for chain in stage.chains.all()] == [ChainState.STRANDED, ChainState.COMPLETE]
    assert "TRANSIENT" in stage.announcer.messages[0].title


def test_a_chain_without_a_slot_takes_no_probe() -> None:
    stage = many(2, limits={"RDS": 1})
    stage.chains.save_circuit(an_open_circuit(), before=stage.chains.circuit(DR_VAULT.site))
    waiting = next(chain for chain in stage.chains.all() if chain.state is ChainState.WAITING)
    stage.chains.save(with_hop(waiting, slot_wanted=False), before=waiting, limit=1)
    stage.clock.forward(minutes=20)
    stage(Look(key=waiting.key))

    assert stage.chains.circuit(DR_VAULT.site).probes == 0
    assert len(stage.backup.started) == 1


@pytest.mark.parametrize("message", ["Access Denied trying to call AWS Backup service", "Token expired"])
def test_only_a_fault_of_aws_counts_for_the_site(message: str) -> None:
    stage = copying()
    stage(job_news(stage.backup.fail_job("JOB-1", message)))

    assert stage.chains.circuit(DR_VAULT.site).failures == (1 if message == "Token expired" else 0)


def test_throttled_starts_say_nothing_about_a_site() -> None:
    stage = Stage()
    stage.backup.fail("start", *[RefusedError("ThrottlingException", "Rate exceeded")] * 5)
    stage.backup.put(an_arrival())
    stage(arrived())
    for _ in range(4):
        a_round(stage, minutes=90)

    assert stage.chains.circuit(DR_VAULT.site).failures == 0
    assert stage.announcer.messages == []
