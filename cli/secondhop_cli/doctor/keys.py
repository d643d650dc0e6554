"""Checks that the roles of a copy can use its KMS keys.

A copy reads the source snapshot with the database's key (second hop: the watched vault's key), and writes with the
destination vault's key. The destination account's AWSServiceRoleForBackup makes the copy
(https://docs.aws.amazon.com/aws-backup/latest/devguide/create-cross-account-backup.html).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from secondhop_cli.doctor.context import CheckContext, site_of_key
from secondhop_cli.doctor.findings import Finding, NotChecked, Outcome
from secondhop_cli.doctor.permissions import Need, missing_actions
from secondhop_cli.doctor.policies import Evaluation, PolicyResult, Principal, Request, evaluate

USE = ("kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext")
GRANT = "kms:CreateGrant"
GRANT_FOR_AWS_RESOURCE = {"kms:GrantIsForAWSResource": "true"}
# The requests of a copy do not have kms:ViaService, so statements with this condition do not apply.
ABSENT = frozenset({"kms:ViaService", "aws:SourceArn", "aws:SourceAccount"})
OWNERS = {"alias/aws/rds"}


Policy = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyUse:
    """How a copy uses a key: what the key encrypts, the copy's destination account, and the passed role, if any."""

    owner: str
    destination_account: str
    passed_role: str = ""


def check_key(context: CheckContext, key_arn: str, key_use: KeyUse) -> Iterator[Outcome]:
    """Check that a customer managed key exists, is enabled, and allows its roles. Raises NotCheckedError."""
    site = site_of_key(key_arn)
    key = context.key(key_arn)
    if key is None:
        fix = "If the key was deleted, data that is encrypted with it is lost: use another key, and make new backups."
        what = f"The key of {key_use.owner} does not exist."
        yield Finding(kind="key-missing", site=site, resource=key_arn, what=what, fix=fix)
        return
    if key["KeyState"] != "Enabled":
        command = "cancel-key-deletion" if key["KeyState"] == "PendingDeletion" else "enable-key"
        yield Finding(
            kind="key-not-enabled",
            site=site,
            resource=key_arn,
            what=f"The key of {key_use.owner} is {key['KeyState']}.",
            fix="Enable it.",
            command=f"aws kms {command} --region {site.region} --key-id {key_arn}",
        )
        return
    policy = json.loads(context.api.call(site, "kms", "get_key_policy", KeyId=key_arn, PolicyName="default")["Policy"])
    yield from _service_role(context, policy, key_arn, key_use)
    if key_use.passed_role:
        yield from _passed_role(context, policy, key_arn, key_use)


def is_managed(context: CheckContext, key_arn: str) -> bool:
    """Whether this is an AWS managed key, such as aws/rds and aws/backup. Raises NotCheckedError."""
    key = context.key(key_arn)
    return key is not None and key["KeyManager"] == "AWS"


def aliases(context: CheckContext, key_arn: str) -> tuple[str, ...]:
    site = site_of_key(key_arn)
    return tuple(
        each["AliasName"] for each in context.api.list_all(site, "kms", "list_aliases", "Aliases", KeyId=key_arn)
    )


def _service_role(context: CheckContext, policy: Policy, key_arn: str, key_use: KeyUse) -> Iterator[Outcome]:
    role = context.main_stack.backup_service_role(key_use.destination_account)
    refused = []
    for action in (GRANT, *USE):
        found = _evaluate_key_policy(context, policy, key_arn, role, action)
        if found.result is PolicyResult.UNCLEAR:
            yield _unclear(key_arn, role, found)
        elif found.result is not PolicyResult.ALLOWED:
            refused.append(action)
    if refused:
        yield Finding(
            kind="key-denies-service-role",
            site=site_of_key(key_arn),
            resource=key_arn,
            what=f"The policy of the key of {key_use.owner} does not allow {', '.join(refused)} to {role}.",
            fix="Add these statements to the key's policy (aws kms put-key-policy), without the condition "
            "kms:ViaService, which a copy does not meet. Remove an explicit deny.",
            statements=service_role_statements(role),
        )


def service_role_statements(role: str) -> tuple[dict[str, Any], ...]:
    """The statements of a key policy that let a service-linked role copy with the key."""
    use = {
        "Sid": "SecondHopUses",
        "Effect": "Allow",
        "Principal": {"AWS": role},
        "Action": [
            "kms:DescribeKey",
            "kms:Decrypt",
            "kms:Encrypt",
            "kms:ReEncrypt*",
            "kms:GenerateDataKey*",
            "kms:ListGrants",
        ],
        "Resource": "*",
    }
    grant = {**use, "Sid": "SecondHopGrants", "Action": GRANT, "Condition": {"Bool": GRANT_FOR_AWS_RESOURCE}}
    return use, grant


def _passed_role(context: CheckContext, policy: Policy, key_arn: str, key_use: KeyUse) -> Iterator[Outcome]:
    """The passed role describes the key and grants it: let in by name, or by IAM where the key leaves that to it."""
    role = key_use.passed_role
    refused: list[Need] = []
    missing: list[Need] = []
    for need in (
        Need(actions=("kms:DescribeKey",), resource=key_arn),
        Need(actions=(GRANT,), resource=key_arn, condition_keys=GRANT_FOR_AWS_RESOURCE),
    ):
        found = _evaluate_key_policy(context, policy, key_arn, role, need.actions[0])
        if found.result is PolicyResult.UNCLEAR:
            yield _unclear(key_arn, role, found)
        elif found.result is not PolicyResult.ALLOWED:
            refused.append(need)
        elif not _is_allowed_by_name(context, policy, key_arn, role, need) and missing_actions(
            context, context.main_stack.site_of(role), role, [need]
        ):
            missing.append(need)
    yield from _role_denied(key_arn, key_use, refused, "the key's policy", {"Principal": {"AWS": role}})
    yield from _role_denied(key_arn, key_use, missing, "a policy of the role", {})


def _role_denied(
    key_arn: str, key_use: KeyUse, needs: list[Need], where: str, principal: Mapping[str, Any]
) -> Iterator[Outcome]:
    if needs:
        actions = ", ".join(need.actions[0] for need in needs)
        yield Finding(
            kind="key-denies-role",
            site=site_of_key(key_arn),
            resource=key_arn,
            what=f"{key_use.passed_role} lacks {actions} on the key of {key_use.owner}: {where} does not allow it.",
            fix=f"Add these statements to {where}.",
            statements=tuple({**principal, **need.statement(need.actions)} for need in needs),
        )


def _is_allowed_by_name(context: CheckContext, policy: Policy, key_arn: str, role: str, need: Need) -> bool:
    """If a key policy in the role's account names the role, the role needs no policy of its own."""
    if account_of(role) != site_of_key(key_arn).account:
        return False
    found = _evaluate_key_policy(context, policy, key_arn, role, need.actions[0], by_name=True)
    return found.result is PolicyResult.ALLOWED


def _evaluate_key_policy(
    context: CheckContext, policy: Policy, key_arn: str, role: str, action: str, *, by_name: bool = False
) -> Evaluation:
    """Evaluate a key policy for a role. Only calls about grants have kms:GrantIsForAWSResource."""
    account = account_of(role)
    condition_keys = {
        "aws:PrincipalAccount": account,
        "aws:PrincipalArn": role,
        "kms:CallerAccount": account,
        **(GRANT_FOR_AWS_RESOURCE if action == GRANT else {}),
    }
    if "principalorgid" in json.dumps(policy).lower():
        # Only look up the organization if the policy uses it.
        condition_keys["aws:PrincipalOrgID"] = context.organization(context.main_stack.site_of(role))
    absent_keys = ABSENT | (frozenset() if action == GRANT else frozenset(GRANT_FOR_AWS_RESOURCE))
    request = Request(action=action, resource=key_arn, condition_keys=condition_keys, absent_keys=absent_keys)
    return evaluate(policy, Principal(account=account, arn=role), request, by_name=by_name)


def _unclear(key_arn: str, role: str, found: Evaluation) -> NotChecked:
    return NotChecked(
        what=f"whether the key {key_arn} allows {role}",
        reason=f"its statement {found.statement} has a condition that the doctor cannot evaluate",
    )


def account_of(role: str) -> str:
    return role.split(":")[4]
