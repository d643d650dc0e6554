"""One night: faulty hours, then quiet ones, then the judgement of the simulator's world."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from random import Random

from backup_simulator import World
from rehearsal.nights.mishaps import Mishaps
from rehearsal.nights.plan import NightPlan
from rehearsal.oracle import Violation
from rehearsal.stage import Stage
from secondhop.adapters.memory_chains import MemoryChains

FAULTY_HOURS, QUIET_HOURS = 36, 24
AN_HOUR = timedelta(hours=1)
# A copy job may hang in CREATED for three days, in either hop.
LONGEST_SETTLING = timedelta(days=8)


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What became of a night."""

    seed: int
    chains: int
    violations: tuple[Violation, ...]


def run_night(plan: NightPlan) -> Judgement:
    """Run a night to its end and judge it."""
    world = World(seed=plan.seed, unknown=plan.unknown, delivery=plan.delivery)
    chains = MemoryChains()
    stage = Stage(world, chains, open_session=world.light_session, topology=plan.topology)
    for each in plan.databases:
        account = stage.workload_accounts[each.account]
        stage.add_database(each.resource_type, each.name, size_gib=each.size_gib, account=account)
    chance = Random(f"mishaps {plan.seed}")  # noqa: S311 - a night must be repeatable
    mishaps = Mishaps(world=world, chance=chance, per_hour=plan.faults_per_hour)
    for _ in range(FAULTY_HOURS):
        mishaps.an_hour()
        world.run_for(AN_HOUR)
    world.faults.clear()
    _end_plans(world)
    world.run_for(QUIET_HOURS * AN_HOUR)
    _settle(world)
    return Judgement(seed=plan.seed, chains=len(chains.all()), violations=tuple(stage.oracle().violations()))


def _end_plans(world: World) -> None:
    """No third run of the plans: what is under way shall come to its end."""
    for plan in world.backups.plans.values():
        plan.ended = True


def _settle(world: World) -> None:
    """Run on until no copy job is under way any more; some hang in CREATED for days."""
    limit = world.now() + LONGEST_SETTLING
    while world.now() < limit and any(job.is_live for job in world.copy_jobs()):
        world.run_for(6 * AN_HOUR)
    world.run_for(6 * AN_HOUR)
