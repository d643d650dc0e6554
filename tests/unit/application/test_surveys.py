"""What is counted before a copy and before a release, and what is not even asked for."""

from __future__ import annotations

from datetime import timedelta

import pytest

from secondhop.application.survey import lag_line, newest_verified, survey_copies, survey_keep
from secondhop.domain.chain import Chain
from secondhop.domain.hop import HopState
from secondhop.domain.observation import JobSeen
from secondhop.domain.release_observation import KeepSurveyed
from tests.builders import (
    ARRIVAL_ARN,
    COPY_ARN,
    CUSTOMERS,
    NIGHT,
    NOW,
    SECOND_DR_VAULT,
    a_chain,
    a_copy,
    a_job,
    a_route,
    a_sequence,
    an_arrival,
    with_hop,
)
from tests.stand_ins import Stage

TWIN = ARRIVAL_ARN + "-twin"
NOBODY_ASKS = AssertionError("nobody asks")


def found(stage: Stage, chain: Chain | None = None) -> list[str]:
    """The points in the destination vault that count as a copy of the chain."""
    mine = chain or a_chain()
    return [
        point.arn for point in survey_copies(stage.chains, stage.backup, mine, mine.hop("to-dr"), asked_at=NOW).points
    ]


@pytest.mark.parametrize(
    ("seconds", "is_found"), [(0, True), (60, True), (-60, True), (61, False), (-61, False), (86400, False)]
)
def test_an_unexplained_copy_of_the_same_minute_counts(seconds: int, is_found: bool) -> None:
    stage = Stage()
    stage.backup.put(a_copy(created_at=NIGHT + timedelta(seconds=seconds)))

    assert found(stage) == [COPY_ARN] * is_found


def test_a_copy_that_a_job_of_another_point_made_does_not_count() -> None:
    stage = Stage()
    stage.backup.put(a_copy())
    stage.backup.jobs["TWIN"] = a_job(job_id="TWIN", source=TWIN, state="COMPLETED", arrival=COPY_ARN)

    assert found(stage) == []


@pytest.mark.parametrize(("days", "is_found"), [(29, False), (30, True)])
def test_a_copy_that_names_its_source_as_its_resource_counts_when_aws_may_have_forgotten_its_job(
    days: int, is_found: bool
) -> None:
    stage = Stage()
    stage.backup.put(a_copy(database=ARRIVAL_ARN))
    mine = a_chain()
    later = NIGHT + timedelta(days=days)
    surveyed = survey_copies(stage.chains, stage.backup, mine, mine.hop("to-dr"), asked_at=later)

    assert [point.arn for point in surveyed.points] == [COPY_ARN] * is_found


@pytest.mark.parametrize(("jobs", "is_found"), [([a_job(state="FAILED")], True), ([], False)])
def test_a_copy_that_names_its_source_counts_if_a_failed_job_may_have_left_it(
    jobs: list[JobSeen], is_found: bool
) -> None:
    stage = Stage()
    stage.backup.put(a_copy(database=ARRIVAL_ARN))
    stage.backup.jobs |= {job.job_id: job for job in jobs}

    assert found(stage) == [COPY_ARN] * is_found


@pytest.mark.parametrize(("database", "is_found"), [(an_arrival().database, False), (CUSTOMERS, True)])
def test_a_copy_that_another_chain_of_the_database_names_does_not_count(database: str, is_found: bool) -> None:
    """AWS forgets its jobs after 30 days; the chains remember."""
    stage = Stage()
    stage.backup.put(a_copy())
    twin = a_chain(point=an_arrival(arn=TWIN, database=database))
    stage.chains.save(with_hop(twin, arrival=COPY_ARN), before=None, limit=20)

    assert found(stage) == [COPY_ARN] * is_found


def test_a_copy_that_the_chain_itself_names_counts_and_so_does_one_that_its_failed_job_left() -> None:
    """A job that could not take its sharing back is FAILED, and its copy exists."""
    stage = Stage()
    stage.backup.put(a_copy())
    stage.backup.jobs["JOB-1"] = a_job(state="FAILED", arrival=COPY_ARN)
    mine = with_hop(a_chain(), arrival=COPY_ARN)
    stage.chains.save(mine, before=None, limit=20)

    assert found(stage, mine) == [COPY_ARN]


@pytest.mark.parametrize(
    ("state", "is_rejected", "is_answer"),
    [
        ("CREATED", False, True),
        ("RUNNING", False, True),
        ("COMPLETED", False, True),
        ("PARTIAL", False, True),
        ("FAILED", False, False),
        ("COMPLETED", True, False),
        ("FAILED", True, False),
    ],
)
def test_the_vault_is_listed_unless_a_job_answers(state: str, is_rejected: bool, is_answer: bool) -> None:
    stage = Stage()
    job = a_job(state=state, arrival=COPY_ARN)
    stage.backup.jobs["JOB-1"] = job
    stage.backup.put(a_copy(arn=COPY_ARN + "-by-hand"))
    if is_answer:
        stage.backup.fail("points_of", NOBODY_ASKS)
    chain = with_hop(a_chain(), rejected=(COPY_ARN,) if is_rejected else ())
    surveyed = survey_copies(stage.chains, stage.backup, chain, chain.hop("to-dr"), asked_at=NOW)

    assert (surveyed.jobs, surveyed.asked_at) == ((job,), NOW)
    assert [point.arn for point in surveyed.points] == ([] if is_answer else [COPY_ARN + "-by-hand"])


def test_jobs_of_an_onward_hop_are_looked_for_where_it_starts() -> None:
    stage = Stage()
    chain = with_hop(a_chain(a_sequence()), state=HopState.VERIFIED, arrival=COPY_ARN)
    onward = a_job(source=COPY_ARN, destination_vault_arn=SECOND_DR_VAULT.arn)
    stage.backup.jobs["JOB-1"] = onward

    assert survey_copies(stage.chains, stage.backup, chain, chain.hop("to-far"), asked_at=NOW).jobs == (onward,)


def test_the_lag_is_that_of_the_newest_verified_copy() -> None:
    stage = Stage()
    for number, days in enumerate((100, 101, 99)):
        point = an_arrival(arn=f"{ARRIVAL_ARN}-{number}", created_at=NOW - timedelta(days=days))
        state = HopState.STRANDED if days == 99 else HopState.VERIFIED
        stage.chains.save(with_hop(a_chain(point=point), state=state), before=None, limit=20)

    assert newest_verified(stage.chains, a_chain()) == NOW - timedelta(days=100)
    assert lag_line(stage.chains, a_chain(), NOW).startswith("Lag: 2400 hours; ")


def test_where_nothing_is_kept_nothing_is_counted_nor_listed() -> None:
    stage = Stage()
    stage.backup.fail("points_of", NOBODY_ASKS)
    chain = a_chain()
    surveyed = survey_keep(
        stage.chains, stage.backup, chain, chain.intermediate("arrival"), a_route(keep={"RDS": 0, "Aurora": 1})
    )

    assert surveyed == KeepSurveyed(intermediate="arrival", newer=0, is_listed=True)


@pytest.mark.parametrize("standing", [(), (ARRIVAL_ARN,), (TWIN,), (ARRIVAL_ARN, TWIN)])
def test_an_intermediate_is_seen_in_the_list_of_its_vault_or_missed_there(standing: tuple[str, ...]) -> None:
    stage = Stage()
    for arn in standing:
        stage.backup.put(an_arrival(arn=arn))
    chain = a_chain()
    surveyed = survey_keep(stage.chains, stage.backup, chain, chain.intermediate("arrival"), a_route())

    assert surveyed.is_listed is (ARRIVAL_ARN in standing)
