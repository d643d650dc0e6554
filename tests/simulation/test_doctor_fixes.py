"""What a finding gives to paste mends what it found: the finding goes away, and the copy succeeds."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from rehearsal.stage import BACKUP, HOME, WORKLOAD, Stage
from tests.simulation.test_doctor import TROUBLES, a_stage, lose, role_of
from tests.staged_journey import Clinic, FirstHop, SecondHop, StagedJourney

KEY_USE = ("kms:Decrypt", "kms:CreateGrant")


def into_the_key(journey: StagedJourney, statements: list[dict[str, Any]]) -> None:
    policy = journey.source_key.policy
    assert policy is not None
    journey.source_key.policy = {**policy, "Statement": [*policy["Statement"], *statements]}


def into_the_vault(journey: StagedJourney, statements: list[dict[str, Any]]) -> None:
    """Through the API, which refuses what AWS would refuse."""
    owner = journey.world.session(BACKUP, "arn:aws:iam::444455556666:role/administrator", HOME).client("backup")
    policy = {"Version": "2012-10-17", "Statement": statements}
    journey.destination.policy = None
    journey.world.account(BACKUP).create_role("administrator", trust={"Statement": []}, policies=[ANYTHING])
    owner.put_backup_vault_access_policy(BackupVaultName="watched-vault", Policy=json.dumps(policy))


def into_the_role(journey: StagedJourney, statements: list[dict[str, Any]]) -> None:
    role = journey.world.roles[journey.role]
    role.policies = (*role.policies, {"Version": "2012-10-17", "Statement": statements})


ANYTHING = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


@dataclass(frozen=True, kw_only=True)
class Pasted:
    """A misconfiguration, the kind of finding, and where its statements are pasted."""

    hop: type[StagedJourney]
    breaks: Callable[[StagedJourney], object]
    kind: str
    paste: Callable[[StagedJourney, list[dict[str, Any]]], None]


def only_the_owner(journey: StagedJourney) -> None:
    policy = journey.source_key.policy
    assert policy is not None
    journey.source_key.policy = {**policy, "Statement": policy["Statement"][:1]}
    if journey.point.key_arn == journey.stage.backup_account["KeyArn"]:
        # The account's own role is let in by the account's own statement; take that away as well.
        policy["Statement"][0]["Principal"] = {"AWS": journey.role}
        journey.source_key.policy = {**policy, "Statement": policy["Statement"][:1]}


def take_from_the_role(action: str) -> Callable[[StagedJourney], None]:
    def take(journey: StagedJourney) -> None:
        role = journey.world.roles[journey.role]
        role.policies = tuple(
            {**policy, "Statement": [each for each in policy["Statement"] if action not in _listed(each["Action"])]}
            for policy in role.policies
        )

    return take


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


PASTED = {
    "the database's key": Pasted(
        hop=FirstHop, breaks=only_the_owner, kind="key-denies-service-role", paste=into_the_key
    ),
    "the watched vault's key": Pasted(
        hop=SecondHop, breaks=only_the_owner, kind="key-denies-service-role", paste=into_the_key
    ),
    "the watched vault": Pasted(
        hop=FirstHop,
        breaks=lambda j: setattr(j.destination, "policy", None),
        kind="vault-denies-copies",
        paste=into_the_vault,
    ),
    "the backup role's copying out": Pasted(
        hop=FirstHop,
        breaks=take_from_the_role("backup:CopyFromBackupVault"),
        kind="role-lacks-permission",
        paste=into_the_role,
    ),
    "the backup role's sharing": Pasted(
        hop=FirstHop,
        breaks=take_from_the_role("rds:ModifyDBSnapshotAttribute"),
        kind="role-lacks-permission",
        paste=into_the_role,
    ),
    "the backup role's grants": Pasted(
        hop=FirstHop, breaks=take_from_the_role("kms:CreateGrant"), kind="key-denies-role", paste=into_the_role
    ),
    "the copy role's copying in": Pasted(
        hop=SecondHop,
        breaks=take_from_the_role("backup:CopyIntoBackupVault"),
        kind="role-lacks-permission",
        paste=into_the_role,
    ),
    "the copy role's copying": Pasted(
        hop=SecondHop,
        breaks=take_from_the_role("rds:CopyDBSnapshot"),
        kind="role-lacks-permission",
        paste=into_the_role,
    ),
}


@pytest.mark.parametrize("pasted", PASTED.values(), ids=PASTED.keys())
def test_the_statements_of_a_finding_mend_it_when_they_are_pasted(pasted: Pasted) -> None:
    journey = pasted.hop()
    pasted.breaks(journey)
    assert journey.outcome() != "COMPLETED"
    found = [each for each in journey.clinic.findings("fails") if each["kind"] == pasted.kind]
    assert found

    pasted.paste(journey, [statement for each in found for statement in each["statements"]])

    assert journey.clinic.kinds("fails") == set()
    assert journey.outcome() == "COMPLETED"


TRUSTS: dict[str, tuple[str, dict[str, Any]]] = {
    "role-not-assumable": ("OperatorRoleArn", {"Statement": []}),
    "role-not-trusting-backup": ("CopyRoleArn", {"Statement": []}),
}


@pytest.mark.parametrize(("kind", "given"), TRUSTS.items())
def test_the_trust_statement_of_a_finding_mends_it(kind: str, given: tuple[str, dict[str, Any]]) -> None:
    stage = a_stage()
    clinic = Clinic(stage)
    role = role_of(stage, stage.backup_account[given[0]])
    role.trust = given[1]
    (statement,) = {json.dumps(each["statements"][0]) for each in clinic.findings() if each["kind"] == kind}

    role.trust = {"Version": "2012-10-17", "Statement": [json.loads(statement)]}

    assert clinic.findings() == []


def test_the_bus_statement_of_a_finding_mends_it() -> None:
    stage = a_stage()
    clinic = Clinic(stage)
    statements = stage.world.bus_policy(WORKLOAD, HOME)
    statements.clear()
    (finding,) = clinic.findings()

    statements += finding["statements"]

    assert clinic.findings() == []


def test_the_permission_that_a_finding_gives_the_actor_mends_it() -> None:
    stage = a_stage()
    clinic = Clinic(stage)
    arn = stage.backup_account["OperatorRoleArn"]
    for sid in ("StartCopies", "CopyOnlyIntoTheDrVault", "PassTheCopyRole", "ReadVaults"):
        lose(stage, arn, sid)
    statements = [each for finding in clinic.findings() for each in finding["statements"]]

    role = role_of(stage, arn)
    role.policies = (*role.policies, {"Statement": statements})

    assert clinic.findings() == []


def test_every_finding_says_what_to_do_and_every_command_is_one_line_of_a_known_tool() -> None:
    stage: Stage = a_stage()
    for trouble in TROUBLES.values():
        if trouble.kind not in ("role-missing", "vault-missing", "no-plan-copies"):
            trouble.breaks(stage)
    found = Clinic(stage).findings()

    assert len({each["kind"] for each in found}) > 12
    for finding in found:
        assert finding["fix"].endswith((".", "}", ")"))
        assert "\n" not in finding["command"]
        assert finding["command"].split(" ")[0] in ("", "aws", "secondhop")
        checked = subprocess.run(["bash", "-n", "-c", finding["command"]], capture_output=True, check=False)
        assert checked.returncode == 0
