"""The functions as they are deployed: runtime, environment, logs, version."""

import re

import pytest

import secondhop
from tests.template.reading import ALL, MAIN, ROOT, properties, resources, template

FUNCTIONS = resources(MAIN, "AWS::Serverless::Function")
SHARED = template(MAIN)["Globals"]["Function"]

ENVIRONMENT = {
    "SECONDHOP_TABLE": {"Ref": "Chains"},
    "SECONDHOP_WORK_QUEUE_URL": {"Ref": "WorkQueue"},
    "SECONDHOP_DEAD_LETTER_QUEUE_URL": {"Ref": "DeadLetters"},
    "SECONDHOP_TOPIC_ARN": {"Ref": "Notifications"},
    "SECONDHOP_STACK_VERSION": secondhop.__version__,
    "SECONDHOP_PARTITION": {"Ref": "AWS::Partition"},
    "SECONDHOP_ROUTE_NAME": {"Ref": "RouteName"},
    "SECONDHOP_WORKLOAD_ACCOUNTS": {"Ref": "WorkloadAccountIds"},
    "SECONDHOP_STACK_ACCOUNT": {"Ref": "AWS::AccountId"},
    "SECONDHOP_BACKUP_ACCOUNT": {"Ref": "BackupAccountId"},
    "SECONDHOP_WORKLOAD_REGION": {"Ref": "AWS::Region"},
    "SECONDHOP_DR_REGION": {"Ref": "DrRegion"},
    "SECONDHOP_WATCHED_VAULT": {"Ref": "WatchedVaultName"},
    "SECONDHOP_DR_VAULT": {"Ref": "DrVaultName"},
    "SECONDHOP_COPY_ROLE_ARN": {"Ref": "CopyRoleArn"},
    "SECONDHOP_OPERATOR_ROLE_ARN": {"Ref": "OperatorRoleArn"},
    "SECONDHOP_EXTERNAL_ID": {"Ref": "ExternalId"},
    "SECONDHOP_RESOURCE_TYPES": {"Ref": "ResourceTypes"},
    "SECONDHOP_RETENTION_DAYS": {"Ref": "RetentionDays"},
    "SECONDHOP_RETENTION_FLOOR_DAYS": {"Ref": "MinimumRetentionDays"},
    "SECONDHOP_RETENTION_CEILING_DAYS": {"Ref": "MaximumRetentionDays"},
    "SECONDHOP_MINIMUM_REMAINING_DAYS": {"Ref": "MinimumRemainingDays"},
    "SECONDHOP_KEEP_RDS": {"Ref": "KeepRdsIntermediates"},
    "SECONDHOP_KEEP_CLUSTERS": {"Ref": "KeepClusterIntermediates"},
    "SECONDHOP_ALLOW_UNENCRYPTED": {"Ref": "AllowUnencrypted"},
    "SECONDHOP_LIMIT_RDS": {"Ref": "MaximumRdsCopies"},
    "SECONDHOP_LIMIT_CLUSTERS": {"Ref": "MaximumClusterCopies"},
    "SECONDHOP_OBSERVE_ONLY": {"Ref": "ObserveOnly"},
    "SECONDHOP_SWEEP_INTERVAL_MINUTES": {"Ref": "SweepIntervalMinutes"},
    "SECONDHOP_FUNCTION_TIMEOUT_SECONDS": str(SHARED["Timeout"]),
    "POWERTOOLS_SERVICE_NAME": {"Ref": "AWS::StackName"},
    "POWERTOOLS_METRICS_NAMESPACE": "SecondHop",
    "POWERTOOLS_LOG_LEVEL": {"Ref": "LogLevel"},
}


def test_all_functions_share_one_environment_and_nothing_is_missing_from_it():
    assert SHARED["Environment"]["Variables"] == ENVIRONMENT
    assert [key for key in FUNCTIONS if "Environment" in FUNCTIONS[key]["Properties"]] == []


def test_every_setting_that_the_code_reads_is_in_the_environment():
    code = "".join(path.read_text() for room in ("layers/core", "functions") for path in (ROOT / room).rglob("*.py"))

    read = set(re.findall(r"\bSECONDHOP_[A-Z_]+\b", code))

    assert read <= ENVIRONMENT.keys()


def test_functions_run_on_the_runtime_that_the_layers_are_built_for():
    layers = resources(MAIN, "AWS::Serverless::LayerVersion")

    assert (SHARED["Runtime"], SHARED["Architectures"], SHARED["Tracing"]) == ("python3.13", ["arm64"], "Active")
    assert SHARED["Layers"] == [{"Ref": key} for key in layers]
    for layer in layers.values():
        assert layer["Metadata"] == {"BuildMethod": "makefile", "BuildArchitecture": "arm64", "ContextPath": "layers"}
        assert layer["Properties"]["CompatibleRuntimes"] == ["python3.13"]
        assert layer["Properties"]["CompatibleArchitectures"] == ["arm64"]


def test_every_function_folder_is_deployed_and_holds_a_handler():
    deployed = {each["Properties"]["CodeUri"].rstrip("/") for each in FUNCTIONS.values()}
    folders = {f"functions/{path.parent.name}" for path in (ROOT / "functions").glob("*/app.py")}

    assert SHARED["Handler"] == "app.lambda_handler"
    assert deployed == folders


@pytest.mark.parametrize("function", FUNCTIONS)
def test_logs_are_kept_for_a_limited_time_and_only_its_function_writes_them(function):
    group = properties(MAIN, function)["LoggingConfig"]["LogGroup"]["Ref"]
    role = properties(MAIN, function)["Role"]["Fn::GetAtt"][0]

    (own_logs,) = [
        each
        for each in properties(MAIN, role)["Policies"][0]["PolicyDocument"]["Statement"]
        if each.get("Sid") == "OwnLogs"
    ]

    assert group == f"{function}Logs"
    assert role == f"{function}Role"
    assert own_logs["Resource"] == {"Fn::GetAtt": [group, "Arn"]}
    assert properties(MAIN, group)["RetentionInDays"] == {"Ref": "LogRetentionDays"}


@pytest.mark.parametrize("name", ALL)
def test_every_stack_says_which_version_it_was_made_from(name):
    stamp = template(name)["Outputs"]["StackVersion"]["Value"]

    assert stamp == secondhop.__version__
    assert f"Second Hop {stamp}" in template(name)["Description"]


@pytest.mark.parametrize("name", ALL)
def test_every_output_says_what_it_is_for(name):
    for output in template(name)["Outputs"].values():
        assert output["Description"].endswith(".")
