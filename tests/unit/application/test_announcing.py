"""What people hear once of many databases, what outlasts a retry, and the lag that every message tells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from secondhop.application.work import PointNews
from secondhop.domain.chain import Chain
from secondhop.domain.errors import UnreadableItemError
from tests.builders import ARRIVAL_ARN, NIGHT, ORDERS, WATCHED, a_copy, an_arrival
from tests.stand_ins import LOOK, Stage, copying, job_news

DENIED = "Access Denied trying to call AWS Backup service"


def two_failures() -> Stage:
    """Two databases whose copies fail by the same mistake."""
    stage = copying()
    other = an_arrival(arn=ARRIVAL_ARN + "-2", database=ORDERS + "-2")
    stage.backup.put(other)
    news = PointNews(
        arn=other.arn,
        vault_arn=WATCHED.arn,
        status="COMPLETED",
        database=other.database,
        resource_type="RDS",
        created_at=NIGHT,
    )
    stage(news)
    for job_id in ("JOB-1", "JOB-2"):
        stage(job_news(stage.backup.fail_job(job_id, DENIED)))
    return stage


def test_people_are_told_once_and_machines_of_each() -> None:
    stage = two_failures()

    assert len(stage.announcer.messages) == 1
    assert [event.circumstances and event.circumstances.database for event in stage.announcer.events] == [
        ORDERS,
        ORDERS + "-2",
    ]


def test_the_end_is_told_when_the_last_one_is_mended() -> None:
    stage = two_failures()
    for number, job_id in enumerate(("JOB-1", "JOB-2")):
        suffix = f"-{number + 1}" if number else ""
        copy = a_copy(arn=f"copy{suffix}", database=ORDERS + suffix)
        stage(job_news(stage.backup.finish(job_id, copy)))

    assert [message.is_closed for message in stage.announcer.messages] == [False, True]
    assert [event.is_closed for event in stage.announcer.events] == [False, False, True, True]


def test_a_daily_retry_in_vain_is_no_news() -> None:
    stage = copying()
    stage(job_news(stage.backup.fail_job("JOB-1", DENIED)))
    for number in range(2, 5):
        stage.clock.forward(days=1, minutes=1)
        stage(LOOK)
        stage(job_news(stage.backup.fail_job(f"JOB-{number}", DENIED)))

    assert len(stage.backup.started) == 4
    assert len(stage.announcer.messages) == 1


def test_a_message_tells_the_lag_of_its_database() -> None:
    stage = Stage()
    stage.backup.put(an_arrival(status="EXPIRED"))
    stage(
        PointNews(
            arn=ARRIVAL_ARN,
            vault_arn=WATCHED.arn,
            status="EXPIRED",
            database=ORDERS,
            resource_type="RDS",
            created_at=NIGHT,
        )
    )

    lag = "Lag: this database has no verified final copy"
    assert lag in stage.announcer.messages[0].lines
    assert [event.circumstances and event.circumstances.lag for event in stage.announcer.events] == [lag]


def test_a_message_tells_of_the_newest_verified_copy() -> None:
    stage = copying()
    stage(job_news(stage.backup.finish("JOB-1", a_copy())))
    stage.backup.points.pop((a_copy().vault_arn, a_copy().arn))
    later = an_arrival(arn=ARRIVAL_ARN + "-2")
    stage.backup.put(replace(later, status="EXPIRED"))
    stage(
        PointNews(
            arn=later.arn,
            vault_arn=WATCHED.arn,
            status="EXPIRED",
            database=ORDERS,
            resource_type="RDS",
            created_at=NIGHT,
        )
    )

    assert any(line.startswith("Lag: 3 hours; the newest") for line in stage.announcer.messages[-1].lines)


def test_an_unreadable_neighbour_does_not_silence_a_message() -> None:
    stage = copying()

    def unreadable(database: str, *, newest_first: bool = False) -> Iterator[Chain]:
        raise UnreadableItemError("written by a newer release")

    stage.chains.of_database = unreadable  # type: ignore[method-assign]  # for this test only
    stage(job_news(stage.backup.fail_job("JOB-1", DENIED)))

    assert "Lag: not known, because written by a newer release" in stage.announcer.messages[0].lines
