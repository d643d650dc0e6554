"""Parameters: what a person may say, what he is told about it, and what is refused before anything is made."""

import re

import pytest

from backup_simulator.conditions import arn_like
from tests.template.reading import ALL, MAIN, template

PARAMETERS = [(name, key) for name in ALL for key in template(name)["Parameters"]]
BACKUP, DR, WORKLOAD = ALL[1:]


OF_SSO = "arn:aws:iam::444455556666:role/aws-reserved/sso.amazonaws.com"
IDENTITY_CENTER = [f"{OF_SSO}/*AWSReservedSSO_Admin_*", f"{OF_SSO}/*/AWSReservedSSO_Admin_*"]


def accepts(name: str, key: str, value: str) -> bool:
    """Whether CloudFormation would take the value: it anchors AllowedPattern at both ends by itself."""
    parameter = template(name)["Parameters"][key]
    if "AllowedValues" in parameter:
        return value in [str(each) for each in parameter["AllowedValues"]]
    if parameter["Type"] == "Number":
        return value.isdigit() and parameter["MinValue"] <= int(value) <= parameter["MaxValue"]
    return re.fullmatch(parameter["AllowedPattern"], value) is not None


@pytest.mark.parametrize(("name", "key"), PARAMETERS)
def test_every_parameter_is_described_in_whole_sentences(name: str, key: str) -> None:
    description = template(name)["Parameters"][key]["Description"]

    assert len(description) > 20
    assert description.rstrip()[-1] == "."


@pytest.mark.parametrize(("name", "key"), PARAMETERS)
def test_every_parameter_is_limited(name: str, key: str) -> None:
    parameter = template(name)["Parameters"][key]

    if parameter["Type"] == "Number":
        assert "AllowedValues" in parameter or {"MinValue", "MaxValue"} <= parameter.keys()
    else:
        assert parameter["Type"] == "String"
        assert "AllowedValues" in parameter or {"AllowedPattern", "ConstraintDescription"} <= parameter.keys()


@pytest.mark.parametrize(
    ("name", "key"), [each for each in PARAMETERS if "Default" in template(each[0])["Parameters"][each[1]]]
)
def test_every_default_is_itself_accepted(name: str, key: str) -> None:
    assert accepts(name, key, str(template(name)["Parameters"][key]["Default"]))


@pytest.mark.parametrize("name", ALL)
def test_every_parameter_is_used(name: str) -> None:
    whole = template(name)
    text = str({key: part for key, part in whole.items() if key not in {"Parameters", "Metadata"}})

    unused = [key for key in whole["Parameters"] if f"'Ref': '{key}'" not in text and f"${{{key}}}" not in text]

    assert unused == []


def test_every_parameter_of_the_main_stack_stands_in_one_group_of_the_console() -> None:
    groups = template(MAIN)["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]

    assert sorted(key for group in groups for key in group["Parameters"]) == sorted(template(MAIN)["Parameters"])


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        (MAIN, "WatchedVaultName", "Default"),
        (MAIN, "WatchedVaultName", "arn:aws:backup:eu-west-1:444455556666:backup-vault:watched-vault"),
        (MAIN, "DrVaultName", "Default"),
        (MAIN, "RetentionDays", "0"),
        (MAIN, "RetentionDays", "-1"),
        (MAIN, "RetentionDays", "36501"),
        (MAIN, "MinimumRetentionDays", "0"),
        (MAIN, "BackupAccountId", "44445555666"),
        (MAIN, "WorkloadAccountIds", "111122223333, 222233334444"),
        (MAIN, "WorkloadAccountIds", "11112222333"),
        (MAIN, "DrRegion", "Frankfurt"),
        (MAIN, "DrRegion", ""),
        (MAIN, "ResourceTypes", "EBS"),
        (MAIN, "ResourceTypes", "rds"),
        (MAIN, "ResourceTypes", ""),
        (MAIN, "CopyRoleArn", ""),
        (MAIN, "CopyRoleArn", "copy-role"),
        (MAIN, "OperatorRoleArn", "*"),
        (MAIN, "KeepRdsIntermediates", "-1"),
        (MAIN, "AllowUnencrypted", "yes"),
        (MAIN, "DrVaultLock", "off"),
        (MAIN, "MaximumConcurrency", "1"),
        (MAIN, "SweepIntervalMinutes", "60"),
        (BACKUP, "WatchedVaultName", "Default"),
        (BACKUP, "OrganizationId", "*"),
        (BACKUP, "WorkloadAccountIds", ""),
        (BACKUP, "VaultAdministratorArn", "*"),
        (BACKUP, "VaultAdministratorArn", "arn:aws:iam::444455556666:role/**"),
        (DR, "VaultAdministratorArn", "arn:aws:iam::444455556666:role/**"),
        (BACKUP, "VaultAdministratorArn", "arn:aws:iam::444455556666:role/AWSReservedSSO_Admin_0123456789abcdef"),
        (DR, "VaultAdministratorArn", "arn:aws:iam::444455556666:role/AWSReservedSSO_Admin_*"),
        *(
            (name, "VaultAdministratorArn", f"arn:aws:iam::444455556666:role/aws-reserved/AWSReservedSSO_Admin_{end}")
            for name in (BACKUP, DR)
            for end in ("0123456789abcdef", "*")
        ),
        (DR, "VaultAdministratorArn", "arn:aws:sts::444455556666:assumed-role/AWSReservedSSO_Admin_01/ada"),
        (BACKUP, "ExternalId", ""),
        (DR, "DrVaultName", "Default"),
        (DR, "MinimumRetentionDays", "0"),
        (WORKLOAD, "WatchedVaultName", "Default"),
        (WORKLOAD, "IntermediateRetentionDays", "1"),
        (WORKLOAD, "ScheduleExpression", "rate(1 day)"),
    ],
)
def test_a_dangerous_or_mistyped_value_is_refused(name: str, key: str, value: str) -> None:
    assert not accepts(name, key, value)


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        (MAIN, "DrRegion", "eu-central-1"),
        (MAIN, "DrRegion", "us-gov-west-1"),
        (MAIN, "DrRegion", "ap-southeast-3"),
        (MAIN, "DrRegion", "cn-northwest-1"),
        (MAIN, "DrRegion", "eusc-de-east-1"),
        (BACKUP, "DrRegion", "eusc-de-east-1"),
        (MAIN, "WorkloadAccountIds", ""),
        (MAIN, "WorkloadAccountIds", "111122223333,222233334444"),
        (MAIN, "CopyRoleArn", "arn:aws:iam::444455556666:role/secondhop/companion/backup-CopyRole-1A2B"),
        (MAIN, "CopyRoleArn", "arn:aws-us-gov:iam::444455556666:role/copy"),
        (MAIN, "KeepRdsIntermediates", "all"),
        (MAIN, "ResourceTypes", "Aurora"),
        *((name, "VaultAdministratorArn", value) for name in (BACKUP, DR) for value in IDENTITY_CENTER),
        (WORKLOAD, "ScheduleExpression", "cron(30 1 ? * MON-FRI *)"),
    ],
)
def test_a_value_that_somebody_needs_is_accepted(name: str, key: str, value: str) -> None:
    assert accepts(name, key, value)


@pytest.mark.parametrize("name", [BACKUP, DR])
def test_the_refusal_of_a_role_without_its_path_names_the_command_that_shows_the_path(name: str) -> None:
    text = template(name)["Parameters"]["VaultAdministratorArn"]["ConstraintDescription"]

    assert text.endswith("aws iam get-role --role-name NAME --query Role.Arn --output text")


@pytest.mark.parametrize("name", [BACKUP, DR])
@pytest.mark.parametrize("place", ["", "eu-west-1/"])
def test_the_pattern_that_the_description_shows_fits_an_identity_center_role_with_and_without_a_region(
    name: str, place: str
) -> None:
    described = template(name)["Parameters"]["VaultAdministratorArn"]["Description"]
    (pattern,) = [word for word in described.split() if word.startswith("arn:")]

    assert accepts(name, "VaultAdministratorArn", pattern)
    assert arn_like(f"{OF_SSO}/{place}AWSReservedSSO_Admin_0123456789abcdef", pattern)


def test_the_same_region_twice_is_refused_by_a_rule_of_the_template() -> None:
    refusal = {"Fn::Not": [{"Fn::Equals": [{"Ref": "DrRegion"}, {"Ref": "AWS::Region"}]}]}

    for name in (MAIN, BACKUP):
        assertions = [each["Assert"] for rule in template(name)["Rules"].values() for each in rule["Assertions"]]
        assert refusal in assertions


@pytest.mark.parametrize("name", [BACKUP, DR])
def test_a_stack_of_the_backup_account_is_refused_in_another_account_that_somebody_names(name: str) -> None:
    """A vault of a wrong account would have a policy that only its root user can change."""
    rule = template(name)["Rules"]["BackupAccount"]

    assert rule["RuleCondition"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "BackupAccountId"}, ""]}]}
    (assertion,) = rule["Assertions"]
    assert assertion["Assert"] == {"Fn::Equals": [{"Ref": "BackupAccountId"}, {"Ref": "AWS::AccountId"}]}
    assert accepts(name, "BackupAccountId", "")
    assert not accepts(name, "BackupAccountId", "44445555666")


@pytest.mark.parametrize("name", [each for each in ALL if "Rules" in template(each)])
def test_every_rule_says_what_to_do(name: str) -> None:
    for rule in template(name)["Rules"].values():
        for assertion in rule["Assertions"]:
            assert assertion["AssertDescription"].endswith(".")
