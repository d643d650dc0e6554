"""Several main stacks copy into one DR account and Region, and AWS has one quota there."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from backup_simulator import OverQuota, UnknownBehaviour, World
from backup_simulator.model import Job, Point
from rehearsal.oracle import QUOTAS
from rehearsal.stage import BACKUP, DR, HOME, NEIGHBOUR, WORKLOAD, Stage
from secondhop.adapters.memory_chains import MemoryChains
from secondhop.domain.chain import ChainState
from secondhop_cli.init.parameter_files import MAIN
from tests.installing import GOOD, Checkout

ACCOUNTS = (WORKLOAD, NEIGHBOUR, "333344445555")
# More than the quota for each stack, so that every lane is full for hours.
DATABASES = {"RDS": 24, "Aurora": 6}


def divided(folder: Path, stacks: int) -> dict[str, str]:
    """The limits that init writes for one of several main stacks."""
    checkout = Checkout(folder)
    assert checkout.init({**GOOD, "installations_sharing": str(stacks)}).code == 0
    written = checkout.parameters(MAIN)
    return {name: written[name] for name in ("MaximumRdsCopies", "MaximumClusterCopies")}


def a_stage(world: World, number: int, limits: dict[str, str]) -> Stage:
    watched, dr, external = (f"{name}-{number}" for name in ("watched", "dr", "second-hop"))
    given = {
        "dr-region": {"DrVaultName": dr},
        "backup-account": {"WatchedVaultName": watched, "DrVaultName": dr, "ExternalId": external},
        "workload": {"WatchedVaultName": watched},
        "template": {"WatchedVaultName": watched, "DrVaultName": dr, "ExternalId": external, **limits},
    }
    return Stage(
        world,
        MemoryChains(),
        workload_accounts=(ACCOUNTS[number],),
        given=given,
        name=f"hop-{number}",
        open_session=world.light_session,
    )


def land(stage: Stage, kind: str, number: int) -> None:
    """A recovery point of a database lands in the watched vault, as a first hop's copy does."""
    world, (account,), vault = stage.world, stage.workload_accounts, stage.backup_account["WatchedVaultArn"]
    resource, snapshot = ("db", "snapshot") if kind == "RDS" else ("cluster", "cluster-snapshot")
    point = Point(
        arn=f"arn:aws:rds:{HOME}:{BACKUP}:{snapshot}:awsbackup:copyjob-{world.make_id()}",
        account=BACKUP,
        region=HOME,
        vault_arn=vault,
        database_arn=f"arn:aws:rds:{HOME}:{account}:{resource}:{kind.lower()}-{number}",
        resource_type=kind,
        status="COMPLETED",
        created_at=world.now(),
        completed_at=world.now(),
        delete_after_days=30,
        key_arn=world.vault_by_arn(vault).key_arn,
        encrypted=True,
        size_bytes=20 * 2**30,
        role_arn=stage.workloads[account]["BackupRoleArn"],
        tags={"Backup": "True"},
        source_vault_arn=stage.workloads[account]["WorkloadVaultArn"],
    )
    world.add_point(point, announce=True)


def a_night(stacks: int, how: OverQuota, limits: dict[str, str]) -> list[Job]:
    """All databases of all stacks arrive together; the second hops, when each has its copy."""
    world = World(unknown=UnknownBehaviour(over_quota=how))
    stages = [a_stage(world, number, limits) for number in range(stacks)]
    world.run_for(timedelta(hours=1))
    for stage in stages:
        for kind, count in DATABASES.items():
            for number in range(count):
                land(stage, kind, number)
    world.run_for(timedelta(hours=20))
    for stage in stages:
        assert isinstance(stage.chains, MemoryChains)
        chains = stage.chains.all()
        assert Counter(chain.state for chain in chains) == {ChainState.COMPLETE: sum(DATABASES.values())}
        assert stage.oracle().violations() == []
    return [job for job in world.copy_jobs() if f":{DR}:" in job.destination_vault_arn]


def most_in_flight(jobs: list[Job], kind: str) -> int:
    """The most copies of a type that were in flight at one moment, of all stacks together."""
    mine = [job for job in jobs if job.resource_type == kind]
    ends = [(job.completed_at, -1) for job in mine if job.completed_at is not None]
    count = most = 0
    for _, change in sorted([*((job.created_at, 1) for job in mine), *ends]):
        count += change
        most = max(most, count)
    return most


def failed(jobs: list[Job]) -> int:
    return sum(job.state == "FAILED" for job in jobs)


@pytest.mark.parametrize("how", [OverQuota.FAILS, OverQuota.QUEUES])
@pytest.mark.parametrize("stacks", [2, 3])
def test_stacks_with_limits_that_init_divided_stay_within_the_quota(
    stacks: int, how: OverQuota, tmp_path: Path
) -> None:
    jobs = a_night(stacks, how, divided(tmp_path, stacks))

    assert failed(jobs) == 0
    for kind, quota in QUOTAS.items():
        assert most_in_flight(jobs, kind) <= quota


def test_stacks_with_undivided_limits_leave_room_for_copies_that_are_in_flight() -> None:
    """Only copies that start within the minute of one list can exceed the quota."""
    jobs = a_night(2, OverQuota.FAILS, {})

    assert 0 < failed(jobs) < sum(DATABASES.values())
