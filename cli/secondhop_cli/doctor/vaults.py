"""Checks the two vaults of the backup account: that they exist, their types, and their access policies."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from secondhop.domain.arn import Site
from secondhop_cli.doctor.acting_role import acting_role
from secondhop_cli.doctor.context import NOT_FOUND, CheckContext, for_each
from secondhop_cli.doctor.databases_and_plans import backup_role_arns
from secondhop_cli.doctor.findings import Finding, NotChecked, Outcome
from secondhop_cli.doctor.policies import Evaluation, PolicyResult, Principal, Request, evaluate

ORDINARY = "BACKUP_VAULT"
COPY_IN = "backup:CopyIntoBackupVault"
# The acting role's actions on recovery points of the watched vault. A vault's policy can deny each of them.
ACTING_ROLE_ACTIONS = (
    "backup:StartCopyJob",
    "backup:CopyFromBackupVault",
    "backup:DescribeRecoveryPoint",
    "backup:DeleteRecoveryPoint",
)


def vaults_exist(context: CheckContext) -> Iterator[Outcome]:
    """Check that both vaults exist and are ordinary vaults, and that the watched vault is not the Default vault."""
    main_stack = context.main_stack
    both = ((main_stack.home, main_stack.watched_vault), (main_stack.dr, main_stack.dr_vault))

    def check(place: tuple[Site, str]) -> Iterator[Outcome]:
        site, name = place
        vault = context.vault(site, name)
        if vault is None:
            yield Finding(
                kind="vault-missing",
                site=site,
                resource=main_stack.vault_arn(site, name),
                what=f"There is no vault {name} in {site.region} of account {site.account}.",
                fix="Deploy the companion stack that creates it, or give the main stack the name of an existing vault.",
                command=f"aws backup list-backup-vaults --region {site.region}",
            )
        elif vault.get("VaultType", ORDINARY) != ORDINARY:
            yield _unsupported(site, vault)
        elif vault["BackupVaultName"] == "Default" and site == main_stack.home:
            yield Finding(
                kind="vault-is-default",
                site=site,
                resource=vault["BackupVaultArn"],
                what="The watched vault is the account's Default vault.",
                fix="Set WatchedVaultName to another vault in the main stack and its companion stacks. Change the "
                "plans' copy actions as well.",
            )

    yield from for_each(both, check)


def _unsupported(site: Site, vault: Mapping[str, Any]) -> Finding:
    return Finding(
        kind="vault-type-unsupported",
        site=site,
        resource=vault["BackupVaultArn"],
        what=f"The vault {vault['BackupVaultName']} has the type {vault['VaultType']}.",
        fix="Create an ordinary backup vault with stacks/backup-account.yaml or stacks/dr-region.yaml, and name it in "
        "all stacks. A compliance lock protects an ordinary vault as well (VaultLock=compliance).",
    )


def watched_vault_allows_copies(context: CheckContext) -> Iterator[Outcome]:
    """Check that the watched vault's policy lets each workload account copy into it."""
    main_stack = context.main_stack
    home = main_stack.home

    def check(site: Site) -> Iterator[Outcome]:
        policy = access_policy(context, home, main_stack.watched_vault)
        organization = context.organization(site)
        for role in backup_role_arns(context, site) or ("",):
            principal = Principal(account=site.account, arn=role)
            found = evaluate(policy, principal, _copy_in(main_stack.watched_vault_arn, principal, organization))
            yield from _denial(home, main_stack.watched_vault_arn, principal, found)
            if found.result is PolicyResult.IMPLICIT_DENY:
                yield _not_allowed(home, main_stack.watched_vault_arn, principal, organization)

    yield from for_each((each for each in main_stack.workloads if each.account != home.account), check)


def dr_vault_allows_copies(context: CheckContext) -> Iterator[Outcome]:
    """Check that the DR vault's policy does not deny the copy role. Inside an account no allow is needed."""
    main_stack = context.main_stack
    policy = access_policy(context, main_stack.dr, main_stack.dr_vault)
    principal = Principal(account=main_stack.backup_account, arn=main_stack.copy_role_arn)
    found = evaluate(
        policy, principal, _copy_in(main_stack.dr_vault_arn, principal, context.organization(main_stack.dr))
    )
    yield from _denial(main_stack.dr, main_stack.dr_vault_arn, principal, found)


def watched_vault_allows_acting_role(context: CheckContext) -> Iterator[Outcome]:
    """Check that the watched vault's policy does not deny the acting role its actions."""
    main_stack = context.main_stack
    policy = access_policy(context, main_stack.home, main_stack.watched_vault)
    role = acting_role(context)
    principal = Principal(account=main_stack.backup_account, arn=role)
    condition_keys = principal_keys(principal, context.organization(main_stack.home))
    for action in ACTING_ROLE_ACTIONS:
        found = evaluate(
            policy,
            principal,
            Request(action=action, resource=main_stack.watched_vault_arn, condition_keys=condition_keys),
        )
        if found.result is PolicyResult.EXPLICIT_DENY:
            yield Finding(
                kind="vault-denies-acting-role",
                site=main_stack.home,
                resource=main_stack.watched_vault_arn,
                what=f"The watched vault's statement {found.statement} denies {action} to {role}.",
                fix="Add the role to aws:PrincipalArn of that statement's condition.",
                statements=({"Condition": {"ArnNotLike": {"aws:PrincipalArn": role}}},),
            )
        elif found.result is PolicyResult.UNCLEAR:
            yield _unclear(main_stack.watched_vault_arn, found.statement, action)


def access_policy(context: CheckContext, site: Site, name: str) -> Mapping[str, Any]:
    """A vault's access policy, without statements if it has none. Raises NotCheckedError."""
    found = context.api.call(site, "backup", "get_backup_vault_access_policy", missing=NOT_FOUND, BackupVaultName=name)
    policy: Mapping[str, Any] = json.loads(found["Policy"]) if found and found.get("Policy") else {"Statement": []}
    return policy


def _copy_in(vault_arn: str, principal: Principal, organization: str) -> Request:
    return Request(action=COPY_IN, resource=vault_arn, condition_keys=principal_keys(principal, organization))


def principal_keys(principal: Principal, organization: str) -> dict[str, Any]:
    """The condition keys of a request that describe its principal."""
    known: dict[str, Any] = {"aws:PrincipalAccount": principal.account, "aws:PrincipalOrgID": organization}
    return known | ({"aws:PrincipalArn": principal.arn} if principal.arn else {})


def _denial(site: Site, vault_arn: str, principal: Principal, found: Evaluation) -> Iterator[Outcome]:
    if found.result is PolicyResult.UNCLEAR:
        yield _unclear(vault_arn, found.statement, COPY_IN)
    elif found.result is PolicyResult.EXPLICIT_DENY:
        yield Finding(
            kind="vault-denies-copies",
            site=site,
            resource=vault_arn,
            what=f"The vault's statement {found.statement} denies {COPY_IN} to {_named(principal)}.",
            fix="Remove the action, or this principal, from that statement.",
        )


def _not_allowed(site: Site, vault_arn: str, principal: Principal, organization: str) -> Finding:
    in_the_account = {"aws:PrincipalOrgID": organization, "aws:PrincipalAccount": principal.account}
    return Finding(
        kind="vault-denies-copies",
        site=site,
        resource=vault_arn,
        what=f"The vault's access policy does not allow {COPY_IN} to {_named(principal)}.",
        fix="Add this statement to the vault's access policy (aws backup put-backup-vault-access-policy).",
        statements=(
            {
                "Sid": "SecondHopCopiesIn",
                "Effect": "Allow",
                "Principal": "*",
                "Action": COPY_IN,
                "Resource": "*",
                "Condition": {"StringEquals": in_the_account},
            },
        ),
    )


def _named(principal: Principal) -> str:
    return principal.arn or f"account {principal.account}"


def _unclear(resource: str, statement: str, action: str) -> NotChecked:
    return NotChecked(
        what=f"whether the policy of {resource} allows {action}",
        reason=f"its statement {statement} has a condition that the doctor cannot evaluate",
    )
