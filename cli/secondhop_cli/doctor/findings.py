"""The outcomes of checks: findings, and what could not be checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from secondhop.domain.arn import Site


class Severity(StrEnum):
    """FAILS: a copy would fail, or would not be made. WARNS: copies are made, or a person chose that none is made."""

    FAILS = "fails"
    WARNS = "warns"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of finding: its severity, and why it matters. Its heading in docs/doctor.md is its id."""

    severity: Severity
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A problem: what is wrong, where, and how to fix it.

    `statements` are JSON policy statements, ready to paste. `command` is a command line. Either can be empty.
    """

    kind: str
    site: Site
    resource: str
    what: str
    fix: str
    statements: tuple[Mapping[str, Any], ...] = ()
    command: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotChecked:
    """Something that could not be checked, so it is not known to be fine."""

    what: str
    reason: str


Outcome = Finding | NotChecked


class NotCheckedError(Exception):
    """AWS did not answer a call that a check needs: which call, where, and why."""

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(f"{what}: {reason}")
        self.what = what
        self.reason = reason
