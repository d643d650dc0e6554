"""Evaluation of policy documents: explicit deny, then allow, else nothing (IAM's evaluation logic, simplified).

Knows Effect, Action, NotAction, Resource, Principal and the conditions that backup set-ups use; refuses others by name.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from backup_simulator.errors import NotModelled

Statement = Mapping[str, Any]


def statements(documents: Iterable[Mapping[str, Any]]) -> Iterable[Statement]:
    """The statements of policy documents."""
    for document in documents:
        yield from _as_list(document.get("Statement", []))


def decide(
    documents: Iterable[Mapping[str, Any]],
    *,
    action: str,
    resource: str,
    context: Mapping[str, Any],
    principal: str | None = None,
) -> str:
    """Answer with "deny", "allow" or "none". `principal` given: resource policies, whose statements must name it."""
    verdict = "none"
    for statement in statements(documents):
        if not _applies(statement, action, resource, context, principal):
            continue
        if statement["Effect"] == "Deny":
            return "deny"
        verdict = "allow"
    return verdict


def _applies(
    statement: Statement, action: str, resource: str, context: Mapping[str, Any], principal: str | None
) -> bool:
    if principal is not None and not _names(statement, principal, context):
        return False
    if not names_action(statement, action):
        return False
    resources = _as_list(statement.get("Resource", "*"))
    if not any(_like(resource, each) for each in resources):
        return False
    return all(_holds(operator, tests, context) for operator, tests in statement.get("Condition", {}).items())


def names_action(statement: Statement, action: str) -> bool:
    """Whether a statement is about an action, which IAM writes in whatever case."""
    if "NotAction" in statement:
        return not any(_like(action, each, fold=True) for each in _as_list(statement["NotAction"]))
    return any(_like(action, each, fold=True) for each in _as_list(statement.get("Action", [])))


def _names(statement: Statement, principal: str, context: Mapping[str, Any]) -> bool:
    named = statement.get("Principal", "*")
    if named == "*":
        return True
    if "Service" in named and principal in _as_list(named["Service"]):
        return True
    account = context.get("aws:PrincipalAccount", "")
    for each in _as_list(named.get("AWS", [])):
        is_account = each == account or re.fullmatch(rf"arn:[\w-]+:iam::{account}:root", each) is not None
        if each in ("*", principal) or (account and is_account):
            return True
    return False


def _holds(operator: str, tests: Mapping[str, Any], context: Mapping[str, Any]) -> bool:
    quantifier, _, plain = operator.rpartition(":")
    if_exists = plain.endswith("IfExists")
    plain = plain.removesuffix("IfExists")
    for key, expected in tests.items():
        found = context.get(key)
        if plain == "Null":
            if (found is None) != (str(_as_list(expected)[0]).lower() == "true"):
                return False
            continue
        if found is None:
            # A negated operator holds when the key is missing; a positive one does not.
            if if_exists or "Not" in plain or quantifier == "ForAllValues":
                continue
            return False
        values = [str(each) for each in _as_list(found)]
        tested = [_compare(plain, value, _as_list(expected)) for value in values]
        if not (all(tested) if quantifier == "ForAllValues" else any(tested)):
            return False
    return True


def _compare(operator: str, value: str, expected: list[Any]) -> bool:
    wanted = [str(each) for each in expected]
    match operator:
        case "StringEquals":
            return value in wanted
        case "StringNotEquals":
            return value not in wanted
        case "Bool":
            return value.lower() in [each.lower() for each in wanted]
        case "StringLike" | "ArnLike" | "ArnEquals":
            return any(_like(value, each) for each in wanted)
        case "StringNotLike" | "ArnNotLike" | "ArnNotEquals":
            return not any(_like(value, each) for each in wanted)
        case "StringEqualsIgnoreCase":
            return value.lower() in [each.lower() for each in wanted]
        case _:
            raise NotModelled(f"the condition operator {operator} is not modelled")


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _like(value: str, pattern: str, *, fold: bool = False) -> bool:
    return _regex(pattern.lower() if fold else pattern).fullmatch(value.lower() if fold else value) is not None


@lru_cache(maxsize=4096)
def _regex(pattern: str) -> re.Pattern[str]:
    return re.compile(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)
