"""`secondhop simulate` as a person types it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def simulate(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "secondhop_cli.main", "simulate", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120, check=False)


def test_the_last_line_counts_nights_chains_and_violations() -> None:
    done = simulate("--nights", "2", "--seed", "40")

    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"2 nights, [1-9]\d+ chains, 0 violations", done.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--nights", "many"], "--nights should be a whole number from 1, found 'many'."),
        (["--nights", "0"], "--nights should be a whole number from 1, found '0'."),
        (["--nights", ""], "--nights should be a whole number from 1, found ''."),
        (["--nights", "1", "--seed=-3"], "--seed should be a whole number from 0, found '-3'."),
        (["--nights", "2", "--fresh", "3"], "--fresh should be at most --nights, found '3'."),
        (["--seed", "1.5"], "--seed should be a whole number from 0, found '1.5'."),
    ],
)
def test_a_number_that_is_none_is_misuse_in_one_sentence(arguments: list[str], said: str) -> None:
    done = simulate(*arguments)

    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"secondhop simulate: {said}\n")


def test_fresh_seeds_are_told_and_run_again_as_they_ran() -> None:
    done = simulate("--nights", "1", "--fresh", "1")
    told, *_, last = done.stdout.splitlines()
    seed = told.removeprefix("fresh seeds: ").partition(" ")[0]
    again = simulate("--nights", "1", "--seed", seed)

    assert done.returncode == again.returncode == 0
    assert again.stdout.splitlines()[-1] == last
