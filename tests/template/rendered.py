"""Renders a template without deploying it: conditions decided, intrinsic functions resolved, in any partition.

Names and ARNs of resources do not exist yet: they become `<Logical>`, or an ARN that ends in the logical id.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal.template import NO_VALUE, Resolver, parameters_of, read_template

# The ARN of what a template makes, as far as a reader of policies needs to know it.
KINDS = {
    "AWS::DynamoDB::Table": ("dynamodb", "table/{}"),
    "AWS::IAM::Role": ("iam", "role/{}"),
    "AWS::KMS::Key": ("kms", "key/{}"),
    "AWS::Lambda::Function": ("lambda", "function:{}"),
    "AWS::Logs::LogGroup": ("logs", "log-group:{}:*"),
    "AWS::SNS::Topic": ("sns", "{}"),
    "AWS::SQS::Queue": ("sqs", "{}"),
    "AWS::Serverless::Function": ("lambda", "function:{}"),
}


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """Resources (only those that would be made) and outputs."""

    resources: dict[str, dict[str, Any]]
    outputs: dict[str, Any]

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """Logical id -> properties, of one type."""
        return {key: each.get("Properties", {}) for key, each in self.resources.items() if each["Type"] == kind}


@dataclass(frozen=True, kw_only=True)
class Template:
    """A template with parameters, at an account and a Region of a partition. Raises TemplateError."""

    path: Path
    given: Mapping[str, str]
    account: str
    region: str
    partition: str = "aws"

    def render(self) -> Rendered:
        document = read_template(self.path)
        parameters = parameters_of(document, self.given)
        names = {**self._pseudo(), **parameters}
        resources = document["Resources"]

        def ref(key: str) -> Any:
            is_topic = resources.get(key, {}).get("Type") == "AWS::SNS::Topic"
            return names.get(key, self._arn(resources, key) if is_topic else f"<{key}>")

        def attribute(key: str, of: str) -> str:
            return self._arn(resources, key) if of.endswith("Arn") else f"<{key}.{of}>"

        resolver = Resolver(template=document, ref=ref, attribute=attribute)
        return Rendered(
            resources={key: resolver.resolve(each) for key, each in self._existing(resolver, resources)},
            outputs={
                key: resolver.resolve(each["Value"]) for key, each in self._existing(resolver, document["Outputs"])
            },
        )

    def _existing(self, resolver: Resolver, found: Mapping[str, Any]) -> list[tuple[str, Any]]:
        return [
            (key, each) for key, each in found.items() if "Condition" not in each or resolver.holds(each["Condition"])
        ]

    def _pseudo(self) -> dict[str, Any]:
        return {
            "AWS::AccountId": self.account,
            "AWS::Region": self.region,
            "AWS::Partition": self.partition,
            "AWS::StackName": "stack",
            "AWS::StackId": f"arn:{self.partition}:cloudformation:{self.region}:{self.account}:stack/stack/id",
            "AWS::URLSuffix": "amazonaws.com.cn" if self.partition == "aws-cn" else "amazonaws.com",
            "AWS::NoValue": NO_VALUE,
        }

    def _arn(self, resources: Mapping[str, Any], key: str) -> str:
        service, form = KINDS.get(resources[key]["Type"], ("made", "{}"))
        region = "" if service == "iam" else self.region
        return f"arn:{self.partition}:{service}:{region}:{self.account}:{form.format(key)}"
