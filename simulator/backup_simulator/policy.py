"""Evaluation of policy documents of one kind: an explicit deny, an allow, or nothing.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html; `authority` combines
the kinds of policies. A trust policy has no Resource; any other statement without one would be refused by IAM.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from backup_simulator.conditions import Unresolved, arn_like, as_list, filled, hold, like
from backup_simulator.errors import NotModelled

Statement = Mapping[str, Any]
# Only this version has policy variables. In the older one, the default, they are plain text.
WITH_VARIABLES = "2012-10-17"


def statements(documents: Iterable[Mapping[str, Any]]) -> Iterable[tuple[Statement, bool]]:
    """The statements of policy documents, each with whether its document's version knows variables."""
    for document in documents:
        for statement in as_list(document.get("Statement", [])):
            yield statement, document.get("Version") == WITH_VARIABLES


def decide(
    documents: Iterable[Mapping[str, Any]],
    *,
    action: str,
    resource: str,
    context: Mapping[str, Any],
    principal: str | None = None,
    by_name: bool = False,
) -> str:
    """Answer with "deny", "allow" or "none".

    With `principal`, these are resource policies, and a statement must name it. With `by_name`, an Allow must name the
    principal itself or "*". If it names only the account, the account's own policies decide.
    """
    verdict = "none"
    for statement, variables in statements(documents):
        is_deny = statement["Effect"] == "Deny"
        if principal is not None and not _names(statement, principal, context, by_name=by_name and not is_deny):
            continue
        if not _applies(statement, action, resource, context, variables=variables):
            continue
        if is_deny:
            return "deny"
        verdict = "allow"
    return verdict


def allowing(
    documents: Iterable[Mapping[str, Any]], *, action: str, resource: str, context: Mapping[str, Any]
) -> Iterator[Statement]:
    """The statements of identity policies that allow an action. Each of them is sufficient."""
    for statement, variables in statements(documents):
        if statement["Effect"] == "Allow" and _applies(statement, action, resource, context, variables=variables):
            yield statement


def _applies(statement: Statement, action: str, resource: str, context: Mapping[str, Any], *, variables: bool) -> bool:
    if not names_action(statement, action):
        return False
    try:
        return _names_resource(statement, resource, context, variables=variables) and hold(
            statement.get("Condition", {}), context, variables=variables
        )
    except Unresolved:
        return False


def _names_resource(statement: Statement, resource: str, context: Mapping[str, Any], *, variables: bool) -> bool:
    is_inverted = "NotResource" in statement
    patterns = as_list(statement["NotResource"] if is_inverted else statement.get("Resource", "*"))
    if variables:
        patterns = [filled(each, context) for each in patterns]
    is_named = any(each == "*" or arn_like(resource, each) for each in patterns)
    return is_named is not is_inverted


def names_action(statement: Statement, action: str) -> bool:
    """Whether a statement is about an action. Actions are not case-sensitive."""
    if "NotAction" in statement:
        return not any(like(action.lower(), each.lower()) for each in as_list(statement["NotAction"]))
    return any(like(action.lower(), each.lower()) for each in as_list(statement.get("Action", [])))


def _names(statement: Statement, principal: str, context: Mapping[str, Any], *, by_name: bool) -> bool:
    """Whether a statement of a resource policy is about a principal. Without the element it is about none."""
    account = context.get("aws:PrincipalAccount", "")
    if "NotPrincipal" in statement:
        spared = statement["NotPrincipal"]
        # A role is excepted only if both it and its account are named (reference_policies_elements_notprincipal).
        return not (
            _is_among(spared, principal, account, by_name=True)
            and (not account or _is_among(spared, "", account, by_name=False))
        )
    return _is_among(statement.get("Principal", {}), principal, account, by_name=by_name)


def _is_among(named: Any, principal: str, account: str, *, by_name: bool) -> bool:
    if named == "*":
        return True
    if principal in as_list(named.get("Service", [])):
        return True
    for each in as_list(named.get("AWS", [])):
        if ":assumed-role/" in each:
            raise NotModelled(f"sessions as principals are not modelled: {each}")
        if each in ("*", principal) or (account and not by_name and _is_account(each, account)):
            return True
    return False


@lru_cache(maxsize=4096)
def _is_account(named: str, account: str) -> bool:
    return named == account or re.fullmatch(rf"arn:[\w-]+:iam::{account}:root", named) is not None
