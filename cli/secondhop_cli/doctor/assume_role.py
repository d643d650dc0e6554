"""Checks the operator role's trust policy, and tries AssumeRole if the caller's role is trusted.

The trust policy names the functions' roles. So AWS usually denies the role to the person who runs the doctor.
"""

from __future__ import annotations

from collections.abc import Iterator

from secondhop_cli.doctor.acting_role import FUNCTION_ROLES, function_role
from secondhop_cli.doctor.context import NOT_FOUND, CheckContext, for_each
from secondhop_cli.doctor.findings import Finding, NotChecked, Outcome
from secondhop_cli.doctor.permissions import Need, missing_actions, missing_permissions
from secondhop_cli.doctor.policies import Evaluation, PolicyResult, Principal, Request, evaluate

REFUSED = ("AccessDenied", "AccessDeniedException")


def operator_can_be_assumed(context: CheckContext) -> Iterator[Outcome]:
    """Check that each function may assume the operator role, and that the role trusts it with the external id."""
    main_stack = context.main_stack
    if main_stack.is_hub or context.role(main_stack.home, main_stack.operator_role_arn) is None:
        return

    def check(logical_id: str) -> Iterator[Outcome]:
        role = function_role(context, logical_id)
        purpose = f"of a function ({logical_id})"
        yield from missing_permissions(context, main_stack.site, role, [_need(context)], purpose=purpose)
        yield from _trust(context, role)

    yield from for_each(FUNCTION_ROLES, check)
    yield from _try_to_assume(context)


def _need(context: CheckContext) -> Need:
    return Need(actions=("sts:AssumeRole",), resource=context.main_stack.operator_role_arn)


def _trust(context: CheckContext, role: str) -> Iterator[Outcome]:
    main_stack = context.main_stack
    found = _evaluate_trust(context, role)
    if found.result is PolicyResult.UNCLEAR:
        yield NotChecked(
            what=f"whether {main_stack.operator_role_arn} trusts {role}",
            reason=f"its {found.statement} has a condition that the doctor cannot evaluate",
        )
    elif found.result is not PolicyResult.ALLOWED:
        yield Finding(
            kind="role-not-assumable",
            site=main_stack.home,
            resource=main_stack.operator_role_arn,
            what=f"The operator role does not trust {role} with the external id {main_stack.external_id!r}.",
            fix="Give both stacks the same ExternalId, and add this statement to the role's trust policy.",
            statements=(_trust_statement(context, context.organization(main_stack.site)),),
        )


def _evaluate_trust(context: CheckContext, caller_arn: str) -> Evaluation:
    main_stack = context.main_stack
    operator = context.role(main_stack.home, main_stack.operator_role_arn)
    principal = Principal(account=main_stack.site.account, arn=caller_arn)
    condition_keys = {
        "aws:PrincipalAccount": principal.account,
        "aws:PrincipalArn": caller_arn,
        "aws:PrincipalOrgID": context.organization(main_stack.site),
        "sts:ExternalId": main_stack.external_id or None,
    }
    request = Request(action="sts:AssumeRole", resource=main_stack.operator_role_arn, condition_keys=condition_keys)
    return evaluate(operator["AssumeRolePolicyDocument"] if operator else {}, principal, request)


def _try_to_assume(context: CheckContext) -> Iterator[Outcome]:
    """Assume the role if all policies allow it to the caller. The session is not used."""
    main_stack = context.main_stack
    caller = _caller(context)
    if not caller or _evaluate_trust(context, caller).result is not PolicyResult.ALLOWED:
        return
    if missing_actions(context, main_stack.site, caller, [_need(context)]):
        return
    given = {"RoleArn": main_stack.operator_role_arn, "RoleSessionName": "secondhop-doctor"}
    external = {"ExternalId": main_stack.external_id} if main_stack.external_id else {}
    if context.api.call(main_stack.site, "sts", "assume_role", missing=REFUSED, **given, **external) is None:
        yield Finding(
            kind="role-not-assumable",
            site=main_stack.home,
            resource=main_stack.operator_role_arn,
            what=f"AWS denies the operator role to {caller}, although all readable policies allow it.",
            fix="Check resource control policies and service control policies for sts:AssumeRole.",
        )


def _caller(context: CheckContext) -> str:
    """The ARN of the caller's role; empty for a user or the root user."""
    site = context.main_stack.site
    arn = str(context.api.call(site, "sts", "get_caller_identity")["Arn"])
    if ":assumed-role/" in arn:
        name = arn.split("/")[-2]
    elif ":role/" in arn:
        name = arn.rpartition("/")[2]
    else:
        return ""
    found = context.api.call(site, "iam", "get_role", missing=NOT_FOUND, RoleName=name)
    return str(found["Role"]["Arn"]) if found else ""


def _trust_statement(context: CheckContext, organization: str) -> dict[str, object]:
    main_stack = context.main_stack
    account = f"arn:{main_stack.partition}:iam::{main_stack.site.account}"
    return {
        "Effect": "Allow",
        "Principal": {"AWS": f"{account}:root"},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {"aws:PrincipalOrgID": organization, "sts:ExternalId": main_stack.external_id},
            "ArnLike": {"aws:PrincipalArn": f"{account}:role/secondhop/*"},
        },
    }
