"""Finds the rules of a bus that may match an event, without trying all of them.

Each rule is indexed by one exact value that it requires, if possible an ARN in the detail. A rule without such a value
is always tried. The result is only candidates: `matching` decides.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Generic, Protocol, TypeVar

from backup_simulator.matching import EventPattern, Fields


class HasPattern(Protocol):
    """A rule."""

    @property
    def reads(self) -> EventPattern: ...


R = TypeVar("R", bound=HasPattern)


class RuleIndex(Generic[R]):
    """The indexed rules of one bus. Created again when a rule is added."""

    def __init__(self, rules: Sequence[R]) -> None:
        self.size = len(rules)
        self._filed: dict[str, dict[str, list[tuple[int, R]]]] = defaultdict(lambda: defaultdict(list))
        self._always: list[tuple[int, R]] = []
        for number, rule in enumerate(rules):
            self._file(number, rule)

    def _file(self, number: int, rule: R) -> None:
        exact = _exact(rule.reads)
        if not exact:
            self._always.append((number, rule))
            return
        path, values = max(exact, key=_selectivity)
        for value in dict.fromkeys(values):
            self._filed[path][value].append((number, rule))

    def candidates(self, fields: Fields) -> list[R]:
        """The rules that may match, in the order in which they were added."""
        found = list(self._always)
        for path, by_value in self._filed.items():
            for value, _ in fields.get(path, ()):
                if isinstance(value, str):
                    found += by_value.get(value, ())
        if len(found) <= 1:
            return [rule for _, rule in found]
        return [rule for _, rule in sorted({number: (number, rule) for number, rule in found}.values(), key=_number)]


def _number(filed: tuple[int, Any]) -> int:
    return filed[0]


def _exact(pattern: EventPattern) -> list[tuple[str, list[str]]]:
    """The paths that must have one of some texts. A pattern with alternatives has none that all need."""
    if len(pattern.alternatives) > 1:
        return []
    return [
        (path, wanted)
        for path, wanted in pattern.alternatives[0].items()
        if all(isinstance(each, str) for each in wanted)
    ]


def _selectivity(exact: tuple[str, list[str]]) -> tuple[bool, int, int]:
    path, values = exact
    return all(value.startswith("arn:") for value in values), path.count("."), -len(values)
