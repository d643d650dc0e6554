"""The report of a night: what happened to one database, in order, for the person who reads about a broken promise."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from backup_simulator import World
from backup_simulator.model import TraceLine

POINT = re.compile(r"arn:\S+?:awsbackup:(?:copyjob|job)-[0-9a-f-]{36}")
# Kinds of trace lines that concern every database.
FOR_ALL = frozenset({"asleep", "function failed", "schedule failed", "night"})
# Kinds of trace lines that are left out.
SILENT = frozenset({"event", "backup job"})
MOST_LINES = 400


class ReportLine(NamedTuple):
    """One line of a report."""

    at: datetime
    who: str
    text: str


@dataclass(kw_only=True)
class TraceReport:
    """Keeps the decisions of the functions. The world keeps its own trace."""

    world: World
    decisions: list[tuple[ReportLine, str]] = field(default_factory=list)

    def hear_log(self, entry: Mapping[str, Any]) -> None:
        """A line that a function logged."""
        if entry.get("message") != "decision":
            return
        does = ", ".join(entry["commands"])
        text = f"{entry.get('before')} -> {entry['after']}: {entry['reason']}" + (f" [{does}]" if does else "")
        self.decisions.append((ReportLine(self.world.now(), entry["service"], text), entry["chain"].partition("/")[2]))

    def about(self, evidence: Iterable[str]) -> list[ReportLine]:
        """The lines about the databases of the recovery points in some evidence."""
        named = {arn for text in evidence for arn in POINT.findall(text)}
        points = {point.arn: point for point in self.world.landed()}
        databases = {points[arn].database_arn for arn in named if arn in points}
        subjects = {arn for arn, point in points.items() if point.database_arn in databases}
        subjects |= {database.rpartition(":")[2] for database in databases}
        jobs = {job.id for job in self.world.copy_jobs() if job.database_arn in databases}
        lines = [line for line, chain in self.decisions if chain in subjects]
        lines += [_as_line(line) for line in self.world.trace if _is_about(line, subjects, jobs)]
        ordered = sorted(lines, key=lambda line: line.at)
        return ordered if len(ordered) <= MOST_LINES else [*ordered[: MOST_LINES // 2], *ordered[-MOST_LINES // 2 :]]


def _is_about(line: TraceLine, subjects: set[str], jobs: set[str]) -> bool:
    if line.kind in SILENT:
        return False
    if line.kind in FOR_ALL or line.facts.get("point") in subjects or line.facts.get("job_id") in jobs:
        return True
    words = set(re.split(r"[\s,]+", line.text + " " + str(line.facts.get("message", ""))))
    return bool(words & subjects)


def _as_line(line: TraceLine) -> ReportLine:
    place = f"{line.region} " if line.region else ""
    return ReportLine(line.at, f"AWS {place}{line.kind}", line.text)


def write_lines(lines: Iterable[ReportLine], write: Callable[[str], object]) -> None:
    """Write lines for a person: time, who, what."""
    for line in lines:
        write(f"    {line.at:%a %H:%M:%S}  {line.who}: {line.text}\n")
