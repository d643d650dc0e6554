"""What each fact makes of a hop whose copy is under way, as a whole: what is not named here stays as it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from secondhop.domain import observation as seen
from secondhop.domain.classification import Cause
from secondhop.domain.command import InspectArrival, InspectJob, NoteSite, SurveyCopies
from secondhop.domain.hop import HopState
from secondhop.domain.observation import Observation
from tests.builders import COPY_ARN, DR_VAULT, NOW, a_chain, an_arrival
from tests.hop_steps import (
    DAY,
    HOUR,
    OLD,
    REJECTED,
    SECOND,
    START,
    a_chain_in,
    assert_changes,
    entered,
    job_seen,
    step,
    stranded,
    told,
)

COPYING, VERIFYING = HopState.COPYING, HopState.VERIFYING
ASK = InspectJob(subject="to-dr", job_id="JOB-3")
LOOK = SurveyCopies(subject="to-dr")
ZERO = timedelta(0)
ARRIVED_THERE = NoteSite(site=DR_VAULT.site, has_arrived=True)


@pytest.mark.parametrize(
    ("fact", "before", "commands"),
    [
        (seen.Noticed(), {}, (ASK,)),
        (seen.Noticed(), {"not_before": NOW + SECOND}, ()),
        (seen.Noticed(), {"not_before": NOW}, (ASK,)),
        (seen.RetryAsked(by="ada"), {"not_before": NOW + SECOND}, (ASK,)),
        (seen.Noticed(), {"job_id": None, "fence": SECOND}, ()),
        (seen.Noticed(), {"job_id": None, "fence": ZERO}, (LOOK,)),
        (seen.Noticed(), {"job_id": None}, (LOOK,)),
    ],
)
def test_a_copy_under_way_is_asked_about_when_it_is_time(
    fact: Observation, before: dict[str, Any], commands: tuple[object, ...]
) -> None:
    chain = a_chain_in(COPYING, **before)

    assert_changes(chain, step(chain, fact), {}, *commands)


@pytest.mark.parametrize(
    ("attempt", "is_old", "changes", "commands"),
    [
        (3, False, {"job_id": "JOB-9"}, ()),
        (3, True, {"job_id": "JOB-9"}, (InspectJob(subject="to-dr", job_id="JOB-9"),)),
        (2, False, {}, ()),
        (2, True, {}, ()),
    ],
)
def test_the_answer_to_a_start_names_the_job_and_an_older_job_is_asked_about(
    attempt: int, is_old: bool, changes: dict[str, Any], commands: tuple[object, ...]
) -> None:
    chain = a_chain_in(COPYING, job_id=None)
    fact = seen.CopyStarted(hop="to-dr", command=replace(START, attempt=attempt), job_id="JOB-9", is_old=is_old)

    assert_changes(chain, step(chain, fact), changes, *commands)


@pytest.mark.parametrize(("failures", "is_told"), [(4, False), (5, True), (6, True)])
def test_a_start_that_stays_unanswered_is_told_after_six_times_and_keeps_its_slot(failures: int, is_told: bool) -> None:
    chain = a_chain_in(COPYING, job_id=None, failures=failures)
    taken = step(chain, seen.CopyUnanswered(hop="to-dr", message="timed out"))

    news = {"not_before": NOW + HOUR, "unresolved": told(Cause.SITE_DOWN, "timed out")} if is_told else {}
    assert_changes(chain, taken, {"failures": failures + 1} | news)


def test_a_start_that_stays_unanswered_does_not_hide_what_was_told_before() -> None:
    chain = a_chain_in(COPYING, job_id=None, failures=5, unresolved=OLD)

    assert step(chain, seen.CopyUnanswered(hop="to-dr", message="timed out")).hop.notice.unresolved == OLD


ARRIVED = entered(VERIFYING) | {"arrival": COPY_ARN, "arrival_is_adopted": False}
VERIFY = (InspectArrival(subject="to-dr", point=COPY_ARN), ARRIVED_THERE)


@pytest.mark.parametrize(
    ("before", "job", "changes", "commands"),
    [
        ({}, {"state": "COMPLETED", "arrival": COPY_ARN}, ARRIVED, VERIFY),
        ({"job_id": None}, {"state": "COMPLETED", "arrival": COPY_ARN}, ARRIVED | {"job_id": "JOB-3"}, VERIFY),
        ({}, {"state": "COMPLETED", "arrival": REJECTED}, {}, (ASK,)),
        ({}, {"state": "COMPLETED"}, {}, (ASK,)),
        ({}, {"state": "RUNNING", "arrival": COPY_ARN}, {"trouble": None}, ()),
        ({}, {"state": "CREATED"}, {"trouble": None}, ()),
        ({}, {"job_id": "job-3"}, {"trouble": None}, ()),
        ({}, {"job_id": "JOB-4"}, {}, ()),
        ({}, {"job_id": "JOB-4", "state": "FAILED"}, {}, ()),
        ({"job_id": None}, {"job_id": "JOB-4"}, {}, (LOOK,)),
        ({"job_id": None, "fence": ZERO}, {"job_id": "JOB-4"}, {}, (LOOK,)),
        ({"job_id": None, "fence": SECOND}, {"job_id": "JOB-4"}, {}, ()),
        ({"job_id": None}, {"job_id": "JOB-4", "state": "FAILED"}, {}, ()),
        ({}, {"state": "PARTIAL"}, stranded(Cause.UNDECIDABLE, "copy job JOB-3 is PARTIAL", again=None), ()),
    ],
)
def test_a_copy_job_is_followed_by_its_state_and_by_whose_it_is(
    before: dict[str, Any], job: dict[str, Any], changes: dict[str, Any], commands: tuple[object, ...]
) -> None:
    chain = a_chain_in(COPYING, **before)

    assert_changes(chain, step(chain, job_seen(**job)), changes, *commands)


@pytest.mark.parametrize(
    ("resource_type", "age", "hours"),
    [
        ("RDS", 25 * HOUR, None),
        ("RDS", 7 * DAY, None),
        ("RDS", 7 * DAY + SECOND, 168),
        ("RDS", 7 * DAY + HOUR, 169),
        ("Aurora", 7 * DAY, None),
        ("Aurora", 7 * DAY + HOUR, 169),
    ],
)
def test_a_job_that_runs_too_long_is_told_with_its_hours_and_asked_about_hourly(
    resource_type: str, age: timedelta, hours: int | None
) -> None:
    chain = a_chain_in(COPYING, chain=a_chain(point=an_arrival(resource_type=resource_type)))
    taken = step(chain, job_seen(created_at=NOW - age))

    stuck = told(Cause.STUCK, f"copy job JOB-3 has been RUNNING for {hours} hours")
    assert_changes(chain, taken, {"trouble": None} if hours is None else {"trouble": stuck, "not_before": NOW + HOUR})


def test_a_job_without_a_date_is_as_old_as_its_hop_is_copying() -> None:
    chain = a_chain_in(COPYING, since=NOW - 200 * HOUR)

    assert step(chain, job_seen(created_at=None)).hop.notice.trouble == told(
        Cause.STUCK, "copy job JOB-3 has been RUNNING for 200 hours"
    )


def test_a_job_that_is_still_stuck_is_no_news() -> None:
    stuck = replace(OLD, cause=Cause.STUCK)
    chain = a_chain_in(COPYING, trouble=stuck)
    taken = step(chain, job_seen(created_at=NOW - 200 * HOUR))

    assert_changes(chain, taken, {"not_before": NOW + HOUR})


@pytest.mark.parametrize(
    ("resource_type", "age", "remaining", "is_told"),
    [
        ("RDS", 24 * HOUR + SECOND, 3 * DAY, True),
        ("RDS", 24 * HOUR, 3 * DAY, False),
        ("RDS", 24 * HOUR + SECOND, 3 * DAY + SECOND, False),
        ("Aurora", 36 * HOUR + SECOND, 3 * DAY, True),
        ("Aurora", 36 * HOUR, 3 * DAY, False),
        ("RDS", 24 * HOUR + SECOND, None, False),
    ],
)
def test_a_long_copy_is_told_sooner_only_if_its_source_is_about_to_expire(
    resource_type: str, age: timedelta, remaining: timedelta | None, *, is_told: bool
) -> None:
    chain = a_chain_in(COPYING, chain=a_chain(point=an_arrival(resource_type=resource_type)))
    chain = replace(chain, source_expires_at=None if remaining is None else NOW + remaining)

    trouble = step(chain, job_seen(created_at=NOW - age)).hop.notice.trouble

    assert (trouble is not None and trouble.cause is Cause.STUCK) is is_told


@pytest.mark.parametrize(("age", "is_told"), [(14 * DAY, False), (14 * DAY + SECOND, True)])
def test_a_job_that_aws_has_not_begun_waits_behind_another_one_of_its_database(
    age: timedelta, *, is_told: bool
) -> None:
    chain = replace(a_chain_in(COPYING), source_expires_at=NOW + 30 * DAY)

    trouble = step(chain, job_seen(state="CREATED", created_at=NOW - age)).hop.notice.trouble

    assert (trouble is not None and trouble.cause is Cause.STUCK) is is_told


@pytest.mark.parametrize(
    ("state", "age", "queues"),
    [("CREATED", 2 * HOUR, False), ("CREATED", 2 * HOUR + SECOND, True), ("RUNNING", 3 * HOUR, False)],
)
def test_a_job_that_waits_in_the_queue_of_aws_is_said_to(state: str, age: timedelta, queues: bool) -> None:
    taken = step(a_chain_in(COPYING), job_seen(state=state, created_at=NOW - age))

    assert ("waits in AWS Backup's own queue" in taken.reason) is queues


def test_a_job_that_aws_forgot_is_looked_for_by_its_copy() -> None:
    chain = a_chain_in(COPYING)
    taken = step(chain, seen.JobMissing(hop="to-dr", job_id="JOB-3"))

    assert_changes(chain, taken, {}, SurveyCopies(subject="to-dr", missing_job="JOB-3"))


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        ("not authorized to perform it", Cause.PERMISSION),
        ("no", Cause.PERMISSION),
        ("Access Denied trying to call AWS Backup service", Cause.VAULT_POLICY),
    ],
)
def test_a_denial_in_flight_is_told_without_giving_the_slot_back(message: str, cause: Cause) -> None:
    chain = a_chain_in(COPYING)
    taken = step(chain, seen.AskingRefused(hop="to-dr", message=message))

    assert_changes(chain, taken, {"trouble": told(cause, message), "not_before": NOW + HOUR})
