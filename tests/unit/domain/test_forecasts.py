"""Which copies adopting a point would make, with the site that each leg copies out of."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from secondhop.domain.arn import Site, Vault
from secondhop.domain.forecast import Copy, Pace, copies_of, loads_of, pace_of, source_of, why_not_copied
from secondhop.domain.observation import PointSeen
from secondhop.domain.route import Route
from tests.builders import (
    DR_VAULT,
    NOW,
    ORDERS,
    RETENTION,
    SECOND_DR_VAULT,
    WATCHED,
    a_fan_out,
    a_leg,
    a_route,
    a_sequence,
    an_arrival,
)


def a_forecast(
    *,
    source: Site = WATCHED.site,
    destination: Vault = DR_VAULT,
    resource_type: str = "RDS",
    size_bytes: int | None = 7,
) -> Copy:
    return Copy(
        database=ORDERS,
        resource_type=resource_type,
        source=source,
        destination=destination,
        limit=20,
        size_bytes=size_bytes,
    )


@pytest.mark.parametrize(
    ("route", "sources"),
    [(a_fan_out(), (WATCHED.site, WATCHED.site)), (a_sequence(), (WATCHED.site, DR_VAULT.site))],
    ids=["side by side", "one after the other"],
)
def test_a_leg_copies_out_of_the_vault_that_it_reads(route: Route, sources: tuple[Site, Site]) -> None:
    far = a_forecast(source=sources[1], destination=SECOND_DR_VAULT)

    assert tuple(source_of(route, leg) for leg in route.legs) == sources
    assert copies_of(route, an_arrival(size_bytes=7), NOW) == (a_forecast(), far)


@pytest.mark.parametrize(
    ("point", "why"),
    [
        (an_arrival(), None),
        (an_arrival(delete_at=None), None),
        (an_arrival(delete_at=NOW - timedelta(days=1)), None),
        (
            an_arrival(status="EXPIRED"),
            "SOURCE_EXPIRED: its status is EXPIRED; only a copy that exists is taken over",
        ),
        (
            an_arrival(status="DELETING"),
            "SOURCE_EXPIRED: its status is DELETING; only a copy that exists is taken over",
        ),
        (an_arrival(created_at=NOW - timedelta(days=60)), "TOO_LATE: a copy made now would expire within 3 days"),
    ],
)
def test_what_is_not_copied_says_why_and_what_is_copied_says_nothing(point: PointSeen, why: str | None) -> None:
    longer = replace(RETENTION, minimum_remaining_days=3)
    route = a_route(legs=(a_leg(), a_leg(name="to-far", destination=SECOND_DR_VAULT, retention=longer)))

    assert why_not_copied(route, point, NOW) == why
    assert (copies_of(route, point, NOW) == ()) is (why is not None)


def test_a_point_that_one_leg_comes_too_late_for_still_travels_the_other() -> None:
    longer = replace(RETENTION, days=90)
    route = a_route(legs=(a_leg(), a_leg(name="to-far", destination=SECOND_DR_VAULT, retention=longer)))
    point = an_arrival(created_at=NOW - timedelta(days=60), delete_at=None)

    assert [copy.destination for copy in copies_of(route, point, NOW)] == [SECOND_DR_VAULT]
    assert why_not_copied(route, point, NOW) is None


def test_copies_are_gathered_by_site_and_type_in_a_steady_order() -> None:
    far, cluster = a_forecast(destination=SECOND_DR_VAULT), a_forecast(resource_type="Aurora", size_bytes=None)
    loads = loads_of([far, a_forecast(), cluster, a_forecast()])

    assert [(load.site, load.resource_type, load.copies) for load in loads] == [
        (DR_VAULT.site, "Aurora", (cluster,)),
        (DR_VAULT.site, "RDS", (a_forecast(), a_forecast())),
        (SECOND_DR_VAULT.site, "RDS", (far,)),
    ]
    assert [(load.size_bytes, load.unsized) for load in loads] == [(0, 1), (14, 0), (7, 0)]


def test_the_pace_of_copies_is_their_median_and_their_longest() -> None:
    hours = [timedelta(hours=each) for each in (9, 1, 2)]

    assert pace_of(hours) == Pace(copies=3, usual=timedelta(hours=2), longest=timedelta(hours=9))
