"""The commands of the documents can be pasted: `secondhop` accepts them, and init needs nothing else."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from secondhop_cli.main import main, parser
from tests.installing import ROOT, Checkout

BLOCK = re.compile(r"(?:^    .*\n)+", re.MULTILINE)


def commands() -> Iterator[tuple[str, str]]:
    """Every command of an indented block: its page, and the command on one line."""
    for path in sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]):
        for block in BLOCK.findall(path.read_text()):
            for line in block.replace("\\\n", " ").splitlines():
                yield path.name, " ".join(line.split())


OURS = [(page, line) for page, line in commands() if re.match(r"(\.venv/bin/)?secondhop ", line)]


def test_there_are_commands_of_every_kind() -> None:
    assert {line.split()[1] for _, line in OURS} == {
        *("init", "doctor", "replay", "redrive", "retry", "abandon", "adopt", "pause", "resume", "status")
    }


@pytest.mark.parametrize(("page", "line"), OURS)
def test_a_command_is_accepted_as_it_stands(page: str, line: str) -> None:
    assert parser().parse_args(shlex.split(line)[1:]).run


@pytest.mark.parametrize(("page", "line"), [each for each in OURS if "--backup-account" in each[1]])
def test_a_whole_init_writes_an_installation(
    tmp_path: Path, page: str, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Checkout(tmp_path)

    assert main([*shlex.split(line)[1:], "--directory", str(tmp_path)]) == 0
    assert capsys.readouterr().err == ""


def test_no_command_has_dots_in_place_of_its_arguments() -> None:
    cut = [(page, line) for page, line in commands() if re.search(r" \.\.\.( |$)", line)]

    assert cut == []
