"""What people get wrong about a copy between two accounts, as changes of a place that was right.

The ones of STAGED are changes of a deployed installation that make no copy of today fail, or none in the simulator.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from backup_simulator.model import GIBIBYTE
from rehearsal.stage import ADMINISTRATOR, BACKUP, WORKLOAD, Stage
from rehearsal.stage import DR as STAGE_DR
from rehearsal.stage import HOME as STAGE_HOME
from secondhop_cli.doctor.conditions import listed
from tests.simulated_place import ALL, DR, HOME, OPEN, SHARED, SLR, A, B, Journey


def setting(path: Callable[[Journey], Any], name: str, value: Any) -> Callable[[Journey], None]:
    return lambda journey: setattr(path(journey), name, value)


def policy_of_the_key(journey: Journey) -> dict[str, Any]:
    root = {"Effect": "Allow", "Principal": {"AWS": A}, "Action": "kms:*", "Resource": "*"}
    use = ["kms:CreateGrant", "kms:Decrypt", "kms:GenerateDataKey*", "kms:DescribeKey"]
    via = {"StringEquals": {"kms:ViaService": "rds.eu-west-1.amazonaws.com"}}
    foreign = {"Effect": "Allow", "Principal": {"AWS": SLR}, "Action": use, "Resource": "*", "Condition": via}
    return {"Statement": [root, foreign]}


def only_the_own_account(_: Journey) -> dict[str, Any]:
    return {"Statement": [{"Effect": "Allow", "Principal": {"AWS": A}, "Action": "kms:*", "Resource": "*"}]}


def only_the_other_account(_: Journey) -> dict[str, Any]:
    return {"Statement": [{"Effect": "Allow", "Principal": {"AWS": B}, "Action": "kms:*", "Resource": "*"}]}


def everything_by_grant(_: Journey) -> dict[str, Any]:
    """The condition that only calls about grants meet, on all actions."""
    granted = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    return {"Statement": [{**SHARED["Statement"][0], "Condition": granted}]}


def in_one_region_only(journey: Journey) -> None:
    """A role that may act in its own Region only, and a vault in another."""
    there = journey.world.site(B, DR)
    journey.target = there.create_vault("far", key_arn=there.create_key(), policy=OPEN)
    deny = {"StringNotEquals": {"aws:RequestedRegion": HOME}}
    narrow = {"Statement": [{"Effect": "Deny", "Action": "rds:*", "Resource": "*", "Condition": deny}]}
    journey.world.roles[journey.role].policies = (ALL, narrow)


def bound(journey: Journey, *, boundary: dict[str, Any] | None) -> None:
    journey.world.account(A).bound_role(journey.role, boundary)


def forget_the_key(journey: Journey) -> None:
    journey.kept = journey.world.keys.pop(journey.point.key_arn or "")


def bring_the_key_back(journey: Journey) -> None:
    journey.world.keys[journey.kept.arn] = journey.kept


def many_tags(journey: Journey) -> None:
    journey.point.tags.update({f"tag-{number}": "x" for number in range(60)})


def default_vault(journey: Journey) -> None:
    journey.destination.name = "Default"


def with_key_policy(make: Callable[[Journey], dict[str, Any]]) -> Callable[[Journey], None]:
    return lambda journey: setattr(journey.source_key, "policy", make(journey))


def forget_the_copier(journey: Journey) -> None:
    journey.world.account(B).delete_role(SLR)


def into_an_opt_in_region(journey: Journey) -> None:
    journey.point.resource_type = "Neptune"
    journey.far_target = journey.target
    there = journey.world.site(A, "eu-south-1")
    journey.target = there.create_vault("far", key_arn=there.create_key())


def fill_the_lane(journey: Journey) -> None:
    """Twenty copies of other databases run into the account and Region."""
    for number in range(20):
        point = replace(journey.point, arn=f"{journey.point.arn}{number}", tags={}, size_bytes=10 * GIBIBYTE)
        point.database_arn = f"{journey.database}{number}"
        journey.world.add_point(point, announce=False)
        journey.copy(RecoveryPointArn=point.arn, IdempotencyToken=point.arn)
    journey.world.run_for(timedelta(minutes=3))


DAYS = timedelta(days=2)
NO_COPIES_ABROAD = {
    "Statement": [
        {
            "Effect": "Deny",
            "Action": "backup:CopyIntoBackupVault",
            "NotResource": f"arn:aws:backup:*:{A}:backup-vault:*",
        }
    ]
}


@dataclass(frozen=True, kw_only=True)
class Misconfigured:
    """What is wrong with a deployed installation, the kinds and places of the findings, and what fixes it.

    `fixes` gets the findings, whose statements it may add to a policy.
    """

    breaks: Callable[[Stage], object]
    kinds: set[str]
    where: set[tuple[str, str]]
    fixes: Callable[[Stage, list[dict[str, Any]]], object]


def with_administrator(*patterns: str) -> Callable[[Stage], None]:
    """Both vaults' policies deny changes to every principal but these."""

    def set_exempted(stage: Stage) -> None:
        for arn in (stage.backup_account["WatchedVaultArn"], stage.dr["DrVaultArn"]):
            vault = stage.world.vault_by_arn(arn)
            assert vault.policy is not None
            statements = [
                {**each, "Condition": {"ArnNotLike": {"aws:PrincipalArn": list(patterns)}}}
                if "backup:PutBackupVaultAccessPolicy" in each["Action"]
                else each
                for each in vault.policy["Statement"]
            ]
            vault.policy = {**vault.policy, "Statement": statements}

    return set_exempted


ROOT_USER = f"arn:aws:iam::{BACKUP}:root"
IDENTITY_CENTER = f"arn:aws:iam::{BACKUP}:role/aws-reserved/sso.amazonaws.com"
BOTH_VAULTS = {(BACKUP, STAGE_HOME), (BACKUP, STAGE_DR)}


def deploy_with_the_right_administrator(stage: Stage, _: list[dict[str, Any]]) -> None:
    with_administrator(ADMINISTRATOR, ROOT_USER)(stage)


def may_not(role: str, *actions: str) -> Callable[[Stage], None]:
    """Take actions out of the statements of a role, which is an output of the companion stacks."""

    def take_away(stage: Stage) -> None:
        found = stage.world.roles[(stage.backup_account | stage.workload)[role]]
        found.policies = tuple(
            {**policy, "Statement": [each for each in less(policy, actions) if each["Action"]]}
            for policy in found.policies
        )

    return take_away


def less(policy: dict[str, Any], actions: tuple[str, ...]) -> list[dict[str, Any]]:
    """The statements of a policy without some actions."""
    return [
        {**each, "Action": [action for action in listed(each["Action"]) if action not in actions]}
        for each in policy["Statement"]
    ]


def add_to_the_role(role: str) -> Callable[[Stage, list[dict[str, Any]]], None]:
    """Paste the statements of the findings into a policy of the role."""

    def paste(stage: Stage, found: list[dict[str, Any]]) -> None:
        given = stage.world.roles[(stage.backup_account | stage.workload)[role]]
        statements = [statement for each in found for statement in each["statements"]]
        given.policies = (*given.policies, {"Version": "2012-10-17", "Statement": statements})

    return paste


def without_the_key_of_aws_backup(stage: Stage) -> None:
    role = stage.world.roles[stage.backup_account["CopyRoleArn"]]
    role.policies = tuple(
        {**policy, "Statement": [each for each in policy["Statement"] if each["Sid"] != "SeeTheKeyOfAwsBackup"]}
        for policy in role.policies
    )


def lacking(role: str, *actions: str, kind: str = "role-lacks-permission") -> Misconfigured:
    place = (BACKUP if role == "CopyRoleArn" else WORKLOAD, STAGE_HOME)
    return Misconfigured(breaks=may_not(role, *actions), kinds={kind}, where={place}, fixes=add_to_the_role(role))


EXPIRY = ("rds:DeleteDBSnapshot", "rds:DeleteDBClusterSnapshot")
LIFE_OF_A_COPY = {
    "the copy role may not see the key aws/backup": Misconfigured(
        breaks=without_the_key_of_aws_backup,
        kinds={"role-lacks-permission"},
        where={(BACKUP, STAGE_HOME)},
        fixes=add_to_the_role("CopyRoleArn"),
    ),
    "the copy role may not delete": lacking("CopyRoleArn", *EXPIRY, kind="role-cannot-delete-its-copies"),
    "the copy role may not delete instances": lacking("CopyRoleArn", EXPIRY[0], kind="role-cannot-delete-its-copies"),
    "the backup role may not delete": lacking("BackupRoleArn", *EXPIRY, kind="role-cannot-delete-its-copies"),
    "the copy role may not tag": lacking("CopyRoleArn", "rds:AddTagsToResource"),
    "the copy role may not see clusters": lacking("CopyRoleArn", "rds:DescribeDBClusterSnapshots"),
    "the copy role may not see instances": lacking("CopyRoleArn", "rds:DescribeDBSnapshots"),
    "the copy role may not see vaults": lacking("CopyRoleArn", "backup:DescribeBackupVault"),
    "the backup role may not tag": lacking("BackupRoleArn", "rds:AddTagsToResource"),
    "the backup role may not see snapshots": lacking("BackupRoleArn", "rds:DescribeDBSnapshots"),
    "the backup role may not see vaults": lacking("BackupRoleArn", "backup:DescribeBackupVault"),
}


def keep_arrivals_for(copy: dict[str, Any] | None, origin: dict[str, Any]) -> Callable[[Stage], None]:
    """The lifecycles of the plan's copy action (None: it has none) and of its rule."""

    def set_lifecycles(stage: Stage) -> None:
        for plan in stage.world.plans.values():
            for rule in plan.document["Rules"]:
                (action,) = rule["CopyActions"]
                given = {} if copy is None else {"Lifecycle": copy}
                rule["CopyActions"] = [{"DestinationBackupVaultArn": action["DestinationBackupVaultArn"], **given}]
                rule["Lifecycle"] = origin

    return set_lifecycles


def outlives(copy: dict[str, Any] | None, origin: dict[str, Any]) -> Misconfigured:
    return Misconfigured(
        breaks=keep_arrivals_for(copy, origin),
        kinds={"intermediate-outlives-final-copy"},
        where={(WORKLOAD, STAGE_HOME)},
        fixes=lambda stage, _: keep_arrivals_for({"DeleteAfterDays": 35}, {})(stage),
    )


def of_type(name: str, *, key: bool = True) -> Callable[[Stage], None]:
    """The DR vault is of another type, which may hide its key."""

    def change(stage: Stage) -> None:
        vault = stage.world.vault_by_arn(stage.dr["DrVaultArn"])
        vault.vault_type = name
        # AWS can hide such a vault's key; ordinary vaults always show theirs.
        vault.key_arn = stage.dr["KeyArn"] if key else None  # type: ignore[assignment]  # never hidden but here

    return change


def air_gapped(*, key: bool) -> Misconfigured:
    return Misconfigured(
        breaks=of_type("LOGICALLY_AIR_GAPPED_BACKUP_VAULT", key=key),
        kinds={"vault-type-unsupported"},
        where={(BACKUP, STAGE_DR)},
        fixes=lambda stage, _: of_type("BACKUP_VAULT")(stage),
    )


STAGED = {
    "the DR vault is air-gapped": air_gapped(key=True),
    "the DR vault is air-gapped and hides its key": air_gapped(key=False),
    "intermediates live for a day longer": outlives({"DeleteAfterDays": 36}, {"DeleteAfterDays": 7}),
    "the copy action has no lifecycle": outlives(None, {"DeleteAfterDays": 7}),
    "the copy action has an empty lifecycle": outlives({}, {"DeleteAfterDays": 7}),
    "the copy action keeps the origin's long retention": outlives({"DeleteAfterDays": -1}, {"DeleteAfterDays": 90}),
    "the copy action keeps an origin that never expires": outlives({"DeleteAfterDays": -1}, {}),
    **LIFE_OF_A_COPY,
    "the vaults' administrator does not exist": Misconfigured(
        breaks=with_administrator(f"arn:aws:iam::{BACKUP}:role/nobody"),
        kinds={"vault-administrator-missing"},
        where=BOTH_VAULTS,
        fixes=deploy_with_the_right_administrator,
    ),
    "only the root user may change the vaults": Misconfigured(
        breaks=with_administrator(f"arn:aws:iam::{BACKUP}:role/nobody", ROOT_USER),
        kinds={"vault-administrator-missing"},
        where=BOTH_VAULTS,
        fixes=deploy_with_the_right_administrator,
    ),
    "the vaults' administrator is a pattern that no role matches": Misconfigured(
        breaks=with_administrator(f"{IDENTITY_CENTER}/*/AWSReservedSSO_Admin_*"),
        kinds={"vault-administrator-missing"},
        where=BOTH_VAULTS,
        fixes=deploy_with_the_right_administrator,
    ),
    "the vaults' second administrator is a role of Identity Center without its path": Misconfigured(
        breaks=with_administrator(ADMINISTRATOR, f"arn:aws:iam::{BACKUP}:role/AWSReservedSSO_Admin_0123"),
        kinds={"vault-administrator-missing"},
        where=BOTH_VAULTS,
        fixes=deploy_with_the_right_administrator,
    ),
}
