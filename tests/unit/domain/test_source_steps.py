"""What a hop that waits makes of its source, as AWS has just described it: copy it, wait for it, or strand."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from secondhop.domain import observation as seen
from secondhop.domain.advance import advance
from secondhop.domain.classification import Cause
from secondhop.domain.command import StartCopy
from secondhop.domain.hop import HopState
from secondhop.domain.observation import PointSeen
from tests.builders import ARRIVAL_ARN, COPY_ARN, CUSTOMERS, NOW, a_chain, a_copy, a_job, a_route, an_arrival
from tests.hop_steps import DAY, a_chain_in, assert_changes, step, stranded, surveyed

WAITING = HopState.WAITING
A_CLUSTER = {"resource_type": "Aurora", "database": CUSTOMERS}


def described(point: PointSeen | None, **changes: Any) -> seen.CopiesSurveyed:
    """A survey that found no copy, with the source as AWS described it."""
    return surveyed(source=seen.SourceInspected(hop="to-dr", point=point), **changes)


@pytest.mark.parametrize(
    "point",
    [
        an_arrival(),
        an_arrival(status="AVAILABLE"),
        an_arrival(delete_at=None),
        an_arrival(delete_at=NOW - 30 * DAY),
        an_arrival(is_encrypted=None),
        an_arrival(is_encrypted=False),
    ],
)
def test_a_source_that_stands_is_copied_whatever_is_stored_about_it(point: PointSeen) -> None:
    chain = a_chain_in(WAITING, chain=a_chain(source_expires_at=NOW - 30 * DAY))

    (start,) = step(chain, described(point)).commands
    assert isinstance(start, StartCopy)


def test_a_source_that_was_described_a_moment_ago_is_copied_without_another_look() -> None:
    (start,) = step(a_chain_in(WAITING), surveyed()).commands

    assert isinstance(start, StartCopy)


@pytest.mark.parametrize(
    ("point", "cause", "message", "again"),
    [
        (an_arrival(status="EXPIRED"), Cause.SOURCE_EXPIRED, f"the status of {ARRIVAL_ARN} is EXPIRED", DAY),
        (an_arrival(status="DELETING"), Cause.SOURCE_EXPIRED, f"the status of {ARRIVAL_ARN} is DELETING", DAY),
        (
            an_arrival(is_encrypted=False, **A_CLUSTER),
            Cause.UNENCRYPTED,
            f"{ARRIVAL_ARN} is not encrypted, and copies of Aurora stay so",
            None,
        ),
    ],
)
def test_a_source_that_cannot_be_copied_strands_its_hop(
    point: PointSeen, cause: Cause, message: str, again: timedelta | None
) -> None:
    chain = a_chain_in(WAITING)

    assert_changes(chain, step(chain, described(point)), stranded(cause, message, again=again))


def test_an_unencrypted_cluster_is_copied_where_the_route_allows_it() -> None:
    point = an_arrival(is_encrypted=False, **A_CLUSTER)
    taken = step(a_chain_in(WAITING), described(point), route=a_route(allow_unencrypted=True))

    assert [type(each) for each in taken.commands] == [StartCopy]


def test_a_source_that_is_still_created_is_asked_about_again_in_five_minutes() -> None:
    chain = a_chain_in(WAITING)
    taken = step(chain, described(an_arrival(status="CREATING")))

    assert_changes(chain, taken, {"not_before": NOW + timedelta(minutes=5)})
    assert taken.reason == "waits: its source is still CREATING"


@pytest.mark.parametrize(("opened_minutes_ago", "is_gone"), [(0, False), (59, False), (60, True), (24 * 60, True)])
def test_a_source_that_is_not_found_is_gone_only_an_hour_after_its_chain_was_opened(
    opened_minutes_ago: int, is_gone: bool
) -> None:
    chain = a_chain_in(WAITING, chain=a_chain(opened_at=NOW - timedelta(minutes=opened_minutes_ago)))
    after = advance(chain, described(None), route=a_route(), now=NOW).chain

    if is_gone:
        (trouble,) = after.troubles()
        assert trouble.cause is Cause.SOURCE_GONE
        assert trouble.message == f"AWS says that {ARRIVAL_ARN} is not found, and no copy of it was found"
    else:
        assert (after.hop("to-dr").state, after.hop("to-dr").attempt.not_before) == (
            WAITING,
            NOW + timedelta(minutes=5),
        )
    assert after.source_gone_at == (NOW if is_gone else None)


@pytest.mark.parametrize("point", [None, an_arrival(status="EXPIRED"), an_arrival(status="CREATING")])
@pytest.mark.parametrize("found", ["job", "point"])
def test_a_copy_that_exists_is_taken_over_whatever_has_become_of_its_source(
    point: PointSeen | None, found: str
) -> None:
    source = seen.SourceInspected(hop="to-dr", point=point)
    fact = surveyed(a_job(state="COMPLETED", arrival=COPY_ARN)) if found == "job" else surveyed(points=(a_copy(),))
    taken = step(a_chain_in(WAITING), replace(fact, source=source))

    assert (taken.hop.state, taken.hop.arrival.point) == (HopState.VERIFYING, COPY_ARN)


@pytest.mark.parametrize("point", [an_arrival(), None, an_arrival(status="EXPIRED")])
def test_a_copy_of_the_same_backup_from_another_point_strands_and_nothing_is_copied(point: PointSeen | None) -> None:
    chain = a_chain_in(WAITING)
    taken = step(chain, described(point, twins=(COPY_ARN, COPY_ARN + "-b")))

    message = (
        f"{COPY_ARN}, {COPY_ARN}-b in dr-vault is a copy of the same backup, made from another recovery point. "
        f"{ARRIVAL_ARN} may have been copied back, or was copied twice into its vault"
    )
    assert_changes(chain, taken, stranded(Cause.UNDECIDABLE, message, again=None))


def test_a_hop_without_a_role_says_that_its_source_is_gone_before_it_says_that_it_is_left_to_others() -> None:
    chain = a_chain_in(WAITING, chain=a_chain(source_gone_at=NOW))
    route = a_route(legs=(replace(a_route().legs[0], copy_role_arn=""),))
    taken = step(chain, described(None), route=route)

    assert taken.hop.notice.trouble is not None
    assert taken.hop.notice.trouble.cause is Cause.SOURCE_GONE
