"""Writes the diagnosis as text: a line for each check, then each finding with its fix."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from itertools import groupby

from secondhop_cli.doctor.examination import CheckResult, Diagnosis
from secondhop_cli.doctor.finding_kinds import KINDS
from secondhop_cli.doctor.findings import Finding, Severity

NARROWEST = 40
LABEL = 12


def as_text(diagnosis: Diagnosis, *, width: int) -> str:
    """The report. JSON statements and commands are not wrapped, so that you can copy them."""
    columns = max(width, NARROWEST)
    blocks = [
        *_heading(diagnosis, columns),
        "",
        *(_line(result, columns) for result in diagnosis.results),
        *(line for finding in diagnosis.findings for line in ("", *_finding(finding, columns))),
        *_not_checked(diagnosis, columns),
        "",
        *_wrapped(conclusion(diagnosis), columns),
    ]
    return "\n".join(blocks) + "\n"


def conclusion(diagnosis: Diagnosis) -> str:
    """The summary, in one sentence."""
    fine = sum(result.is_fine for result in diagnosis.results)
    failing = len(diagnosis.failing)
    warnings = len(diagnosis.findings) - failing
    not_checked = sum(bool(result.not_checked) for result in diagnosis.results)
    counted = [f"{fine} of {len(diagnosis.results)} checks are fine"]
    counted += [f"{failing} {'finding' if failing == 1 else 'findings'} would make copies fail"] if failing else []
    counted += [f"{warnings} {'finding warns' if warnings == 1 else 'findings warn'}"] if warnings else []
    counted += (
        [f"{not_checked} {'check' if not_checked == 1 else 'checks'} could not be completed"] if not_checked else []
    )
    return "; ".join(counted) + "."


def _heading(diagnosis: Diagnosis, columns: int) -> Iterator[str]:
    main_stack = diagnosis.main_stack
    if main_stack is None:
        yield from _wrapped(f"The main stack could not be read: {diagnosis.error}.", columns)
        return
    topology = "hub" if main_stack.is_hub else "workload"
    yield from _wrapped(f"Stack {main_stack.name} {main_stack.version}, {topology} topology", columns)
    home, dr = main_stack.home, main_stack.dr
    for text in (
        *(f"workload account {site.account}, {site.region}" for site in main_stack.workloads),
        f"backup account {home.account}, {home.region}: {main_stack.watched_vault}",
        f"backup account {dr.account}, {dr.region}: {main_stack.dr_vault}",
    ):
        yield from _wrapped(text, columns, first="  ")


def _line(result: CheckResult, columns: int) -> str:
    mark = "fine" if result.is_fine else "not checked" if not result.findings else _worst(result)
    return f"{mark:<{LABEL}}{textwrap.shorten(result.title, columns - LABEL, placeholder='...')}"


def _worst(result: CheckResult) -> str:
    severities = {KINDS[finding.kind].severity for finding in result.findings}
    return "FAILS" if Severity.FAILS in severities else "warns"


def _finding(finding: Finding, columns: int) -> Iterator[str]:
    kind = KINDS[finding.kind]
    yield f"{'FAILS' if kind.severity is Severity.FAILS else 'warns'}: {finding.kind}"
    where = f"{finding.site.account} {finding.site.region} {finding.resource}"
    lines = {"what": finding.what, "where": where, "why": kind.why, "fix": finding.fix}
    for label, text in lines.items():
        yield from _wrapped(text, columns, first=f"  {label:<6}")
    for statement in finding.statements:
        yield textwrap.indent(json.dumps(statement, indent=2), "  ")
    if finding.command:
        yield f"  {finding.command}"


def _not_checked(diagnosis: Diagnosis, columns: int) -> Iterator[str]:
    """Grouped by reason, because one missing profile prevents many checks."""
    found = dict.fromkeys(each for each in diagnosis.not_checked if each.reason != diagnosis.error)
    not_checked = sorted(found, key=lambda each: each.reason)
    if not_checked:
        yield ""
        yield from _wrapped("NOT CHECKED, so possibly not fine:", columns)
    for reason, group in groupby(not_checked, key=lambda each: each.reason):
        yield from _wrapped(reason, columns, first="- ")
        for each in group:
            yield from _wrapped(each.what, columns, first="    ")


def _wrapped(text: str, columns: int, *, first: str = "") -> list[str]:
    """The lines of a text, with a hanging indent. ARNs are not broken."""
    later = " " * len(first)
    return textwrap.wrap(
        text, columns, initial_indent=first, subsequent_indent=later, break_long_words=False, break_on_hyphens=False
    )
