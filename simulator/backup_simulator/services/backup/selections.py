"""Which databases a backup selection selects.

(Resources or ListOfTags) and all Conditions, but nothing that NotResources names:
https://docs.aws.amazon.com/aws-backup/latest/devguide/assigning-resources-json.html and API_BackupSelection.html.
What is not known is refused by its name when the selection is made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from backup_simulator.errors import NotModelled, Refused
from backup_simulator.model import Database

KNOWN = {"SelectionName", "IamRoleArn", "Resources", "NotResources", "ListOfTags", "Conditions"}
OPERATORS = {"StringEquals", "StringNotEquals", "StringLike", "StringNotLike"}
BY_TAG = "aws:ResourceTag/"
# An ARN's sixth part; only instances have a form of their own, since all kinds of clusters share one.
OF_INSTANCES = "db:"
ARN_PARTS = 6


def check_selection(selection: Mapping[str, Any]) -> None:
    """Raises NotModelled for a selection that `selects` could only guess at, and Refused."""
    if unknown := sorted(selection.keys() - KNOWN):
        raise NotModelled(f"{', '.join(unknown)} of a backup selection is not modelled")
    if not selection.get("Resources") and not selection.get("ListOfTags"):
        # "Otherwise, Backup attempts to select all supported and opted-in storage resources" (API_BackupSelection).
        raise NotModelled("a backup selection with neither Resources nor ListOfTags is not modelled")
    if unknown := sorted({tag["ConditionType"] for tag in selection.get("ListOfTags", [])} - {"STRINGEQUALS"}):
        raise NotModelled(f"ListOfTags with the condition type {', '.join(unknown)} is not modelled")
    if unknown := sorted(selection.get("Conditions", {}).keys() - OPERATORS):
        raise NotModelled(f"the condition {', '.join(unknown)} of a backup selection is not modelled")
    tests = [test for each in (selection.get("Conditions") or {}).values() for test in each or []]
    if any(not test.get("ConditionKey") or "ConditionValue" not in test for test in tests):
        raise Refused("InvalidParameterValueException", "A condition needs ConditionKey and ConditionValue.")
    if unknown := [key for _, key, _ in _conditions(selection) if not key.startswith(BY_TAG)]:
        raise NotModelled(f"the condition key {', '.join(unknown)} of a backup selection is not modelled")


def selects(selection: Mapping[str, Any], database: Database, *, is_opted_in: bool) -> bool:
    """Whether a selection selects a database. `is_opted_in`: whether the Region's settings opt its type in."""
    if any(_like(database.arn, pattern) for pattern in selection.get("NotResources", [])):
        return False
    patterns = [each for each in selection.get("Resources", []) if _like(database.arn, each)]
    if not is_opted_in and not any(map(_names_instances, patterns)):
        return False
    is_chosen = bool(patterns) or any(
        database.tags.get(tag["ConditionKey"]) == tag["ConditionValue"] for tag in selection.get("ListOfTags", [])
    )
    return is_chosen and all(_meets(database, *condition) for condition in _conditions(selection))


def _names_instances(pattern: str) -> bool:
    """A type that is named is backed up "regardless of the opt-in setting"; a shared one, as clusters, is not.

    A pattern that names no more than a service leaves it to the setting.
    """
    parts = pattern.split(":", ARN_PARTS - 1)
    return len(parts) == ARN_PARTS and parts[-1].startswith(OF_INSTANCES)


def _conditions(selection: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for operator, tests in selection.get("Conditions", {}).items():
        for test in tests or []:
            yield operator, test["ConditionKey"], test["ConditionValue"]


def _meets(database: Database, operator: str, key: str, wanted: str) -> bool:
    found = database.tags.get(key.removeprefix(BY_TAG))
    is_so = found is not None and (_like(found, wanted) if operator.endswith("Like") else found == wanted)
    return is_so is not ("Not" in operator)


def _like(text: str, pattern: str) -> bool:
    return _regex(pattern).fullmatch(text) is not None


@lru_cache(maxsize=4096)
def _regex(pattern: str) -> re.Pattern[str]:
    # "The wildcard * represents zero or more non-whitespace characters" (assigning-resources-json); there is no other.
    return re.compile(r"\S*".join(map(re.escape, pattern.split("*"))))
