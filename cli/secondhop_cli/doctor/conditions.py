"""Evaluates conditions of policy statements: met, not met, or unclear if the value of a key is not known.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any

QUANTIFIERS = ("ForAnyValue:", "ForAllValues:")
ARN_PARTS = 6


class Truth(StrEnum):
    """Three-valued logic."""

    YES = "yes"
    NO = "no"
    UNCLEAR = "unclear"

    @classmethod
    def of(cls, holds: bool) -> Truth:  # noqa: FBT001 - it converts a bool
        return cls.YES if holds else cls.NO


def all_of(*values: Truth) -> Truth:
    if Truth.NO in values:
        return Truth.NO
    return Truth.UNCLEAR if Truth.UNCLEAR in values else Truth.YES


def any_of(*values: Truth) -> Truth:
    if Truth.YES in values:
        return Truth.YES
    return Truth.UNCLEAR if Truth.UNCLEAR in values else Truth.NO


def not_(truth: Truth) -> Truth:
    return {Truth.YES: Truth.NO, Truth.NO: Truth.YES}.get(truth, Truth.UNCLEAR)


def condition_is_met(
    condition: Mapping[str, Any], condition_keys: Mapping[str, Any], absent_keys: Iterable[str]
) -> Truth:
    """Whether a Condition block is met. Keys are compared without regard to case, as IAM does."""
    known = {name.lower(): value for name, value in condition_keys.items()}
    missing = {name.lower() for name in absent_keys}
    return all_of(
        *(
            _test(operator, known.get(key.lower()), wanted, is_known=key.lower() in known or key.lower() in missing)
            for operator, tests in condition.items()
            for key, wanted in tests.items()
        )
    )


def _test(operator: str, found: Any, wanted: Any, *, is_known: bool) -> Truth:
    if not is_known:
        return Truth.UNCLEAR
    quantifier = next((each for each in QUANTIFIERS if operator.startswith(each)), "")
    plain = operator.removeprefix(quantifier)
    if plain == "Null":
        return Truth.of((found is None) == (str(listed(wanted)[0]).lower() == "true"))
    if found is None:
        return Truth.of(_meets_when_missing(quantifier, plain))
    tested = [_compare(plain.removesuffix("IfExists"), str(each), listed(wanted)) for each in listed(found)]
    # A negated operator without a quantifier is met only if none of several values matches.
    wants_all = quantifier == "ForAllValues:" or (not quantifier and "Not" in plain)
    return all_of(*tested) if wants_all else any_of(*tested)


def _meets_when_missing(quantifier: str, plain: str) -> bool:
    """A key that the request does not carry: ForAllValues is met, ForAnyValue never; else negation and ...IfExists."""
    if quantifier:
        return quantifier == "ForAllValues:"
    return plain.endswith("IfExists") or "Not" in plain


def _compare(operator: str, value: str, wanted: list[Any]) -> Truth:
    texts = [str(each) for each in wanted]
    if any("${" in each for each in texts):
        # Only the real request has the value of a policy variable.
        return Truth.UNCLEAR
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
            return Truth.UNCLEAR
    return Truth.of(holds != negated)


def arn_like(value: str, pattern: str) -> bool:
    """Compare the six parts. A wildcard matches no colon, except in the last part. Missing parts are wildcards."""
    patterns = pattern.split(":", ARN_PARTS - 1)
    patterns += ["*"] * (ARN_PARTS - len(patterns))
    parts = value.split(":", ARN_PARTS - 1)
    return len(parts) == ARN_PARTS and all(map(like, parts, patterns))


def like(value: str, pattern: str) -> bool:
    return _regex(pattern).fullmatch(value) is not None


@lru_cache(maxsize=1024)
def _regex(pattern: str) -> re.Pattern[str]:
    return re.compile(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)


def listed(value: Any) -> list[Any]:
    """A value that a policy may write alone or as a list, as a list."""
    return list(value) if isinstance(value, list | tuple) else [value]
