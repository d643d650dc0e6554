"""Who may do what: least privilege as far as the text of the templates can show it."""

import re

import pytest

from tests.template.reading import (
    ALL,
    MAIN,
    Statement,
    identity_statements,
    mentions,
    resources,
    statements,
    template,
    walk,
)

BACKUP, DR, WORKLOAD = ALL[1:]
IDENTITY = [each for name in ALL for each in identity_statements(name)]

IS_READING = re.compile(r"[a-z0-9]+:(Describe|List|Get|BatchGet|Query|ConditionCheck)\w*")
WITHOUT_RESOURCES = {
    "xray:PutTraceSegments": "X-Ray knows no resources to limit these two to",
    "xray:PutTelemetryRecords": "X-Ray knows no resources to limit these two to",
}


def is_writing(action: str) -> bool:
    return IS_READING.fullmatch(action) is None


@pytest.mark.parametrize("statement", IDENTITY, ids=str)
def test_no_role_has_a_wildcard_in_an_action(statement: Statement) -> None:
    assert [action for action in statement.actions if "*" in action] == []


@pytest.mark.parametrize("statement", IDENTITY, ids=str)
def test_no_role_writes_to_a_bare_star(statement: Statement) -> None:
    writing = [action for action in statement.actions if is_writing(action) and action not in WITHOUT_RESOURCES]

    assert "*" not in statement.resources or writing == []


@pytest.mark.parametrize("statement", IDENTITY, ids=str)
def test_no_statement_says_everything_but(statement: Statement) -> None:
    assert statement.body["Effect"] == "Allow"
    assert not {"NotAction", "NotResource"} & statement.body.keys()
    assert statement.sid


@pytest.mark.parametrize("name", ALL)
def test_no_role_borrows_a_managed_policy(name: str) -> None:
    for role in resources(name, "AWS::IAM::Role").values():
        assert "ManagedPolicyArns" not in role["Properties"]
    for function in resources(name, "AWS::Serverless::Function").values():
        assert "Policies" not in function["Properties"]
        assert "Role" in function["Properties"]


@pytest.mark.parametrize("name", ALL)
def test_every_role_says_what_it_is_for_and_is_known_by_its_path(name: str) -> None:
    for role in resources(name, "AWS::IAM::Role").values():
        assert role["Properties"]["Description"].endswith(".")
        assert role["Properties"]["Path"].startswith("/secondhop/")


@pytest.mark.parametrize("name", ALL)
def test_no_arn_names_a_partition(name: str) -> None:
    assert [each for each in walk(template(name)["Resources"]) if isinstance(each, str) and "arn:aws" in each] == []


def allowed(name: str, action: str) -> list[Statement]:
    return [each for each in identity_statements(name) if action in each.actions]


RELEASERS = [(MAIN, "${BackupAccountId}"), (BACKUP, "${AWS::AccountId}")]


@pytest.mark.parametrize(("name", "account"), RELEASERS)
def test_only_database_points_of_the_intermediate_region_can_be_deleted(name: str, account: str) -> None:
    (statement,) = allowed(name, "backup:DeleteRecoveryPoint")

    assert statement.resources == [
        {"Fn::Sub": f"arn:${{AWS::Partition}}:rds:${{AWS::Region}}:{account}:snapshot:awsbackup:*"},
        {"Fn::Sub": f"arn:${{AWS::Partition}}:rds:${{AWS::Region}}:{account}:cluster-snapshot:awsbackup:*"},
    ]


@pytest.mark.parametrize(("name", "account"), RELEASERS)
def test_copies_can_be_started_into_the_dr_vault_only(name: str, account: str) -> None:
    second_hops = [each for each in allowed(name, "backup:CopyFromBackupVault") if each.logical_id != "FirstHopActs"]
    for statement in second_hops:
        dr_vault = f"arn:${{AWS::Partition}}:backup:${{DrRegion}}:{account}:backup-vault:${{DrVaultName}}"
        assert statement.body["Condition"] == {
            "ForAllValues:ArnEquals": {"backup:CopyTargets": {"Fn::Sub": dr_vault}},
            # ForAllValues alone is true where the key is absent.
            "Null": {"backup:CopyTargets": "false"},
        }
    assert second_hops != []


def test_first_hops_can_be_started_again_into_the_watched_vault_only() -> None:
    (statement,) = [each for each in allowed(MAIN, "backup:CopyFromBackupVault") if each.logical_id == "FirstHopActs"]

    watched = "arn:${AWS::Partition}:backup:${AWS::Region}:${BackupAccountId}:backup-vault:${WatchedVaultName}"
    assert statement.body["Condition"] == {
        "ForAllValues:ArnEquals": {"backup:CopyTargets": {"Fn::Sub": watched}},
        "Null": {"backup:CopyTargets": "false"},
    }
    assert resources(MAIN, "AWS::IAM::Policy")["FirstHopActs"]["Condition"] == "RetriesFirstHops"


@pytest.mark.parametrize("name", [MAIN, BACKUP])
def test_a_role_can_be_passed_to_aws_backup_only(name: str) -> None:
    found = allowed(name, "iam:PassRole")

    for statement in found:
        assert statement.body["Condition"] == {"StringEquals": {"iam:PassedToService": "backup.amazonaws.com"}}
        assert len(statement.resources) == 1
    assert found != []


def test_only_the_actor_copies_and_releases_in_the_hub() -> None:
    policies = resources(MAIN, "AWS::IAM::Policy")

    assert policies["HubActs"]["Properties"]["Roles"] == [{"Ref": "AdvanceChainRole"}]
    assert policies["FirstHopActs"]["Properties"]["Roles"] == [{"Ref": "AdvanceChainRole"}]
    assert policies["HubReads"]["Properties"]["Roles"] == [{"Ref": "AdvanceChainRole"}]
    assert {name for name, each in policies.items() if each.get("Condition") == "IsHub"} == {
        "HubReads",
        "HubLists",
        "HubActs",
    }


def test_in_the_hub_the_sweep_and_the_operators_function_list_arrivals() -> None:
    lists = resources(MAIN, "AWS::IAM::Policy")["HubLists"]["Properties"]

    assert lists["Roles"] == [{"Ref": "SweepChainsRole"}, {"Ref": "OperateChainsRole"}]
    (statement,) = lists["PolicyDocument"]["Statement"]
    assert statement["Action"] == "backup:ListRecoveryPointsByBackupVault"
    assert mentions(statement["Resource"], "${WatchedVaultName}")


@pytest.mark.parametrize(("name", "role"), [("SweepLists", "SweepChainsRole"), ("OperatorLists", "OperateChainsRole")])
def test_copy_jobs_are_listed_by_the_sweep_and_the_operators_function_in_both_topologies(name: str, role: str) -> None:
    lists = resources(MAIN, "AWS::IAM::Policy")[name]

    assert "Condition" not in lists
    assert lists["Properties"]["Roles"] == [{"Ref": role}]
    (statement,) = lists["Properties"]["PolicyDocument"]["Statement"]
    assert (statement["Action"], statement["Resource"]) == ("backup:ListCopyJobs", "*")


def test_the_hub_may_do_what_the_operator_role_may_and_no_more() -> None:
    def rights(name: str, logical_ids: set[str]) -> list[str]:
        found = [each.body for each in identity_statements(name) if each.logical_id in logical_ids]
        text = [str(each).replace("${BackupAccountId}", "${AWS::AccountId}") for each in found]
        made = "{'Fn::If': ['CreatesCopyRole', {'Fn::GetAtt': ['CopyRole', 'Arn']}, {'Ref': 'ExistingCopyRoleArn'}]}"
        return sorted(each.replace(made, "{'Ref': 'CopyRoleArn'}") for each in text)

    assert rights(MAIN, {"HubReads", "HubActs"}) == rights(BACKUP, {"OperatorRole"})


def test_the_operator_role_trusts_our_functions_of_one_account_and_organization_only() -> None:
    (statement,) = [each for each in statements(BACKUP) if each.sid == "FunctionsOfTheMainStack"]

    condition = statement.body["Condition"]
    assert condition["StringEquals"] == {
        "aws:PrincipalOrgID": {"Ref": "OrganizationId"},
        "sts:ExternalId": {"Ref": "ExternalId"},
    }
    assert mentions(condition["ArnLike"]["aws:PrincipalArn"], ":role/secondhop/*")
    assert not mentions(statement.body["Principal"], "*")


@pytest.mark.parametrize("name", ALL)
def test_a_service_is_trusted_for_its_own_account_only(name: str) -> None:
    trusts = [each for each in statements(name) if "sts:AssumeRole" in each.actions and not each.role]

    for trust in (each for each in trusts if "Service" in each.body["Principal"]):
        service = trust.body["Principal"]["Service"]
        condition = trust.body.get("Condition", {})
        # Lambda sends no source account when it assumes a function's role.
        is_limited = condition == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
        assert is_limited or service == "lambda.amazonaws.com"


def test_the_copy_role_deletes_only_snapshots_of_the_dr_region_that_aws_backup_made() -> None:
    """AWS Backup uses it when a final copy expires; nobody else can assume it."""
    given = [each for each in identity_statements(BACKUP) if each.logical_id == "CopyRole"]
    deleting = [each for each in given if any("Delete" in action or "Update" in action for action in each.actions)]
    (trust,) = [each for each in statements(BACKUP) if each.logical_id == "CopyRole" and not each.role]

    assert [each.actions for each in deleting] == [["rds:DeleteDBSnapshot", "rds:DeleteDBClusterSnapshot"]]
    assert deleting[0].resources == [
        {"Fn::Sub": "arn:${AWS::Partition}:rds:${DrRegion}:${AWS::AccountId}:snapshot:awsbackup:*"},
        {"Fn::Sub": "arn:${AWS::Partition}:rds:${DrRegion}:${AWS::AccountId}:cluster-snapshot:awsbackup:*"},
    ]
    assert trust.body["Principal"] == {"Service": "backup.amazonaws.com"}


@pytest.mark.parametrize(("name", "role"), [(BACKUP, "CopyRole"), (WORKLOAD, "BackupRole")])
def test_the_roles_that_made_recovery_points_outlive_their_stacks(name: str, role: str) -> None:
    """AWS Backup ends a lifecycle by the role that made the point (devguide/backup-iam)."""
    found = resources(name)[role]

    assert (found["DeletionPolicy"], found["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


def test_the_plan_of_a_workload_account_copies_into_the_watched_vault_only() -> None:
    (statement,) = allowed(WORKLOAD, "backup:CopyIntoBackupVault")

    assert statement.resources == [
        {"Fn::Sub": "arn:${AWS::Partition}:backup:${AWS::Region}:${BackupAccountId}:backup-vault:${WatchedVaultName}"}
    ]


def test_only_named_rules_may_send_to_a_queue_and_only_alarms_to_the_topic() -> None:
    for name in ALL:
        for statement in statements(name):
            if statement.actions == ["sqs:SendMessage"] and not statement.role:
                assert statement.body["Principal"] == {"Service": "events.amazonaws.com"}
                assert "aws:SourceArn" in statement.body["Condition"]["ArnEquals"]
            if statement.actions == ["sns:Publish"] and not statement.role:
                assert statement.body["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
                assert "aws:SourceAccount" in statement.body["Condition"]["StringEquals"]
