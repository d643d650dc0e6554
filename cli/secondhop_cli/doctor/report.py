"""The diagnosis for a person: a line a check, then each finding with what mends it, folded to the terminal's width."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from itertools import groupby

from secondhop_cli.doctor.examination import Answered, Diagnosis
from secondhop_cli.doctor.findings import Finding, NotChecked, Severity
from secondhop_cli.doctor.installation import Installation
from secondhop_cli.doctor.kinds import KINDS

NARROWEST = 40
LABEL = 10


def written(diagnosis: Diagnosis, *, width: int) -> str:
    """The report. JSON statements and commands are never folded, so that they can be copied."""
    columns = max(width, NARROWEST)
    blocks = [
        *_heading(diagnosis.installation, columns),
        "",
        *(_line(answer, columns) for answer in diagnosis.answers),
        *(line for finding in diagnosis.findings for line in ("", *_finding(finding, columns))),
        *_unseen(diagnosis, columns),
        "",
        *_folded("", conclusion(diagnosis), columns),
    ]
    return "\n".join(blocks) + "\n"


def conclusion(diagnosis: Diagnosis) -> str:
    """One sentence for all of it."""
    fine = sum(answer.is_fine for answer in diagnosis.answers)
    failing = len(diagnosis.failing)
    warnings = len(diagnosis.findings) - failing
    unseen = sum(bool(answer.not_checked) for answer in diagnosis.answers)
    counted = [
        f"{fine} of {len(diagnosis.answers)} checks are fine",
        f"{failing} {'finding' if failing == 1 else 'findings'} would make copies fail",
        f"{warnings} {'warns' if warnings == 1 else 'warn'}",
        f"{unseen} {'check' if unseen == 1 else 'checks'} could not be made in full",
    ]
    return "; ".join(counted) + "."


def _heading(installation: Installation | None, columns: int) -> Iterator[str]:
    if installation is None:
        yield from _folded("", "The installation could not be seen.", columns)
        return
    topology = "hub" if installation.is_hub else "workload"
    yield from _folded("", f"Stack {installation.stack} {installation.version}, {topology} topology", columns)
    for site in installation.workloads:
        yield from _folded("", f"workload account {site.account}, {site.region}", columns, indent=2)
    home, dr = installation.home, installation.dr
    yield from _folded(
        "", f"backup account {home.account}, {home.region}: {installation.watched_vault}", columns, indent=2
    )
    yield from _folded("", f"backup account {dr.account}, {dr.region}: {installation.dr_vault}", columns, indent=2)


def _line(answer: Answered, columns: int) -> str:
    mark = "fine" if answer.is_fine else "not seen" if not answer.findings else _worst(answer)
    return (
        textwrap.shorten(f"{mark:<{LABEL}}{answer.question}", columns, placeholder="...")
        if columns < LABEL
        else (f"{mark:<{LABEL}}{textwrap.shorten(answer.question, columns - LABEL, placeholder='...')}")
    )


def _worst(answer: Answered) -> str:
    severities = {KINDS[finding.kind].severity for finding in answer.findings}
    return "FAILS" if Severity.FAILS in severities else "warns"


def _finding(finding: Finding, columns: int) -> Iterator[str]:
    kind = KINDS[finding.kind]
    yield f"{'FAILS' if kind.severity is Severity.FAILS else 'warns'}: {finding.kind}"
    yield from _folded("what", finding.what, columns)
    yield from _folded("where", f"{finding.site.account} {finding.site.region} {finding.resource}", columns)
    yield from _folded("why", kind.why, columns)
    yield from _folded("mend", finding.mend, columns)
    for statement in finding.statements:
        yield textwrap.indent(json.dumps(statement, indent=2), "  ")
    if finding.command:
        yield f"  {finding.command}"


def _unseen(diagnosis: Diagnosis, columns: int) -> Iterator[str]:
    """Grouped by reason: one missing profile hides many things."""
    unseen = sorted(dict.fromkeys(diagnosis.not_checked), key=lambda each: each.reason)
    if unseen:
        yield from ("", "NOT CHECKED, and therefore not known to be fine:")
    for reason, hidden in groupby(unseen, key=lambda each: each.reason):
        yield from _folded("-", reason, columns)
        yield from (line for each in hidden for line in _hidden(each, columns))


def _hidden(each: NotChecked, columns: int) -> Iterator[str]:
    yield from _folded("", each.what, columns, indent=4)


def _folded(label: str, text: str, columns: int, *, indent: int = 2) -> Iterator[str]:
    first = f"  {label:<6}" if len(label) > 1 else f"{label} " if label else " " * (indent if indent != 2 else 0)
    yield from textwrap.wrap(
        text,
        columns,
        initial_indent=first,
        subsequent_indent=" " * (len(first) if label else indent),
        break_long_words=False,
        break_on_hyphens=False,
    )
