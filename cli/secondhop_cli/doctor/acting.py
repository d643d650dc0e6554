"""The role by which Second Hop acts in the backup account, what it must be allowed, and who may assume it."""

from __future__ import annotations

from collections.abc import Iterator

from secondhop.domain.arn import Site
from secondhop_cli.doctor.findings import Finding, NotChecked, Outcome, UnseenError
from secondhop_cli.doctor.permissions import Need, missing_permissions
from secondhop_cli.doctor.policies import Asker, Deed, Verdict, judge
from secondhop_cli.doctor.visit import NOT_THERE, Visit, over

FUNCTION_ROLES = ("AdvanceChainRole", "SweepChainsRole", "OperateChainsRole")
SAMPLE = "copyjob-00000000-0000-4000-8000-000000000000"


def function_role(visit: Visit, logical_id: str) -> str:
    """The ARN of a role of the main stack. Raises UnseenError."""
    installation = visit.installation
    name = installation.resources.get(logical_id, "")
    if not name:
        raise UnseenError(f"the role {logical_id}", f"the stack {installation.stack} lists no such resource")
    found = visit.sites.ask(installation.main, "iam", "get_role", missing=NOT_THERE, RoleName=name)
    if found is None:
        raise UnseenError(f"the role {logical_id}", f"IAM knows no role {name}; deploy the main stack again")
    return str(found["Role"]["Arn"])


def acting_role(visit: Visit) -> str:
    """The operator role, or in the hub topology the actor's own."""
    return visit.installation.operator_role_arn or function_role(visit, "AdvanceChainRole")


def actor_is_equipped(visit: Visit) -> Iterator[Outcome]:
    """The role that acts may copy, look, release, and pass the copy role."""
    role = acting_role(visit)
    site = visit.installation.home
    if visit.role(site, role) is None:
        yield _missing(site, role)
        return
    yield from missing_permissions(visit, site, role, actor_needs(visit), part="that acts in the backup account")


def actor_needs(visit: Visit) -> Iterator[Need]:
    """What the acting role does, from its own point of view."""
    installation = visit.installation
    targets = {"backup:CopyTargets": [installation.dr_vault_arn]}
    for point in sample_points(visit, installation.home):
        yield Need(
            actions=("backup:StartCopyJob", "backup:DescribeRecoveryPoint", "backup:DeleteRecoveryPoint"),
            resource=point,
        )
        yield Need(actions=("backup:CopyFromBackupVault",), resource=point, context=targets)
    for point in sample_points(visit, installation.dr):
        yield Need(actions=("backup:DescribeRecoveryPoint",), resource=point)
    for vault in (installation.watched_vault_arn, installation.dr_vault_arn):
        yield Need(actions=("backup:DescribeBackupVault", "backup:ListRecoveryPointsByBackupVault"), resource=vault)
    yield Need(actions=("backup:ListCopyJobs", "backup:DescribeCopyJob"), resource="*")
    passed = {"iam:PassedToService": "backup.amazonaws.com"}
    yield Need(actions=("iam:PassRole",), resource=installation.copy_role_arn, context=passed)


def sample_points(visit: Visit, site: Site, *, prefix: str = SAMPLE) -> tuple[str, ...]:
    """ARNs as recovery points of the installation's types have them at a site."""
    types = set(visit.installation.resource_types)
    kinds = (["snapshot"] if "RDS" in types else []) + (["cluster-snapshot"] if types - {"RDS"} else [])
    start = f"arn:{visit.installation.partition}:rds:{site.region}:{site.account}"
    return tuple(f"{start}:{kind}:awsbackup:{prefix}" for kind in kinds)


def operator_can_be_assumed(visit: Visit) -> Iterator[Outcome]:
    """Each function may assume the operator role, and the role trusts it with the external id."""
    installation = visit.installation
    if installation.is_hub or visit.role(installation.home, installation.operator_role_arn) is None:
        return
    wanted = Need(actions=("sts:AssumeRole",), resource=installation.operator_role_arn)

    def look(logical_id: str) -> Iterator[Outcome]:
        role = function_role(visit, logical_id)
        yield from missing_permissions(visit, installation.main, role, [wanted], part=f"of a function ({logical_id})")
        yield from _trust(visit, role)

    yield from over(FUNCTION_ROLES, look)


def _trust(visit: Visit, role: str) -> Iterator[Outcome]:
    installation = visit.installation
    operator = visit.role(installation.home, installation.operator_role_arn)
    if operator is None:
        return
    asker = Asker(account=installation.main.account, arn=role)
    context = {
        "aws:PrincipalAccount": asker.account,
        "aws:PrincipalArn": role,
        "aws:PrincipalOrgID": visit.organization(installation.main),
        "sts:ExternalId": installation.external_id or None,
    }
    deed = Deed(action="sts:AssumeRole", resource=installation.operator_role_arn, context=context)
    found = judge(operator["AssumeRolePolicyDocument"], asker, deed)
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
            statements=(_trusting(visit, asker.account, context),),
        )


def _trusting(visit: Visit, account: str, context: dict[str, str | None]) -> dict[str, object]:
    partition = visit.installation.partition
    return {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{partition}:iam::{account}:root"},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {
                "aws:PrincipalOrgID": context["aws:PrincipalOrgID"],
                "sts:ExternalId": visit.installation.external_id,
            },
            "ArnLike": {"aws:PrincipalArn": f"arn:{partition}:iam::{account}:role/secondhop/*"},
        },
    }


def _missing(site: Site, role: str) -> Finding:
    return Finding(
        kind="role-missing",
        site=site,
        resource=role,
        what=f"There is no role {role}.",
        mend="Deploy stacks/backup-account.yaml, and give the main stack its outputs as parameters.",
    )
