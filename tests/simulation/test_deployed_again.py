"""A stack that is deployed again with other parameters: functions and schedules follow, in the middle of the work."""

from __future__ import annotations

from datetime import timedelta

import pytest

from backup_simulator import World
from rehearsal.stage import Stage
from rehearsal.template import TemplateError
from secondhop.adapters.memory_chains import MemoryChains


def a_stage() -> Stage:
    return Stage(World(), MemoryChains(), {"SweepIntervalMinutes": "30"})


def sweeps_of(stage: Stage, hours: int) -> int:
    before = stage.main.functions["SweepChains"].invocations
    stage.world.run_for(timedelta(hours=hours))
    return stage.main.functions["SweepChains"].invocations - before


def test_another_retention_holds_for_the_copies_that_are_made_from_then_on() -> None:
    stage = a_stage()
    stage.add_database("Aurora", "customers", size_gib=5)
    stage.world.run_for(timedelta(hours=20))
    stage.main.update({"RetentionDays": "60"})
    stage.world.run_for(timedelta(hours=24))
    copies = [point for point in stage.world.recovery_points() if point.vault_arn == stage.dr["DrVaultArn"]]

    assert [copy.delete_after_days for copy in copies] == [35, 60]


def test_another_interval_replaces_the_schedule_of_the_sweep() -> None:
    stage = a_stage()
    rarely = sweeps_of(stage, 6)
    stage.main.update({"SweepIntervalMinutes": "10"})

    assert (rarely, sweeps_of(stage, 6)) == (12, 36)


def test_a_function_that_is_deployed_again_loses_its_warm_instances() -> None:
    stage = a_stage()
    stage.world.run_for(timedelta(hours=1))
    function = stage.main.functions["SweepChains"]
    warm = list(function._idle)
    stage.main.update({"MaximumRdsCopies": "3"})

    assert len(warm) == 1
    assert function._idle == []


def test_what_the_templates_rules_refuse_is_not_deployed() -> None:
    with pytest.raises(TemplateError, match="DrRegion must be another Region"):
        a_stage().main.update({"DrRegion": "eu-west-1"})
