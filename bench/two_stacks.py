"""Two main stacks of two workload accounts copy into one backup account's second Region, and share its quota.

Run: python -m bench.two_stacks. Each has 60 RDS and 15 Aurora arrivals at once. Where AWS fails jobs beyond the quota
instead of queueing them, each FAILED job is one that a stack started although the quota was used up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from backup_simulator import World
from backup_simulator.resource_types import BY_NAME
from backup_simulator.switches import OverQuota, UnknownBehaviour
from bench.results import write
from bench.stages import database_arn, land, of_each
from rehearsal.stage import DR, NEIGHBOUR, Stage
from secondhop.adapters.memory_chains import MemoryChains

ARRIVALS, HOURS = of_each(60, 15), 60
NAMES = {"WatchedVaultName": "their-watched", "DrVaultName": "their-dr", "ExternalId": "their-second-hop"}
OTHER = {
    "dr-region": {"DrVaultName": NAMES["DrVaultName"]},
    "backup-account": NAMES,
    "workload": {"WatchedVaultName": NAMES["WatchedVaultName"]},
    "template": NAMES,
}


def share(over_quota: OverQuota, *, arrivals: Mapping[str, int] = ARRIVALS, hours: int = HOURS) -> dict[str, Any]:
    """How many jobs of both stacks are in flight at most, and how they end."""
    world = World(seed=1, unknown=UnknownBehaviour(over_quota=over_quota))
    ours = Stage(world, MemoryChains(), open_session=world.light_session)
    theirs = Stage(
        world,
        MemoryChains(),
        workload_accounts=(NEIGHBOUR,),
        given=OTHER,
        name="their-hop",
        open_session=world.light_session,
    )
    world.run_for(timedelta(hours=1))
    for stage in (ours, theirs):
        for kind, number in arrivals.items():
            for each in range(number):
                database = database_arn(kind, stage.workload_accounts[0], f"{kind.lower()}-{each}")
                land(stage, kind=kind, database=database, size_gib=20, delete_after_days=3650)
    world.run_for(timedelta(hours=hours))
    chains = Counter(str(chain.state) for stage in (ours, theirs) for chain in of(stage).all())
    return {"over_quota": over_quota, "chains": dict(chains)} | {kind: _jobs(world, kind) for kind in arrivals}


def of(stage: Stage) -> MemoryChains:
    assert isinstance(stage.chains, MemoryChains)
    return stage.chains


def _jobs(world: World, kind: str) -> dict[str, Any]:
    jobs = [job for job in world.copy_jobs() if job.resource_type == kind and DR in job.destination_vault_arn]
    edges = sorted([(job.created_at, 1) for job in jobs] + [(job.completed_at or world.now(), -1) for job in jobs])
    in_flight = most = 0
    for _, change in edges:
        in_flight += change
        most = max(most, in_flight)
    states = Counter(job.state for job in jobs)
    quota = BY_NAME[kind].copies_in_flight
    return {"most_in_flight": most, "quota": quota, "failed": states["FAILED"], "completed": states["COMPLETED"]}


def main() -> None:
    """Measure both behaviours that AWS may have, and write build/bench/two_stacks.json."""
    results = [share(each) for each in (OverQuota.QUEUES, OverQuota.FAILS)]
    write("two_stacks", {"runs": results})
    for each in results:
        print(each)


if __name__ == "__main__":
    main()
