"""The functions as they are deployed: runtime, environment, logs, version."""

import re
from typing import Any

import pytest

import secondhop
from secondhop.adapters.environment import read_settings
from secondhop.domain.errors import SettingsError
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
    "SECONDHOP_DR_VAULT_LOCK": {"Ref": "DrVaultLock"},
    "SECONDHOP_LIMIT_RDS": {"Ref": "MaximumRdsCopies"},
    "SECONDHOP_LIMIT_CLUSTERS": {"Ref": "MaximumClusterCopies"},
    "SECONDHOP_OBSERVE_ONLY": {"Ref": "ObserveOnly"},
    "SECONDHOP_FIRST_HOP_ROLE_ARN": {"Ref": "FirstHopRoleArn"},
    "SECONDHOP_FIRST_HOP_RETENTION_DAYS": {"Ref": "FirstHopRetentionDays"},
    "SECONDHOP_FUNCTION_TIMEOUT_SECONDS": str(SHARED["Timeout"]),
    "AWS_STS_REGIONAL_ENDPOINTS": "regional",
    "POWERTOOLS_SERVICE_NAME": {"Ref": "AWS::StackName"},
    "POWERTOOLS_METRICS_NAMESPACE": "SecondHop",
    "POWERTOOLS_LOG_LEVEL": {"Ref": "LogLevel"},
}


def test_all_functions_share_one_environment_and_nothing_is_missing_from_it() -> None:
    assert SHARED["Environment"]["Variables"] == ENVIRONMENT
    assert [key for key in FUNCTIONS if "Environment" in FUNCTIONS[key]["Properties"]] == []


class Recording(dict[str, str]):
    """An environment that remembers what it was asked for."""

    def __init__(self, values: dict[str, str]) -> None:
        super().__init__(values)
        self.asked: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        self.asked.add(key)
        return super().get(key, default)


def environment(**parameters: str) -> Recording:
    """What a function is told, with the given parameters and the defaults of the others."""
    defaults = {key: str(each.get("Default", "")) for key, each in template(MAIN)["Parameters"].items()}
    own = {"AWS::AccountId": "111122223333", "AWS::Region": "eu-west-1", "AWS::Partition": "aws"}
    known = {**defaults, **own, **parameters}
    return Recording(
        {
            variable: known.get(value["Ref"], f"the {value['Ref']}") if isinstance(value, dict) else str(value)
            for variable, value in ENVIRONMENT.items()
        }
    )


NEEDED = {
    "BackupAccountId": "444455556666",
    "DrRegion": "eu-central-1",
    "CopyRoleArn": "arn:aws:iam::444455556666:role/secondhop/companion/copy",
    "OperatorRoleArn": "arn:aws:iam::444455556666:role/secondhop/companion/operator",
    "ExternalId": "second-hop",
}


def test_the_defaults_of_the_parameters_make_settings_that_the_code_accepts() -> None:
    environ = environment(**NEEDED)

    settings = read_settings(environ)

    assert settings.routes[0].watched.name == template(MAIN)["Parameters"]["WatchedVaultName"]["Default"]
    assert environ.asked <= ENVIRONMENT.keys()


def test_what_the_code_complains_of_are_parameters_that_exist() -> None:
    with pytest.raises(SettingsError) as refusal:
        read_settings({})

    named = set(re.findall(r"\b[A-Z][a-z]+(?:[A-Z][a-z]+)+\b", str(refusal.value)))
    assert named != set()
    assert named <= template(MAIN)["Parameters"].keys()


@pytest.mark.parametrize("parameter", ["MaximumRdsCopies", "MaximumClusterCopies", "RetentionDays"])
def test_the_code_accepts_the_least_and_the_most_that_the_template_accepts(parameter: str) -> None:
    limits = template(MAIN)["Parameters"][parameter]
    wide = {"RetentionDays": "36500", "MinimumRetentionDays": "1", "MaximumRetentionDays": "36500"}

    for bound in (limits["MinValue"], limits["MaxValue"]):
        environ = environment(**{**NEEDED, **wide, parameter: str(bound)})
        problems = complaints(environ)
        assert [each for each in problems if each.startswith(f"{parameter} is")] == []


def complaints(environ: dict[str, str]) -> tuple[str, ...]:
    try:
        read_settings(environ)
    except SettingsError as error:
        return error.problems
    return ()


def test_functions_run_on_the_runtime_that_the_layers_are_built_for() -> None:
    layers = resources(MAIN, "AWS::Serverless::LayerVersion")

    assert (SHARED["Runtime"], SHARED["Architectures"], SHARED["Tracing"]) == ("python3.13", ["arm64"], "Active")
    assert SHARED["Layers"] == [{"Ref": key} for key in layers]
    for layer in layers.values():
        assert layer["Metadata"] == {"BuildMethod": "makefile", "BuildArchitecture": "arm64", "ContextPath": "layers"}
        assert layer["Properties"]["CompatibleRuntimes"] == ["python3.13"]
        assert layer["Properties"]["CompatibleArchitectures"] == ["arm64"]


def test_every_function_folder_is_deployed_and_holds_a_handler() -> None:
    deployed = {each["Properties"]["CodeUri"].rstrip("/") for each in FUNCTIONS.values()}
    folders = {f"functions/{path.parent.name}" for path in (ROOT / "functions").glob("*/app.py")}

    assert SHARED["Handler"] == "app.lambda_handler"
    assert deployed == folders


@pytest.mark.parametrize("function", FUNCTIONS)
def test_logs_are_kept_for_a_limited_time_and_only_its_function_writes_them(function: str) -> None:
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
def test_every_stack_says_which_version_it_was_made_from(name: str) -> None:
    stamp = template(name)["Outputs"]["StackVersion"]["Value"]

    assert stamp == secondhop.__version__
    assert f"Second Hop {stamp}" in template(name)["Description"]


@pytest.mark.parametrize("name", ALL)
def test_every_output_says_what_it_is_for(name: str) -> None:
    for output in template(name)["Outputs"].values():
        assert output["Description"].endswith(".")


@pytest.mark.parametrize("layer", ["CoreLayer", "DependenciesLayer"])
def test_a_layer_is_of_one_stack_and_its_old_versions_go(layer: str) -> None:
    own = properties(MAIN, layer)

    assert own["LayerName"]["Fn::Sub"].startswith("${AWS::StackName}-")
    assert own["RetentionPolicy"] == "Delete"
    assert own["CompatibleRuntimes"] == [SHARED["Runtime"]]
    assert own["CompatibleArchitectures"] == SHARED["Architectures"]


def test_functions_have_the_memory_that_their_measurements_were_made_with() -> None:
    assert SHARED["MemorySize"] == 512
