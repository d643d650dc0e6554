"""Adds up what all main stacks may start into one destination account and Region: AWS has one quota there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from secondhop.domain.arn import Site
from secondhop.domain.resource_types import CLUSTERS, INSTANCES, ResourceType
from secondhop_cli.doctor.context import CheckContext
from secondhop_cli.doctor.findings import Finding, NotChecked, NotCheckedError, Outcome
from secondhop_cli.doctor.main_stack import MainStack, is_main_stack, read_main_stack
from secondhop_cli.init.shares import MOST_INSTALLATIONS

LIMITS: Mapping[str, tuple[ResourceType, ...]] = {"MaximumRdsCopies": (INSTANCES,), "MaximumClusterCopies": CLUSTERS}


def limits_together(context: CheckContext) -> Iterator[Outcome]:
    """Compare the sum of all main stacks' limits with AWS's quota, and name the main stacks that are not seen."""
    seen, unread = _main_stacks(context)
    yield from _over_quota(context.main_stack, seen)
    yield from unread
    yield from _not_seen(context, seen)


def _main_stacks(context: CheckContext) -> tuple[list[MainStack], list[NotChecked]]:
    """The main stacks of all accounts that copy into the same site, and what could not be read."""
    ours = context.main_stack
    seen, unread = {(ours.site, ours.name): ours}, list[NotChecked]()
    for account in context.api.accounts:
        site = Site(account, ours.site.region)
        try:
            for stack in context.api.list_all(site, "cloudformation", "describe_stacks", "Stacks"):
                if is_main_stack(stack) and (site, stack["StackName"]) not in seen:
                    other = read_main_stack(context.api, site, stack)
                    seen |= {(site, other.name): other} if other.dr == ours.dr else {}
        except NotCheckedError as not_checked:
            unread.append(NotChecked(what=not_checked.what, reason=not_checked.reason))
    return list(seen.values()), unread


def _over_quota(ours: MainStack, seen: Iterable[MainStack]) -> Iterator[Finding]:
    for parameter, types in LIMITS.items():
        for each in types:
            limits = {_named(stack): _limit(stack, each) for stack in seen if each.name in stack.resource_types}
            if sum(limits.values()) > each.copies_in_flight:
                yield _finding(ours, parameter, each, limits)
                break


def _limit(stack: MainStack, resource_type: ResourceType) -> int:
    return stack.maximum_cluster_copies if resource_type.is_cluster else stack.maximum_rds_copies


def _named(stack: MainStack) -> str:
    return f"{stack.name} in {stack.site.account}"


def _finding(ours: MainStack, parameter: str, resource_type: ResourceType, limits: Mapping[str, int]) -> Finding:
    count, kind = len(limits), resource_type.name
    shown = ", ".join(f"{limit} of {name}" for name, limit in limits.items())
    hub = "Use the hub topology (docs/install.md): one main stack in the backup account for all workload accounts."
    divide = (
        "Run this command in the checkout of each of these main stacks, and deploy them. Or use the hub topology: "
        "one main stack in the backup account for all workload accounts."
    )
    return Finding(
        kind="limits-above-the-shared-quota",
        site=ours.dr,
        resource=parameter,
        what=f"{count} main stacks may together have {sum(limits.values())} {kind} copies in progress into "
        f"{ours.dr}, and AWS's quota is {resource_type.copies_in_flight}. {parameter}: {shown}.",
        fix=divide if count <= MOST_INSTALLATIONS else hub,
        command=f"secondhop init --installations-sharing {count}" if count <= MOST_INSTALLATIONS else "",
    )


def _not_seen(context: CheckContext, seen: Iterable[MainStack]) -> Iterator[NotChecked]:
    """The installations that the backup account shows by a stack of backup-account.yaml, without their main stack."""
    ours, vaults = context.main_stack, {stack.watched_vault for stack in seen}
    for stack in context.api.list_all(ours.home, "cloudformation", "describe_stacks", "Stacks"):
        given = _parameters(stack)
        is_companion = any(each["OutputKey"] == "CopyRoleArn" for each in stack.get("Outputs", []))
        is_same_target = given.get("DrRegion") == ours.dr_region
        if not is_companion or not is_same_target or given.get("WatchedVaultName") in vaults:
            continue
        is_hub = given.get("Topology") == "hub"
        account = ours.backup_account if is_hub else given.get("WorkloadAccountIds", "").split(",")[0]
        # In an account that was looked at, there is no main stack, so nothing starts copies.
        if account not in context.api.accounts:
            yield NotChecked(
                what=f"the limits of the main stack in account {account}, for the stack {stack['StackName']} of "
                f"{ours.home.account}",
                reason=f"there are no credentials for account {account}, which copies into {ours.dr} too. Run: "
                + _command(context, account),
            )


def _command(context: CheckContext, account: str) -> str:
    ours = context.main_stack
    accounts = dict.fromkeys((*context.api.accounts, account))
    profiles = " ".join(f"--profile PROFILE-OF-{each}" for each in accounts)
    return f"secondhop doctor --stack {ours.name} --region {ours.site.region} {profiles}"


def _parameters(stack: Mapping[str, Any]) -> dict[str, str]:
    return {each["ParameterKey"]: each.get("ParameterValue", "") for each in stack.get("Parameters", [])}
