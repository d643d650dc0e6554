"""The five lines of the simulator's README, in somebody else's suite."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[3] / "simulator" / "README.md"


def test_the_example_of_the_readme_runs_in_a_suite_of_its_own(tmp_path: Path) -> None:
    example = README.read_text().split("```python\n")[1].split("```")[0]
    (tmp_path / "test_example.py").write_text(example)
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "backup_simulator.pytest_plugin", "--backup-seed=3", "."]
    ran = subprocess.run(command, cwd=tmp_path, env=environ, check=False, capture_output=True, text=True)

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "1 passed" in ran.stdout


def test_the_seed_of_the_command_line_is_the_worlds(tmp_path: Path) -> None:
    """Fails, in a suite of its own, unless the fixture's world is that of seed 3."""
    (tmp_path / "test_seed.py").write_text(
        "from backup_simulator import World\n\n\n"
        "def test_seed(backup_world, backup_clock, backup_faults):\n"
        "    assert backup_world.make_id() == World(seed=3).make_id()\n"
        "    assert backup_clock is backup_world.clock\n"
        "    assert backup_faults is backup_world.faults\n"
    )
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "backup_simulator.pytest_plugin", "--backup-seed=3", "."]
    ran = subprocess.run(command, cwd=tmp_path, env=environ, check=False, capture_output=True, text=True)

    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_code_that_makes_its_own_clients_is_caught(tmp_path: Path) -> None:
    """A suite of its own, whose environment points elsewhere; the code under test calls boto3.client by itself."""
    (tmp_path / "test_own_clients.py").write_text(
        "import os\n\nimport boto3\n\n\n"
        "def make_vault():\n"
        "    return boto3.client('backup').create_backup_vault(BackupVaultName='made')['BackupVaultArn']\n\n\n"
        "def test_caught(backup_world, backup_endpoint):\n"
        "    assert os.environ['AWS_ENDPOINT_URL'] == backup_endpoint\n"
        "    assert backup_world.vault_by_arn(make_vault()).account == '111122223333'\n\n\n"
        "def test_left_as_it_was():\n"
        "    assert os.environ['AWS_ENDPOINT_URL'] == 'http://127.0.0.1:1'\n"
    )
    elsewhere = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_PROFILE": "none", "AWS_REGION": "us-east-1"}
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **elsewhere}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "backup_simulator.pytest_plugin", "."]
    ran = subprocess.run(command, cwd=tmp_path, env=environ, check=False, capture_output=True, text=True)

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "2 passed" in ran.stdout
