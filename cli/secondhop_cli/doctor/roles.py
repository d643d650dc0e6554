"""Checks the roles of AWS Backup: its service-linked roles, and the roles that it is passed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from secondhop.domain.arn import Site
from secondhop_cli.doctor.acting_role import keys_of_aws_backup, sample_points
from secondhop_cli.doctor.context import CheckContext, for_each
from secondhop_cli.doctor.databases_and_plans import backup_role_arns, first_hop_rules
from secondhop_cli.doctor.findings import Finding, NotChecked, Outcome
from secondhop_cli.doctor.permissions import REGION, Need, missing_permissions
from secondhop_cli.doctor.policies import PolicyResult, Principal, Request, evaluate
from secondhop_cli.doctor.selections import selects_by_tag

SERVICE = "backup.amazonaws.com"


def service_linked_roles(context: CheckContext) -> Iterator[Outcome]:
    """Check that AWS Backup's service-linked role exists in every account."""
    main_stack = context.main_stack
    by_account = {site.account: site for site in (*main_stack.workloads, main_stack.home)}

    def check(site: Site) -> Iterator[Outcome]:
        role = main_stack.backup_service_role(site.account)
        if context.role(site, role) is None:
            yield Finding(
                kind="service-linked-role-missing",
                site=site,
                resource=role,
                what=f"Account {site.account} has no service-linked role of AWS Backup.",
                fix="Create it with credentials of that account. Key policies can name it only after that.",
                command=f"aws iam create-service-linked-role --aws-service-name {SERVICE}",
            )

    yield from for_each(by_account.values(), check)


def copy_role(context: CheckContext) -> Iterator[Outcome]:
    """Check the role of second hops: that it exists, trusts AWS Backup, and may copy and expire."""
    main_stack = context.main_stack
    home, role = main_stack.home, main_stack.copy_role_arn
    yield from _passed_role(context, home, role)
    if context.role(home, role):
        vaults = (main_stack.watched_vault_arn, main_stack.dr_vault_arn)
        needs = [
            *_copy_needs(context, home, main_stack.dr_vault_arn, shares=False),
            *_describe_needs(context, main_stack.dr, vaults),
            *keys_of_aws_backup(context),
        ]
        yield from missing_permissions(context, home, role, needs, purpose="of second hops")
        yield from _may_delete(context, home, role, main_stack.dr)


def roles_of_first_hops(context: CheckContext) -> Iterator[Outcome]:
    """Check the roles of the plans' selections: that they exist, trust AWS Backup, and may copy and expire."""

    def check(site: Site) -> Iterator[Outcome]:
        first_hops = first_hop_rules(context, site)
        vaults = dict.fromkeys(context.main_stack.vault_arn(site, rule.target_vault) for rule in first_hops)
        for role in backup_role_arns(context, site):
            yield from _passed_role(context, site, role)
            if context.role(site, role):
                copying = _copy_needs(context, site, context.main_stack.watched_vault_arn, shares=True)
                needs = [*copying, *_describe_needs(context, site, vaults)]
                yield from missing_permissions(context, site, role, needs, purpose="of first hops")
                yield from _may_select(context, site, role)
                yield from _may_delete(context, site, role, site)

    yield from for_each(context.main_stack.workloads, check)


def _may_select(context: CheckContext, site: Site, role: str) -> Iterator[Outcome]:
    """Without tag:GetResources, a plan that selects by tag makes no backups at all (devguide/troubleshooting)."""
    plans = [
        rule.plan
        for rule in first_hop_rules(context, site)
        for each in rule.selections
        if each["IamRoleArn"] == role and selects_by_tag(each)
    ]
    if plans:
        need = Need(actions=("tag:GetResources",), resource="*", condition_keys={REGION: site.region})
        purpose = f"with which the plan {', '.join(dict.fromkeys(plans))} selects databases by tag"
        yield from missing_permissions(context, site, role, [need], purpose=purpose)


def _passed_role(context: CheckContext, site: Site, arn: str) -> Iterator[Outcome]:
    role = context.role(site, arn)
    if role is None:
        yield Finding(
            kind="role-missing",
            site=site,
            resource=arn,
            what=f"There is no role {arn}.",
            fix="Deploy the companion stack that creates it, or use an existing role.",
        )
        return
    request = Request(action="sts:AssumeRole", resource=arn, condition_keys={"aws:SourceAccount": site.account})
    found = evaluate(role["AssumeRolePolicyDocument"], Principal(account=site.account, service=SERVICE), request)
    if found.result is PolicyResult.UNCLEAR:
        reason = f"its {found.statement} has a condition that the doctor cannot evaluate"
        yield NotChecked(what=f"whether {arn} trusts AWS Backup", reason=reason)
    elif found.result is not PolicyResult.ALLOWED:
        yield Finding(
            kind="role-not-trusting-backup",
            site=site,
            resource=arn,
            what=f"The trust policy of {arn} does not let {SERVICE} assume it.",
            fix="Add this statement to the role's trust policy (aws iam update-assume-role-policy).",
            statements=(
                {
                    "Effect": "Allow",
                    "Principal": {"Service": SERVICE},
                    "Action": "sts:AssumeRole",
                    "Condition": {"StringEquals": {"aws:SourceAccount": site.account}},
                },
            ),
        )


def _copy_needs(context: CheckContext, site: Site, vault_arn: str, *, shares: bool) -> Iterator[Need]:
    """What a passed role needs for a copy (create-cross-account-backup). `shares`: into another account."""
    targets = {"backup:CopyTargets": [vault_arn]}
    for point in sample_points(context, site, prefix="job-00000000-0000-4000-8000-000000000000"):
        kind = "Cluster" if ":cluster-snapshot:" in point else ""
        sharing = (f"rds:ModifyDB{kind}SnapshotAttribute",) if shares else ()
        yield Need(actions=("backup:CopyFromBackupVault",), resource=point, condition_keys=targets)
        yield Need(actions=("rds:ListTagsForResource",), resource=point)
        # "aws:RequestedRegion: both Regions must be listed" (RDS: USER_CopySnapshot).
        for region in dict.fromkeys((site.region, vault_arn.split(":")[3])):
            where = {"aws:RequestedRegion": region}
            yield Need(actions=(f"rds:CopyDB{kind}Snapshot", *sharing), resource=point, condition_keys=where)
    yield Need(actions=("backup:CopyIntoBackupVault",), resource=vault_arn)


def _describe_needs(context: CheckContext, site: Site, vaults: Iterable[str]) -> Iterator[Need]:
    """A passed role also describes both vaults, and describes and tags the snapshots that it makes.

    `site` is the account and Region of those snapshots. The managed policy
    AWSBackupServiceRolePolicyForBackup has these actions.
    """
    for vault_arn in vaults:
        yield Need(actions=("backup:DescribeBackupVault",), resource=vault_arn)
    for point in sample_points(context, site):
        kind = "Cluster" if ":cluster-snapshot:" in point else ""
        actions = (f"rds:DescribeDB{kind}Snapshots", "rds:AddTagsToResource")
        yield Need(actions=actions, resource=point, condition_keys={REGION: site.region})


def _may_delete(context: CheckContext, site: Site, role: str, where: Site) -> Iterator[Outcome]:
    """AWS Backup deletes an expired recovery point with the role that made it (devguide/backup-iam)."""
    needs = [
        Need(
            actions=("rds:DeleteDBClusterSnapshot" if ":cluster-snapshot:" in point else "rds:DeleteDBSnapshot",),
            resource=point,
            condition_keys={REGION: where.region},
        )
        for point in sample_points(context, where)
    ]
    purpose = "that made the recovery points"
    yield from missing_permissions(context, site, role, needs, purpose=purpose, kind="role-cannot-delete-its-copies")
