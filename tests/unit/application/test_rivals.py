"""Which copy jobs of another recovery point count as copies of the same backup, and what a hop does about them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from secondhop.application.survey import survey_copies
from secondhop.domain.arn import Vault
from secondhop.domain.chain import Chain, ChainKey
from secondhop.domain.hop import HopState
from secondhop.domain.observation import CopiesSurveyed, JobSeen, PointSeen
from tests.builders import (
    ARRIVAL_ARN,
    COPY_ARN,
    CUSTOMERS,
    NIGHT,
    NOW,
    ORDERS,
    a_chain,
    a_copy,
    a_job,
    an_arrival,
    with_hop,
)
from tests.hop_steps import START, a_chain_in, step, surveyed
from tests.skewed import Skewed
from tests.stand_ins import Stage

TWIN = ARRIVAL_ARN + "-twin"
TWIN_KEY = ChainKey(TWIN, "default")
HOUR, DAY, SECOND = timedelta(hours=1), timedelta(days=1), timedelta(seconds=1)


def found(job: JobSeen, stage: Stage | None = None, chain: Chain | None = None) -> CopiesSurveyed:
    """What a survey for the twin says of a job that copies another recovery point."""
    place, mine = stage or Stage(), chain or a_chain(point=an_arrival(arn=TWIN))
    place.backup.jobs[job.job_id] = job
    return survey_copies(place.chains, place.backup, mine, mine.hop("to-dr"), asked_at=NOW)


def with_source(stage: Stage, **changes: Any) -> Stage:
    stage.backup.put(an_arrival(**changes))
    return stage


@pytest.mark.parametrize("state", ["CREATED", "RUNNING"])
@pytest.mark.parametrize(
    ("source", "is_rival"),
    [
        ({}, True),
        ({"created_at": NIGHT + timedelta(minutes=1)}, True),
        ({"created_at": NIGHT + timedelta(minutes=1, seconds=1)}, False),
        ({"created_at": NIGHT - DAY}, False),
        ({"database": CUSTOMERS}, False),
        (None, True),
    ],
)
def test_a_copy_under_way_counts_unless_its_source_is_of_another_backup(
    state: str, source: dict[str, Any] | None, is_rival: bool
) -> None:
    stage = Stage() if source is None else with_source(Stage(), **source)

    assert found(a_job(state=state), stage).rivals == ((a_job(state=state),) if is_rival else ())


@pytest.mark.parametrize(
    "job",
    [
        a_job(state="FAILED"),
        a_job(resource=CUSTOMERS),
        a_job(created_at=NIGHT - timedelta(minutes=1, seconds=1)),
        a_job(state="COMPLETED", arrival=COPY_ARN, completed_at=NOW - HOUR),
        a_job(state="COMPLETED", arrival=COPY_ARN, completed_at=None, created_at=NOW - HOUR),
    ],
)
def test_a_job_that_cannot_add_a_copy_of_the_backup_is_no_rival(job: JobSeen) -> None:
    surveyed_now = found(job)

    assert (surveyed_now.rivals, surveyed_now.unclear_rivals) == ((), ())


@pytest.mark.parametrize(("seconds", "is_rival"), [(1, True), (3599, True), (3600, False)])
def test_a_copy_that_has_just_completed_counts_though_its_vault_does_not_list_it_yet(
    seconds: int, is_rival: bool
) -> None:
    job = a_job(state="COMPLETED", arrival=COPY_ARN, completed_at=NOW - seconds * SECOND)

    assert bool(found(job, with_source(Stage())).rivals) is is_rival


@pytest.mark.parametrize("resource", [ORDERS, None, ARRIVAL_ARN])
def test_a_job_counts_whatever_aws_names_as_its_resource(resource: str | None) -> None:
    """A copy job of a copy may name the recovery point, so that AWS does not find it by its database."""
    stage = with_source(Stage())
    stage.backup.jobs_into = lambda *_, **__: iter(())  # type: ignore[method-assign]  # for this test only

    assert len(found(a_job(resource=resource), stage).rivals) == 1


@pytest.mark.parametrize("state", ["COMPLETED", "PARTIAL"])
def test_a_job_that_is_over_and_names_no_copy_is_unclear(state: str) -> None:
    job = a_job(state=state)

    assert found(job, with_source(Stage())).unclear_rivals == (job,)


def test_the_source_of_a_job_is_known_by_its_chain_after_it_was_released() -> None:
    stage = Stage()
    for arn, night in ((ARRIVAL_ARN, NIGHT + DAY), (ARRIVAL_ARN + "2", NIGHT)):
        stage.chains.save(a_chain(point=an_arrival(arn=arn, created_at=night)), before=None, limit=1)
    stage.backup.fail("point", AssertionError("nobody asks"))

    assert found(a_job(), stage).rivals == ()
    assert [job.source for job in found(a_job(job_id="2", source=ARRIVAL_ARN + "2"), stage).rivals] == [
        ARRIVAL_ARN + "2"
    ]


def test_jobs_of_other_nights_whose_copies_are_listed_cost_no_question() -> None:
    stage = Stage()
    for number in range(9):
        copy = a_copy(arn=f"{COPY_ARN}-{number}", created_at=NIGHT + number * DAY + DAY)
        stage.backup.put(copy)
        stage.backup.jobs[f"J{number}"] = a_job(
            job_id=f"J{number}", source=f"{ARRIVAL_ARN}-{number}", state="COMPLETED", arrival=copy.arn
        )
    before = stage.backup.asked
    mine = a_chain(point=an_arrival(arn=TWIN))
    surveyed_now = survey_copies(stage.chains, stage.backup, mine, mine.hop("to-dr"), asked_at=NOW)

    assert (surveyed_now.rivals, surveyed_now.twins, stage.backup.asked - before) == ((), (), 3)


RIVAL = a_job(job_id="JOB-9", source=TWIN)


def test_a_hop_waits_for_a_rival_and_looks_again_in_half_an_hour() -> None:
    taken = step(a_chain_in(HopState.WAITING), surveyed(rivals=(RIVAL,)))

    assert (taken.hop.state, taken.hop.attempt.not_before, taken.commands) == (HopState.WAITING, NOW + HOUR / 2, ())
    assert f"copy job JOB-9 of {TWIN} is RUNNING" in taken.reason


@pytest.mark.parametrize(("is_retry_ordered", "state"), [(False, HopState.STRANDED), (True, HopState.COPYING)])
def test_a_job_that_says_nothing_about_a_copy_strands_until_an_operator_has_looked(
    is_retry_ordered: bool, state: HopState
) -> None:
    chain = a_chain_in(HopState.WAITING, is_retry_ordered=is_retry_ordered)
    taken = step(chain, surveyed(unclear_rivals=(replace(RIVAL, state="PARTIAL"),)))

    assert taken.hop.state is state


def test_an_operator_cannot_order_a_second_copy_while_the_first_is_under_way() -> None:
    chain = a_chain_in(HopState.WAITING, is_retry_ordered=True)

    assert step(chain, surveyed(rivals=(RIVAL,))).commands == ()


@pytest.mark.parametrize(
    ("fact", "state"),
    [
        ({"twins": (COPY_ARN,)}, HopState.STRANDED),
        ({"unclear_rivals": (RIVAL,)}, HopState.STRANDED),
        ({"rivals": (RIVAL,)}, HopState.COPYING),
    ],
)
def test_an_interrupted_start_is_not_repeated_beside_another_copy_of_the_backup(
    fact: dict[str, Any], state: HopState
) -> None:
    chain = a_chain_in(HopState.COPYING, job_id=None, fence=timedelta(0))
    taken = step(chain, surveyed(**fact))

    assert (taken.hop.state, taken.hop.attempt.number, taken.commands) == (state, 3, ())
    assert step(chain, surveyed()).commands == (START,)


def test_the_hops_own_copy_is_found_beside_a_rival() -> None:
    own = a_job(state="COMPLETED", arrival=COPY_ARN)
    taken = step(a_chain_in(HopState.WAITING), surveyed(own, rivals=(RIVAL,)))

    assert (taken.hop.state, taken.hop.arrival.point) == (HopState.VERIFYING, COPY_ARN)


def test_a_verified_chain_is_not_disturbed_by_its_twin() -> None:
    chain = with_hop(a_chain(), state=HopState.VERIFIED, arrival=COPY_ARN)

    assert step(chain, surveyed(rivals=(RIVAL,))).hop == chain.hop("to-dr")


def test_the_source_of_a_rival_whose_chain_cannot_be_read_is_described() -> None:
    chains = Skewed()
    chains.bad.add(ChainKey(ARRIVAL_ARN, "default"))
    stage = with_source(Stage(chains=chains))

    assert found(a_job(state="RUNNING"), stage).rivals == (a_job(state="RUNNING"),)


@pytest.mark.parametrize("status", ["COMPLETED", "DELETING", None])
def test_a_copy_of_the_twin_that_the_list_by_database_leaves_out_is_described(status: str | None) -> None:
    """A copy of a copy may name its source as its resource."""
    stage = with_source(Stage())
    if status is not None:
        stage.backup.put(a_copy(database=ARRIVAL_ARN, status=status))
    job = a_job(state="COMPLETED", arrival=COPY_ARN, completed_at=NOW - HOUR)

    assert found(job, stage).twins == ((COPY_ARN,) if status == "COMPLETED" else ())


def test_the_source_of_two_jobs_is_described_once() -> None:
    stage = with_source(Stage())
    for name in ("JOB-1", "JOB-2"):
        stage.backup.jobs[name] = a_job(job_id=name, source=ARRIVAL_ARN, state="RUNNING", arrival=None)
    described, point = list[str](), stage.backup.point

    def describe(vault: Vault, arn: str) -> PointSeen | None:
        described.append(arn)
        return point(vault, arn)

    stage.backup.point = describe  # type: ignore[method-assign]  # for this test only
    mine = a_chain(point=an_arrival(arn=TWIN))
    surveyed = survey_copies(stage.chains, stage.backup, mine, mine.hop("to-dr"), asked_at=NOW)

    assert (len(surveyed.rivals), described) == (2, [ARRIVAL_ARN])
