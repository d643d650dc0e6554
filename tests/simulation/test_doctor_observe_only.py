"""An installation that only observes: the doctor warns, and its command changes that parameter and no other."""

from __future__ import annotations

import shlex

import pytest

from backup_simulator import World
from rehearsal.stage import HOME, Stage, Topology
from tests.staged_journey import Clinic


def changed(parameters: dict[str, str], command: str) -> dict[str, str]:
    """The parameters after the command, as CloudFormation takes them: what is not named gets its default."""
    _, _, said = command.partition(" --parameters ")
    found = {}
    for each in shlex.split(said):
        name, _, value = each.removeprefix("ParameterKey=").partition(",")
        found[name] = parameters[name] if value == "UsePreviousValue=true" else value.removeprefix("ParameterValue=")
    return found


@pytest.mark.parametrize("topology", Topology)
def test_the_command_turns_observe_only_off_and_keeps_every_other_parameter(topology: Topology) -> None:
    stage = Stage(World(), parameters={"ObserveOnly": "true", "RetentionDays": "60"}, topology=topology)
    stage.add_database("RDS", "orders", size_gib=1)
    stage.world.run_for(stage.world.delivery.batch * 7)
    clinic = Clinic(stage)
    stack = stage.world.stacks[stage.main_account, HOME, "second-hop"]

    (finding,) = [each for each in clinic.findings() if each["kind"] == "observe-only"]
    assert finding["command"].startswith("aws cloudformation update-stack --region eu-west-1 --stack-name second-hop ")
    assert " --use-previous-template " in finding["command"]
    after = changed(dict(stack.parameters), finding["command"])

    assert after == {**stack.parameters, "ObserveOnly": "false"}
    stack.parameters = after
    assert "observe-only" not in clinic.kinds()
