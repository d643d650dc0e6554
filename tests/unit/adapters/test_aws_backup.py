"""The adapter of AWS Backup: AWS's answers and errors become ours, and nothing is read into them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from secondhop.adapters.aws_backup import AwsBackup
from secondhop.adapters.sites import AssumedRole, Sites
from secondhop.application.ports import RefusedError, UnansweredError
from secondhop.domain.arn import Site, Vault
from secondhop.domain.command import ReleaseIntermediate, StartCopy
from secondhop.domain.errors import DeniedError, FinalError, TryAgainError
from secondhop.domain.observation import JobSeen
from tests.builders import NOW
from tests.simulated_place import DR, HOME, A, B, Place

NEAR = Vault("aws", Site(A, HOME), "near")
FAR = Vault("aws", Site(A, DR), "far")
NOWHERE = Vault("aws", Site(A, HOME), "nowhere")


@pytest.fixture
def place() -> Place:
    return Place()


def sites_of(place: Place, roles: Mapping[str, AssumedRole] | None = None) -> Sites:
    session: Any = place.world.session(A, region=HOME)
    return Sites(session, roles or {}, place.world.now)


def backup_of(place: Place) -> AwsBackup:
    return AwsBackup(sites_of(place).backup_client)


def a_start(place: Place) -> StartCopy:
    return StartCopy(
        subject="to-dr",
        source=place.point.arn,
        source_vault=NEAR,
        destination=FAR,
        copy_role_arn=place.role,
        delete_after_days=35,
        attempt=1,
        token="token",
    )


def test_a_point_is_described_with_what_aws_says_of_it(place: Place) -> None:
    point = backup_of(place).point(NEAR, place.point.arn)

    assert point is not None
    assert (point.status, point.database, point.created_at) == ("COMPLETED", place.database, place.point.created_at)
    assert point.delete_at is None


def test_only_not_found_means_that_a_point_is_gone(place: Place) -> None:
    backup = backup_of(place)

    assert backup.point(NEAR, "arn:aws:rds:eu-west-1:1:snapshot:awsbackup:x") is None
    with pytest.raises(DeniedError, match="Insufficient privileges"):
        backup.point(NOWHERE, place.point.arn)
    with pytest.raises(DeniedError):
        backup.vault(NOWHERE)


def test_only_not_found_means_that_a_job_is_forgotten(place: Place) -> None:
    backup = backup_of(place)
    assert backup.job(NEAR.site, "NO-SUCH-JOB") is None

    place.world.faults.refuse("DescribeCopyJob", code="AccessDeniedException")
    with pytest.raises(DeniedError):
        backup.job(NEAR.site, "NO-SUCH-JOB")


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("ThrottlingException", 400, TryAgainError),
        ("ServiceUnavailableException", 500, TryAgainError),
        ("SomethingNew", 503, TryAgainError),
        ("AccessDeniedException", 400, DeniedError),
        ("InvalidParameterValueException", 400, FinalError),
    ],
)
def test_errors_are_split_by_whether_trying_again_helps(
    place: Place, code: str, status: int, kind: type[Exception]
) -> None:
    place.world.faults.refuse("ListCopyJobs", code=code, status=status)

    with pytest.raises(kind):
        list(backup_of(place).jobs_into(FAR, from_site=NEAR.site, database=place.database))


def test_jobs_and_points_are_listed_over_all_pages(place: Place) -> None:
    backup = backup_of(place)
    backup.start(a_start(place))
    place.world.run_for(timedelta(hours=2))

    (job,) = backup.jobs_into(FAR, from_site=NEAR.site, database=place.database)
    (copy,) = backup.points_of(FAR, place.database)
    assert job.source == place.point.arn
    assert (job.state, job.arrival, job.resource) == ("COMPLETED", copy.arn, place.database)
    created = place.point.created_at
    assert [p.arn for p in backup.points_between(FAR, after=created - timedelta(1), before=created + timedelta(1))] == [
        copy.arn
    ]
    assert list(backup.points_between(FAR, after=created + timedelta(1), before=created + timedelta(2))) == []


def test_jobs_into_a_vault_are_listed_from_a_moment_on_whatever_they_copy_and_over_all_pages(place: Place) -> None:
    for token in ("one", "two", "three"):
        place.copy(IdempotencyToken=token)
        place.world.run_for(timedelta(hours=2))
    elsewhere = place.far.create_vault("elsewhere", key_arn=place.far.create_key())
    place.copy(IdempotencyToken="four", DestinationBackupVaultArn=elsewhere)
    asked: list[dict[str, Any]] = []

    def one_a_page(params: dict[str, Any], **_: Any) -> None:
        asked.append(dict(params))
        params["MaxResults"] = 1

    client = sites_of(place).backup_client(NEAR.site)
    client.meta.events.register("provide-client-params.backup.ListCopyJobs", one_a_page)
    backup = AwsBackup(lambda _site: client)
    oldest, *later = sorted(backup.jobs_since(FAR, from_site=NEAR.site, after=NOW - timedelta(days=999)), key=made_at)

    assert [job.source for job in (oldest, *later)] == [place.point.arn] * 3
    assert len(asked) == 3
    after = made_at(later[0]) - timedelta(seconds=1)
    assert sorted(backup.jobs_since(FAR, from_site=NEAR.site, after=after), key=made_at) == later
    assert {(each["ByDestinationVaultArn"], each["ByCreatedAfter"]) for each in asked[3:]} == {(FAR.arn, after)}


def made_at(job: JobSeen) -> datetime:
    assert job.created_at is not None
    return job.created_at


def test_a_start_that_was_refused_did_nothing_and_one_that_was_not_answered_may_have(place: Place) -> None:
    backup = backup_of(place)
    place.world.faults.refuse("StartCopyJob", code="LimitExceededException")
    with pytest.raises(RefusedError) as refused:
        backup.start(a_start(place))
    assert refused.value.code == "LimitExceededException"

    place.world.faults.refuse("StartCopyJob", code="ServiceUnavailableException", status=500)
    with pytest.raises(UnansweredError):
        backup.start(a_start(place))


def test_a_delete_that_was_refused_says_why(place: Place) -> None:
    place.world.vault_by_arn(NEAR.arn).lock = {"MinRetentionDays": 7}

    with pytest.raises(RefusedError):
        backup_of(place).delete(ReleaseIntermediate(subject="arrival", point=place.point.arn, vault=NEAR))


class Silent:
    """A client whose every call runs into a timeout."""

    def __getattr__(self, operation: str) -> Any:
        def call(**_: Any) -> None:
            raise ReadTimeoutError(endpoint_url="https://backup.simulated")

        return call


def test_silence_is_neither_success_nor_failure(place: Place) -> None:
    backup = AwsBackup(lambda _site: Silent())

    with pytest.raises(UnansweredError):
        backup.start(a_start(place))
    with pytest.raises(TryAgainError):
        backup.point(NEAR, place.point.arn)


def test_an_answer_without_what_we_need_is_refused_and_not_filled_in(place: Place) -> None:
    class Sparse:
        def describe_recovery_point(self, **_: Any) -> dict[str, str]:
            return {"RecoveryPointArn": place.point.arn}

    with pytest.raises(FinalError, match="without ResourceArn"):
        AwsBackup(lambda _site: Sparse()).point(NEAR, place.point.arn)


def test_a_role_that_cannot_be_assumed_is_a_denial(place: Place) -> None:
    role = AssumedRole(role_arn=f"arn:aws:iam::{B}:role/none", external_id="handshake")
    sites = sites_of(place, {B: role})

    with pytest.raises(DeniedError, match="not authorized to perform: sts:AssumeRole"):
        sites.backup_client(Site(B, HOME))


@pytest.mark.parametrize(
    ("described", "lock"),
    [
        ({}, None),
        ({"Locked": False}, "none"),
        ({"Locked": True, "MinRetentionDays": 7}, "governance"),
        ({"Locked": True, "LockDate": NOW}, "compliance"),
    ],
)
def test_a_lock_with_a_date_is_one_of_compliance(described: dict[str, Any], lock: str | None) -> None:
    class Client:
        def describe_backup_vault(self, **_request: Any) -> dict[str, Any]:
            return {"EncryptionKeyArn": "key", **described}

    seen = AwsBackup(lambda _site: Client()).vault(NOWHERE)

    assert (seen.key_arn, seen.lock) == ("key", lock)


@pytest.mark.parametrize(
    ("described", "size"), [({}, None), ({"BackupSizeInBytes": 0}, None), ({"BackupSizeInBytes": 7}, 7)]
)
def test_a_size_of_nothing_is_one_that_aws_does_not_know(described: dict[str, Any], size: int | None) -> None:
    class Client:
        def describe_recovery_point(self, **_request: Any) -> dict[str, Any]:
            named = {"RecoveryPointArn": "arn", "ResourceArn": "database", "ResourceType": "RDS", "Status": "COMPLETED"}
            return {**named, "CreationDate": NOW, **described}

    seen = AwsBackup(lambda _site: Client()).point(NEAR, "arn")

    assert seen is not None
    assert seen.size_bytes == size


def test_a_finished_job_tells_how_long_it_took(place: Place) -> None:
    backup = backup_of(place)
    backup.start(a_start(place))
    began = place.world.now()
    place.world.run_for(timedelta(hours=2))

    (news,) = backup.jobs_in_state("COMPLETED", source=NEAR.site, destination=FAR, after=began - timedelta(hours=1))

    assert (news.job.created_at, news.resource_type) == (began, "RDS")
    assert news.job.completed_at is not None
    assert began < news.job.completed_at <= place.world.now()
