"""The roles that AWS Backup itself runs under: its service-linked ones, and those that it is passed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from secondhop.domain.arn import Site
from secondhop_cli.doctor.acting import keys_of_aws_backup, sample_points
from secondhop_cli.doctor.estate import backup_roles, copying_rules
from secondhop_cli.doctor.findings import Finding, NotChecked, Outcome
from secondhop_cli.doctor.permissions import REGION, Need, missing_permissions
from secondhop_cli.doctor.policies import Asker, Deed, Verdict, judge
from secondhop_cli.doctor.visit import Visit, over

SERVICE = "backup.amazonaws.com"


def service_linked_roles(visit: Visit) -> Iterator[Outcome]:
    """AWS Backup's service-linked role is there in every account."""
    installation = visit.installation
    by_account = {site.account: site for site in (*installation.workloads, installation.home)}

    def look(site: Site) -> Iterator[Outcome]:
        role = installation.backup_service_role(site.account)
        if visit.role(site, role) is None:
            yield Finding(
                kind="service-linked-role-missing",
                site=site,
                resource=role,
                what=f"Account {site.account} has no service-linked role of AWS Backup.",
                mend="Make it once, with credentials of that account; key policies can name it only after that.",
                command=f"aws iam create-service-linked-role --aws-service-name {SERVICE}",
            )

    yield from over(by_account.values(), look)


def copy_role(visit: Visit) -> Iterator[Outcome]:
    """The role of second hops: there, trusting AWS Backup, and allowed what a copy and its expiry need."""
    installation = visit.installation
    home, role = installation.home, installation.copy_role_arn
    yield from _passed_role(visit, home, role)
    if visit.role(home, role):
        vaults = (installation.watched_vault_arn, installation.dr_vault_arn)
        needs = [
            *_copy_needs(visit, home, installation.dr_vault_arn, shares=False),
            *_watching_needs(visit, installation.dr, vaults),
            *keys_of_aws_backup(visit),
        ]
        yield from missing_permissions(visit, home, role, needs, part="of second hops")
        yield from _may_delete(visit, home, role, installation.dr)


def roles_of_first_hops(visit: Visit) -> Iterator[Outcome]:
    """The roles of the plans' selections: there, trusting AWS Backup, and allowed what a backup's life needs."""

    def look(site: Site) -> Iterator[Outcome]:
        first_hops = copying_rules(visit, site)
        vaults = dict.fromkeys(visit.installation.vault_arn(site, rule.target_vault) for rule in first_hops)
        for role in backup_roles(visit, site):
            yield from _passed_role(visit, site, role)
            if visit.role(site, role):
                copying = _copy_needs(visit, site, visit.installation.watched_vault_arn, shares=True)
                needs = [*copying, *_watching_needs(visit, site, vaults)]
                yield from missing_permissions(visit, site, role, needs, part="of first hops")
                yield from _may_delete(visit, site, role, site)

    yield from over(visit.installation.workloads, look)


def _passed_role(visit: Visit, site: Site, arn: str) -> Iterator[Outcome]:
    role = visit.role(site, arn)
    if role is None:
        yield Finding(
            kind="role-missing",
            site=site,
            resource=arn,
            what=f"There is no role {arn}.",
            mend="Deploy the companion stack that makes it, or name a role that exists.",
        )
        return
    deed = Deed(action="sts:AssumeRole", resource=arn, context={"aws:SourceAccount": site.account})
    found = judge(role["AssumeRolePolicyDocument"], Asker(account=site.account, service=SERVICE), deed)
    if found.verdict is Verdict.UNCLEAR:
        reason = f"its {found.statement} has a condition that cannot be judged from outside"
        yield NotChecked(what=f"whether {arn} trusts AWS Backup", reason=reason)
    elif found.verdict is not Verdict.ALLOWED:
        yield Finding(
            kind="role-not-trusting-backup",
            site=site,
            resource=arn,
            what=f"The trust policy of {arn} does not let {SERVICE} assume it.",
            mend="Add this statement to the role's trust policy (aws iam update-assume-role-policy).",
            statements=(
                {
                    "Effect": "Allow",
                    "Principal": {"Service": SERVICE},
                    "Action": "sts:AssumeRole",
                    "Condition": {"StringEquals": {"aws:SourceAccount": site.account}},
                },
            ),
        )


def _copy_needs(visit: Visit, site: Site, vault_arn: str, *, shares: bool) -> Iterator[Need]:
    """What a passed role needs for one copy (create-cross-account-backup); `shares` for a copy into another account."""
    targets = {"backup:CopyTargets": [vault_arn]}
    for point in sample_points(visit, site, prefix="job-00000000-0000-4000-8000-000000000000"):
        kind = "Cluster" if ":cluster-snapshot:" in point else ""
        sharing = (f"rds:ModifyDB{kind}SnapshotAttribute",) if shares else ()
        yield Need(actions=("backup:CopyFromBackupVault",), resource=point, context=targets)
        yield Need(actions=("rds:ListTagsForResource",), resource=point)
        # "aws:RequestedRegion: both Regions must be listed" (RDS: USER_CopySnapshot).
        for region in dict.fromkeys((site.region, vault_arn.split(":")[3])):
            where = {"aws:RequestedRegion": region}
            yield Need(actions=(f"rds:CopyDB{kind}Snapshot", *sharing), resource=point, context=where)
    yield Need(actions=("backup:CopyIntoBackupVault",), resource=vault_arn)


def _watching_needs(visit: Visit, site: Site, vaults: Iterable[str]) -> Iterator[Need]:
    """What a passed role does around a copy: it sees both vaults, and sees and tags the snapshots that it makes.

    `site` is where those snapshots are. AWSBackupServiceRolePolicyForBackup, AWS's managed policy, has these actions.
    """
    for vault_arn in vaults:
        yield Need(actions=("backup:DescribeBackupVault",), resource=vault_arn)
    for point in sample_points(visit, site):
        kind = "Cluster" if ":cluster-snapshot:" in point else ""
        actions = (f"rds:DescribeDB{kind}Snapshots", "rds:AddTagsToResource")
        yield Need(actions=actions, resource=point, context={REGION: site.region})


def _may_delete(visit: Visit, site: Site, role: str, where: Site) -> Iterator[Outcome]:
    """AWS Backup expires a recovery point under the role that made it, as far as it can (devguide/backup-iam)."""
    needs = [
        Need(
            actions=("rds:DeleteDBClusterSnapshot" if ":cluster-snapshot:" in point else "rds:DeleteDBSnapshot",),
            resource=point,
            context={REGION: where.region},
        )
        for point in sample_points(visit, where)
    ]
    part = "that made the recovery points"
    yield from missing_permissions(visit, site, role, needs, part=part, kind="role-cannot-delete-its-copies")
