"""The second hop as a short Lambda function does it: one event, one StartCopyJob, and perhaps one delete at the end.

Written after AWS's documentation, for the comparison of bench/head_to_head.py. They run in the backup account, with
the role of Second Hop's actor. EventBridge invokes them asynchronously, so Lambda tries a failed event twice more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from backup_simulator import RuleTarget
from rehearsal.stage import BACKUP, HOME, Stage

# Five attempts, as boto3's legacy mode makes them, without its waits: the simulator's in-process clients do not retry.
ATTEMPTS = 5
RETRIED = frozenset({"ThrottlingException", "TooManyRequestsException", "ServiceUnavailableException"})

Event = dict[str, Any]


def copy_handler(backup: Any, *, destination: str, role: str, days: int) -> Callable[[Event], None]:
    """Starts a copy of the recovery point that an event names."""

    def handler(event: Event) -> None:
        attempt(
            backup.start_copy_job,
            RecoveryPointArn=event["resources"][0],
            SourceBackupVaultName=event["detail"]["backupVaultName"],
            DestinationBackupVaultArn=destination,
            IamRoleArn=role,
            Lifecycle={"DeleteAfterDays": days},
        )

    return handler


def delete_handler(backup: Any) -> Callable[[Event], None]:
    """Deletes the source of the copy job that an event names."""

    def handler(event: Event) -> None:
        attempt(
            backup.delete_recovery_point,
            BackupVaultName=event["detail"]["sourceBackupVaultArn"].rpartition(":")[2],
            RecoveryPointArn=event["resources"][0],
        )

    return handler


def attempt(call: Callable[..., Any], *, left: int = ATTEMPTS - 1, **request: Any) -> None:
    """Make a call, and again after each error that boto3 retries."""
    try:
        call(**request)
    except ClientError as error:
        if not left or error.response["Error"]["Code"] not in RETRIED:
            raise
        attempt(call, left=left - 1, **request)


def deploy_handlers(stage: Stage, *, deletes: bool) -> None:
    """The functions and their rules, on the default bus of the backup account."""
    session = stage.world.session(BACKUP, stage.main.attribute("AdvanceChainRole", "Arn"), HOME)
    backup = session.client("backup")
    watched = stage.backup_account["WatchedVaultArn"]
    copy = copy_handler(
        backup,
        destination=stage.dr["DrVaultArn"],
        role=stage.backup_account["CopyRoleArn"],
        days=int(stage.main.parameters["RetentionDays"]),
    )
    arrived = {"backupVaultArn": [watched], "status": ["COMPLETED", "AVAILABLE"]}
    _connect(stage, "copy", copy, detail_type="Recovery Point State Change", detail=arrived)
    if deletes:
        completed = {"sourceBackupVaultArn": [watched], "state": ["COMPLETED"]}
        _connect(stage, "delete", delete_handler(backup), detail_type="Copy Job State Change", detail=completed)


def _connect(
    stage: Stage, name: str, handler: Callable[[Event], None], *, detail_type: str, detail: dict[str, list[str]]
) -> None:
    site = stage.world.site(BACKUP, HOME)
    pattern = {"source": ["aws.backup"], "detail-type": [detail_type], "detail": detail}
    site.put_rule(name, pattern=pattern, targets=[RuleTarget(id=name, arn=site.create_function(name, handler))])
