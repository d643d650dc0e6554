"""An installation onto keys, vaults, roles and a plan that exist already travels like one that made its own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from backup_simulator import World
from rehearsal.stage import BACKUP, DR, HOME, WORKLOAD, Stage
from rehearsal.template import read_template
from secondhop.adapters.memory_chains import MemoryChains
from secondhop.domain.chain import ChainState
from tests.template import reading, rendering

VAULTS = {"DrVaultName": "our-dr", "WatchedVaultName": "our-watched", "WorkloadVaultName": "our-backups"}


class Existing:
    """What an organization has before it installs Second Hop, as the templates would have made it."""

    def __init__(self) -> None:
        self.world = World()
        for account in (WORKLOAD, BACKUP):
            self.world.account(account).create_service_linked_role("backup.amazonaws.com")
        self.world.account(BACKUP).create_role("administrator", trust={"Statement": []})
        self.dr_key, _ = self.key_and_vault(rendering.DR, BACKUP, DR, "DrVault")
        self.operator = self.role(rendering.BACKUP, BACKUP, "OperatorRole", self.backup_account("copy"))
        self.watched_key, _ = self.key_and_vault(
            rendering.BACKUP, BACKUP, HOME, "WatchedVault", {"ExistingOperatorRoleArn": self.operator}
        )
        self.copy_role = self.role(rendering.BACKUP, BACKUP, "CopyRole", self.backup_account(self.watched_key))
        self.world.account(BACKUP).add_policy("OperatorRole", passing(self.copy_role))
        self.workload_key, _ = self.key_and_vault(rendering.WORKLOAD, WORKLOAD, HOME, "WorkloadVault")
        self.backup_role = self.role(rendering.WORKLOAD, WORKLOAD, "BackupRole", {})

    def backup_account(self, key: str) -> dict[str, str]:
        return {"DrKeyArn": self.dr_key} | ({"ExistingKeyArn": key} if key.startswith("arn:") else {})

    def role(self, template: str, account: str, logical_id: str, given: dict[str, str]) -> str:
        found = rendering.render(template, {**names(template), **given}).resources[logical_id]["Properties"]
        return self.world.account(account).create_role(
            logical_id,
            path="/ours/",
            trust=found["AssumeRolePolicyDocument"],
            policies=[each["PolicyDocument"] for each in found["Policies"]],
        )

    def key_and_vault(
        self, template: str, account: str, region: str, vault: str, given: dict[str, str] | None = None
    ) -> tuple[str, str]:
        found = rendering.render(template, {**names(template), **(given or {})}).resources
        site = self.world.site(account, region)
        key = site.create_key(policy=found["Key"]["Properties"]["KeyPolicy"])
        made = found[vault]["Properties"]
        lock = {name: int(days) for name, days in made.get("LockConfiguration", {}).items()}
        policy = made.get("AccessPolicy")
        return key, site.create_vault(made["BackupVaultName"], key_arn=key, policy=policy, lock=lock or None)


def names(template: str) -> dict[str, str]:
    return {key: value for key, value in VAULTS.items() if key in read_template(reading.ROOT / template)["Parameters"]}


def passing(role: str) -> dict[str, Any]:
    condition = {"StringEquals": {"iam:PassedToService": "backup.amazonaws.com"}}
    statement = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": role, "Condition": condition}
    return {"Statement": [statement]}


def installed_on(existing: Existing) -> Stage:
    brought = {"CreateVault": "false"}
    given = {
        "dr-region": {**names(rendering.DR), **brought, "ExistingKeyArn": existing.dr_key},
        "backup-account": {
            **names(rendering.BACKUP),
            **brought,
            "ExistingKeyArn": existing.watched_key,
            "ExistingCopyRoleArn": existing.copy_role,
            "ExistingOperatorRoleArn": existing.operator,
        },
        "workload": {
            **names(rendering.WORKLOAD),
            **brought,
            "ExistingKeyArn": existing.workload_key,
            "ExistingBackupRoleArn": existing.backup_role,
        },
        "template": names(rendering.MAIN),
    }
    return Stage(existing.world, MemoryChains(), given=given)


def test_an_installation_onto_what_exists_brings_a_database_to_the_dr_vault() -> None:
    existing = Existing()
    before = (set(existing.world.keys), set(existing.world.roles))
    stage = installed_on(existing)
    stage.add_database("Aurora", "customers", size_gib=2)
    stage.add_database("RDS", "orders", size_gib=2)
    existing.world.run_for(timedelta(hours=40))

    assert isinstance(stage.chains, MemoryChains)
    assert [chain.state for chain in stage.chains.all()] == [ChainState.COMPLETE] * 4
    assert stage.oracle().violations() == []
    made = set(existing.world.roles) - before[1]
    assert set(existing.world.keys) == before[0]
    assert {arn.rpartition("/")[2] for arn in made if f":{BACKUP}:" in arn} == {"second-hop-backup-account-ForwardRole"}
    assert {job.started_by for job in existing.world.copy_jobs() if job.account == BACKUP} == {existing.operator}


def test_a_plan_that_exists_is_given_the_selection_of_tagged_databases() -> None:
    existing = Existing()
    watched = f"arn:aws:backup:{HOME}:{BACKUP}:backup-vault:our-watched"
    lifecycle = {"DeleteAfterDays": 14}
    rule = {
        "RuleName": "ours",
        "TargetBackupVaultName": "our-backups",
        "ScheduleExpression": "cron(0 2 * * ? *)",
        "Lifecycle": lifecycle,
        "CopyActions": [{"DestinationBackupVaultArn": watched, "Lifecycle": lifecycle}],
    }
    plan = existing.world.site(WORKLOAD, HOME).create_plan({"BackupPlanName": "ours", "Rules": [rule]}, [])
    stage = installed_on(existing)
    second = stage._stack("stacks/workload.yaml", WORKLOAD, HOME, {"BackupAccountId": BACKUP, "ExistingPlanId": plan})
    assert second.deploy()["BackupPlanId"] == plan
    stage.add_database("RDS", "orders", size_gib=2)
    existing.world.run_for(timedelta(hours=2, minutes=45))

    taken = [point for point in existing.world.recovery_points() if point.account == WORKLOAD]
    assert [point.created_at.hour for point in taken] == [2]
