"""Vaults and keys of the companion stacks: who may remove a copy, and whose hands a key is in."""

import pytest

from tests.template.reading import ALL, mentions, properties, resources, statements, template

BACKUP, DR, WORKLOAD = ALL[1:]
CHANGES = {
    "backup:UpdateRecoveryPointLifecycle",
    "backup:PutBackupVaultAccessPolicy",
    "backup:DeleteBackupVaultAccessPolicy",
    "backup:PutBackupVaultLockConfiguration",
    "backup:DeleteBackupVaultLockConfiguration",
    "backup:DeleteBackupVault",
}
ADMINISTRATOR = {"Ref": "VaultAdministratorArn"}


def denials(name: str, vault: str) -> dict[str, list]:
    """Action -> the principals that are left out of its denial."""
    found = {}
    for each in properties(name, vault)["AccessPolicy"]["Statement"]:
        if each["Effect"] == "Deny":
            assert each["Principal"] == "*"
            assert list(each["Condition"]) == ["ArnNotLike"]
            spared = each["Condition"]["ArnNotLike"]["aws:PrincipalArn"]
            actions = each["Action"] if isinstance(each["Action"], list) else [each["Action"]]
            found |= dict.fromkeys(actions, spared if isinstance(spared, list) else [spared])
    return found


@pytest.mark.parametrize(("name", "vault"), [(BACKUP, "WatchedVault"), (DR, "DrVault")])
def test_nobody_but_the_administrator_shortens_a_copy_or_changes_the_vault(name, vault):
    found = denials(name, vault)

    assert {action: found[action] for action in CHANGES} == {action: [ADMINISTRATOR] for action in CHANGES}


def test_nobody_but_the_administrator_deletes_a_final_copy():
    assert denials(DR, "DrVault")["backup:DeleteRecoveryPoint"] == [ADMINISTRATOR]


def test_nobody_but_the_actor_and_the_administrator_deletes_an_intermediate():
    actor, administrator = denials(BACKUP, "WatchedVault")["backup:DeleteRecoveryPoint"]

    assert administrator == ADMINISTRATOR
    assert actor["Fn::If"] == [
        "IsWorkload",
        {"Fn::GetAtt": ["OperatorRole", "Arn"]},
        {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/secondhop/advance_chain/*"},
    ]


def test_the_role_that_the_vault_spares_in_the_hub_is_the_actors_own():
    assert properties("template.yaml", "AdvanceChainRole")["Path"] == "/secondhop/advance_chain/"
    others = [
        each["Properties"]["Path"]
        for key, each in resources("template.yaml", "AWS::IAM::Role").items()
        if key != "AdvanceChainRole"
    ]
    assert "/secondhop/advance_chain/" not in others


def test_only_named_accounts_of_the_organization_copy_into_the_watched_vault():
    (allow,) = [
        each for each in properties(BACKUP, "WatchedVault")["AccessPolicy"]["Statement"] if each["Effect"] == "Allow"
    ]

    assert allow["Action"] == "backup:CopyIntoBackupVault"
    assert allow["Condition"] == {
        "StringEquals": {
            "aws:PrincipalOrgID": {"Ref": "OrganizationId"},
            "aws:PrincipalAccount": {"Fn::Split": [",", {"Ref": "WorkloadAccountIds"}]},
        }
    }


def test_the_dr_vault_is_locked_unless_somebody_says_otherwise():
    lock = properties(DR, "DrVault")["LockConfiguration"]

    assert template(DR)["Parameters"]["VaultLock"]["Default"] == "governance"
    assert lock["Fn::If"][:2] == [
        "IsLocked",
        {"MinRetentionDays": {"Ref": "MinimumRetentionDays"}, "MaxRetentionDays": {"Ref": "MaximumRetentionDays"}},
    ]


def test_the_watched_vault_is_never_locked_because_intermediates_are_released():
    assert "LockConfiguration" not in properties(BACKUP, "WatchedVault")


def test_the_lock_and_the_main_stack_agree_on_what_may_be_kept():
    main, lock = template("template.yaml")["Parameters"], template(DR)["Parameters"]

    for key in ("MinimumRetentionDays", "MaximumRetentionDays"):
        assert main[key]["Default"] == lock[key]["Default"]
    assert (
        lock["MinimumRetentionDays"]["Default"]
        <= main["RetentionDays"]["Default"]
        <= lock["MaximumRetentionDays"]["Default"]
    )


@pytest.mark.parametrize("name", [BACKUP, DR, WORKLOAD])
def test_keys_are_usable_by_the_service_linked_role_that_does_the_copying(name):
    found = {each.sid: each.body for each in statements(name) if each.logical_id == "Key"}

    linked = ":role/aws-service-role/backup.amazonaws.com/AWSServiceRoleForBackup"
    assert {"kms:DescribeKey", "kms:Decrypt", "kms:GenerateDataKey*"} <= set(found["BackupUses"]["Action"])
    assert mentions(found["BackupUses"]["Principal"], linked)
    assert mentions(found["BackupGrants"]["Principal"], linked)
    assert found["BackupGrants"]["Condition"] == {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    assert properties(name, "Key")["EnableKeyRotation"] is True


def test_the_databases_key_admits_the_backup_account_and_not_only_through_a_service():
    found = [each.body for each in statements(WORKLOAD) if each.sid in {"BackupUses", "BackupGrants"}]

    for body in found:
        assert mentions(body["Principal"], "${BackupAccountId}:role/aws-service-role/")
    assert not mentions(properties(WORKLOAD, "Key"), "kms:ViaService")


@pytest.mark.parametrize("name", ALL)
def test_what_holds_copies_or_state_outlives_its_stack(name):
    lasting = resources(
        name, "AWS::KMS::Key", "AWS::Backup::BackupVault", "AWS::DynamoDB::Table", "AWS::Logs::LogGroup"
    )

    for resource in lasting.values():
        assert resource["DeletionPolicy"] == "Retain"
        assert resource["UpdateReplacePolicy"] == "Retain"
    assert lasting != {}


def test_the_plan_copies_every_tagged_database_into_the_watched_vault():
    (rule,) = properties(WORKLOAD, "Plan")["BackupPlan"]["BackupPlanRule"]
    (tag,) = properties(WORKLOAD, "Selection")["BackupSelection"]["ListOfTags"]
    defaults = {key: each.get("Default") for key, each in template(WORKLOAD)["Parameters"].items()}

    (action,) = rule["CopyActions"]
    assert mentions(action["DestinationBackupVaultArn"], "${BackupAccountId}:backup-vault:${WatchedVaultName}")
    assert action["Lifecycle"] == {"DeleteAfterDays": {"Ref": "IntermediateRetentionDays"}}
    assert tag["ConditionType"] == "STRINGEQUALS"
    assert (defaults["SelectionTagKey"], defaults["SelectionTagValue"]) == ("Backup", "True")
