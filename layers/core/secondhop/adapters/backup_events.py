"""EventBridge events of AWS Backup, in all their shapes.

Shapes: https://docs.aws.amazon.com/aws-backup/latest/devguide/eventbridge.html. A CREATED copy-job event has no job id
and no resource. RUNNING and FAILED have `{}` where COMPLETED has the destination's ARN. The source recovery point is in
`resources` only. Some events say `state`, others `status`. `{}` in any other optional field is read in the same way.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from secondhop.application.work import JobNews, OtherNews, PointNews
from secondhop.domain.arn import Arn, Vault
from secondhop.domain.errors import MalformedError, shortened, shown
from secondhop.domain.observation import JobSeen

# AWS Backup exists since 2019; the end allows for retentions of a hundred years.
YEARS = range(2000, 9000)
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
        return OtherNews(what=f"an event of {shown(source)[1:-1]}")
    if not isinstance(detail, dict):
        raise MalformedError(f"detail should be an object, found {shown(detail)}")
    match kind:
        case "Copy Job State Change":
            return _read_job(event, detail)
        case "Recovery Point State Change" | "Recovery Point Change":
            return _read_point(event, detail)
        case _:
            return OtherNews(what=shown(kind))


def _read_job(event: dict[str, Any], detail: dict[str, Any]) -> JobNews:
    state = _one_of(detail.get("state"), JOB_STATES, "detail.state")
    job = JobSeen(
        job_id=_optional_text(detail, "copyJobId") or "",
        state=state,
        source=_resource(event),
        destination_vault_arn=_vault(detail, "destinationBackupVaultArn"),
        arrival=_arrival(detail, state),
        message=shortened(_optional_text(detail, "statusMessage") or ""),
        category=_optional_text(detail, "messageCategory") or "",
        created_at=_optional_time(detail, "creationDate"),
        is_planned=_is_planned(detail),
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


def _arrival(detail: dict[str, Any], state: str) -> str | None:
    arrival = _optional_arn(detail, "destinationRecoveryPointArn")
    if arrival is None and state == "COMPLETED":
        raise MalformedError("detail.destinationRecoveryPointArn is missing from a COMPLETED copy job")
    return arrival


def _is_planned(detail: dict[str, Any]) -> bool:
    created_by = detail.get("createdBy")
    return isinstance(created_by, dict) and "backupPlanArn" in created_by


def _resource(event: dict[str, Any]) -> str:
    resources = event.get("resources")
    if not isinstance(resources, list) or len(resources) != 1:
        raise MalformedError(f"resources should hold one recovery point, found {shown(resources)}")
    return str(Arn.parse(resources[0]))


def _vault(detail: dict[str, Any], name: str) -> str:
    with _named(name):
        return Vault.parse(detail.get(name)).arn


def _one_of(value: object, known: frozenset[str], name: str) -> str:
    if not isinstance(value, str) or value not in known:
        raise MalformedError(f"{name} is {shown(value)}; known are {', '.join(sorted(known))}")
    return value


def _known(detail: dict[str, Any], name: str) -> Any:
    """A field that may be missing. AWS writes `{}` for what it does not know yet."""
    value = detail.get(name)
    return None if value == {} else value


def _optional_text(detail: dict[str, Any], name: str) -> str | None:
    return read_text(_known(detail, name), f"detail.{name}")


def _optional_arn(detail: dict[str, Any], name: str) -> str | None:
    value = _known(detail, name)
    with _named(name):
        return None if value is None else str(Arn.parse(value))


def _optional_time(detail: dict[str, Any], name: str) -> datetime | None:
    value = _known(detail, name)
    with _named(name):
        return None if value is None else read_time(value)


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Let a refusal name the field of the detail."""
    try:
        yield
    except MalformedError as error:
        raise MalformedError(f"detail.{name}: {error}") from error


def read_text(value: object, name: str) -> str | None:
    """A text that can be stored and sent, or None. Raises MalformedError, with the name of the field."""
    if value is None:
        return None
    if not isinstance(value, str) or not _is_unicode(value):
        raise MalformedError(f"{name} should be a text, found {shown(value)}")
    return value


def _is_unicode(text: str) -> bool:
    """JSON can hold half of a surrogate pair, which neither a queue nor a table accepts."""
    return not any("\ud800" <= each <= "\udfff" for each in text)


def read_time(value: object) -> datetime:
    """An ISO 8601 time with a zone, in a year with which one can reckon. Raises MalformedError."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError as error:
        raise MalformedError(f"not a time: {shown(value)}") from error
    if moment is None or moment.tzinfo is None:
        raise MalformedError(f"not a time with a zone: {shown(value)}")
    if moment.year not in YEARS:
        raise MalformedError(f"not a time between {YEARS[0]} and {YEARS[-1]}: {shown(value)}")
    return moment
