"""What becomes of copies and jobs that exist before anything is started: the whole hop, and nothing else changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from secondhop.domain.classification import Cause
from secondhop.domain.command import HandOn, InspectArrival, NoteSite, SurveyCopies
from secondhop.domain.hop import HopState
from secondhop.domain.observation import Observation
from secondhop.domain.route import RouteKind
from tests.builders import (
    COPY_ARN,
    DR_VAULT,
    NIGHT,
    NOW,
    RETENTION,
    a_copy,
    a_job,
    a_leg,
    a_route,
)
from tests.hop_steps import (
    PROMISED,
    REJECTED,
    a_chain_in,
    assert_changes,
    entered,
    job_seen,
    step,
    stranded,
    surveyed,
)

WAITING, COPYING = HopState.WAITING, HopState.COPYING
LOOK = SurveyCopies(subject="to-dr")
VERIFY = InspectArrival(subject="to-dr", point=COPY_ARN)
ARRIVED = entered(HopState.VERIFYING) | {"arrival": COPY_ARN, "arrival_is_adopted": False}
LONGER = a_route(legs=(a_leg(retention=replace(RETENTION, days=90)),))


FAILED = tuple(a_job(job_id=f"JOB-{number}", state="FAILED") for number in range(1, 6))
RUNNING = a_job(job_id="JOB-LIVE", state="RUNNING")
DONE = a_job(job_id="JOB-DONE", state="COMPLETED", arrival=COPY_ARN)
ADOPTED = entered(COPYING) | {"job_id": "JOB-LIVE", "promised_until": PROMISED}


@pytest.mark.parametrize(
    ("completed", "is_noted"), [(None, False), (timedelta(0), False), (timedelta(seconds=1), True)]
)
def test_a_copy_that_others_made_while_the_hop_waited_shows_that_its_site_works(
    completed: timedelta | None, is_noted: bool
) -> None:
    since = a_chain_in(WAITING).hop("to-dr").since
    done = replace(DONE, completed_at=None if completed is None else since + completed)
    note = NoteSite(site=DR_VAULT.site, has_arrived=True)

    assert step(a_chain_in(WAITING), surveyed(done)).commands == ((VERIFY, note) if is_noted else (VERIFY,))


@pytest.mark.parametrize(
    ("fact", "changes", "commands"),
    [
        (surveyed(RUNNING), ADOPTED, ()),
        (surveyed(*FAILED[:3], RUNNING), ADOPTED | {"attempt": 4}, ()),
        (surveyed(replace(RUNNING, state="CREATED")), ADOPTED, ()),
        (surveyed(*FAILED[:3], RUNNING, DONE), ARRIVED | {"job_id": "JOB-DONE", "attempt": 5}, (VERIFY,)),
        (
            surveyed(replace(DONE, arrival="other", job_id="OLD", created_at=NIGHT), DONE),
            ARRIVED | {"job_id": "JOB-DONE"},
            (VERIFY,),
        ),
        (
            surveyed(*FAILED, points=(a_copy(),)),
            ARRIVED | {"arrival_is_adopted": True, "attempt": 5},
            (VERIFY,),
        ),
        (
            surveyed(points=(a_copy(arn=COPY_ARN + "b"), a_copy(), a_copy(arn=REJECTED))),
            ARRIVED | {"arrival_is_adopted": True},
            (VERIFY,),
        ),
        (
            surveyed(replace(RUNNING, state="PARTIAL"), DONE),
            stranded(
                Cause.UNDECIDABLE, "copy jobs in a state that says nothing about a copy: JOB-LIVE PARTIAL", again=None
            ),
            (),
        ),
        (
            surveyed(replace(DONE, arrival=None), replace(DONE, job_id="JOB-ALSO"), RUNNING),
            stranded(
                Cause.UNDECIDABLE,
                "copy jobs in a state that says nothing about a copy: JOB-DONE COMPLETED, JOB-ALSO COMPLETED",
                again=None,
            ),
            (),
        ),
    ],
)
def test_what_already_exists_is_taken_over_before_anything_is_started(
    fact: Observation, changes: dict[str, Any], commands: tuple[object, ...]
) -> None:
    chain = a_chain_in(WAITING)

    assert_changes(chain, step(chain, fact), changes, *commands)


@pytest.mark.parametrize(
    ("fact", "reason"),
    [
        (surveyed(DONE), f"verifies {COPY_ARN}"),
        (surveyed(points=(a_copy(),)), f"verifies {COPY_ARN}, found in the destination vault"),
    ],
)
def test_the_reason_says_whether_a_copy_was_found_or_a_job_made_it(fact: Observation, reason: str) -> None:
    assert step(a_chain_in(WAITING), fact).reason == reason


def test_a_live_job_that_a_waiting_hop_takes_over_owes_what_the_route_says_now() -> None:
    taken = step(a_chain_in(WAITING), surveyed(RUNNING), route=LONGER)

    assert taken.hop.arrival.promised_until == NIGHT + timedelta(days=90)


@pytest.mark.parametrize(
    ("promised", "owed"), [(None, NIGHT + timedelta(days=90)), (PROMISED, PROMISED)], ids=["none yet", "one was made"]
)
def test_a_copy_that_has_arrived_owes_the_promise_that_was_made_with_it(promised: object, owed: object) -> None:
    taken = step(a_chain_in(WAITING, promised_until=promised), surveyed(DONE), route=LONGER)

    assert taken.hop.arrival.promised_until == owed


def test_of_two_live_jobs_the_newer_one_is_followed_whatever_their_order() -> None:
    older = replace(RUNNING, job_id="OLDER", created_at=NIGHT)
    undated = replace(RUNNING, job_id="ZZZ", created_at=None)
    for jobs in ((older, RUNNING, undated), (undated, RUNNING, older)):
        assert step(a_chain_in(WAITING), surveyed(*jobs)).hop.attempt.job_id == "JOB-LIVE"


def test_of_two_jobs_of_one_moment_the_same_one_is_followed_whatever_their_order() -> None:
    other = replace(RUNNING, job_id="AAA")
    for jobs in ((other, RUNNING), (RUNNING, other)):
        assert step(a_chain_in(WAITING), surveyed(*jobs)).hop.attempt.job_id == "JOB-LIVE"


EXPECTATIONS = a_route(kind=RouteKind.FIRST_HOPS)


def handed_on(**changes: Any) -> dict[str, Any]:
    ended = {"arrival": COPY_ARN, "failures": 0, "seen_gone_at": NOW, "job_id": "JOB-3"}
    return entered(HopState.VERIFIED) | ended | changes


def test_a_first_hop_that_arrived_hands_its_arrival_on_and_is_over() -> None:
    hand_on = HandOn(point=COPY_ARN, vault=DR_VAULT)
    chain = a_chain_in(COPYING)
    taken = step(chain, job_seen(state="COMPLETED", arrival=COPY_ARN), route=EXPECTATIONS)
    assert_changes(chain, taken, handed_on(), hand_on, NoteSite(site=DR_VAULT.site, has_arrived=True))

    unknown = a_chain_in(COPYING, job_id=None)
    assert (
        step(unknown, job_seen(state="COMPLETED", arrival=COPY_ARN), route=EXPECTATIONS).hop.attempt.job_id == "JOB-3"
    )

    waiting = a_chain_in(WAITING)
    found = step(waiting, surveyed(points=(a_copy(),)), route=EXPECTATIONS)
    assert_changes(waiting, found, handed_on(), hand_on)


@pytest.mark.parametrize(
    ("before", "job", "changes", "commands"),
    [
        ({}, {"state": "COMPLETED", "arrival": COPY_ARN}, ARRIVED, (VERIFY,)),
        ({"attempt": 0}, {"state": "COMPLETED", "arrival": COPY_ARN}, ARRIVED | {"attempt": 1}, (VERIFY,)),
        ({}, {"state": "COMPLETED", "arrival": REJECTED}, {}, ()),
        ({}, {"state": "COMPLETED"}, {}, ()),
        ({}, {"state": "RUNNING", "arrival": COPY_ARN}, {}, (LOOK,)),
        ({}, {"state": "FAILED", "arrival": COPY_ARN}, {}, ()),
    ],
)
def test_a_job_that_a_waiting_hop_did_not_start_is_looked_at_for_what_it_is(
    before: dict[str, Any], job: dict[str, Any], changes: dict[str, Any], commands: tuple[object, ...]
) -> None:
    chain = a_chain_in(WAITING, **before)

    assert_changes(chain, step(chain, job_seen(**job)), changes, *commands)
