"""Where measures leave their results: build/bench/NAME.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "build" / "bench"


def write(name: str, result: dict[str, Any]) -> Path:
    """Write a result, readable and in a stable order."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{name}.json"
    path.write_text(json.dumps(result, indent=1, default=str) + "\n", encoding="utf-8")
    return path


def read(name: str) -> dict[str, Any] | None:
    """The last result of a measure; None if it was not run here."""
    path = FOLDER / f"{name}.json"
    found: dict[str, Any] | None = json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
    return found
