"""A chain whose recovery point may have been brought back by people: what it waits for, and what it never does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from secondhop.application.work import Retry
from secondhop.domain.arn import Site, Vault
from secondhop.domain.chain import ChainState
from secondhop.domain.classification import Cause
from secondhop.domain.errors import DeniedError
from secondhop.domain.hop import HopState
from secondhop.domain.observation import JobSeen
from secondhop.domain.route import FirstHops
from tests.builders import (
    ARRIVAL_ARN,
    BACKUP,
    NOW,
    ORDERS,
    OWNER,
    WATCHED,
    WORKLOAD_VAULT,
    a_copy,
    a_job,
    a_route,
    an_arrival,
    brought_back,
)
from tests.stand_ins import KEY, LOOK, Stage, arrived, job_news

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOBODY_ASKS = AssertionError("nobody asks")


def everything_released() -> Stage:
    """A stage that deletes each intermediate as soon as it may."""
    return Stage(route=a_route(keep={"RDS": 0}))


def test_a_point_that_was_brought_back_is_left_to_its_owner_without_an_incident() -> None:
    stage = everything_released()
    stage.backup.jobs["BACK"] = brought_back()
    stage.backup.put(an_arrival(source_vault_arn=None))
    stage(arrived())
    for _ in range(9):
        stage.clock.forward(days=1)
        stage(LOOK)

    assert (stage.chain.state, stage.chain.abandoned_by) == (ChainState.ABANDONED, OWNER)
    assert (stage.backup.started, stage.backup.deleted) == ([], [])
    assert (stage.announcer.messages, stage.announcer.events) == ([], [])


def test_a_point_that_may_be_brought_back_waits_until_its_job_ends() -> None:
    stage = everything_released()
    stage.backup.jobs["BACK"] = brought_back(state="RUNNING", arrival=None)
    stage.backup.put(an_arrival(source_vault_arn=None))
    report = stage(arrived())
    assert "in doubt, because copy job BACK into its vault is RUNNING" in report.steps[-1].reason
    assert (stage.chain.state, stage.backup.started) == (ChainState.WAITING, [])

    stage.backup.jobs["BACK"] = brought_back()
    stage.clock.forward(minutes=6)
    stage(LOOK)
    assert (stage.chain.abandoned_by, stage.backup.started) == (OWNER, [])


def test_a_point_in_doubt_that_is_gone_is_an_incident() -> None:
    stage = Stage()
    stage.backup.put(an_arrival(source_vault_arn=None))
    stage.backup.jobs["BACK"] = brought_back(state="CREATED", arrival=None)
    stage(arrived())
    stage.backup.points.clear()
    for _ in range(3):
        stage.clock.forward(hours=6)
        stage(LOOK)

    assert [trouble.cause for trouble in stage.chain.troubles()] == [Cause.SOURCE_GONE]
    assert stage.announcer.messages != []


def test_a_point_that_shows_late_is_judged_by_its_true_date() -> None:
    """Told without a date it counts as made now; the job that brought it back is older than that."""
    stage = everything_released()
    stage(arrived())
    stage.backup.jobs["BACK"] = brought_back()
    stage.backup.put(an_arrival(source_vault_arn=None))
    stage.clock.forward(minutes=6)
    stage(LOOK)
    stage.clock.forward(minutes=6)
    stage(LOOK)

    assert (stage.chain.abandoned_by, stage.backup.started) == (OWNER, [])


def test_a_point_that_was_brought_back_longer_ago_than_aws_remembers_is_kept() -> None:
    stage = everything_released()
    night = NOW - 30 * DAY
    stage.backup.put(an_arrival(source_vault_arn=None, created_at=night, completed_at=night, delete_at=NOW + 3 * DAY))
    stage(arrived())
    stage(job_news(stage.backup.finish("JOB-1", a_copy(created_at=night, delete_at=night + 35 * DAY))))

    assert stage.chain.state is ChainState.COMPLETE
    assert stage.chain.came_from_workload is False
    assert stage.backup.deleted == []


def watching() -> Stage:
    """A stage that lists the copy jobs of the workload account, and deletes each intermediate as soon as it may."""
    hops = FirstHops(site=WORKLOAD_VAULT.site, role_arn="", retention_days=7)
    stage = Stage(route=a_route(keep={"RDS": 0}, first_hops=hops))
    stage.backup.put(an_arrival(source_vault_arn=None))
    return stage


def hop_1() -> JobSeen:
    """The copy job of the workload account that made the arrival."""
    source = ORDERS.replace(":db:", ":snapshot:awsbackup:")
    return a_job(
        job_id="HOP-1", source=source, destination_vault_arn=WATCHED.arn, state="COMPLETED", arrival=ARRIVAL_ARN
    )


def test_an_arrival_of_a_known_first_hop_is_copied_and_released_and_its_origin_is_asked_once() -> None:
    stage = watching()
    stage.backup.jobs["HOP-1"] = hop_1()
    stage(arrived())
    assert stage.chain.came_from_workload

    listing, asked = stage.backup.jobs_into, list[str]()

    def jobs_into(destination: Vault, *, from_site: Site, database: str) -> Iterator[JobSeen]:
        asked.append(destination.name)
        return listing(destination, from_site=from_site, database=database)

    stage.backup.jobs_into = jobs_into  # type: ignore[method-assign]  # for this test only
    stage(job_news(stage.backup.finish("JOB-2", a_copy())))
    assert [each.point for each in stage.backup.deleted] == [ARRIVAL_ARN]
    assert WATCHED.name not in asked


def test_an_arrival_without_a_first_hop_waits_for_an_hour_and_is_an_incident_then() -> None:
    """AWS lists jobs seconds late. After that, a job that is not listed does not exist."""
    stage = watching()
    stage(arrived())
    for _ in range(11):
        stage.clock.forward(minutes=5)
        stage(LOOK)
    assert (stage.chain.state, stage.announcer.messages) == (ChainState.WAITING, [])

    stage.clock.forward(minutes=5)
    stage(LOOK)
    assert [trouble.cause for trouble in stage.chain.troubles()] == [Cause.UNDECIDABLE]
    assert "no copy job of the workload account made" in stage.chain.troubles()[0].message
    assert stage.backup.started == []


def test_an_arrival_with_a_first_hop_that_is_listed_late_is_copied() -> None:
    stage = watching()
    stage(arrived())
    stage.backup.jobs["HOP-1"] = hop_1()
    stage.clock.forward(minutes=5)
    stage(LOOK)

    assert [each.source for each in stage.backup.started] == [ARRIVAL_ARN]


def test_a_retry_copies_an_arrival_without_a_first_hop_and_never_deletes_it() -> None:
    stage = watching()
    stage(arrived())
    stage.clock.forward(hours=2)
    stage(LOOK)
    stage(Retry(key=KEY, by="ada"))
    assert [each.source for each in stage.backup.started] == [ARRIVAL_ARN]

    stage(job_news(stage.backup.finish("JOB-1", a_copy())))
    stage.clock.forward(days=2)
    stage(LOOK)
    assert stage.chain.state is ChainState.COMPLETE
    assert stage.backup.deleted == []


def test_a_hub_copies_an_arrival_of_unknown_origin_and_never_deletes_it() -> None:
    stage = everything_released()
    stage.backup.put(an_arrival(source_vault_arn=None))
    stage(arrived())
    stage(job_news(stage.backup.finish("JOB-1", a_copy())))
    stage.clock.forward(days=2)
    stage(LOOK)

    assert stage.chain.state is ChainState.COMPLETE
    assert stage.backup.deleted == []


@pytest.mark.parametrize("told_by", ["job", "point"])
def test_an_arrival_that_aws_shows_to_come_from_a_workload_account_needs_no_further_question(told_by: str) -> None:
    stage = everything_released()
    stage.backup.fail("jobs_since", NOBODY_ASKS)
    if told_by == "job":
        stage.backup.put(an_arrival(source_vault_arn=None))
        job = a_job(
            source=ORDERS.replace(":db:", ":snapshot:awsbackup:"),
            destination_vault_arn=WATCHED.arn,
            state="COMPLETED",
            arrival=ARRIVAL_ARN,
        )
        stage.chains.pause(route="default", by="ada")
        stage(replace(job_news(job), source_vault_arn=WORKLOAD_VAULT.arn))
    else:
        stage.backup.put(an_arrival(source_vault_arn=WORKLOAD_VAULT.arn))
        stage.chains.pause(route="default", by="ada")
        stage(arrived())

    assert stage.chain.came_from_workload


def test_an_origin_that_may_not_be_asked_for_is_an_incident() -> None:
    stage = Stage()
    stage.backup.put(an_arrival(source_vault_arn=None))
    stage.backup.fail("jobs_since", DeniedError("not authorized to perform: backup:ListCopyJobs"))
    stage(arrived())

    assert stage.chain.hop("to-dr").state is HopState.STRANDED
    assert [trouble.cause for trouble in stage.chain.troubles()] == [Cause.PERMISSION]
    assert stage.backup.started == []


def test_a_copy_from_a_vault_of_the_backup_account_in_any_region_is_no_arrival() -> None:
    archive = f"arn:aws:backup:us-east-1:{BACKUP}:backup-vault:archive"
    stage = Stage()
    stage.backup.put(an_arrival(source_vault_arn=archive))
    stage(arrived())

    assert stage.chains.all() == []
    assert stage.backup.started == []


@pytest.mark.parametrize("source_vault_arn", ["no ARN of a vault", WORKLOAD_VAULT.arn])
def test_a_copy_from_elsewhere_is_an_arrival(source_vault_arn: str) -> None:
    stage = Stage()
    stage.backup.put(an_arrival(source_vault_arn=source_vault_arn))
    stage(arrived())

    assert len(stage.chains.all()) == 1


def test_a_copy_that_names_its_vault_only_later_is_left_to_its_owner() -> None:
    archive = f"arn:aws:backup:us-east-1:{BACKUP}:backup-vault:archive"
    stage = Stage()
    stage.backup.put(an_arrival(source_vault_arn=None))
    stage.chains.pause(route="default", by="ada")
    stage(arrived())
    stage.backup.put(an_arrival(source_vault_arn=archive))
    stage.chains.pause(route="default", by=None)
    stage.clock.forward(hours=6)
    stage(LOOK)

    assert stage.chain.state is ChainState.ABANDONED
    assert stage.backup.started == []
