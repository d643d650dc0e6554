"""Writes the diagnosis as JSON."""

from __future__ import annotations

import json
from typing import Any

from secondhop_cli.doctor.examination import CheckResult, Diagnosis
from secondhop_cli.doctor.finding_kinds import KINDS
from secondhop_cli.doctor.findings import Finding


def as_json(diagnosis: Diagnosis, *, exit_code: int) -> str:
    """One JSON object, with a newline at the end. Later versions only add members."""
    return json.dumps({"exit_code": exit_code, **_document(diagnosis)}, indent=2) + "\n"


def _document(diagnosis: Diagnosis) -> dict[str, Any]:
    main_stack = diagnosis.main_stack
    return {
        "stack": main_stack.name if main_stack else None,
        "version": main_stack.version if main_stack else None,
        "topology": ("hub" if main_stack.is_hub else "workload") if main_stack else None,
        "error": diagnosis.error or None,
        "checks": [_check(result) for result in diagnosis.results],
    }


def _check(result: CheckResult) -> dict[str, Any]:
    return {
        "check": result.title,
        "fine": result.is_fine,
        "findings": [_finding(each) for each in result.findings],
        "not_checked": [{"what": each.what, "reason": each.reason} for each in result.not_checked],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    kind = KINDS[finding.kind]
    return {
        "kind": finding.kind,
        "severity": kind.severity.value,
        "account": finding.site.account,
        "region": finding.site.region,
        "resource": finding.resource,
        "what": finding.what,
        "why": kind.why,
        "fix": finding.fix,
        "statements": [dict(each) for each in finding.statements],
        "command": finding.command,
    }
