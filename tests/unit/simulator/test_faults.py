"""Faults that a test puts, and faults that make no sense."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from backup_simulator import Delivery, ProcessDied, UnknownBehaviour, World
from backup_simulator.model import Call
from backup_simulator.services.backup.cron import Schedule
from tests.simulated_place import DR, Place


def refused_of(place: Place, calls: int) -> int:
    count = 0
    for _ in range(calls):
        try:
            place.client.list_copy_jobs()
        except place.client.exceptions.ClientError:
            count += 1
    return count


def test_a_share_of_calls_is_throttled_until_the_faults_are_cleared() -> None:
    place = Place()
    place.world.faults.flaky(0.5, "ListCopyJobs")
    assert 20 < refused_of(place, 100) < 80

    place.world.faults.clear()
    assert refused_of(place, 100) == 0


def test_a_throttled_call_says_so() -> None:
    place = Place()
    place.world.faults.flaky(1.0)

    with pytest.raises(ClientError, match="ThrottlingException"):
        place.client.list_copy_jobs()


def test_a_flaky_call_is_refused_with_the_code_and_the_message_that_a_test_gives() -> None:
    place = Place()
    place.world.faults.flaky(1.0, "ListCopyJobs", code="RequestExpired", message="Request has expired.")

    with pytest.raises(ClientError, match=r"\(RequestExpired\).*Request has expired\."):
        place.client.list_copy_jobs()


def test_only_the_operations_that_are_named_are_throttled() -> None:
    place = Place()
    place.world.faults.flaky(1.0, "StartCopyJob")

    assert refused_of(place, 10) == 0


def test_the_next_matching_copy_jobs_fail_and_then_no_more() -> None:
    place = Place()
    place.world.faults.fail_copy_job(message="An internal error occurred.", destination_region=DR, times=2)
    messages = []
    for attempt in range(3):
        job_id = place.copy(IdempotencyToken=f"token-{attempt}")
        place.world.run_for(timedelta(hours=3))
        messages.append(place.job(job_id).get("StatusMessage"))

    assert messages == ["An internal error occurred."] * 2 + [None]


@pytest.mark.parametrize(("when", "jobs"), [("before", 0), ("after", 1)])
def test_a_process_dies_before_or_after_aws_carried_its_call_out(when: str, jobs: int) -> None:
    place = Place()
    place.world.faults.die("backup", "StartCopyJob", when=when)
    with pytest.raises(ProcessDied):
        place.copy()

    assert len(place.world.copy_jobs()) == jobs


@pytest.mark.parametrize(
    "senseless",
    [
        lambda place: place.world.faults.flaky(1.5),
        lambda place: place.world.faults.refuse("StartCopyJob", code="X", times=0),
        lambda place: place.world.faults.die("backup", "StartCopyJob", when="during"),
        lambda _: Delivery(loss=2.0),
        lambda _: Delivery(batch=timedelta(seconds=-1)),
        lambda _: UnknownBehaviour(unshare_failure_state="LOST"),
        lambda _: UnknownBehaviour.named({"weather": "fine"}),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_sentence(senseless: Any) -> None:
    place = Place()
    with pytest.raises(ValueError, match=r"^[^\n]+$"):
        senseless(place)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("cron(0 5 ? * * *)", "2026-01-06T05:00"),
        ("cron(30 */6 * * ? *)", "2026-01-05T18:30"),
        ("cron(0 3 ? * SUN *)", "2026-01-11T03:00"),
        ("cron(15 10 1,15 * ? *)", "2026-01-15T10:15"),
        ("cron(0 0 29 FEB ? *)", "2028-02-29T00:00"),
    ],
)
def test_a_schedule_comes_at_the_moments_of_its_expression(expression: str, expected: str) -> None:
    now = Place().world.now().replace(hour=13, minute=0)

    following = Schedule.parse(expression).next_after(now)
    assert following is not None
    assert following.isoformat()[:16] == expected


def test_a_process_that_sleeps_before_a_call_wakes_in_a_world_that_went_on() -> None:
    world = World()
    happened: list[str] = []
    world.clock.after(timedelta(minutes=1), lambda: happened.append("meanwhile"))
    world.faults.sleep("backup", "ListCopyJobs", timedelta(minutes=2))
    client = world.session("111122223333").client("backup")
    began = world.now()
    client.list_copy_jobs()
    woke = world.now()
    client.list_copy_jobs()

    assert (happened, woke - began, world.now()) == (["meanwhile"], timedelta(minutes=2), woke)


def test_a_process_sleeps_for_some_time_and_at_least_once() -> None:
    for duration, times in ((timedelta(0), 1), (timedelta(seconds=1), 0)):
        with pytest.raises(ValueError, match=r"a process sleeps|at least once"):
            World().faults.sleep("backup", "ListCopyJobs", duration, times=times)


def test_whoever_listens_hears_of_every_call_and_of_its_answer() -> None:
    world = World()
    heard: list[Call] = []
    world.on_call(heard.append)
    client = world.session("111122223333").client("backup")
    client.list_copy_jobs(ByState="FAILED")
    with pytest.raises(ClientError):
        client.describe_copy_job(CopyJobId="none")

    answered, refused = heard
    assert (answered.operation, answered.request, answered.reply) == (
        "ListCopyJobs",
        {"ByState": "FAILED"},
        {"CopyJobs": []},
    )
    assert refused.refused is not None
    assert (refused.operation, refused.refused.code, refused.reply) == (
        "DescribeCopyJob",
        "ResourceNotFoundException",
        None,
    )
