"""Whether a resource's policy lets somebody do something: allowed, denied, or unclear.

IAM's own logic for one document: an explicit deny, else an allow, else nothing
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html). What a statement makes
depend on something that is not known here is unclear, and unclear is never taken for allowed. What a role's own
policies say is asked of IAM (SimulatePrincipalPolicy) instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any

from secondhop_cli.doctor.conditions import Fit, all_of, any_of, condition_fits, not_

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


def judge(document: Mapping[str, Any], asker: Asker, deed: Deed) -> Judgement:
    """What a resource's policy says of somebody's deed."""
    allows: dict[Fit, str] = {}
    denies: dict[Fit, str] = {}
    for number, statement in enumerate(_listed(document.get("Statement", [])), start=1):
        name = str(statement.get("Sid") or f"statement {number}")
        found = denies if statement.get("Effect") == "Deny" else allows
        found.setdefault(_fits(statement, asker, deed), name)
    if Fit.YES in denies:
        return Judgement(verdict=Verdict.DENIED, statement=denies[Fit.YES])
    if Fit.UNCLEAR in denies:
        return Judgement(verdict=Verdict.UNCLEAR, statement=denies[Fit.UNCLEAR])
    if Fit.YES in allows:
        return Judgement(verdict=Verdict.ALLOWED, statement=allows[Fit.YES])
    if Fit.UNCLEAR in allows:
        return Judgement(verdict=Verdict.UNCLEAR, statement=allows[Fit.UNCLEAR])
    return Judgement(verdict=Verdict.NOTHING)


def _fits(statement: Statement, asker: Asker, deed: Deed) -> Fit:
    return all_of(
        _names(statement, asker),
        _about(statement, "Action", deed.action, fold=True),
        _about(statement, "Resource", deed.resource),
        condition_fits(statement.get("Condition", {}), deed.context, deed.absent),
    )


def _names(statement: Statement, asker: Asker) -> Fit:
    if "NotPrincipal" in statement:
        return not_(_is_named(statement["NotPrincipal"], asker))
    return _is_named(statement.get("Principal", {}), asker)


def _is_named(principal: Any, asker: Asker) -> Fit:
    if principal == "*":
        return Fit.YES
    if asker.service:
        return Fit.of(asker.service in _listed(principal.get("Service", [])))
    return any_of(*(_is(each, asker) for each in _listed(principal.get("AWS", []))))


def _is(named: str, asker: Asker) -> Fit:
    whole_account = named == asker.account or re.fullmatch(rf"arn:[\w-]+:iam::{asker.account}:root", named)
    if named == "*" or whole_account or (asker.arn and named == asker.arn):
        return Fit.YES
    # A role of the account is named, and which one asks is not known.
    return Fit.UNCLEAR if not asker.arn and f":{asker.account}:" in named else Fit.NO


def _about(statement: Statement, element: str, value: str, *, fold: bool = False) -> Fit:
    """Actions are compared without regard to case; resources with it. A resource's policy may leave Resource out."""
    if f"Not{element}" in statement:
        return Fit.of(not _matches(statement[f"Not{element}"], value, fold=fold))
    return Fit.of(_matches(statement.get(element, "*" if element == "Resource" else []), value, fold=fold))


def _matches(patterns: Any, value: str, *, fold: bool) -> bool:
    return any(_pattern(each, fold=fold).fullmatch(value) is not None for each in _listed(patterns))


@lru_cache(maxsize=1024)
def _pattern(text: str, *, fold: bool) -> re.Pattern[str]:
    written = re.escape(text).replace(r"\*", ".*").replace(r"\?", ".")
    return re.compile(written, re.DOTALL | (re.IGNORECASE if fold else 0))


def _listed(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list | tuple) else [value]
