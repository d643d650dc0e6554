"""EventBridge event patterns.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns-content-based-filtering.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backup_simulator.errors import NotModelled


def matches(pattern: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Whether an event matches a pattern."""
    return all(_matches_field(wanted, event, name) for name, wanted in pattern.items())


def _matches_field(wanted: Any, event: Any, name: str) -> bool:
    if name == "$or":
        return any(matches(each, event) for each in wanted)
    is_there = isinstance(event, dict) and name in event
    found = event[name] if is_there else None
    if isinstance(wanted, dict):
        return isinstance(found, dict) and matches(wanted, found)
    if not isinstance(wanted, list):
        raise NotModelled(f"the pattern for {name} is no list: {wanted!r}")
    values = found if isinstance(found, list) else [found]
    return any(_matches_value(each, value, is_there=is_there) for each in wanted for value in values or [None])


def _matches_value(wanted: Any, found: Any, *, is_there: bool) -> bool:
    if not isinstance(wanted, dict):
        return is_there and type(wanted) is type(found) and wanted == found
    ((operator, argument),) = wanted.items()
    text = found if isinstance(found, str) else None
    match operator:
        case "exists":
            # Works on leaves only: an object in place of a value does not "exist".
            return (is_there and not isinstance(found, dict)) is argument
        case "prefix":
            return text is not None and text.startswith(argument)
        case "suffix":
            return text is not None and text.endswith(argument)
        case "equals-ignore-case":
            return text is not None and text.lower() == argument.lower()
        case "anything-but":
            return is_there and not _is_any_of(argument, found)
        case "wildcard":
            return text is not None and _wildcard(argument, text)
        case _:
            raise NotModelled(f"the pattern operator {operator} is not modelled")


def _is_any_of(argument: Any, found: Any) -> bool:
    if isinstance(argument, dict):
        return _matches_value(argument, found, is_there=True)
    return found in (argument if isinstance(argument, list) else [argument])


def _wildcard(pattern: str, text: str) -> bool:
    first, *rest = pattern.split("*")
    if not rest:
        return pattern == text
    if not text.startswith(first):
        return False
    position = len(first)
    for part in rest[:-1]:
        position = text.find(part, position)
        if position < 0:
            return False
        position += len(part)
    return text.endswith(rest[-1]) and len(text) - len(rest[-1]) >= position
