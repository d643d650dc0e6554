"""Keys: whether the copier, and the role that AWS Backup is passed, can use them.

A copy reads the source snapshot under the database's own key (second hop: the watched vault's), and writes under the
destination vault's. It is done by the destination account's AWSServiceRoleForBackup
(https://docs.aws.amazon.com/aws-backup/latest/devguide/create-cross-account-backup.html).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from secondhop_cli.doctor.findings import Finding, NotChecked, Outcome
from secondhop_cli.doctor.permissions import Need, lacking
from secondhop_cli.doctor.policies import Asker, Deed, Verdict, judge
from secondhop_cli.doctor.visit import Visit, site_of_key

USE = ("kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext")
GRANT = "kms:CreateGrant"
FOR_AWS = {"kms:GrantIsForAWSResource": "true"}
# A copy's requests do not come "via" RDS as far as this condition sees; statements that ask for it do not apply.
ABSENT = frozenset({"kms:ViaService", "aws:SourceArn", "aws:SourceAccount"})
OWNERS = {"alias/aws/rds"}


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


def _copier(visit: Visit, policy: dict[str, Any], key_arn: str, part: Part) -> Iterator[Outcome]:
    role = visit.installation.backup_service_role(part.copier_account)
    refused, unclear = _refused(visit, policy, key_arn, role, (GRANT, *USE))
    if refused:
        yield Finding(
            kind="key-refuses-the-copier",
            site=site_of_key(key_arn),
            resource=key_arn,
            what=f"The policy of the key of {part.whose} does not allow {', '.join(refused)} to {role}.",
            mend="Add these statements to the key's policy (aws kms put-key-policy); without "
            "kms:ViaService, which the copy "
            "does not meet. An explicit deny must go.",
            statements=admitting(role),
        )
    elif unclear:
        yield NotChecked(
            what=f"whether the key {key_arn} admits {role}",
            reason=f"its statement {unclear} has a condition that cannot be judged from outside",
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


def _refused(
    visit: Visit, policy: dict[str, Any], key_arn: str, role: str, actions: tuple[str, ...]
) -> tuple[list[str], str]:
    """The actions that a key's policy does not allow to a role, and a statement that leaves one of them unclear."""
    account = role.split(":")[4]
    site = site_of_key(key_arn)
    context = {
        "aws:PrincipalAccount": account,
        "aws:PrincipalArn": role,
        "aws:PrincipalOrgID": _organization(visit, policy, account, site.region),
        "kms:CallerAccount": account,
    }
    refused, unclear = [], ""
    for action in actions:
        known = context | (FOR_AWS if action == GRANT else {})
        absent = ABSENT | (frozenset() if action == GRANT else frozenset(FOR_AWS))
        known = {name: value for name, value in known.items() if value}
        deed = Deed(action=action, resource=key_arn, context=known, absent=absent)
        found = judge(policy, Asker(account=account, arn=role), deed)
        if found.verdict is Verdict.UNCLEAR:
            unclear = found.statement
        elif found.verdict is not Verdict.ALLOWED:
            refused.append(action)
    return refused, unclear


def _organization(visit: Visit, policy: dict[str, Any], account: str, region: str) -> str:
    """Asked only where the policy speaks of it: a key policy that names its principals needs no more."""
    if "principalorgid" not in json.dumps(policy).lower():
        return ""
    site = next(each for each in visit.installation.every_site if each.account == account)
    return visit.organization(type(site)(account, region))


def _passed(visit: Visit, policy: dict[str, Any], key_arn: str, part: Part) -> Iterator[Outcome]:
    """The passed role describes the key and grants it: by IAM if the key's policy leaves that to its account."""
    role, site = part.passed_role, site_of_key(key_arn)
    refused, unclear = _refused(visit, policy, key_arn, role, ("kms:DescribeKey", GRANT))
    needs = (
        Need(actions=("kms:DescribeKey",), resource=key_arn),
        Need(actions=(GRANT,), resource=key_arn, context=FOR_AWS),
    )
    if refused:
        yield Finding(
            kind="key-refuses-the-role",
            site=site,
            resource=key_arn,
            what=f"The policy of the key of {part.whose} does not allow {', '.join(refused)} to {role}.",
            mend="Add these statements to the key's policy (aws kms put-key-policy).",
            statements=tuple({"Principal": {"AWS": role}, **need.statement(need.actions)} for need in needs),
        )
    elif unclear:
        reason = f"its statement {unclear} has a condition that cannot be judged from outside"
        yield NotChecked(what=f"whether the key {key_arn} admits {role}", reason=reason)
    missing = lacking(visit, site if site.account == role.split(":")[4] else _site_of(visit, role), role, needs)
    if missing:
        actions = ", ".join(action for _, actions in missing for action in actions)
        yield Finding(
            kind="key-refuses-the-role",
            site=site,
            resource=key_arn,
            what=f"The role {role} may not {actions} with the key of {part.whose}.",
            mend="Add these statements to a policy of the role.",
            statements=tuple(need.statement(refused) for need, refused in missing),
        )


def _site_of(visit: Visit, role: str) -> Any:
    account = role.split(":")[4]
    return next(each for each in visit.installation.every_site if each.account == account)
