"""Replays one event: through the rules of the template and the real handler, in a world where its points exist."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from backup_simulator import World
from backup_simulator.matching import matches
from backup_simulator.model import Point
from backup_simulator.resource_types import INSTANCES
from rehearsal.stage import BACKUP, DR, HOME, WORKLOAD, Stage
from secondhop.adapters.memory_chains import MemoryChains
from secondhop.domain.errors import MalformedError

GIVEN_UP = 1


class UnreadableFileError(ValueError):
    """The file is missing or contains no event. The message says which."""


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """The result of an event: the rule that matched or why none did, the decisions, and the exit code."""

    rule: str | None
    misses: tuple[str, ...] = ()
    decisions: tuple[dict[str, Any], ...] = ()
    ignored: str | None = None
    malformed: str | None = None
    exit_code: int = field(default=0)


def read_event(path: Path) -> dict[str, Any]:
    """The event of a file. Raises UnreadableFileError."""
    try:
        event = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UnreadableFileError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise UnreadableFileError(f"{path} is not JSON: {error}.") from error
    if not isinstance(event, dict):
        raise UnreadableFileError(f"{path} holds no event: an event is a JSON object.")
    return event


def replay(event: dict[str, Any]) -> Replayed:
    """Send one event through the template's rules and the real handler."""
    world = World(seed=1, start=_moment(event))
    chains = MemoryChains()
    # The installation is a month old, so the event's recovery point is newer than it.
    chains.sweep_progress(now=world.now() - timedelta(days=30))
    stage = Stage(world, chains)
    rules = world.rules(WORKLOAD, HOME)
    matching = next((rule for rule in rules if matches(rule.pattern, event)), None)
    if matching is None:
        misses = tuple(f"{rule.name}: {_first_miss(rule.pattern, event)}" for rule in rules)
        return Replayed(rule=None, misses=misses)
    _prepare(stage, event)
    try:
        answer = stage.main.functions["AdvanceChain"](event)
    except MalformedError as error:
        return Replayed(rule=matching.name, malformed=str(error), exit_code=GIVEN_UP)
    return Replayed(rule=matching.name, decisions=tuple(answer["decisions"]), ignored=answer["ignored"])


def _moment(event: Mapping[str, Any]) -> datetime:
    try:
        return datetime.fromisoformat(str(event.get("time"))).astimezone(UTC)
    except ValueError:
        return datetime(2026, 1, 5, 6, tzinfo=UTC)


def _first_miss(pattern: Mapping[str, Any], event: Mapping[str, Any], path: str = "") -> str:
    """The first field of a pattern that the event does not meet, with what was found."""
    for name, wanted in pattern.items():
        if matches({name: wanted}, event):
            continue
        found = event.get(name)
        if isinstance(wanted, Mapping) and isinstance(found, Mapping):
            return _first_miss(wanted, found, f"{path}{name}.")
        return f"{path}{name} is {json.dumps(found)}, wanted {json.dumps(wanted)}"
    return "nothing differs"


def _prepare(stage: Stage, event: Mapping[str, Any]) -> None:
    """Create what the event names: the arrival in the watched vault, its copy, and the chain that made it."""
    detail = event.get("detail")
    resources = event.get("resources")
    if not isinstance(detail, Mapping) or not isinstance(resources, list) or not resources:
        return
    watched, final = stage.backup_account["WatchedVaultArn"], stage.dr["DrVaultArn"]
    if detail.get("destinationBackupVaultArn") == watched:
        _put(stage, watched, detail.get("destinationRecoveryPointArn"), detail)
    elif detail.get("sourceBackupVaultArn") == watched:
        _put(stage, watched, resources[0], detail)
        stage.world.set_next_copy_job_id(str(detail["copyJobId"]) if detail.get("copyJobId") else None)
        _open_chain(stage, resources[0], watched)
        _put(stage, final, detail.get("destinationRecoveryPointArn"), detail, source=resources[0])
        _end_job(stage, detail)
    elif detail.get("status") not in (None, "DELETED"):
        _put(stage, watched, resources[0], detail, status=str(detail["status"]))
    # AWS's lists show a new recovery point after some seconds.
    stage.world.run_for(timedelta(seconds=30))


def _end_job(stage: Stage, detail: Mapping[str, Any]) -> None:
    """Let the simulated job end as the event says."""
    job = stage.world.find_copy_job(str(detail.get("copyJobId")))
    if job is not None and detail.get("state") in ("COMPLETED", "FAILED"):
        job.state, job.completed_at = str(detail["state"]), stage.world.now()


def _put(
    stage: Stage,
    vault_arn: str,
    arn: object,
    detail: Mapping[str, Any],
    *,
    source: str | None = None,
    status: str = "COMPLETED",
) -> None:
    if not isinstance(arn, str) or not arn.startswith("arn:"):
        return
    world = stage.world
    vault = world.vault_by_arn(vault_arn)
    days = 35 if source else 14
    created_at = world.now() - timedelta(hours=3)
    world.add_point(
        Point(
            arn=arn,
            account=BACKUP,
            region=DR if source else HOME,
            vault_arn=vault_arn,
            database_arn=str(detail.get("resourceArn", f"arn:aws:rds:{HOME}:{WORKLOAD}:db:unknown")),
            resource_type=str(detail.get("resourceType", INSTANCES.name)),
            status=status,
            created_at=created_at,
            completed_at=world.now() - timedelta(minutes=5),
            delete_after_days=days,
            key_arn=vault.key_arn,
            encrypted=True,
            size_bytes=0,
            role_arn=stage.backup_account["CopyRoleArn"],
            tags={},
            source_vault_arn=stage.backup_account["WatchedVaultArn"] if source else stage.workload["WorkloadVaultArn"],
            source_point_arn=source,
        ),
        announce=False,
    )


def _open_chain(stage: Stage, arrival: str, watched_vault_arn: str) -> None:
    """For a hop-2 event, open the chain and start its copy first."""
    stage.world.run_for(timedelta(seconds=30))
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
