"""The timeline of the demo: one line for each thing that AWS did or Second Hop decided."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TextIO

from backup_simulator import TraceLine

# The kinds of trace lines that are shown. The others are for debugging.
SHOWN = {
    "recovery point": "AWS",
    "copy job": "AWS",
    "delete": "AWS",
    "gone": "AWS",
    "notification": "SNS",
    "function failed": "!!!",
    "schedule failed": "!!!",
}
COLOURS = {"AWS": "\033[2m", "hop": "\033[36m", "SNS": "\033[33m", "!!!": "\033[31m"}
PLAIN = "\033[0m"
WIDTH = 80
EFFECTS = frozenset({"StartCopy", "ReleaseIntermediate", "Announce"})
POINT_ARN = re.compile(r"arn:\S+:awsbackup:(copyjob|job)-([0-9a-f]{8})\S*")


class Timeline:
    """Writes lines to a stream: coloured on a terminal (unless NO_COLOR is set), plain when piped."""

    def __init__(self, stream: TextIO, *, environ: Mapping[str, str] = os.environ) -> None:
        self._stream = stream
        self.is_coloured = stream.isatty() and "NO_COLOR" not in environ
        self._names: dict[str, str] = {}
        self._moment: tuple[datetime, list[tuple[str, str, str]]] | None = None

    def show_trace(self, line: TraceLine) -> None:
        """Show a line of the world's trace."""
        if line.kind not in SHOWN:
            return
        text = line.text
        if line.kind in ("delete", "gone", "recovery point") and (arn := line.facts.get("point")):
            name = self._names.setdefault(arn, line.text.split(" landed")[0])
            text = text.replace(arn, f"the copy of {name}" if ":copyjob-" in arn else f"the backup of {name}")
        self._write(line.at, SHOWN[line.kind], line.region, text)

    def show_decision(self, now: Callable[[], datetime]) -> Callable[[dict[str, Any]], None]:
        """A listener that shows decisions as the functions log them."""

        def show(entry: dict[str, Any]) -> None:
            is_step = entry.get("before") != entry.get("after") or EFFECTS & set(entry.get("commands", ()))
            if entry.get("message") != "decision" or not is_step:
                return
            database = entry["database"].rpartition(":")[2]
            reason = POINT_ARN.sub(r"\1-\2", entry["reason"].partition(": ")[2])
            self._write(now(), "hop", "", f"{database} -> {entry['after']}: {reason}")

        return show

    def flush(self) -> None:
        """Write the lines of the last moment. Decisions come first, because functions log them after the action."""
        if self._moment is None:
            return
        at, lines = self._moment
        for who, region, text in sorted(lines, key=lambda line: line[0] != "hop"):
            self._put(at, who, region, text)
        self._moment = None

    def _write(self, at: datetime, who: str, region: str, text: str) -> None:
        if self._moment is not None and self._moment[0] != at:
            self.flush()
        if self._moment is None:
            self._moment = (at, [])
        self._moment[1].append((who, region, text))

    def _put(self, at: datetime, who: str, region: str, text: str) -> None:
        head = f"{at:%a %H:%M}  {who}  "
        body = f"{region}: {text}" if region else text
        width = WIDTH - len(head)
        body = body if len(body) <= width else body[: width - 3] + "..."
        line = head + body
        if self.is_coloured:
            line = f"{COLOURS[who]}{line}{PLAIN}"
        self._stream.write(line + "\n")
        self._stream.flush()
