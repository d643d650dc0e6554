"""Reads condition and update expressions, the part of the language that is modelled. Anything else is refused by name.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from backup_simulator import NotModelled, Refused
from rehearsal.small_dynamodb.usage import Value
from rehearsal.small_dynamodb.values import Scope, compare

TOKEN = re.compile(r"\s*(<>|<=|>=|[=<>(),+-]|[#:]?\w+)")
COMPARED = ("=", "<>", "<", "<=", ">", ">=")
NAMELESS = ("AND", "OR", "NOT", "SET", "REMOVE", "ADD", "DELETE")
UNKNOWN_WORDS = frozenset({"BETWEEN", "IN", "contains", "begins_with", "size", "attribute_type", "list_append"})
FUNCTIONS = ("attribute_exists", "attribute_not_exists", "if_not_exists")

Test = Callable[[Scope], bool]
Operand = Callable[[Scope], Value | None]


@cache
def reserved_words() -> frozenset[str]:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ReservedWords.html."""
    return frozenset(Path(__file__).with_name("reserved_words.txt").read_text(encoding="utf-8").split())


@dataclass(kw_only=True)
class Reader:
    """Reads the words of one expression in their order. `kind` is the parameter that it came in."""

    kind: str
    text: str
    words: list[str] = field(default_factory=list)
    placeholders: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        position = 0
        text = self.text.rstrip()
        while position < len(text):
            found = TOKEN.match(text, position)
            if found is None:
                raise NotModelled(f"{text[position:].strip()[0]!r} in {self.kind} {self.text!r} is not modelled")
            self.words.append(found[1])
            position = found.end()
        for word in self.words:
            if word in UNKNOWN_WORDS:
                raise NotModelled(f"{word} in {self.kind} {self.text!r} is not modelled by the small DynamoDB")

    def next(self) -> str:
        """The next word, without taking it; empty at the end."""
        return self.words[0] if self.words else ""

    def take(self, *expected: str) -> str:
        """Take the next word. Raises Refused if it is none of the expected ones."""
        word = self.next()
        if not word or (expected and word not in expected):
            raise self.refused(f'Syntax error; token: "{word or "<EOF>"}", near: "{" ".join(self.words[:2])}"')
        return self.words.pop(0)

    def takes(self, word: str) -> bool:
        """Take the next word if it is this one."""
        return self.next().upper() == word and bool(self.words.pop(0))

    def refused(self, why: str) -> Refused:
        return _invalid(f"Invalid {self.kind}: {why}")

    def name(self) -> str:
        """Take the name of an attribute, or its placeholder."""
        word = self.take()
        if word.startswith("#"):
            self.placeholders.add(word)
        elif not word[0].isalpha() or word.upper() in NAMELESS:
            raise self.refused(f'Syntax error; token: "{word}", near: "{" ".join([word, *self.words[:1]])}"')
        elif word.upper() in reserved_words():
            raise self.refused(f"Attribute name is a reserved keyword; reserved keyword: {word}")
        return word

    def operand(self) -> Operand:
        """Take a value or an attribute."""
        if self.next().startswith(":"):
            word = self.take()
            self.placeholders.add(word)
            return lambda scope: scope.value(word)
        if self.next() in FUNCTIONS:
            return self._default()
        name = self.name()
        return lambda scope: scope.attribute(name)

    def _default(self) -> Operand:
        self.take("if_not_exists")
        self.take("(")
        name = self.name()
        self.take(",")
        default = self.operand()
        self.take(")")

        def present_or_default(scope: Scope) -> Value | None:
            found = scope.attribute(name)
            return default(scope) if found is None else found

        return present_or_default

    def condition(self) -> Test:
        """Take a condition: AND binds closer than OR, NOT closer than AND."""
        left = self._conjunction()
        while self.takes("OR"):
            left = _either(left, self._conjunction())
        return left

    def _conjunction(self) -> Test:
        left = self._factor()
        while self.takes("AND"):
            left = _both(left, self._factor())
        return left

    def _factor(self) -> Test:
        if self.takes("NOT"):
            inner = self._factor()
            return lambda scope: not inner(scope)
        if self.next() == "(":
            self.take("(")
            inner = self.condition()
            self.take(")")
            return inner
        if self.next() in FUNCTIONS[:2]:
            return self._existence()
        left, operator, right = self.operand(), self.take(*COMPARED), self.operand()
        return lambda scope: compare(operator, left(scope), right(scope))

    def _existence(self) -> Test:
        is_wanted = self.take() == "attribute_exists"
        self.take("(")
        name = self.name()
        self.take(")")
        return lambda scope: (scope.attribute(name) is not None) is is_wanted

    def end(self) -> None:
        """Raises Refused if words are left."""
        if self.words:
            raise self.refused(f'Syntax error; token: "{self.next()}", near: "{" ".join(self.words[:2])}"')


def _either(left: Test, right: Test) -> Test:
    return lambda scope: left(scope) or right(scope)


def _both(left: Test, right: Test) -> Test:
    return lambda scope: left(scope) and right(scope)


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A condition that was read, and the placeholders in it."""

    holds: Test
    placeholders: frozenset[str]


@cache
def condition_of(text: str) -> Condition:
    """Read a ConditionExpression. Raises Refused, NotModelled."""
    reader = Reader(kind="ConditionExpression", text=text)
    test = reader.condition()
    reader.end()
    return Condition(holds=test, placeholders=frozenset(reader.placeholders))


@dataclass(frozen=True, slots=True, kw_only=True)
class Projection:
    """The names in a ProjectionExpression."""

    names: tuple[str, ...]
    placeholders: frozenset[str]


@cache
def projection_of(text: str) -> Projection:
    """Read a ProjectionExpression. Raises Refused, NotModelled."""
    reader = Reader(kind="ProjectionExpression", text=text)
    names = [reader.name()]
    while reader.takes(","):
        names.append(reader.name())
    reader.end()
    return Projection(names=tuple(names), placeholders=frozenset(reader.placeholders))


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyCondition:
    """The parts of a KeyConditionExpression: attribute, operator and value of each."""

    parts: tuple[tuple[str, str, str], ...]
    placeholders: frozenset[str]


@cache
def key_condition_of(text: str) -> KeyCondition:
    """Read a KeyConditionExpression. Raises Refused, NotModelled."""
    reader = Reader(kind="KeyConditionExpression", text=text)
    parts = [_key_part(reader)]
    if reader.takes("AND"):
        parts.append(_key_part(reader))
    reader.end()
    return KeyCondition(parts=tuple(parts), placeholders=frozenset(reader.placeholders))


def _key_part(reader: Reader) -> tuple[str, str, str]:
    name, operator, value = reader.name(), reader.take("=", "<", "<=", ">", ">="), reader.take()
    if not value.startswith(":"):
        raise NotModelled(f"{value} in KeyConditionExpression {reader.text!r} is not modelled; only values are")
    reader.placeholders.add(value)
    return name, operator, value


def check_placeholders(used: frozenset[str], names: Mapping[str, str], values: Mapping[str, Value]) -> None:
    """Raises Refused if an expression uses a placeholder that was not given, or none uses one that was."""
    for parameter, mark, given in (("Names", "#", set(names)), ("Values", ":", set(values))):
        wanted = {each for each in used if each.startswith(mark)}
        if missing := sorted(wanted - given):
            what = "name used in the document path" if mark == "#" else "value used in expression"
            raise _invalid(f"Invalid expression: An expression attribute {what} is not defined: {missing[0]}")
        if left := sorted(given - wanted):
            why = f"Value provided in ExpressionAttribute{parameter} unused in expressions: keys: {', '.join(left)}"
            raise _invalid(why)


def _invalid(why: str) -> Refused:
    return Refused("ValidationException", why)
