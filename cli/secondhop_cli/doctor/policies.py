"""Evaluates a resource's policy for a request: allowed, denied, or unclear.

This is IAM's logic for one document: an explicit deny, else an allow, else an implicit deny. See
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html

The result is unclear if a statement depends on a value that is not known here. Unclear never counts as allowed. For a
role's own policies, the doctor asks IAM instead (SimulatePrincipalPolicy).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from secondhop_cli.doctor.conditions import Truth, all_of, any_of, arn_like, condition_is_met, like, listed, not_

Statement = Mapping[str, Any]


class PolicyResult(StrEnum):
    """IAM's result for one policy. UNCLEAR depends on values that only the real request has."""

    ALLOWED = "allowed"
    EXPLICIT_DENY = "explicit deny"
    IMPLICIT_DENY = "implicit deny"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who makes the request: a role, a service, or, without either, any role of the account."""

    account: str
    arn: str = ""
    service: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The request to evaluate. `absent_keys` are the condition keys that such a request never has.

    Keys in neither `condition_keys` nor `absent_keys` are unknown.
    """

    action: str
    resource: str
    condition_keys: Mapping[str, Any] = field(default_factory=dict)
    absent_keys: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """A result, and the statement that decides it or makes it unclear."""

    result: PolicyResult
    statement: str = ""


def evaluate(
    document: Mapping[str, Any], principal: Principal, request: Request, *, by_name: bool = False
) -> Evaluation:
    """Evaluate a resource's policy for a request.

    `by_name`: count an allow only if it names the principal itself or everyone. An allow for the principal's account
    delegates the decision to the account's own policies (
    https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html).
    """
    allows: dict[Truth, str] = {}
    denies: dict[Truth, str] = {}
    for number, statement in enumerate(listed(document.get("Statement", [])), start=1):
        name = str(statement.get("Sid") or f"statement {number}")
        is_deny = statement.get("Effect") == "Deny"
        truth = _applies(statement, principal, request, by_name=by_name and not is_deny)
        (denies if is_deny else allows).setdefault(truth, name)
    for found, truth, result in (
        (denies, Truth.YES, PolicyResult.EXPLICIT_DENY),
        (denies, Truth.UNCLEAR, PolicyResult.UNCLEAR),
        (allows, Truth.YES, PolicyResult.ALLOWED),
        (allows, Truth.UNCLEAR, PolicyResult.UNCLEAR),
    ):
        if truth in found:
            return Evaluation(result=result, statement=found[truth])
    return Evaluation(result=PolicyResult.IMPLICIT_DENY)


def _applies(statement: Statement, principal: Principal, request: Request, *, by_name: bool) -> Truth:
    return all_of(
        _names(statement, principal, by_name=by_name),
        _about_action(statement, request.action),
        _about_resource(statement, request.resource),
        condition_is_met(statement.get("Condition", {}), request.condition_keys, request.absent_keys),
    )


def _names(statement: Statement, principal: Principal, *, by_name: bool) -> Truth:
    if "NotPrincipal" not in statement:
        return _matches_any(statement.get("Principal", {}), principal, by_name=by_name)
    # NotPrincipal exempts a role only if it names the role and its account (reference_policies_elements_notprincipal).
    exempt = statement["NotPrincipal"]
    whole_account = Principal(
        account=principal.account, arn=f"arn:aws:iam::{principal.account}:root", service=principal.service
    )
    return not_(
        all_of(_matches_any(exempt, principal, by_name=True), _matches_any(exempt, whole_account, by_name=False))
    )


def _matches_any(element: Any, principal: Principal, *, by_name: bool) -> Truth:
    if element == "*":
        return Truth.YES
    if principal.service:
        return Truth.of(principal.service in listed(element.get("Service", [])))
    return any_of(*(_matches_one(each, principal, by_name=by_name) for each in listed(element.get("AWS", []))))


def _matches_one(named: str, principal: Principal, *, by_name: bool) -> Truth:
    if named in ("*", principal.arn):
        return Truth.YES
    if named == principal.account or re.fullmatch(rf"arn:[\w-]+:iam::{principal.account}:root", named):
        return Truth.of(not by_name)
    # The policy names a session of the account, or one of its roles while the role that asks is unknown.
    is_open = f":{principal.account}:" in named and (not principal.arn or ":assumed-role/" in named)
    return Truth.UNCLEAR if is_open else Truth.NO


def _about_action(statement: Statement, action: str) -> Truth:
    """Compares actions without regard to case."""
    is_inverted = "NotAction" in statement
    patterns = listed(statement["NotAction"] if is_inverted else statement.get("Action", []))
    return Truth.of(any(like(action.lower(), each.lower()) for each in patterns) is not is_inverted)


def _about_resource(statement: Statement, resource: str) -> Truth:
    """Trust policies have no Resource. Only the real request has the value of a policy variable."""
    is_inverted = "NotResource" in statement
    patterns = listed(statement["NotResource"] if is_inverted else statement.get("Resource", "*"))
    if any(each == "*" or arn_like(resource, each) for each in patterns):
        return Truth.of(not is_inverted)
    return Truth.UNCLEAR if any("${" in each for each in patterns) else Truth.of(is_inverted)
