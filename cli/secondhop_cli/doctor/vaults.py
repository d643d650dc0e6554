"""The two vaults of the backup account: that they are there, of the right type, and whom their policies let in."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from secondhop.domain.arn import Site
from secondhop_cli.doctor.acting import acting_role
from secondhop_cli.doctor.estate import backup_roles
from secondhop_cli.doctor.findings import Finding, NotChecked, Outcome
from secondhop_cli.doctor.policies import Asker, Deed, Judgement, Verdict, judge
from secondhop_cli.doctor.visit import NOT_THERE, Visit, over

ORDINARY = "BACKUP_VAULT"
COPY_IN = "backup:CopyIntoBackupVault"
# What the actor does with recovery points of the watched vault; a vault's policy can deny each of it.
ACTS = (
    "backup:StartCopyJob",
    "backup:CopyFromBackupVault",
    "backup:DescribeRecoveryPoint",
    "backup:DeleteRecoveryPoint",
)


def vaults_exist(visit: Visit) -> Iterator[Outcome]:
    """Both vaults are there and ordinary ones, and neither is an account's Default vault."""
    installation = visit.installation
    both = ((installation.home, installation.watched_vault), (installation.dr, installation.dr_vault))

    def look(place: tuple[Site, str]) -> Iterator[Outcome]:
        site, name = place
        vault = visit.vault(site, name)
        if vault is None:
            yield Finding(
                kind="vault-missing",
                site=site,
                resource=installation.vault_arn(site, name),
                what=f"There is no vault {name} in {site.region} of account {site.account}.",
                mend="Deploy the companion stack that makes it, or give the main stack the name of a vault that "
                "exists.",
                command=f"aws backup list-backup-vaults --region {site.region}",
            )
        elif vault.get("VaultType", ORDINARY) != ORDINARY:
            yield _unsupported(site, vault)
        elif vault["BackupVaultName"] == "Default" and site == installation.home:
            yield Finding(
                kind="vault-is-default",
                site=site,
                resource=vault["BackupVaultArn"],
                what="The watched vault is the account's Default vault.",
                mend="Name another vault as WatchedVaultName, in the main stack, its companions and the plans' copy "
                "actions.",
            )

    yield from over(both, look)


def _unsupported(site: Site, vault: Mapping[str, Any]) -> Finding:
    return Finding(
        kind="vault-type-unsupported",
        site=site,
        resource=vault["BackupVaultArn"],
        what=f"The vault {vault['BackupVaultName']} is of the type {vault['VaultType']}.",
        mend="Create an ordinary backup vault with stacks/backup-account.yaml or stacks/dr-region.yaml, and name it in "
        "all stacks. A compliance lock protects an ordinary vault as well (VaultLock=compliance).",
    )


def watched_vault_admits(visit: Visit) -> Iterator[Outcome]:
    """The watched vault's policy lets each workload account copy in."""
    installation = visit.installation
    home = installation.home

    def look(site: Site) -> Iterator[Outcome]:
        policy = access_policy(visit, home, installation.watched_vault)
        organization = visit.organization(site)
        for role in backup_roles(visit, site) or ("",):
            asker = Asker(account=site.account, arn=role)
            found = judge(policy, asker, _copy_in(installation.watched_vault_arn, asker, organization))
            yield from _denial(home, installation.watched_vault_arn, asker, found)
            if found.verdict is Verdict.NOTHING:
                yield _not_let_in(home, installation.watched_vault_arn, asker, organization)

    yield from over((each for each in installation.workloads if each.account != home.account), look)


def dr_vault_admits(visit: Visit) -> Iterator[Outcome]:
    """The DR vault's policy does not deny the copy role; inside an account no allow is needed."""
    installation = visit.installation
    policy = access_policy(visit, installation.dr, installation.dr_vault)
    asker = Asker(account=installation.backup_account, arn=installation.copy_role_arn)
    found = judge(policy, asker, _copy_in(installation.dr_vault_arn, asker, visit.organization(installation.dr)))
    yield from _denial(installation.dr, installation.dr_vault_arn, asker, found)


def watched_vault_lets_the_actor(visit: Visit) -> Iterator[Outcome]:
    """The watched vault's policy denies the acting role nothing that it does."""
    installation = visit.installation
    policy = access_policy(visit, installation.home, installation.watched_vault)
    role = acting_role(visit)
    asker = Asker(account=installation.backup_account, arn=role)
    context = who_asks(asker, visit.organization(installation.home))
    for action in ACTS:
        found = judge(policy, asker, Deed(action=action, resource=installation.watched_vault_arn, context=context))
        if found.verdict is Verdict.DENIED:
            yield Finding(
                kind="vault-denies-the-actor",
                site=installation.home,
                resource=installation.watched_vault_arn,
                what=f"The watched vault's statement {found.statement} denies {action} to {role}.",
                mend="Name the role in that statement's aws:PrincipalArn.",
                statements=({"Condition": {"ArnNotLike": {"aws:PrincipalArn": role}}},),
            )
        elif found.verdict is Verdict.UNCLEAR:
            yield _unclear(installation.watched_vault_arn, found.statement, action)


def access_policy(visit: Visit, site: Site, name: str) -> Mapping[str, Any]:
    """A vault's access policy; one without statements if it has none. Raises UnseenError."""
    found = visit.sites.ask(site, "backup", "get_backup_vault_access_policy", missing=NOT_THERE, BackupVaultName=name)
    policy: Mapping[str, Any] = json.loads(found["Policy"]) if found and found.get("Policy") else {"Statement": []}
    return policy


def _copy_in(vault_arn: str, asker: Asker, organization: str) -> Deed:
    return Deed(action=COPY_IN, resource=vault_arn, context=who_asks(asker, organization))


def who_asks(asker: Asker, organization: str) -> dict[str, Any]:
    """The condition keys of a request that say who makes it."""
    known: dict[str, Any] = {"aws:PrincipalAccount": asker.account, "aws:PrincipalOrgID": organization}
    return known | ({"aws:PrincipalArn": asker.arn} if asker.arn else {})


def _denial(site: Site, vault_arn: str, asker: Asker, found: Judgement) -> Iterator[Outcome]:
    if found.verdict is Verdict.UNCLEAR:
        yield _unclear(vault_arn, found.statement, COPY_IN)
    elif found.verdict is Verdict.DENIED:
        yield Finding(
            kind="vault-refuses-copies",
            site=site,
            resource=vault_arn,
            what=f"The vault's statement {found.statement} denies {COPY_IN} to {_named(asker)}.",
            mend="Take the action, or this principal, out of that statement.",
        )


def _not_let_in(site: Site, vault_arn: str, asker: Asker, organization: str) -> Finding:
    of_the_account = {"aws:PrincipalOrgID": organization, "aws:PrincipalAccount": asker.account}
    return Finding(
        kind="vault-refuses-copies",
        site=site,
        resource=vault_arn,
        what=f"The vault's access policy does not allow {COPY_IN} to {_named(asker)}.",
        mend="Add this statement to the vault's access policy (aws backup put-backup-vault-access-policy).",
        statements=(
            {
                "Sid": "SecondHopCopiesIn",
                "Effect": "Allow",
                "Principal": "*",
                "Action": COPY_IN,
                "Resource": "*",
                "Condition": {"StringEquals": of_the_account},
            },
        ),
    )


def _named(asker: Asker) -> str:
    return asker.arn or f"account {asker.account}"


def _unclear(resource: str, statement: str, action: str) -> NotChecked:
    return NotChecked(
        what=f"whether the policy of {resource} lets {action} happen",
        reason=f"its statement {statement} has a condition that cannot be judged from outside",
    )
