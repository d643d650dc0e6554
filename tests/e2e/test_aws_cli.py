"""The AWS CLI, unmodified, against `backup-simulator serve`: a backup, both hops, the events, and deletes.

Runs in `make aws-cli`, which makes the CLI's own environment; a CLI that is missing is a failure there.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CLI = ROOT / ".venv-aws-cli" / "bin"
SCRIPT = ROOT / "simulator" / "examples" / "with_the_aws_cli.sh"


@pytest.fixture
def address() -> Iterator[str]:
    """Of a simulator in a process of its own."""
    command = [sys.executable, "-m", "backup_simulator.command_line", "serve", "--port", "0"]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        found = re.search(r"http://[\d.:]+", server.stdout.readline())
        assert found
        yield found[0]
        server.terminate()


@pytest.mark.aws_cli
def test_the_aws_cli_alone_takes_a_backup_through_both_hops_and_sees_a_delete_fail(address: str) -> None:
    assert (CLI / "aws").exists(), "run `make aws-cli`, which installs the AWS CLI"
    known = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environ = {
        **known,
        "AWS_ENDPOINT_URL": address,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "PATH": os.pathsep.join([str(CLI), os.environ["PATH"]]),
    }
    ran = subprocess.run(["bash", SCRIPT], env=environ, check=False, capture_output=True, text=True, timeout=300)

    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines() == [
        "ok: the backup job",
        "ok: the first copy, at once",
        "ok: the first copy, hours later",
        "ok: the event names the arrival",
        "ok: the assumed account",
        "ok: the second copy",
        "ok: the final copy's key",
        "ok: the intermediate copies left",
        "ok: a delete that nobody may carry out",
        "ok: the final copies left",
    ]
