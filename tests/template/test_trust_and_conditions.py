"""Trust, keys and conditions: who may become whom, and under which condition a right holds."""

import pytest

from tests.template.reading import (
    ALL,
    MAIN,
    Statement,
    as_list,
    identity_statements,
    properties,
    resources,
    statements,
    template,
    walk,
)

BACKUP, DR, WORKLOAD = ALL[1:]
TRUSTED = {
    "AdvanceChainRole": "lambda.amazonaws.com",
    "SweepChainsRole": "lambda.amazonaws.com",
    "OperateChainsRole": "lambda.amazonaws.com",
    "SweepScheduleRole": "scheduler.amazonaws.com",
    "ForwardRole": "events.amazonaws.com",
    "CopyRole": "backup.amazonaws.com",
    "BackupRole": "backup.amazonaws.com",
}
TRUSTS = [each for name in ALL for each in statements(name) if "sts:AssumeRole" in each.actions and not each.role]
USES = {"kms:DescribeKey", "kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:ListGrants"}


@pytest.mark.parametrize("trust", TRUSTS, ids=str)
def test_a_role_can_be_assumed_by_whom_it_is_made_for(trust: Statement) -> None:
    assert trust.body["Effect"] == "Allow"
    if trust.logical_id in TRUSTED:
        assert trust.body["Principal"] == {"Service": TRUSTED[trust.logical_id]}


def test_every_role_of_a_service_is_there_and_is_assumed() -> None:
    assert TRUSTED.keys() <= {each.logical_id for each in TRUSTS}


@pytest.mark.parametrize("name", [BACKUP, DR, WORKLOAD])
def test_the_account_of_a_key_administers_it_and_aws_backup_uses_it(name: str) -> None:
    policy = {each["Sid"]: each for each in properties(name, "Key")["KeyPolicy"]["Statement"]}
    root = {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}}

    administers = policy["ThisAccountAdministers"]
    assert (administers["Effect"], administers["Principal"], administers["Action"]) == ("Allow", root, "kms:*")
    assert (policy["BackupUses"]["Effect"], set(policy["BackupUses"]["Action"])) == ("Allow", USES)
    assert (policy["BackupGrants"]["Effect"], policy["BackupGrants"]["Action"]) == ("Allow", "kms:CreateGrant")


@pytest.mark.parametrize("sid", ["BackupUses", "BackupGrants"])
def test_the_databases_key_serves_the_copying_roles_of_both_accounts(sid: str) -> None:
    (body,) = [each.body for each in statements(WORKLOAD) if each.sid == sid]
    linked = "role/aws-service-role/backup.amazonaws.com/AWSServiceRoleForBackup"

    assert body["Principal"] == {
        "AWS": [
            {"Fn::Sub": f"arn:${{AWS::Partition}}:iam::${{{account}}}:{linked}"}
            for account in ("AWS::AccountId", "BackupAccountId")
        ]
    }


@pytest.mark.parametrize("name", ALL)
def test_grants_on_a_key_are_given_for_aws_services_only(name: str) -> None:
    for statement in statements(name):
        if "kms:CreateGrant" in statement.actions:
            assert statement.body["Condition"] == {"Bool": {"kms:GrantIsForAWSResource": "true"}}


@pytest.mark.parametrize("name", ALL)
def test_copies_out_of_a_vault_name_their_target(name: str) -> None:
    for statement in identity_statements(name):
        if "backup:CopyFromBackupVault" in statement.actions:
            condition = statement.body["Condition"]
            assert set(condition) == {"ForAllValues:ArnEquals", "Null"}
            assert set(condition["ForAllValues:ArnEquals"]) == {"backup:CopyTargets"}
            assert condition["Null"] == {"backup:CopyTargets": "false"}


def test_the_backup_role_copies_into_the_watched_vault_only() -> None:
    (statement,) = [each for each in identity_statements(WORKLOAD) if "backup:CopyFromBackupVault" in each.actions]

    watched = "arn:${AWS::Partition}:backup:${AWS::Region}:${BackupAccountId}:backup-vault:${WatchedVaultName}"
    assert statement.body["Condition"]["ForAllValues:ArnEquals"]["backup:CopyTargets"] == {"Fn::Sub": watched}


def test_the_actor_puts_events_of_its_own_source_only() -> None:
    (statement,) = [each for each in identity_statements(MAIN) if "events:PutEvents" in each.actions]

    assert statement.body["Condition"] == {
        "ForAllValues:StringEquals": {"events:source": "secondhop"},
        # ForAllValues alone is true where the key is absent.
        "Null": {"events:source": "false"},
    }


def test_the_actor_alone_reads_first_hops_and_only_where_it_assumes_the_operator_role() -> None:
    policy = resources(MAIN)["FirstHopReads"]

    assert policy["Condition"] == "AssumesOperator"
    assert policy["Properties"]["Roles"] == [{"Ref": "AdvanceChainRole"}]


def test_every_function_that_is_traced_may_send_its_traces() -> None:
    tracing = {each.logical_id for each in identity_statements(MAIN) if "xray:PutTraceSegments" in each.actions}
    roles = {
        each["Properties"]["Role"]["Fn::GetAtt"][0] for each in resources(MAIN, "AWS::Serverless::Function").values()
    }

    assert template(MAIN)["Globals"]["Function"]["Tracing"] == "Active"
    assert tracing == roles


def test_every_role_of_the_main_stack_may_use_the_key_that_encrypts_what_it_touches() -> None:
    key = {"Ref": "EncryptionKeyArn"}
    using = {
        each.logical_id
        for each in identity_statements(MAIN)
        if each.resources == [key] and "kms:Decrypt" in each.actions
    }

    assert using == set(resources(MAIN, "AWS::IAM::Role"))


def test_the_bus_policy_is_of_the_default_bus_and_named_by_the_stacks_id() -> None:
    policy = properties(MAIN, "ForwardedEvents")

    assert policy["EventBusName"] == "default"
    # arn:aws:cloudformation:<region>:<account>:stack/<name>/<id>
    assert policy["StatementId"] == {"Fn::Select": [2, {"Fn::Split": ["/", {"Ref": "AWS::StackId"}]}]}


@pytest.mark.parametrize("name", ALL)
def test_lists_in_parameters_are_split_at_commas(name: str) -> None:
    splits = [each["Fn::Split"] for each in walk(template(name)) if isinstance(each, dict) and "Fn::Split" in each]

    assert {separator for separator, text in splits if text != {"Ref": "AWS::StackId"}} <= {","}


def test_undelivered_events_are_encrypted_at_rest() -> None:
    assert properties(BACKUP, "UndeliveredEvents")["SqsManagedSseEnabled"] is True


def test_the_plan_starts_within_an_hour_and_gives_a_backup_eight() -> None:
    (rule,) = properties(WORKLOAD, "Plan")["BackupPlan"]["BackupPlanRule"]

    assert (rule["StartWindowMinutes"], rule["CompletionWindowMinutes"]) == (60, 480)


def test_a_sweep_is_invoked_with_an_empty_event() -> None:
    assert properties(MAIN, "SweepSchedule")["Target"]["Input"] == "{}"


@pytest.mark.parametrize("name", ALL)
def test_no_statement_of_a_resource_that_admits_somebody_has_an_empty_principal(name: str) -> None:
    for statement in statements(name):
        if not statement.role:
            assert all(as_list(statement.body["Principal"]))
