"""The deployed actor puts incidents on the bus of its own account, under the template's own policies."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from backup_simulator import World
from backup_simulator.eventbridge import RuleTarget
from rehearsal.stage import DR, HOME, Stage
from secondhop.adapters.memory_chains import MemoryChains


def a_listener(stage: Stage) -> str:
    """A queue of somebody who wired Second Hop's events to something of his own; its ARN."""
    site = stage.world.site(stage.main_account, HOME)
    queue = site.create_queue("pager").arn
    site.put_rule("pager", pattern={"source": ["secondhop"]}, targets=[RuleTarget(id="pager", arn=queue)])
    return queue


def a_denied_night(*, without_bus: bool = False) -> tuple[Stage, list[dict[str, Any]]]:
    """A night whose copies are refused, and the events that a listener got."""
    stage = Stage(World(), MemoryChains())
    queue = a_listener(stage)
    stage.add_database("Aurora", "customers", size_gib=2)
    copy_role = stage.world.roles[stage.backup_account["CopyRoleArn"]]
    copy_role.policies = ()
    if without_bus:
        actor = stage.world.roles[stage.main.attribute("AdvanceChainRole", "Arn")]
        actor.policies = tuple(
            {**each, "Statement": [s for s in each["Statement"] if s.get("Sid") != "TellOnTheBus"]}
            for each in actor.policies
        )
    stage.world.run_for(timedelta(hours=20))
    site = stage.world.site(stage.main_account, HOME)
    return stage, [json.loads(message.body) for message in site.messages(queue)]


def test_an_incident_reaches_whoever_listens_on_the_bus_and_people_hear_the_same() -> None:
    stage, events = a_denied_night()
    told = stage.world.published(stage.topic_arn)

    assert [event["detail-type"] for event in events] == ["Incident Opened"]
    assert events[0]["account"] == stage.main_account
    assert [events[0]["detail"]["group"] in message.message for message in told] == [True]


def test_a_bus_that_may_not_be_written_to_neither_silences_nor_repeats_the_topic() -> None:
    stage, events = a_denied_night(without_bus=True)

    assert events == []
    assert len(stage.world.published(stage.topic_arn)) == 1


@pytest.mark.parametrize("code", ["NotFound", "KMSDisabled"])
def test_a_topic_that_is_gone_keeps_no_copy_from_being_made_and_no_other_channel_from_hearing(code: str) -> None:
    stage = Stage(World(), MemoryChains())
    stage.add_database("Aurora", "customers", size_gib=2)
    stage.world.faults.refuse("Publish", service="sns", code=code, times=10_000)
    stage.world.faults.fail_copy_job(message="Access Denied trying to call AWS Backup service", destination_region=DR)
    stage.world.run_for(timedelta(hours=40))

    heard = [each["detail-type"] for each in stage.world.put_events if each["source"] == "secondhop"]
    assert heard == ["Incident Opened", "Incident Closed"]
    assert isinstance(stage.chains, MemoryChains)
    assert {str(chain.state) for chain in stage.chains.all()} == {"COMPLETE"}
    assert not stage.world.queue(stage.main.attribute("DeadLetters", "Arn")).messages
