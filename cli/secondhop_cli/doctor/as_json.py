"""The diagnosis for a program."""

from __future__ import annotations

import json
from typing import Any

from secondhop_cli.doctor.examination import Answered, Diagnosis
from secondhop_cli.doctor.findings import Finding
from secondhop_cli.doctor.kinds import KINDS


def as_json(diagnosis: Diagnosis, *, exit_code: int) -> str:
    """One JSON object, ending in a newline. Members are only ever added to it."""
    return json.dumps({"exit_code": exit_code, **_document(diagnosis)}, indent=2) + "\n"


def _document(diagnosis: Diagnosis) -> dict[str, Any]:
    installation = diagnosis.installation
    return {
        "stack": installation.stack if installation else None,
        "version": installation.version if installation else None,
        "topology": ("hub" if installation.is_hub else "workload") if installation else None,
        "checks": [_check(answer) for answer in diagnosis.answers],
    }


def _check(answer: Answered) -> dict[str, Any]:
    return {
        "check": answer.question,
        "fine": answer.is_fine,
        "findings": [_finding(each) for each in answer.findings],
        "not_checked": [{"what": each.what, "reason": each.reason} for each in answer.not_checked],
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
        "mend": finding.mend,
        "statements": [dict(each) for each in finding.statements],
        "command": finding.command,
    }
