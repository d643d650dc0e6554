"""The demo as a newcomer runs it: in a fresh process, piped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def secondhop(*arguments: str, cwd: Path = ROOT, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "secondhop_cli.main", *arguments]
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def demo() -> tuple[subprocess.CompletedProcess[str], float]:
    began = time.monotonic()
    return secondhop("demo"), time.monotonic() - began


def test_the_demo_ends_well_and_in_seconds(demo: tuple[subprocess.CompletedProcess[str], float]) -> None:
    done, seconds = demo

    assert done.stderr == ""
    assert done.returncode == 0
    assert seconds < 15


def test_the_demo_shows_what_became_of_each_database(demo: tuple[subprocess.CompletedProcess[str], float]) -> None:
    lines = demo[0].stdout.splitlines()
    table = [line.split() for line in lines if line.endswith(("released", "kept as base"))]

    assert len(table) == 10
    assert all(row[3] == "COMPLETE" and row[4:6] == ["eu-central-1", "dr-vault"] for row in table)
    kept = sorted(row[0] for row in table if row[-1] == "base")
    assert kept == ["billing", "orders"]
    assert [row[1] for row in table if row[-1] == "base"] == ["Tue", "Tue"]
    assert all(float(row[6]) < float(row[8]) < 10 and row[7] == row[9] == "h" for row in table)
    assert "10 of 10 chains are COMPLETE." in lines
    assert [line.rstrip().endswith(" safe") for line in lines[-5:]] == [True] * 5
    assert any(line.startswith("5 of 5 databases are safe in eu-central-1; ") for line in lines)
    assert sum(line.endswith(": held") for line in lines) == 5


def test_the_demo_shows_the_failure_and_the_second_attempt(
    demo: tuple[subprocess.CompletedProcess[str], float],
) -> None:
    assert "billing -> COPYING: starts copy attempt 2" in demo[0].stdout


def test_piped_output_is_plain_and_fits_80_columns(demo: tuple[subprocess.CompletedProcess[str], float]) -> None:
    assert "\033" not in demo[0].stdout
    assert max(map(len, demo[0].stdout.splitlines())) <= 80


def test_the_same_seed_gives_the_same_nights_under_another_hash_seed(
    demo: tuple[subprocess.CompletedProcess[str], float],
) -> None:
    again = secondhop("demo", env={**os.environ, "PYTHONHASHSEED": "12345"})
    other = secondhop("demo", "--seed", "7")

    assert again.stdout == demo[0].stdout
    assert other.stdout != demo[0].stdout
    assert other.returncode == 0


def test_over_http_the_nights_are_the_same(demo: tuple[subprocess.CompletedProcess[str], float]) -> None:
    over_http = secondhop("demo", "--http")

    assert over_http.stderr == ""
    assert over_http.stdout == demo[0].stdout


def test_the_hub_serves_two_workload_accounts_as_well() -> None:
    done = secondhop("demo", "--topology", "hub")

    assert done.stderr == ""
    assert done.returncode == 0
    assert "workload account 222233334444" in done.stdout
    assert "\n10 of 10 chains are COMPLETE.\n" in done.stdout
    assert "\n5 of 5 databases are safe in eu-central-1; " in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_a_seed_that_is_no_number_is_misuse() -> None:
    done = secondhop("demo", "--seed", "lucky")

    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_an_interrupted_demo_ends_with_130_and_without_a_traceback() -> None:
    command = [sys.executable, "-m", "secondhop_cli.main", "demo"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, complaints = process.communicate(timeout=60)

    assert (process.returncode, complaints) == (130, "\nsecondhop demo: interrupted.\n")


def test_a_command_is_needed_and_help_is_there() -> None:
    assert secondhop().returncode == 2
    assert "replay" in secondhop("--help").stdout
    assert secondhop("--version").stdout.startswith("secondhop ")
