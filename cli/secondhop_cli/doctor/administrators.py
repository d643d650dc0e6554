"""Checks that a principal exists that may change the two vaults.

The policy of a vault denies changes to all principals except those that it names. If the account has no such
principal, no one can change the policy, update the vault's stack or delete the vault.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from secondhop.domain.arn import Site
from secondhop_cli.doctor.conditions import like, listed
from secondhop_cli.doctor.context import CheckContext, for_each
from secondhop_cli.doctor.findings import Finding, NotChecked, Outcome
from secondhop_cli.doctor.policies import PolicyResult, Principal, Request, evaluate
from secondhop_cli.doctor.vaults import access_policy, principal_keys

CHANGE = "backup:PutBackupVaultAccessPolicy"
# The roles of IAM Identity Center have a path, which the ARN of their sessions does not show (sts get-caller-identity).
WITHOUT_PATH = re.compile(r"arn:[\w-]+:iam::\d{12}:role/(?:aws-reserved/)?(AWSReservedSSO_[\w+=,.@*?-]*)")
EXEMPTING = ("ArnNotLike", "ArnNotEquals", "StringNotLike", "StringNotEquals")


def vaults_can_be_changed(context: CheckContext) -> Iterator[Outcome]:
    """For each vault, check that its policy lets an existing role change it."""
    main_stack = context.main_stack
    both = ((main_stack.home, main_stack.watched_vault), (main_stack.dr, main_stack.dr_vault))

    def check(place: tuple[Site, str]) -> Iterator[Outcome]:
        if context.vault(*place) is not None:
            yield from _changeable(context, *place)

    yield from for_each(both, check)


def _changeable(context: CheckContext, site: Site, name: str) -> Iterator[Outcome]:
    main_stack = context.main_stack
    vault_arn = main_stack.vault_arn(site, name)
    policy = access_policy(context, site, name)
    exempt = exempted(policy)
    without_path = [each for each in exempt if WITHOUT_PATH.fullmatch(each)]
    # IAM is the same in every Region, so one list of roles is enough.
    roles = context.api.list_all(main_stack.home, "iam", "list_roles", "Roles")
    results = {_result(context, policy, vault_arn, each["Arn"]) for each in roles}
    if without_path or results <= {PolicyResult.EXPLICIT_DENY}:
        root = f"arn:{main_stack.partition}:iam::{site.account}:root"
        is_root_allowed = _result(context, policy, vault_arn, root) is not PolicyResult.EXPLICIT_DENY
        yield _no_administrator(site, vault_arn, without_path or exempt, is_root_allowed=is_root_allowed)
    elif results <= {PolicyResult.EXPLICIT_DENY, PolicyResult.UNCLEAR}:
        yield NotChecked(
            what=f"whether any role may change the policy of {vault_arn}",
            reason="its statements have conditions that the doctor cannot evaluate",
        )


def exempted(policy: Mapping[str, Any]) -> list[str]:
    """The principals, as ARNs or patterns, that are exempt from the policy's denials of changes."""
    found = [
        pattern
        for statement in listed(policy.get("Statement", []))
        if statement.get("Effect") == "Deny"
        and any(like(CHANGE.lower(), str(each).lower()) for each in listed(statement.get("Action", [])))
        for operator, tests in statement.get("Condition", {}).items()
        if operator in EXEMPTING
        for key, patterns in tests.items()
        if key.lower() == "aws:principalarn"
        for pattern in listed(patterns)
    ]
    return list(dict.fromkeys(found))


def _result(context: CheckContext, policy: Mapping[str, Any], vault_arn: str, arn: str) -> PolicyResult:
    principal = Principal(account=context.main_stack.backup_account, arn=arn)
    # Most policies do not use the organization, and then no look-up is needed.
    organization = context.organization(context.main_stack.home) if "principalorg" in str(policy).lower() else ""
    return evaluate(
        policy,
        principal,
        Request(action=CHANGE, resource=vault_arn, condition_keys=principal_keys(principal, organization)),
    ).result


def _no_administrator(site: Site, vault_arn: str, named: list[str], *, is_root_allowed: bool) -> Finding:
    names = [found[1] for each in named if (found := WITHOUT_PATH.fullmatch(each))]
    what = f"The vault's policy lets only {', '.join(named) or 'no principal'} change it, and no role has this ARN."
    if names:
        what += " The ARN of a role of IAM Identity Center has the path aws-reserved/sso.amazonaws.com/ in it."
    if is_root_allowed:
        what += " Only the root user of the account can change it now."
    return Finding(
        kind="vault-administrator-missing",
        site=site,
        resource=vault_arn,
        what=what,
        fix="Set VaultAdministratorArn to the role's ARN as IAM shows it, and deploy the vault's stack again. You need "
        "a principal that the policy allows: the root user if the policy names it. Otherwise create a role with "
        "exactly the ARN that the policy names.",
        command=_command(names),
    )


def _command(names: list[str]) -> str:
    if names and not re.search(r"[*?]", names[0]):
        return f"aws iam get-role --role-name {names[0]} --query Role.Arn --output text"
    prefix = " --path-prefix /aws-reserved/sso.amazonaws.com/" if names else ""
    return f"aws iam list-roles{prefix} --query 'Roles[].Arn' --output text"
