"""Whether the operator role can be assumed: by the functions, from its documents; really, where the caller is trusted.

The trust policy names the functions' roles, so that a person who looks is usually refused, and that says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from secondhop_cli.doctor.acting import FUNCTION_ROLES, function_role
from secondhop_cli.doctor.findings import Finding, NotChecked, Outcome
from secondhop_cli.doctor.permissions import Need, lacking, missing_permissions
from secondhop_cli.doctor.policies import Asker, Deed, Judgement, Verdict, judge
from secondhop_cli.doctor.visit import NOT_THERE, Visit, over

REFUSED = ("AccessDenied", "AccessDeniedException")


def operator_can_be_assumed(visit: Visit) -> Iterator[Outcome]:
    """Each function may assume the operator role, and the role trusts it with the external id."""
    installation = visit.installation
    if installation.is_hub or visit.role(installation.home, installation.operator_role_arn) is None:
        return

    def look(logical_id: str) -> Iterator[Outcome]:
        role = function_role(visit, logical_id)
        part = f"of a function ({logical_id})"
        yield from missing_permissions(visit, installation.main, role, [_need(visit)], part=part)
        yield from _trust(visit, role)

    yield from over(FUNCTION_ROLES, look)
    yield from _really(visit)


def _need(visit: Visit) -> Need:
    return Need(actions=("sts:AssumeRole",), resource=visit.installation.operator_role_arn)


def _trust(visit: Visit, role: str) -> Iterator[Outcome]:
    installation = visit.installation
    found = _judged(visit, role)
    if found.verdict is Verdict.UNCLEAR:
        yield NotChecked(
            what=f"whether {installation.operator_role_arn} trusts {role}",
            reason=f"its {found.statement} has a condition that cannot be judged from outside",
        )
    elif found.verdict is not Verdict.ALLOWED:
        yield Finding(
            kind="role-not-assumable",
            site=installation.home,
            resource=installation.operator_role_arn,
            what=f"The operator role does not trust {role} with the external id {installation.external_id!r}.",
            mend="Give both stacks the same ExternalId, and let the role's trust policy say this.",
            statements=(_trusting(visit, visit.organization(installation.main)),),
        )


def _judged(visit: Visit, principal: str) -> Judgement:
    installation = visit.installation
    operator = visit.role(installation.home, installation.operator_role_arn)
    asker = Asker(account=installation.main.account, arn=principal)
    context = {
        "aws:PrincipalAccount": asker.account,
        "aws:PrincipalArn": principal,
        "aws:PrincipalOrgID": visit.organization(installation.main),
        "sts:ExternalId": installation.external_id or None,
    }
    deed = Deed(action="sts:AssumeRole", resource=installation.operator_role_arn, context=context)
    return judge(operator["AssumeRolePolicyDocument"] if operator else {}, asker, deed)


def _really(visit: Visit) -> Iterator[Outcome]:
    """Assume it, if all documents say that the caller may; nothing is done with the session."""
    installation = visit.installation
    caller = _caller(visit)
    if not caller or _judged(visit, caller).verdict is not Verdict.ALLOWED:
        return
    if lacking(visit, installation.main, caller, [_need(visit)]):
        return
    given = {"RoleArn": installation.operator_role_arn, "RoleSessionName": "secondhop-doctor"}
    external = {"ExternalId": installation.external_id} if installation.external_id else {}
    if visit.sites.ask(installation.main, "sts", "assume_role", missing=REFUSED, **given, **external) is None:
        yield Finding(
            kind="role-not-assumable",
            site=installation.home,
            resource=installation.operator_role_arn,
            what=f"AWS refuses the operator role to {caller}, though all policies that can be read allow it.",
            mend="Look for resource control policies and service control policies on sts:AssumeRole.",
        )


def _caller(visit: Visit) -> str:
    """The role of whoever looks, by its ARN; empty for a user or a root."""
    site = visit.installation.main
    arn = str(visit.sites.ask(site, "sts", "get_caller_identity")["Arn"])
    if ":assumed-role/" in arn:
        name = arn.split("/")[-2]
    elif ":role/" in arn:
        name = arn.rpartition("/")[2]
    else:
        return ""
    found = visit.sites.ask(site, "iam", "get_role", missing=NOT_THERE, RoleName=name)
    return str(found["Role"]["Arn"]) if found else ""


def _trusting(visit: Visit, organization: str) -> dict[str, object]:
    installation = visit.installation
    account = f"arn:{installation.partition}:iam::{installation.main.account}"
    return {
        "Effect": "Allow",
        "Principal": {"AWS": f"{account}:root"},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {"aws:PrincipalOrgID": organization, "sts:ExternalId": installation.external_id},
            "ArnLike": {"aws:PrincipalArn": f"{account}:role/secondhop/*"},
        },
    }
