"""Where measures leave their results: build/bench/NAME.json."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "build" / "bench"


def write(name: str, result: dict[str, Any]) -> Path:
    """Write a result with the machine that it is from, readable and in a stable order."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{name}.json"
    path.write_text(json.dumps({"machine": machine(), **result}, indent=1, default=str) + "\n", encoding="utf-8")
    return path


def machine() -> str:
    """What times depend on, and how many processes wanted to run at the end of the measure."""
    python, load = platform.python_version(), round(os.getloadavg()[0])
    return f"Python {python} on {platform.machine()}, {os.cpu_count()} cores, a load of {load}"
