"""What a chain begins with, as a whole: of an arrival, of a first hop, and of what cannot be copied."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from secondhop.domain.arn import Site
from secondhop.domain.chain import Chain, ChainKey, Intermediate
from secondhop.domain.circuit import Circuit
from secondhop.domain.classification import Cause
from secondhop.domain.first_hop import first_hop_route, is_stuck, open_expectation
from secondhop.domain.hop import Attempt, Hop, HopState
from secondhop.domain.observation import CopySeen, Noticed, PointSeen, SourceNotReady, SourceUnfit
from secondhop.domain.opening import NOT_SHOWN, first_fact, open_chain
from secondhop.domain.route import FirstHops, Leg, Retention, Route, RouteKind
from tests.builders import (
    ARRIVAL_ARN,
    CUSTOMERS,
    DR_VAULT,
    HOME,
    NIGHT,
    NOW,
    ORDERS,
    SECOND_DR_VAULT,
    WATCHED,
    WATCHED_KEY,
    WORKLOAD,
    WORKLOAD_VAULT,
    a_job,
    a_route,
    a_sequence,
    an_arrival,
)

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


def test_a_chain_begins_with_what_its_arrival_says() -> None:
    assert open_chain(a_sequence(), an_arrival(), now=NOW) == Chain(
        key=ChainKey(ARRIVAL_ARN, "default"),
        database=ORDERS,
        resource_type="RDS",
        created_at=NIGHT,
        opened_at=NOW,
        next_check=NOW,
        watched=WATCHED,
        encrypted=True,
        key_arn=WATCHED_KEY,
        source_expires_at=NIGHT + timedelta(days=7),
        source_seen_at=NOW,
        hops=(
            Hop(name="to-dr", reads_from=None, destination=DR_VAULT, since=NOW),
            Hop(name="to-far", reads_from="to-dr", destination=SECOND_DR_VAULT, since=NOW),
        ),
        intermediates=(
            Intermediate(name="arrival", vault=WATCHED, point=ARRIVAL_ARN, since=NOW),
            Intermediate(name="to-dr", vault=DR_VAULT, point=None, since=NOW),
        ),
    )


@pytest.mark.parametrize(("told", "is_encrypted"), [(True, True), (None, True), (False, False)])
def test_only_a_point_that_says_so_is_unencrypted(told: bool | None, is_encrypted: bool) -> None:
    assert open_chain(a_route(), an_arrival(is_encrypted=told), now=NOW).encrypted is is_encrypted


@pytest.mark.parametrize(
    ("changes", "is_whole"),
    [
        ({}, True),
        ({"status": "AVAILABLE"}, True),
        ({"status": "CREATING"}, False),
        ({"status": "EXPIRED"}, False),
        ({"status": "DELETING"}, False),
        ({"status": NOT_SHOWN}, False),
        ({"delete_at": None}, False),
        ({"is_encrypted": None}, False),
        ({"is_encrypted": False}, True),
    ],
)
def test_a_point_counts_as_described_only_if_nothing_is_missing_and_it_stands(
    changes: dict[str, Any], is_whole: bool
) -> None:
    """Otherwise it is described again before it is copied."""
    chain = open_chain(a_route(), an_arrival(**changes), now=NOW)

    assert chain.source_seen_at == (NOW if is_whole else None)
    assert chain.source_gone_at is None


@pytest.mark.parametrize("came_from_workload", [True, False])
def test_a_chain_remembers_whether_its_point_is_known_to_come_from_a_workload_account(came_from_workload: bool) -> None:
    chain = open_chain(a_route(), an_arrival(), now=NOW, came_from_workload=came_from_workload)

    assert chain.came_from_workload is came_from_workload


CONTINUOUS = "arn:aws:rds:eu-west-1:444455556666:recovery-point:continuous:orders"
BARE = an_arrival(resource_type="Aurora", database=CUSTOMERS, is_encrypted=False)


@pytest.mark.parametrize(
    ("point", "cause", "message"),
    [
        (
            an_arrival(arn=CONTINUOUS),
            Cause.UNSUPPORTED,
            f"{CONTINUOUS} is a continuous backup; StartCopyJob does not copy those",
        ),
        (
            an_arrival(database=CUSTOMERS),
            Cause.UNSUPPORTED,
            f"{CUSTOMERS} is an RDS Multi-AZ DB cluster; AWS Backup does not copy those",
        ),
        (BARE, Cause.UNENCRYPTED, f"{ARRIVAL_ARN} is not encrypted, and copies of Aurora stay so"),
    ],
)
def test_what_cannot_be_copied_is_said_at_the_first_look(point: PointSeen, cause: Cause, message: str) -> None:
    assert first_fact(a_sequence(), point) == SourceUnfit(hop="to-dr", cause=cause, message=message)


@pytest.mark.parametrize(
    ("point", "route"),
    [
        (an_arrival(), a_route()),
        (an_arrival(is_encrypted=False), a_route()),
        (an_arrival(resource_type="Aurora", database=CUSTOMERS), a_route()),
        (an_arrival(resource_type="Aurora", database=CUSTOMERS, is_encrypted=None), a_route()),
        (BARE, a_route(allow_unencrypted=True)),
    ],
)
def test_what_can_be_copied_goes_on(point: PointSeen, route: Route) -> None:
    assert first_fact(route, point) == Noticed()


def test_a_point_that_is_still_made_is_waited_for_by_the_hop_that_reads_it() -> None:
    assert first_fact(a_sequence(), an_arrival(status="CREATING")) == SourceNotReady(hop="to-dr", why="CREATING")


FIRST_HOPS = FirstHops(site=Site(WORKLOAD, HOME), role_arn="arn:aws:iam::111122223333:role/first", retention_days=9)
WATCHING = a_route(first_hops=FIRST_HOPS)


def test_first_hops_travel_a_route_of_their_own_that_releases_nothing() -> None:
    assert first_hop_route(WATCHING, WORKLOAD_VAULT) == Route(
        name="default.first",
        watched=WORKLOAD_VAULT,
        workload_accounts=WATCHING.workload_accounts,
        workload_region=HOME,
        resource_types=WATCHING.resource_types,
        legs=(
            Leg(
                name="first",
                reads_from=None,
                destination=WATCHED,
                copy_role_arn=FIRST_HOPS.role_arn,
                retention=Retention(days=9, floor_days=1, ceiling_days=36500, minimum_remaining_days=1),
            ),
        ),
        keep={},
        allow_unencrypted=True,
        kind=RouteKind.FIRST_HOPS,
        serves="default",
        first_hops=None,
    )
    with pytest.raises(ValueError, match=r"^route default does not watch first hops$"):
        first_hop_route(a_route(), WORKLOAD_VAULT)


@pytest.mark.parametrize("state", ["FAILED", "PARTIAL", "COMPLETED"])
def test_a_first_hop_that_ended_begins_as_a_copy_under_way_with_its_job(state: str) -> None:
    route = first_hop_route(WATCHING, WORKLOAD_VAULT)
    job = a_job(state=state, job_id="PLAN-1", delete_after_days=14)
    chain, fact = open_expectation(route, an_arrival(), job, now=NOW)

    expected = Hop(
        name="first",
        reads_from=None,
        destination=WATCHED,
        since=NOW,
        state=HopState.COPYING,
        delete_after_days=14,
        attempt=Attempt(job_id="PLAN-1", number=1),
    )
    assert chain.hops == (expected,)
    assert (chain.opened_at, chain.intermediates) == (NOW, ())
    assert fact == CopySeen(hop="first", job=job)


@pytest.mark.parametrize("state", ["CREATED", "RUNNING"])
def test_a_first_hop_whose_job_still_lives_begins_by_looking(state: str) -> None:
    route = first_hop_route(WATCHING, WORKLOAD_VAULT)
    chain, fact = open_expectation(route, an_arrival(), a_job(state=state, delete_after_days=14), now=NOW)

    assert chain.hops == (Hop(name="first", reads_from=None, destination=WATCHED, since=NOW, delete_after_days=14),)
    assert fact == Noticed()


def test_a_first_hop_of_what_cannot_be_copied_says_so_and_waits() -> None:
    route = first_hop_route(WATCHING, WORKLOAD_VAULT)
    chain, fact = open_expectation(route, an_arrival(arn=CONTINUOUS), a_job(state="FAILED"), now=NOW)

    assert isinstance(fact, SourceUnfit)
    assert (chain.hop("first").state, chain.hop("first").attempt.job_id) == (HopState.WAITING, None)


@pytest.mark.parametrize(
    ("resource_type", "age", "stuck"),
    [
        ("RDS", 24 * HOUR, False),
        ("RDS", 24 * HOUR + SECOND, True),
        ("Aurora", 36 * HOUR, False),
        (None, 36 * HOUR, False),
        (None, 36 * HOUR + SECOND, True),
    ],
)
def test_a_job_is_stuck_when_it_is_older_than_copies_get(
    resource_type: str | None, age: timedelta, stuck: bool
) -> None:
    assert is_stuck(a_job(created_at=NOW - age), resource_type, NOW) is stuck
    assert not is_stuck(a_job(created_at=None), resource_type, NOW)


def test_a_circuit_opens_at_the_fifth_database_and_keeps_its_date() -> None:
    circuit = Circuit(site=DR_VAULT.site)
    for minutes in range(4):
        circuit = circuit.after_failure(NOW + timedelta(minutes=minutes), database=f"db-{minutes}")
        assert not circuit.is_open
        assert not circuit.blocks(NOW, database="db")
    opened = circuit.after_failure(NOW, database="db-4")
    probe = NOW + timedelta(minutes=15)

    assert (opened.failures, opened.opened_at, opened.probe_after, opened.probes) == (5, NOW, probe, 0)
    assert (opened.blocks(probe - SECOND, database="db"), opened.blocks(probe, database="db")) == (True, False)
    worse = opened.after_failure(NOW + HOUR, database="db-5")
    assert worse == replace(opened, failures=6)
    assert opened.probed(probe).probe_after == probe + timedelta(minutes=30)
    assert opened.after_success() == Circuit(site=DR_VAULT.site)
    assert opened.words() == (
        f"since {NOW.isoformat()} copies of several databases into {DR_VAULT.site} fail, and none arrives; "
        "one at a time is tried until they arrive"
    )
