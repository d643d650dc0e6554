"""Functions as Lambda runs them: warm, dropped when they die, and a second instance where one is busy."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from backup_simulator import World
from rehearsal.functions import RUNNING, WarmFunction
from rehearsal.stage import Stage


def test_an_actor_that_sleeps_in_a_call_is_overtaken_by_another_instance_and_both_do_no_harm() -> None:
    stage = Stage(World())
    for number in range(4):
        stage.add_database("Aurora", f"cluster-{number}", size_gib=2)
    under_way: list[int] = []
    stage.world.on_call(lambda _call: under_way.append(len(RUNNING)))
    stage.world.faults.sleep("backup", "DescribeRecoveryPoint", timedelta(minutes=8), times=6)
    stage.world.run_for(timedelta(hours=24))

    assert max(under_way) > 1
    assert RUNNING == []
    assert stage.oracle().violations() == []
    started = [job for job in stage.world.copy_jobs() if job.started_by in stage.acting_roles()]
    assert len(started) == 4


APP = """
class Instance:
    pass


def build(runtime):
    instance = Instance()

    def handle(event, context):
        return [instance, *event["meanwhile"]()]

    return handle
"""


def test_a_busy_instance_takes_no_second_event_and_both_stay_warm(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APP)
    function = WarmFunction(
        name="f",
        folder=tmp_path,
        environ={},
        session=None,
        now=World().now,
        chains=None,
        measure=lambda *_: None,
    )
    first = function({"meanwhile": lambda: function({"meanwhile": list})})
    again = function({"meanwhile": lambda: function({"meanwhile": list})})

    assert first[0] is not first[1]
    assert {*first} == {*again}
