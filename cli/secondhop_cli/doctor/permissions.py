"""Asks IAM what a role's policies allow (SimulatePrincipalPolicy), with permissions boundaries and SCPs.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from secondhop.domain.arn import Site
from secondhop_cli.doctor.context import CheckContext
from secondhop_cli.doctor.findings import Finding, NotCheckedError, Outcome

REGION = "aws:RequestedRegion"
GRANT_FOR_AWS = "kms:GrantIsForAWSResource"
ALIASES = "kms:ResourceAliases"
# The ids of future recovery points are not known, so a policy uses a wildcard for them.
SAMPLE = re.compile(r"(?<=:awsbackup:)[\w-]+$")
# A key that is known by its alias only. Policies name all keys of the account, with a condition on the alias.
SAMPLE_KEY = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Actions that a role needs on a resource. A condition key with a list as its value has several values."""

    actions: tuple[str, ...]
    resource: str
    condition_keys: Mapping[str, str | list[str]] = field(default_factory=dict)

    @property
    def pattern(self) -> str:
        """The resource, as a policy names it."""
        return SAMPLE.sub("*", self.resource).replace(f":key/{SAMPLE_KEY}", ":key/*")

    def statement(self, actions: Iterable[str]) -> dict[str, Any]:
        """The policy statement that allows these actions."""
        allowed: dict[str, Any] = {"Effect": "Allow", "Action": list(actions), "Resource": self.pattern}
        if conditions := {key: value for key, value in self.condition_keys.items() if key != REGION}:
            allowed["Condition"] = {_operator(key, value): {key: value} for key, value in conditions.items()}
        if "backup:CopyTargets" in conditions:
            # A request without any target meets ForAllValues.
            allowed["Condition"]["Null"] = {"backup:CopyTargets": "false"}
        return allowed


def missing_actions(
    context: CheckContext, site: Site, role_arn: str, needs: Iterable[Need]
) -> list[tuple[Need, list[str]]]:
    """Each need that the role does not meet, with the missing actions. Raises NotCheckedError."""
    found = []
    for need in needs:
        refused = [action for action in need.actions if not _is_allowed(context, site, role_arn, need, action)]
        if refused:
            found.append((need, refused))
    return found


def _is_allowed(context: CheckContext, site: Site, role_arn: str, need: Need, action: str) -> bool:
    answer = context.api.call(
        site,
        "iam",
        "simulate_principal_policy",
        PolicySourceArn=role_arn,
        ActionNames=list(need.actions),
        ResourceArns=[need.resource],
        ContextEntries=[_entry(key, value) for key, value in {REGION: site.region, **need.condition_keys}.items()],
    )
    result = next(each for each in answer["EvaluationResults"] if each["EvalActionName"] == action)
    # What is said of a resource that the request names is in a result of its own (API_EvaluationResult).
    specific = result.get("ResourceSpecificResults") or [{}]
    decision = specific[0].get("EvalResourceDecision", result["EvalDecision"])
    missing = [*(result.get("MissingContextValues") or ()), *(specific[0].get("MissingContextValues") or ())]
    if decision != "allowed" and missing:
        unknown = ", ".join(dict.fromkeys(missing))
        raise NotCheckedError(f"whether {role_arn} may {action}", f"its policies depend on {unknown}")
    return bool(decision == "allowed")


def missing_permissions(
    context: CheckContext,
    site: Site,
    role_arn: str,
    needs: Iterable[Need],
    *,
    purpose: str,
    kind: str = "role-lacks-permission",
) -> Iterator[Outcome]:
    """A finding for each need that a role does not meet; `purpose` says what the role does."""
    for need, refused in missing_actions(context, site, role_arn, needs):
        yield Finding(
            kind=kind,
            site=site,
            resource=role_arn,
            what=f"The role {purpose} may not {', '.join(refused)} on {need.pattern}{_in_region(need)}"
            f"{_with_alias(need)}.",
            fix="Add this statement to a policy of the role. If the statement exists, a permissions boundary or a "
            "service control policy denies it.",
            statements=(need.statement(refused),),
        )


def _in_region(need: Need) -> str:
    return f" in {need.condition_keys[REGION]}" if REGION in need.condition_keys else ""


def _with_alias(need: Need) -> str:
    return f" with the alias {', '.join(need.condition_keys[ALIASES])}" if ALIASES in need.condition_keys else ""


def _entry(key: str, value: str | list[str]) -> dict[str, Any]:
    if isinstance(value, list):
        return {"ContextKeyName": key, "ContextKeyType": "stringList", "ContextKeyValues": value}
    kind = "boolean" if key == GRANT_FOR_AWS else "string"
    return {"ContextKeyName": key, "ContextKeyType": kind, "ContextKeyValues": [value]}


def _operator(key: str, value: str | list[str]) -> str:
    if key == GRANT_FOR_AWS:
        return "Bool"
    if key == ALIASES:
        return "ForAnyValue:StringEquals"
    return "ForAllValues:ArnEquals" if isinstance(value, list) else "StringEquals"
