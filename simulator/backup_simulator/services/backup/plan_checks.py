"""What AWS Backup checks when a backup plan is made or changed.

API_CreateBackupPlan, API_BackupRuleInput and API_CopyAction. A window of less than 60 minutes is refused:
https://github.com/hashicorp/terraform-provider-aws/issues/8794.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from backup_simulator.errors import Refused
from backup_simulator.services.backup.copy_checks import VAULT_NAME, check_retention, check_vault_arn
from backup_simulator.services.backup.cron import Schedule
from backup_simulator.services.backup.members import check_plan_members

INVALID = "InvalidParameterValueException"
# "cron(0 5 ? * * *)" runs a plan without a schedule at 05:00 UTC (plan-options-and-configuration).
DAILY = "cron(0 5 ? * * *)"
NAME = re.compile(r"[a-zA-Z0-9\-\_\.]{1,50}")
# Per backup rule (aws-backup-limits).
MOST_COPY_ACTIONS = 5
LEAST_START_WINDOW, LONGEST_WINDOW = 60, 52_560_000


def check_plan(document: Mapping[str, Any]) -> None:
    """Raises Refused or NotModelled for a plan that could not be carried out as AWS does it."""
    check_plan_members(document)
    check_name("backup plan", document["BackupPlanName"])
    for rule in document["Rules"]:
        check_name("rule", rule["RuleName"])
        if not VAULT_NAME.fullmatch(rule["TargetBackupVaultName"]):
            raise Refused(INVALID, f"Invalid backup vault name: {rule['TargetBackupVaultName']}")
        schedule_of(rule)
        check_windows(rule.get("StartWindowMinutes"), rule.get("CompletionWindowMinutes"))
        check_retention(rule.get("Lifecycle", {}))
        _check_copies(rule.get("CopyActions", []))


def check_name(what: str, name: str) -> None:
    """Raises Refused for a name that AWS Backup refuses."""
    if not NAME.fullmatch(name):
        raise Refused(INVALID, f"Invalid {what} name: {name}")


def _check_copies(actions: list[dict[str, Any]]) -> None:
    if len(actions) > MOST_COPY_ACTIONS:
        raise Refused("LimitExceededException", f"A rule has at most {MOST_COPY_ACTIONS} copy actions.")
    for action in actions:
        check_vault_arn(action["DestinationBackupVaultArn"])
        check_retention(action.get("Lifecycle", {}))


def check_windows(start: int | None, completion: int | None) -> None:
    """Raises Refused for a window that AWS Backup refuses."""
    if start is not None and not LEAST_START_WINDOW <= start <= LONGEST_WINDOW:
        raise Refused(INVALID, f"Invalid start window: {start}. It must be at least {LEAST_START_WINDOW} minutes.")
    if completion is not None and not 1 <= completion <= LONGEST_WINDOW:
        raise Refused(INVALID, f"Invalid completion window: {completion}")


def schedule_of(rule: Mapping[str, Any]) -> Schedule:
    """When a rule runs. Raises Refused, NotModelled."""
    return Schedule.parse(rule.get("ScheduleExpression", DAILY), rule.get("ScheduleExpressionTimezone", "UTC"))
