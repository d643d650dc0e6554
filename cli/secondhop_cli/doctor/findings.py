"""What the doctor says: findings, and what it could not see. Frozen values; their words are data, not layout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from secondhop.domain.arn import Site


class Severity(StrEnum):
    """FAILS: a copy would fail, or would not be made. WARNS: copies are made, and something else is wrong."""

    FAILS = "fails"
    WARNS = "warns"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A sort of finding: how bad it is, and why it matters. Its heading in docs/doctor.md is its id."""

    severity: Severity
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong, where it is, and how to mend it.

    `statements` are JSON policy statements ready to paste; `command` is an exact command line. Either may be empty.
    """

    kind: str
    site: Site
    resource: str
    what: str
    mend: str
    statements: tuple[Mapping[str, Any], ...] = ()
    command: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotChecked:
    """Something that could not be looked at, and is therefore not known to be fine."""

    what: str
    reason: str


Outcome = Finding | NotChecked


class UnseenError(Exception):
    """AWS did not let us look: which call, where, and why."""

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(f"{what}: {reason}")
        self.what = what
        self.reason = reason
