"""Attacks by the rights on keys and snapshots that AWS Backup itself wants; each barrier alone stops its attack."""

from __future__ import annotations

import pytest

from rehearsal.stage import HOME
from tests.simulation.test_attacks import BESIDE, OPERATOR, Attack, assert_each_barrier_alone_stops
from tests.simulation.test_tenants import REGIONS
from tests.two_tenants import Barrier, Tenants, limit


def describe_their_key(tenants: Tenants) -> None:
    key = tenants.vault("their", "watched").key_arn
    tenants.operator(HOME, "kms").describe_key(KeyId=key)


ATTACKS: dict[str, tuple[Attack, tuple[Barrier, ...]]] = {
    "describe another tenant's key": (describe_their_key, (limit(OPERATOR, "SeeTheKeyOfAwsBackup"),)),
}


@pytest.mark.parametrize("what", ATTACKS)
def test_each_barrier_alone_stops_the_attack_and_without_them_it_succeeds(what: str) -> None:
    attack, barriers = ATTACKS[what]

    assert_each_barrier_alone_stops(attack, barriers, Tenants(REGIONS[BESIDE]))
