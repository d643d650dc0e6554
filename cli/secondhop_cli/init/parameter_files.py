"""The parameter files: the answer for each parameter, the previous answers, and the changes.

A file is a JSON list of "Key=Value". Both versions of the AWS CLI accept this form in `aws cloudformation deploy
--parameter-overrides file://`. Parameters that init does not know belong to the user, and are kept.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping

from secondhop_cli.init.questions import Answers, is_hub

Parameters = dict[str, str]
MAIN = "template"

PARAMETER_SOURCES: Mapping[str, Mapping[str, str]] = {
    "dr-region": {
        "BackupAccountId": "backup_account",
        "DrVaultName": "dr_vault",
        "VaultLock": "vault_lock",
        "MinimumRetentionDays": "lock_minimum_days",
        "MaximumRetentionDays": "lock_maximum_days",
        "VaultAdministratorArn": "administrator",
        "NotificationEmail": "email",
    },
    "backup-account": {
        "BackupAccountId": "backup_account",
        "OrganizationId": "organization",
        "Topology": "topology",
        "WorkloadAccountIds": "workload_accounts",
        "ExternalId": "external_id",
        "WatchedVaultName": "watched_vault",
        "DrRegion": "dr_region",
        "DrVaultName": "dr_vault",
        "DrKeyArn": "dr_key_arn",
        "VaultAdministratorArn": "administrator",
        "NotificationEmail": "email",
    },
    "workload": {"BackupAccountId": "backup_account", "WatchedVaultName": "watched_vault"},
    MAIN: {
        "WorkloadAccountIds": "workload_accounts",
        "BackupAccountId": "backup_account",
        "DrRegion": "dr_region",
        "WatchedVaultName": "watched_vault",
        "DrVaultName": "dr_vault",
        "CopyRoleArn": "copy_role_arn",
        "OperatorRoleArn": "operator_role_arn",
        "ExternalId": "external_id",
        "FirstHopRoleArn": "first_hop_role_arn",
        "RetentionDays": "retention_days",
        "MinimumRetentionDays": "lock_minimum_days",
        "MaximumRetentionDays": "lock_maximum_days",
        "DrVaultLock": "vault_lock",
        "MaximumRdsCopies": "maximum_rds_copies",
        "MaximumClusterCopies": "maximum_cluster_copies",
        "NotificationEmail": "email",
    },
}
# Without a lock, VaultLock of the DR Region's stack is off, and DrVaultLock of the main stack is none.
RENAMED_VALUES = {("DrVaultLock", "off"): "none"}
ORIGINAL_VALUES = {(key, theirs): ours for (key, ours), theirs in RENAMED_VALUES.items()}
# Parameters of the main stack in only one of the topologies.
HUB_ONLY = {"WorkloadAccountIds"}
WORKLOAD_ONLY = {"OperatorRoleArn", "ExternalId", "FirstHopRoleArn"}
# Outputs of another stack that a template needs, and numbers. They are not written until they are known.
NEVER_EMPTY = {"DrKeyArn", "CopyRoleArn", "MaximumRdsCopies", "MaximumClusterCopies"}


class UnreadableFileError(ValueError):
    """A file exists and cannot be read. The message says which file, and why."""


def read_parameters(name: str, text: str) -> Parameters:
    """A list of "Key=Value", or of ParameterKey and ParameterValue. Raises UnreadableFileError."""
    try:
        return dict(_pair(each) for each in json.loads(text))
    except (ValueError, TypeError, KeyError) as error:
        raise UnreadableFileError(f'{name} is not a JSON list of "Key=Value" ({error})') from error


def _pair(row: object) -> tuple[str, str]:
    if isinstance(row, str):
        key, equals, value = row.partition("=")
        if not equals:
            raise ValueError(f"{row!r} has no =")
        return key, value
    if isinstance(row, dict):
        return str(row["ParameterKey"]), str(row["ParameterValue"])
    raise TypeError(f"found {row!r}")


def write_parameters(parameters: Parameters) -> str:
    """One line for each parameter, so that a diff shows only changed parameters."""
    rows = (json.dumps(f"{key}={value}") for key, value in parameters.items())
    return "[\n" + ",\n".join(f"  {row}" for row in rows) + "\n]\n"


def wanted(stack: str, answers: Answers) -> Parameters:
    """A stack's parameters for these answers.

    An empty answer is written as an empty value, because CloudFormation keeps the previous value of a parameter that is
    left out.
    """
    excluded = (WORKLOAD_ONLY if is_hub(answers) else HUB_ONLY) if stack == MAIN else set()
    said = {key: "" if key in excluded else answers[name] for key, name in PARAMETER_SOURCES[stack].items()}
    return {
        key: RENAMED_VALUES.get((key, value), value) for key, value in said.items() if value or key not in NEVER_EMPTY
    }


def merged(stack: str, before: Parameters, answers: Answers) -> Parameters:
    """The parameters to write: in their old order, with the user's own, and new ones at the end."""
    now = wanted(stack, answers)
    kept = {
        key: now.get(key, value) for key, value in before.items() if key in now or key not in PARAMETER_SOURCES[stack]
    }
    return kept | now


def previous_answers(files: Mapping[str, Parameters]) -> tuple[Answers, dict[str, str]]:
    """The answers in the files, and a message for each answer that differs between two files."""
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for stack, places in PARAMETER_SOURCES.items():
        for key, name in places.items():
            if value := files.get(stack, {}).get(key, ""):
                found[name][ORIGINAL_VALUES.get((key, value), value)].append(f"{key} of {stack}")
    answers = {name: next(iter(values)) for name, values in found.items() if len(values) == 1}
    contradictions = {
        name: " but ".join(f"{value!r} in {', '.join(places)}" for value, places in values.items())
        for name, values in found.items()
        if len(values) > 1
    }
    return answers, contradictions


def changes(before: Parameters, after: Parameters) -> list[str]:
    """One line for each difference."""
    removed = [f"{key}: {_shown(value)} is removed" for key, value in before.items() if key not in after]
    new = [f"{key}: {_shown(value)}" for key, value in after.items() if key not in before]
    other = [
        f"{key}: {_shown(before[key])} becomes {_shown(value)}"
        for key, value in after.items()
        if key in before and before[key] != value
    ]
    return [*other, *new, *removed]


def _shown(value: str) -> str:
    return value or "(empty)"
