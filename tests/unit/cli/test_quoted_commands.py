"""Each acting command that documents and messages quote is accepted, with every RouteName and for first hops."""

from __future__ import annotations

import re
import shlex
from datetime import timedelta
from functools import cache

import pytest

from backup_simulator import World
from rehearsal.stage import DR, HOME, Stage
from secondhop.adapters.memory_chains import MemoryChains
from secondhop.domain.chain import ChainState
from secondhop_cli.main import parser
from secondhop_cli.operate.command import operate
from secondhop_cli.operate.redrive import redrive_of
from tests.orders import quoted_texts

VERBS = ("retry", "abandon", "adopt", "pause", "resume", "redrive")
QUOTED = re.compile(
    rf"`secondhop ((?:{'|'.join(VERBS)}) --?[^`\n]*|(?:{'|'.join(VERBS)}) ARN[^`\n]*)`|^    secondhop (.*)$",
    re.MULTILINE,
)
COMMANDS = sorted(
    {
        words
        for _, text in quoted_texts()
        for found in QUOTED.finditer(text)
        if (words := found[1] or found[2]).split()[0] in VERBS
    }
)
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


@pytest.mark.parametrize("region", [DR, HOME], ids=["second hop", "first hop"])
@pytest.mark.parametrize("route", ["default", "finance"])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_quoted_command_is_accepted(command: str, route: str, region: str) -> None:
    stage, point = with_stranded_copies(route, region)
    meant = {"NAME": "second-hop", "REGION": HOME, "ARN": point}
    words = [meant.get(word, word) for word in shlex.split(command)]
    session = stage.world.session(stage.main_account, region=HOME)
    if words[0] == "redrive":
        assert redrive_of(session, parser().parse_args(words)) == 0
    else:
        assert operate(session, parser().parse_args([*words, "--yes"])) == 0


def test_each_command_is_quoted_with_its_place() -> None:
    assert {command.split()[0] for command in COMMANDS} == set(VERBS)
    assert [command for command in COMMANDS if "--stack NAME --region REGION" not in command] == []
