"""make, as somebody types it who has just cloned the repository: in fresh processes, with what may be missing there."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(*command: str, **environ: str) -> subprocess.CompletedProcess[str]:
    known = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
    return subprocess.run(command, cwd=ROOT, env={**known, **environ}, capture_output=True, text=True, check=False)


def a_program(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o755)
    return program


def test_make_alone_says_what_can_be_made() -> None:
    done = run("make")

    offered = re.findall(r"^  make ([a-z-]+) ", done.stdout, re.MULTILINE)
    assert done.returncode == 0
    assert {"demo", "test", "check", "build", "lint", "lock", "replay", "clean"} <= set(offered)


def test_every_target_that_is_offered_is_never_mistaken_for_a_file() -> None:
    makefile = (ROOT / "Makefile").read_text()

    described = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))

    assert described <= set(re.findall(r"^\.PHONY: ([a-z-]+)$", makefile, re.MULTILINE))


def test_a_missing_python_is_said_in_one_sentence_and_nothing_is_made(tmp_path: Path) -> None:
    done = run("make", "test", f"VENV={tmp_path}/venv", "PYTHON=/nowhere/python3")

    sentences = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert done.returncode != 0
    assert len(sentences) == 1
    assert sentences[0].startswith("No usable PYTHON=/nowhere/python3 was found")
    assert list(tmp_path.iterdir()) == []


def test_a_replay_without_an_event_says_how_to_give_one(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    (tmp_path / ".demo").touch()
    os.utime(tmp_path / ".demo", (2**32, 2**32))  # newer than all that it is made from

    done = run("make", "replay", f"VENV={tmp_path}")

    assert done.returncode == 2
    assert "make replay EVENT=events/<file>.json" in done.stderr


def test_a_version_managers_shim_that_does_not_start_is_passed_over(tmp_path: Path) -> None:
    a_program(tmp_path / "shims", "python3.13", "echo 'python3.13: command not found' >&2; exit 127")
    a_program(tmp_path / "later", "python3.12", f'exec {sys.executable} "$@"')

    done = run(
        "tools/find-python",
        "3.13",
        "3.12",
        PATH=f"{tmp_path}/shims:{tmp_path}/later:/usr/bin:/bin",
        HOME=str(tmp_path),
        PYENV_ROOT=str(tmp_path),
    )

    found = Path(done.stdout.strip())
    assert done.returncode == 0
    assert found.exists()
    assert not found.is_relative_to(tmp_path / "shims")


def test_an_interpreter_that_is_too_old_is_not_taken(tmp_path: Path) -> None:
    # An interpreter runs the question that it is asked; this one answers as Python 3.10 would.
    a_program(tmp_path / "bin", "python3.99", "exit 1")

    done = run("tools/find-python", "3.99", PATH=f"{tmp_path}/bin:/usr/bin:/bin", HOME=str(tmp_path), PYENV_ROOT="")

    assert (done.returncode, done.stdout) == (1, "")


def test_a_folder_with_a_blank_in_its_name_is_searched(tmp_path: Path) -> None:
    a_program(tmp_path / "my programs", "python3.13", f'exec {sys.executable} "$@"')

    done = run(
        "tools/find-python", "3.13", PATH=f"{tmp_path}/my programs:/usr/bin:/bin", HOME=str(tmp_path), PYENV_ROOT=""
    )

    assert done.returncode == 0


@pytest.mark.parametrize("script", [".ci/run", "tools/find-python"])
def test_scripts_can_be_started(script: str) -> None:
    assert os.access(ROOT / script, os.X_OK)


def test_ci_runs_the_command_that_the_readers_are_told_and_then_the_rest() -> None:
    lines = [line for line in (ROOT / ".ci/run").read_text().splitlines() if line.startswith("make ")]
    check = re.search(r"^check: (.*?) ##", (ROOT / "Makefile").read_text(), re.MULTILINE)

    assert lines == ["make test", "make rest-of-check"]
    assert check is not None
    assert check[1].split() == ["test", "rest-of-check"]
