"""Whether a resource's policy lets somebody do something: allowed, denied, or unclear.

IAM's own logic for one document: an explicit deny, else an allow, else nothing
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html). What a statement makes
depend on something that is not known here is unclear, and unclear is never taken for allowed. What a role's own
policies say is asked of IAM (SimulatePrincipalPolicy) instead.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from secondhop_cli.doctor.conditions import Fit, all_of, any_of, arn_like, condition_fits, like, listed, not_

Statement = Mapping[str, Any]


class Verdict(StrEnum):
    """What a policy says. NOTHING is an implicit denial; UNCLEAR depends on what cannot be known from outside."""

    ALLOWED = "allowed"
    DENIED = "denied"
    NOTHING = "nothing"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Who wants to do something: a role by its ARN, a service by its name, or without either some role."""

    account: str
    arn: str = ""
    service: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What somebody wants to do. `absent` are condition keys that such a request is known not to carry.

    Keys that are neither in the context nor absent are unknown.
    """

    action: str
    resource: str
    context: Mapping[str, Any] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A verdict, and the statement on which it rests or which makes it unclear."""

    verdict: Verdict
    statement: str = ""


def judge(document: Mapping[str, Any], asker: Asker, deed: Deed, *, by_name: bool = False) -> Judgement:
    """What a resource's policy says of somebody's deed.

    `by_name`: an allow must name the asker itself, or everybody; one that names its account only hands the question on
    to the account's own policies (https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html).
    """
    allows: dict[Fit, str] = {}
    denies: dict[Fit, str] = {}
    for number, statement in enumerate(listed(document.get("Statement", [])), start=1):
        name = str(statement.get("Sid") or f"statement {number}")
        is_deny = statement.get("Effect") == "Deny"
        fit = _fits(statement, asker, deed, by_name=by_name and not is_deny)
        (denies if is_deny else allows).setdefault(fit, name)
    for found, fit, verdict in (
        (denies, Fit.YES, Verdict.DENIED),
        (denies, Fit.UNCLEAR, Verdict.UNCLEAR),
        (allows, Fit.YES, Verdict.ALLOWED),
        (allows, Fit.UNCLEAR, Verdict.UNCLEAR),
    ):
        if fit in found:
            return Judgement(verdict=verdict, statement=found[fit])
    return Judgement(verdict=Verdict.NOTHING)


def _fits(statement: Statement, asker: Asker, deed: Deed, *, by_name: bool) -> Fit:
    return all_of(
        _names(statement, asker, by_name=by_name),
        _about_action(statement, deed.action),
        _about_resource(statement, deed.resource),
        condition_fits(statement.get("Condition", {}), deed.context, deed.absent),
    )


def _names(statement: Statement, asker: Asker, *, by_name: bool) -> Fit:
    if "NotPrincipal" not in statement:
        return _is_among(statement.get("Principal", {}), asker, by_name=by_name)
    # A role is spared only if it and its account are named (reference_policies_elements_notprincipal).
    spared = statement["NotPrincipal"]
    whole_account = Asker(account=asker.account, arn=f"arn:aws:iam::{asker.account}:root", service=asker.service)
    return not_(all_of(_is_among(spared, asker, by_name=True), _is_among(spared, whole_account, by_name=False)))


def _is_among(principal: Any, asker: Asker, *, by_name: bool) -> Fit:
    if principal == "*":
        return Fit.YES
    if asker.service:
        return Fit.of(asker.service in listed(principal.get("Service", [])))
    return any_of(*(_is(each, asker, by_name=by_name) for each in listed(principal.get("AWS", []))))


def _is(named: str, asker: Asker, *, by_name: bool) -> Fit:
    if named in ("*", asker.arn):
        return Fit.YES
    if named == asker.account or re.fullmatch(rf"arn:[\w-]+:iam::{asker.account}:root", named):
        return Fit.of(not by_name)
    # A session of the account is named, or some role of it while it is not known which one asks.
    is_open = f":{asker.account}:" in named and (not asker.arn or ":assumed-role/" in named)
    return Fit.UNCLEAR if is_open else Fit.NO


def _about_action(statement: Statement, action: str) -> Fit:
    """Actions are compared without regard to case."""
    is_inverted = "NotAction" in statement
    patterns = listed(statement["NotAction"] if is_inverted else statement.get("Action", []))
    return Fit.of(any(like(action.lower(), each.lower()) for each in patterns) is not is_inverted)


def _about_resource(statement: Statement, resource: str) -> Fit:
    """Trust policies have no Resource. A policy variable in it is known to the real request alone."""
    is_inverted = "NotResource" in statement
    patterns = listed(statement["NotResource"] if is_inverted else statement.get("Resource", "*"))
    if any(each == "*" or arn_like(resource, each) for each in patterns):
        return Fit.of(not is_inverted)
    return Fit.UNCLEAR if any("${" in each for each in patterns) else Fit.of(is_inverted)
