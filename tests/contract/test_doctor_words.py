"""What the doctor says stands in its page, and its page says nothing else."""

from __future__ import annotations

import re
from pathlib import Path

from secondhop_cli.doctor.finding_kinds import KINDS

PAGE = (Path(__file__).parents[2] / "docs" / "doctor.md").read_text()


def test_every_kind_of_finding_has_its_heading_under_its_severity() -> None:
    would_fail, _, warns = PAGE.partition("## Findings that warn")
    headings = {
        "fails": re.findall(r"^### (\S+)$", would_fail, re.MULTILINE),
        "warns": re.findall(r"^### (\S+)$", warns, re.MULTILINE),
    }

    for severity, found in headings.items():
        assert found == [kind for kind, each in KINDS.items() if each.severity == severity]


def test_every_heading_begins_with_why_it_matters() -> None:
    said = " ".join(PAGE.split())

    assert [kind for kind, each in KINDS.items() if f"### {kind} {each.why}" not in said] == []
