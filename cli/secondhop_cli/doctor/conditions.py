"""Conditions of policy statements in three values: met, not met, or unclear where a key's value is not known.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

QUANTIFIERS = ("ForAnyValue:", "ForAllValues:")


class Fit(StrEnum):
    """Three-valued logic."""

    YES = "yes"
    NO = "no"
    UNCLEAR = "unclear"

    @classmethod
    def of(cls, holds: bool) -> Fit:  # noqa: FBT001 - it turns a bool into one of three values
        return cls.YES if holds else cls.NO


def all_of(*fits: Fit) -> Fit:
    if Fit.NO in fits:
        return Fit.NO
    return Fit.UNCLEAR if Fit.UNCLEAR in fits else Fit.YES


def any_of(*fits: Fit) -> Fit:
    if Fit.YES in fits:
        return Fit.YES
    return Fit.UNCLEAR if Fit.UNCLEAR in fits else Fit.NO


def not_(fit: Fit) -> Fit:
    return {Fit.YES: Fit.NO, Fit.NO: Fit.YES}.get(fit, Fit.UNCLEAR)


def condition_fits(condition: Mapping[str, Any], context: Mapping[str, Any], absent: Iterable[str]) -> Fit:
    """Whether a Condition block is met. Keys are compared without regard to case, as IAM does."""
    known = {name.lower(): value for name, value in context.items()}
    missing = {name.lower() for name in absent}
    return all_of(
        *(
            _test(operator, known.get(key.lower()), wanted, is_known=key.lower() in known or key.lower() in missing)
            for operator, tests in condition.items()
            for key, wanted in tests.items()
        )
    )


def _test(operator: str, found: Any, wanted: Any, *, is_known: bool) -> Fit:
    if not is_known:
        return Fit.UNCLEAR
    quantifier = next((each for each in QUANTIFIERS if operator.startswith(each)), "")
    plain = operator.removeprefix(quantifier)
    if plain == "Null":
        return Fit.of((found is None) == (str(_listed(wanted)[0]).lower() == "true"))
    if found is None:
        # A missing key meets negated operators, ...IfExists and ForAllValues, and no others.
        return Fit.of(plain.endswith("IfExists") or "Not" in plain or quantifier == "ForAllValues:")
    tested = [_compare(plain.removesuffix("IfExists"), str(each), _listed(wanted)) for each in _listed(found)]
    return all_of(*tested) if quantifier == "ForAllValues:" else any_of(*tested)


def _compare(operator: str, value: str, wanted: list[Any]) -> Fit:
    texts = [str(each) for each in wanted]
    if any("${" in each for each in texts):
        # A policy variable, whose value only the real request has.
        return Fit.UNCLEAR
    negated = "Not" in operator
    match operator.replace("Not", ""):
        case "StringEquals":
            holds = value in texts
        case "StringEqualsIgnoreCase" | "Bool":
            holds = value.lower() in [each.lower() for each in texts]
        case "StringLike":
            holds = any(_like(value, each) for each in texts)
        case "ArnLike" | "ArnEquals":
            holds = any(_arn_like(value, each) for each in texts)
        case _:
            return Fit.UNCLEAR
    return Fit.of(holds != negated)


def _like(value: str, pattern: str) -> bool:
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), value, re.DOTALL) is not None


def _arn_like(value: str, pattern: str) -> bool:
    """Each of the six parts is compared for itself, so that a wildcard does not reach over a colon into the next."""
    parts, patterns = value.split(":", 5), pattern.split(":", 5)
    return pattern == "*" or (len(parts) == len(patterns) and all(map(_like, parts, patterns)))


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
