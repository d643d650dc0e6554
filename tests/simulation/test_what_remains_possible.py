"""What whoever holds a workload account can still do, shown and not hidden: and that no final copy suffers by it.

He may assume the operator role, hence delete and copy intermediates of his own watched vault, and write into his table.
"""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from rehearsal.stage import EXTERNAL_ID, HOME, WORKLOAD
from tests.simulation.test_tenants import REGIONS
from tests.two_tenants import Tenants, assume

BESIDE = REGIONS["beside each other"]


@pytest.mark.parametrize("where", REGIONS)
def test_the_attacker_may_make_poorer_copies_and_throw_intermediates_away_and_every_final_copy_stands(
    where: str,
) -> None:
    tenants = Tenants(REGIONS[where])
    before = [tenants.point(owner, "dr") for owner in ("our", "their")]
    assume(tenants, WORKLOAD, path="/secondhop/", external_id=EXTERNAL_ID)

    # The least that the lock of the DR vault admits, instead of the route's 35 days.
    tenants.copy(tenants.operator(), tenants.point("our", "watched"), tenants.vault("our", "dr").arn, days=7)
    throw_intermediates_away(tenants)

    standing = {point.arn: point for point in tenants.world.recovery_points()}
    assert [standing[each.arn].delete_at for each in before] == [each.delete_at for each in before]
    added = [each for each in standing.values() if each.vault_arn == tenants.vault("our", "dr").arn]
    assert sorted(each.delete_after_days or 0 for each in added) == [7, 35]
    assert tenants.vault("our", "watched").points == {}


def test_the_attacker_may_prevent_new_copies_and_lose_those_in_flight() -> None:
    tenants = Tenants(BESIDE)
    chains = tenants.ours.chains
    assert chains is not None
    chains.pause(route="default", by="attacker")
    tenants.world.run_for(timedelta(hours=24))
    assert len(tenants.vault("our", "watched").points) == 2
    throw_intermediates_away(tenants)
    chains.pause(route="default", by=None)
    tenants.world.run_for(timedelta(hours=6))

    assert len(tenants.vault("our", "dr").points) == 1
    assert len(tenants.vault("their", "dr").points) == 2


def test_forged_work_starts_nothing_of_another_tenant() -> None:
    """Who may write to the queue may say what he likes: only what a route claims is looked at."""
    tenants = Tenants(BESIDE)
    theirs = tenants.point("their", "watched")
    work = {"recovery_point": theirs.arn, "route": "default"}
    arrival = {
        "recovery_point": theirs.arn,
        "vault": theirs.vault_arn,
        "status": "COMPLETED",
        "database": theirs.database_arn,
        "resource_type": theirs.resource_type,
        "created_at": theirs.created_at.isoformat(),
    }
    in_our_vault = {**arrival, "vault": tenants.vault("our", "watched").arn}
    ours = {**in_our_vault, "database": tenants.point("our", "watched").database_arn}
    queue = tenants.world.queue(tenants.ours.main.ref("WorkQueue"))
    for kind, content in (
        ("look", work),
        ("retry", {**work, "by": "attacker"}),
        ("arrival", arrival),
        ("arrival", in_our_vault),
        ("arrival", ours),
    ):
        queue.send(json.dumps({"secondhop": 1, "work": kind, **content}))
    jobs, deletions = len(tenants.world.copy_jobs()), len(tenants.world.deletions())
    tenants.world.run_for(timedelta(hours=6))

    assert len(tenants.world.copy_jobs()) == jobs
    assert len(tenants.world.deletions()) == deletions


def test_a_tag_that_asks_for_one_day_shortens_no_final_copy() -> None:
    """Retention comes from the route alone; what a tag of the intermediate says is carried along, and means nothing."""
    tenants = Tenants(BESIDE)
    tags = dict.fromkeys(("retention", "RetentionDays", "secondhop:retention-days", "DeleteAfterDays"), "1")
    seen = set(tenants.vault("our", "dr").points)
    tagged = set()

    def tag() -> None:
        for arn in tenants.vault("our", "watched").points:
            tenants.world.point_by_arn(arn).tags.update(tags)
            tagged.add(arn)

    for _ in range(24 * 6):
        tenants.world.run_for(timedelta(minutes=10))
        tag()

    (new,) = set(tenants.vault("our", "dr").points) - seen
    assert tagged
    assert tenants.world.point_by_arn(new).delete_after_days == 35


def throw_intermediates_away(tenants: Tenants) -> None:
    client = tenants.operator(HOME)
    for point in list(tenants.vault("our", "watched").points.values()):
        client.delete_recovery_point(BackupVaultName="watched-vault", RecoveryPointArn=point.arn)
    tenants.world.run_for(timedelta(hours=1))
