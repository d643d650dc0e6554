"""Runs of the whole system in which everything happens that a right is for, and the record of who used which right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, NamedTuple

from moto import mock_aws

from backup_simulator import Delivery, DescribesBackupKey, UnknownBehaviour, World
from backup_simulator.authority import Grant
from rehearsal.stage import DR, HOME, Stage, Topology
from secondhop.adapters.memory_chains import MemoryChains
from secondhop.domain.classification import Cause
from tests.guarded_table import GuardedTable

# What AWS may ask for; where it asks for less, these rights are there for nothing.
STRICT = UnknownBehaviour(
    initiator_describes_aws_backup_key=DescribesBackupKey.CALLER_TOO, expiry_asks_the_makers_role=True
)
# The main stack and the companions of recovery points that expire within days.
SHORT_LIVED = {"RetentionDays": "2", "MinimumRetentionDays": "1", "MinimumRemainingDays": "1"}
SHORT_LIVED_COMPANIONS = {"dr-region": {"MinimumRetentionDays": "1"}, "workload": {"OriginRetentionDays": "1"}}
TRANSIENT = "Copy job failed. An internal error occurred."


class Right(NamedTuple):
    """One action of one statement of a role, in one topology."""

    topology: str
    role: str
    sid: str
    action: str

    def __str__(self) -> str:
        return f"{self.topology}, {self.role}, {self.sid}: {self.action}"


class Run(NamedTuple):
    """A run that is over: its stage, what was allowed, and what was denied."""

    stage: Stage
    grants: Counter[Grant]
    denied: list[str]

    def used(self) -> Counter[Right]:
        found: Counter[Right] = Counter()
        for grant, times in self.grants.items():
            found[Right(self.stage.topology, name_of(grant.role_arn), grant.sid, grant.action)] += times
        return found

    def given(self) -> set[Right]:
        """All that the deployed roles may do."""
        return {
            Right(self.stage.topology, name_of(arn), statement["Sid"], action)
            for arn, role in self.stage.world.roles.items()
            if "/secondhop/" in arn
            for policy in role.policies
            for statement in policy["Statement"]
            for action in as_list(statement["Action"])
        }


def name_of(role_arn: str) -> str:
    """A role's logical id: stacks of a stage name their roles <stack>-<logical id>."""
    return role_arn.rpartition("-")[2]


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def eventful(topology: Topology) -> Run:
    """Two days: hops that fail and are retried, releases, strandings and their end, all that an operator does."""
    with mock_aws():
        table = GuardedTable()
        stage = table.stage = a_stage(World(seed=5, unknown=STRICT), topology, table)
        grants = stage.world.record_grants()
        world, queue = stage.world, stage.world.queue(stage.main.ref("WorkQueue"))
        world.faults.fail_copy_job(message=TRANSIENT, destination_region=DR)
        if topology is Topology.WORKLOAD:
            world.faults.fail_copy_job(message=TRANSIENT, destination_region=HOME)
        queue.send("{")
        world.run_for(timedelta(hours=20))
        operate(stage, verb="pause", by="ada")
        operate(stage, verb="resume", by="ada")
        operate(stage, verb="adopt", by="ada", dry_run=False)
        key = world.keys[stage.dr["KeyArn"]]
        key.managed_by = "aws/backup"
        world.run_for(timedelta(hours=16))
        first, *_ = table.chains.stranded(Cause.VAULT_KEY)
        operate(stage, verb="abandon", by="ada", recovery_point=first.recovery_point)
        key.managed_by = None
        operate(stage, verb="retry", by="ada", cause="VAULT_KEY")
        world.run_for(timedelta(hours=8))
        grants.update(table.grants)
        return Run(stage, grants, denials(stage) + table.denied)


def unreleased(topology: Topology) -> Run:
    """A delete that AWS accepts and does not carry out, where no event tells of anything."""
    with mock_aws():
        table = GuardedTable()
        world = World(unknown=UnknownBehaviour(delete_leaves_expired=True), delivery=Delivery(loss=1.0))
        stage = table.stage = a_stage(world, topology, table)
        grants = world.record_grants()
        world.run_for(timedelta(hours=12))
        grants.update(table.grants)
        return Run(stage, grants, denials(stage) + table.denied)


def expiring(topology: Topology) -> Run:
    """Four days in which recovery points expire where they were made, and final copies where they arrived."""
    world = World(seed=5, unknown=STRICT)
    stage = Stage(world, MemoryChains(), SHORT_LIVED, topology=topology, given=SHORT_LIVED_COMPANIONS)
    grants = world.record_grants()
    for resource_type, name in (("Aurora", "customers"), ("RDS", "orders")):
        stage.add_database(resource_type, name, size_gib=2, account=stage.workload_accounts[-1])
    world.run_for(timedelta(days=4))
    return Run(stage, grants, denials(stage))


def a_stage(world: World, topology: Topology, table: GuardedTable) -> Stage:
    stage = Stage(world, table.chains, topology=topology)
    for resource_type, name in (("Aurora", "customers"), ("RDS", "orders")):
        stage.add_database(resource_type, name, size_gib=2, account=stage.workload_accounts[-1])
    return stage


def operate(stage: Stage, **request: Any) -> None:
    """As an operator; a refusal is a mistake of the run."""
    answer = stage.main.functions["OperateChains"](request)
    assert answer["is_accepted"], answer["message"]


def denials(stage: Stage) -> list[str]:
    return [line.text for line in stage.world.trace if line.kind == "denied"]


def together(runs: Iterable[Run]) -> tuple[Counter[Right], set[Right]]:
    """What was used in any of the runs, and all that was given."""
    used: Counter[Right] = Counter()
    given: set[Right] = set()
    for run in runs:
        used.update(run.used())
        given |= run.given()
    return used, given
