"""Same seed, same trace, byte for byte, in whatever process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCRIPT = """
import sys
from datetime import timedelta
from backup_simulator import Delivery, UnknownBehaviour
from tests.simulated_place import Journey
journey = Journey(
    seed=int(sys.argv[1]),
    delivery=Delivery(duplicate=0.3, loss=0.3, reorder=0.3),
    unknown=UnknownBehaviour(system_error_share=0.3, arrival_is_creating_first=True),
)
plan = {"RuleName": "n", "TargetBackupVaultName": "near", "ScheduleExpression": "cron(0 */6 ? * MON-FRI *)",
        "CopyActions": [{"DestinationBackupVaultArn": journey.target}], "Lifecycle": {"DeleteAfterDays": 2}}
selection = {"IamRoleArn": journey.role, "Resources": [journey.database]}
journey.site.create_plan({"BackupPlanName": "p", "Rules": [plan]}, [selection])
journey.world.run_for(timedelta(days=5))
for line in journey.world.trace:
    print(line.at.isoformat(), line.kind, line.account, line.region, line.text, line.facts)
"""


def trace(seed: int, hash_seed: str) -> bytes:
    environ = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    command = [sys.executable, "-c", SCRIPT, str(seed)]
    return subprocess.run(command, env=environ, cwd=ROOT, check=True, capture_output=True).stdout


def test_one_seed_gives_one_trace_in_processes_with_different_hash_seeds() -> None:
    first = trace(7, "1")

    assert first.count(b"\n") > 100
    assert first == trace(7, "2")
    assert first != trace(8, "1")
