"""What a chain knows of its source is as young as its last description, and "gone" is only what AWS said."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from secondhop.domain import observation as seen
from secondhop.domain import release_observation as going
from secondhop.domain.advance import advance
from secondhop.domain.chain import Chain
from secondhop.domain.hop import HopState
from secondhop.domain.observation import Observation, PointSeen
from secondhop.domain.opening import NOT_SHOWN, open_chain
from secondhop.domain.source import is_due, is_fresh, next_source_check, with_source
from tests.builders import COPY_ARN, NIGHT, NOW, a_chain, a_copy, a_route, an_arrival, with_hop
from tests.hop_steps import surveyed

SECOND, MINUTE, HOUR, DAY = (timedelta(**{unit: 1}) for unit in ("seconds", "minutes", "hours", "days"))
BEFORE = NOW - 5 * DAY
OLD = a_chain(opened_at=BEFORE, source_seen_at=BEFORE)


def described(point: PointSeen | None) -> seen.SourceInspected:
    return seen.SourceInspected(hop="to-dr", point=point)


def learned(fact: Observation, *, now: datetime = NOW, **before: Any) -> dict[str, Any]:
    """What a chain knows of its source after a fact."""
    after = advance(replace(OLD, **before), fact, route=a_route(), now=now).chain
    names = ("created_at", "encrypted", "key_arn", "source_expires_at", "source_seen_at", "source_gone_at")
    return {name: getattr(after, name) for name in names}


KNOWN = {
    "created_at": NIGHT,
    "encrypted": True,
    "key_arn": an_arrival().key_arn,
    "source_expires_at": NIGHT + 7 * DAY,
    "source_seen_at": NOW,
    "source_gone_at": None,
}


@pytest.mark.parametrize(
    ("point", "changes"),
    [
        ({}, {}),
        ({"delete_at": NOW + 90 * DAY}, {"source_expires_at": NOW + 90 * DAY}),
        ({"delete_at": None}, {"source_expires_at": None}),
        ({"key_arn": "new-key"}, {"key_arn": "new-key"}),
        ({"key_arn": None}, {}),
        ({"is_encrypted": False}, {"encrypted": False}),
        ({"is_encrypted": None}, {}),
        ({"created_at": NIGHT - DAY}, {"created_at": NIGHT - DAY}),
        ({"status": "EXPIRED"}, {}),
    ],
)
def test_a_chain_takes_over_what_aws_says_of_its_source_now(point: dict[str, Any], changes: dict[str, Any]) -> None:
    fact = described(an_arrival(**point))

    assert learned(fact) == KNOWN | changes
    assert learned(surveyed(source=fact)) == KNOWN | changes


def test_what_aws_leaves_out_does_not_make_an_unencrypted_source_encrypted() -> None:
    assert learned(described(an_arrival(is_encrypted=None)), encrypted=False)["encrypted"] is False


@pytest.mark.parametrize(("age", "is_gone"), [(timedelta(0), False), (HOUR - SECOND, False), (HOUR, True)])
def test_not_found_means_gone_only_when_the_point_had_an_hour_to_show(age: timedelta, is_gone: bool) -> None:
    known = learned(described(None), opened_at=NOW - age, source_seen_at=None)

    assert (known["source_seen_at"], known["source_gone_at"]) == ((NOW, NOW) if is_gone else (None, None))
    assert known["source_expires_at"] == NIGHT + 7 * DAY


def test_a_source_is_gone_since_it_was_first_not_found_and_may_show_again() -> None:
    assert learned(described(None), source_gone_at=NOW - DAY)["source_gone_at"] == NOW - DAY
    assert learned(described(an_arrival()), source_gone_at=NOW - DAY)["source_gone_at"] is None


@pytest.mark.parametrize("fact", [seen.Noticed(), surveyed(), seen.JobMissing(hop="to-dr", job_id="JOB-1")])
def test_a_fact_that_says_nothing_of_the_source_leaves_its_date(fact: Observation) -> None:
    assert learned(fact) == KNOWN | {"source_seen_at": BEFORE}


@pytest.mark.parametrize(
    ("fact", "is_known"),
    [
        (surveyed(), False),
        (surveyed(is_from_workload=True), True),
        (surveyed(is_from_workload=True, source=described(an_arrival())), True),
        (surveyed(source=described(an_arrival())), False),
        (going.KeepSurveyed(intermediate="arrival", newer=0, is_listed=True), False),
        (going.KeepSurveyed(intermediate="arrival", newer=0, is_listed=True, is_from_workload=True), True),
    ],
)
def test_an_origin_that_is_clear_once_is_remembered(fact: Observation, is_known: bool) -> None:
    unknown = replace(OLD, came_from_workload=False)

    assert advance(unknown, fact, route=a_route(), now=NOW).chain.came_from_workload is is_known
    assert advance(OLD, fact, route=a_route(), now=NOW).chain.came_from_workload


@pytest.mark.parametrize(
    ("opened", "described", "fresh"),
    [
        (timedelta(0), timedelta(0), True),
        (MINUTE - SECOND, MINUTE - SECOND, True),
        (MINUTE, MINUTE, False),
        (MINUTE - SECOND, None, False),
        (MINUTE - SECOND, timedelta(0), False),
        (DAY, timedelta(0), False),
    ],
)
def test_a_decision_rests_on_the_description_at_opening_for_a_minute_and_on_no_other(
    opened: timedelta, described: timedelta | None, fresh: bool
) -> None:
    seen_at = None if described is None else NOW - described

    assert is_fresh(replace(OLD, opened_at=NOW - opened, source_seen_at=seen_at), NOW) is fresh


@pytest.mark.parametrize(
    ("known", "due"),
    [
        ({"source_seen_at": None}, True),
        ({"source_seen_at": None, "source_gone_at": NOW}, False),
        ({"source_seen_at": NOW - 9 * DAY, "source_gone_at": NOW}, False),
        ({"source_seen_at": NOW - DAY + SECOND}, False),
        ({"source_seen_at": NOW - DAY}, True),
        ({"source_seen_at": NOW - HOUR + SECOND, "source_expires_at": None, "opened_at": NOW - HOUR}, False),
        ({"source_seen_at": NOW - HOUR, "source_expires_at": None, "opened_at": NOW - DAY + SECOND}, True),
        ({"source_seen_at": NOW - HOUR, "source_expires_at": None, "opened_at": NOW - DAY}, False),
        ({"source_seen_at": NOW - DAY, "source_expires_at": None, "opened_at": NOW - 9 * DAY}, True),
        ({"source_seen_at": NOW - HOUR + SECOND, "source_expires_at": NOW}, False),
        ({"source_seen_at": NOW - HOUR, "source_expires_at": NOW}, True),
        ({"source_seen_at": NOW - HOUR, "source_expires_at": NOW + SECOND}, False),
    ],
)
def test_a_source_that_is_only_watched_is_described_daily_and_hourly_while_its_expiry_is_in_doubt(
    known: dict[str, Any], due: bool
) -> None:
    assert is_due(replace(OLD, **known), NOW) is due


@pytest.mark.parametrize(
    ("known", "check"),
    [
        ({"source_gone_at": NOW}, None),
        ({"source_expires_at": None}, NOW + 7 * DAY),
        ({"source_expires_at": NOW + 30 * DAY}, NOW + 7 * DAY),
        ({"source_expires_at": NOW + DAY}, NOW + DAY + 8 * HOUR),
        ({"source_expires_at": NOW - 8 * HOUR + SECOND}, NOW + SECOND),
        ({"source_expires_at": NOW - 8 * HOUR}, NOW + 7 * DAY),
    ],
)
def test_a_source_that_nobody_copies_is_looked_at_weekly_and_when_it_should_be_gone(
    known: dict[str, Any], check: datetime | None
) -> None:
    assert next_source_check(replace(OLD, **known), NOW) == check


NEWS = NIGHT + 25 * MINUTE
UNDATED = with_hop(
    replace(OLD, created_at=NEWS, is_date_known=False),
    state=HopState.VERIFYING,
    arrival=COPY_ARN,
    promised_until=NEWS + 35 * DAY,
)


def inspected(**copy: Any) -> seen.ArrivalInspected:
    point = a_copy(**copy)
    return seen.ArrivalInspected(
        hop="to-dr", arrival=COPY_ARN, point=point, vault_key_arn=point.key_arn, key_state="Enabled"
    )


def test_a_chain_that_knows_no_date_takes_that_of_the_copy_that_its_job_made() -> None:
    """Its recovery point was never described, for example because another installation deleted it."""
    after = advance(UNDATED, inspected(), route=a_route(), now=NOW).chain

    assert (after.created_at, after.is_date_known) == (NIGHT, True)
    assert (after.hop("to-dr").state, after.hop("to-dr").arrival.promised_until) == (
        HopState.VERIFIED,
        NIGHT + 35 * DAY,
    )


@pytest.mark.parametrize(
    ("chain", "fact"),
    [
        (replace(UNDATED, is_date_known=True), inspected()),
        (with_hop(UNDATED, arrival_is_adopted=True), inspected()),
        (with_hop(UNDATED, arrival=COPY_ARN + "-other"), inspected()),
        (UNDATED, replace(inspected(), point=None)),
    ],
    ids=["dated", "found in the vault", "another copy", "not described"],
)
def test_no_other_copy_dates_a_chain(chain: Chain, fact: seen.ArrivalInspected) -> None:
    assert advance(chain, fact, route=a_route(), now=NOW).chain.created_at == NEWS


def test_a_description_dates_a_chain_and_the_news_do_not() -> None:
    shown = open_chain(a_route(), an_arrival(), now=NOW)
    not_shown = open_chain(a_route(), an_arrival(status=NOT_SHOWN), now=NOW)
    later = advance(not_shown, described(an_arrival()), route=a_route(), now=NOW).chain

    assert [chain.is_date_known for chain in (shown, not_shown, later)] == [True, False, True]


def test_what_was_promised_counts_from_the_date_that_the_source_shows_later() -> None:
    after = with_source(UNDATED, an_arrival(created_at=NIGHT), NOW)

    assert (after.created_at, after.is_date_known) == (NIGHT, True)
    assert after.hop("to-dr").arrival.promised_until == NIGHT + 35 * DAY
