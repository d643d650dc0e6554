"""Fills a table with many finished chains, as copies of the items of a real one with other ARNs and dates.

Only texts are replaced, so that this does not depend on what a chain's document contains.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bench.stages import Measured
from rehearsal.small_dynamodb.usage import Item


def items_of(measured: Measured, recovery_point: str) -> list[Item]:
    """The chain of a recovery point, and its claims."""
    return [item for key, item in measured.table.items.items() if key[0].partition("#")[2] == recovery_point]


def put_clone(measured: Measured, pattern: list[Item], replaced: Mapping[str, str], **attributes: str) -> None:
    """Write items like those of a pattern. `attributes` are texts that the chain's item gets besides."""
    for item in pattern:
        content = json.dumps(item)
        for old, new in replaced.items():
            content = content.replace(old, new)
        clone: Item = json.loads(content)
        if clone["pk"]["S"].startswith("chain#"):
            clone |= {name: {"S": text} for name, text in attributes.items()}
        request: dict[str, Any] = {"TableName": measured.table.name, "Item": clone}
        measured.database.call("PutItem", request)


def second_of(moment: datetime) -> str:
    """A moment as items contain it, whatever follows the seconds."""
    return moment.isoformat(timespec="seconds").removesuffix("+00:00")
