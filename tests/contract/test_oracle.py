"""The oracle itself: a world in which a promise was broken is reported, with the promise's name."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from backup_simulator import World
from rehearsal.stage import ADMINISTRATOR, BACKUP, DR, HOME, Stage


@pytest.fixture
def stage() -> Stage:
    """A world after one good night of one Aurora and one RDS database."""
    # Not enforced: here the role is made to do what its policies forbid.
    stage = Stage(World(enforce_identity=False))
    stage.add_database("Aurora", "customers", size_gib=1)
    stage.add_database("RDS", "orders", size_gib=1)
    stage.world.run_for(timedelta(hours=12))
    return stage


def as_second_hop(stage: Stage) -> Any:
    """A client with Second Hop's own role, to do on purpose what it must not do."""
    role = stage.backup_account["OperatorRoleArn"]
    return stage.world.session(BACKUP, role, HOME).client("backup")


def broken(stage: Stage) -> set[int]:
    return {violation.promise for violation in stage.oracle().violations()}


def arrival(stage: Stage) -> Any:
    watched = stage.backup_account["WatchedVaultArn"]
    arn = next(point.arn for point in stage.world.recovery_points() if point.vault_arn == watched)
    return stage.world.point_by_arn(arn)


def final(stage: Stage) -> Any:
    vault = stage.dr["DrVaultArn"]
    found = [p for p in stage.world.recovery_points() if p.vault_arn == vault and p.resource_type == "RDS"]
    return stage.world.point_by_arn(found[0].arn)


def start_copy(stage: Stage, **changes: Any) -> None:
    request = {
        "RecoveryPointArn": arrival(stage).arn,
        "SourceBackupVaultName": "watched-vault",
        "DestinationBackupVaultArn": stage.dr["DrVaultArn"],
        "IamRoleArn": stage.backup_account["CopyRoleArn"],
        "Lifecycle": {"DeleteAfterDays": 35},
        **changes,
    }
    as_second_hop(stage).start_copy_job(**request)


def test_a_good_night_breaks_nothing(stage: Stage) -> None:
    assert stage.oracle().violations() == []


@pytest.mark.parametrize(
    "damage", [{"key_arn": "other"}, {"status": "EXPIRED"}, {"delete_after_days": 1}, {"database_arn": "another"}]
)
def test_a_delete_without_a_good_copy_breaks_promise_1(stage: Stage, damage: dict[str, Any]) -> None:
    for name, value in damage.items():
        setattr(final(stage), name, value)
    as_second_hop(stage).delete_recovery_point(BackupVaultName="watched-vault", RecoveryPointArn=arrival(stage).arn)

    assert 1 in broken(stage)


def test_a_second_copy_breaks_promise_2(stage: Stage) -> None:
    start_copy(stage)
    stage.world.run_for(timedelta(hours=12))

    assert broken(stage) == {2}


def test_an_arrival_without_copy_and_without_a_word_breaks_promise_3(stage: Stage) -> None:
    forgotten = replace(arrival(stage), arn=arrival(stage).arn + "-forgotten")
    stage.world.add_point(forgotten, announce=False)

    assert broken(stage) == {3}


def test_a_delete_that_left_its_point_expired_breaks_promise_3_unless_it_is_announced(stage: Stage) -> None:
    point = arrival(stage)
    as_second_hop(stage).delete_recovery_point(BackupVaultName="watched-vault", RecoveryPointArn=point.arn)
    point.status = "EXPIRED"

    assert broken(stage) == {3}


def test_two_copies_of_a_database_at_once_break_promise_4(stage: Stage) -> None:
    start_copy(stage)
    start_copy(stage)

    assert 4 in broken(stage)


def test_a_copy_elsewhere_breaks_promise_5(stage: Stage) -> None:
    elsewhere = stage.world.site(BACKUP, "eu-north-1")
    vault = elsewhere.create_vault("elsewhere", key_arn=elsewhere.create_key())
    start_copy(stage, DestinationBackupVaultArn=vault)

    assert 5 in broken(stage)


def test_a_changed_lifecycle_breaks_promise_5(stage: Stage) -> None:
    as_second_hop(stage).update_recovery_point_lifecycle(
        BackupVaultName="watched-vault", RecoveryPointArn=arrival(stage).arn, Lifecycle={"DeleteAfterDays": 1}
    )

    assert 5 in broken(stage)


def test_a_delete_of_what_would_outlive_its_copies_breaks_promise_1(stage: Stage) -> None:
    point = arrival(stage)
    point.delete_after_days = 36
    as_second_hop(stage).delete_recovery_point(BackupVaultName="watched-vault", RecoveryPointArn=point.arn)

    assert broken(stage) == {1}


@pytest.mark.parametrize("days", [None, 400])
def test_a_delete_is_right_while_a_copy_lives_as_long_as_its_source(stage: Stage, days: int | None) -> None:
    final(stage).delete_after_days = arrival(stage).delete_after_days = days
    as_second_hop(stage).delete_recovery_point(BackupVaultName="watched-vault", RecoveryPointArn=arrival(stage).arn)

    assert broken(stage) == set()


def copy_back(stage: Stage) -> Any:
    """People copy a final copy back into the watched vault; the point there."""
    copy = final(stage)
    stage.world.account(BACKUP).create_role("administrator", trust={"Statement": []})
    stage.world.session(BACKUP, ADMINISTRATOR, DR).client("backup").start_copy_job(
        RecoveryPointArn=copy.arn,
        SourceBackupVaultName="dr-vault",
        DestinationBackupVaultArn=stage.backup_account["WatchedVaultArn"],
        IamRoleArn=stage.backup_account["CopyRoleArn"],
    )
    while (found := [p for p in stage.world.landed() if p.source_point_arn == copy.arn]) == []:
        stage.world.run_for(timedelta(minutes=1))
    return found[0]


def silence(stage: Stage) -> None:
    """Let nobody act but the test."""
    for schedule in stage.world.schedules.values():
        schedule.enabled = False
    stage.world.queue(stage.main.ref("WorkQueue")).mapping = None


def test_what_people_brought_back_is_owed_no_copy(stage: Stage) -> None:
    silence(stage)
    copy_back(stage)

    assert broken(stage) == set()


def test_a_copy_of_what_people_brought_back_breaks_promise_5(stage: Stage) -> None:
    silence(stage)
    start_copy(stage, RecoveryPointArn=copy_back(stage).arn)
    (violation,) = stage.oracle().violations()

    assert violation.promise == 5
    assert "was copied back by people, and we copied it" in violation.evidence


def test_a_delete_of_what_people_brought_back_breaks_promise_5(stage: Stage) -> None:
    silence(stage)
    back = copy_back(stage)
    as_second_hop(stage).delete_recovery_point(BackupVaultName="watched-vault", RecoveryPointArn=back.arn)
    found = [each.evidence for each in stage.oracle().violations() if each.promise == 5]

    assert found == [f"{back.arn} was copied back by people, and we deleted it"]


@pytest.mark.parametrize("by_hand", [False, True])
def test_two_copies_of_one_backup_break_promise_2_unless_people_made_its_second_arrival(
    stage: Stage, *, by_hand: bool
) -> None:
    silence(stage)
    copied = {
        job.source_point_arn for job in stage.world.copy_jobs() if job.destination_vault_arn == stage.dr["DrVaultArn"]
    }
    first = stage.world.point_by_arn(next(arn for arn in sorted(copied)))
    again = replace(first, arn=f"{first.arn[:-4]}ffff", gone_at=None, status="COMPLETED")
    stage.world.add_point(again, announce=False)
    assert first.copy_job_id is not None
    job = stage.world.copy_job(first.copy_job_id)
    if by_hand:
        job.created_by, job.started_by = None, "somebody"
    start_copy(stage, RecoveryPointArn=again.arn)
    stage.world.run_for(timedelta(hours=6))

    assert broken(stage) == (set() if by_hand else {2})
