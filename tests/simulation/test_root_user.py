"""The vaults' policies spare the root user of the backup account: what that user can do, and what nobody else gains."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from backup_simulator import World
from rehearsal.stage import BACKUP, DR, HOME, WORKLOAD, Stage
from secondhop.adapters.memory_chains import MemoryChains
from tests.simulation.test_attacks import assert_each_barrier_alone_stops
from tests.simulation.test_tenants import REGIONS
from tests.two_tenants import Tenants, trusted

OPEN = '{"Version": "2012-10-17", "Statement": []}'
OF_SSO = f"arn:aws:iam::{BACKUP}:role/aws-reserved/sso.amazonaws.com"
# Fits only roles with a Region in their path; the role of the person who deploys has none.
WRONG = {"VaultAdministratorArn": f"{OF_SSO}/*/AWSReservedSSO_Admin_*"}
VAULTS = [("dr-vault", DR), ("watched-vault", HOME)]


def as_role(stage: Stage, path: str, region: str) -> Any:
    """AWS Backup for a role of the backup account that may do everything."""
    everything = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    role = stage.world.account(BACKUP).create_role(
        "AWSReservedSSO_Admin_01", path=path, trust={"Statement": []}, policies=[everything]
    )
    return stage.world.session(BACKUP, role, region).client("backup")


def as_root(stage: Stage, region: str, account: str = BACKUP) -> Any:
    """AWS Backup for the root user of an account."""
    return stage.world.session(account, region=region).client("backup")


def a_night() -> Stage:
    stage = Stage(World(), MemoryChains())
    stage.add_database("RDS", "orders", size_gib=2)
    stage.world.run_for(timedelta(hours=10))
    return stage


def refusal_of(call: Any, **request: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**request)
    return str(refused.value)


@pytest.mark.parametrize(("name", "region"), VAULTS)
def test_after_a_wrong_administrator_only_the_root_user_can_open_a_vault_again(name: str, region: str) -> None:
    stage = Stage(World(), given={"dr-region": WRONG, "backup-account": WRONG})
    deployer = as_role(stage, "/aws-reserved/sso.amazonaws.com/", region)
    request = {"BackupVaultName": name, "Policy": OPEN}
    assert "explicit deny" in refusal_of(deployer.put_backup_vault_access_policy, **request)

    as_root(stage, region).put_backup_vault_access_policy(**request)

    deployer.put_backup_vault_access_policy(**request)


def test_the_root_user_deletes_a_final_copy_only_after_removing_the_governance_lock() -> None:
    stage = a_night()
    vault = stage.world.vault_by_arn(stage.dr["DrVaultArn"])
    (point,) = vault.points
    root = as_root(stage, DR)
    request = {"BackupVaultName": vault.name, "RecoveryPointArn": point}
    assert "configured with Lock" in refusal_of(root.delete_recovery_point, **request)

    root.delete_backup_vault_lock_configuration(BackupVaultName=vault.name)
    root.delete_recovery_point(**request)
    stage.world.run_for(timedelta(hours=1))

    assert point not in vault.points


def test_not_even_the_root_user_removes_a_compliance_lock_that_is_in_force() -> None:
    stage = a_night()
    vault = stage.world.vault_by_arn(stage.dr["DrVaultArn"])
    root = as_root(stage, DR)
    root.put_backup_vault_lock_configuration(
        BackupVaultName=vault.name, MinRetentionDays=7, MaxRetentionDays=365, ChangeableForDays=3
    )
    stage.world.run_for(timedelta(days=3))

    assert "in force" in refusal_of(root.delete_backup_vault_lock_configuration, BackupVaultName=vault.name)
    for point in vault.points:
        assert "configured with Lock" in refusal_of(
            root.delete_recovery_point, BackupVaultName=vault.name, RecoveryPointArn=point
        )


@pytest.mark.parametrize(("name", "region"), VAULTS)
def test_the_root_user_of_the_workload_account_reaches_no_vault_of_the_backup_account(name: str, region: str) -> None:
    stage = a_night()
    root = as_root(stage, region, WORKLOAD)

    assert "AccessDenied" in refusal_of(root.put_backup_vault_access_policy, BackupVaultName=name, Policy=OPEN)


def test_the_root_user_of_the_workload_account_cannot_assume_the_operator_role() -> None:
    def attack(tenants: Tenants) -> None:
        tenants.world.session(WORKLOAD).client("sts").assume_role(
            RoleArn=tenants.ours.backup_account["OperatorRoleArn"], RoleSessionName="attack", ExternalId="second-hop"
        )

    barrier = trusted("ArnLike", "aws:PrincipalArn")
    assert_each_barrier_alone_stops(attack, [barrier], Tenants(REGIONS["beside each other"]))


@pytest.mark.parametrize(("name", "region"), VAULTS)
def test_another_role_of_the_backup_account_is_not_spared(name: str, region: str) -> None:
    stage = Stage(World())

    text = refusal_of(as_role(stage, "/", region).put_backup_vault_access_policy, BackupVaultName=name, Policy=OPEN)

    assert "explicit deny" in text
