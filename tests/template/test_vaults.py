"""Vaults and keys of the companion stacks: who may remove a copy, and whose hands a key is in."""

from typing import Any

import pytest

from backup_simulator import World
from backup_simulator.services.backup.selections import selects
from rehearsal.template import TemplateError
from tests.template.reading import ALL, mentions, properties, resources, statements, template
from tests.template.rendering import render

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
# The last way back after a wrong VaultAdministratorArn.
ROOT_USER = {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}


def denials(name: str, vault: str) -> dict[str, list[Any]]:
    """Action -> the principals that are left out of its denial."""
    found: dict[str, list[Any]] = {}
    for each in properties(name, vault)["AccessPolicy"]["Statement"]:
        if each["Effect"] == "Deny":
            assert each["Principal"] == "*"
            assert list(each["Condition"]) == ["ArnNotLike"]
            spared = each["Condition"]["ArnNotLike"]["aws:PrincipalArn"]
            actions = each["Action"] if isinstance(each["Action"], list) else [each["Action"]]
            found |= dict.fromkeys(actions, spared if isinstance(spared, list) else [spared])
    return found


@pytest.mark.parametrize(("name", "vault"), [(BACKUP, "WatchedVault"), (DR, "DrVault")])
def test_only_the_administrator_and_the_root_user_shorten_a_copy_or_change_the_vault(name: str, vault: str) -> None:
    found = denials(name, vault)

    assert {action: found[action] for action in CHANGES} == {action: [ADMINISTRATOR, ROOT_USER] for action in CHANGES}


def test_only_the_administrator_and_the_root_user_delete_a_final_copy() -> None:
    assert denials(DR, "DrVault")["backup:DeleteRecoveryPoint"] == [ADMINISTRATOR, ROOT_USER]


@pytest.mark.parametrize("action", ["backup:DeleteRecoveryPoint", "backup:StartCopyJob"])
def test_only_the_actor_the_administrator_and_the_root_user_copy_or_delete_an_intermediate(action: str) -> None:
    actor, *others = denials(BACKUP, "WatchedVault")[action]

    assert others == [ADMINISTRATOR, ROOT_USER]
    assert actor["Fn::If"] == [
        "IsWorkload",
        {
            "Fn::If": [
                "CreatesOperatorRole",
                {"Fn::GetAtt": ["OperatorRole", "Arn"]},
                {"Ref": "ExistingOperatorRoleArn"},
            ]
        },
        {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/secondhop/advance_chain/*"},
    ]


def test_only_the_administrator_and_the_root_user_copy_a_final_copy_out() -> None:
    assert denials(DR, "DrVault")["backup:StartCopyJob"] == [ADMINISTRATOR, ROOT_USER]


def test_the_role_that_the_vault_spares_in_the_hub_is_the_actors_own() -> None:
    assert properties("template.yaml", "AdvanceChainRole")["Path"] == "/secondhop/advance_chain/"
    others = [
        each["Properties"]["Path"]
        for key, each in resources("template.yaml", "AWS::IAM::Role").items()
        if key != "AdvanceChainRole"
    ]
    assert "/secondhop/advance_chain/" not in others


@pytest.mark.parametrize(
    ("topology", "admitted"), [("workload", "111122223333"), ("hub", ["111122223333", "222233334444"])]
)
def test_only_named_accounts_of_the_organization_copy_into_the_watched_vault(
    topology: str, admitted: list[str] | str
) -> None:
    """In the workload topology the vault belongs to one account: the one whose functions act on it."""
    given = {"Topology": topology, "WorkloadAccountIds": "111122223333,222233334444"}
    policy = render(BACKUP, given).resources["WatchedVault"]["Properties"]["AccessPolicy"]
    (allow,) = [each for each in policy["Statement"] if each["Effect"] == "Allow"]

    assert allow["Action"] == "backup:CopyIntoBackupVault"
    assert allow["Condition"] == {
        "StringEquals": {"aws:PrincipalOrgID": "o-simulated0", "aws:PrincipalAccount": admitted}
    }


SENTENCE = "nobody can ever remove this lock"


def lock(**given: str) -> dict[str, Any] | None:
    found: dict[str, Any] | None = render(DR, given).resources["DrVault"]["Properties"].get("LockConfiguration")
    return found


def test_the_dr_vault_is_locked_in_governance_mode_unless_somebody_says_otherwise() -> None:
    assert lock() == {"MinRetentionDays": "7", "MaxRetentionDays": "365"}
    assert lock(VaultLock="off") is None


def test_a_compliance_lock_is_made_only_for_who_typed_that_it_is_for_ever() -> None:
    confirmed = lock(VaultLock="compliance", ConfirmComplianceLock=SENTENCE, LockGraceDays="3")
    unconfirmed = lock(VaultLock="compliance", ConfirmComplianceLock="yes")

    assert confirmed == {"MinRetentionDays": "7", "MaxRetentionDays": "365", "ChangeableForDays": "3"}
    assert unconfirmed == lock()
    assert lock(ConfirmComplianceLock=SENTENCE) == lock()


def test_an_unconfirmed_compliance_lock_is_refused_by_a_rule_that_says_what_to_type() -> None:
    rule = template(DR)["Rules"]["ComplianceLock"]
    (assertion,) = rule["Assertions"]

    assert rule["RuleCondition"] == {"Fn::Equals": [{"Ref": "VaultLock"}, "compliance"]}
    assert assertion["Assert"] == {"Fn::Equals": [{"Ref": "ConfirmComplianceLock"}, SENTENCE]}
    assert SENTENCE in assertion["AssertDescription"]
    assert SENTENCE in template(DR)["Parameters"]["ConfirmComplianceLock"]["Description"]
    assert "irrevocable" in template(DR)["Parameters"]["LockGraceDays"]["Description"]
    assert template(DR)["Parameters"]["LockGraceDays"]["MinValue"] == 3  # what AWS Backup allows at least


def test_the_backup_account_notices_by_itself_when_no_copy_arrives_any_more() -> None:
    """Nothing of it is in the workload account's hands: metric, alarm and topic are the DR Region's own."""
    rendered = render(DR, {"ArrivalsExpectedWithinHours": "30"}).resources
    alarm, counted = (rendered[key]["Properties"] for key in ("ArrivalsAlarm", "ArrivalsCount"))
    (metric,) = counted["MetricTransformations"]

    assert (alarm["Namespace"], alarm["MetricName"]) == (metric["MetricNamespace"], metric["MetricName"])
    assert metric["Dimensions"] == [{"Key": "BackupVaultName", "Value": "$.detail.backupVaultName"}]
    assert "DefaultValue" not in metric
    assert alarm["Dimensions"] == [{"Name": "BackupVaultName", "Value": "dr-vault"}]
    assert (alarm["Statistic"], alarm["Threshold"], alarm["ComparisonOperator"]) == ("Sum", 1, "LessThanThreshold")
    # A metric filter reports nothing where nothing matched: missing data is what the alarm is for.
    assert alarm["TreatMissingData"] == "breaching"
    assert alarm["Period"] * int(alarm["EvaluationPeriods"]) == 30 * 3600


def test_each_arrival_counts_once_and_its_line_is_kept_longer_than_the_alarm_looks_back() -> None:
    """A log group for a rule has the prefix that EventBridge's console expects."""
    rendered = render(DR).resources
    log, counted = (rendered[key]["Properties"] for key in ("ArrivalsLog", "ArrivalsCount"))

    assert [each["MetricValue"] for each in counted["MetricTransformations"]] == ["1"]
    assert log["LogGroupName"].startswith("/aws/events/")
    assert log["LogGroupName"].endswith("-arrivals")
    assert log["RetentionInDays"] == 90


def test_the_alarm_looks_no_further_back_than_cloudwatch_can() -> None:
    parameter = template(DR)["Parameters"]["ArrivalsExpectedWithinHours"]

    assert parameter["MaxValue"] * properties(DR, "ArrivalsAlarm")["Period"] <= 7 * 86400
    assert parameter["Default"] > 24


def test_the_watched_vault_is_never_locked_because_intermediates_are_released() -> None:
    assert "LockConfiguration" not in properties(BACKUP, "WatchedVault")


def test_the_lock_and_the_main_stack_agree_on_what_may_be_kept() -> None:
    main, lock = template("template.yaml")["Parameters"], template(DR)["Parameters"]

    for key in ("MinimumRetentionDays", "MaximumRetentionDays"):
        assert main[key]["Default"] == lock[key]["Default"]
    assert (
        lock["MinimumRetentionDays"]["Default"]
        <= main["RetentionDays"]["Default"]
        <= lock["MaximumRetentionDays"]["Default"]
    )


@pytest.mark.parametrize("name", [BACKUP, DR, WORKLOAD])
def test_keys_are_usable_by_the_service_linked_role_that_does_the_copying(name: str) -> None:
    found = {each.sid: each.body for each in statements(name) if each.logical_id == "Key"}

    linked = ":role/aws-service-role/backup.amazonaws.com/AWSServiceRoleForBackup"
    assert {"kms:DescribeKey", "kms:Decrypt", "kms:GenerateDataKey*"} <= set(found["BackupUses"]["Action"])
    assert mentions(found["BackupUses"]["Principal"], linked)
    assert mentions(found["BackupGrants"]["Principal"], linked)
    assert found["BackupGrants"]["Condition"] == {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    assert properties(name, "Key")["EnableKeyRotation"] is True


def test_the_databases_key_admits_the_backup_account_and_not_only_through_a_service() -> None:
    found = [each.body for each in statements(WORKLOAD) if each.sid in {"BackupUses", "BackupGrants"}]

    for body in found:
        assert mentions(body["Principal"], "${BackupAccountId}:role/aws-service-role/")
    assert not mentions(properties(WORKLOAD, "Key"), "kms:ViaService")


@pytest.mark.parametrize("name", ALL)
def test_what_holds_copies_or_state_outlives_its_stack(name: str) -> None:
    lasting = resources(
        name, "AWS::KMS::Key", "AWS::Backup::BackupVault", "AWS::DynamoDB::Table", "AWS::Logs::LogGroup"
    )

    # The log of arrivals holds nothing that is not elsewhere, and its name is fixed: left behind, it is in the way.
    for resource in (each for key, each in lasting.items() if key != "ArrivalsLog"):
        assert resource["DeletionPolicy"] in ("Retain", "RetainExceptOnCreate")
        assert resource["UpdateReplacePolicy"] == "Retain"
    assert lasting != {}


@pytest.mark.parametrize(("name", "vault"), [(BACKUP, "WatchedVault"), (DR, "DrVault"), (WORKLOAD, "WorkloadVault")])
def test_a_failed_first_deployment_leaves_no_vault_or_key_in_the_way_of_the_next_one(name: str, vault: str) -> None:
    """A vault's name is fixed: what is retained when the creation of a stack is rolled back makes the next one fail."""
    for key in (vault, "Key"):
        assert template(name)["Resources"][key]["DeletionPolicy"] == "RetainExceptOnCreate"


def test_the_plan_copies_every_tagged_database_into_the_watched_vault() -> None:
    (rule,) = properties(WORKLOAD, "Plan")["BackupPlan"]["BackupPlanRule"]
    defaults = {key: each.get("Default") for key, each in template(WORKLOAD)["Parameters"].items()}

    (action,) = rule["CopyActions"]
    assert mentions(action["DestinationBackupVaultArn"], "${BackupAccountId}:backup-vault:${WatchedVaultName}")
    assert action["Lifecycle"] == {"DeleteAfterDays": {"Ref": "IntermediateRetentionDays"}}
    assert (defaults["SelectionTagKey"], defaults["SelectionTagValue"]) == ("Backup", "True")


def test_the_selection_takes_databases_with_the_tag_and_no_other_type() -> None:
    """ListOfTags would add all instances, volumes, buckets and tables that carry the tag."""
    selection = render(WORKLOAD).resources["Selection"]["Properties"]["BackupSelection"]

    assert "ListOfTags" not in selection
    here = "arn:aws:rds:eu-west-1:111122223333"
    assert selection["Resources"] == [f"{here}:db:*", f"{here}:cluster:*"]
    assert selection["Conditions"] == {
        "StringEquals": [{"ConditionKey": "aws:ResourceTag/Backup", "ConditionValue": "True"}]
    }


@pytest.mark.parametrize("kind", ["RDS", "Aurora", "DocumentDB", "Neptune"])
def test_the_selection_takes_databases_of_every_type_and_only_with_the_tag(kind: str) -> None:
    selection = render(WORKLOAD).resources["Selection"]["Properties"]["BackupSelection"]
    world = World()
    site = world.site("111122223333", "eu-west-1")
    tagged = site.create_database(kind, "orders", key_arn=None, tags={"Backup": "True"})
    other = site.create_database(kind, "others", key_arn=None, tags={"Backup": "true"})

    assert selects(selection, world.databases[tagged], is_opted_in=True)
    assert not selects(selection, world.databases[other], is_opted_in=True)


def test_a_changed_selection_has_another_name_than_the_one_that_it_replaces() -> None:
    """CloudFormation makes the new one first, and a plan has no two selections of one name."""
    first, second = (
        render(WORKLOAD, given).resources["Selection"]["Properties"]["BackupSelection"]
        for given in ({}, {"SelectionName": "clusters", "SelectionTagValue": "weekly"})
    )

    assert first.pop("SelectionName") == "databases-2"
    assert second.pop("SelectionName") == "clusters-2"
    # Whoever changes this takes the next number.
    assert first == {
        "IamRoleArn": first["IamRoleArn"],
        "Resources": [f"arn:aws:rds:eu-west-1:111122223333:{kind}:*" for kind in ("db", "cluster")],
        "Conditions": {"StringEquals": [{"ConditionKey": "aws:ResourceTag/Backup", "ConditionValue": "True"}]},
    }


@pytest.mark.parametrize("name", ["two words", "a:b", "a" * 41, ""])
def test_a_name_that_aws_backup_refuses_is_refused_before(name: str) -> None:
    """AWS Backup takes 50 characters; the template adds two."""
    with pytest.raises(TemplateError, match="SelectionName"):
        render(WORKLOAD, {"SelectionName": name})
