"""The tests of one value that an event pattern can make; others are refused by name when the pattern is read."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from backup_simulator.errors import NotModelled, Refused

# Known to EventBridge, and not here.
NOT_KNOWN = ("exactly", "numeric", "cidr")


@dataclass(frozen=True, slots=True)
class ValueTest:
    """One test. `wants_absence` is met by a field that does not exist."""

    accepts: Callable[[Any], bool]
    wants_absence: bool = False

    def __call__(self, value: Any) -> bool:
        return self.accepts(value)


def invalid(reason: str) -> Refused:
    """What EventBridge answers to a pattern that is none."""
    return Refused("InvalidEventPatternException", f"Event pattern is not valid. Reason: {reason}")


def value_test(wanted: Any) -> ValueTest:
    """The test that an entry of a pattern's array makes. Raises Refused, NotModelled."""
    if isinstance(wanted, dict):
        if len(wanted) != 1:
            raise invalid("Only one key allowed in match expression" if wanted else "Match expression name not found")
        ((operator, argument),) = wanted.items()
        return _operator(operator, argument)
    if isinstance(wanted, list):
        raise invalid("Match value must be String, number, true, false, or null")
    return ValueTest(_equals(wanted))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _equals(wanted: Any) -> Callable[[Any], bool]:
    """Numbers are equal by value, so that 1 equals 1.0; all else is equal if it is the same in JSON."""
    if _is_number(wanted):
        return lambda value: _is_number(value) and value == wanted
    return lambda value: type(value) is type(wanted) and value == wanted


def _operator(name: str, argument: Any) -> ValueTest:
    if name == "exists":
        if not isinstance(argument, bool):
            raise invalid("exists match pattern must be either true or false.")
        return ValueTest(lambda _: argument, wants_absence=not argument)
    if name == "anything-but":
        return ValueTest(_anything_but(argument))
    if name in NOT_KNOWN or (name in TEXT_TESTS and isinstance(argument, dict)):
        inner = f" with {', '.join(argument)}" if isinstance(argument, dict) else ""
        raise NotModelled(f"the pattern operator {name}{inner} is not modelled")
    if name not in TEXT_TESTS:
        raise invalid(f"Unrecognized match type {name}")
    return ValueTest(_of_text(name, argument))


def _of_text(name: str, argument: Any) -> Callable[[Any], bool]:
    if not isinstance(argument, str):
        raise invalid(f"{name} match pattern must be a string")
    test = TEXT_TESTS[name](argument)
    return lambda value: isinstance(value, str) and test(value)


def _anything_but(argument: Any) -> Callable[[Any], bool]:
    """Every value but these, of whatever type."""
    if isinstance(argument, dict):
        ((name, prefix),) = argument.items() if len(argument) == 1 else [("", None)]
        if name != "prefix" or not isinstance(prefix, str):
            raise NotModelled(f"the pattern operator anything-but with {argument} is not modelled")
        if not prefix:
            raise invalid("Null prefix/suffix not allowed")
        return lambda value: not (isinstance(value, str) and value.startswith(prefix))
    values = argument if isinstance(argument, list) else [argument]
    if any(map(_is_number, values)):
        raise NotModelled(f"the pattern operator anything-but with numbers is not modelled: {argument}")
    if not values or not all(isinstance(each, str) for each in values):
        raise invalid("Inside anything but list, either all values are number or string, mixed type is not supported")
    return lambda value: not (isinstance(value, str) and value in values)


def _ignoring_case(argument: str) -> Callable[[str], bool]:
    return lambda text: len(text) == len(argument) and text.lower() == argument.lower()


def _wildcard(argument: str) -> Callable[[str], bool]:
    """`*` is any text; a backslash makes a star or a backslash plain."""
    parts = re.findall(r"\\.?|\*|[^\\*]+", argument, re.DOTALL)
    if any(part[0] == "\\" and part not in (r"\*", r"\\") for part in parts):
        raise invalid("Invalid escape character in a wildcard")
    if any(one == other == "*" for one, other in pairwise(parts)):
        raise invalid("Consecutive wildcard characters")
    plain = ("" if part == "*" else part[1] if part[0] == "\\" else part for part in parts)
    found = re.compile("".join(re.escape(part) if part else ".*" for part in plain), re.DOTALL)
    return lambda text: found.fullmatch(text) is not None


TEXT_TESTS: dict[str, Callable[[str], Callable[[str], bool]]] = {
    "prefix": lambda argument: lambda text: text.startswith(argument),
    "suffix": lambda argument: lambda text: text.endswith(argument),
    "equals-ignore-case": _ignoring_case,
    "wildcard": _wildcard,
}
