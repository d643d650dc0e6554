"""The actor on stand-ins: what it makes of news of arrivals."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from secondhop.application.advance_chain import AdvanceChain
from secondhop.application.recent import beginning
from secondhop.application.work import OtherNews, Retry, Work
from secondhop.domain.chain import ChainKey, ChainState
from secondhop.domain.classification import Cause
from secondhop.domain.errors import DeniedError
from secondhop.domain.hop import HopState
from secondhop.domain.observation import PointSeen
from tests.builders import (
    ARRIVAL_ARN,
    COPY_ARN,
    CUSTOMERS,
    DR_VAULT,
    NOW,
    ORDERS,
    WATCHED,
    WORKLOAD,
    a_copy,
    a_job,
    a_route,
    an_arrival,
)
from tests.stand_ins import KEY, LOOK, Stage, arrived, complete, copying, job_news

ROUTES_OF_ONE_VAULT = {
    "clusters": frozenset({"Aurora"}),
    "instances": frozenset({"RDS"}),
    "all": frozenset({"RDS", "Aurora"}),
}


def test_an_arrival_is_copied_with_an_explicit_retention_and_a_token() -> None:
    stage = copying()

    (started,) = stage.backup.started
    assert started.delete_after_days == 35
    assert started.attempt == 1
    assert len(started.token) == 64
    assert stage.chain.state is ChainState.COPYING
    assert stage.chain.hop("to-dr").attempt.job_id == "JOB-1"
    assert stage.chain.pending == ()


def test_a_completed_event_before_any_other_opens_nothing_and_starts_nothing() -> None:
    stage = Stage()
    report = stage(job_news(a_job(state="COMPLETED", arrival=COPY_ARN)))

    assert report.ignored is not None
    assert stage.chains.all() == []


def test_a_backup_that_was_copied_into_the_vault_twice_is_copied_onward_once() -> None:
    stage = complete()
    twin = an_arrival(arn=ARRIVAL_ARN + "b")
    stage.backup.put(twin)
    stage(arrived(arn=twin.arn))

    second = stage.chains.get(ChainKey(twin.arn, "default"))
    assert second is not None
    (trouble,) = second.troubles()
    assert trouble.cause is Cause.UNDECIDABLE
    assert trouble.message.startswith(f"{COPY_ARN} in dr-vault is a copy of the same backup")
    assert [each.source for each in stage.backup.started] == [ARRIVAL_ARN]
    assert stage.backup.deleted == []


def test_what_aws_denies_is_never_taken_for_gone() -> None:
    stage = copying()
    stage.backup.fail("point", DeniedError("Insufficient privileges to perform this action."))
    stage(job_news(stage.backup.finish("JOB-1", a_copy())))

    assert stage.chain.hop("to-dr").state is HopState.STRANDED
    assert stage.chain.troubles()[0].cause is Cause.PERMISSION
    stage.clock.forward(days=1, minutes=1)
    stage(LOOK)
    assert stage.chain.state is ChainState.COMPLETE


@pytest.mark.parametrize(
    ("point", "cause"),
    [
        (an_arrival(database=CUSTOMERS), Cause.UNSUPPORTED),
        (an_arrival(status="EXPIRED"), Cause.SOURCE_EXPIRED),
        (an_arrival(status="DELETING"), Cause.SOURCE_EXPIRED),
        (an_arrival(is_encrypted=False, database=CUSTOMERS, resource_type="Aurora"), Cause.UNENCRYPTED),
    ],
)
def test_a_point_that_cannot_be_copied_is_stranded_with_one_announcement(point: PointSeen, cause: Cause) -> None:
    stage = Stage()
    stage.backup.put(point)
    stage(arrived())
    stage(arrived())

    assert stage.chain.state is ChainState.STRANDED
    assert stage.chain.troubles()[0].cause is cause
    assert len(stage.announcer.messages) == 1
    assert stage.backup.started == []


def test_a_continuous_point_is_stranded() -> None:
    continuous = f"arn:aws:backup:eu-west-1:{WORKLOAD}:recovery-point:continuous:db-abc"
    stage = Stage()
    stage.backup.put(an_arrival(arn=continuous))
    stage(arrived(arn=continuous))

    assert stage.chain.troubles()[0].cause is Cause.UNSUPPORTED


def test_an_arrival_that_aws_does_not_show_is_waited_for_an_hour_and_is_not_silent() -> None:
    stage = Stage()
    for minutes in (0, 30, 59):
        stage.clock.now = NOW + timedelta(minutes=minutes)
        stage(arrived())
        assert (stage.chain.state, stage.announcer.messages) == (ChainState.WAITING, [])
        assert stage.chain.next_check == stage.clock.now + timedelta(minutes=5)

    stage.clock.now = NOW + timedelta(hours=1, minutes=5)
    stage(LOOK)
    assert stage.chain.troubles()[0].cause is Cause.SOURCE_GONE
    assert len(stage.announcer.messages) == 1
    assert stage.backup.started == []


def test_an_arrival_that_shows_late_is_copied() -> None:
    stage = Stage()
    stage(arrived())
    stage.clock.forward(minutes=50)
    stage.backup.put(an_arrival())
    stage(LOOK)

    assert stage.chain.state is ChainState.COPYING
    assert stage.chain.source_expires_at == an_arrival().delete_at


def test_a_gone_point_of_which_nothing_is_known_is_ignored() -> None:
    assert Stage()(arrived(database=None)).ignored is not None


def test_an_old_point_that_expires_is_none_of_ours() -> None:
    stage = Stage()
    stage.chains.sweep_progress(now=NOW)
    old = an_arrival(status="EXPIRED", completed_at=NOW - timedelta(days=9))
    stage.backup.put(old)

    assert "older than this installation" in (stage(arrived(status="EXPIRED")).ignored or "")


@pytest.mark.parametrize("status", ["COMPLETED", "AVAILABLE"])
def test_an_old_point_that_can_be_copied_is_opened_when_it_is_news(status: str) -> None:
    stage = Stage()
    stage.chains.sweep_progress(now=NOW)
    stage.backup.put(an_arrival(status=status, completed_at=NOW - timedelta(days=9)))

    assert stage(arrived(status=status)).steps[-1].after == ChainState.COPYING


def test_a_hop_1_job_that_completes_is_an_arrival() -> None:
    stage = Stage()
    stage.backup.put(an_arrival())
    job = a_job(source="arn:aws:rds:eu-west-1:111122223333:snapshot:awsbackup:job-1", destination_vault_arn=WATCHED.arn)

    running = stage(job_news(job))
    done = stage(job_news(replace(job, state="COMPLETED", arrival=ARRIVAL_ARN)))

    assert running.ignored is not None
    assert done.steps[-1].after == ChainState.COPYING


def test_a_copy_by_hand_of_a_known_arrival_is_followed() -> None:
    stage = Stage()
    stage.chains.pause(route="default", by="ada")
    stage.backup.put(an_arrival())
    stage(arrived())
    stage.backup.put(a_copy())
    stage(job_news(a_job(job_id="HAND", state="COMPLETED", arrival=COPY_ARN)))

    assert stage.chain.hop("to-dr").state is HopState.VERIFIED
    assert stage.backup.started == []


@pytest.mark.parametrize(
    "work",
    [
        OtherNews(what="'Backup Job State Change'"),
        LOOK,
        arrived(vault_arn="arn:aws:backup:eu-west-1:444455556666:backup-vault:other"),
        arrived(status="CREATING"),
        arrived(status="PARTIAL"),
        arrived(status="STOPPED"),
    ],
)
def test_what_no_route_claims_is_ignored_with_a_reason(work: Work) -> None:
    stage = Stage()
    stage.backup.put(an_arrival())

    assert stage(work).ignored
    assert stage.chains.all() == []


def test_points_of_foreign_accounts_regions_and_types_are_not_claimed() -> None:
    for changes in (
        {"database": ORDERS.replace(WORKLOAD, "999999999999")},
        {"database": ORDERS.replace("eu-west-1", "eu-west-2")},
        {"resource_type": "EBS"},
        {"source_vault_arn": DR_VAULT.arn},
    ):
        stage = Stage()
        stage.backup.put(an_arrival(**changes))
        assert stage(arrived()).ignored
        assert stage.chains.all() == []


def test_a_chain_of_a_route_that_is_not_installed_is_left_alone() -> None:
    stage = copying()
    other = Stage(route=a_route(name="other"), chains=stage.chains, clock=stage.clock)

    assert "does not have" in (other(LOOK).ignored or "")


def test_what_the_news_show_to_be_foreign_is_not_even_described() -> None:
    stage = Stage()
    stage.backup.fail("point", DeniedError("not authorized to describe an EBS snapshot"))

    assert "EBS" in (stage(arrived(resource_type="EBS")).ignored or "")


def test_a_continuous_point_is_stranded_without_being_described() -> None:
    continuous = f"arn:aws:backup:eu-west-1:{WORKLOAD}:recovery-point:continuous:db-abc"
    stage = Stage()
    stage.backup.fail("point", DeniedError("not authorized to describe it"))
    stage(arrived(arn=continuous))

    assert stage.chain.troubles()[0].cause is Cause.UNSUPPORTED


def test_each_route_that_watches_the_vault_decides_for_itself() -> None:
    stage = Stage()
    stage.backup.put(an_arrival())
    routes = [a_route(name=name, resource_types=types) for name, types in ROUTES_OF_ONE_VAULT.items()]
    actor = AdvanceChain(
        routes=routes,
        chains=stage.chains,
        backup=stage.backup,
        performer=stage.performer(),
        now=stage.clock,
        beginning=beginning(stage.chains, routes, stage.clock),
    )
    report = actor(arrived())

    assert {step.chain.key.route for step in report.steps} == {"instances", "all"}
    assert [chain.key.route for chain in stage.chains.all()] == ["all", "instances"]
    assert report.ignored is None


def test_the_name_of_who_asks_for_a_retry_reaches_the_record() -> None:
    stage = copying()
    stage(job_news(stage.backup.fail_job("JOB-1", "Cross-account copy feature is not enabled")))
    report = stage(Retry(key=KEY, by="ada"))

    assert "asked by ada" in report.steps[0].reason


def test_work_that_nobody_knows_is_an_error_and_no_success() -> None:
    with pytest.raises(AssertionError, match="'work of a later release'"):
        Stage()("work of a later release")  # type: ignore[arg-type]  # unknown on purpose
