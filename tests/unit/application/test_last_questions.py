"""What is asked in the very invocation that deletes an intermediate: of the intermediate itself, and of its copies."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from secondhop.application.release import object_to_release
from secondhop.application.work import Retry
from secondhop.domain import release_observation as going
from secondhop.domain.arn import Vault
from secondhop.domain.chain import ChainState, IntermediateState
from secondhop.domain.command import ReleaseIntermediate
from secondhop.domain.observation import IntermediateObservation, PointSeen, VaultSeen
from tests.builders import (
    ARRIVAL_ARN,
    COPY_ARN,
    NIGHT,
    NOW,
    WATCHED,
    a_copy,
    a_fan_out,
    a_route,
    an_arrival,
)
from tests.stand_ins import KEY, LOOK, Stage, arrived, copying, job_news

DAY = timedelta(days=1)
COPY_EXPIRES = NIGHT + 35 * DAY
MINUTE = timedelta(minutes=1)


def released_at_once(**arrival: object) -> Stage:
    """A stage whose route keeps no intermediate, with a copy under way."""
    stage = Stage(route=a_route(keep={"RDS": 0}))
    stage.backup.put(an_arrival(**arrival))
    stage(arrived())
    return stage


def copied(stage: Stage) -> Stage:
    stage(job_news(stage.backup.finish("JOB-1", a_copy())))
    return stage


@pytest.mark.parametrize(
    ("delete_at", "status", "goes"),
    [
        (COPY_EXPIRES - DAY, "COMPLETED", True),
        (COPY_EXPIRES + MINUTE, "COMPLETED", True),
        (COPY_EXPIRES + 2 * MINUTE, "COMPLETED", False),
        (None, "COMPLETED", False),
        (None, "AVAILABLE", False),
        (None, "EXPIRED", True),
        (NOW + 900 * DAY, "EXPIRED", True),
    ],
)
def test_an_intermediate_is_deleted_only_if_one_of_its_copies_lives_as_long_as_it_would(
    delete_at: datetime | None, status: str, goes: bool
) -> None:
    stage = released_at_once()
    stage.backup.put(an_arrival(delete_at=delete_at, status=status))
    copied(stage)

    assert [each.point for each in stage.backup.deleted] == [ARRIVAL_ARN] * goes
    assert stage.chain.state is (ChainState.RELEASING if goes else ChainState.COMPLETE)
    kept = stage.chain.intermediate("arrival")
    assert (kept.state, kept.kept_until is None) == (
        IntermediateState.RELEASING if goes else IntermediateState.DUE,
        goes,
    )
    assert stage.announcer.messages == []


def test_the_longest_lived_of_the_copies_counts_and_all_must_be_good() -> None:
    route = replace(a_fan_out(), keep={"RDS": 0})
    far = route.legs[1].destination
    longer = replace(route.legs[1], retention=replace(route.legs[1].retention, days=90))
    stage = Stage(route=replace(route, legs=(route.legs[0], longer)))
    stage.backup.keys[far.arn] = "far-key"
    stage.backup.put(an_arrival(delete_at=COPY_EXPIRES + 10 * DAY))
    stage(arrived())
    copied(stage)
    assert stage.backup.deleted == []
    copy = a_copy(arn=COPY_ARN + "-far", vault_arn=far.arn, key_arn="far-key", delete_at=NIGHT + 90 * DAY)
    stage(job_news(stage.backup.finish("JOB-2", copy)))

    assert [each.point for each in stage.backup.deleted] == [ARRIVAL_ARN]


def test_an_intermediate_without_an_expiry_is_asked_about_daily_and_goes_when_it_gets_one() -> None:
    stage = released_at_once()
    stage.backup.put(an_arrival(delete_at=None))
    copied(stage)
    stage.clock.forward(hours=23)
    stage(LOOK)
    stage.backup.put(an_arrival(delete_at=NIGHT + 7 * DAY))
    stage(LOOK)
    assert stage.backup.deleted == [], "a day has not passed"

    stage.clock.forward(hours=2)
    stage(LOOK)
    assert [each.point for each in stage.backup.deleted] == [ARRIVAL_ARN]


def test_an_operators_retry_asks_about_a_kept_intermediate_at_once() -> None:
    stage = released_at_once()
    stage.backup.put(an_arrival(delete_at=COPY_EXPIRES + 10 * DAY))
    copied(stage)
    stage.backup.put(an_arrival())
    stage(LOOK)
    assert stage.backup.deleted == []
    stage(Retry(key=KEY, by="ada"))

    assert [each.point for each in stage.backup.deleted] == [ARRIVAL_ARN]


def test_an_intermediate_that_outlives_its_copies_is_never_deleted_and_stays_with_its_owner() -> None:
    stage = released_at_once()
    stage.backup.put(an_arrival(delete_at=None))
    copied(stage)
    for _ in range(60):
        stage.clock.forward(days=1, minutes=1)
        if stage.clock.now > COPY_EXPIRES:
            stage.backup.points.pop((a_copy().vault_arn, COPY_ARN), None)
        stage(LOOK)

    assert stage.backup.deleted == []
    assert stage.announcer.messages == []
    assert (stage.chain.state, stage.chain.finished_at) == (ChainState.COMPLETE, None)
    del stage.backup.points[WATCHED.arn, ARRIVAL_ARN]
    stage.clock.forward(days=1, minutes=1)
    stage(LOOK)
    assert stage.chain.finished_at == stage.clock.now


@pytest.mark.parametrize("is_gone", [True, False])
def test_an_intermediate_that_is_gone_or_going_is_not_deleted_again(is_gone: bool) -> None:
    stage = released_at_once()
    going_away = an_arrival(status="DELETING")
    original, place = stage.backup.vault, (WATCHED.arn, ARRIVAL_ARN)

    def somebody_deletes_it(vault: Vault) -> VaultSeen:
        stage.backup.points[place] = going_away
        if is_gone:
            stage.backup.points.pop(place, None)
        return original(vault)

    stage.backup.vault = somebody_deletes_it  # type: ignore[method-assign]  # for this test only
    copied(stage)

    assert stage.backup.deleted == []
    expected = IntermediateState.RELEASED if is_gone else IntermediateState.RELEASING
    assert stage.chain.intermediate("arrival").state is expected


def objection(stage: Stage, subject: str = "arrival") -> tuple[list[IntermediateObservation], object]:
    """What is learned on the way, and the reason why the release does not go on."""
    command = ReleaseIntermediate(subject=subject, point=ARRIVAL_ARN, vault=WATCHED)
    asking = object_to_release(stage.backup, stage.keys, stage.chain, command, stage.route)
    learned: list[IntermediateObservation] = []
    while True:
        try:
            learned.append(next(asking))
        except StopIteration as end:
            return learned, end.value


def test_nothing_is_deleted_of_which_no_copy_was_made() -> None:
    stage = copied(copying())

    assert objection(stage) == ([], None)
    assert objection(stage, "of-another-hop") == (
        [],
        going.ReleasePutOff(intermediate="of-another-hop", why="no copy of it stands"),
    )


@pytest.mark.parametrize("point", [None, an_arrival(status="DELETING")])
def test_a_copy_is_not_even_described_for_an_intermediate_that_is_gone_or_going(point: PointSeen | None) -> None:
    stage = copied(copying())
    stage.backup.points.clear()
    if point is not None:
        stage.backup.put(point)

    assert objection(stage) == ([], going.IntermediateInspected(intermediate="arrival", point=point))
