"""Two copies of one backup arrive in the watched vault, and one of their chains is abandoned while it copies."""

from __future__ import annotations

from datetime import timedelta

import pytest

from backup_simulator import Delivery, World
from backup_simulator.model import Job
from rehearsal.stage import HOME, WORKLOAD, Stage
from secondhop.adapters.memory_chains import MemoryChains
from secondhop.domain.chain import ChainState

MINUTES = timedelta(minutes=5)


def two_arrivals_of_one_backup(delivery: Delivery) -> Stage:
    """Hop 1 was made by the plan, and once more by hand, while the route was paused."""
    stage = Stage(World(delivery=delivery), MemoryChains())
    stage.add_database("RDS", "orders", size_gib=50)
    order(stage, "pause")
    while not arrivals(stage):
        stage.world.run_for(MINUTES)
    (origin,) = [point for point in stage.world.recovery_points() if point.account == WORKLOAD]
    stage.world.session(WORKLOAD, region=HOME).client("backup").start_copy_job(
        RecoveryPointArn=origin.arn,
        SourceBackupVaultName=origin.vault_arn.rpartition(":")[2],
        DestinationBackupVaultArn=stage.backup_account["WatchedVaultArn"],
        IamRoleArn=stage.workload["BackupRoleArn"],
        IdempotencyToken="by hand",
        Lifecycle={"DeleteAfterDays": 7},
    )
    while len(arrivals(stage)) < 2:
        stage.world.run_for(MINUTES)
    return stage


def arrivals(stage: Stage) -> list[str]:
    watched = stage.backup_account["WatchedVaultArn"]
    return [point.arn for point in stage.world.recovery_points() if point.vault_arn == watched]


def order(stage: Stage, verb: str, **content: str) -> None:
    stage.main.functions["OperateChains"]({"verb": verb, "by": "ada", **content})


def second_hops(stage: Stage) -> list[Job]:
    return [job for job in stage.world.copy_jobs() if job.destination_vault_arn == stage.dr["DrVaultArn"]]


@pytest.mark.parametrize("list_lag", [timedelta(0), timedelta(seconds=5), timedelta(minutes=2)])
def test_an_abandoned_chain_of_two_leaves_one_copy_of_their_backup(list_lag: timedelta) -> None:
    stage = two_arrivals_of_one_backup(Delivery(list_lag=list_lag))
    order(stage, "resume")
    while not second_hops(stage):
        stage.world.run_for(timedelta(seconds=10))
    (job,) = second_hops(stage)
    (twin,) = set(arrivals(stage)) - {job.source_point_arn}
    order(stage, "abandon", recovery_point=job.source_point_arn)
    order(stage, "retry", recovery_point=twin)
    stage.world.run_for(timedelta(hours=30))

    assert isinstance(stage.chains, MemoryChains)
    states = {chain.key.recovery_point: chain.state for chain in stage.chains.all()}
    assert states[job.source_point_arn] is ChainState.ABANDONED
    nights = [stage.world.point_by_arn(each.source_point_arn).created_at for each in second_hops(stage)]
    assert len(nights) == len(set(nights)) == 2
