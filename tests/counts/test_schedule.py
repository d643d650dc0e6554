"""The bound and the ideal scheduler that a burst is compared with, on schedules that fit on paper."""

from __future__ import annotations

import pytest

from bench.schedule import Ran, bound, ideal, idle_share, makespan, most_at_once, shifts, waits


def ran(arrived: float, started: float, ended: float, *, heard: float | None = None, delay: float = 0) -> Ran:
    return Ran(
        arrived=arrived,
        heard=arrived if heard is None else heard,
        requested=started,
        started=started,
        ended=ended,
        notified=ended + delay,
    )


ONE_AFTER_THE_OTHER = [ran(0, 0, 10), ran(0, 10, 15), ran(1, 15, 20)]


def test_no_schedule_is_shorter_than_all_work_on_all_slots_or_the_longest_job() -> None:
    assert bound(ONE_AFTER_THE_OTHER, 1) == 20
    assert bound(ONE_AFTER_THE_OTHER, 2) == 10
    assert bound(ONE_AFTER_THE_OTHER, 20) == 10


def test_the_ideal_scheduler_starts_each_job_in_the_first_free_slot_by_arrival() -> None:
    assert makespan(ONE_AFTER_THE_OTHER) == 20
    assert ideal(ONE_AFTER_THE_OTHER, 1, has_delays=False) == 20
    assert ideal(ONE_AFTER_THE_OTHER, 2, has_delays=False) == 10


def test_with_delays_it_learns_of_points_and_free_slots_by_the_same_events() -> None:
    late = [ran(0, 0, 10, heard=2, delay=3), ran(0, 10, 15, heard=1, delay=1)]

    assert ideal(late, 1, has_delays=False) == 15
    # From 1 to 6, notified at 7; from 7 to 17.
    assert ideal(late, 1, has_delays=True) == 17


@pytest.mark.parametrize(("jobs", "most"), [(ONE_AFTER_THE_OTHER, 1), ([ran(0, 0, 10), ran(0, 9, 12)], 2)])
def test_jobs_in_flight_are_counted_where_they_overlap(jobs: list[Ran], most: int) -> None:
    assert most_at_once(jobs) == most


def test_slot_time_is_idle_if_a_point_waits_beside_a_free_slot() -> None:
    assert idle_share([ran(0, 0, 10), ran(0, 10, 20)], 1) == 0
    assert idle_share([ran(0, 0, 10), ran(0, 10, 20)], 2) == 0.5


def test_waits_and_places_are_counted_from_the_order_of_arrival() -> None:
    swapped = [ran(0, 20, 30), ran(1, 5, 9), ran(2, 9, 12)]

    assert waits(swapped) == (7, 20)
    mean, most = shifts(swapped)
    assert (round(mean, 3), most) == (1.333, 2)
