"""Whether anybody can still change the two vaults.

The policy of a vault denies changes to every principal but the ones that it names. If the account has no such
principal, nobody can change the policy, update the vault's stack or delete the vault.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from secondhop.domain.arn import Site
from secondhop_cli.doctor.conditions import like, listed
from secondhop_cli.doctor.findings import Finding, NotChecked, Outcome
from secondhop_cli.doctor.policies import Asker, Deed, Verdict, judge
from secondhop_cli.doctor.vaults import access_policy, who_asks
from secondhop_cli.doctor.visit import Visit, over

CHANGE = "backup:PutBackupVaultAccessPolicy"
# The roles of IAM Identity Center have a path, which the ARN of their sessions does not show (sts get-caller-identity).
PATHLESS = re.compile(r"arn:[\w-]+:iam::\d{12}:role/(AWSReservedSSO_[\w+=,.@*?-]*)")
EXEMPTING = ("ArnNotLike", "ArnNotEquals", "StringNotLike", "StringNotEquals")


def vaults_can_be_changed(visit: Visit) -> Iterator[Outcome]:
    """For each vault, a role exists that the vault's policy lets change it."""
    installation = visit.installation
    both = ((installation.home, installation.watched_vault), (installation.dr, installation.dr_vault))

    def look(place: tuple[Site, str]) -> Iterator[Outcome]:
        if visit.vault(*place) is not None:
            yield from _changeable(visit, *place)

    yield from over(both, look)


def _changeable(visit: Visit, site: Site, name: str) -> Iterator[Outcome]:
    installation = visit.installation
    vault_arn = installation.vault_arn(site, name)
    policy = access_policy(visit, site, name)
    exempt = exempted(policy)
    pathless = [each for each in exempt if PATHLESS.fullmatch(each)]
    # IAM is the same in every Region: the roles are asked for once.
    roles = visit.sites.ask_all(installation.home, "iam", "list_roles", "Roles")
    verdicts = {_verdict(visit, policy, vault_arn, each["Arn"]) for each in roles}
    if pathless or verdicts <= {Verdict.DENIED}:
        root = f"arn:{installation.partition}:iam::{site.account}:root"
        is_root_let = _verdict(visit, policy, vault_arn, root) is not Verdict.DENIED
        yield _nobody(site, vault_arn, pathless or exempt, is_root_let=is_root_let)
    elif verdicts <= {Verdict.DENIED, Verdict.UNCLEAR}:
        yield NotChecked(
            what=f"whether any role may change the policy of {vault_arn}",
            reason="its statements have conditions that cannot be judged from outside",
        )


def exempted(policy: Mapping[str, Any]) -> list[str]:
    """The principals, as ARNs or patterns, that the policy's denials of changes leave out."""
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


def _verdict(visit: Visit, policy: Mapping[str, Any], vault_arn: str, principal: str) -> Verdict:
    asker = Asker(account=visit.installation.backup_account, arn=principal)
    # Most policies do not speak of the organization, and then nobody needs to look it up.
    organization = visit.organization(visit.installation.home) if "principalorg" in str(policy).lower() else ""
    return judge(policy, asker, Deed(action=CHANGE, resource=vault_arn, context=who_asks(asker, organization))).verdict


def _nobody(site: Site, vault_arn: str, named: list[str], *, is_root_let: bool) -> Finding:
    names = [found[1] for each in named if (found := PATHLESS.fullmatch(each))]
    what = f"The vault's policy lets only {', '.join(named) or 'no principal'} change it, and no role has such an ARN."
    if names:
        what += " The ARN of a role of IAM Identity Center has the path aws-reserved/sso.amazonaws.com/ in it."
    if is_root_let:
        what += " Only the root user of the account can change it now."
    return Finding(
        kind="vault-administrator-missing",
        site=site,
        resource=vault_arn,
        what=what,
        mend="Set VaultAdministratorArn to the role's ARN as IAM shows it, and deploy the vault's stack again as a "
        "principal that the policy lets through: the root user if the policy names it, else a role that you create "
        "with exactly the ARN that the policy names.",
        command=_command(names),
    )


def _command(names: list[str]) -> str:
    if names and not re.search(r"[*?]", names[0]):
        return f"aws iam get-role --role-name {names[0]} --query Role.Arn --output text"
    prefix = " --path-prefix /aws-reserved/sso.amazonaws.com/" if names else ""
    return f"aws iam list-roles{prefix} --query 'Roles[].Arn' --output text"
