"""Finds the rules of a bus that may match an event, without trying all of them.

Each rule is indexed by one exact value that it requires, if possible an ARN in the detail. A rule without such a value
is always tried. The result is only candidates: `matching` decides.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar

Path = tuple[str, ...]


class HasPattern(Protocol):
    """A rule."""

    @property
    def pattern(self) -> dict[str, Any]: ...


R = TypeVar("R", bound=HasPattern)


class RuleIndex(Generic[R]):
    """The indexed rules of one bus. Created again when a rule is added."""

    def __init__(self, rules: Sequence[R]) -> None:
        self.size = len(rules)
        self._filed: dict[Path, dict[str, list[tuple[int, R]]]] = defaultdict(lambda: defaultdict(list))
        self._always: list[tuple[int, R]] = []
        for number, rule in enumerate(rules):
            self._file(number, rule)

    def _file(self, number: int, rule: R) -> None:
        exact = list(_exact(rule.pattern, ()))
        if not exact:
            self._always.append((number, rule))
            return
        path, values = max(exact, key=_selectivity)
        for value in dict.fromkeys(values):
            self._filed[path][value].append((number, rule))

    def candidates(self, event: Mapping[str, Any]) -> list[R]:
        """The rules that may match, in the order in which they were added."""
        found = list(self._always)
        for path, by_value in self._filed.items():
            there: Any = event
            for name in path:
                there = there.get(name) if isinstance(there, dict) else None
            for value in there if isinstance(there, list) else (there,):
                if isinstance(value, str):
                    found += by_value.get(value, ())
        if len(found) <= 1:
            return [rule for _, rule in found]
        return [rule for _, rule in sorted({number: (number, rule) for number, rule in found}.values(), key=_number)]


def _number(filed: tuple[int, Any]) -> int:
    return filed[0]


def _exact(pattern: Mapping[str, Any], path: Path) -> Iterator[tuple[Path, list[str]]]:
    for name, wanted in pattern.items():
        if name == "$or":
            continue
        if isinstance(wanted, dict):
            yield from _exact(wanted, (*path, name))
        elif wanted and all(isinstance(each, str) for each in wanted):
            yield (*path, name), wanted


def _selectivity(exact: tuple[Path, list[str]]) -> tuple[bool, int, int]:
    path, values = exact
    return all(value.startswith("arn:") for value in values), len(path), -len(values)
