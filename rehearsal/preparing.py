"""Creates what an event names, as the event describes it: the recovery point, its copy, and the chain that made it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from backup_simulator.model import Point
from backup_simulator.resource_types import INSTANCES
from rehearsal.stage import BACKUP, DR, HOME, WORKLOAD, Stage
from secondhop.adapters.backup_events import read_time
from secondhop.application.work import JobNews, PointNews
from secondhop.domain.errors import MalformedError

# AWS's lists show a new recovery point after some seconds.
LIST_LAG = timedelta(seconds=30)
# What a recovery point is like if its event does not say. Events of copy jobs say nothing about the lifecycle.
AGE, SINCE_COMPLETION = timedelta(hours=3), timedelta(minutes=5)
INTERMEDIATE_DAYS, FINAL_DAYS = 14, 35
# API_Lifecycle and recov-point-create-a-copy: at most 100 years.
LONGEST_DAYS = 36_500


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What an event says about its recovery point."""

    database_arn: str
    resource_type: str
    status: str
    created_at: datetime
    completed_at: datetime
    delete_after_days: int | None
    encrypted: bool
    size_bytes: int


def describe_point(news: JobNews | PointNews, detail: Mapping[str, Any], now: datetime) -> Described:
    """The recovery point of an event at a moment."""
    is_job = isinstance(news, JobNews)
    created_at = None if isinstance(news, JobNews) else news.created_at
    born = created_at or now - AGE
    return Described(
        database_arn=news.database or f"arn:aws:rds:{HOME}:{WORKLOAD}:db:unknown",
        resource_type=news.resource_type or INSTANCES.name,
        status="COMPLETED" if isinstance(news, JobNews) else news.status,
        created_at=born,
        completed_at=(None if is_job else _time(detail.get("completionDate"))) or now - SINCE_COMPLETION,
        delete_after_days=INTERMEDIATE_DAYS if is_job else _days(detail, born),
        encrypted=str(detail.get("isEncrypted")).lower() != "false",
        size_bytes=_whole(detail.get("backupSizeInBytes"), most=2**62) or 0,
    )


def _days(detail: Mapping[str, Any], created_at: datetime) -> int | None:
    """How long the point lives, by its expiry date or its lifecycle. None means for ever, as with AWS's -1."""
    for name in ("calculatedLifecycle", "calculatedLifeCycle"):
        calculated = detail.get(name)
        moment = _time(calculated.get("deleteAt")) if isinstance(calculated, Mapping) else None
        if moment is not None:
            return max(0, round((moment - created_at) / timedelta(days=1)))
    lifecycle = detail.get("lifecycle")
    return _whole(lifecycle.get("deleteAfterDays"), most=LONGEST_DAYS) if isinstance(lifecycle, Mapping) else None


def _time(value: object) -> datetime | None:
    try:
        return read_time(value)
    except MalformedError:
        return None


def _whole(value: object, *, most: int) -> int | None:
    """A positive whole number, or None. AWS writes some numbers as texts."""
    text = str(value) if type(value) in (int, str) else ""
    is_number = text.isascii() and text.isdecimal() and len(text) <= len(str(most))
    return int(text) if is_number and 0 < int(text) <= most else None


def prepare(stage: Stage, news: JobNews | PointNews, event: Mapping[str, Any]) -> None:
    """Create what the event names, up to the moment at which AWS sends it."""
    watched, final = stage.backup_account["WatchedVaultArn"], stage.dr["DrVaultArn"]
    point = describe_point(news, event["detail"], stage.world.now())
    if isinstance(news, PointNews):
        if news.status != "DELETED":
            _put(stage, watched, news.arn, point)
    elif news.job.destination_vault_arn == watched:
        _put(stage, watched, news.job.arrival, point)
    elif news.source_vault_arn == watched:
        _put(stage, watched, news.job.source, point)
        stage.world.set_next_copy_job_id(news.job.job_id or None)
        _open_chain(stage, news.job.source, watched)
        _put(stage, final, news.job.arrival, point, source=news.job.source)
        _end_job(stage, news)
    stage.world.run_for(LIST_LAG)


def _end_job(stage: Stage, news: JobNews) -> None:
    """Let the simulated job end as the event says."""
    job = stage.world.find_copy_job(news.job.job_id)
    if job is not None and news.job.state in ("COMPLETED", "FAILED"):
        job.state, job.completed_at = news.job.state, stage.world.now()


def _put(stage: Stage, vault_arn: str, arn: str | None, point: Described, *, source: str | None = None) -> None:
    if arn is None:
        return
    vault = stage.world.vault_by_arn(vault_arn)
    stage.world.add_point(
        Point(
            arn=arn,
            account=BACKUP,
            region=DR if source else HOME,
            vault_arn=vault_arn,
            database_arn=point.database_arn,
            resource_type=point.resource_type,
            status=point.status,
            created_at=point.created_at,
            completed_at=point.completed_at,
            delete_after_days=FINAL_DAYS if source else point.delete_after_days,
            key_arn=vault.key_arn if point.encrypted else None,
            encrypted=point.encrypted,
            size_bytes=point.size_bytes,
            role_arn=stage.backup_account["CopyRoleArn"],
            tags={},
            source_vault_arn=stage.backup_account["WatchedVaultArn"] if source else stage.workload["WorkloadVaultArn"],
            source_point_arn=source,
        ),
        announce=False,
    )


def _open_chain(stage: Stage, arrival: str, watched_vault_arn: str) -> None:
    """For a hop-2 event, open the chain and start its copy first."""
    stage.world.run_for(LIST_LAG)
    noticed = {
        "version": "0",
        "id": "prepared",
        "detail-type": "Recovery Point State Change",
        "source": "aws.backup",
        "account": BACKUP,
        "time": stage.world.now().isoformat(),
        "region": HOME,
        "resources": [arrival],
        "detail": {"backupVaultArn": watched_vault_arn, "status": "COMPLETED"},
    }
    stage.main.functions["AdvanceChain"](noticed)
