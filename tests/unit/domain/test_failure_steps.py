"""What becomes of a copy that failed, was refused, or was interrupted: the whole hop, and nothing else changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from secondhop.domain import observation as seen
from secondhop.domain.classification import Cause
from secondhop.domain.command import InspectArrival, NoteSite
from secondhop.domain.hop import HopState
from secondhop.domain.observation import Observation
from secondhop.domain.patience import back_off
from tests.builders import ARRIVAL_ARN, COPY_ARN, DR_VAULT, NOW, a_copy, a_job
from tests.hop_steps import (
    DAY,
    HOUR,
    SECOND,
    START,
    a_chain_in,
    assert_changes,
    entered,
    job_seen,
    step,
    stranded,
    surveyed,
)

COPYING, WAITING, VERIFYING = HopState.COPYING, HopState.WAITING, HopState.VERIFYING
ZERO = timedelta(0)
TRANSIENT = "An internal error occurred."
FAILED_THERE = NoteSite(site=DR_VAULT.site, has_arrived=False)
ARRIVED_THERE = NoteSite(site=DR_VAULT.site, has_arrived=True)


ARRIVED = entered(VERIFYING) | {"arrival": COPY_ARN, "arrival_is_adopted": False}
VERIFY = (InspectArrival(subject="to-dr", point=COPY_ARN), ARRIVED_THERE)


def refused(code: str, message: str, attempt: int = 3) -> seen.CopyRefused:
    return seen.CopyRefused(hop="to-dr", command=replace(START, attempt=attempt), code=code, message=message)


def again(**changes: Any) -> dict[str, Any]:
    """The third failure: the next attempt comes in its time."""
    waits = {"job_id": None, "failures": 3, "not_before": NOW + wait_after(3)}
    return entered(WAITING) | waits | changes


def wait_after(failures: int) -> timedelta:
    return back_off(failures, longest=DAY, of=f"default/{ARRIVAL_ARN} to-dr")


def test_a_refused_start_made_no_job_so_its_number_stays_free_and_its_site_unblamed() -> None:
    chain = a_chain_in(COPYING, job_id=None)

    assert_changes(chain, step(chain, refused("ThrottlingException", "Rate exceeded")), again(attempt=2))


@pytest.mark.parametrize(
    ("code", "message", "cause", "looks_again"),
    [
        ("InvalidRequestException", "Access Denied trying to call AWS Backup service", Cause.VAULT_POLICY, DAY),
        ("AccessDeniedException", "no", Cause.PERMISSION, DAY),
        ("InvalidRequestException", "Copying continuous backups is not supported.", Cause.UNSUPPORTED, None),
    ],
)
def test_a_start_that_is_refused_for_good_strands_in_the_words_of_aws(
    code: str, message: str, cause: Cause, looks_again: timedelta | None
) -> None:
    chain = a_chain_in(COPYING, job_id=None)
    changes = stranded(cause, f"{code}: {message}", again=looks_again) | {"attempt": 2, "failures": 3}

    assert_changes(chain, step(chain, refused(code, message)), changes)


@pytest.mark.parametrize(("job_id", "attempt"), [("JOB-3", 3), (None, 2), ("JOB-3", 2)])
def test_a_refusal_of_what_is_over_changes_nothing(job_id: str | None, attempt: int) -> None:
    chain = a_chain_in(COPYING, job_id=job_id)

    assert_changes(chain, step(chain, refused("AccessDeniedException", "no", attempt)), {})


@pytest.mark.parametrize(
    ("job", "is_site_down", "changes", "commands"),
    [
        ({"message": TRANSIENT}, False, again(), (FAILED_THERE,)),
        (
            {"message": TRANSIENT},
            True,
            again(failures=2, not_before=NOW + wait_after(2)),
            (FAILED_THERE,),
        ),
        ({"message": "There are too many copy jobs running for resource."}, True, again(), ()),
        ({}, False, again(), ()),
        (
            {"category": "AccessDenied"},
            False,
            stranded(Cause.PERMISSION, "copy job JOB-3 FAILED") | {"job_id": None, "failures": 3},
            (),
        ),
        ({"message": "Failed to unshare snapshot", "arrival": COPY_ARN}, False, ARRIVED, VERIFY),
        ({"message": "Failed to unshare snapshot"}, False, again(), ()),
        ({"message": TRANSIENT, "arrival": COPY_ARN}, False, again(), (FAILED_THERE,)),
    ],
)
def test_a_failed_job_is_tried_again_unless_it_failed_for_good_or_left_its_copy(
    job: dict[str, Any], is_site_down: bool, changes: dict[str, Any], commands: tuple[object, ...]
) -> None:
    chain = a_chain_in(COPYING)
    taken = step(chain, job_seen(state="FAILED", **job), is_site_down=is_site_down)

    assert_changes(chain, taken, changes, *commands)


def test_the_first_failure_of_a_site_that_is_down_still_waits() -> None:
    chain = a_chain_in(COPYING, failures=0)
    taken = step(chain, job_seen(state="FAILED", message=TRANSIENT), is_site_down=True)

    assert_changes(chain, taken, again(failures=0, not_before=NOW + wait_after(1)), FAILED_THERE)


def test_the_last_failure_strands_and_is_still_noted_for_its_site() -> None:
    chain = a_chain_in(COPYING, failures=5)
    changes = stranded(Cause.TRANSIENT, TRANSIENT) | {"job_id": None, "failures": 6}

    assert_changes(chain, step(chain, job_seen(state="FAILED", message=TRANSIENT)), changes, FAILED_THERE)


def test_a_reason_says_in_minutes_when_the_next_attempt_comes() -> None:
    reason = step(a_chain_in(COPYING), job_seen(state="FAILED", message=TRANSIENT)).reason

    minutes = round(wait_after(3).total_seconds() / 60)
    assert reason == f"failed (TRANSIENT): {TRANSIENT}; tried again after {minutes} minutes"


FAILED_TWICE = (
    a_job(job_id="JOB-1", state="FAILED", message="no idea", created_at=NOW - HOUR),
    a_job(job_id="JOB-2", state="FAILED", message="Copying continuous backups is not supported.", created_at=NOW),
)


@pytest.mark.parametrize(
    ("before", "fact", "changes", "commands"),
    [
        ({}, surveyed(), {}, ()),
        ({}, surveyed(missing_job="JOB-2"), {}, ()),
        ({"since": NOW - HOUR + SECOND}, surveyed(missing_job="JOB-3"), {}, ()),
        (
            {"since": NOW - HOUR},
            surveyed(missing_job="JOB-3"),
            stranded(Cause.UNDECIDABLE, "AWS has forgotten copy job JOB-3, and no copy is to be found", again=None),
            (),
        ),
        ({"job_id": None}, surveyed(), entered(WAITING), ()),
        ({"job_id": None, "fence": ZERO}, surveyed(), {}, (START,)),
        ({"job_id": None, "fence": ZERO}, surveyed(asked_at=NOW - SECOND), {}, ()),
        ({"job_id": None, "fence": ZERO}, surveyed(*FAILED_TWICE), {}, (START,)),
        (
            {"job_id": None, "attempt": 2, "fence": ZERO},
            surveyed(*FAILED_TWICE),
            stranded(Cause.UNSUPPORTED, FAILED_TWICE[1].message, again=None) | {"attempt": 2, "failures": 3},
            (),
        ),
        (
            {"job_id": None, "attempt": 1, "fence": ZERO},
            surveyed(*FAILED_TWICE),
            stranded(Cause.UNSUPPORTED, FAILED_TWICE[1].message, again=None) | {"attempt": 2, "failures": 3},
            (),
        ),
        (
            {"job_id": None},
            surveyed(a_job(state="COMPLETED", arrival=COPY_ARN)),
            ARRIVED | {"job_id": "JOB-1"},
            VERIFY,
        ),
        (
            {},
            surveyed(points=(a_copy(),), missing_job="JOB-3"),
            ARRIVED | {"arrival_is_adopted": True},
            VERIFY,
        ),
    ],
)
def test_an_interrupted_start_is_resolved_by_what_aws_shows(
    before: dict[str, Any], fact: Observation, changes: dict[str, Any], commands: tuple[object, ...]
) -> None:
    chain = a_chain_in(COPYING, **before)

    assert_changes(chain, step(chain, fact), changes, *commands)


def test_an_interrupted_start_whose_job_failed_by_aws_own_fault_counts_as_a_failure() -> None:
    chain = a_chain_in(COPYING, job_id=None, attempt=1, failures=2)
    failed = a_job(state="FAILED", message="An internal error occurred.")

    assert step(chain, surveyed(failed)).hop.attempt.failures == 3
