"""Attacks by the rights on keys and snapshots that AWS Backup itself wants; each barrier alone stops its attack."""

from __future__ import annotations

import pytest

from backup_simulator import NotModelled
from rehearsal.stage import BACKUP, DR, HOME
from tests.simulation.test_attacks import BESIDE, COPIER, OPERATOR, Attack, assert_each_barrier_alone_stops
from tests.simulation.test_tenants import REGIONS
from tests.two_tenants import Barrier, Tenants, absence, limit


def describe_their_key(tenants: Tenants) -> None:
    key = tenants.vault("their", "watched").key_arn
    tenants.operator(HOME, "kms").describe_key(KeyId=key)


def delete_by_the_copy_role(tenants: Tenants) -> None:
    """The role that may delete the snapshots of final copies, taken by the operator role's session."""
    sts = tenants.operator(HOME, "sts")
    role = tenants.ours.backup_account["CopyRoleArn"]
    sts.assume_role(RoleArn=role, RoleSessionName="attack")
    rds = tenants.world.session(BACKUP, role, DR).client("rds")
    with pytest.raises(NotModelled):  # it got past every policy
        rds.delete_db_snapshot(DBSnapshotIdentifier=tenants.point("our", "dr").arn.split(":snapshot:")[1])


def anybody_assumes(output: str) -> Barrier:
    """That the trust of a role names a service only."""

    def fall(tenants: Tenants) -> None:
        role = tenants.role(output)
        everybody = {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}
        role.trust = {"Version": "2012-10-17", "Statement": [everybody, *role.trust["Statement"]]}

    return Barrier(f"the trust of {output.removesuffix('Arn')}", fall)


ATTACKS: dict[str, tuple[Attack, tuple[Barrier, ...]]] = {
    "delete the snapshot behind a final copy by the copy role": (
        delete_by_the_copy_role,
        (absence("sts:AssumeRole"), anybody_assumes(COPIER)),
    ),
    "describe another tenant's key": (describe_their_key, (limit(OPERATOR, "SeeTheKeyOfAwsBackup"),)),
}


@pytest.mark.parametrize("what", ATTACKS)
def test_each_barrier_alone_stops_the_attack_and_without_them_it_succeeds(what: str) -> None:
    attack, barriers = ATTACKS[what]

    assert_each_barrier_alone_stops(attack, barriers, Tenants(REGIONS[BESIDE]))
