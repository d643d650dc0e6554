"""The stage: a workload account and a backup account in two Regions, made from the templates of this checkout."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from backup_simulator import World
from rehearsal.deployment import Stack
from rehearsal.oracle import Oracle
from secondhop.adapters.memory_chains import MemoryChains
from secondhop.application.ports import ChainStore

ROOT = Path(__file__).parents[1]
WORKLOAD, BACKUP = "111122223333", "444455556666"
HOME, DR = "eu-west-1", "eu-central-1"
# Where the world's organization and its administrator come from; stacks ask for both.
ORGANIZATION = "o-simulated0"
ADMINISTRATOR = f"arn:aws:iam::{BACKUP}:role/administrator"


@dataclass
class Stage:
    """Everything that is deployed, and the handles that a rehearsal needs."""

    world: World
    chains: ChainStore = field(default_factory=MemoryChains)
    parameters: dict[str, str] = field(default_factory=dict)
    open_session: Callable[[str, str, str], Any] | None = None
    """How functions get their sessions (account, role ARN, Region); None asks the world, in process."""

    def __post_init__(self) -> None:
        for account in (WORKLOAD, BACKUP):
            self.world.account(account).create_service_linked_role("backup.amazonaws.com")
        dr = self._stack("stacks/dr-region.yaml", BACKUP, DR, {"VaultAdministratorArn": ADMINISTRATOR})
        self.dr = dr.deploy()
        backup_account = self._stack(
            "stacks/backup-account.yaml",
            BACKUP,
            HOME,
            {
                "OrganizationId": ORGANIZATION,
                "WorkloadAccountIds": WORKLOAD,
                "DrRegion": DR,
                "DrKeyArn": self.dr["KeyArn"],
                "VaultAdministratorArn": ADMINISTRATOR,
            },
        )
        self.backup_account = backup_account.deploy()
        self.workload = self._stack("stacks/workload.yaml", WORKLOAD, HOME, {"BackupAccountId": BACKUP}).deploy()
        self.main = self._stack(
            "template.yaml",
            WORKLOAD,
            HOME,
            {
                "BackupAccountId": BACKUP,
                "DrRegion": DR,
                "CopyRoleArn": self.backup_account["CopyRoleArn"],
                "OperatorRoleArn": self.backup_account["OperatorRoleArn"],
                "ExternalId": "second-hop",
                "FirstHopRoleArn": self.workload["BackupRoleArn"],
                **self.parameters,
            },
        )
        self.outputs = self.main.deploy()
        self.topic_arn = self.main.ref("Notifications")

    def _stack(self, path: str, account: str, region: str, given: dict[str, str]) -> Stack:
        name = "second-hop" if path == "template.yaml" else f"second-hop-{Path(path).stem}"
        opener = self.open_session or self.world.session
        return Stack(self.world, ROOT / path, account, region, name, given, self.chains, opener)

    def add_database(self, resource_type: str, name: str, *, size_gib: float) -> str:
        """A database under the workload's key that the plan selects; its ARN."""
        site = self.world.site(WORKLOAD, HOME)
        key = self.workload["KeyArn"]
        return site.create_database(resource_type, name, size_gib=size_gib, key_arn=key, tags={"Backup": "True"})

    def oracle(self) -> Oracle:
        """The judge of what happened here."""
        return Oracle(
            world=self.world,
            watched_vault_arn=self.backup_account["WatchedVaultArn"],
            final_vault_arn=self.dr["DrVaultArn"],
            roles=frozenset({self.backup_account["OperatorRoleArn"]}),
            retention_days=int(self.main.parameters["RetentionDays"]),
            topic_arn=self.topic_arn,
        )
