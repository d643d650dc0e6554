"""The work queue: sends work to it, and reads its messages."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from typing import Any

from secondhop.adapters.aws_errors import translated
from secondhop.adapters.backup_events import read_event, read_text, read_time
from secondhop.application.work import Abandon, JobNews, Look, PointNews, Retry, Work
from secondhop.domain.chain import ChainKey
from secondhop.domain.errors import MalformedError, TryAgainError, shown
from secondhop.domain.observation import JobSeen

# API_SendMessageBatch: up to ten messages.
BATCH = 10
MARK = "secondhop"
SCHEMA = 1
# API_SendMessage: attribute values count to the message's 256 KiB; a reason is a sentence.
REASON_LENGTH = 1000
# The attribute that counts how often a message was handed on. It rests for a minute first, as a site that did not
# answer does, then for twice as long each time, up to the longest delay of SQS (API_SendMessage).
HANDED_ON = "handed_on"
HAND_ON_SECONDS, LONGEST_DELAY_SECONDS = 60, 900


class SqsWork:
    """A `WorkQueue` over a boto3 SQS client."""

    def __init__(self, client: Any, queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def put(self, work: Iterable[Work]) -> None:
        remaining = iter(work)
        while batch := list(islice(remaining, BATCH)):
            entries = [{"Id": str(i), "MessageBody": write_work(each)} for i, each in enumerate(batch)]
            with translated():
                answer = self._client.send_message_batch(QueueUrl=self._queue_url, Entries=entries)
            refused = answer.get("Failed", [])
            if refused:
                raise TryAgainError(f"the queue refused {len(refused)} messages: {refused[0].get('Message', '')}")

    def hand_on(self, body: str, *, count: int) -> None:
        """Put a message back on the queue, as one that was handed on so often. Raises TryAgainError."""
        delay = min(HAND_ON_SECONDS << min(count - 1, 10), LONGEST_DELAY_SECONDS)
        attributes = {HANDED_ON: {"DataType": "Number", "StringValue": str(count)}}
        with translated():
            self._client.send_message(
                QueueUrl=self._queue_url,
                MessageBody=body,
                DelaySeconds=delay,
                MessageAttributes=attributes,
            )


class DeadLetters:
    """The queue of work that cannot be read, with the reason."""

    def __init__(self, client: Any, queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def send(self, body: str, *, reason: str) -> None:
        """Send a message body as it came, with the reason as a message attribute. Raises TryAgainError."""
        attributes = {"reason": {"DataType": "String", "StringValue": reason[:REASON_LENGTH]}}
        with translated():
            self._client.send_message(QueueUrl=self._queue_url, MessageBody=body, MessageAttributes=attributes)


def write_work(work: Work) -> str:
    """Our own work as a message body. Events of AWS come from EventBridge and are never written here."""
    match work:
        case Look(key=key):
            content: dict[str, Any] = {"work": "look", **_key(key)}
        case Retry(key=key, by=by, at=at):
            content = {"work": "retry", **_key(key), "by": by, "at": at.isoformat() if at else None}
        case Abandon(key=key, by=by):
            content = {"work": "abandon", **_key(key), "by": by}
        case JobNews():
            content = {"work": "job", **_write_job(work)}
        case PointNews():
            content = {
                "work": "arrival",
                "recovery_point": work.arn,
                "vault": work.vault_arn,
                "status": work.status,
                "database": work.database,
                "resource_type": work.resource_type,
                "created_at": work.created_at.isoformat() if work.created_at else None,
            }
        case _:
            raise TypeError(f"work of this kind is never put on the queue by us: {work}")
    return json.dumps({MARK: SCHEMA, **content})


def read_work(body: object) -> Work:
    """Read a message body, or an event that is already parsed. Raises MalformedError."""
    content = body
    if isinstance(body, str):
        try:
            content = json.loads(body)
        except ValueError as error:
            raise MalformedError(f"not JSON: {error}") from error
        except RecursionError as error:
            raise MalformedError("not read: the JSON is nested too deeply") from error
    if not isinstance(content, dict):
        raise MalformedError(f"expected an object, found {type(content).__name__}")
    if MARK not in content:
        return read_event(content)
    if content[MARK] != SCHEMA:
        raise MalformedError(f"work of schema {shown(content[MARK])}; this release knows {SCHEMA}")
    return _read_own(content)


def _read_own(content: dict[str, Any]) -> Work:
    match content.get("work"):
        case "look":
            return Look(key=_read_key(content))
        case "retry":
            return Retry(key=_read_key(content), by=_text(content, "by"), at=_optional_time(content, "at"))
        case "abandon":
            return Abandon(key=_read_key(content), by=_text(content, "by"))
        case "arrival":
            return PointNews(
                arn=_text(content, "recovery_point"),
                vault_arn=_text(content, "vault"),
                status=_text(content, "status"),
                database=_optional_text(content, "database"),
                resource_type=_optional_text(content, "resource_type"),
                created_at=_optional_time(content, "created_at"),
            )
        case "job":
            return _read_job(content)
        case other:
            raise MalformedError(f"unknown work {shown(other)}")


def _write_job(news: JobNews) -> dict[str, Any]:
    job = news.job
    return {
        "job_id": job.job_id,
        "state": job.state,
        "source": job.source,
        "destination_vault": job.destination_vault_arn,
        "arrival": job.arrival,
        "message": job.message,
        "category": job.category,
        "created_at": job.created_at.isoformat() if job.created_at else None,
        "delete_after_days": job.delete_after_days,
        "is_planned": job.is_planned,
        "source_vault": news.source_vault_arn,
        "database": news.database,
        "resource_type": news.resource_type,
    }


def _read_job(content: dict[str, Any]) -> JobNews:
    job = JobSeen(
        job_id=_text(content, "job_id"),
        state=_text(content, "state"),
        source=_text(content, "source"),
        destination_vault_arn=_text(content, "destination_vault"),
        arrival=_optional_text(content, "arrival"),
        message=_optional_text(content, "message") or "",
        category=_optional_text(content, "category") or "",
        created_at=_optional_time(content, "created_at"),
        delete_after_days=_optional_days(content, "delete_after_days"),
        is_planned=content.get("is_planned") is True,
    )
    return JobNews(
        job=job,
        source_vault_arn=_text(content, "source_vault"),
        database=_optional_text(content, "database"),
        resource_type=_optional_text(content, "resource_type"),
    )


def _key(key: ChainKey) -> dict[str, str]:
    return {"recovery_point": key.recovery_point, "route": key.route}


def _read_key(content: dict[str, Any]) -> ChainKey:
    return ChainKey(_text(content, "recovery_point"), _text(content, "route"))


def _text(content: dict[str, Any], name: str) -> str:
    value = content.get(name)
    if not isinstance(value, str) or not value:
        raise MalformedError(f"{name} should be a text, found {shown(value)}")
    return value


def _optional_text(content: dict[str, Any], name: str) -> str | None:
    return read_text(content.get(name), name)


def _optional_time(content: dict[str, Any], name: str) -> datetime | None:
    value = content.get(name)
    return read_time(value) if value else None


def _optional_days(content: dict[str, Any], name: str) -> int | None:
    value = content.get(name)
    if value is not None and type(value) is not int:
        raise MalformedError(f"{name} should be a whole number, found {shown(value)}")
    return value
