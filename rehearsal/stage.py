"""The stage: workload accounts and a backup account in two Regions, deployed from the templates of this checkout.

In the workload topology, the main stack is in the only workload account and assumes the operator role. In the hub
topology, it is in the backup account, and serves every workload account that the watched vault allows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from backup_simulator import World
from rehearsal.deployment import Stack
from rehearsal.oracle import Oracle
from secondhop.adapters.memory_chains import MemoryChains
from secondhop.application.ports import ChainStore

ROOT = Path(__file__).parents[1]
WORKLOAD, BACKUP = "111122223333", "444455556666"
# A second workload account, for the hub topology.
NEIGHBOUR = "222233334444"
HOME, DR = "eu-west-1", "eu-central-1"
# The world's organization and its administrator, which the stacks need as parameters.
ORGANIZATION = "o-simulated0"
ADMINISTRATOR = f"arn:aws:iam::{BACKUP}:role/administrator"
EXTERNAL_ID = "second-hop"
FUNCTION_ROLES = ("AdvanceChainRole", "SweepChainsRole", "OperateChainsRole")


class Topology(StrEnum):
    """Where the main stack is: in the only workload account, or in the backup account for many."""

    WORKLOAD = "workload"
    HUB = "hub"


@dataclass
class Stage:
    """All deployed stacks, with the outputs that a rehearsal needs."""

    world: World
    chains: ChainStore | None = field(default_factory=MemoryChains)
    """The functions' store of chains. With None they use DynamoDB."""
    parameters: dict[str, str] = field(default_factory=dict)
    open_session: Callable[[str, str, str], Any] | None = None
    """How functions get their sessions (account, role ARN, Region). None uses the world, in process."""
    topology: Topology = Topology.WORKLOAD
    workload_accounts: Sequence[str] = ()
    """The accounts with databases. Empty means one in the workload topology, and two in the hub topology."""
    given: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Further parameters of the stacks, by their file names without the suffix."""
    name: str = "second-hop"
    """The prefix of its stacks' names. A second stage in one world needs another prefix and other vault names."""
    kills_late_functions: bool = False
    """Whether an invocation dies after the timeout of its function, as on Lambda.

    Off by default: nights let processes sleep for many minutes and continue late, to test the fences.
    """
    home: str = HOME
    away: str = DR

    def __post_init__(self) -> None:
        self.is_hub = self.topology is Topology.HUB
        self.workload_accounts = self.workload_accounts or ((WORKLOAD, NEIGHBOUR) if self.is_hub else (WORKLOAD,))
        for account in (*self.workload_accounts, BACKUP):
            self.world.account(account).create_service_linked_role("backup.amazonaws.com")
        # The role of the person who deploys. Here it only has to exist.
        self.world.account(BACKUP).create_role("administrator", trust={"Statement": []})
        self.dr = self._stack(
            "stacks/dr-region.yaml", BACKUP, self.away, {"VaultAdministratorArn": ADMINISTRATOR}
        ).deploy()
        self.backup_account = self._stack(
            "stacks/backup-account.yaml", BACKUP, self.home, self._backup_account()
        ).deploy()
        self.workloads = {
            account: self._stack("stacks/workload.yaml", account, self.home, {"BackupAccountId": BACKUP}).deploy()
            for account in self.workload_accounts
        }
        self.workload = self.workloads[self.workload_accounts[0]]
        self.main_account = BACKUP if self.is_hub else self.workload_accounts[0]
        self.main = self._stack("template.yaml", self.main_account, self.home, self._main() | self.parameters)
        self.outputs = self.main.deploy()
        self.topic_arn = self.main.ref("Notifications")

    def _backup_account(self) -> dict[str, str]:
        return {
            "OrganizationId": ORGANIZATION,
            "Topology": self.topology,
            "WorkloadAccountIds": ",".join(self.workload_accounts),
            "DrRegion": self.away,
            "DrKeyArn": self.dr["KeyArn"],
            "VaultAdministratorArn": ADMINISTRATOR,
        }

    def _main(self) -> dict[str, str]:
        given = {"BackupAccountId": BACKUP, "DrRegion": self.away, "CopyRoleArn": self.backup_account["CopyRoleArn"]}
        if self.is_hub:
            return given | {"WorkloadAccountIds": ",".join(self.workload_accounts)}
        return given | {
            "OperatorRoleArn": self.backup_account["OperatorRoleArn"],
            "ExternalId": EXTERNAL_ID,
            "FirstHopRoleArn": self.workload["BackupRoleArn"],
        }

    def _stack(self, path: str, account: str, region: str, given: dict[str, str]) -> Stack:
        name = self.name if path == "template.yaml" else f"{self.name}-{Path(path).stem}"
        opener = self.open_session or self.world.session
        everything = {**given, **self.given.get(Path(path).stem, {})}
        return Stack(
            self.world, ROOT / path, account, region, name, everything, self.chains, opener, self.kills_late_functions
        )

    def install_again(self, name: str, chains: ChainStore | None) -> Stack:
        """A second installation on the same vaults, with its own table, queue and topic."""
        again = self._stack("template.yaml", self.main_account, HOME, dict(self.main.given))
        again.name, again.chains = name, chains
        again.deploy()
        return again

    def acting_roles_of(self, main: Stack) -> frozenset[str]:
        """The roles of the backup account that an installation uses."""
        if not self.is_hub:
            return frozenset({self.backup_account["OperatorRoleArn"]})
        return frozenset(main.attribute(role, "Arn") for role in FUNCTION_ROLES)

    def add_database(self, resource_type: str, name: str, *, size_gib: float, account: str | None = None) -> str:
        """A database under the key of its account (the first, unless one is named), which the plan selects; its ARN."""
        owner = account or self.workload_accounts[0]
        site = self.world.site(owner, self.home)
        key = self.workloads[owner]["KeyArn"]
        return site.create_database(resource_type, name, size_gib=size_gib, key_arn=key, tags={"Backup": "True"})

    def acting_roles(self) -> frozenset[str]:
        """The roles of the backup account that Second Hop uses."""
        return self.acting_roles_of(self.main)

    def oracle(self) -> Oracle:
        """The oracle that checks this stage."""
        return Oracle(
            world=self.world,
            watched_vault_arn=self.backup_account["WatchedVaultArn"],
            final_vault_arn=self.dr["DrVaultArn"],
            roles=self.acting_roles(),
            retention_days=int(self.main.parameters["RetentionDays"]),
            topic_arn=self.topic_arn,
        )
