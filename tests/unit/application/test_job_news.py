"""What news of a copy job mean to the actor: an arrival, a hop under way, a first hop that failed, or nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from secondhop.application.work import JobNews
from secondhop.domain.arn import Vault
from secondhop.domain.chain import ChainState
from secondhop.domain.classification import Cause
from secondhop.domain.hop import HopState
from secondhop.domain.observation import PointSeen
from tests.builders import (
    ARRIVAL_ARN,
    COPY_ARN,
    CUSTOMERS,
    DR_VAULT,
    HOME,
    NIGHT,
    NOW,
    ORDERS,
    SECOND_DR_VAULT,
    WATCHED,
    WORKLOAD,
    WORKLOAD_VAULT,
    a_copy,
    a_job,
    a_sequence,
    an_arrival,
)
from tests.stand_ins import Stage, arrived, copying, job_news
from tests.unit.application.test_first_hops import (
    KEY,
    ORIGIN,
    TRANSIENT,
    expectation,
    news_of,
    plan_job,
    retried,
    stage,
)

CONTINUOUS = f"arn:aws:backup:{HOME}:{WORKLOAD}:recovery-point:continuous:db-abc"
LONG_AGO = NOW - timedelta(days=9)


def landed(**changes: object) -> JobNews:
    """A first hop's job that is over, and its copy in the watched vault."""
    made = {"source": ORIGIN, "destination_vault_arn": WATCHED.arn, "state": "COMPLETED", "arrival": ARRIVAL_ARN}
    job = a_job(**{**made, **changes})
    return JobNews(job=job, source_vault_arn=WORKLOAD_VAULT.arn, database=ORDERS, resource_type="RDS")


def watching_what_is_described(place: Stage) -> list[str]:
    """The vaults in which a point is asked for from now on."""
    asked, point = list[str](), place.backup.point

    def ask(vault: Vault, arn: str) -> PointSeen | None:
        asked.append(vault.name)
        return point(vault, arn)

    place.backup.point = ask  # type: ignore[method-assign]  # for this test only
    return asked


@pytest.mark.parametrize(
    ("state", "arrival"),
    [
        ("CREATED", None),
        ("RUNNING", ARRIVAL_ARN),
        ("FAILED", ARRIVAL_ARN),
        ("PARTIAL", ARRIVAL_ARN),
        ("COMPLETED", None),
    ],
)
@pytest.mark.parametrize(("job_id", "named"), [("JOB-1", "JOB-1"), ("", "(no id yet)")])
def test_only_a_completed_job_that_names_its_copy_is_an_arrival(
    state: str, arrival: str | None, job_id: str, named: str
) -> None:
    place = Stage()
    place.backup.put(an_arrival())
    report = place(landed(state=state, arrival=arrival, job_id=job_id))

    assert f"hop 1 job {named} is {state}" in (report.ignored or "")
    assert place.chains.all() == []


@pytest.mark.parametrize(
    ("is_origin_there", "job_made", "backup_made"),
    [(True, NOW, NIGHT), (False, NOW - timedelta(hours=2), NOW - timedelta(hours=2)), (False, None, NOW)],
)
def test_a_backup_whose_arrival_is_gone_is_dated_by_its_origin_or_its_job(
    is_origin_there: bool, job_made: datetime | None, backup_made: datetime
) -> None:
    place = stage()
    if not is_origin_there:
        place.backup.points.clear()
    place(landed(created_at=job_made))

    assert (place.chain.state, place.chain.created_at) == (ChainState.WAITING, backup_made)


def test_the_origin_is_asked_for_only_where_first_hops_are_watched_and_the_arrival_is_gone() -> None:
    for place, is_there, vaults in (
        (stage(), True, [WATCHED.name]),
        (stage(), False, [WATCHED.name, WORKLOAD_VAULT.name, WATCHED.name]),
        (Stage(), False, [WATCHED.name, WATCHED.name]),
    ):
        if is_there:
            place.backup.put(an_arrival())
        asked = watching_what_is_described(place)
        place(landed())

        assert asked == vaults
        assert place.chain.state is (ChainState.COPYING if is_there else ChainState.WAITING)


def test_an_arrival_that_is_gone_is_opened_as_told_where_no_job_told_of_it() -> None:
    place = stage()
    place(arrived(created_at=NIGHT))

    assert (place.chain.state, place.chain.created_at) == (ChainState.WAITING, NIGHT)


def test_a_continuous_point_is_told_of_however_old_it_is() -> None:
    for news in (arrived(arn=CONTINUOUS, created_at=LONG_AGO), landed(arrival=CONTINUOUS, created_at=LONG_AGO)):
        place = Stage()
        place.chains.sweep_progress(now=NOW)
        place(news)

        assert place.chain.troubles()[0].cause is Cause.UNSUPPORTED


def test_a_job_of_an_onward_hop_is_followed_by_its_claim() -> None:
    """Its source lies in no watched vault: only the claim tells whose job it is."""
    place = copying(route=a_sequence())
    place.backup.keys[SECOND_DR_VAULT.arn] = "far-key"
    place(job_news(place.backup.finish("JOB-1", a_copy())))
    far = a_copy(arn=COPY_ARN + "-far", vault_arn=SECOND_DR_VAULT.arn, key_arn="far-key")
    job = place.backup.finish("JOB-2", far)
    place(JobNews(job=job, source_vault_arn=DR_VAULT.arn, database=ORDERS, resource_type="RDS"))

    assert place.chain.hop("to-far").state is HopState.VERIFIED


def test_a_first_hop_that_is_followed_is_reported_with_its_steps() -> None:
    place = stage()
    report = place(plan_job(place))

    assert report.ignored is None
    assert [step.after for step in report.steps] == ["WAITING"]
    assert (report.steps[0].chain.key, report.steps[0].chain.opened_at) == (KEY, NOW)


def test_a_retry_of_a_first_hop_that_fails_is_heard_at_once() -> None:
    place = retried(stage())
    place.backup.fail_job("JOB-2", TRANSIENT)
    report = place(news_of(place, "JOB-2"))

    assert report.ignored is None
    assert (expectation(place).state, expectation(place).hop("first").attempt.failures) == (ChainState.WAITING, 2)


@pytest.mark.parametrize(
    ("resource_type", "hours", "is_stuck"),
    [("RDS", 24, False), ("RDS", 25, True), ("Aurora", 25, False), ("Aurora", 37, True)],
)
def test_a_first_hop_is_followed_when_it_is_older_than_copies_of_its_kind_get(
    resource_type: str, hours: int, is_stuck: bool
) -> None:
    place = stage()
    database = ORDERS if resource_type == "RDS" else CUSTOMERS
    place.backup.put(
        an_arrival(arn=ORIGIN, vault_arn=WORKLOAD_VAULT.arn, database=database, resource_type=resource_type)
    )
    news = plan_job(place, state="RUNNING", message="", created_at=NOW - timedelta(hours=hours))
    place(replace(news, database=database, resource_type=resource_type))

    assert [chain.key for chain in place.chains.all()] == [KEY] * is_stuck


def test_a_first_hop_is_started_again_with_the_retention_that_aws_knows_and_the_event_does_not_tell() -> None:
    place = stage()
    news = plan_job(place)
    place(replace(news, job=replace(news.job, delete_after_days=None)))
    place.clock.forward(minutes=6)
    place.drain()

    assert expectation(place).hop("first").delete_after_days == 10


def test_a_first_hop_that_aws_has_forgotten_is_followed_as_its_event_told() -> None:
    place = stage()
    news = plan_job(place)
    place.backup.jobs.clear()
    place(news)

    assert expectation(place).hop("first").delete_after_days == 10


def test_a_first_hop_whose_origin_is_gone_is_dated_by_its_job() -> None:
    place = stage()
    place.backup.points.clear()
    place(plan_job(place, created_at=NOW - timedelta(hours=2)))

    assert expectation(place).created_at == NOW - timedelta(hours=2)
