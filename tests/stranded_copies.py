"""Installations with one stranded copy, on which quoted orders and commands are carried out."""

from __future__ import annotations

from datetime import timedelta
from functools import cache

from backup_simulator import World
from rehearsal.stage import Stage
from secondhop.adapters.memory_chains import MemoryChains
from secondhop.domain.chain import ChainState

REFUSED = "Access Denied trying to call AWS Backup service"


@cache
def with_stranded_copies(route: str, region: str) -> tuple[Stage, str]:
    """An installation with a stranded copy into a Region: a second hop, or a first one. Also its recovery point."""
    stage = Stage(World(), MemoryChains(), parameters={"RouteName": route})
    stage.add_database("Aurora", "customers", size_gib=1)
    stage.world.faults.fail_copy_job(destination_region=region, message=REFUSED)
    stage.world.run_for(timedelta(hours=8))
    assert isinstance(stage.chains, MemoryChains)
    (point,) = [chain.key.recovery_point for chain in stage.chains.all() if chain.state is ChainState.STRANDED]
    return stage, point
