"""Checks the role with which Second Hop acts in the backup account."""

from __future__ import annotations

from collections.abc import Iterator

from secondhop.domain.arn import Site
from secondhop.domain.resource_types import RESOURCE_TYPES
from secondhop_cli.doctor.context import NOT_FOUND, CheckContext
from secondhop_cli.doctor.findings import Finding, NotCheckedError, Outcome
from secondhop_cli.doctor.permissions import ALIASES, REGION, SAMPLE_KEY, Need, missing_permissions

FUNCTION_ROLES = ("AdvanceChainRole", "SweepChainsRole", "OperateChainsRole")
PASSED = {"iam:PassedToService": "backup.amazonaws.com"}
SAMPLE = "copyjob-00000000-0000-4000-8000-000000000000"


def function_role(context: CheckContext, logical_id: str) -> str:
    """The ARN of a role of the main stack. Raises NotCheckedError."""
    main_stack = context.main_stack
    name = main_stack.resources.get(logical_id, "")
    if not name:
        raise NotCheckedError(f"the role {logical_id}", f"the stack {main_stack.name} lists no such resource")
    found = context.api.call(main_stack.site, "iam", "get_role", missing=NOT_FOUND, RoleName=name)
    if found is None:
        raise NotCheckedError(f"the role {logical_id}", f"there is no role {name}; deploy the main stack again")
    return str(found["Role"]["Arn"])


def acting_role(context: CheckContext) -> str:
    """The ARN of the operator role, or in the hub topology of the role of AdvanceChain."""
    return context.main_stack.operator_role_arn or function_role(context, "AdvanceChainRole")


def acting_role_permissions(context: CheckContext) -> Iterator[Outcome]:
    """Check that the acting role may copy, read, delete, and pass the copy role."""
    role = acting_role(context)
    site = context.main_stack.home
    if context.role(site, role) is None:
        yield _missing(site, role)
        return
    yield from missing_permissions(
        context, site, role, acting_role_needs(context), purpose="that acts in the backup account"
    )


def acting_role_needs(context: CheckContext) -> Iterator[Need]:
    """The permissions that the acting role needs."""
    main_stack = context.main_stack
    targets = {"backup:CopyTargets": [main_stack.dr_vault_arn]}
    for point in sample_points(context, main_stack.home):
        yield Need(
            actions=("backup:StartCopyJob", "backup:DescribeRecoveryPoint", "backup:DeleteRecoveryPoint"),
            resource=point,
        )
        yield Need(actions=("backup:CopyFromBackupVault",), resource=point, condition_keys=targets)
    for point in sample_points(context, main_stack.dr):
        yield Need(actions=("backup:DescribeRecoveryPoint",), resource=point)
    for vault in (main_stack.watched_vault_arn, main_stack.dr_vault_arn):
        yield Need(actions=("backup:DescribeBackupVault", "backup:ListRecoveryPointsByBackupVault"), resource=vault)
    yield Need(actions=("backup:ListCopyJobs", "backup:DescribeCopyJob"), resource="*")
    dr_vault = context.vault(main_stack.dr, main_stack.dr_vault)
    if dr_vault and "EncryptionKeyArn" in dr_vault:
        yield Need(actions=("kms:DescribeKey",), resource=dr_vault["EncryptionKeyArn"])
    yield from keys_of_aws_backup(context)
    yield Need(actions=("iam:PassRole",), resource=main_stack.copy_role_arn, condition_keys=PASSED)


def keys_of_aws_backup(context: CheckContext) -> Iterator[Need]:
    """The principal that initiates a cross-Region copy must be allowed to describe the key aws/backup.

    See devguide/encryption.

    No page says whether this is the caller or the passed role, so both need it.
    """
    for site in (context.main_stack.home, context.main_stack.dr):
        key = f"arn:{context.main_stack.partition}:kms:{site.region}:{site.account}:key/{SAMPLE_KEY}"
        yield Need(
            actions=("kms:DescribeKey",),
            resource=key,
            condition_keys={REGION: site.region, ALIASES: ["alias/aws/backup"]},
        )


def first_hops_can_be_retried(context: CheckContext) -> Iterator[Outcome]:
    """With a FirstHopRoleArn, check that AdvanceChain may retry a failed first hop, and pass that role."""
    main_stack = context.main_stack
    if main_stack.is_hub or not main_stack.first_hop_role_arn:
        return
    targets = {"backup:CopyTargets": [main_stack.watched_vault_arn]}
    needs = [Need(actions=("backup:ListCopyJobs", "backup:DescribeCopyJob"), resource="*")]
    for point in sample_points(context, main_stack.site):
        needs.append(Need(actions=("backup:StartCopyJob", "backup:DescribeRecoveryPoint"), resource=point))
        needs.append(Need(actions=("backup:CopyFromBackupVault",), resource=point, condition_keys=targets))
    needs.append(Need(actions=("iam:PassRole",), resource=main_stack.first_hop_role_arn, condition_keys=PASSED))
    role = function_role(context, "AdvanceChainRole")
    yield from missing_permissions(context, main_stack.site, role, needs, purpose="that retries first hops")


def sample_points(context: CheckContext, site: Site, *, prefix: str = SAMPLE) -> tuple[str, ...]:
    """Sample ARNs of recovery points of the installation's resource types in a site."""
    types = context.main_stack.resource_types
    kinds = dict.fromkeys(each.snapshot_kind for each in RESOURCE_TYPES if each.name in types)
    start = f"arn:{context.main_stack.partition}:rds:{site.region}:{site.account}"
    return tuple(f"{start}:{kind}:awsbackup:{prefix}" for kind in kinds)


def _missing(site: Site, role: str) -> Finding:
    return Finding(
        kind="role-missing",
        site=site,
        resource=role,
        what=f"There is no role {role}.",
        fix="Deploy stacks/backup-account.yaml, and pass its outputs to the main stack as parameters.",
    )
