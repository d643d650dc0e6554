"""Decides whether an event matches an event pattern, as AWS's own engine does.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns-content-based-filtering.html. The engine is
https://github.com/aws/event-ruler; these rules agree with its verdicts:

- An event is a set of fields. Each has a path and one value. Objects and arrays are not values; empty ones are nothing.
- A value of an array is a value of the array's field. What matches within one array must be within one of its elements.
- A field that is both in `$or` and beside it takes the tests that are written last.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from typing import Any

from backup_simulator.value_tests import ValueTest, invalid, value_test

Membership = tuple[tuple[int, int], ...]
"""The arrays that a value is in, and its place in each."""
Fields = dict[str, list[tuple[Any, Membership]]]
Steps = tuple[tuple[str, tuple[ValueTest, ...]], ...]
LEAST_ALTERNATIVES = 2
# Names that the engine takes for operators, so that they cannot name fields in `$or`.
RESERVED = frozenset(
    {"anything-but", "cidr", "equals-ignore-case", "exactly", "exists", "numeric", "prefix", "suffix", "wildcard"}
)


class EventPattern:
    """An event pattern. Raises Refused for what AWS refuses, and NotModelled for an operator that is not modelled."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        written: list[dict[str, list[Any]]] = []
        _write(document, (), written, in_or=False)
        self.alternatives = written
        """The tests as they are written, by path. One of the alternatives must match."""
        self._ways = tuple(_steps(each) for each in written)

    def matches(self, fields: Fields) -> bool:
        """Whether the fields of an event match."""
        return any(_from(steps, 0, fields, ()) for steps in self._ways)


def matches(pattern: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Whether an event matches a pattern."""
    return EventPattern(pattern).matches(fields_of(event))


def fields_of(event: Mapping[str, Any]) -> Fields:
    """The fields of an event, by path."""
    found: Fields = {}
    arrays = count()
    for name, value in event.items():
        _flatten(value, name, (), found, arrays)
    return found


def _flatten(value: Any, path: str, membership: Membership, found: Fields, arrays: Iterator[int]) -> None:
    if isinstance(value, dict):
        for name, each in value.items():
            _flatten(each, f"{path}.{name}", membership, found, arrays)
    elif isinstance(value, list):
        array = next(arrays)
        for place, each in enumerate(value):
            within = (*membership, (array, place)) if isinstance(each, dict | list) else membership
            _flatten(each, path, within, found, arrays)
    else:
        found.setdefault(path, []).append((value, membership))


def _from(steps: Steps, number: int, fields: Fields, membership: Membership) -> bool:
    """Whether the steps from this number on match values that fit into the same elements of arrays."""
    if number == len(steps):
        return True
    path, tests = steps[number]
    is_there = False
    for value, place in fields.get(path, ()):
        together = _together(membership, place)
        if together is None:
            continue
        is_there = True
        if any(test(value) for test in tests) and _from(steps, number + 1, fields, together):
            return True
    return not is_there and any(test.wants_absence for test in tests) and _from(steps, number + 1, fields, membership)


def _together(one: Membership, other: Membership) -> Membership | None:
    """Both memberships, or None if they are in different elements of an array."""
    if not other or one == other:
        return one
    places = dict(one)
    if any(places.get(array, place) != place for array, place in other):
        return None
    return tuple((places | dict(other)).items())


def _write(
    pattern: Mapping[str, Any], path: tuple[str, ...], written: list[dict[str, list[Any]]], *, in_or: bool
) -> None:
    """Add the tests of a pattern to every alternative. `$or` makes new alternatives of each."""
    if not isinstance(pattern, Mapping):
        raise invalid("Filter is not an object")
    if not pattern:
        raise invalid("Empty objects are not allowed")
    for name, wanted in pattern.items():
        if name == "$or":
            _write_each(wanted, path, written)
        elif in_or and name in RESERVED:
            raise invalid(f"{name} is reserved and cannot be used inside $or")
        elif isinstance(wanted, Mapping):
            _write(wanted, (*path, name), written, in_or=in_or)
        elif not isinstance(wanted, list):
            raise invalid(f'"{name}" must be an object or an array')
        elif not wanted:
            raise invalid("Empty arrays are not allowed")
        else:
            for each in written or _first_of(written):
                each[".".join((*path, name))] = wanted


def _first_of(written: list[dict[str, list[Any]]]) -> list[dict[str, list[Any]]]:
    written.append({})
    return written


def _write_each(choices: Any, path: tuple[str, ...], written: list[dict[str, list[Any]]]) -> None:
    if not isinstance(choices, list) or not all(isinstance(each, Mapping) for each in choices):
        raise invalid("$or takes an array of objects")
    if len(choices) < LEAST_ALTERNATIVES:
        raise invalid("There must have at least 2 Objects in $or relationship")
    before = [dict(each) for each in written] or [{}]
    written.clear()
    for choice in choices:
        own = [dict(each) for each in before]
        _write(choice, path, own, in_or=True)
        written += own


def _steps(written: Mapping[str, Iterable[Any]]) -> Steps:
    """In the order of the paths: the engine reads an event in this order."""
    return tuple((path, tuple(map(value_test, written[path]))) for path in sorted(written))
