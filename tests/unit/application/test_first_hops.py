"""First hops: a plan's copy job that failed, got stuck, or completed without an arrival that stayed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from secondhop.application.work import JobNews, Look
from secondhop.domain.arn import Site
from secondhop.domain.chain import Chain, ChainState
from secondhop.domain.circuit import Circuit
from secondhop.domain.errors import DeniedError, SecondHopError, SilentError, TryAgainError
from secondhop.domain.first_hop import first_hop_key, first_hop_route
from secondhop.domain.hop import HopState
from secondhop.domain.route import FirstHops, RouteKind
from tests.builders import (
    ARRIVAL_ARN,
    HOME,
    NIGHT,
    NOW,
    ORDERS,
    WATCHED,
    WATCHED_KEY,
    WORKLOAD,
    WORKLOAD_VAULT,
    a_chain,
    a_job,
    a_route,
    an_arrival,
    with_hop,
)
from tests.stand_ins import Stage, arrived

SITE = Site(WORKLOAD, HOME)
ORIGIN = f"arn:aws:rds:{HOME}:{WORKLOAD}:snapshot:awsbackup:job-00000000-0000-0000-0000-000000000001"
BACKUP_ROLE = f"arn:aws:iam::{WORKLOAD}:role/backup"
ROUTE = a_route(first_hops=FirstHops(site=SITE, role_arn=BACKUP_ROLE, retention_days=7))
KEY = first_hop_key(ROUTE, ORIGIN)
TRANSIENT = "Copy job failed. An internal error occurred."
NO_ACCESS = "Access Denied trying to call AWS Backup service"


def stage(role_arn: str = BACKUP_ROLE) -> Stage:
    made = Stage(route=replace(ROUTE, first_hops=FirstHops(site=SITE, role_arn=role_arn, retention_days=7)))
    made.chains.sweep_progress(now=NOW - timedelta(days=30))
    made.backup.put(an_arrival(arn=ORIGIN, vault_arn=WORKLOAD_VAULT.arn, created_at=NIGHT, completed_at=NIGHT))
    return made


def plan_job(place: Stage, **changes: object) -> JobNews:
    made = {"job_id": "PLAN-1", "state": "FAILED", "message": TRANSIENT, "created_at": NIGHT}
    made |= {"source": ORIGIN, "destination_vault_arn": WATCHED.arn, "is_planned": True, "delete_after_days": 10}
    place.backup.jobs["PLAN-1"] = a_job(**{**made, **changes})
    return news_of(place)


def news_of(place: Stage, job_id: str = "PLAN-1") -> JobNews:
    return JobNews(
        job=place.backup.jobs[job_id], source_vault_arn=WORKLOAD_VAULT.arn, database=ORDERS, resource_type="RDS"
    )


def expectation(place: Stage) -> Chain:
    found = place.chains.get(KEY)
    assert found is not None
    return found


def retried(place: Stage) -> Stage:
    place(plan_job(place))
    place.clock.forward(minutes=6)
    place(Look(key=KEY))
    return place


def land(place: Stage) -> None:
    place.backup.finish("JOB-2", an_arrival(delete_at=NIGHT + timedelta(days=10)))
    place.clock.forward(minutes=31)
    place(Look(key=KEY))


def test_a_failed_first_hop_is_started_again_as_the_plan_wanted_it() -> None:
    place = retried(stage())

    (start,) = place.backup.started
    assert (start.source, start.source_vault, start.destination) == (ORIGIN, WORKLOAD_VAULT, WATCHED)
    assert (start.copy_role_arn, start.delete_after_days, start.attempt) == (BACKUP_ROLE, 10, 2)


def test_its_arrival_is_taken_on_by_a_chain_of_its_own() -> None:
    place = retried(stage())
    land(place)

    assert expectation(place).state is ChainState.COMPLETE
    assert expectation(place).finished_at is not None
    assert place.queue.work == [arrived(created_at=NIGHT)]
    place.drain()
    assert [chain.key.recovery_point for chain in place.chains.all() if chain.kind is RouteKind.ARRIVALS] == [
        ARRIVAL_ARN
    ]
    assert place.backup.deleted == []
    assert place.announcer.messages == []


@pytest.mark.parametrize("state", ["FAILED", "PARTIAL"])
def test_every_end_of_a_plans_job_without_an_arrival_is_followed(state: str) -> None:
    place = stage()
    place(plan_job(place, state=state))

    assert expectation(place).hop("first").attempt.number == 1


def test_the_origin_is_never_released() -> None:
    assert first_hop_route(ROUTE, WORKLOAD_VAULT).intermediates() == ()


def test_a_configuration_error_strands_at_once_and_says_so() -> None:
    place = stage()
    place(plan_job(place, message=NO_ACCESS))

    (message,) = place.announcer.messages
    assert "VAULT_POLICY" in message.title
    assert NO_ACCESS in "".join(message.lines)
    assert place.backup.started == []


def test_without_a_role_it_is_only_watched_until_others_copied_it() -> None:
    place = stage(role_arn="")
    place(plan_job(place))
    place.clock.forward(minutes=6)
    place(Look(key=KEY))

    assert place.backup.started == []
    (message,) = place.announcer.messages
    assert "FirstHopRoleArn" in "".join(message.lines)
    place.backup.jobs["BY-HAND"] = replace(
        plan_job(place).job, job_id="BY-HAND", state="COMPLETED", arrival=ARRIVAL_ARN, is_planned=False
    )
    place.clock.forward(days=1, minutes=1)
    place(Look(key=KEY))
    assert expectation(place).state is ChainState.COMPLETE
    assert place.announcer.messages[-1].is_closed


def test_without_a_role_and_without_a_job_it_says_that() -> None:
    place = stage(role_arn="")
    place(plan_job(place))
    place.backup.jobs.clear()
    place.clock.forward(minutes=6)
    place(Look(key=KEY))

    assert "no copy job of it is known any more" in "".join(place.announcer.messages[0].lines)


def test_a_second_report_of_the_same_failure_changes_nothing() -> None:
    place = retried(stage())
    place(news_of(place))
    place(plan_job(place))

    assert len(place.backup.started) == 1


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"is_planned": False}, "not started by a backup plan"),
        ({"state": "RUNNING", "created_at": NOW}, "nothing has arrived"),
        ({"state": "RUNNING", "created_at": None}, "nothing has arrived"),
    ],
)
def test_what_is_no_failure_of_a_plan_is_left_alone(changes: dict[str, object], why: str) -> None:
    place = stage()
    report = place(plan_job(place, **changes))

    assert why in (report.ignored or "")
    assert place.chains.all() == []


def test_another_type_is_left_alone_without_asking_aws() -> None:
    place = stage()
    place.backup.fail("point", AssertionError("nobody asks"))
    report = place(replace(plan_job(place), resource_type="EBS"))

    assert "EBS" in (report.ignored or "")


def test_an_installation_that_watches_no_first_hops_ignores_them() -> None:
    place = Stage()
    report = place(plan_job(place))

    assert "nothing has arrived" in (report.ignored or "")
    with pytest.raises(ValueError, match="does not watch"):
        first_hop_route(place.route, WORKLOAD_VAULT)


def test_a_chain_of_a_first_hop_that_is_no_longer_watched_is_left_alone() -> None:
    place = retried(stage())
    place.route = a_route()

    assert "does not have" in (place(Look(key=KEY)).ignored or "")


def test_an_origin_that_is_gone_is_told_of() -> None:
    place = stage()
    place.backup.points.clear()
    place(plan_job(place))
    place.clock.forward(minutes=6)
    place(Look(key=KEY))
    assert place.announcer.messages == []

    place.clock.forward(hours=1)
    place(Look(key=KEY))
    (message,) = place.announcer.messages
    assert "SOURCE_GONE" in message.title


def test_an_origin_of_which_nothing_is_known_is_left_alone() -> None:
    place = stage()
    place.backup.points.clear()
    report = place(replace(plan_job(place), database=None))

    assert "not known" in (report.ignored or "")


@pytest.mark.parametrize("trouble", [DeniedError("AccessDenied"), TryAgainError("throttled")])
def test_a_failed_first_hop_is_followed_although_its_origin_cannot_be_described(trouble: SecondHopError) -> None:
    """The chain asks again before it copies, and reports what lasts."""
    place = stage()
    place.backup.fail("point", trouble)
    place(plan_job(place))
    assert place.chain.kind is RouteKind.FIRST_HOPS

    place.clock.forward(minutes=10)
    place(Look(key=KEY))
    assert len(place.backup.started) == 1


def test_a_failed_first_hop_waits_on_the_queue_if_no_one_answers() -> None:
    place = stage()
    place.backup.fail("point", SilentError("timed out"))
    with pytest.raises(SilentError):
        place(plan_job(place))


def test_pausing_the_route_pauses_its_first_hops() -> None:
    place = stage()
    place(plan_job(place))
    place.chains.pause(route="default", by="ann")
    place.clock.forward(minutes=6)
    place(Look(key=KEY))

    assert place.backup.started == []


def test_the_watched_vaults_key_is_not_what_a_first_hop_is_judged_by() -> None:
    place = retried(stage())
    place.backup.keys[WATCHED.arn] = WATCHED_KEY + "-other"
    land(place)

    assert expectation(place).state is ChainState.COMPLETE


def test_a_table_that_is_silent_while_a_failed_first_hop_is_opened_leaves_nothing_half_done() -> None:
    place = stage()
    news, circuit = plan_job(place), place.chains.circuit
    troubles = [TryAgainError("ServiceUnavailableException")]

    def silent_once(site: Site) -> Circuit:
        if troubles:
            raise troubles.pop()
        return circuit(site)

    place.chains.circuit = silent_once  # type: ignore[method-assign]  # for this test only
    with pytest.raises(TryAgainError):
        place(news)
    assert place.chains.all() == []

    place(news)
    assert expectation(place).state is ChainState.WAITING
    assert expectation(place).next_check is not None


def test_a_first_hop_that_runs_in_a_full_lane_is_left_to_the_next_sweep() -> None:
    """AWS describes its job as COMPLETED, and does not name the copy yet."""
    place = stage()
    place.route = replace(place.route, limits={"RDS": 1})
    point = an_arrival(arn=f"{ORIGIN}-b", database=f"{ORDERS}2", vault_arn=WORKLOAD_VAULT.arn)
    other = a_chain(first_hop_route(place.route, WORKLOAD_VAULT), point=point)
    place.chains.save(with_hop(other, "first", state=HopState.COPYING, attempt=1), before=None, limit=1)
    plan_job(place, state="COMPLETED", message="", completed_at=NOW, arrival=None)
    running = replace(news_of(place).job, state="RUNNING", completed_at=None)
    place.clock.forward(days=8)
    report = place(replace(news_of(place), job=running))

    assert report.ignored is not None
    assert "is not followed yet: first has no slot for a copy that runs" in report.ignored
    assert place.chains.get(KEY) is None
