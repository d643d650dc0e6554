"""Each acting command that documents and messages quote is accepted, with every RouteName and for first hops."""

from __future__ import annotations

import re
import shlex

import pytest

from rehearsal.stage import DR, HOME
from secondhop_cli.main import parser
from secondhop_cli.operate.command import operate
from secondhop_cli.operate.redrive import redrive_of
from tests.orders import quoted_texts
from tests.stranded_copies import with_stranded_copies

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
