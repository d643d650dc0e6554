"""The drawn states are those of the table."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_state_diagram_is_what_the_transition_table_says() -> None:
    command = [sys.executable, str(ROOT / "tools" / "draw-states"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert (done.returncode, done.stderr) == (0, "")
