"""Why a selection of a backup plan does not select a database, in the words of the selection and the database.

API_BackupSelection. Tags and ARNs are compared with regard to case.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import SequenceMatcher
from fnmatch import fnmatchcase
from typing import Any

from secondhop_cli.doctor.databases_and_plans import Database, Rule, meets

TAG_PREFIX = "aws:ResourceTag/"
WILDCARDS = frozenset("*?")
# How similar an ARN must be to count as a typing mistake, from 0 to 1. ARNs of two databases share 0.7 at least.
SIMILAR = 0.85


def wanted_tags(selection: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The tags that select, or that a condition requires."""
    for each in selection.get("ListOfTags") or []:
        yield each["ConditionKey"], each["ConditionValue"]
    for operator, tests in (selection.get("Conditions") or {}).items():
        if "Not" not in operator:
            for test in tests or []:
                yield test["ConditionKey"].removeprefix(TAG_PREFIX), test["ConditionValue"]


def selects_by_tag(selection: Mapping[str, Any]) -> bool:
    return bool(selection.get("ListOfTags")) or any((selection.get("Conditions") or {}).values())


def reasons(rule: Rule, database: Database) -> Iterator[str]:
    """Why the selections of a rule leave out a database that they nearly select."""
    for selection in rule.selections:
        excluded = [each for each in selection.get("NotResources") or [] if fnmatchcase(database.arn, each)]
        yield from (f"NotResources of the plan {rule.plan} excludes {each}" for each in excluded)
        yield from _tag_reasons(rule.plan, selection, database)
        for arn in mistyped(selection, [database]):
            yield f"the plan {rule.plan} selects {arn}, and the ARN of this database is {database.arn}"


def _tag_reasons(plan: str, selection: Mapping[str, Any], database: Database) -> Iterator[str]:
    for key, value in wanted_tags(selection):
        for name, found in database.tags.items():
            is_right = name == key and fnmatchcase(found, value)
            if name.strip().lower() != key.strip().lower() or is_right:
                continue
            is_case = found.strip().lower() == value.strip().lower()
            hint = " (tags are compared with regard to case and blanks)" if is_case else ""
            yield f"its tag is {name}={found}, and the plan {plan} selects {key}={value}{hint}"
    for operator, tests in (selection.get("Conditions") or {}).items():
        if "Not" in operator and not meets({operator: tests}, database.tags):
            yield f"its tags do not meet the condition {operator} of the plan {plan}"


def mistyped(selection: Mapping[str, Any], found: Iterable[Database]) -> Iterator[str]:
    """The ARNs in a selection that are nearly the ARN of one of these databases."""
    for arn in selection.get("Resources") or []:
        if not WILDCARDS & set(arn) and any(_is_nearly(arn, each.arn) for each in found):
            yield arn


def _is_nearly(arn: str, other: str) -> bool:
    """Whether two ARNs differ, and name the same database but for a typing mistake."""
    if arn == other:
        return False
    if arn.rpartition(":")[2].lower() == other.rpartition(":")[2].lower():
        return True
    return arn.rpartition(":")[0] == other.rpartition(":")[0] and _likeness(arn, other) >= SIMILAR


def _likeness(arn: str, other: str) -> float:
    one, two = (each.rpartition(":")[2] for each in (arn, other))
    return SequenceMatcher(None, one, two).ratio()
