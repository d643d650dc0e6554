"""What a role's own policies allow, as IAM itself judges it (SimulatePrincipalPolicy): boundaries and SCPs included.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from secondhop.domain.arn import Site
from secondhop_cli.doctor.findings import Finding, Outcome, UnseenError
from secondhop_cli.doctor.visit import Visit

REGION = "aws:RequestedRegion"
GRANT_FOR_AWS = "kms:GrantIsForAWSResource"
ALIASES = "kms:ResourceAliases"
# Recovery points of this family have ids that nobody knows before; a policy names them all.
SAMPLE = re.compile(r"(?<=:awsbackup:)[\w-]+$")
# A key that a need knows by its alias only; policies name all keys of the account and ask for the alias.
SAMPLE_KEY = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Actions that a role must be allowed on a resource. Lists in the context are condition keys of several values."""

    actions: tuple[str, ...]
    resource: str
    context: Mapping[str, str | list[str]] = field(default_factory=dict)

    @property
    def pattern(self) -> str:
        """The resource as a policy writes it."""
        return SAMPLE.sub("*", self.resource).replace(f":key/{SAMPLE_KEY}", ":key/*")

    def statement(self, actions: Iterable[str]) -> dict[str, Any]:
        """The policy statement that would allow it."""
        allowed: dict[str, Any] = {"Effect": "Allow", "Action": list(actions), "Resource": self.pattern}
        if conditions := {key: value for key, value in self.context.items() if key != REGION}:
            allowed["Condition"] = {_operator(key, value): {key: value} for key, value in conditions.items()}
        if "backup:CopyTargets" in conditions:
            # ForAllValues is met by a request that names no target at all.
            allowed["Condition"]["Null"] = {"backup:CopyTargets": "false"}
        return allowed


def lacking(visit: Visit, site: Site, role_arn: str, needs: Iterable[Need]) -> list[tuple[Need, list[str]]]:
    """Each need that is not met, with the actions that are not allowed. Raises UnseenError."""
    found = []
    for need in needs:
        refused = [action for action in need.actions if not _is_allowed(visit, site, role_arn, need, action)]
        if refused:
            found.append((need, refused))
    return found


def _is_allowed(visit: Visit, site: Site, role_arn: str, need: Need, action: str) -> bool:
    answer = visit.sites.ask(
        site,
        "iam",
        "simulate_principal_policy",
        PolicySourceArn=role_arn,
        ActionNames=list(need.actions),
        ResourceArns=[need.resource],
        ContextEntries=[_entry(key, value) for key, value in {REGION: site.region, **need.context}.items()],
    )
    result = next(each for each in answer["EvaluationResults"] if each["EvalActionName"] == action)
    if result["EvalDecision"] != "allowed" and result.get("MissingContextValues"):
        unknown = ", ".join(result["MissingContextValues"])
        raise UnseenError(f"whether {role_arn} may {action}", f"its policies make it depend on {unknown}")
    return bool(result["EvalDecision"] == "allowed")


def missing_permissions(
    visit: Visit, site: Site, role_arn: str, needs: Iterable[Need], *, part: str, kind: str = "role-lacks-permission"
) -> Iterator[Outcome]:
    """A finding for each need that a role does not meet; `part` says what the role does."""
    for need, refused in lacking(visit, site, role_arn, needs):
        yield Finding(
            kind=kind,
            site=site,
            resource=role_arn,
            what=f"The role {part} may not {', '.join(refused)} on {need.pattern}{_in_region(need)}"
            f"{_with_alias(need)}.",
            mend="Add this statement to a policy of the role; if it is there, look for a permissions boundary or a "
            "service control policy that takes it away.",
            statements=(need.statement(refused),),
        )


def _in_region(need: Need) -> str:
    return f" in {need.context[REGION]}" if REGION in need.context else ""


def _with_alias(need: Need) -> str:
    return f" with the alias {', '.join(need.context[ALIASES])}" if ALIASES in need.context else ""


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
