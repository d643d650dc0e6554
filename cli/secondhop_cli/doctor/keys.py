"""Keys: whether the copier, and the role that AWS Backup is passed, can use them.

A copy reads the source snapshot under the database's own key (second hop: the watched vault's), and writes under the
destination vault's. It is done by the destination account's AWSServiceRoleForBackup
(https://docs.aws.amazon.com/aws-backup/latest/devguide/create-cross-account-backup.html).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from secondhop_cli.doctor.findings import Finding, NotChecked, Outcome
from secondhop_cli.doctor.permissions import Need, lacking
from secondhop_cli.doctor.policies import Asker, Deed, Judgement, Verdict, judge
from secondhop_cli.doctor.visit import Visit, site_of_key

USE = ("kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext")
GRANT = "kms:CreateGrant"
FOR_AWS = {"kms:GrantIsForAWSResource": "true"}
# A copy's requests do not come "via" RDS as far as this condition sees; statements that ask for it do not apply.
ABSENT = frozenset({"kms:ViaService", "aws:SourceArn", "aws:SourceAccount"})
OWNERS = {"alias/aws/rds"}


Policy = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A key's part in a copy: whose it is in words, who copies with it, and which role is passed (empty: none here)."""

    whose: str
    copier_account: str
    passed_role: str = ""


def usable(visit: Visit, key_arn: str, part: Part) -> Iterator[Outcome]:
    """Whether a customer managed key is there, enabled, and admits who needs it. Raises UnseenError."""
    site = site_of_key(key_arn)
    key = visit.key(key_arn)
    if key is None:
        mend = "Restore the key if it is pending deletion; otherwise nothing that is under it can be read."
        what = f"The key of {part.whose} does not exist."
        yield Finding(kind="key-missing", site=site, resource=key_arn, what=what, mend=mend)
        return
    if key["KeyState"] != "Enabled":
        command = "cancel-key-deletion" if key["KeyState"] == "PendingDeletion" else "enable-key"
        yield Finding(
            kind="key-not-enabled",
            site=site,
            resource=key_arn,
            what=f"The key of {part.whose} is {key['KeyState']}.",
            mend="Enable it.",
            command=f"aws kms {command} --region {site.region} --key-id {key_arn}",
        )
        return
    policy = json.loads(visit.sites.ask(site, "kms", "get_key_policy", KeyId=key_arn, PolicyName="default")["Policy"])
    yield from _copier(visit, policy, key_arn, part)
    if part.passed_role:
        yield from _passed(visit, policy, key_arn, part)


def is_managed(visit: Visit, key_arn: str) -> bool:
    """Whether AWS owns the key's policy, as it does of aws/rds and aws/backup. Raises UnseenError."""
    key = visit.key(key_arn)
    return key is not None and key["KeyManager"] == "AWS"


def aliases(visit: Visit, key_arn: str) -> tuple[str, ...]:
    site = site_of_key(key_arn)
    return tuple(
        each["AliasName"] for each in visit.sites.ask_all(site, "kms", "list_aliases", "Aliases", KeyId=key_arn)
    )


def _copier(visit: Visit, policy: Policy, key_arn: str, part: Part) -> Iterator[Outcome]:
    role = visit.installation.backup_service_role(part.copier_account)
    refused = []
    for action in (GRANT, *USE):
        found = _admission(visit, policy, key_arn, role, action)
        if found.verdict is Verdict.UNCLEAR:
            yield _unclear(key_arn, role, found)
        elif found.verdict is not Verdict.ALLOWED:
            refused.append(action)
    if refused:
        yield Finding(
            kind="key-refuses-the-copier",
            site=site_of_key(key_arn),
            resource=key_arn,
            what=f"The policy of the key of {part.whose} does not allow {', '.join(refused)} to {role}.",
            mend="Add these statements to the key's policy (aws kms put-key-policy); without kms:ViaService, which "
            "the copy does not meet. An explicit deny must go.",
            statements=admitting(role),
        )


def admitting(role: str) -> tuple[dict[str, Any], ...]:
    """The statements of a key policy that let a service-linked role copy with it."""
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
    grant = {**use, "Sid": "SecondHopGrants", "Action": GRANT, "Condition": {"Bool": FOR_AWS}}
    return use, grant


def _passed(visit: Visit, policy: Policy, key_arn: str, part: Part) -> Iterator[Outcome]:
    """The passed role describes the key and grants it: let in by name, or by IAM where the key leaves that to it."""
    role = part.passed_role
    refused: list[Need] = []
    missing: list[Need] = []
    for need in (
        Need(actions=("kms:DescribeKey",), resource=key_arn),
        Need(actions=(GRANT,), resource=key_arn, context=FOR_AWS),
    ):
        found = _admission(visit, policy, key_arn, role, need.actions[0])
        if found.verdict is Verdict.UNCLEAR:
            yield _unclear(key_arn, role, found)
        elif found.verdict is not Verdict.ALLOWED:
            refused.append(need)
        elif not _is_let_in_by_name(visit, policy, key_arn, role, need) and lacking(
            visit, visit.installation.site_of(role), role, [need]
        ):
            missing.append(need)
    yield from _not_let(key_arn, part, refused, "the key's policy", {"Principal": {"AWS": role}})
    yield from _not_let(key_arn, part, missing, "a policy of the role", {})


def _not_let(
    key_arn: str, part: Part, needs: list[Need], where: str, principal: Mapping[str, Any]
) -> Iterator[Outcome]:
    if needs:
        actions = ", ".join(need.actions[0] for need in needs)
        yield Finding(
            kind="key-refuses-the-role",
            site=site_of_key(key_arn),
            resource=key_arn,
            what=f"{part.passed_role} may not {actions} with the key of {part.whose}: {where} does not allow it.",
            mend=f"Add these statements to {where}.",
            statements=tuple({**principal, **need.statement(need.actions)} for need in needs),
        )


def _is_let_in_by_name(visit: Visit, policy: Policy, key_arn: str, role: str, need: Need) -> bool:
    """A key of the role's own account that names the role asks for no policy of the role."""
    if account_of(role) != site_of_key(key_arn).account:
        return False
    found = _admission(visit, policy, key_arn, role, need.actions[0], by_name=True)
    return found.verdict is Verdict.ALLOWED


def _admission(
    visit: Visit, policy: Policy, key_arn: str, role: str, action: str, *, by_name: bool = False
) -> Judgement:
    """What a key's policy says of a role's use of it. Only calls about grants carry kms:GrantIsForAWSResource."""
    account = account_of(role)
    context = {
        "aws:PrincipalAccount": account,
        "aws:PrincipalArn": role,
        "kms:CallerAccount": account,
        **(FOR_AWS if action == GRANT else {}),
    }
    if "principalorgid" in json.dumps(policy).lower():
        # Asked only where the policy speaks of it.
        context["aws:PrincipalOrgID"] = visit.organization(visit.installation.site_of(role))
    absent = ABSENT | (frozenset() if action == GRANT else frozenset(FOR_AWS))
    deed = Deed(action=action, resource=key_arn, context=context, absent=absent)
    return judge(policy, Asker(account=account, arn=role), deed, by_name=by_name)


def _unclear(key_arn: str, role: str, found: Judgement) -> NotChecked:
    return NotChecked(
        what=f"whether the key {key_arn} admits {role}",
        reason=f"its statement {found.statement} has a condition that cannot be judged from outside",
    )


def account_of(role: str) -> str:
    return role.split(":")[4]
