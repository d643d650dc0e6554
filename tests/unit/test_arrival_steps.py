"""What each fact makes of a hop that has arrived or is stranded, as a whole: what is not named stays as it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from secondhop.domain import observation as seen
from secondhop.domain.chain import HopState
from secondhop.domain.classification import Cause
from secondhop.domain.command import InspectArrival, SurveyCopies, SurveyNewer
from secondhop.domain.observation import ArrivalInspected, Observation
from tests.builders import COPY_ARN, DR_KEY, NIGHT, NOW, a_chain, a_copy, a_job, a_route
from tests.hop_steps import (
    DAY,
    HOUR,
    OLD,
    PROMISED,
    REJECTED,
    SECOND,
    a_chain_in,
    assert_changes,
    entered,
    job_seen,
    step,
    stranded,
    surveyed,
)

WAITING, VERIFYING, VERIFIED = HopState.WAITING, HopState.VERIFYING, HopState.VERIFIED
VERIFY = InspectArrival(subject="to-dr", point=COPY_ARN)
LOOK = SurveyCopies(subject="to-dr")
NEWER = SurveyNewer(subject="to-dr")


def inspected(arrival: str = COPY_ARN, **copy: Any) -> ArrivalInspected:
    point = None if copy.get("gone") else a_copy(**copy)
    return ArrivalInspected(hop="to-dr", arrival=arrival, point=point, vault_key_arn=DR_KEY, key_state="Enabled")


GONE = inspected(gone=True)
NOT_THERE = f"{COPY_ARN} is not in dr-vault"
EXPIRED = "its status is EXPIRED"


@pytest.mark.parametrize(
    ("before", "fact", "changes", "commands"),
    [
        ({}, seen.Noticed(), {}, (VERIFY,)),
        ({}, inspected("other", status="EXPIRED"), {}, ()),
        ({}, inspected(), entered(VERIFIED) | {"failures": 0}, ()),
        ({"since": NOW - DAY + SECOND}, inspected(delete_at=None), {}, ()),
        (
            {"since": NOW - DAY},
            inspected(delete_at=None),
            stranded(Cause.STUCK, "AWS does not say yet when it expires"),
            (),
        ),
        ({"since": NOW - HOUR + SECOND}, GONE, {}, ()),
        ({"since": NOW - HOUR}, GONE, stranded(Cause.VANISHED, NOT_THERE, again=None), ()),
        ({"since": NOW}, inspected(status="EXPIRED"), stranded(Cause.MISMATCH, EXPIRED, again=None), ()),
        (
            {"arrival_is_adopted": True, "since": NOW},
            GONE,
            entered(WAITING) | {"rejected": (REJECTED, COPY_ARN), "arrival": None, "arrival_is_adopted": False},
            (LOOK,),
        ),
        ({"arrival_is_adopted": True, "since": NOW - DAY + SECOND}, inspected(delete_at=None), {}, ()),
    ],
)
def test_an_arrival_is_verified_asked_about_again_or_refused(
    before: dict[str, Any], fact: Observation, changes: dict[str, Any], commands: tuple[object, ...]
) -> None:
    chain = a_chain_in(VERIFYING, arrival=COPY_ARN, **before)

    assert_changes(chain, step(chain, fact), changes, *commands)


@pytest.mark.parametrize("state", [WAITING, VERIFYING, VERIFIED])
@pytest.mark.parametrize(
    ("message", "cause"),
    [
        ("no", Cause.PERMISSION),
        ("Access Denied trying to call AWS Backup service", Cause.VAULT_POLICY),
    ],
)
def test_a_denied_question_strands_by_what_the_denial_says(state: HopState, message: str, cause: Cause) -> None:
    chain = a_chain_in(state, arrival=COPY_ARN)
    taken = step(chain, seen.AskingRefused(hop="to-dr", message=message))

    assert_changes(chain, taken, stranded(cause, message))


@pytest.mark.parametrize("fact", [seen.Noticed(), seen.RetryAsked(by="ada")])
@pytest.mark.parametrize(
    ("before", "commands"),
    [
        ({"since": NOW - 12 * HOUR + SECOND}, ()),
        ({"since": NOW - 12 * HOUR}, (NEWER,)),
        ({"since": NIGHT - DAY, "last_seen_at": NOW - DAY + SECOND}, ()),
        ({"since": NIGHT - DAY, "last_seen_at": NOW - DAY}, (NEWER,)),
        ({"since": NOW - 7 * DAY + SECOND, "is_superseded": True}, ()),
        ({"since": NOW - 7 * DAY, "is_superseded": True}, (VERIFY,)),
        ({"since": NOW - 9 * DAY, "last_seen_at": NOW - 7 * DAY + SECOND, "is_superseded": True}, ()),
        ({"since": NOW - DAY, "seen_gone_at": NOW}, ()),
        ({"since": NOW - DAY, "arrival": None}, ()),
        ({"since": NOW - DAY, "promised_until": None}, ()),
        ({"since": NOW, "promised_until": NOW - 8 * HOUR + SECOND}, ()),
        ({"since": NOW, "promised_until": NOW - 8 * HOUR}, (VERIFY,)),
        ({"since": NOW, "promised_until": NOW - 9 * HOUR, "is_superseded": True}, (VERIFY,)),
        ({"promised_until": NOW - 9 * HOUR, "seen_gone_at": NOW}, ()),
        ({"promised_until": NOW - 9 * HOUR, "arrival": None}, ()),
    ],
)
def test_a_verified_copy_is_looked_at_daily_while_it_is_the_newest_then_weekly_and_once_its_time_is_over(
    fact: Observation, before: dict[str, Any], commands: tuple[object, ...]
) -> None:
    chain = a_chain_in(VERIFIED, **{"arrival": COPY_ARN, **before})

    assert_changes(chain, step(chain, fact), {}, *commands)


OVER = {"promised_until": NOW}
YOUNG = {"promised_until": NOW + SECOND}


@pytest.mark.parametrize(
    ("before", "fact", "changes", "commands"),
    [
        ({}, seen.NewerSurveyed(hop="to-dr", newer="another"), {"is_superseded": True}, ()),
        ({}, seen.NewerSurveyed(hop="to-dr", newer=None), {}, (VERIFY,)),
        ({}, inspected(), {"last_seen_at": NOW}, ()),
        ({}, inspected("other", status="EXPIRED"), {}, ()),
        (OVER, replace(GONE, arrival="other"), {}, ()),
        (OVER, GONE, {"seen_gone_at": NOW}, ()),
        (YOUNG, GONE, stranded(Cause.VANISHED, NOT_THERE, again=None), ()),
        (OVER, inspected(status="EXPIRED"), {}, ()),
        (YOUNG, inspected(status="EXPIRED"), stranded(Cause.MISMATCH, EXPIRED, again=None), ()),
        (YOUNG, inspected(delete_at=None), {}, ()),
        (OVER, inspected(delete_at=NOW), {"last_seen_at": NOW}, ()),
        ({"promised_until": None}, GONE, stranded(Cause.VANISHED, NOT_THERE, again=None), ()),
    ],
)
def test_a_verified_copy_is_judged_again_and_missed_only_before_its_time(
    before: dict[str, Any], fact: Observation, changes: dict[str, Any], commands: tuple[object, ...]
) -> None:
    chain = a_chain_in(VERIFIED, arrival=COPY_ARN, **before)

    assert_changes(chain, step(chain, fact), changes, *commands)


def for_good(cause: Cause = Cause.MISMATCH, **changes: Any) -> dict[str, Any]:
    """A trouble that only an operator overcomes."""
    return {"trouble": replace(OLD, cause=cause), **changes}


RESUMED = entered(WAITING) | {"not_before": None}
BEFORE_DAY, AFTER_DAY = {"not_before": NOW + SECOND}, {"not_before": NOW}
LOOKED = {"not_before": NOW + DAY}


@pytest.mark.parametrize(
    ("before", "expires", "changes", "commands"),
    [
        (BEFORE_DAY, SECOND, {}, ()),
        (AFTER_DAY, SECOND, RESUMED, (LOOK,)),
        (AFTER_DAY, None, RESUMED, (LOOK,)),
        ({"not_before": None}, SECOND, RESUMED, (LOOK,)),
        (
            AFTER_DAY,
            timedelta(0),
            stranded(Cause.SOURCE_GONE, "the source recovery point has reached its expiry", again=None),
            (),
        ),
        (AFTER_DAY | {"arrival": COPY_ARN}, timedelta(0), entered(VERIFYING), (VERIFY,)),
        (for_good(not_before=None), SECOND, LOOKED, (LOOK,)),
        (for_good(**BEFORE_DAY), SECOND, {}, ()),
        (for_good(**AFTER_DAY), SECOND, LOOKED, (LOOK,)),
        (for_good(**AFTER_DAY), None, LOOKED, (LOOK,)),
        (for_good(**AFTER_DAY), -8 * HOUR + SECOND, LOOKED, (LOOK,)),
        (for_good(**AFTER_DAY), -8 * HOUR, {}, ()),
        (for_good(**AFTER_DAY, arrival=COPY_ARN), SECOND, LOOKED, (LOOK,)),
        (for_good(Cause.TOO_LATE, **AFTER_DAY), SECOND, {}, ()),
        ({"trouble": None, **AFTER_DAY}, SECOND, {}, ()),
    ],
)
def test_time_moves_a_stranded_hop_daily_where_trying_can_help(
    before: dict[str, Any], expires: timedelta | None, changes: dict[str, Any], commands: tuple[object, ...]
) -> None:
    source = a_chain(source_expires_at=None if expires is None else NOW + expires)
    chain = a_chain_in(HopState.STRANDED, chain=source, **before)

    assert_changes(chain, step(chain, seen.Noticed()), changes, *commands)


@pytest.mark.parametrize(
    ("before", "changes", "commands"),
    [
        (BEFORE_DAY, RESUMED, (LOOK,)),
        (for_good(arrival=COPY_ARN), entered(VERIFYING), (VERIFY,)),
        (for_good(Cause.VANISHED), RESUMED, (LOOK,)),
        (
            for_good(Cause.VANISHED, arrival=COPY_ARN),
            RESUMED | {"rejected": (REJECTED, COPY_ARN), "arrival": None},
            (LOOK,),
        ),
        ({"trouble": None, "arrival": COPY_ARN}, entered(VERIFYING), (VERIFY,)),
    ],
)
def test_an_operator_moves_a_stranded_hop_at_once_and_its_failures_are_forgotten(
    before: dict[str, Any], changes: dict[str, Any], commands: tuple[object, ...]
) -> None:
    chain = a_chain_in(HopState.STRANDED, **before)
    taken = step(chain, seen.RetryAsked(by="ada"))

    assert_changes(chain, taken, changes | {"failures": 0}, *commands)
    assert taken.reason.startswith("tries again, asked by ada")


def test_a_try_in_vain_says_both_who_asked_and_why_it_is_stranded_again() -> None:
    chain = a_chain_in(HopState.STRANDED)
    taken = step(chain, seen.RetryAsked(by="ada"), route=a_route(legs=()))

    assert taken.reason.startswith("tries again, asked by ada; stranded (ROUTE): ")
    assert step(a_chain_in(HopState.STRANDED), seen.Noticed()).reason.startswith("tries again after a day; looks for")


ARRIVED = entered(VERIFYING) | {"arrival": COPY_ARN, "arrival_is_adopted": False}
DONE = a_job(job_id="DONE", state="COMPLETED", arrival=COPY_ARN)


@pytest.mark.parametrize(
    ("before", "fact", "changes", "commands"),
    [
        ({}, surveyed(), {}, ()),
        ({}, surveyed(a_job(state="FAILED", arrival=COPY_ARN)), {}, ()),
        ({}, surveyed(a_job(state="COMPLETED", arrival=None)), {}, ()),
        ({}, surveyed(replace(DONE, arrival=REJECTED)), {}, ()),
        ({"arrival": COPY_ARN}, surveyed(DONE), {}, ()),
        (
            {"arrival": "unfit"},
            surveyed(DONE),
            ARRIVED | {"job_id": "DONE", "rejected": (REJECTED, "unfit")},
            (VERIFY,),
        ),
        ({}, surveyed(points=(a_copy(),)), {}, ()),
        ({}, surveyed(DONE), ARRIVED | {"job_id": "DONE", "attempt": 3}, (VERIFY,)),
        ({"attempt": 0}, surveyed(DONE), ARRIVED | {"job_id": "DONE", "attempt": 1}, (VERIFY,)),
        (
            {},
            surveyed(replace(DONE, job_id="OLD", arrival="older", created_at=NIGHT), DONE),
            ARRIVED | {"job_id": "DONE"},
            (VERIFY,),
        ),
        ({}, job_seen(state="COMPLETED", arrival=COPY_ARN), ARRIVED, (VERIFY,)),
        ({"attempt": 0}, job_seen(state="COMPLETED", arrival=COPY_ARN), ARRIVED | {"attempt": 1}, (VERIFY,)),
        ({}, job_seen(state="COMPLETED", arrival=REJECTED), {}, ()),
        ({}, job_seen(state="COMPLETED"), {}, ()),
        ({}, job_seen(state="RUNNING", arrival=COPY_ARN), {}, ()),
    ],
)
def test_a_stranded_hop_takes_the_copy_of_a_finished_job_and_nothing_else(
    before: dict[str, Any], fact: Observation, changes: dict[str, Any], commands: tuple[object, ...]
) -> None:
    chain = a_chain_in(HopState.STRANDED, **before)

    assert_changes(chain, step(chain, fact), changes, *commands)


def test_the_promise_of_an_arrival_counts_to_its_last_minute() -> None:
    chain = a_chain_in(VERIFYING, arrival=COPY_ARN)

    on_time = step(chain, inspected(delete_at=PROMISED - timedelta(minutes=1)))
    too_early = step(chain, inspected(delete_at=PROMISED - timedelta(minutes=1, seconds=1)))
    assert (on_time.hop.state, too_early.hop.state) == (VERIFIED, HopState.STRANDED)
