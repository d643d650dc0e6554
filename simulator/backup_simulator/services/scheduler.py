"""EventBridge Scheduler: schedules that invoke functions (API_GetSchedule)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from backup_simulator.errors import ProcessDied, Refused
from backup_simulator.ground import Ground
from backup_simulator.model import Caller, Operation


@dataclass(kw_only=True)
class ScheduleRecord:
    """A schedule in the group `default`; one that is not enabled invokes nothing."""

    name: str
    arn: str
    account: str
    region: str
    every: timedelta
    target_arn: str
    enabled: bool = True

    @property
    def expression(self) -> str:
        return f"rate({int(self.every.total_seconds() // 60)} minutes)"


class Scheduler:
    """The schedules of a world, by account, Region and name."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self.schedules: dict[tuple[str, str, str], ScheduleRecord] = {}
        self.operations: dict[str, Operation] = {"GetSchedule": self._get_schedule}

    def start(
        self,
        record: ScheduleRecord,
        invoke: Callable[[dict[str, Any]], Any],
        payload: Mapping[str, Any],
        *,
        first_after: timedelta | None,
    ) -> None:
        """Invoke a function regularly from now on; what it raises does not end the schedule."""
        self.schedules[record.account, record.region, record.name] = record

        def fire() -> None:
            self._ground.clock.after(record.every, fire)
            if not record.enabled:
                return
            try:
                invoke(dict(payload))
            except (ProcessDied, Exception) as error:  # noqa: BLE001 - whatever it raises, the schedule goes on
                self._ground.note("schedule failed", record.account, record.region, f"{record.name}: {error}")

        self._ground.clock.after(first_after if first_after is not None else record.every, fire)

    def _get_schedule(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        schedule = self.schedules.get((caller.account, region, request["Name"]))
        if schedule is None:
            raise Refused("ResourceNotFoundException", f"Schedule {request['Name']} does not exist.", 404)
        return {
            "Name": schedule.name,
            "Arn": schedule.arn,
            "GroupName": "default",
            "ScheduleExpression": schedule.expression,
            "State": "ENABLED" if schedule.enabled else "DISABLED",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {"Arn": schedule.target_arn, "RoleArn": f"arn:aws:iam::{caller.account}:role/{schedule.name}"},
        }
