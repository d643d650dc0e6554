"""The role by which Second Hop acts in the backup account, and what it must be allowed."""

from __future__ import annotations

from collections.abc import Iterator

from secondhop.domain.arn import Site
from secondhop.domain.resource_types import RESOURCE_TYPES
from secondhop_cli.doctor.findings import Finding, Outcome, UnseenError
from secondhop_cli.doctor.permissions import ALIASES, REGION, SAMPLE_KEY, Need, missing_permissions
from secondhop_cli.doctor.visit import NOT_THERE, Visit

FUNCTION_ROLES = ("AdvanceChainRole", "SweepChainsRole", "OperateChainsRole")
PASSED = {"iam:PassedToService": "backup.amazonaws.com"}
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
    dr_vault = visit.vault(installation.dr, installation.dr_vault)
    if dr_vault and "EncryptionKeyArn" in dr_vault:
        yield Need(actions=("kms:DescribeKey",), resource=dr_vault["EncryptionKeyArn"])
    yield from keys_of_aws_backup(visit)
    yield Need(actions=("iam:PassRole",), resource=installation.copy_role_arn, context=PASSED)


def keys_of_aws_backup(visit: Visit) -> Iterator[Need]:
    """Whoever initiates a cross-Region copy must be allowed to describe the key aws/backup (devguide/encryption).

    No page says whether that is the caller or the role that is passed, so both need it.
    """
    for site in (visit.installation.home, visit.installation.dr):
        key = f"arn:{visit.installation.partition}:kms:{site.region}:{site.account}:key/{SAMPLE_KEY}"
        yield Need(
            actions=("kms:DescribeKey",),
            resource=key,
            context={REGION: site.region, ALIASES: ["alias/aws/backup"]},
        )


def first_hops_can_be_repeated(visit: Visit) -> Iterator[Outcome]:
    """With a FirstHopRoleArn, the actor may start a failed first hop again, and pass that role."""
    installation = visit.installation
    if installation.is_hub or not installation.first_hop_role_arn:
        return
    targets = {"backup:CopyTargets": [installation.watched_vault_arn]}
    needs = [Need(actions=("backup:ListCopyJobs", "backup:DescribeCopyJob"), resource="*")]
    for point in sample_points(visit, installation.main):
        needs.append(Need(actions=("backup:StartCopyJob", "backup:DescribeRecoveryPoint"), resource=point))
        needs.append(Need(actions=("backup:CopyFromBackupVault",), resource=point, context=targets))
    needs.append(Need(actions=("iam:PassRole",), resource=installation.first_hop_role_arn, context=PASSED))
    role = function_role(visit, "AdvanceChainRole")
    yield from missing_permissions(visit, installation.main, role, needs, part="that repeats first hops")


def sample_points(visit: Visit, site: Site, *, prefix: str = SAMPLE) -> tuple[str, ...]:
    """ARNs as recovery points of the installation's types have them at a site."""
    types = visit.installation.resource_types
    kinds = dict.fromkeys(each.snapshot_kind for each in RESOURCE_TYPES if each.name in types)
    start = f"arn:{visit.installation.partition}:rds:{site.region}:{site.account}"
    return tuple(f"{start}:{kind}:awsbackup:{prefix}" for kind in kinds)


def _missing(site: Site, role: str) -> Finding:
    return Finding(
        kind="role-missing",
        site=site,
        resource=role,
        what=f"There is no role {role}.",
        mend="Deploy stacks/backup-account.yaml, and give the main stack its outputs as parameters.",
    )
