"""Two installations beside each other in one backup account, of two workload accounts; also as mirror images.

A recovery point's ARN names no vault, so that either operator role may, by its own policies, touch every RDS-family
point of its Region. What keeps it away from the other's copies is each vault's own policy.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from backup_simulator import World
from backup_simulator.model import Point
from rehearsal.stage import BACKUP, DR, HOME, NEIGHBOUR, Stage
from secondhop.adapters.memory_chains import MemoryChains
from secondhop.domain.chain import ChainState

OTHER = {
    "dr-region": {"DrVaultName": "their-dr"},
    "backup-account": {
        "WatchedVaultName": "their-watched",
        "DrVaultName": "their-dr",
        "ExternalId": "their-second-hop",
    },
    "workload": {"WatchedVaultName": "their-watched"},
    "template": {"WatchedVaultName": "their-watched", "DrVaultName": "their-dr", "ExternalId": "their-second-hop"},
}
REGIONS = {"beside each other": (HOME, DR), "mirrored": (DR, HOME)}


class Neighbours:
    """Our installation and theirs, after a night; we are the ones who went bad."""

    def __init__(self, regions: tuple[str, str]) -> None:
        home, away = regions
        # The functions only make the copies that are attacked: light clients do that in half the time.
        self.world = World()
        self.ours = Stage(self.world, MemoryChains(), open_session=self.world.light_session)
        self.theirs = Stage(
            self.world,
            MemoryChains(),
            open_session=self.world.light_session,
            workload_accounts=(NEIGHBOUR,),
            given=OTHER,
            name="their-hop",
            home=home,
            away=away,
        )
        for stage in (self.ours, self.theirs):
            stage.add_database("RDS", "orders", size_gib=2)
        self.world.run_for(timedelta(hours=8))
        operator = self.ours.backup_account["OperatorRoleArn"]
        self.attacker = self.world.session(BACKUP, operator, HOME).client("backup")

    def point_in(self, vault_arn: str) -> Point:
        (found,) = [point for point in self.world.recovery_points() if point.vault_arn == vault_arn]
        return found

    def their_vault_in_our_home(self) -> str:
        """What our operator role may touch by its own policies: their watched vault; in the mirror, their DR vault."""
        vaults = (self.theirs.backup_account["WatchedVaultArn"], self.theirs.dr["DrVaultArn"])
        (found,) = [arn for arn in vaults if arn.split(":")[3] == HOME]
        return found

    def forget_statement(self, vault_arn: str, action: str) -> None:
        """Take the one action out of the one vault's denials."""
        vault = self.world.vault_by_arn(vault_arn)
        for statement in (vault.policy or {})["Statement"]:
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            if statement["Effect"] == "Deny":
                statement["Action"] = [each for each in actions if each != action]


@pytest.fixture(params=REGIONS, scope="module")
def neighbours(request: pytest.FixtureRequest) -> Neighbours:
    return Neighbours(REGIONS[request.param])


def test_both_installations_bring_their_own_database_and_touch_nothing_else(neighbours: Neighbours) -> None:
    for stage in (neighbours.ours, neighbours.theirs):
        assert isinstance(stage.chains, MemoryChains)
        (chain,) = stage.chains.all()
        assert chain.state is ChainState.COMPLETE
        assert chain.database.split(":")[4] == stage.workload_accounts[0]
        assert stage.oracle().violations() == []


ATTACKS = {
    "backup:StartCopyJob": lambda client, point, ours: client.start_copy_job(
        RecoveryPointArn=point.arn,
        SourceBackupVaultName=point.vault_arn.rpartition(":")[2],
        DestinationBackupVaultArn=ours.dr["DrVaultArn"],
        IamRoleArn=ours.backup_account["CopyRoleArn"],
        Lifecycle={"DeleteAfterDays": 35},
        IdempotencyToken="attack",
    ),
    "backup:DeleteRecoveryPoint": lambda client, point, _: client.delete_recovery_point(
        BackupVaultName=point.vault_arn.rpartition(":")[2], RecoveryPointArn=point.arn
    ),
}


@pytest.mark.parametrize("action", ATTACKS)
@pytest.mark.parametrize("where", REGIONS)
def test_what_keeps_us_from_their_copies_is_one_statement_of_their_vault(where: str, action: str) -> None:
    neighbours = Neighbours(REGIONS[where])
    vault = neighbours.their_vault_in_our_home()
    point = neighbours.point_in(vault)
    attack: Any = ATTACKS[action]

    with pytest.raises(ClientError) as refused:
        attack(neighbours.attacker, point, neighbours.ours)
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"
    assert "explicit deny in a resource-based policy" in str(refused.value)

    neighbours.forget_statement(vault, action)
    # A lock stands behind the DR vault's policy; here the policy alone is in question.
    neighbours.world.vault_by_arn(vault).lock = None
    attack(neighbours.attacker, point, neighbours.ours)
