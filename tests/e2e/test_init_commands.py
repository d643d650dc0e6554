"""The commands that secondhop init prints, pasted into a shell that stops at the first error (set -e)."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.installing import GOOD, Checkout

# Answers as the AWS CLI does: 254 for an error of the service. It writes down each call.
AWS = """#!/usr/bin/env bash
echo "$PWD aws $*" >> "$CALLS"
case "$*" in
  "sts get-caller-identity"*) echo "$ACCOUNT" ;;
  "iam get-role"*) [ -n "${ROLE_EXISTS:-}" ] || exit 254 ;;
  "iam create-service-linked-role"*) [ -z "${ROLE_EXISTS:-}${CREATING_IS_DENIED:-}" ] || exit 254 ;;
  "cloudformation deploy"*)
    for argument in "$@"; do
      case "$argument" in */*) [ -f "${argument#file://}" ] || exit 255 ;; esac
    done ;;
  "cloudformation describe-stacks"*) echo output ;;
esac
"""
OTHER = """#!/usr/bin/env bash
echo "$PWD $(basename "$0") $*" >> "$CALLS"
"""


@dataclass
class Shell:
    """A shell in some directory, with an aws, a sam and a secondhop that only write down how they were called."""

    folder: Path

    def __post_init__(self) -> None:
        for name, text in {"aws": AWS, "sam": OTHER, "secondhop": OTHER}.items():
            path = self.folder / "bin" / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
            path.chmod(0o755)
        (self.folder / "elsewhere").mkdir()

    def run(self, said: str, *, options: str = "-euo", **environ: str) -> tuple[int, list[str]]:
        """Everything that was printed under the steps; the exit code and the calls that were made.

        The credentials are of the account that a step names, unless ACCOUNT is given.
        """
        script = "\n".join(_script(said[said.index("\n1. ") :].splitlines(), is_switching="ACCOUNT" not in environ))
        calls = self.folder / "calls"
        known = {**os.environ, "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}", "CALLS": str(calls)}
        done = subprocess.run(
            ["bash", options, "pipefail", "-c", script],
            cwd=self.folder / "elsewhere",
            env=known | environ,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.returncode, calls.read_text().splitlines()


def _script(lines: list[str], *, is_switching: bool) -> Iterator[str]:
    """The commands of the steps, each after a change to the credentials of the account in its step's heading."""
    for line in lines:
        if heading := re.match(r"\d+\. .*?(\d{12})?,", line):
            yield f"export ACCOUNT={heading[1] or 'management'}" if is_switching else ":"
        elif line.startswith(" " * 5):
            yield line


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "my checkout")


@pytest.mark.parametrize("exists", ["", "yes"])
def test_everything_that_is_printed_runs_from_another_directory_without_an_error(
    shell: Shell, checkout: Checkout, exists: str
) -> None:
    code, calls = shell.run(checkout.init(GOOD).said, ROLE_EXISTS=exists)

    assert code == 0
    made = [call for call in calls if "create-service-linked-role" in call]
    assert len(made) == (0 if exists else 2)
    assert sum("aws cloudformation deploy" in call for call in calls) == 3
    assert [call for call in calls if " sam " in call] == [
        f"{checkout.folder} sam {verb}" for verb in ("build", "deploy", "build", "deploy")
    ]
    assert not any("enable-aws-service-access" in call for call in calls)
    assert all(f"--directory {checkout.folder}" in call for call in calls if "secondhop init" in call)


def test_a_service_linked_role_that_cannot_be_created_stops_the_step(shell: Shell, checkout: Checkout) -> None:
    code, calls = shell.run(checkout.init(GOOD).said, CREATING_IS_DENIED="yes")

    assert code != 0
    assert calls[-1].endswith("create-service-linked-role --aws-service-name backup.amazonaws.com")


@pytest.mark.parametrize("options", ["-euo", "-o"], ids=["set -e", "as a terminal"])
@pytest.mark.parametrize("account", ["999900009999", ""], ids=["another account", "no credentials"])
def test_with_credentials_of_another_account_nothing_is_deployed(
    shell: Shell, checkout: Checkout, account: str, options: str
) -> None:
    code, calls = shell.run(checkout.init(GOOD).said, options=options, ACCOUNT=account, ROLE_EXISTS="yes")

    assert sum("get-caller-identity" in call for call in calls) == (1 if options == "-euo" else 7)
    changing = ("deploy", "create-service-linked-role", "update-region-settings")
    assert [call for call in calls if any(each in call for each in changing)] == []
    assert code == (1 if options == "-euo" else 0)


def test_a_shell_that_stops_at_errors_stops_at_the_wrong_account(shell: Shell, checkout: Checkout) -> None:
    _, calls = shell.run(checkout.init(GOOD).said, ACCOUNT="999900009999", ROLE_EXISTS="yes")

    assert "get-caller-identity" in calls[-1]
