"""The diagnosis for a person: a line a check, then each finding with what mends it, folded to the terminal's width."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from itertools import groupby

from secondhop_cli.doctor.examination import Answered, Diagnosis
from secondhop_cli.doctor.findings import Finding, Severity
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
        *_folded(conclusion(diagnosis), columns),
    ]
    return "\n".join(blocks) + "\n"


def conclusion(diagnosis: Diagnosis) -> str:
    """One sentence for all of it."""
    fine = sum(answer.is_fine for answer in diagnosis.answers)
    failing = len(diagnosis.failing)
    warnings = len(diagnosis.findings) - failing
    unseen = sum(bool(answer.not_checked) for answer in diagnosis.answers)
    counted = [f"{fine} of {len(diagnosis.answers)} checks are fine"]
    counted += [f"{failing} {'finding' if failing == 1 else 'findings'} would make copies fail"] if failing else []
    counted += [f"{warnings} {'finding warns' if warnings == 1 else 'findings warn'}"] if warnings else []
    counted += [f"{unseen} {'check' if unseen == 1 else 'checks'} could not be made in full"] if unseen else []
    return "; ".join(counted) + "."


def _heading(installation: Installation | None, columns: int) -> Iterator[str]:
    if installation is None:
        yield from _folded("The installation could not be seen.", columns)
        return
    topology = "hub" if installation.is_hub else "workload"
    yield from _folded(f"Stack {installation.stack} {installation.version}, {topology} topology", columns)
    home, dr = installation.home, installation.dr
    for text in (
        *(f"workload account {site.account}, {site.region}" for site in installation.workloads),
        f"backup account {home.account}, {home.region}: {installation.watched_vault}",
        f"backup account {dr.account}, {dr.region}: {installation.dr_vault}",
    ):
        yield from _folded(text, columns, first="  ")


def _line(answer: Answered, columns: int) -> str:
    mark = "fine" if answer.is_fine else "not seen" if not answer.findings else _worst(answer)
    return f"{mark:<{LABEL}}{textwrap.shorten(answer.question, columns - LABEL, placeholder='...')}"


def _worst(answer: Answered) -> str:
    severities = {KINDS[finding.kind].severity for finding in answer.findings}
    return "FAILS" if Severity.FAILS in severities else "warns"


def _finding(finding: Finding, columns: int) -> Iterator[str]:
    kind = KINDS[finding.kind]
    yield f"{'FAILS' if kind.severity is Severity.FAILS else 'warns'}: {finding.kind}"
    where = f"{finding.site.account} {finding.site.region} {finding.resource}"
    told = {"what": finding.what, "where": where, "why": kind.why, "mend": finding.mend}
    for label, text in told.items():
        yield from _folded(text, columns, first=f"  {label:<6}")
    for statement in finding.statements:
        yield textwrap.indent(json.dumps(statement, indent=2), "  ")
    if finding.command:
        yield f"  {finding.command}"


def _unseen(diagnosis: Diagnosis, columns: int) -> Iterator[str]:
    """Grouped by reason: one missing profile hides many things."""
    unseen = sorted(dict.fromkeys(diagnosis.not_checked), key=lambda each: each.reason)
    if unseen:
        yield ""
        yield from _folded("NOT CHECKED, and therefore not known to be fine:", columns)
    for reason, hidden in groupby(unseen, key=lambda each: each.reason):
        yield from _folded(reason, columns, first="- ")
        for each in hidden:
            yield from _folded(each.what, columns, first="    ")


def _folded(text: str, columns: int, *, first: str = "") -> list[str]:
    """Lines of a text, the later ones under its beginning. ARNs stay whole, however long."""
    later = " " * len(first)
    return textwrap.wrap(
        text, columns, initial_indent=first, subsequent_indent=later, break_long_words=False, break_on_hyphens=False
    )
