"""Many recovery points get into trouble at once: few messages on the topic, and every one of them in a message."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta

import pytest

from backup_simulator import Published, World
from rehearsal.nights.incidents import Incidents
from rehearsal.stage import Stage
from secondhop.adapters.memory_chains import MemoryChains
from secondhop.domain.chain import ChainState

DATABASES = 10
AN_HOUR, A_DAY = timedelta(hours=1), timedelta(days=1)
# For each cause, site and day: the first message, one an hour, and a closing.
MOST_A_DAY = 1 + 24 + 1


def nights_of_backups(nights: int = 1, *, databases: int = DATABASES, paused: int = 0) -> tuple[Stage, Incidents]:
    """Databases whose backups have all arrived in the DR vault, but for paused nights, and whose plan has ended."""
    world = World()
    stage = Stage(world, MemoryChains(), {"SweepIntervalMinutes": "30"}, open_session=world.light_session)
    for number in range(databases):
        stage.add_database("RDS", f"db-{number}", size_gib=1)
    incidents = Incidents(world=stage.world, mains=(stage.main,))
    stage.world.run_for(nights * A_DAY)
    assert stage.chains is not None
    stage.chains.pause(route="default", by="ada" if paused else None)
    stage.world.run_for(paused * A_DAY)
    for plan in stage.world.plans.values():
        plan.ended = True
    stage.world.run_for(6 * AN_HOUR)
    assert messages(stage) == []
    return stage, incidents


def messages(stage: Stage) -> list[Published]:
    return list(stage.world.published(stage.topic_arn))


def kinds(stage: Stage) -> Counter[str]:
    """Messages by cause, or `closed`."""
    return Counter(each.subject.rpartition(": ")[2].partition(" ")[0] for each in messages(stage))


def mentioned(stage: Stage) -> tuple[set[str], int]:
    """The incidents that messages name, and how many more they count."""
    told = [each.attributes for each in messages(stage)]
    named = {name for each in told for name in json.loads(each["incidents"]["StringValue"])}
    return named, sum(int(each["more"]["StringValue"]) for each in told)


def lose_copies(stage: Stage, count: int) -> None:
    """Take so many copies out of the DR vault."""
    vault = stage.world.vault_by_arn(stage.dr["DrVaultArn"])
    for arn in list(vault.points)[:count]:
        vault.points.pop(arn).gone_at = stage.world.now()


def assert_all_are_told(stage: Stage, incidents: Incidents, *, count: int) -> None:
    found = incidents.all_open()
    assert len(found) == count
    assert [each.title for each in found if not each.is_reported(stage.world)] == []
    named, more = mentioned(stage)
    assert len(named) + more == count


def test_a_dr_vault_that_is_emptied_is_a_few_messages_that_name_or_count_all_copies() -> None:
    stage, incidents = nights_of_backups(3, databases=25)
    lose_copies(stage, 75)
    stage.world.run_for(8 * A_DAY)

    assert_all_are_told(stage, incidents, count=75)
    assert kinds(stage)["VANISHED"] == len(messages(stage)) <= 10


def test_copies_that_vanish_over_two_days_are_all_told_and_messages_come_once_an_hour() -> None:
    stage, incidents = nights_of_backups()
    for _ in range(DATABASES):
        lose_copies(stage, 1)
        stage.world.run_for(2 * AN_HOUR)
    stage.world.run_for(2 * A_DAY)

    assert_all_are_told(stage, incidents, count=DATABASES)
    moments = sorted(each.at for each in messages(stage))
    days = Counter(moment.date() for moment in moments)
    assert max(days.values()) <= MOST_A_DAY


def test_two_causes_at_once_have_messages_of_their_own() -> None:
    """The copies of one night vanish, and the arrivals of the next one are deleted before they are copied."""
    stage, incidents = nights_of_backups(paused=1)
    assert isinstance(stage.chains, MemoryChains)
    waiting = [chain for chain in stage.chains.all() if chain.state is ChainState.WAITING]
    watched = stage.world.vault_by_arn(stage.backup_account["WatchedVaultArn"])
    for chain in waiting:
        watched.points.pop(chain.key.recovery_point).gone_at = stage.world.now()
    lose_copies(stage, DATABASES)
    assert stage.chains is not None
    stage.chains.pause(route="default", by=None)
    stage.world.run_for(2 * A_DAY)

    assert len(waiting) == DATABASES
    assert_all_are_told(stage, incidents, count=2 * DATABASES)
    assert set(kinds(stage)) == {"VANISHED", "SOURCE_GONE"}
    assert max(kinds(stage).values()) <= 6


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_process_that_dies_while_it_sends_loses_nobody(when: str) -> None:
    stage, incidents = nights_of_backups()
    stage.world.faults.die("sns", "Publish", when=when, times=2)
    lose_copies(stage, DATABASES)
    stage.world.run_for(2 * A_DAY)

    found = incidents.all_open()
    assert len(found) == DATABASES
    assert [each.title for each in found if not each.is_reported(stage.world)] == []
    assert len(messages(stage)) <= 10


def test_one_message_closes_what_an_operator_abandons() -> None:
    stage, incidents = nights_of_backups()
    lose_copies(stage, DATABASES)
    stage.world.run_for(2 * A_DAY)
    before = len(messages(stage))
    for each in incidents.all_open():
        stage.main.functions["OperateChains"]({"verb": "abandon", "by": "ada", "recovery_point": each.about})
    stage.world.run_for(2 * AN_HOUR)

    assert incidents.all_open() == []
    assert [each.attributes["state"]["StringValue"] for each in messages(stage)[before:]] == ["closed"]
