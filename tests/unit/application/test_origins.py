"""Whose a recovery point in the watched vault is: it arrived from a workload account, or somebody brought it back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from secondhop.application.origin import Origin, is_from_workload, survey_origin
from secondhop.domain.observation import JobSeen
from secondhop.domain.route import FirstHops
from tests.builders import (
    ARRIVAL_ARN,
    BACKUP,
    COPY_ARN,
    CUSTOMERS,
    DR_VAULT,
    NIGHT,
    NOW,
    ORDERS,
    OWNER,
    SECOND_DR_VAULT,
    WATCHED,
    WORKLOAD_VAULT,
    a_chain,
    a_copy,
    a_fan_out,
    a_job,
    a_route,
    an_arrival,
    brought_back,
)
from tests.stand_ins import Stage

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ORIGIN = ORDERS.replace(":db:", ":snapshot:awsbackup:job-")
NOBODY_ASKS = AssertionError("nobody asks")
BY_HAND = f"arn:aws:rds:eu-west-1:{BACKUP}:snapshot:awsbackup:copyjob-by-hand"


def origin_after(*jobs: JobSeen, age: timedelta = timedelta(0), stage: Stage | None = None, **point: Any) -> Origin:
    place = stage or Stage()
    place.backup.jobs |= {job.job_id: job for job in jobs}
    chain = a_chain(point=an_arrival(source_vault_arn=None, **point), came_from_workload=False)
    return survey_origin(place.backup, chain, place.route, now=NOW + age)


@pytest.mark.parametrize(
    ("vault_arn", "is_arrival"),
    [
        (WORKLOAD_VAULT.arn, True),
        (DR_VAULT.arn, False),
        (WATCHED.arn, False),
        (WORKLOAD_VAULT.arn.replace("111122223333", "999999999999"), False),
        ("no ARN", False),
        (None, False),
    ],
)
def test_a_copy_out_of_a_vault_of_a_workload_account_is_an_arrival(vault_arn: str | None, is_arrival: bool) -> None:
    assert is_from_workload(a_route(), vault_arn) is is_arrival


def test_a_copy_within_the_account_of_the_watched_vault_tells_nothing_even_if_its_databases_are_there() -> None:
    route = a_route(workload_accounts=frozenset({BACKUP}))

    assert not is_from_workload(route, DR_VAULT.arn)


@pytest.mark.parametrize("state", ["COMPLETED", "FAILED", "RUNNING", "PARTIAL"])
def test_a_job_of_the_backup_account_that_names_the_point_names_its_owner(state: str) -> None:
    assert origin_after(brought_back(state=state)) == Origin(owner=OWNER)


@pytest.mark.parametrize("route", [a_route(), a_fan_out()], ids=["one leg", "two legs"])
def test_jobs_out_of_every_site_of_the_route_are_asked_for(route: Any) -> None:
    far = brought_back(source=COPY_ARN.replace("eu-central-1", SECOND_DR_VAULT.site.region))
    near = brought_back(source=BY_HAND)

    assert origin_after(near, stage=Stage(route=route)).owner == OWNER
    assert (origin_after(far, stage=Stage(route=route)).owner == OWNER) is (len(route.legs) == 2)


def test_a_site_of_another_account_is_not_asked() -> None:
    """Only the backup account can bring a copy back without being a workload account."""
    elsewhere = replace(SECOND_DR_VAULT, site=replace(SECOND_DR_VAULT.site, account="777788889999"))
    route = a_fan_out()
    stage = Stage(route=replace(route, legs=(route.legs[0], replace(route.legs[1], destination=elsewhere))))
    asked, listing = list[object](), stage.backup.jobs_since

    def watched(*given: Any, **named: Any) -> Any:
        asked.append(named["from_site"])
        return listing(*given, **named)

    stage.backup.jobs_since = watched  # type: ignore[method-assign]  # for this test only
    origin_after(stage=stage)

    assert asked == sorted([WATCHED.site, DR_VAULT.site])


@pytest.mark.parametrize("made_before", [timedelta(minutes=2), 7 * DAY])
def test_a_job_that_is_older_than_the_date_of_its_copy_still_names_the_owner(made_before: timedelta) -> None:
    """A copy may get a date of its own instead of the date of the original backup."""
    assert origin_after(brought_back(created_at=NIGHT - made_before)).owner == OWNER


@pytest.mark.parametrize(("seconds", "is_doubtful"), [(-DAY.total_seconds(), True), (60, True), (61, False)])
def test_a_live_job_of_another_backup_leaves_doubt_if_the_point_is_younger_than_the_job(
    seconds: float, is_doubtful: bool
) -> None:
    stage = Stage()
    stage.backup.put(a_copy(created_at=NIGHT - DAY))
    job = brought_back(state="RUNNING", arrival=None, created_at=NIGHT + timedelta(seconds=seconds))

    assert (origin_after(job, stage=stage).doubt is not None) is is_doubtful


@pytest.mark.parametrize("state", ["CREATED", "RUNNING", "COMPLETED"])
def test_a_job_that_may_be_making_the_point_leaves_it_in_doubt(state: str) -> None:
    stage = Stage()
    stage.backup.put(a_copy())
    origin = origin_after(brought_back(state=state, arrival=None), stage=stage)

    assert origin == Origin(doubt=f"in doubt, because copy job BACK into its vault is {state}")


@pytest.mark.parametrize(("seconds", "is_doubtful"), [(0, True), (60, True), (61, False), (-61, False), (86400, False)])
def test_a_live_job_of_another_backup_leaves_no_doubt(seconds: int, is_doubtful: bool) -> None:
    stage = Stage()
    stage.backup.put(a_copy(created_at=NIGHT + timedelta(seconds=seconds)))
    origin = origin_after(brought_back(state="RUNNING", arrival=None), stage=stage)

    assert (origin.doubt is not None) is is_doubtful
    assert not origin.is_from_workload


OTHER_DATABASE = ORDERS.replace("orders", "invoices")


@pytest.mark.parametrize(
    ("resource", "is_doubtful"),
    [
        (ORDERS, True),
        (None, True),
        (COPY_ARN, True),
        (OTHER_DATABASE, False),
        (CUSTOMERS, False),
    ],
)
@pytest.mark.parametrize("state", ["CREATED", "RUNNING", "COMPLETED"])
def test_only_a_live_job_that_may_be_of_the_same_database_leaves_doubt(
    state: str, resource: str | None, is_doubtful: bool
) -> None:
    """A copy job of a copy may name the recovery point instead of the database."""
    origin = origin_after(brought_back(state=state, arrival=None, resource=resource))

    assert (origin.doubt is not None, origin.is_from_workload) == (is_doubtful, False)


def test_a_live_job_whose_source_does_not_show_leaves_the_point_in_doubt() -> None:
    stage = Stage()
    stage.backup.put(a_copy(arn=COPY_ARN + "-other", created_at=NIGHT - DAY))

    assert origin_after(brought_back(state="RUNNING", arrival=None), stage=stage).doubt is not None


@pytest.mark.parametrize(
    "job",
    [
        brought_back(state="FAILED", arrival=None),
        brought_back(state="PARTIAL", arrival=None),
        brought_back(arrival=ARRIVAL_ARN + "-other"),
        brought_back(state="RUNNING", arrival=ARRIVAL_ARN + "-other"),
        a_job(state="COMPLETED", arrival=ARRIVAL_ARN),
    ],
)
def test_jobs_that_made_nothing_or_another_point_say_nothing(job: JobSeen) -> None:
    assert origin_after(job) == Origin()


def watching(**route: Any) -> Stage:
    """A stage whose route lists the copy jobs of a workload account."""
    return Stage(route=a_route(first_hops=FirstHops(site=WORKLOAD_VAULT.site, role_arn="", retention_days=7), **route))


def test_a_copy_job_of_the_workload_account_proves_where_the_point_comes_from() -> None:
    stage = watching()
    stage.backup.fail("jobs_since", NOBODY_ASKS)
    hop_1 = a_job(job_id="HOP-1", source=ORIGIN, destination_vault_arn=WATCHED.arn, arrival=ARRIVAL_ARN)

    assert origin_after(hop_1, stage=stage) == Origin(is_from_workload=True)


def test_the_list_of_the_vault_proves_it_where_the_description_does_not() -> None:
    stage = Stage()
    stage.backup.put(an_arrival(arn=ARRIVAL_ARN + "-other", source_vault_arn=None))
    stage.backup.put(an_arrival())
    stage.backup.fail("jobs_since", NOBODY_ASKS)

    assert origin_after(stage=stage) == Origin(is_from_workload=True)


def test_a_listed_copy_from_a_vault_of_the_backup_account_belongs_to_its_owner() -> None:
    archive = f"arn:aws:backup:us-east-1:{BACKUP}:backup-vault:archive"
    stage = Stage()
    stage.backup.put(an_arrival(source_vault_arn=archive))

    assert origin_after(stage=stage) == Origin(owner=f"the owner of a copy from {archive}")


@pytest.mark.parametrize(("days", "is_unproven"), [(28, True), (29, False), (400, False)])
def test_an_origin_is_unproven_only_while_aws_remembers_the_jobs_since_the_backup(days: int, is_unproven: bool) -> None:
    origin = origin_after(age=timedelta(days=days), created_at=NOW, stage=watching())

    assert origin == Origin(is_unproven=is_unproven)


def test_the_jobs_of_another_workload_account_cannot_be_listed() -> None:
    stage = watching()
    stage.backup.fail("jobs_into", NOBODY_ASKS)

    assert (
        origin_after(created_at=NOW, database=ORDERS.replace("111122223333", "999988887777"), stage=stage) == Origin()
    )


def test_a_hub_cannot_list_the_jobs_of_workload_accounts() -> None:
    assert origin_after(created_at=NOW, stage=Stage()) == Origin()
