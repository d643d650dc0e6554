"""Deploys a template into the simulator's world: each resource that has an effect there, by its type.

A resource is created when it is first referenced, as CloudFormation does. An unknown type is refused by name. Types
without an effect in a rehearsal are listed with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from backup_simulator import World
from backup_simulator.services.cloudformation import StackResource
from rehearsal.functions import WarmFunction
from rehearsal.resources import MAKERS, NO_EFFECT, UPDATED, Made
from rehearsal.template import NO_VALUE, Resolver, TemplateError, parameters_of, read_template
from secondhop.application.ports import ChainStore


@dataclass
class Stack:
    """A template in an account and a Region, with its parameters."""

    world: World
    path: Path
    account: str
    region: str
    name: str
    given: Mapping[str, str]
    chains: ChainStore | None
    open_session: Callable[[str, str, str], Any]
    kills_late_functions: bool = False
    functions: dict[str, WarmFunction] = field(default_factory=dict)
    _made: dict[str, Made] = field(default_factory=dict)
    _making: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.template = read_template(self.path)
        self.parameters = parameters_of(self.template, self.given)
        self.site = self.world.site(self.account, self.region)
        self.resolver = Resolver(template=self.template, ref=self.ref, attribute=self.attribute)
        self._check_rules()

    def deploy(self) -> dict[str, str]:
        """Create every resource with a true condition; return the outputs."""
        for logical_id in self.template["Resources"]:
            if self.exists(logical_id):
                self.make(logical_id)
        outputs = {
            name: str(self.resolver.resolve(output["Value"]))
            for name, output in self.template.get("Outputs", {}).items()
            if "Condition" not in output or self.resolver.holds(output["Condition"])
        }
        self.site.record_stack(
            self.name,
            description=self.template.get("Description", ""),
            parameters=self.parameters,
            outputs=outputs,
            resources=[self._recorded(logical_id, made) for logical_id, made in self._made.items()],
        )
        return outputs

    def update(self, changes: Mapping[str, str]) -> None:
        """Deploy with changed parameters: functions get another environment, and schedules another rate.

        Changes of other resources are not supported.
        """
        self.given = {**self.given, **changes}
        self.parameters = parameters_of(self.template, self.given)
        self._check_rules()
        for logical_id, resource in self.template["Resources"].items():
            kind = resource["Type"]
            if not self.exists(logical_id) or kind not in UPDATED:
                continue
            UPDATED[kind](self, logical_id, self.resolver.resolve(self._properties(resource)))

    def _recorded(self, logical_id: str, made: Made) -> StackResource:
        """As CloudFormation lists it, after SAM's transform."""
        kind = self.template["Resources"][logical_id]["Type"]
        kind = kind.replace("AWS::Serverless::Function", "AWS::Lambda::Function")
        return StackResource(logical_id=logical_id, physical_id=made.ref, kind=kind)

    def exists(self, logical_id: str) -> bool:
        condition = self.template["Resources"][logical_id].get("Condition")
        return condition is None or self.resolver.holds(condition)

    def make(self, logical_id: str) -> Made:
        """The resource, created now if it does not exist."""
        if logical_id in self._made:
            return self._made[logical_id]
        if logical_id in self._making:
            raise TemplateError(f"{self.path.name}: {' -> '.join([*self._making, logical_id])} form a cycle")
        resource = self.template["Resources"].get(logical_id)
        if resource is None:
            raise TemplateError(f"{self.path.name} has no resource {logical_id}")
        self._making.append(logical_id)
        kind = resource["Type"]
        maker = MAKERS.get(kind)
        if kind in NO_EFFECT:
            made = Made(ref=f"{self.name}-{logical_id}", attributes={"Arn": self.arn_of(kind, logical_id)})
        elif maker is None:
            raise TemplateError(f"{self.path.name}: a rehearsal does not know {kind} ({logical_id})")
        else:
            made = maker(self, logical_id, self.resolver.resolve(self._properties(resource)))
        self._making.pop()
        self._made[logical_id] = made
        return made

    def _properties(self, resource: dict[str, Any]) -> dict[str, Any]:
        properties: dict[str, Any] = dict(resource.get("Properties", {}))
        if resource["Type"] == "AWS::Serverless::Function":
            shared = self.template.get("Globals", {}).get("Function", {})
            properties = {**shared, **properties}
            properties.pop("Layers", None)
        return properties

    def arn_of(self, kind: str, logical_id: str) -> str:
        service = kind.split("::")[1].lower()
        return f"arn:aws:{service}:{self.region}:{self.account}:{self.name}-{logical_id}"

    def ref(self, name: str) -> Any:
        pseudo: dict[str, Any] = {
            "AWS::AccountId": self.account,
            "AWS::Region": self.region,
            "AWS::Partition": "aws",
            "AWS::StackName": self.name,
            "AWS::StackId": f"arn:aws:cloudformation:{self.region}:{self.account}:stack/{self.name}/{self.name}-id",
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::NoValue": NO_VALUE,
        }
        if name in pseudo:
            return pseudo[name]
        return self.parameters[name] if name in self.parameters else self.make(name).ref

    def attribute(self, logical_id: str, name: str) -> str:
        made = self.make(logical_id)
        if name not in made.attributes:
            raise TemplateError(f"{self.path.name}: a rehearsal does not know the attribute {logical_id}.{name}")
        return made.attributes[name]

    def _check_rules(self) -> None:
        for name, rule in self.template.get("Rules", {}).items():
            if "RuleCondition" in rule and not self.resolver.resolve(rule["RuleCondition"]):
                continue
            for assertion in rule["Assertions"]:
                if not self.resolver.resolve(assertion["Assert"]):
                    raise TemplateError(f"{self.path.name}, rule {name}: {assertion['AssertDescription']}")
