"""Where measures leave their results: build/bench/NAME.json."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "build" / "bench"


def write(name: str, result: dict[str, Any]) -> Path:
    """Write a result, readable and in a stable order."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    words = f"Python {platform.python_version()} on {platform.machine()} with {os.cpu_count()} cores"
    _keep("machine", {"words": words})
    return _keep(name, result)


def _keep(name: str, result: dict[str, Any]) -> Path:
    path = FOLDER / f"{name}.json"
    path.write_text(json.dumps(result, indent=1, default=str) + "\n", encoding="utf-8")
    return path
