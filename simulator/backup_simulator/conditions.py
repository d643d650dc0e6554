"""The Condition element of policy statements, as IAM evaluates it.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html,
reference_policies_condition-single-vs-multi-valued-context-keys.html and reference_policies_variables.html. An operator
that is not known is refused by name, and so is a key that requests to AWS have and requests here do not have.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from backup_simulator.errors import NotModelled

# The known keys of these services: requests here have them, or requests to AWS would not have them either. The others,
# such as aws:CurrentTime, are in requests to AWS and not in ours. To evaluate them as absent would be wrong.
KNOWN: dict[str, frozenset[str]] = {
    "aws": frozenset(
        {
            "calledvia",
            "calledviafirst",
            "calledvialast",
            "multifactorauthage",
            "principalaccount",
            "principalarn",
            "principalorgid",
            "referer",
            "requestedregion",
            "resourceaccount",
            "resourceorgid",
            "sourceaccount",
            "sourcearn",
            "sourcevpc",
            "sourcevpce",
            "username",
            "vpcsourceip",
        }
    ),
    "backup": frozenset({"copytargets"}),
    "events": frozenset({"source"}),
    "iam": frozenset({"passedtoservice"}),
    # Calls of RDS are checked, and nothing here says what their keys would hold.
    "rds": frozenset(),
    "kms": frozenset({"calleraccount", "grantisforawsresource", "resourcealiases", "viaservice"}),
    "sts": frozenset({"externalid", "rolesessionname"}),
}
# Roles and sessions have no tags here.
KNOWN_TAGS = "aws:principaltag/"
TEXTS = ("Equals", "NotEquals", "EqualsIgnoreCase", "NotEqualsIgnoreCase", "Like", "NotLike")
NUMBERS: dict[str, Callable[[Any, Any], bool]] = {
    "Equals": operator.eq,
    "NotEquals": operator.ne,
    "LessThan": operator.lt,
    "LessThanEquals": operator.le,
    "GreaterThan": operator.gt,
    "GreaterThanEquals": operator.ge,
}
OPERATORS = (
    {"Bool", "IpAddress", "NotIpAddress", "ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"}
    | {f"String{name}" for name in TEXTS}
    | {f"{kind}{name}" for kind in ("Numeric", "Date") for name in NUMBERS}
)
QUANTIFIERS = ("", "ForAllValues", "ForAnyValue")
VARIABLE = re.compile(r"\$\{([^}*?$,]+)(?:,\s*'([^']*)')?\}")
WILD = re.compile(r"(\*|\?|\$\{[*?$]\})")


class Unresolved(Exception):  # noqa: N818 - no error: the statement with this variable does not apply
    """A policy variable has no value in the request, so its statement matches nothing."""


def check_condition(condition: Any, *, variables: bool) -> None:
    """Raises ValueError for what is no condition, NotModelled for an operator or key that is not known here."""
    if not isinstance(condition, Mapping):
        raise ValueError("Condition is an object of operators.")  # noqa: TRY004 - the caller refuses a document by it
    for name, tests in condition.items():
        _check_operator(name)
        if not isinstance(tests, Mapping):
            raise ValueError(f"{name} is an object of condition keys.")  # noqa: TRY004 - as above
        for key, expected in tests.items():
            check_key(key)
            _check_values(name, key, as_list(expected), variables=variables)


def _check_operator(name: str) -> None:
    quantifier, _, plain = name.rpartition(":")
    plain = plain.removesuffix("IfExists")
    if plain == "BinaryEquals":
        raise NotModelled(f"the condition operator {name} is not modelled")
    if quantifier not in QUANTIFIERS or (plain not in OPERATORS and name != "Null"):
        raise ValueError(f"there is no condition operator {name}.")


def check_key(key: str) -> None:
    """Raises NotModelled for a condition key that is not known here. Keys of other services are about other calls."""
    service, _, name = key.lower().partition(":")
    if not key.lower().startswith(KNOWN_TAGS) and name not in KNOWN.get(service, {name}):
        raise NotModelled(f"the condition key {key} is not modelled")


def _check_values(name: str, key: str, expected: list[Any], *, variables: bool) -> None:
    plain = name.rpartition(":")[2].removesuffix("IfExists")
    if not expected or not all(isinstance(each, str | bool | int | float) for each in expected):
        raise ValueError(f"{key} has a value that is none.")
    texts = [_text(each) for each in expected]
    if plain in ("Null", "Bool") and not {each.lower() for each in texts} <= {"true", "false"}:
        raise ValueError(f"{name} of {key} is true or false.")
    if plain.startswith(("Numeric", "Date")) or plain.endswith("IpAddress"):
        read = float if plain.startswith("Numeric") else _moment if plain.startswith("Date") else _network
        for each in texts:
            read(each)
    if variables and plain.startswith(("String", "Arn")):
        check_variables(texts)


def check_variables(patterns: list[str]) -> None:
    """Raises NotModelled for a policy variable with a key that is not known here."""
    for pattern in patterns:
        for found in VARIABLE.finditer(pattern):
            check_key(found[1].strip())


def hold(condition: Mapping[str, Mapping[str, Any]], context: Mapping[str, Any], *, variables: bool) -> bool:
    """Whether all conditions of a statement hold. `variables` False takes `${...}` for plain text (Version 2008)."""
    return all(
        _holds(name, key, [_text(each) for each in as_list(expected)], context, variables=variables)
        for name, tests in condition.items()
        for key, expected in tests.items()
    )


def _holds(name: str, key: str, expected: list[str], context: Mapping[str, Any], *, variables: bool) -> bool:
    quantifier, _, plain = name.rpartition(":")
    if_exists, plain = plain.endswith("IfExists"), plain.removesuffix("IfExists")
    found = _found(context, key)
    if plain == "Null":
        return (found is None) == (expected[0].lower() == "true")
    values = [] if found is None else [_text(each) for each in as_list(found)]
    if variables and plain.startswith(("String", "Arn")):
        expected = [filled(each, context) for each in expected]
    compare = _comparison(plain)
    if quantifier == "ForAllValues":
        # "Also returns true if there are no context keys in the request": an Allow needs a Null check beside it.
        return all(compare(value, expected) for value in values)
    if quantifier == "ForAnyValue":
        # False for a key that is absent, with a negated operator and with IfExists too.
        return any(compare(value, expected) for value in values)
    if quantifier:
        raise NotModelled(f"the condition operator {name} is not modelled")
    if found is None:
        # A negated operator holds when the key is missing; a positive one does not, but for ...IfExists.
        return if_exists or "Not" in plain
    return (
        all(compare(value, expected) for value in values)
        if "Not" in plain
        else any(compare(value, expected) for value in values)
    )


def _found(context: Mapping[str, Any], key: str) -> Any:
    """The value of a context key. Its name is not case-sensitive."""
    if key in context:
        return context[key]
    check_key(key)
    folded = key.lower()
    return next((value for name, value in context.items() if name.lower() == folded), None)


def _comparison(name: str) -> Callable[[str, list[str]], bool]:
    """Compare one value of the request with all values of the policy."""
    if "Not" in name and name not in ("NumericNotEquals", "DateNotEquals"):
        positive = _comparison(name.replace("Not", ""))
        return lambda value, expected: not positive(value, expected)
    if name.startswith(("Numeric", "Date")):
        kind, read = ("Numeric", float) if name.startswith("Numeric") else ("Date", _moment)
        compare = NUMBERS.get(name.removeprefix(kind))
        if compare is not None:
            return _measured(read, compare, all if name.endswith("NotEquals") else any)
    match name:
        case "StringEquals":
            return lambda value, expected: value in map(literal, expected)
        case "StringEqualsIgnoreCase" | "Bool":
            return lambda value, expected: value.lower() in [literal(each).lower() for each in expected]
        case "StringLike":
            return lambda value, expected: any(like(value, each) for each in expected)
        case "ArnLike" | "ArnEquals":
            return lambda value, expected: any(arn_like(value, each) for each in expected)
        case "IpAddress":
            return lambda value, expected: any(ip_address(value) in _network(each) for each in expected)
    raise NotModelled(f"the condition operator {name} is not modelled")


def _measured(
    read: Callable[[str], Any], compare: Callable[[Any, Any], bool], wanted: Callable[[Iterable[bool]], bool]
) -> Callable[[str, list[str]], bool]:
    """Compare numbers or dates. A value of the request that is none does not match."""

    def holds(value: str, expected: list[str]) -> bool:
        try:
            found = read(value)
        except ValueError:
            return False
        return wanted(compare(found, read(each)) for each in expected)

    return holds


def _network(text: str) -> IPv4Network | IPv6Network:
    return ip_network(text, strict=False)


def _moment(text: str) -> datetime:
    if text.isdecimal():
        return datetime.fromtimestamp(int(text), UTC)
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def filled(pattern: str, context: Mapping[str, Any]) -> str:
    """A pattern with the values of its policy variables, which are no wildcards. Raises Unresolved."""
    if "${" not in pattern:
        return pattern

    def value(found: re.Match[str]) -> str:
        known = _found(context, found[1].strip())
        if known is None and found[2] is None:
            raise Unresolved(found[0])
        if isinstance(known, list | tuple):
            raise Unresolved(f"{found[0]} has many values")
        return re.sub(r"[*?$]", r"${\g<0>}", found[2] if known is None else _text(known))

    return VARIABLE.sub(value, pattern)


@lru_cache(maxsize=4096)
def literal(pattern: str) -> str:
    """A pattern in which `${*}`, `${?}` and `${$}` mean the character in their braces."""
    return re.sub(r"\$\{([*?$])\}", r"\1", pattern)


@lru_cache(maxsize=65536)
def like(value: str, pattern: str) -> bool:
    return _regex(pattern).fullmatch(value) is not None


@lru_cache(maxsize=65536)
def arn_like(value: str, pattern: str) -> bool:
    """Match part by part: only a wildcard in the last of six parts can match a colon. Missing parts are wildcards."""
    return _arn_regex(pattern).fullmatch(value) is not None


@lru_cache(maxsize=4096)
def _regex(pattern: str) -> re.Pattern[str]:
    return re.compile(_translated(pattern, "."), re.DOTALL)


@lru_cache(maxsize=4096)
def _arn_regex(pattern: str) -> re.Pattern[str]:
    parts = pattern.split(":", 5)
    parts += ["*"] * (6 - len(parts))
    return re.compile(
        ":".join([*(_translated(each, "[^:]") for each in parts[:5]), _translated(parts[5], ".")]), re.DOTALL
    )


def _translated(pattern: str, any_one: str) -> str:
    wild = {"*": f"{any_one}*", "?": any_one}
    return "".join(wild.get(each) or re.escape(literal(each)) for each in WILD.split(pattern))
