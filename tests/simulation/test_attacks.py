"""Attacks by whoever holds a workload account: each is denied, by any one of the barriers that SECURITY.md names.

For each attack every barrier in turn stands alone, and the attack must fail; then the last one falls too, and it must
succeed. So no denial is an accident, and no barrier is there for show.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError

from backup_simulator import NotModelled
from rehearsal.stage import BACKUP, DR, HOME, NEIGHBOUR, WORKLOAD
from tests.simulation.test_tenants import REGIONS
from tests.two_tenants import (
    Barrier,
    CopyFailedError,
    Tenants,
    absence,
    administrator,
    assume,
    denial,
    limit,
    lock,
    nobody_else_copies_in,
    only_this_account_uses_the_key,
    trusted,
)

OPERATOR, COPIER = "OperatorRoleArn", "CopyRoleArn"
CHANGES = "OnlyTheAdministratorChanges"
REMOVES = "OnlyTheAdministratorRemovesOrChanges"
RELEASES = "OnlyTheActorCopiesAndReleases"
OUT = "OnlyTheAdministratorCopiesOut"
CODES = {"AccessDeniedException", "AccessDenied", "InvalidRequestException", "InvalidParameterValueException"}
Attack = Callable[[Tenants], Any]
OPEN = '{"Version": "2012-10-17", "Statement": []}'


def delete(owner: str, which: str, region: str = HOME) -> Attack:
    def attack(tenants: Tenants) -> None:
        vault, point = tenants.vault(owner, which), tenants.point(owner, which)
        tenants.operator(region).delete_recovery_point(BackupVaultName=vault.name, RecoveryPointArn=point.arn)

    return attack


def shorten(owner: str, which: str, region: str = HOME) -> Attack:
    def attack(tenants: Tenants) -> None:
        vault, point = tenants.vault(owner, which), tenants.point(owner, which)
        tenants.operator(region).update_recovery_point_lifecycle(
            BackupVaultName=vault.name, RecoveryPointArn=point.arn, Lifecycle={"DeleteAfterDays": 1}
        )

    return attack


def copy(
    owner: str, which: str, into: tuple[str, str] = ("our", "dr"), *, days: int = 35, region: str = HOME
) -> Attack:
    return lambda tenants: tenants.copy(
        tenants.operator(region), tenants.point(owner, which), tenants.vault(*into).arn, days=days
    )


def change(which: str, operation: str, **request: Any) -> Attack:
    def attack(tenants: Tenants) -> None:
        vault = tenants.vault("our", which)
        getattr(tenants.operator(vault.region), operation)(BackupVaultName=vault.name, **request)

    return attack


def pass_a_strong_role(tenants: Tenants) -> None:
    trust = {
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "backup.amazonaws.com"}, "Action": "sts:AssumeRole"}]
    }
    everything = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    strong = tenants.world.account(BACKUP).create_role("strong", trust=trust, policies=[everything])
    tenants.copy(tenants.operator(), tenants.point("our", "watched"), tenants.vault("our", "dr").arn, role=strong)


def pass_their_role(tenants: Tenants) -> None:
    role = tenants.theirs.backup_account["CopyRoleArn"]
    client, point = tenants.operator(), tenants.point("our", "watched")
    # Their role copies into their vault only: the pass is what is tried here, and the call its whole success.
    client.start_copy_job(
        RecoveryPointArn=point.arn,
        SourceBackupVaultName="watched-vault",
        DestinationBackupVaultArn=tenants.vault("our", "dr").arn,
        IamRoleArn=role,
        IdempotencyToken=tenants.world.make_id(),
    )


def open_the_key(tenants: Tenants) -> None:
    kms = tenants.operator(DR, "kms")
    with pytest.raises(NotModelled):  # it got past every policy
        kms.put_key_policy(KeyId=tenants.ours.dr["KeyArn"], Policy=OPEN)


def delete_the_snapshot_itself(tenants: Tenants) -> None:
    rds = tenants.operator(DR, "rds")
    with pytest.raises(NotModelled):  # it got past every policy
        rds.delete_db_snapshot(DBSnapshotIdentifier=tenants.point("our", "dr").arn.split(":snapshot:")[1])


def stop_a_job(tenants: Tenants) -> None:
    with pytest.raises(NotModelled):  # it got past every policy
        tenants.operator().stop_backup_job(BackupJobId="00000000")


def copy_into_their_watched_vault(tenants: Tenants) -> None:
    (origin,) = [each for each in tenants.world.recovery_points() if each.account == WORKLOAD]
    role = tenants.world.roles[tenants.ours.workload["BackupRoleArn"]]
    role.policies = ({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]},)
    target = tenants.vault("their", "watched").arn
    tenants.copy(administrator(WORKLOAD, tenants), origin, target, role=role.arn, days=7)


def copy_into_the_workload_account(tenants: Tenants) -> None:
    """Into a vault of the attacker's own, which he has opened for it."""
    vault = tenants.world.vault_by_arn(tenants.ours.workload["WorkloadVaultArn"])
    opened = {
        "Sid": "Open",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "backup:CopyIntoBackupVault",
        "Resource": "*",
    }
    vault.policy = {"Version": "2012-10-17", "Statement": [opened]}
    tenants.copy(tenants.operator(), tenants.point("our", "watched"), vault.arn)


def of_another_organization(tenants: Tenants) -> None:
    tenants.world.account(WORKLOAD).join_organization("o-elsewhere00")
    assume(tenants, WORKLOAD, path="/secondhop/")


CHANGED: dict[str, tuple[str, dict[str, Any]]] = {
    "PutBackupVaultAccessPolicy": ("put_backup_vault_access_policy", {"Policy": OPEN}),
    "DeleteBackupVaultAccessPolicy": ("delete_backup_vault_access_policy", {}),
    "PutBackupVaultLockConfiguration": ("put_backup_vault_lock_configuration", {"MinRetentionDays": 1}),
    "DeleteBackupVaultLockConfiguration": ("delete_backup_vault_lock_configuration", {}),
}
BESIDE, MIRRORED = "beside each other", "mirrored"
# what is tried -> (which two tenants, the attack, what stands in its way)
ATTACKS: dict[str, tuple[str, Attack, tuple[Barrier, ...]]] = {
    "delete a final copy": (
        BESIDE,
        delete("our", "dr", DR),
        (limit(OPERATOR, "ReleaseIntermediates"), denial("our", "dr", REMOVES), lock("our")),
    ),
    "delete another tenant's final copy": (
        MIRRORED,
        delete("their", "dr"),
        (denial("their", "dr", REMOVES), lock("their")),
    ),
    "shorten a final copy": (
        BESIDE,
        shorten("our", "dr", DR),
        (absence("backup:UpdateRecoveryPointLifecycle"), denial("our", "dr", REMOVES), lock("our")),
    ),
    "shorten another tenant's final copy": (
        MIRRORED,
        shorten("their", "dr"),
        (absence("backup:UpdateRecoveryPointLifecycle"), denial("their", "dr", REMOVES), lock("their")),
    ),
    "delete another tenant's intermediate": (
        BESIDE,
        delete("their", "watched"),
        (denial("their", "watched", RELEASES),),
    ),
    "shorten another tenant's intermediate": (
        BESIDE,
        shorten("their", "watched"),
        (absence("backup:UpdateRecoveryPointLifecycle"), denial("their", "watched", CHANGES)),
    ),
    "copy another tenant's intermediate": (
        BESIDE,
        copy("their", "watched"),
        (denial("their", "watched", RELEASES), limit(COPIER, "SeeKeys"), limit(COPIER, "GrantKeysToRds")),
    ),
    "copy another tenant's final copy": (
        MIRRORED,
        copy("their", "dr"),
        (denial("their", "dr", OUT), limit(COPIER, "SeeKeys"), limit(COPIER, "GrantKeysToRds")),
    ),
    "make a final copy for one day": (BESIDE, copy("our", "watched", days=1), (lock("our"),)),
    "copy into another tenant's DR vault": (
        BESIDE,
        copy("our", "watched", ("their", "dr")),
        (
            limit(OPERATOR, "CopyOnlyIntoTheDrVault"),
            limit(COPIER, "OutOfTheWatchedVault"),
            limit(COPIER, "IntoTheDrVault"),
        ),
    ),
    "copy elsewhere in the organization": (
        BESIDE,
        copy_into_the_workload_account,
        (
            limit(OPERATOR, "CopyOnlyIntoTheDrVault"),
            limit(COPIER, "OutOfTheWatchedVault"),
            limit(COPIER, "IntoTheDrVault"),
            absence("rds:ModifyDBSnapshotAttribute", COPIER),
            only_this_account_uses_the_key(),
        ),
    ),
    "send a copy into another tenant's watched vault": (
        BESIDE,
        copy_into_their_watched_vault,
        (nobody_else_copies_in(),),
    ),
    "pass a stronger role": (BESIDE, pass_a_strong_role, (limit(OPERATOR, "PassTheCopyRole"),)),
    "pass another tenant's copy role": (BESIDE, pass_their_role, (limit(OPERATOR, "PassTheCopyRole"),)),
    "change the DR key's policy": (BESIDE, open_the_key, (absence("kms:PutKeyPolicy"),)),
    "delete the snapshot behind a final copy": (
        BESIDE,
        delete_the_snapshot_itself,
        (absence("rds:DeleteDBSnapshot"),),
    ),
    "stop a backup job": (BESIDE, stop_a_job, (absence("backup:StopBackupJob"),)),
    "assume the operator role from another account": (
        BESIDE,
        lambda tenants: assume(tenants, NEIGHBOUR, path="/secondhop/"),
        (trusted("Principal"), trusted("ArnLike", "aws:PrincipalArn")),
    ),
    "assume the operator role by a role of another path": (
        BESIDE,
        lambda tenants: assume(tenants, WORKLOAD, path="/"),
        (trusted("ArnLike", "aws:PrincipalArn"),),
    ),
    "assume the operator role without the external id": (
        BESIDE,
        lambda tenants: assume(tenants, WORKLOAD, path="/secondhop/", external_id=None),
        (trusted("StringEquals", "sts:ExternalId"),),
    ),
    "assume the operator role from outside the organization": (
        BESIDE,
        of_another_organization,
        (trusted("StringEquals", "aws:PrincipalOrgID"),),
    ),
    **{
        f"{action} on the {which} vault": (
            BESIDE,
            change(which, operation, **request),
            (absence(f"backup:{action}"), denial("our", which, sid)),
        )
        for which, sid in (("dr", REMOVES), ("watched", CHANGES))
        for action, (operation, request) in CHANGED.items()
    },
}


@pytest.mark.parametrize("what", ATTACKS)
def test_each_barrier_alone_stops_the_attack_and_without_them_it_succeeds(what: str) -> None:
    where, attack, barriers = ATTACKS[what]

    assert_each_barrier_alone_stops(attack, barriers, Tenants(REGIONS[where]))


def assert_each_barrier_alone_stops(attack: Attack, barriers: Sequence[Barrier], tenants: Tenants) -> None:
    """With any one barrier standing the attack is denied; without them all it succeeds."""
    for standing in barriers:
        with tenants.as_it_is():
            for other in barriers:
                if other is not standing:
                    other.fall(tenants)
            with pytest.raises((ClientError, CopyFailedError)) as denied:
                attack(tenants)
            assert_is_a_denial(denied.value)

    for barrier in barriers:
        barrier.fall(tenants)
    attack(tenants)


def assert_is_a_denial(error: Exception) -> None:
    """Denied by a policy or a lock, and not stumbled over a mistake of the attack."""
    text = str(error)
    if isinstance(error, ClientError):
        assert error.response["Error"]["Code"] in CODES
    assert any(
        each in text
        for each in ("not authorized", "Lock", "lock", "retention", "Access Denied", "denied", "permissions")
    ), text
