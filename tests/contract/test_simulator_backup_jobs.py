"""Backup jobs as AWS Backup has them: tokens, windows, and what is refused at the call; and lists of vaults."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from backup_simulator import NotModelled
from tests.simulated_place import HOME, OPEN, A, B, Place, code_of


@pytest.fixture
def place() -> Place:
    return Place()


def test_a_token_that_was_used_starts_no_second_backup(place: Place) -> None:
    request = {"BackupVaultName": "near", "ResourceArn": place.database, "IamRoleArn": place.role}
    ids = [place.client.start_backup_job(**request, IdempotencyToken="t")["BackupJobId"] for _ in range(2)]
    other = place.client.start_backup_job(**request, IdempotencyToken="u")["BackupJobId"]
    place.world.run_for(timedelta(hours=3))

    assert ids[0] == ids[1] != other
    assert len(place.world.recovery_points()) == 3


@pytest.mark.parametrize(
    ("changes", "is_modelled"),
    [
        ({"StartWindowMinutes": 59}, True),
        ({"CompleteWindowMinutes": 0}, True),
        ({"Lifecycle": {"DeleteAfterDays": 0}}, True),
        ({"BackupOptions": {"WindowsVSS": "enabled"}}, False),
        ({"Index": "ENABLED"}, False),
        ({"LogicallyAirGappedBackupVaultArn": "arn:x"}, False),
    ],
)
def test_a_backup_that_cannot_be_made_as_asked_for_is_refused(
    place: Place, changes: dict[str, Any], *, is_modelled: bool
) -> None:
    request = {"BackupVaultName": "near", "ResourceArn": place.database, "IamRoleArn": place.role, **changes}
    with pytest.raises(ClientError if is_modelled else NotModelled):
        place.client.start_backup_job(**request)
    assert len(place.client.list_backup_jobs()["BackupJobs"]) == 1


def test_a_backup_that_cannot_begin_in_its_start_window_expires(place: Place) -> None:
    place.world.databases[place.database].size_bytes = place.point.size_bytes = 500 * 1024**3
    place.copy()
    place.world.run_for(timedelta(minutes=5))
    request = {"BackupVaultName": "near", "ResourceArn": place.database, "IamRoleArn": place.role}
    ids = [place.client.start_backup_job(**request, StartWindowMinutes=each)["BackupJobId"] for each in (62, 60 * 48)]
    asked = place.world.now()
    place.world.run_for(timedelta(days=2))
    short, long = (place.client.describe_backup_job(BackupJobId=each) for each in ids)

    assert (short["State"], short["StatusMessage"]) == ("EXPIRED", "Backup job expired before completion.")
    assert short["CompletionDate"] - asked == timedelta(minutes=62)
    assert long["State"] == "COMPLETED"


def test_a_backup_that_is_not_complete_in_its_window_expires_and_frees_the_database(place: Place) -> None:
    request = {"BackupVaultName": "near", "ResourceArn": place.database, "IamRoleArn": place.role}
    job = place.client.start_backup_job(**request, CompleteWindowMinutes=10)["BackupJobId"]
    place.world.run_for(timedelta(hours=1))
    assert place.client.describe_backup_job(BackupJobId=job)["State"] == "EXPIRED"

    place.client.start_backup_job(**request)
    place.world.run_for(timedelta(hours=1))
    assert len(place.world.recovery_points()) == 2


def test_vaults_are_listed_by_type_and_vaults_of_other_accounts_are_denied(place: Place) -> None:
    listed = [
        len(place.client.list_backup_vaults(ByVaultType=kind)["BackupVaultList"])
        for kind in ("BACKUP_VAULT", "LOGICALLY_AIR_GAPPED_BACKUP_VAULT")
    ]
    assert listed == [1, 0]
    with pytest.raises(NotModelled, match="ByShared"):
        place.client.list_backup_vaults(ByShared=True)

    there = place.world.site(B, HOME)
    there.create_vault("near", key_arn=there.create_key(), policy=OPEN)
    named = {"BackupVaultName": "near", "BackupVaultAccountId": B}
    calls: tuple[Callable[[], object], ...] = (
        lambda: place.client.describe_backup_vault(**named),
        lambda: place.client.list_recovery_points_by_backup_vault(**named),
        lambda: place.client.describe_recovery_point(**named, RecoveryPointArn=place.point.arn),
    )
    for call in calls:
        with pytest.raises(ClientError) as refused:
            call()
        assert code_of(refused) == "AccessDeniedException"
    own = named | {"BackupVaultAccountId": A}
    assert len(place.client.list_recovery_points_by_backup_vault(**own)["RecoveryPoints"]) == 1


def test_a_copy_into_what_is_no_vault_is_refused_at_once(place: Place) -> None:
    with pytest.raises(place.client.exceptions.InvalidParameterValueException, match="nonsense"):
        place.copy(DestinationBackupVaultArn="nonsense")
