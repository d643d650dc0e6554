"""Compares the defaults of the switches with answers of real AWS, if there are any.

`answers.json` beside this module holds the newest answers. `secondhop first-night` writes such a file. There is none
yet, because it has not run on real AWS. The simulator itself does not read it: the defaults are those of `switches`.
"""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from backup_simulator.switches import UnknownBehaviour

ANSWERS = Path(__file__).with_name("answers.json")


def contradictions(text: str, defaults: UnknownBehaviour | None = None) -> list[str]:
    """A sentence for each default that an answer contradicts. Raises ValueError for a text that is no answers file."""
    answers = json.loads(text)
    ours = defaults or UnknownBehaviour()
    theirs = UnknownBehaviour.named(answers["settings"])
    found = [
        f"{name} is {getattr(ours, name)!s} by default, and AWS's answer is {getattr(theirs, name)!s}"
        for name in sorted(answers["settings"])
        if getattr(ours, name) != getattr(theirs, name)
    ]
    return found + [
        f"{name} is {getattr(ours, name)!s} by default, and AWS's answer is {bound}"
        for name, bound in sorted(answers["bounds"].items())
        if not _is_within(getattr(ours, name), bound)
    ]


def _is_within(duration: timedelta | None, bound: dict[str, Any]) -> bool:
    """Whether a duration is possible with a bound; None is for ever."""
    seconds = float("inf") if duration is None else duration.total_seconds()
    least, most = bound["more_than_seconds"], bound["at_most_seconds"]
    return (least is None or seconds >= least) and (most is None or seconds <= most)
