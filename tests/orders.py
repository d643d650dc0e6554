"""The orders to the operators' function that documents and messages quote, as a person pastes them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from secondhop.domain.classification import REMEDIES

ROOT = Path(__file__).parents[1]
COMMAND = re.compile(r"echo '(\{[^']*\})' \|\s+(aws lambda invoke [^`\n]*)")
PAYLOAD = re.compile(r"\{\"verb\".*?\}")


def quoted_texts() -> Iterator[tuple[str, str]]:
    """Every text with orders: where it stands, and the text."""
    for path in sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]):
        yield str(path.relative_to(ROOT)), path.read_text()
    for cause, remedy in REMEDIES.items():
        yield f"remedy of {cause}", remedy.words


def quoted_orders() -> dict[str, tuple[dict[str, Any], str]]:
    """By a name for the test: the payload, and the whole command."""
    found = {}
    for place, text in quoted_texts():
        for number, match in enumerate(COMMAND.finditer(text), start=1):
            payload = json.loads(match[1])
            found[f"{place} {number} {payload['verb']}"] = (payload, " ".join(match[0].split()))
    return found
