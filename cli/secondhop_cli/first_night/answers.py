"""The answers of a run as data: settings of the simulator's switches, bounds, observations, and what stayed open.

No account number is in it, so that it can be committed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from secondhop_cli.first_night.questions import ANSWERED, OBSERVATIONS, question

VERSION = 1
Setting = str | bool | int


@dataclass(kw_only=True)
class Answers:
    """What the run learned so far. Each switch is in `settings`, `bounds` or `open`, or was not reached."""

    settings: dict[str, Setting] = field(default_factory=dict)
    bounds: dict[str, dict[str, int | None]] = field(default_factory=dict)
    open: dict[str, str] = field(default_factory=dict)
    observations: dict[str, Any] = field(default_factory=dict)
    seen: dict[str, list[Any]] = field(default_factory=dict)

    def settle(self, name: str, setting: Setting) -> None:
        """Set the switch that fits what was seen."""
        self.open.pop(question(name).name, None)
        self.settings[name] = setting

    def leave_open(self, name: str, reason: str) -> None:
        """Say why a question has no answer, unless it has one."""
        if name not in self.settings:
            self.open[question(name).name] = reason

    def bound(self, name: str, *, more_than: float | None = None, at_most: float | None = None) -> None:
        """Narrow a duration in seconds. A bound that is known and narrower stays."""
        self.open.pop(name, None)
        known = self.bounds.setdefault(name, {"more_than_seconds": None, "at_most_seconds": None})
        least, most = known["more_than_seconds"], known["at_most_seconds"]
        if more_than is not None:
            known["more_than_seconds"] = int(more_than) if least is None else max(int(more_than), least)
        if at_most is not None:
            known["at_most_seconds"] = int(at_most) if most is None else min(int(at_most), most)

    def record(self, name: str, **facts: Any) -> None:
        """Keep what was seen, as the evidence of an answer."""
        self.seen.setdefault(question(name).name, []).append(facts)

    def observe(self, name: str, value: Any) -> None:
        self.observations[question(name).name] = value

    def complete(self, reason: str) -> None:
        """Leave everything open that has neither an answer nor a bound nor a reason."""
        for each in ANSWERED:
            if each.name not in {*self.settings, *self.bounds, *self.open}:
                self.open[each.name] = reason

    def as_json(self, *, began_at: datetime, ended_at: datetime, accounts: Mapping[str, str], **about: Any) -> str:
        """The file's text. `accounts` has a word for each account number, which replaces it."""
        found = {
            "version": VERSION,
            "source": "secondhop first-night",
            "began_at": began_at.isoformat(timespec="seconds"),
            "ended_at": ended_at.isoformat(timespec="seconds"),
            **about,
            "settings": self.settings,
            "bounds": self.bounds,
            "open": self.open,
            "observations": self.observations,
            "seen": self.seen,
        }
        text = json.dumps(found, indent=2, default=_plain)
        for number, word in accounts.items():
            text = text.replace(number, word)
        return re.sub(r"(?<!\d)\d{12}(?!\d)", "another-account", text) + "\n"

    def as_lines(self) -> list[str]:
        """The answers for a person."""
        lines = [f"{name}: {_said(value)}" for name, value in self.settings.items()]
        lines += [f"{name}: {_range(bound)}" for name, bound in self.bounds.items()]
        lines += [
            f"{each.name}: {_said(self.observations[each.name])}"
            for each in OBSERVATIONS
            if each.name in self.observations
        ]
        return lines + [f"{name}: no answer, because {reason}" for name, reason in self.open.items()]


def write_answers(path: Path, text: str) -> None:
    """Replace the file in one step. Raises OSError."""
    beside = path.with_name(path.name + ".new")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


def _said(value: Any) -> str:
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def _range(bound: Mapping[str, int | None]) -> str:
    least, most = bound["more_than_seconds"], bound["at_most_seconds"]
    parts = [f"more than {least} seconds"] if least is not None else []
    parts += [f"at most {most} seconds"] if most is not None else []
    return " and ".join(parts)


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
