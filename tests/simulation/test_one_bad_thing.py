"""One bad thing stops itself and nothing beside it: whole installations beside one bad database."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from backup_simulator import World, texts
from rehearsal.stage import DR, HOME, Stage
from secondhop.adapters.memory_chains import MemoryChains
from secondhop.domain.chain import Chain, ChainKey
from secondhop.domain.errors import UnreadableItemError

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def a_stage(chains: MemoryChains) -> Stage:
    world = World()
    kept = {"workload": {"IntermediateRetentionDays": "7"}}
    return Stage(world, chains, {"SweepIntervalMinutes": "15"}, open_session=world.light_session, given=kept)


@pytest.mark.parametrize("healthy", [0, 3])
def test_a_database_whose_copies_always_fail_strands_is_tried_daily_and_starts_few_jobs(healthy: int) -> None:
    chains = MemoryChains()
    stage = a_stage(chains)
    world = stage.world
    bad = stage.add_database("Aurora", "bad", size_gib=50)
    for number in range(healthy):
        stage.add_database("Aurora", f"fine-{number}", size_gib=5)
    world.faults.fail_copy_job(message=texts.INTERNAL, database_arn=bad, destination_region=DR, times=10_000)
    world.run_for(20 * HOUR)
    for plan in world.plans.values():
        plan.ended = True
    world.run_for(6 * DAY)

    jobs = [job for job in world.copy_jobs() if job.started_by in stage.acting_roles() and job.database_arn == bad]
    assert 6 <= len(jobs) <= 6 + 6
    assert Counter(chain.state for chain in chains.all()) == Counter(STRANDED=1, COMPLETE=healthy)
    assert "bad: TRANSIENT (STRANDED)" in world.published(stage.topic_arn)[0].subject
    assert not any("SITE_DOWN" in message.subject for message in world.published(stage.topic_arn))


class OfANewerRelease(MemoryChains):
    """One chain was written by a newer release than the one that runs now."""

    bad: ChainKey | None = None

    def get(self, key: ChainKey) -> Chain | None:
        if key == self.bad:
            raise UnreadableItemError("this item was written by a newer release (schema 99, known is 1)")
        return super().get(key)


@pytest.mark.parametrize("resource_type", ["Aurora", "RDS"])
def test_a_chain_that_cannot_be_read_stops_no_copy_of_its_database_and_fills_no_queue(resource_type: str) -> None:
    chains = OfANewerRelease()
    world = World()
    stage = Stage(world, chains, {"SweepIntervalMinutes": "30"}, open_session=world.light_session)
    stage.add_database(resource_type, "ledger", size_gib=1)
    world.run_for(20 * HOUR)
    (chains.bad,) = (chain.key for chain in chains.all())
    told = len(metrics(stage, "ItemsUnreadable"))
    world.run_for(4 * DAY)

    others = [chain for chain in chains.all() if chain.key != chains.bad]
    assert [str(chain.state) for chain in others] == ["COMPLETE"] * 4
    assert len(world.vault_by_arn(stage.dr["DrVaultArn"]).points) == 5
    assert world.queue(stage.main.ref("DeadLetters")).messages == {}
    assert told == 0
    assert len(metrics(stage, "ItemsUnreadable")) >= 4, "each look at it counts, and there is an alarm on that"


def metrics(stage: Stage, name: str) -> list[float]:
    """What the functions measured under a name."""
    measured = stage.world.metrics
    return [each.value for (_, _, (_, metric, _)), values in measured.items() if metric == name for each in values]


@pytest.mark.parametrize("is_connected", [True, False])
def test_a_dr_region_that_hangs_for_hours_makes_no_dead_letters_and_kills_nobody(is_connected: bool) -> None:
    chains = MemoryChains()
    stage = Stage(World(), chains, {"SweepIntervalMinutes": "15"}, kills_late_functions=True)
    for number in range(40):
        stage.add_database("RDS", f"db-{number}", size_gib=1)
    world = stage.world
    world.run_for(3 * HOUR + timedelta(minutes=50))
    for service in ("backup", "kms"):
        world.faults.hang(service, DR, until=world.now() + 4 * HOUR, is_connected=is_connected)
    world.run_for(4 * HOUR)

    assert {str(chain.state) for chain in chains.all()} <= {"VERIFYING", "WAITING", "COPYING"}
    assert sum(line.kind == "hangs" for line in world.trace) > 10
    assert deaths(stage) == []
    assert 1 <= len(world.published(stage.topic_arn)) <= 5
    world.run_for(5 * HOUR)
    assert Counter(str(chain.state) for chain in chains.all()) == Counter(COMPLETE=40)
    assert world.queue(stage.main.ref("DeadLetters")).messages == {}
    assert stage.oracle().violations() == []


@pytest.mark.parametrize("is_carried_out", [True, False])
def test_starts_that_hang_make_no_second_copy_and_no_dead_letter(is_carried_out: bool) -> None:
    chains = MemoryChains()
    stage = Stage(World(), chains, {"SweepIntervalMinutes": "15"}, kills_late_functions=True)
    for number in range(20):
        stage.add_database("RDS", f"db-{number}", size_gib=1)
    world = stage.world
    until = world.now() + 5 * HOUR
    world.faults.hang("backup", HOME, "StartCopyJob", until=until, is_carried_out=is_carried_out)
    world.run_for(14 * HOUR)

    assert Counter(str(chain.state) for chain in chains.all()) == Counter(COMPLETE=20)
    assert len(world.vault_by_arn(stage.dr["DrVaultArn"]).points) == 20
    assert deaths(stage) == []
    assert world.queue(stage.main.ref("DeadLetters")).messages == {}
    assert stage.oracle().violations() == []


@pytest.mark.parametrize("service", ["sts", "sns", "events", "backup"])
def test_a_service_of_the_home_region_that_hangs_makes_no_dead_letter(service: str) -> None:
    chains = MemoryChains()
    stage = Stage(World(), chains, {"SweepIntervalMinutes": "15"}, kills_late_functions=True)
    for number in range(20):
        stage.add_database("RDS", f"db-{number}", size_gib=1)
    world = stage.world
    world.faults.fail_copy_job(message=texts.DESTINATION_KEY, destination_region=DR, times=3)
    world.run_for(3 * HOUR)
    world.faults.hang(service, HOME, until=world.now() + 3 * HOUR)
    world.run_for(12 * HOUR)

    assert deaths(stage) == []
    assert world.queue(stage.main.ref("DeadLetters")).messages == {}
    assert Counter(str(chain.state) for chain in chains.all()) == Counter(COMPLETE=17, STRANDED=3)
    assert world.published(stage.topic_arn) != []


def test_three_services_that_hang_at_once_make_no_dead_letter() -> None:
    """One piece of work may ask all three of them. Together they take longer than the function may run."""
    chains = MemoryChains()
    stage = Stage(World(), chains, {"SweepIntervalMinutes": "15"}, kills_late_functions=True)
    for number in range(20):
        stage.add_database("RDS", f"db-{number}", size_gib=1)
    world = stage.world
    world.run_for(3 * HOUR + timedelta(minutes=30))
    for service, region in (("kms", DR), ("events", HOME), ("sns", HOME)):
        world.faults.hang(service, region, until=world.now() + 4 * HOUR)
    world.run_for(12 * HOUR)

    assert deaths(stage) == []
    assert world.queue(stage.main.ref("DeadLetters")).messages == {}
    assert Counter(str(chain.state) for chain in chains.all()) == Counter(COMPLETE=20)


def deaths(stage: Stage) -> list[str]:
    """Invocations that were killed at their timeout."""
    return [line.text for line in stage.world.trace if "timed out" in line.text]
