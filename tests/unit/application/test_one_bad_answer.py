"""One bad entry of an answer, or one old message, changes nothing for the others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from secondhop.application.adoption import Adoption
from secondhop.application.budget import Budget
from secondhop.application.sweep_chains import batches_of
from secondhop.application.work import Retry
from secondhop.domain.classification import Cause
from secondhop.domain.command import HandOn
from secondhop.domain.errors import FinalError
from secondhop.domain.observation import PointSeen
from tests.builders import ARRIVAL_ARN, NIGHT, ORDERS, WATCHED, an_arrival
from tests.stand_ins import KEY, LOOK, Stage, copying, job_news

BAD = FinalError("1 recovery points could not be read")
DENIED = "Access Denied trying to call AWS Backup service"


def listed(count: int) -> Iterator[PointSeen]:
    """So many points, and then the error about one among them."""
    for number in range(count):
        yield an_arrival(arn=f"{ARRIVAL_ARN}-{number}", database=f"{ORDERS}{number}")
    raise BAD


def test_the_points_before_the_error_of_a_list_are_all_in_a_batch() -> None:
    found, errors = list[str](), list[FinalError]()
    for count in (0, 3, 100, 249):
        try:
            for batch in batches_of(listed(count)):
                found += [point.arn for point in batch]
        except FinalError as error:
            errors.append(error)

    assert len(found) == 0 + 3 + 100 + 249
    assert errors == [BAD] * 4


def test_adopt_opens_what_can_be_read_and_reports_the_rest() -> None:
    stage = Stage()
    stage.backup.put(an_arrival())
    original = stage.backup.points_between

    def with_a_bad_one(*given: object, **named: object) -> Iterator[PointSeen]:
        yield from original(*given, **named)  # type: ignore[arg-type]  # handed on as it came
        raise BAD

    stage.backup.points_between = with_a_bad_one  # type: ignore[method-assign]  # for this test only
    backlog = Adoption(
        route=stage.route,
        chains=stage.chains,
        backup=stage.backup,
        queue=stage.queue,
        now=stage.clock(),
        budget=Budget(clock=stage.clock, began_at=stage.clock()),
    )
    backlog.look(after=NIGHT - timedelta(days=9), before=NIGHT + timedelta(days=9))

    assert len(backlog.work) == 1
    assert str(BAD) in backlog.problems


def test_an_order_that_comes_twice_does_not_answer_the_next_trouble() -> None:
    stage = copying()
    stage(job_news(stage.backup.fail_job("JOB-1", DENIED)))
    order = Retry(key=KEY, by="ada", at=stage.clock())
    stage(order)
    stage.clock.forward(hours=2)
    stage(job_news(stage.backup.fail_job("JOB-2", DENIED)))
    assert stage.chain.troubles()[0].cause is Cause.VAULT_POLICY
    begun = len(stage.backup.started)
    stage(order)
    assert len(stage.backup.started) == begun

    stage(Retry(key=KEY, by="ada", at=stage.clock()))
    assert len(stage.backup.started) == begun + 1


def test_an_order_is_about_a_trouble_that_began_by_another_clock_a_moment_later() -> None:
    stage = copying()
    stage(job_news(stage.backup.fail_job("JOB-1", DENIED)))
    stage(Retry(key=KEY, by="ada", at=stage.clock() - timedelta(seconds=50)))

    assert len(stage.backup.started) == 2


def test_a_live_job_without_an_id_is_not_hidden_by_another_one() -> None:
    stage: Stage = copying()
    started = stage.backup.jobs["JOB-1"]
    stage(job_news(stage.backup.fail_job("JOB-1", DENIED)))
    live = replace(started, job_id="", state="RUNNING", created_at=stage.clock() - timedelta(minutes=9))
    failed = replace(started, job_id="", state="FAILED", message=DENIED)
    stage.backup.jobs |= {"live": live, "failed": failed}
    stage(Retry(key=KEY, by="ada", at=stage.clock()))
    stage(LOOK)

    assert len(stage.backup.started) == 1


def test_work_that_the_queue_refuses_for_good_is_an_error_and_not_lost() -> None:
    stage = copying()

    def refuse(_: object) -> None:
        raise BAD

    stage.queue.put = refuse  # type: ignore[method-assign,assignment]  # for this test only
    hand_on = HandOn(point=ARRIVAL_ARN, vault=WATCHED)
    with pytest.raises(FinalError):
        list(stage.performer().perform(stage.chain, hand_on, stage.route))
