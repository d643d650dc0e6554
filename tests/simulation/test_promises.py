"""Each promise, with the deployed handlers on the simulator, while something goes wrong."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from backup_simulator import (
    CopyFromAskedOf,
    DeleteDuringCopy,
    Delivery,
    DescribesBackupKey,
    OverQuota,
    TokenOfAnother,
    UnknownBehaviour,
    World,
)
from rehearsal.stage import BACKUP, DR, HOME, Stage
from secondhop.adapters.memory_chains import MemoryChains
from secondhop.domain.chain import Chain, ChainState
from tests.stand_ins import empty

DATABASES = (("RDS", "orders"), ("Aurora", "customers"), ("DocumentDB", "catalog"), ("Neptune", "graph"))


def a_stage(world: World, *, parameters: dict[str, str] | None = None) -> Stage:
    stage = Stage(world, MemoryChains(), parameters or {})
    for resource_type, name in DATABASES:
        stage.add_database(resource_type, name, size_gib=5)
    return stage


def chains_of(stage: Stage) -> list[Chain]:
    assert isinstance(stage.chains, MemoryChains)
    return stage.chains.all()


def assert_all_is_well(stage: Stage, *, chains: int) -> None:
    assert stage.oracle().violations() == []
    assert [chain.state for chain in chains_of(stage)] == [ChainState.COMPLETE] * chains


SWITCHES = [
    UnknownBehaviour(),
    UnknownBehaviour(over_quota=OverQuota.FAILS),
    UnknownBehaviour(token_lifetime=timedelta(0)),
    UnknownBehaviour(token_lifetime=None),
    UnknownBehaviour(token_of_another=TokenOfAnother.NEW_JOB),
    UnknownBehaviour(token_of_another=TokenOfAnother.REFUSED),
    UnknownBehaviour(identical_calls_merged_for=timedelta(minutes=10)),
    UnknownBehaviour(copy_from_asked_of=CopyFromAskedOf.PASSED_ROLE),
    UnknownBehaviour(delete_during_copy=DeleteDuringCopy.ACCEPTED),
    UnknownBehaviour(creation_date_inherited=False),
    UnknownBehaviour(destination_sees_copy_events=True),
    UnknownBehaviour(arrival_event=False),
    UnknownBehaviour(arrival_is_creating_first=True),
    UnknownBehaviour(system_error_share=0.5),
    UnknownBehaviour(initiator_describes_aws_backup_key=DescribesBackupKey.CALLER_TOO),
    UnknownBehaviour(expiry_asks_the_makers_role=True),
]


@pytest.mark.parametrize("unknown", SWITCHES)
def test_the_promises_hold_whatever_aws_turns_out_to_do(unknown: UnknownBehaviour) -> None:
    stage = a_stage(World(seed=3, unknown=unknown))
    stage.world.run_for(timedelta(hours=48))

    assert_all_is_well(stage, chains=8)


@pytest.mark.parametrize("seed", range(4))
def test_lost_doubled_and_reordered_events_lose_and_double_nothing(seed: int) -> None:
    delivery = Delivery(duplicate=0.4, loss=0.4, reorder=0.4)
    stage = a_stage(World(seed=seed, delivery=delivery))
    stage.world.run_for(timedelta(hours=48))

    assert_all_is_well(stage, chains=8)


def test_the_sweep_alone_is_enough() -> None:
    stage = a_stage(World(delivery=Delivery(loss=1.0)))
    stage.world.run_for(timedelta(hours=48))

    assert_all_is_well(stage, chains=8)


KILLED = [
    ("backup", "StartCopyJob"),
    ("backup", "DescribeRecoveryPoint"),
    ("backup", "ListCopyJobs"),
    ("backup", "DeleteRecoveryPoint"),
    ("sqs", "SendMessageBatch"),
    ("sts", "AssumeRole"),
]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("service", "operation"), KILLED)
def test_a_process_that_dies_around_a_call_loses_and_doubles_nothing(service: str, operation: str, when: str) -> None:
    stage = a_stage(World())
    stage.world.faults.die(service, operation, when=when, times=3)
    stage.world.run_for(timedelta(hours=48))

    assert_all_is_well(stage, chains=8)
    assert any(line.kind in ("function failed", "schedule failed") for line in stage.world.trace)


@pytest.mark.parametrize(
    ("operation", "code", "status"),
    [
        ("StartCopyJob", "ThrottlingException", 400),
        ("StartCopyJob", "ServiceUnavailableException", 500),
        ("DescribeRecoveryPoint", "ThrottlingException", 400),
        ("ListCopyJobs", "ServiceUnavailableException", 500),
        ("DeleteRecoveryPoint", "ThrottlingException", 400),
        ("DeleteRecoveryPoint", "ServiceUnavailableException", 500),
        ("ListRecoveryPointsByBackupVault", "ThrottlingException", 400),
    ],
)
def test_passing_errors_of_aws_pass(operation: str, code: str, status: int) -> None:
    stage = a_stage(World())
    stage.world.faults.refuse(operation, code=code, status=status, times=4)
    stage.world.run_for(timedelta(hours=50))

    assert_all_is_well(stage, chains=8)


def test_a_configuration_error_is_announced_once_and_mended_by_itself_when_its_cause_is() -> None:
    stage = a_stage(World())
    dr_key = stage.world.keys[stage.dr["KeyArn"]]
    dr_key.managed_by = "aws/backup"
    stage.world.run_for(timedelta(hours=20))

    assert stage.oracle().violations() == []
    assert {chain.state for chain in chains_of(stage)} == {ChainState.STRANDED}
    told = stage.world.published(stage.topic_arn)
    assert len(told) == 2, "the first database at once, and all others of this cause in one summary"
    assert all("customer managed KMS key" in message.message for message in told)
    assert all(any(name in message.message for message in told) for _, name in DATABASES)
    assert len([each for each in stage.world.put_events if each["detail-type"] == "Incident Opened"]) == len(DATABASES)

    dr_key.managed_by = None
    stage.world.run_for(timedelta(hours=40))
    assert stage.oracle().violations() == []
    assert {chain.state for chain in chains_of(stage)} == {ChainState.COMPLETE}
    assert [message.attributes["state"]["StringValue"] for message in told] == ["open", "open", "closed"]


def test_a_delete_that_aws_accepts_and_does_not_carry_out_is_found_and_announced() -> None:
    stage = a_stage(World(unknown=UnknownBehaviour(delete_leaves_expired=True)))
    stage.world.run_for(timedelta(hours=24))

    assert stage.oracle().violations() == []
    stranded = [chain for chain in chains_of(stage) if chain.state is ChainState.STRANDED]
    assert len(stranded) == 3
    assert all("EXPIRED" in message.message for message in stage.world.published(stage.topic_arn))


def test_a_copy_that_vanishes_before_the_release_keeps_the_intermediate() -> None:
    stage = a_stage(World())
    final_vault = stage.dr["DrVaultArn"]

    def vanish(line: Any) -> None:
        vault = stage.world.vault_by_arn(final_vault)
        for point in list(vault.points.values()):
            point.gone_at = stage.world.now()
        vault.points.clear()

    stage.world.on_trace(lambda line: vanish(line) if line.kind == "copy job" else None)
    stage.world.run_for(timedelta(hours=24))

    assert stage.world.deletions() == []
    assert {chain.state for chain in chains_of(stage)} == {ChainState.STRANDED}


def test_the_sixth_cluster_waits_for_its_slot_and_is_copied_in_its_turn() -> None:
    stage = Stage(World(), MemoryChains())
    for number in range(9):
        stage.add_database("Aurora", f"cluster-{number}", size_gib=5)
    stage.world.run_for(timedelta(hours=24))

    assert_all_is_well(stage, chains=9)
    assert all(job.state == "COMPLETED" for job in stage.world.copy_jobs() if job.account == BACKUP)


def test_two_installations_on_one_vault_make_one_copy() -> None:
    stage = a_stage(World())
    second = Stage.__new__(Stage)
    second.__dict__.update(stage.__dict__)
    second.chains = MemoryChains()
    given = stage.main.given
    second.main = second._stack("template.yaml", stage.main.account, HOME, dict(given))
    second.main.name = "second-hop-too"
    second.main.deploy()
    stage.world.run_for(timedelta(hours=48))

    assert stage.oracle().violations() == []
    assert {chain.state for chain in chains_of(second)} == {ChainState.COMPLETE}


def test_a_lost_table_is_rebuilt_without_a_second_copy_or_an_early_delete() -> None:
    stage = a_stage(World(delivery=Delivery(duplicate=0.5)))
    stage.world.run_for(timedelta(hours=5))
    memory = stage.chains
    assert isinstance(memory, MemoryChains)
    began = memory.sweep_progress(now=stage.world.now())
    empty(memory)
    memory.save_sweep_progress(began, before=memory.sweep_progress(now=stage.world.now()))
    stage.world.run_for(timedelta(hours=43))

    assert stage.oracle().violations() == []
    assert {chain.state for chain in chains_of(stage)} == {ChainState.COMPLETE}


def test_an_assumed_session_that_expires_in_a_warm_function_is_renewed() -> None:
    stage = a_stage(World())
    stage.world.run_for(timedelta(hours=48))

    assumed = sum(count for (_, _, service, _), count in stage.world.calls.items() if service == "sts")
    assert assumed > 40
    assert stage.main.functions["AdvanceChain"].invocations > 30


def test_a_record_that_cannot_be_read_goes_to_the_dead_letters_alone_with_its_reason() -> None:
    stage = a_stage(World())
    queue = stage.world.queue(stage.main.ref("WorkQueue"))
    queue.send("{")
    queue.send(json.dumps({"secondhop": 1, "work": "look", "recovery_point": "x", "route": "default"}))
    stage.world.run_for(timedelta(minutes=10))

    (dead,) = stage.world.queue(stage.main.ref("DeadLetters")).messages.values()
    assert dead.body == "{"
    assert dead.attributes["reason"]["StringValue"].startswith("not JSON")
    assert queue.messages == {}


def test_observe_only_starts_and_deletes_nothing() -> None:
    stage = a_stage(World(), parameters={"ObserveOnly": "true"})
    stage.world.run_for(timedelta(hours=20))

    assert [job for job in stage.world.copy_jobs() if job.account == BACKUP] == []
    assert stage.world.deletions() == []
    assert len(chains_of(stage)) == len(DATABASES)


def test_nothing_but_the_named_operations_is_called_in_the_backup_account() -> None:
    stage = a_stage(World())
    stage.world.run_for(timedelta(hours=30))
    operator = stage.backup_account["OperatorRoleArn"]

    called = {operation for (_, role, _, operation) in stage.world.calls if role == operator}
    assert called == {
        "DescribeRecoveryPoint",
        "ListRecoveryPointsByBackupVault",
        "DescribeBackupVault",
        "ListCopyJobs",
        "DescribeCopyJob",
        "StartCopyJob",
        "DeleteRecoveryPoint",
        "DescribeKey",
    }
    assert all(
        point.region == DR for point in stage.world.recovery_points() if point.vault_arn == stage.dr["DrVaultArn"]
    )
