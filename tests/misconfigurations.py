"""What people get wrong about a copy between two accounts, as changes of a place that was right.

The ones of STAGED are changes of a deployed installation that make no copy of today fail, or none in the simulator.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from backup_simulator.model import GIBIBYTE
from rehearsal.stage import ADMINISTRATOR, BACKUP, Stage
from rehearsal.stage import DR as STAGE_DR
from rehearsal.stage import HOME as STAGE_HOME
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
    journey.world.identity.roles[journey.role].policies = (ALL, narrow)


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


STAGED = {
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
