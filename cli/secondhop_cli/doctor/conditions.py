"""Conditions of policy statements in three values: met, not met, or unclear where a key's value is not known.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any

QUANTIFIERS = ("ForAnyValue:", "ForAllValues:")
# Of an ARN.
PARTS = 6


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
        return Fit.of((found is None) == (str(listed(wanted)[0]).lower() == "true"))
    if found is None:
        return Fit.of(_meets_when_missing(quantifier, plain))
    tested = [_compare(plain.removesuffix("IfExists"), str(each), listed(wanted)) for each in listed(found)]
    # Of several values a negated operator without a quantifier wants none to match.
    wants_all = quantifier == "ForAllValues:" or (not quantifier and "Not" in plain)
    return all_of(*tested) if wants_all else any_of(*tested)


def _meets_when_missing(quantifier: str, plain: str) -> bool:
    """A key that the request does not carry: ForAllValues is met, ForAnyValue never; else negation and ...IfExists."""
    if quantifier:
        return quantifier == "ForAllValues:"
    return plain.endswith("IfExists") or "Not" in plain


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
            holds = any(like(value, each) for each in texts)
        case "ArnLike" | "ArnEquals":
            holds = any(arn_like(value, each) for each in texts)
        case _:
            return Fit.UNCLEAR
    return Fit.of(holds != negated)


def arn_like(value: str, pattern: str) -> bool:
    """Part by part: no wildcard reaches over a colon but in the last of the six; missing parts are wildcards."""
    patterns = pattern.split(":", PARTS - 1)
    patterns += ["*"] * (PARTS - len(patterns))
    parts = value.split(":", PARTS - 1)
    return len(parts) == PARTS and all(map(like, parts, patterns))


def like(value: str, pattern: str) -> bool:
    return _regex(pattern).fullmatch(value) is not None


@lru_cache(maxsize=1024)
def _regex(pattern: str) -> re.Pattern[str]:
    return re.compile(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)


def listed(value: Any) -> list[Any]:
    """What a policy may write as one value or as a list."""
    return list(value) if isinstance(value, list | tuple) else [value]
