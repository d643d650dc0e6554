"""Reads the main stack of the installation: its parameters, outputs and resources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from secondhop.domain.arn import Site
from secondhop.domain.resource_types import BY_NAME
from secondhop_cli.doctor.api_calls import ApiCalls
from secondhop_cli.doctor.findings import NotCheckedError

NO_SUCH_STACK = ("ValidationError",)
NEEDED = {"BackupAccountId", "DrRegion", "CopyRoleArn"}


class NoMainStackError(Exception):
    """None of the accounts has such a stack. The message is one sentence for the person who runs the doctor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MainStack:
    """The main stack: its account and Region, its parameters and its outputs."""

    name: str
    version: str
    site: Site
    partition: str
    is_hub: bool
    workload_accounts: tuple[str, ...]
    backup_account: str
    dr_region: str
    watched_vault: str
    dr_vault: str
    copy_role_arn: str
    operator_role_arn: str
    external_id: str
    first_hop_role_arn: str
    required_lock: str
    resource_types: tuple[str, ...]
    retention_days: int
    floor_days: int
    ceiling_days: int
    maximum_rds_copies: int
    maximum_cluster_copies: int
    allow_unencrypted: bool
    observe_only: bool
    parameters: tuple[str, ...]
    """The names of all parameters."""
    outputs: Mapping[str, str]
    resources: Mapping[str, str]
    """Physical ids of the main stack's resources, by their logical ids."""

    @property
    def home(self) -> Site:
        """The backup account in the Region of the watched vault."""
        return Site(self.backup_account, self.site.region)

    @property
    def dr(self) -> Site:
        return Site(self.backup_account, self.dr_region)

    @property
    def workloads(self) -> tuple[Site, ...]:
        return tuple(Site(account, self.site.region) for account in self.workload_accounts)

    @property
    def every_site(self) -> tuple[Site, ...]:
        return (*self.workloads, self.home, self.dr)

    def site_of(self, role_arn: str) -> Site:
        """The site for IAM calls about a role. IAM is the same in every Region."""
        return Site(role_arn.split(":")[4], self.site.region)

    @property
    def watched_vault_arn(self) -> str:
        return self.vault_arn(self.home, self.watched_vault)

    @property
    def dr_vault_arn(self) -> str:
        return self.vault_arn(self.dr, self.dr_vault)

    def vault_arn(self, site: Site, name: str) -> str:
        return f"arn:{self.partition}:backup:{site.region}:{site.account}:backup-vault:{name}"

    def backup_service_role(self, account: str) -> str:
        """AWS Backup's service-linked role of an account. It makes the copies into that account."""
        path = "aws-service-role/backup.amazonaws.com/AWSServiceRoleForBackup"
        return f"arn:{self.partition}:iam::{account}:role/{path}"


def find_main_stack(api: ApiCalls, *, stack: str, region: str) -> MainStack:
    """Look for the main stack in every account. Raises NotCheckedError, or NoMainStackError if there is none."""
    not_checked: list[NotCheckedError] = []
    for account in api.accounts:
        site = Site(account, region)
        try:
            found = api.call(site, "cloudformation", "describe_stacks", missing=NO_SUCH_STACK, StackName=stack)
        except NotCheckedError as error:
            not_checked.append(error)
            continue
        if found:
            return read_main_stack(api, site, found["Stacks"][0])
    if not_checked or api.problems or not api.accounts:
        reasons = [*map(str, not_checked), *api.problems] or ["there are no credentials for any account"]
        raise NotCheckedError(f"the main stack {stack} in {region}", "; ".join(reasons))
    accounts = ", ".join(api.accounts)
    raise NoMainStackError(
        f"there is no stack {stack} in {region} of {accounts}: name the main stack with --stack, its Region with "
        "--region, and a profile of its account with --profile"
    )


def is_main_stack(stack: Mapping[str, Any]) -> bool:
    """Whether a stack, as DescribeStacks shows it, has the parameters of a main stack."""
    return {each["ParameterKey"] for each in stack.get("Parameters", [])} >= NEEDED


def read_main_stack(api: ApiCalls, site: Site, stack: Mapping[str, Any]) -> MainStack:
    """Raises NoMainStackError if the stack is another one, and NotCheckedError if its resources cannot be read."""
    given = {each["ParameterKey"]: each.get("ParameterValue", "") for each in stack.get("Parameters", [])}
    outputs = {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}
    if missing := NEEDED - given.keys():
        raise NoMainStackError(
            f"the stack {stack['StackName']} in {site.region} of {site.account} is not a main stack of Second Hop: it "
            f"has no parameter {', '.join(sorted(missing))}"
        )
    listed = api.list_all(
        site, "cloudformation", "list_stack_resources", "StackResourceSummaries", StackName=stack["StackName"]
    )
    return MainStack(
        name=stack["StackName"],
        version=outputs.get("StackVersion", ""),
        site=site,
        partition=str(stack["StackId"]).split(":")[1],
        is_hub=not given.get("OperatorRoleArn"),
        workload_accounts=_names(given.get("WorkloadAccountIds", "")) or (site.account,),
        backup_account=given["BackupAccountId"],
        dr_region=given["DrRegion"],
        watched_vault=given.get("WatchedVaultName", "watched-vault"),
        dr_vault=given.get("DrVaultName", "dr-vault"),
        copy_role_arn=given["CopyRoleArn"],
        operator_role_arn=given.get("OperatorRoleArn", ""),
        external_id=given.get("ExternalId", ""),
        first_hop_role_arn=given.get("FirstHopRoleArn", ""),
        required_lock=given.get("DrVaultLock", "none"),
        resource_types=_names(given.get("ResourceTypes", "")) or tuple(sorted(BY_NAME)),
        retention_days=int(given.get("RetentionDays", "35")),
        floor_days=int(given.get("MinimumRetentionDays", "7")),
        ceiling_days=int(given.get("MaximumRetentionDays", "365")),
        maximum_rds_copies=int(given.get("MaximumRdsCopies", "20")),
        maximum_cluster_copies=int(given.get("MaximumClusterCopies", "5")),
        allow_unencrypted=given.get("AllowUnencrypted") == "true",
        observe_only=given.get("ObserveOnly") == "true",
        parameters=tuple(given),
        outputs=outputs,
        resources={each["LogicalResourceId"]: each.get("PhysicalResourceId", "") for each in listed},
    )


def _names(text: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in text.split(",") if each.strip())
