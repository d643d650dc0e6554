"""Reads CloudFormation and SAM templates, and resolves their intrinsics against the deployed resources.

It knows the intrinsics that our templates use. It refuses others by name, so that a rehearsal never guesses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

NO_VALUE = object()
PARAMETER = re.compile(r"\$\{([^!][^}]*)\}")


class TemplateError(ValueError):
    """A template or its parameters cannot be used. The message says what and where."""


class _Loader(yaml.SafeLoader):
    """Reads YAML with CloudFormation's short forms."""


def _short_form(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
        if suffix == "GetAtt":
            value = value.split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = loader.construct_mapping(node, deep=True)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _short_form)


@cache
def read_template(path: Path) -> Mapping[str, Any]:
    """A template as plain data, with every intrinsic in its long form; read once. Raises TemplateError."""
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a SafeLoader of ours
    except (OSError, yaml.YAMLError) as error:
        raise TemplateError(f"{path} cannot be read: {error}") from error
    if not isinstance(document, dict) or "Resources" not in document:
        raise TemplateError(f"{path} is no CloudFormation template")
    return document


def parameters_of(template: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, str]:
    """The parameters' values, checked as CloudFormation checks them. Raises TemplateError, naming every problem."""
    declared = template.get("Parameters", {})
    problems = [f"there is no parameter {name}" for name in given if name not in declared]
    values: dict[str, str] = {}
    for name, rules in declared.items():
        if name not in given and "Default" not in rules:
            problems.append(f"parameter {name} is missing")
            continue
        values[name] = str(given.get(name, rules.get("Default")))
        pattern, allowed = rules.get("AllowedPattern"), rules.get("AllowedValues")
        if pattern and not re.fullmatch(pattern, values[name]):
            problems.append(f"parameter {name} is {values[name]!r}: {rules.get('ConstraintDescription', pattern)}")
        if allowed and values[name] not in [str(each) for each in allowed]:
            problems.append(f"parameter {name} is {values[name]!r}, not one of {allowed}")
    if problems:
        raise TemplateError("; ".join(problems))
    return values


@dataclass(frozen=True, kw_only=True)
class Resolver:
    """Resolves intrinsics. `ref` and `attribute` look up names, and may deploy the resource."""

    template: Mapping[str, Any]
    ref: Callable[[str], Any]
    attribute: Callable[[str, str], Any]

    def holds(self, condition: str) -> bool:
        """Whether a named condition holds."""
        found = self.template.get("Conditions", {}).get(condition)
        if found is None:
            raise TemplateError(f"there is no condition {condition}")
        return bool(self.resolve(found))

    def resolve(self, value: Any) -> Any:
        """A value with every intrinsic in it resolved. Raises TemplateError for an intrinsic that is not known."""
        if isinstance(value, list):
            resolved = (self.resolve(each) for each in value)
            return [each for each in resolved if each is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name in ("Ref", "Condition") and isinstance(argument, str):
                return self.ref(argument) if name == "Ref" else self.holds(argument)
            if name.startswith("Fn::"):
                return self._call(name.removeprefix("Fn::"), argument)
        resolved_items = ((name, self.resolve(each)) for name, each in value.items())
        return {name: each for name, each in resolved_items if each is not NO_VALUE}

    def _call(self, function: str, argument: Any) -> Any:
        match function:
            case "If":
                condition, yes, no = argument
                return self.resolve(yes if self.holds(condition) else no)
            case "GetAtt":
                return self.attribute(argument[0], argument[1])
            case "Sub":
                return self._sub(argument)
            case "Equals" | "Not" | "And" | "Or":
                return self._test(function, self.resolve(argument))
            case "Join":
                return str(argument[0]).join(str(each) for each in self.resolve(argument[1]))
            case "Select":
                return self.resolve(argument[1])[int(self.resolve(argument[0]))]
            case "Split":
                return str(self.resolve(argument[1])).split(argument[0])
            case _:
                raise TemplateError(f"the intrinsic Fn::{function} is not known to a rehearsal")

    def _test(self, function: str, values: list[Any]) -> bool:
        match function:
            case "Equals":
                return str(values[0]) == str(values[1])
            case "Not":
                return not values[0]
            case _:
                return (all if function == "And" else any)(values)

    def _sub(self, argument: Any) -> str:
        text, names = (argument, {}) if isinstance(argument, str) else argument
        own = {name: self.resolve(value) for name, value in names.items()}

        def look_up(found: re.Match[str]) -> str:
            name = found[1]
            if name in own:
                return str(own[name])
            resource, dot, attribute = name.partition(".")
            return str(self.attribute(resource, attribute) if dot and "::" not in name else self.ref(name))

        return PARAMETER.sub(look_up, text).replace("${!", "${")
