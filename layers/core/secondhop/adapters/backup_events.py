"""EventBridge events of AWS Backup, in all their shapes.

Shapes: https://docs.aws.amazon.com/aws-backup/latest/devguide/eventbridge.html. A CREATED copy-job event has no job id
and no resource. RUNNING and FAILED have `{}` where COMPLETED has the destination's ARN. The source recovery point is in
`resources` only. Some events say `state`, others `status`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from secondhop.application.work import JobNews, OtherNews, PointNews
from secondhop.domain.arn import Arn, Vault
from secondhop.domain.errors import MalformedError
from secondhop.domain.observation import JobSeen

JOB_STATES = frozenset({"CREATED", "RUNNING", "COMPLETED", "FAILED", "PARTIAL"})
POINT_STATUSES = frozenset(
    {"COMPLETED", "PARTIAL", "DELETING", "EXPIRED", "AVAILABLE", "STOPPED", "CREATING", "DELETED"}
)


def read_event(event: dict[str, Any]) -> JobNews | PointNews | OtherNews:
    """Read one event. Raises MalformedError, naming the field, what was found and what was expected."""
    kind, source = event.get("detail-type"), event.get("source")
    if not isinstance(kind, str) or not isinstance(source, str):
        raise MalformedError("not an EventBridge event: it has no source and detail-type")
    detail = event.get("detail")
    if source != "aws.backup":
        return OtherNews(what=f"an event of {source}")
    if not isinstance(detail, dict):
        raise MalformedError(f"detail should be an object, found {detail!r}")
    match kind:
        case "Copy Job State Change":
            return _read_job(event, detail)
        case "Recovery Point State Change" | "Recovery Point Change":
            return _read_point(event, detail)
        case _:
            return OtherNews(what=f"{kind!r}")


def _read_job(event: dict[str, Any], detail: dict[str, Any]) -> JobNews:
    state = _one_of(detail.get("state"), JOB_STATES, "detail.state")
    arrival = _arrival(detail.get("destinationRecoveryPointArn"), state)
    job = JobSeen(
        job_id=_optional_text(detail, "copyJobId") or "",
        state=state,
        source=_resource(event),
        destination_vault_arn=_vault(detail, "destinationBackupVaultArn"),
        arrival=arrival,
        message=_optional_text(detail, "statusMessage") or "",
        created_at=_optional_time(detail, "creationDate"),
        is_planned="backupPlanArn" in (detail.get("createdBy") or {}),
    )
    return JobNews(
        job=job,
        source_vault_arn=_vault(detail, "sourceBackupVaultArn"),
        database=_optional_arn(detail, "resourceArn"),
        resource_type=_optional_text(detail, "resourceType"),
    )


def _read_point(event: dict[str, Any], detail: dict[str, Any]) -> PointNews:
    return PointNews(
        arn=_resource(event),
        vault_arn=_vault(detail, "backupVaultArn"),
        status=_one_of(detail.get("status") or detail.get("state"), POINT_STATUSES, "detail.status"),
        database=_optional_arn(detail, "resourceArn"),
        resource_type=_optional_text(detail, "resourceType"),
        created_at=_optional_time(detail, "creationDate"),
    )


def _arrival(value: object, state: str) -> str | None:
    if value is None or value == {}:
        if state == "COMPLETED":
            raise MalformedError("detail.destinationRecoveryPointArn is missing from a COMPLETED copy job")
        return None
    return str(Arn.parse(value))


def _resource(event: dict[str, Any]) -> str:
    resources = event.get("resources")
    if not isinstance(resources, list) or len(resources) != 1:
        raise MalformedError(f"resources should hold one recovery point, found {resources!r}")
    return str(Arn.parse(resources[0]))


def _vault(detail: dict[str, Any], name: str) -> str:
    try:
        return Vault.parse(detail.get(name)).arn
    except MalformedError as error:
        raise MalformedError(f"detail.{name}: {error}") from error


def _one_of(value: object, known: frozenset[str], name: str) -> str:
    if not isinstance(value, str) or value not in known:
        raise MalformedError(f"{name} is {value!r}; known are {', '.join(sorted(known))}")
    return value


def _optional_text(detail: dict[str, Any], name: str) -> str | None:
    value = detail.get(name)
    if value is not None and not isinstance(value, str):
        raise MalformedError(f"detail.{name} should be a text, found {value!r}")
    return value


def _optional_arn(detail: dict[str, Any], name: str) -> str | None:
    value = detail.get(name)
    return None if value is None else str(Arn.parse(value))


def _optional_time(detail: dict[str, Any], name: str) -> datetime | None:
    value = detail.get(name)
    return None if value is None else read_time(value)


def read_time(value: object) -> datetime:
    """An ISO 8601 time with a zone. Raises MalformedError."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError as error:
        raise MalformedError(f"not a time: {value!r}") from error
    if moment is None or moment.tzinfo is None:
        raise MalformedError(f"not a time with a zone: {value!r}")
    return moment
