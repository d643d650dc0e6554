"""The actor on stand-ins: the source is described again before each decision, and an operator's retry looks anew."""

from __future__ import annotations

from datetime import timedelta

import pytest

from secondhop.application.work import Retry
from secondhop.domain.arn import Vault
from secondhop.domain.chain import ChainState
from secondhop.domain.classification import Cause
from secondhop.domain.hop import HopState
from secondhop.domain.observation import PointSeen
from tests.builders import (
    ARRIVAL_ARN,
    COPY_ARN,
    CUSTOMERS,
    NIGHT,
    NOW,
    ORDERS,
    WATCHED,
    a_copy,
    a_job,
    a_route,
    an_arrival,
)
from tests.stand_ins import KEY, LOOK, Stage, arrived, copying, job_news

DAY = timedelta(days=1)
PERMISSION = "Access Denied trying to call AWS Backup service"


def descriptions(stage: Stage) -> list[str]:
    """The points of the watched vault that are described from now on."""
    asked, point = list[str](), stage.backup.point

    def describe(vault: Vault, arn: str) -> PointSeen | None:
        asked.extend([arn] if vault == WATCHED else [])
        return point(vault, arn)

    stage.backup.point = describe  # type: ignore[method-assign]  # for this test only
    return asked


@pytest.mark.parametrize(
    ("changes", "times"),
    [({}, 1), ({"delete_at": None}, 2), ({"is_encrypted": None}, 2), ({"status": "AVAILABLE"}, 1)],
)
def test_an_arrival_that_aws_describes_whole_is_described_once_and_one_with_gaps_again(
    changes: dict[str, object], times: int
) -> None:
    stage = Stage()
    stage.backup.put(an_arrival(**changes))
    asked = descriptions(stage)
    stage(arrived())

    assert asked == [ARRIVAL_ARN] * times
    assert len(stage.backup.started) == 1


def test_a_source_is_described_again_before_each_later_attempt() -> None:
    stage = copying()
    asked = descriptions(stage)
    stage(job_news(stage.backup.fail_job("JOB-1", "An internal error occurred.")))
    stage.clock.forward(minutes=6)
    stage.backup.put(an_arrival(delete_at=NOW + 90 * DAY))
    stage(LOOK)

    assert asked == [ARRIVAL_ARN]
    assert (len(stage.backup.started), stage.chain.source_expires_at) == (2, NOW + 90 * DAY)


@pytest.mark.parametrize(
    ("point", "cause"),
    [
        (an_arrival(status="EXPIRED"), Cause.SOURCE_EXPIRED),
        (an_arrival(database=CUSTOMERS, resource_type="Aurora", is_encrypted=False), Cause.UNENCRYPTED),
    ],
)
@pytest.mark.parametrize("seconds", [0, 30, 90])
def test_an_operators_retry_describes_the_source_again_however_soon_it_comes(
    point: PointSeen, cause: Cause, seconds: int
) -> None:
    stage = Stage()
    stage.backup.put(point)
    stage(arrived())
    stage.clock.forward(seconds=seconds)
    stage(Retry(key=KEY, by="ada"))

    assert [trouble.cause for trouble in stage.chain.troubles()] == [cause]
    assert stage.backup.started == []


def test_a_source_that_was_not_found_is_described_again_at_a_retry_however_soon_it_comes() -> None:
    stage = Stage()
    stage(arrived())
    stage.clock.forward(hours=2)
    stage(LOOK)
    stage(Retry(key=KEY, by="ada"))

    assert [trouble.cause for trouble in stage.chain.troubles()] == [Cause.SOURCE_GONE]
    stage.backup.fail("start", AssertionError("nobody starts"))
    stage.backup.put(an_arrival(status="CREATING"))
    for _ in range(2):
        stage(Retry(key=KEY, by="ada"))
        assert stage.chain.state is ChainState.WAITING


def test_a_date_that_is_stored_strands_nothing_and_aws_decides_when_a_source_is_gone() -> None:
    stage = copying()
    stage(job_news(stage.backup.fail_job("JOB-1", PERMISSION)))
    stage.backup.put(an_arrival(delete_at=NOW + 90 * DAY))
    stage.clock.forward(days=20)
    stage(LOOK)
    assert (stage.chain.state, len(stage.backup.started)) == (ChainState.COPYING, 2)

    stage(job_news(stage.backup.fail_job("JOB-2", PERMISSION)))
    stage.backup.points.clear()
    stage.clock.forward(days=2)
    stage(LOOK)
    assert [trouble.cause for trouble in stage.chain.troubles()] == [Cause.SOURCE_GONE]


@pytest.mark.parametrize("why", ["paused", "no slot", "site down"])
def test_the_last_call_comes_for_a_hop_that_waits_although_aws_did_not_describe_its_source_at_first(why: str) -> None:
    stage = Stage(route=a_route(limits={"RDS": 1}))
    if why == "paused":
        stage.chains.pause(route="default", by="ada")
    elif why == "no slot":
        blocker = an_arrival(arn=ARRIVAL_ARN + "-blocker", database=ORDERS + "-2")
        stage.backup.put(blocker)
        stage(arrived(arn=blocker.arn))
    else:
        circuit = stage.chains.circuit(stage.route.legs[0].destination.site)
        failing = circuit
        for number in range(5):
            failing = failing.after_failure(NOW + 30 * DAY, database=f"{ORDERS}-{number}")
        stage.chains.save_circuit(failing, before=circuit)
    stage.backup.put(an_arrival(delete_at=None))
    stage(arrived())
    stage.backup.put(an_arrival(delete_at=NIGHT + 7 * DAY))
    for _ in range(7 * 24):
        stage.clock.forward(hours=1)
        stage(LOOK)

    told = [message for message in stage.announcer.messages if ARRIVAL_ARN + " in" in " ".join(message.lines)]
    last = NIGHT + 7 * DAY
    assert told
    assert any(last.isoformat() in line for message in told for line in message.lines)
    mine = stage.chains.get(KEY)
    assert mine is not None
    assert (mine.source_expires_at, mine.hop("to-dr").attempt.number) == (last, 0)


def test_an_unencrypted_cluster_that_was_not_described_at_first_is_not_copied() -> None:
    stage = Stage()
    stage(arrived(database=CUSTOMERS, resource_type="Aurora"))
    stage.backup.put(an_arrival(database=CUSTOMERS, resource_type="Aurora", is_encrypted=False))
    stage.clock.forward(minutes=6)
    stage(LOOK)

    assert [trouble.cause for trouble in stage.chain.troubles()] == [Cause.UNENCRYPTED]
    assert stage.backup.started == []


def test_a_copy_that_would_come_too_late_by_the_true_date_of_its_backup_is_not_made() -> None:
    stage = Stage()
    stage(arrived())
    old = NOW - 34 * DAY - timedelta(hours=12)
    stage.backup.put(an_arrival(created_at=old, completed_at=old))
    stage.clock.forward(minutes=6)
    stage(LOOK)

    assert [trouble.cause for trouble in stage.chain.troubles()] == [Cause.TOO_LATE]
    assert stage.backup.started == []


def mismatched() -> Stage:
    """A stage whose copy expires long before it was promised."""
    stage = copying()
    stage(job_news(stage.backup.finish("JOB-1", a_copy(delete_at=NIGHT + 20 * DAY))))
    assert [trouble.cause for trouble in stage.chain.troubles()] == [Cause.MISMATCH]
    return stage


def test_an_operators_retry_makes_another_copy_of_one_that_is_still_wrong_and_leaves_that_one() -> None:
    stage = mismatched()
    stage(Retry(key=KEY, by="ada"))
    assert [each.attempt for each in stage.backup.started] == [1, 2]
    assert stage.chain.hop("to-dr").rejected == (COPY_ARN,)
    stage(job_news(stage.backup.finish("JOB-2", a_copy(arn=COPY_ARN + "-2"))))

    assert (stage.chain.state, stage.chain.hop("to-dr").arrival.point) == (ChainState.COMPLETE, COPY_ARN + "-2")
    assert [message.is_closed for message in stage.announcer.messages] == [False, True]
    assert stage.backup.deleted == []


def test_an_operators_retry_verifies_first_and_makes_no_copy_of_one_that_has_become_good() -> None:
    stage = mismatched()
    stage.backup.put(a_copy())
    stage(Retry(key=KEY, by="ada"))

    assert stage.chain.state is ChainState.COMPLETE
    assert len(stage.backup.started) == 1


def test_only_one_copy_is_made_for_one_retry() -> None:
    stage = mismatched()
    stage(Retry(key=KEY, by="ada"))
    stage(job_news(stage.backup.finish("JOB-2", a_copy(arn=COPY_ARN + "-2", delete_at=NIGHT + 20 * DAY))))
    for _ in range(3):
        stage.clock.forward(days=1, minutes=1)
        stage(LOOK)

    assert len(stage.backup.started) == 2
    assert [trouble.cause for trouble in stage.chain.troubles()] == [Cause.MISMATCH]


def test_an_operators_retry_of_a_wrong_copy_that_comes_too_late_makes_no_other_one() -> None:
    stage = mismatched()
    stage.backup.put(an_arrival(delete_at=NIGHT + 90 * DAY))
    stage.clock.now = NIGHT + 34 * DAY + timedelta(hours=12)
    stage(Retry(key=KEY, by="ada"))

    assert [trouble.cause for trouble in stage.chain.troubles()] == [Cause.TOO_LATE]
    assert len(stage.backup.started) == 1


@pytest.mark.parametrize("state", ["PARTIAL", "COMPLETED"])
def test_a_job_that_says_nothing_about_a_copy_is_passed_over_at_an_operators_retry(state: str) -> None:
    stage = Stage()
    stage.backup.put(an_arrival())
    stage.backup.jobs["JOB-7"] = a_job(job_id="JOB-7", state=state)
    stage(arrived())
    assert [trouble.cause for trouble in stage.chain.troubles()] == [Cause.UNDECIDABLE]
    stage(Retry(key=KEY, by="ada"))

    assert [each.attempt for each in stage.backup.started] == [2]


@pytest.mark.parametrize("state", ["PARTIAL", "COMPLETED"])
def test_the_copy_that_such_a_job_left_is_found_in_the_vault_and_not_made_again(state: str) -> None:
    stage = Stage()
    stage.backup.put(an_arrival())
    stage.backup.put(a_copy())
    stage.backup.jobs["JOB-7"] = a_job(job_id="JOB-7", state=state)
    stage(arrived())
    stage(Retry(key=KEY, by="ada"))

    assert (stage.chain.hop("to-dr").state, stage.chain.hop("to-dr").arrival.point) == (HopState.VERIFIED, COPY_ARN)
    assert stage.backup.started == []
