"""The result of one night."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from rehearsal.nights.trace_report import ReportLine
from rehearsal.oracle import Violation


@dataclass(frozen=True, kw_only=True)
class NightResult:
    """The number of chains, the broken promises, the counts of visited branches, and a report if a promise broke."""

    seed: int
    chains: int
    violations: tuple[Violation, ...]
    counts: Counter[str]
    report: tuple[ReportLine, ...] = ()
