"""secondhop init as a user types it, in a fresh process with nobody at the terminal."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.installing import GOOD, ROOT, Checkout


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "secondhop_cli.main", "init", *arguments]
    return subprocess.run(
        command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False
    )


def flags(answers: dict[str, str]) -> list[str]:
    return [part for name, value in answers.items() for part in ("--" + name.replace("_", "-"), value)]


def test_init_writes_beside_the_template_and_says_what_to_run(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path)
    done = run(tmp_path, *flags(GOOD))

    assert (done.returncode, done.stderr) == (0, "")
    assert "sam build && sam deploy" in done.stdout
    assert sorted(checkout.texts()) == [
        "parameters/backup-account.json",
        "parameters/dr-region.json",
        "parameters/workload.json",
        "samconfig.toml",
    ]


def test_init_with_bad_input_is_misuse_without_a_traceback(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path)
    before = checkout.texts()
    done = run(tmp_path, *flags({**GOOD, "dr_region": "eu-west-1", "backup_account": "44445555666"}))

    assert done.returncode == 2
    assert "nothing was written, for 2 reasons" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert checkout.texts() == before


def test_git_sees_nothing_of_what_init_does_in_a_clone(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path)
    checkout.with_samconfig_of_release()
    (tmp_path / ".gitignore").write_text((ROOT / ".gitignore").read_text())
    for words in (["init", "-q"], ["add", "--all"], ["-c", "user.name=x", "-c", "user.email=x", "commit", "-qm", "x"]):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    checkout.init(GOOD)
    found = subprocess.run(
        ["git", "status", "--porcelain", "--untracked-files=all"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    assert found.stdout == ""
    assert checkout.parameters("template")["BackupAccountId"] == GOOD["backup_account"]
