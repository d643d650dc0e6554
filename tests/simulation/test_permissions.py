"""The rendered templates' own policies are enforced: nothing is missing from them, and each statement is needed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from backup_simulator import World
from rehearsal.stage import Stage
from secondhop.adapters.memory_chains import MemoryChains
from secondhop.domain.chain import ChainState
from tests.eventful_runs import STRICT

OPERATOR = [
    "ReadVaults",
    "ReadRecoveryPoints",
    "ReadCopyJobs",
    "ReadTheStateOfTheDrKey",
    "SeeTheKeyOfAwsBackup",
    "StartCopies",
    "CopyOnlyIntoTheDrVault",
    "ReleaseIntermediates",
    "PassTheCopyRole",
]
COPY_ROLE = ["OutOfTheWatchedVault", "IntoTheDrVault", "SeeTheKeyOfAwsBackup"]


def a_night(*, role: str | None = None, without: str | None = None) -> Stage:
    """One night of an Aurora and an RDS database, with one statement taken out of a role's policies."""
    stage = Stage(World(unknown=STRICT), MemoryChains())
    for resource_type, name in (("Aurora", "customers"), ("RDS", "orders")):
        stage.add_database(resource_type, name, size_gib=2)
    if role is not None:
        found = stage.world.roles[stage.backup_account[role]]
        found.policies = tuple(_without(policy, without) for policy in found.policies)
    stage.world.run_for(timedelta(hours=20))
    return stage


def _without(policy: dict[str, Any], sid: str | None) -> dict[str, Any]:
    return {**policy, "Statement": [each for each in policy["Statement"] if each.get("Sid") != sid]}


def states(stage: Stage) -> set[ChainState]:
    assert isinstance(stage.chains, MemoryChains)
    return {chain.state for chain in stage.chains.all()}


def is_told(stage: Stage) -> bool:
    """Whether anybody hears of it: an incident, a dead letter, or a failing schedule."""
    dead = stage.world.queue(stage.main.ref("DeadLetters")).messages
    failed = any(line.kind in ("function failed", "schedule failed") for line in stage.world.trace)
    return bool(stage.world.published(stage.topic_arn) or dead or failed)


def test_the_templates_allow_all_that_a_night_needs() -> None:
    stage = a_night()

    assert states(stage) == {ChainState.COMPLETE}
    assert not is_told(stage)


@pytest.mark.rights
@pytest.mark.parametrize(
    ("role", "sid"),
    [*(("OperatorRoleArn", sid) for sid in OPERATOR), *(("CopyRoleArn", sid) for sid in COPY_ROLE)],
)
def test_a_missing_statement_stops_a_copy_loses_nothing_and_is_told(role: str, sid: str) -> None:
    stage = a_night(role=role, without=sid)

    assert states(stage) != {ChainState.COMPLETE}
    assert is_told(stage)
    assert [violation for violation in stage.oracle().violations() if violation.promise != 3] == []
