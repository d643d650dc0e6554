"""Read CloudFormation templates as plain data, and walk what the tests of this folder ask about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
MAIN = "template.yaml"
STACKS = ("stacks/backup-account.yaml", "stacks/dr-region.yaml", "stacks/workload.yaml")
ALL = (MAIN, *STACKS)


class _Loader(yaml.SafeLoader):
    """Knows the short forms of CloudFormation's functions."""


def _function(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}"
    match node:
        case yaml.ScalarNode():
            value: Any = loader.construct_scalar(node)
        case yaml.SequenceNode():
            value = loader.construct_sequence(node, deep=True)
        case yaml.MappingNode():
            value = loader.construct_mapping(node, deep=True)
        case _:
            raise TypeError(f"{suffix} is of a kind that YAML does not have")
    return {name: value.split(".", 1) if name == "Fn::GetAtt" and isinstance(value, str) else value}


_Loader.add_multi_constructor("!", _function)


@cache
def template(name: str) -> dict[str, Any]:
    """A template with its functions in their long form: {"Ref": ...}, {"Fn::Sub": ...}."""
    found: dict[str, Any] = yaml.load((ROOT / name).read_text(), _Loader)
    return found


def resources(name: str, *types: str) -> dict[str, dict[str, Any]]:
    """Logical id -> resource, of the given types only where any are given."""
    return {k: v for k, v in template(name)["Resources"].items() if not types or v["Type"] in types}


def properties(name: str, logical_id: str) -> dict[str, Any]:
    found: dict[str, Any] = template(name)["Resources"][logical_id].get("Properties", {})
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement of a policy, and where it was found."""

    template: str
    logical_id: str
    role: bool  # an identity policy: what a principal may do, rather than who may come in
    body: dict[str, Any]

    @property
    def sid(self) -> str:
        return str(self.body.get("Sid", ""))

    @property
    def actions(self) -> list[str]:
        return as_list(self.body["Action"])

    @property
    def resources(self) -> list[Any]:
        return as_list(self.body.get("Resource", []))

    def __str__(self) -> str:
        return f"{self.template}: {self.logical_id}, {self.sid or self.actions}"


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def statements(name: str) -> Iterator[Statement]:
    """Every statement of every policy document of a template, also those inside Fn::If."""
    for logical_id, resource in resources(name).items():
        is_identity = resource["Type"] in {"AWS::IAM::Role", "AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"}
        for key, found in _policy_documents(resource.get("Properties", {})):
            for body in _unconditional(found["Statement"]):
                role = is_identity and key != "AssumeRolePolicyDocument"
                yield Statement(template=name, logical_id=logical_id, role=role, body=body)


def identity_statements(name: str) -> Iterator[Statement]:
    return (each for each in statements(name) if each.role)


def _policy_documents(value: Any, key: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(value, dict):
        if "Statement" in value:
            yield key, value
        for inner_key, inner in value.items():
            yield from _policy_documents(inner, inner_key)
    elif isinstance(value, list):
        for inner in value:
            yield from _policy_documents(inner, key)


def _unconditional(found: Any) -> Iterator[dict[str, Any]]:
    """The statements themselves, out of lists and out of both branches of Fn::If."""
    match found:
        case list():
            for each in found:
                yield from _unconditional(each)
        case {"Fn::If": [_, *branches]}:
            yield from _unconditional(branches)
        case {"Effect": _}:
            yield found


def walk(value: Any) -> Iterator[Any]:
    """Every value within a value, itself included."""
    yield value
    match value:
        case dict():
            for inner in value.values():
                yield from walk(inner)
        case list():
            for inner in value:
                yield from walk(inner)


def mentions(value: Any, text: str) -> bool:
    return any(isinstance(each, str) and text in each for each in walk(value))
