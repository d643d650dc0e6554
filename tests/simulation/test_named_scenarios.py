"""Scenarios that have a name: what people fear most, each with the deployed handlers on the simulator."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from backup_simulator import Delivery, UnknownBehaviour, World
from rehearsal.stage import ADMINISTRATOR, BACKUP, DR, Stage, Topology
from secondhop.adapters.memory_chains import MemoryChains
from secondhop.domain.chain import ChainState


def a_stage(world: World, *names: str, parameters: dict[str, str] | None = None) -> Stage:
    stage = Stage(world, MemoryChains(), parameters or {})
    for name in names or ("customers",):
        stage.add_database("Aurora", name, size_gib=5)
    return stage


def states(stage: Stage) -> Counter[ChainState]:
    assert isinstance(stage.chains, MemoryChains)
    return Counter(chain.state for chain in stage.chains.all())


def lose_final_copies(stage: Stage) -> list[str | None]:
    """Take every copy out of the DR vault, as nobody but AWS or an administrator can; the points they were made of."""
    vault = stage.world.vault_by_arn(stage.dr["DrVaultArn"])
    lost = list(vault.points.values())
    for point in lost:
        point.gone_at = stage.world.now()
    vault.points.clear()
    return [point.source_point_arn for point in lost]


def test_a_release_that_was_decided_before_its_copy_vanished_is_never_carried_out() -> None:
    """Release persisted, process killed, final copy deleted in the world, resume: no DeleteRecoveryPoint is sent."""
    stage = a_stage(World())
    stage.world.faults.die("backup", "DeleteRecoveryPoint", when="before")
    lost: list[str | None] = []
    stage.world.on_trace(lambda line: lost.extend(lose_final_copies(stage)) if line.kind == "function failed" else None)
    stage.world.run_for(timedelta(hours=30))

    assert len(lost) == 1, "the process died with its release persisted, and a copy was there to vanish"
    assert lost[0] not in {deletion.point_arn for deletion in stage.world.deletions()}
    assert ChainState.STRANDED in states(stage)
    assert any("VANISHED" in message.subject for message in stage.world.published(stage.topic_arn))


@pytest.mark.parametrize("retention_days", ["35", "60"])
@pytest.mark.parametrize("list_lag", [timedelta(seconds=5), timedelta(minutes=4)])
@pytest.mark.parametrize("token_lifetime", [timedelta(0), timedelta(minutes=10), None])
def test_a_start_whose_answer_was_lost_is_one_successful_job_in_the_world(
    token_lifetime: timedelta | None, list_lag: timedelta, retention_days: str
) -> None:
    """Whatever AWS remembers of tokens, however late its lists are, and though the retention changed meanwhile."""
    unknown = UnknownBehaviour(token_lifetime=token_lifetime)
    stage = a_stage(World(unknown=unknown, delivery=Delivery(list_lag=list_lag)), "customers", "orders")
    stage.world.faults.die("backup", "StartCopyJob", when="after", times=2)

    def change_retention() -> None:
        for function in stage.main.functions.values():
            function.environ = {**function.environ, "SECONDHOP_RETENTION_DAYS": retention_days}

    stage.world.on_trace(lambda line: change_retention() if line.kind == "function failed" else None)
    stage.world.run_for(timedelta(hours=20))

    second_hops = [job for job in stage.world.copy_jobs() if job.started_by in stage.acting_roles()]
    made = Counter(job.source_point_arn for job in second_hops if job.state == "COMPLETED")
    assert sorted(made.values()) == [1, 1]
    assert [job.state for job in second_hops] == ["COMPLETED"] * 2
    assert states(stage) == {ChainState.COMPLETE: 2}


def test_a_backlog_older_than_the_retention_is_too_late_and_no_job_is_started() -> None:
    """Paused for longer than a copy would live: TOO_LATE, told once, and nothing is copied or deleted."""
    stage = a_stage(World(), parameters={"RetentionDays": "7", "SweepIntervalMinutes": "30"})
    assert stage.chains is not None
    stage.chains.pause(route="default", by="ada")
    stage.world.run_for(timedelta(hours=20))
    (arrival,) = [point for point in stage.world.recovery_points() if point.vault_arn.endswith("watched-vault")]
    stage.world.run_for(timedelta(days=6))
    stage.chains.pause(route="default", by=None)
    stage.world.run_for(timedelta(hours=2))

    jobs = [job for job in stage.world.copy_jobs() if job.started_by in stage.acting_roles()]
    assert arrival.arn not in {job.source_point_arn for job in jobs}
    assert arrival.arn not in {deletion.point_arn for deletion in stage.world.deletions()}
    assert states(stage)[ChainState.TOO_LATE] == 1


@pytest.mark.parametrize("topology", list(Topology))
def test_an_arrival_that_aws_does_not_show_at_the_first_look_is_copied_all_the_same(topology: Topology) -> None:
    """The event is there before the recovery point can be described: that is no proof that it is gone."""
    stage = Stage(World(), MemoryChains(), topology=topology)
    stage.add_database("Aurora", "customers", size_gib=5)
    stage.world.faults.refuse("DescribeRecoveryPoint", code="ResourceNotFoundException", times=1)
    stage.world.run_for(timedelta(hours=20))

    assert stage.oracle().violations() == []
    assert states(stage) == {ChainState.COMPLETE: 1}
    assert stage.world.published(stage.topic_arn) == []


def test_a_copy_that_the_administrator_copies_back_to_restore_from_it_is_left_to_him() -> None:
    stage = a_stage(World())
    stage.world.run_for(timedelta(hours=20))
    (final,) = stage.world.vault_by_arn(stage.dr["DrVaultArn"]).points.values()
    backup_account = stage.world.account(BACKUP)
    everything = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    for name, trusted in (("administrator", {"AWS": BACKUP}), ("recall", {"Service": "backup.amazonaws.com"})):
        trust = {"Statement": [{"Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole"}]}
        backup_account.create_role(name, trust=trust, policies=[everything])
    stage.world.session(BACKUP, ADMINISTRATOR, DR).client("backup").start_copy_job(
        RecoveryPointArn=final.arn,
        SourceBackupVaultName="dr-vault",
        DestinationBackupVaultArn=stage.backup_account["WatchedVaultArn"],
        IamRoleArn=ADMINISTRATOR.replace("administrator", "recall"),
        Lifecycle={"DeleteAfterDays": 30},
    )
    stage.world.run_for(timedelta(hours=30))

    points = stage.world.recovery_points(gone=True)
    (recalled,) = [point for point in points if point.source_point_arn == final.arn]
    assert (recalled.status, recalled.gone_at) == ("COMPLETED", None)
    assert recalled.arn not in {job.source_point_arn for job in stage.world.copy_jobs()}
