"""First hops that fail, with the deployed handlers on the simulator."""

from __future__ import annotations

from datetime import timedelta

import pytest

from backup_simulator import Delivery, World
from rehearsal.stage import HOME, Stage
from secondhop.adapters.memory_chains import MemoryChains
from secondhop.domain.chain import ChainState

TRANSIENT = "Copy job failed. An internal error occurred."


def night_of_failed_first_hop(world: World, **parameters: str) -> Stage:
    stage = Stage(world, MemoryChains(), parameters)
    stage.add_database("RDS", "orders", size_gib=5)
    world.faults.fail_copy_job(message=TRANSIENT, destination_region=HOME)
    world.run_for(timedelta(hours=24))
    assert stage.oracle().violations() == []
    return stage


def states(stage: Stage) -> dict[str, ChainState]:
    assert isinstance(stage.chains, MemoryChains)
    return {chain.key.route: chain.state for chain in stage.chains.all()}


@pytest.mark.parametrize("loss", [0.0, 1.0])
def test_a_failed_first_hop_is_made_up_for_with_and_without_its_event(loss: float) -> None:
    stage = night_of_failed_first_hop(World(delivery=Delivery(loss=loss)))

    assert states(stage) == {"default.first": ChainState.COMPLETE, "default": ChainState.COMPLETE}
    assert stage.world.published(stage.topic_arn) == []


def test_without_a_role_the_operators_are_told_and_nothing_is_started() -> None:
    stage = night_of_failed_first_hop(World(), FirstHopRoleArn="")

    assert states(stage) == {"default.first": ChainState.STRANDED}
    (message,) = stage.world.published(stage.topic_arn)
    assert "FirstHopRoleArn" in message.message
