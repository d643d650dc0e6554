"""One contract, two implementations of `Backup`: what the adapter of AWS promises, and the tests' stand-in as well."""

from __future__ import annotations

from datetime import timedelta

import pytest

from secondhop.application.ports import RefusedError
from secondhop.domain.arn import Vault
from secondhop.domain.errors import DeniedError
from secondhop.domain.observation import JobSeen
from secondhop.domain.route import VaultLock
from tests.backup_places import COPY, BackupPlace, SimulatedBackupPlace, StandInBackupPlace, a_release, a_start

MOMENT = timedelta(milliseconds=1)
LONG = timedelta(days=999)


@pytest.fixture(params=[SimulatedBackupPlace, StandInBackupPlace], ids=["AWS", "stand-in"])
def place(request: pytest.FixtureRequest) -> BackupPlace:
    made: BackupPlace = request.param()
    return made


def copied(place: BackupPlace, source: str, *, into: Vault, out_of: Vault, token: str = "token") -> JobSeen:
    """A copy job that is complete."""
    started = place.backup.start(a_start(place, source, into=into, out_of=out_of, token=token))
    place.forward(COPY)
    job = place.backup.job(out_of.site, started.job_id)
    assert job is not None
    assert job.state == "COMPLETED"
    return job


def ids_of_all_jobs(place: BackupPlace) -> set[str]:
    after = place.now() - LONG
    return {
        job.job_id
        for source, destination in ((place.near, place.far), (place.near, place.farther), (place.far, place.farther))
        for job in place.backup.jobs_since(destination, from_site=source.site, after=after)
    }


# ------------------------------------------------------------ recovery points and vaults


def test_a_point_is_described_in_its_vault_and_not_found_elsewhere(place: BackupPlace) -> None:
    began = place.now()
    arn = place.back_up(place.databases[1])

    point = place.backup.point(place.near, arn)
    assert point is not None
    assert (point.arn, point.vault_arn, point.database) == (arn, place.near.arn, place.databases[1])
    assert (point.status, point.resource_type) == ("COMPLETED", "RDS")
    assert began <= point.created_at <= place.now()
    assert place.backup.point(place.far, arn) is None
    assert place.backup.point(place.near, f"{arn}-other") is None


def test_a_vault_that_does_not_exist_is_a_denial_and_has_no_missing_points(place: BackupPlace) -> None:
    nowhere = Vault("aws", place.near.site, "nowhere")
    arn = place.back_up(place.databases[0])

    with pytest.raises(DeniedError):
        place.backup.point(nowhere, arn)
    with pytest.raises(DeniedError):
        place.backup.vault(nowhere)
    with pytest.raises(DeniedError):
        list(place.backup.points_of(nowhere, place.databases[0]))
    with pytest.raises(DeniedError):
        list(place.backup.points_between(nowhere, after=place.now() - LONG, before=place.now()))
    with pytest.raises(RefusedError, match="AccessDenied"):
        place.backup.start(a_start(place, arn, into=place.far, out_of=nowhere))


def test_a_vault_is_described_with_its_key_and_its_lock(place: BackupPlace) -> None:
    place.lock(place.far)

    near, far = (place.backup.vault(vault) for vault in (place.near, place.far))
    assert {place.near: near.key_arn, place.far: far.key_arn} == place.keys()
    assert (near.lock, far.lock) == (VaultLock.NONE, VaultLock.GOVERNANCE)


def test_points_are_listed_by_vault_and_database(place: BackupPlace) -> None:
    orders, customers = place.databases
    place.back_up(customers)
    before = {point.arn for point in place.backup.points_of(place.near, orders)}
    new = {place.back_up(orders), place.back_up(orders)}

    found = list(place.backup.points_of(place.near, orders))
    assert {point.arn for point in found} == before | new
    assert {point.database for point in found} == {orders}
    assert list(place.backup.points_of(place.far, orders)) == []


def test_a_copy_of_a_copy_is_listed_by_the_point_that_it_names(place: BackupPlace) -> None:
    """AWS may name the source of such a copy as its resource, instead of the database."""
    database = place.databases[0]
    first = copied(place, place.back_up(database), into=place.far, out_of=place.near).arrival
    assert first is not None
    second = copied(place, first, into=place.farther, out_of=place.far).arrival

    assert [point.arn for point in place.backup.points_of(place.far, database)] == [first]
    assert [point.arn for point in place.backup.points_of(place.farther, first)] == [second]
    assert list(place.backup.points_of(place.farther, database)) == []


def test_points_are_listed_by_the_creation_of_their_backup_in_slices_without_their_edges(place: BackupPlace) -> None:
    """A copy has the date of its backup, also when it was made later. No slice of a pass lists a point of another."""
    arn = place.back_up(place.databases[0])
    point = place.backup.point(place.near, arn)
    assert point is not None
    copy = copied(place, arn, into=place.far, out_of=place.near)
    created = point.created_at

    def found(vault: Vault, after: timedelta, before: timedelta) -> list[str]:
        listed = place.backup.points_between(vault, after=created + after, before=created + before)
        return [each.arn for each in listed]

    assert found(place.near, -MOMENT, MOMENT) == [arn]
    assert found(place.far, -MOMENT, MOMENT) == [copy.arrival]
    assert found(place.near, -LONG, timedelta(0)).count(arn) == 0
    assert found(place.near, timedelta(0), LONG) == []
    assert found(place.near, MOMENT, LONG) == []


# ------------------------------------------------------------ copy jobs


def test_a_complete_job_is_described_with_its_copy(place: BackupPlace) -> None:
    source = place.back_up(place.databases[0])
    began = place.now()
    job = copied(place, source, into=place.far, out_of=place.near)

    assert (job.source, job.destination_vault_arn, job.created_at) == (source, place.far.arn, began)
    assert (job.resource, job.delete_after_days, job.is_planned) == (place.databases[0], 35, False)
    assert job.arrival is not None
    assert place.backup.point(place.far, job.arrival) is not None
    assert job.completed_at is not None
    assert began < job.completed_at <= place.now()


def test_a_job_is_known_only_in_the_site_that_it_started_from(place: BackupPlace) -> None:
    job = copied(place, place.back_up(place.databases[0]), into=place.far, out_of=place.near)

    assert place.backup.job(place.far.site, job.job_id) is None
    assert place.backup.job(place.near.site, "NO-SUCH-JOB") is None


def test_a_job_is_forgotten_30_days_after_it_began(place: BackupPlace) -> None:
    source = place.back_up(place.databases[0])
    job = copied(place, source, into=place.far, out_of=place.near)
    place.forward(timedelta(days=29))
    assert ids_of_all_jobs(place) == {job.job_id}

    place.forward(timedelta(days=1))

    assert place.backup.job(place.near.site, job.job_id) is None
    assert list(place.backup.jobs_into(place.far, from_site=place.near.site, database=place.databases[0])) == []
    assert ids_of_all_jobs(place) == set()
    after = place.now() - LONG
    listed = place.backup.jobs_in_state("COMPLETED", source=place.near.site, destination=place.far, after=after)
    assert list(listed) == []


def test_jobs_are_listed_by_destination_site_database_time_and_state(place: BackupPlace) -> None:
    orders, customers = place.databases
    first = copied(place, place.back_up(orders), into=place.far, out_of=place.near, token="1")
    other = copied(place, place.back_up(customers), into=place.far, out_of=place.near, token="2")
    elsewhere = copied(place, place.back_up(orders), into=place.farther, out_of=place.near, token="3")
    assert first.arrival is not None
    onward = copied(place, first.arrival, into=place.farther, out_of=place.far, token="4")
    source = place.back_up(orders)
    live = place.backup.start(a_start(place, source, into=place.far, out_of=place.near, token="5"))
    place.forward(timedelta(minutes=1))
    here, there, backup = place.near.site, place.far.site, place.backup

    def into(vault: Vault, database: str) -> set[str]:
        return {job.job_id for job in backup.jobs_into(vault, from_site=here, database=database)}

    assert (into(place.far, orders), into(place.far, customers)) == ({first.job_id, live.job_id}, {other.job_id})
    assert into(place.farther, orders) == {elsewhere.job_id}
    by_source = backup.jobs_into(place.farther, from_site=there, database=first.arrival)
    assert [job.job_id for job in by_source] == [onward.job_id]
    assert other.created_at is not None
    since = backup.jobs_since(place.far, from_site=here, after=other.created_at - MOMENT)
    assert {job.job_id for job in since} == {other.job_id, live.job_id}
    since = backup.jobs_since(place.far, from_site=here, after=other.created_at)
    assert {job.job_id for job in since} == {live.job_id}
    complete = list(
        backup.jobs_in_state("COMPLETED", source=here, destination=place.far, after=other.created_at - MOMENT)
    )
    assert [(news.job.job_id, news.source_vault_arn, news.database) for news in complete] == [
        (other.job_id, place.near.arn, customers)
    ]
    far = backup.jobs_in_state("COMPLETED", source=there, destination=place.farther, after=place.now() - LONG)
    assert [(news.job.job_id, news.source_vault_arn) for news in far] == [(onward.job_id, place.far.arn)]
    anywhere = backup.jobs_in_state("COMPLETED", source=here, destination=None, after=place.now() - LONG)
    assert {news.job.job_id for news in anywhere} == {first.job_id, other.job_id, elsewhere.job_id}


# ------------------------------------------------------------ effects


def test_a_start_with_a_known_token_names_the_old_job_even_if_its_source_is_gone(place: BackupPlace) -> None:
    source = place.back_up(place.databases[0])
    command = a_start(place, source, into=place.far, out_of=place.near)
    first = place.backup.start(command)
    assert first.created_at == place.now()
    place.forward(COPY)

    assert place.backup.start(command) == first
    place.backup.delete(a_release(place.near, source))
    place.forward(timedelta(hours=1))
    assert place.backup.point(place.near, source) is None
    assert place.backup.start(command) == first
    assert ids_of_all_jobs(place) == {first.job_id}


def test_another_token_or_another_site_makes_another_job(place: BackupPlace) -> None:
    source = place.back_up(place.databases[0])
    first = copied(place, source, into=place.far, out_of=place.near)
    assert first.arrival is not None

    second = place.backup.start(a_start(place, source, into=place.far, out_of=place.near, token="other"))
    third = place.backup.start(a_start(place, first.arrival, into=place.farther, out_of=place.far))
    assert len({first.job_id, second.job_id, third.job_id}) == 3


def test_a_start_of_a_source_that_is_missing_or_being_deleted_is_refused_and_makes_no_job(place: BackupPlace) -> None:
    source = place.back_up(place.databases[0])
    with pytest.raises(RefusedError) as missing:
        place.backup.start(a_start(place, f"{source}-other", into=place.far, out_of=place.near))
    with pytest.raises(RefusedError) as elsewhere:
        place.backup.start(a_start(place, source, into=place.farther, out_of=place.far))
    assert (missing.value.code, elsewhere.value.code) == ("ResourceNotFoundException",) * 2

    place.backup.delete(a_release(place.near, source))
    with pytest.raises(RefusedError):
        place.backup.start(a_start(place, source, into=place.far, out_of=place.near))
    place.forward(timedelta(minutes=1))
    assert ids_of_all_jobs(place) == set()


def test_a_start_of_a_source_that_cannot_be_copied_yet_is_refused(place: BackupPlace) -> None:
    source = place.back_up(place.databases[0])
    place.set_status(source, "CREATING")

    with pytest.raises(RefusedError, match="CREATING"):
        place.backup.start(a_start(place, source, into=place.far, out_of=place.near))


def test_a_delete_that_is_accepted_is_carried_out_later_and_deletes_nothing_else(place: BackupPlace) -> None:
    kept, deleted = place.back_up(place.databases[0]), place.back_up(place.databases[0])

    place.backup.delete(a_release(place.near, deleted))
    shown = place.backup.point(place.near, deleted)
    assert shown is None or shown.status == "DELETING"
    place.forward(timedelta(hours=1))

    assert place.backup.point(place.near, deleted) is None
    listed = [point.arn for point in place.backup.points_of(place.near, place.databases[0])]
    assert kept in listed
    assert deleted not in listed


def test_a_delete_of_a_point_that_is_gone_is_refused(place: BackupPlace) -> None:
    arn = place.back_up(place.databases[0])
    place.backup.delete(a_release(place.near, arn))
    place.forward(timedelta(hours=1))

    with pytest.raises(RefusedError) as refused:
        place.backup.delete(a_release(place.near, arn))
    assert refused.value.code == "ResourceNotFoundException"
    with pytest.raises(RefusedError):
        place.backup.delete(a_release(place.far, arn))


def test_a_delete_in_a_locked_vault_is_refused_and_deletes_nothing(place: BackupPlace) -> None:
    arn = place.back_up(place.databases[0])
    place.lock(place.near)

    with pytest.raises(RefusedError):
        place.backup.delete(a_release(place.near, arn))
    place.forward(timedelta(hours=1))
    assert place.backup.point(place.near, arn) is not None


def test_a_second_delete_of_a_point_that_is_being_deleted_is_refused(place: BackupPlace) -> None:
    arn = place.back_up(place.databases[0])
    place.set_status(arn, "DELETING")

    with pytest.raises(RefusedError) as refused:
        place.backup.delete(a_release(place.near, arn))
    assert refused.value.code == "InvalidResourceStateException"
