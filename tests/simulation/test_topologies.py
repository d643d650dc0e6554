"""Both topologies, from the same templates and handlers, with identity enforced by the templates' own policies."""

from __future__ import annotations

from datetime import timedelta

import pytest

from backup_simulator import Delivery, World
from rehearsal.stage import BACKUP, DR, NEIGHBOUR, WORKLOAD, Stage, Topology
from rehearsal.template import TemplateError
from secondhop.adapters.memory_chains import MemoryChains
from secondhop.domain.chain import Chain, ChainState

STRANGER = "777788889999"


def a_hub(
    world: World | None = None,
    *,
    accounts: tuple[str, ...] = (WORKLOAD, NEIGHBOUR),
    parameters: dict[str, str] | None = None,
) -> Stage:
    """A hub with the same two databases, of the same names, in each workload account."""
    given = parameters or {}
    stage = Stage(world or World(), MemoryChains(), given, topology=Topology.HUB, workload_accounts=accounts)
    for account in accounts:
        stage.add_database("Aurora", "customers", size_gib=2, account=account)
        stage.add_database("RDS", "orders", size_gib=2, account=account)
    return stage


def chains_of(stage: Stage) -> list[Chain]:
    assert isinstance(stage.chains, MemoryChains)
    return stage.chains.all()


def owners(stage: Stage) -> list[str]:
    return sorted(chain.database.split(":")[4] for chain in chains_of(stage) if chain.state is ChainState.COMPLETE)


def test_a_hub_brings_the_databases_of_every_workload_account_to_the_dr_vault() -> None:
    stage = a_hub()
    stage.world.run_for(timedelta(hours=48))

    assert owners(stage) == sorted([WORKLOAD, NEIGHBOUR] * 4)
    assert len(chains_of(stage)) == 8
    assert stage.oracle().violations() == []
    finals = [point for point in stage.world.recovery_points() if point.vault_arn == stage.dr["DrVaultArn"]]
    assert {(point.account, point.region) for point in finals} == {(BACKUP, DR)}
    assert {point.database_arn.split(":")[4] for point in finals} == {WORKLOAD, NEIGHBOUR}


def test_a_hub_acts_under_its_own_roles_and_assumes_none() -> None:
    stage = a_hub()
    stage.world.run_for(timedelta(hours=24))

    called = {(account, role) for account, role, service, _ in stage.world.calls if service in ("backup", "sts")}
    assumed = [operation for *_, operation in stage.world.calls if operation == "AssumeRole"]
    assert {role for account, role in called if account == BACKUP} <= stage.acting_roles()
    assert assumed == []
    assert "OperatorRoleArn" not in stage.backup_account
    assert {job.started_by for job in stage.world.copy_jobs() if job.account == BACKUP} == {
        stage.main.attribute("AdvanceChainRole", "Arn")
    }


def test_the_accounts_of_a_hub_do_not_disturb_each_other() -> None:
    stage = a_hub()
    key = stage.world.keys[stage.workloads[NEIGHBOUR]["KeyArn"]]
    key.enabled = False
    stage.world.run_for(timedelta(hours=24))

    assert owners(stage) == [WORKLOAD] * 2
    assert stage.oracle().violations() == []


def test_a_hub_leaves_the_arrivals_of_accounts_that_it_was_not_given_alone() -> None:
    """The vault admits both accounts, the main stack was told of one."""
    stage = a_hub(parameters={"WorkloadAccountIds": WORKLOAD})
    stage.world.run_for(timedelta(hours=24))

    arrived = [
        each
        for each in stage.world.recovery_points(gone=True)
        if each.vault_arn == stage.backup_account["WatchedVaultArn"]
    ]
    copied = {job.database_arn.split(":")[4] for job in stage.world.copy_jobs() if job.account == BACKUP}
    assert {point.database_arn.split(":")[4] for point in arrived} == {WORKLOAD, NEIGHBOUR}
    assert copied == {WORKLOAD}
    assert owners(stage) == [WORKLOAD] * 2
    assert {each.point_arn for each in stage.world.deletions()}.isdisjoint(
        point.arn for point in arrived if point.database_arn.split(":")[4] == NEIGHBOUR
    )


def test_a_hub_that_hears_of_nothing_finds_everything_by_its_sweep() -> None:
    stage = a_hub(World(delivery=Delivery(loss=1.0)))
    stage.world.run_for(timedelta(hours=48))

    assert len(owners(stage)) == 8
    assert stage.oracle().violations() == []


HUB_STATEMENTS = [
    "ReadVaults",
    "ReadRecoveryPoints",
    "ReadCopyJobs",
    "StartCopies",
    "CopyOnlyIntoTheDrVault",
    "ReleaseIntermediates",
    "PassTheCopyRole",
]


@pytest.mark.parametrize("sid", HUB_STATEMENTS)
def test_each_right_of_the_hub_is_needed_and_its_absence_loses_nothing(sid: str) -> None:
    stage = a_hub(accounts=(WORKLOAD,))
    for arn in stage.acting_roles():
        role = stage.world.roles[arn]
        role.policies = tuple(
            policy | {"Statement": [each for each in policy["Statement"] if each.get("Sid") != sid]}
            for policy in role.policies
        )
    stage.world.run_for(timedelta(hours=20))

    dead = stage.world.queue(stage.main.ref("DeadLetters")).messages
    failed = any(line.kind in ("function failed", "schedule failed") for line in stage.world.trace)
    assert {chain.state for chain in chains_of(stage)} != {ChainState.COMPLETE}
    assert stage.world.published(stage.topic_arn) or dead or failed
    assert [violation for violation in stage.oracle().violations() if violation.promise != 3] == []


@pytest.mark.parametrize(
    ("parameters", "complaint"),
    [
        ({"WorkloadAccountIds": ""}, "The hub topology needs WorkloadAccountIds."),
        ({"BackupAccountId": STRANGER}, "Outside the backup account OperatorRoleArn is needed (workload topology)."),
    ],
)
def test_a_hub_that_cannot_work_is_not_deployed(parameters: dict[str, str], complaint: str) -> None:
    with pytest.raises(TemplateError, match=complaint.replace("(", r"\(").replace(")", r"\)")):
        Stage(World(), MemoryChains(), parameters, topology=Topology.HUB)


def test_the_workload_topology_is_refused_within_the_backup_account() -> None:
    operator = f"arn:aws:iam::{BACKUP}:role/secondhop/companion/operator"
    parameters = {"OperatorRoleArn": operator, "ExternalId": "second-hop"}

    with pytest.raises(TemplateError, match="leave OperatorRoleArn empty"):
        Stage(World(), MemoryChains(), parameters, topology=Topology.HUB)
