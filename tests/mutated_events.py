"""Sample events with fields of other types, as Hypothesis draws them."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

FOLDER = Path(__file__).parents[1] / "events"
SAMPLES = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.rglob("*.json"))]

# All that JSON can hold, with what is near to the right values: empty, almost an ARN, almost a time, half a character.
ODD_TEXTS = (
    "",
    " ",
    "null",
    "\ud800",
    "\x00",
    "arn:",
    "arn:aws:rds:::x",
    "arn:aws:backup:eu-west-1:444455556666:backup-vault:",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "2026-01-05",
    "COMPLETED",
    "DELETED",
    "-1",
)
TEXTS = st.sampled_from(ODD_TEXTS) | st.text(st.characters(codec=None), max_size=20)
NUMBERS = st.integers() | st.floats() | st.sampled_from([0, -1, 10**300])
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every field of an event, at any depth."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, child in inner for place in ((*path, key), *places(child, (*path, key)))]


def put(event: Any, path: tuple[Any, ...], value: Any) -> Any:
    """An event with another value at a place."""
    changed = copy.deepcopy(event)
    holder = changed
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return changed


@st.composite
def mutated_events(draw: st.DrawFn) -> dict[str, Any]:
    """A sample event in which one to three fields hold something else."""
    event = draw(st.sampled_from(SAMPLES))
    for _ in range(draw(st.integers(1, 3))):
        event = put(event, draw(st.sampled_from(places(event))), draw(VALUES))
    return dict(event)
