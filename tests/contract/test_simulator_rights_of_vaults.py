"""The rights that CreateBackupVault needs, each left out once.

https://docs.aws.amazon.com/aws-backup/latest/devguide/create-a-vault.html, "Required permissions".
"""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.simulated_place import HOME, SERVICE, A, Place

OF_KEYS = ("kms:CreateGrant", "kms:DescribeKey", "kms:RetireGrant", "kms:Decrypt", "kms:GenerateDataKey")
OF_TAGS = "backup:TagResource"
DENIED = ("AccessDenied", "AccessDeniedException")
WITHOUT_KEY = ("backup:CreateBackupVault", "backup-storage:MountCapsule")
ACCOUNT = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": A}, "Action": "kms:*", "Resource": "*"}]}
NOBODY = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": A}, "Action": "kms:Encrypt", "Resource": "*"}]}


def make_vault(
    allowed: tuple[str, ...],
    *,
    policy: dict[str, Any] | None = ACCOUNT,
    denied: tuple[str, ...] = (),
    **given: Any,
) -> str:
    """The action that was denied to a role that makes a vault, or nothing."""
    place = Place(enforce_identity=True)
    given_rights = {"Allow": allowed, "Deny": denied}
    statements = [
        {"Effect": each, "Action": list(actions), "Resource": "*"} for each, actions in given_rights.items() if actions
    ]
    role = place.world.account(A).create_role("maker", trust=SERVICE, policies=[{"Statement": statements}])
    if policy is not None:
        given["EncryptionKeyArn"] = place.site.create_key(policy=policy)
    try:
        place.world.session(A, role, HOME).client("backup").create_backup_vault(BackupVaultName="made", **given)
    except ClientError as error:
        said = error.response["Error"]
        return str(said["Message"]).partition("perform: ")[2].split()[0] if said["Code"] in DENIED else said["Code"]
    return ""


def test_all_rights_together_suffice() -> None:
    assert make_vault((*WITHOUT_KEY, *OF_KEYS, OF_TAGS), BackupVaultTags={"team": "shop"}) == ""


def test_tags_need_their_right_only_if_there_are_any() -> None:
    rights = (*WITHOUT_KEY, *OF_KEYS)
    assert (make_vault(rights), make_vault(rights, BackupVaultTags={"team": "shop"})) == ("", OF_TAGS)


@pytest.mark.parametrize("left_out", [*WITHOUT_KEY, *OF_KEYS])
def test_each_right_is_needed(left_out: str) -> None:
    rights = tuple(each for each in (*WITHOUT_KEY, *OF_KEYS) if each != left_out)
    assert make_vault(rights) == left_out


def test_the_managed_key_asks_for_nothing_of_its_own() -> None:
    assert make_vault(WITHOUT_KEY, policy=None) == ""


def test_a_key_whose_policy_does_not_allow_the_account_refuses_every_role() -> None:
    assert make_vault((*WITHOUT_KEY, *OF_KEYS), policy=NOBODY) == "kms:CreateGrant"


def test_a_key_policy_that_names_the_role_needs_no_policy_of_the_role_but_a_denial_counts() -> None:
    named = {"AWS": f"arn:aws:iam::{A}:role/maker"}
    policy = {"Statement": [{"Effect": "Allow", "Principal": named, "Action": "kms:*", "Resource": "*"}]}

    assert make_vault(WITHOUT_KEY, policy=policy) == ""
    assert make_vault(WITHOUT_KEY, policy=policy, denied=("kms:RetireGrant",)) == "kms:RetireGrant"
