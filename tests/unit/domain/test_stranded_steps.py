"""What each fact makes of a stranded hop, as a whole: what is not named here stays as it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from secondhop.domain import observation as seen
from secondhop.domain.classification import Cause
from secondhop.domain.command import InspectArrival, InspectSource, SurveyCopies
from secondhop.domain.hop import HopState
from secondhop.domain.observation import ArrivalInspected, Observation, PointSeen
from tests.builders import COPY_ARN, DR_KEY, NIGHT, NOW, a_chain, a_copy, a_job, a_route, an_arrival
from tests.hop_steps import (
    DAY,
    OLD,
    REJECTED,
    SECOND,
    a_chain_in,
    assert_changes,
    entered,
    job_seen,
    step,
    surveyed,
)

WAITING, VERIFYING, VERIFIED = HopState.WAITING, HopState.VERIFYING, HopState.VERIFIED
VERIFY = InspectArrival(subject="to-dr", point=COPY_ARN)
LOOK = SurveyCopies(subject="to-dr")
SOURCE = InspectSource(subject="to-dr")


def inspected(arrival: str = COPY_ARN, **copy: Any) -> ArrivalInspected:
    point = None if copy.get("gone") else a_copy(**copy)
    return ArrivalInspected(hop="to-dr", arrival=arrival, point=point, vault_key_arn=DR_KEY, key_state="Enabled")


GONE = inspected(gone=True)


def for_good(cause: Cause = Cause.MISMATCH, /, **changes: Any) -> dict[str, Any]:
    """A trouble that only an operator overcomes."""
    return {"trouble": replace(OLD, cause=cause), **changes}


RESUMED = entered(WAITING)
BEFORE_DAY, AFTER_DAY = {"not_before": NOW + SECOND}, {"not_before": NOW}
LOOKED = {"not_before": NOW + DAY}


@pytest.mark.parametrize(
    ("before", "expires", "changes", "commands"),
    [
        (BEFORE_DAY, SECOND, {}, ()),
        (AFTER_DAY, SECOND, RESUMED, (LOOK,)),
        (AFTER_DAY, None, RESUMED, (LOOK,)),
        ({"not_before": None}, SECOND, RESUMED, (LOOK,)),
        (AFTER_DAY, -30 * DAY, RESUMED, (LOOK,)),
        (AFTER_DAY | {"arrival": COPY_ARN}, timedelta(0), entered(VERIFYING), (VERIFY,)),
        (for_good(not_before=None), SECOND, LOOKED, (LOOK,)),
        (for_good(**BEFORE_DAY), SECOND, {}, ()),
        (for_good(**AFTER_DAY), SECOND, LOOKED, (LOOK,)),
        (for_good(**AFTER_DAY), None, LOOKED, (LOOK,)),
        (for_good(**AFTER_DAY), -30 * DAY, LOOKED, (LOOK,)),
        (for_good(**AFTER_DAY, arrival=COPY_ARN), SECOND, LOOKED, (VERIFY, LOOK)),
        (for_good(Cause.TOO_LATE, **AFTER_DAY), SECOND, LOOKED, (SOURCE,)),
        ({"trouble": None, **AFTER_DAY}, SECOND, LOOKED, (LOOK,)),
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
        (for_good(**AFTER_DAY), {}, ()),
        (for_good(Cause.TOO_LATE, **AFTER_DAY), {}, ()),
        (for_good(**AFTER_DAY, arrival=COPY_ARN), LOOKED, (VERIFY,)),
    ],
)
def test_a_stranded_hop_whose_source_is_gone_looks_only_at_its_copy(
    before: dict[str, Any], changes: dict[str, Any], commands: tuple[object, ...]
) -> None:
    chain = a_chain_in(HopState.STRANDED, chain=a_chain(source_gone_at=NOW - DAY), **before)

    assert_changes(chain, step(chain, seen.Noticed()), changes, *commands)


@pytest.mark.parametrize(
    ("before", "fact", "changes"),
    [
        ({}, inspected(), entered(VERIFIED) | {"failures": 0}),
        ({}, inspected("other"), {}),
        ({}, replace(GONE, arrival="other"), {}),
        ({}, GONE, {"seen_gone_at": NOW}),
        ({"seen_gone_at": NOW - DAY}, GONE, {}),
        ({"seen_gone_at": NOW - DAY}, inspected(status="EXPIRED"), {"seen_gone_at": None}),
        ({}, inspected(status="EXPIRED"), {}),
        ({}, inspected(delete_at=None), {}),
    ],
)
def test_a_stranded_hop_sees_its_copy_become_good_or_go(
    before: dict[str, Any], fact: Observation, changes: dict[str, Any]
) -> None:
    chain = a_chain_in(HopState.STRANDED, arrival=COPY_ARN, **for_good(**before))

    assert_changes(chain, step(chain, fact), changes)


@pytest.mark.parametrize(
    ("point", "reason"),
    [(None, "stranded; its source is gone"), (an_arrival(), "stranded; its source still stands")],
)
def test_a_stranded_hop_says_whether_its_source_stands(point: PointSeen | None, reason: str) -> None:
    chain = a_chain_in(HopState.STRANDED)
    taken = step(chain, seen.SourceInspected(hop="to-dr", point=point))

    assert_changes(chain, taken, {})
    assert taken.reason == reason


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

    assert_changes(chain, taken, changes | {"failures": 0, "is_retry_ordered": True}, *commands)
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
