"""The parameter files: which answer stands where, what was said before, and what a new answer changes.

A file is a JSON list of "Key=Value", the one form that `aws cloudformation deploy --parameter-overrides file://` takes
in both versions of the AWS CLI. Parameters that init does not know are the user's own, and stay.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping

from secondhop_cli.init.questions import Answers, is_hub

Parameters = dict[str, str]
MAIN = "template"

PLACES: Mapping[str, Mapping[str, str]] = {
    "dr-region": {
        "DrVaultName": "dr_vault",
        "VaultLock": "vault_lock",
        "MinimumRetentionDays": "lock_minimum_days",
        "MaximumRetentionDays": "lock_maximum_days",
        "VaultAdministratorArn": "administrator",
        "NotificationEmail": "email",
    },
    "backup-account": {
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
        "NotificationEmail": "email",
    },
}
# The main stack demands a lock, the DR Region's makes one; no lock has two names.
SAID_OTHERWISE = {("DrVaultLock", "off"): "none"}
UNDERSTOOD = {(key, theirs): ours for (key, ours), theirs in SAID_OTHERWISE.items()}
# What the main stack is told in the hub topology only, and in the workload topology only.
HUB_ONLY = {"WorkloadAccountIds"}
WORKLOAD_ONLY = {"OperatorRoleArn", "ExternalId", "FirstHopRoleArn"}


class UnreadableFileError(ValueError):
    """A file is there and cannot be understood; says which, and why."""


def read_parameters(name: str, text: str) -> Parameters:
    """A list of "Key=Value", or of ParameterKey and ParameterValue. Raises UnreadableFileError."""
    try:
        return dict(_pair(each) for each in json.loads(text))
    except (ValueError, TypeError, KeyError) as error:
        raise UnreadableFileError(f'{name} is no JSON list of "Key=Value" ({error})') from error


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
    """A line each, so that a change of one is a change of one line."""
    rows = (json.dumps(f"{key}={value}") for key, value in parameters.items())
    return "[\n" + ",\n".join(f"  {row}" for row in rows) + "\n]\n"


def wanted(stack: str, answers: Answers) -> Parameters:
    """What a stack's parameters are by the answers; the empty ones are left to the template's default."""
    said = {key: answers[name] for key, name in PLACES[stack].items() if answers[name]}
    found = {key: SAID_OTHERWISE.get((key, value), value) for key, value in said.items()}
    if stack != MAIN:
        return found
    unfit = WORKLOAD_ONLY if is_hub(answers) else HUB_ONLY
    return {key: value for key, value in found.items() if key not in unfit}


def merged(stack: str, before: Parameters, answers: Answers) -> Parameters:
    """The parameters to write: in their old order, with the user's own among them, and what is new at the end."""
    now = wanted(stack, answers)
    kept = {key: now.get(key, value) for key, value in before.items() if key in now or key not in PLACES[stack]}
    return kept | now


def said_before(files: Mapping[str, Parameters]) -> tuple[Answers, dict[str, str]]:
    """The answers that stand in the files, and a problem for each answer of which two files say different things."""
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for stack, places in PLACES.items():
        for key, name in places.items():
            if value := files.get(stack, {}).get(key, ""):
                found[name][UNDERSTOOD.get((key, value), value)].append(f"{key} of {stack}")
    answers = {name: next(iter(values)) for name, values in found.items() if len(values) == 1}
    contradictions = {
        name: " but ".join(f"{value!r} in {', '.join(places)}" for value, places in values.items())
        for name, values in found.items()
        if len(values) > 1
    }
    return answers, contradictions


def changes(before: Parameters, after: Parameters) -> list[str]:
    """What differs, a line each."""
    gone = [f"{key}: {value} is taken out" for key, value in before.items() if key not in after]
    new = [f"{key}: {value}" for key, value in after.items() if key not in before]
    other = [
        f"{key}: {before[key]} becomes {value}"
        for key, value in after.items()
        if key in before and before[key] != value
    ]
    return [*other, *new, *gone]
