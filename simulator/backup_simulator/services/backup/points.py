"""Recovery points land in vaults and change their status; each time there is a trace line and, mostly, an event."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from backup_simulator.event_shapes import point_detail
from backup_simulator.eventbridge import EventBridge
from backup_simulator.ground import Ground
from backup_simulator.model import Point
from backup_simulator.vaults import Vaults


class Points:
    """All recovery points that ever existed in a world, in the order of their arrival."""

    def __init__(self, ground: Ground, vaults: Vaults, events: EventBridge) -> None:
        self._ground = ground
        self._vaults = vaults
        self._events = events
        self._landed: list[Point] = []
        self._by_arn: dict[str, Point] = {}
        self._newest_copies: dict[tuple[str, str, str], Point] = {}
        self._listeners: list[Callable[[Point], None]] = []

    def on_landed(self, listener: Callable[[Point], None]) -> None:
        """Call a listener with every point that has landed, after its event."""
        self._listeners.append(listener)

    def add(self, point: Point, *, announce: bool) -> None:
        """A point lands in its vault."""
        point.landed_at = self._ground.now()
        self._vaults.by_arn(point.vault_arn).points[point.arn] = point
        self._landed.append(point)
        self._by_arn[point.arn] = point
        if point.source_point_arn is not None:
            self._newest_copies[point.account, point.region, point.database_arn] = point
        name = f"{point.resource_type} {point.database_arn.rpartition(':')[2]}"
        vault = point.vault_arn.rpartition(":")[2]
        self._ground.note("recovery point", point.account, point.region, f"{name} landed in {vault}", point=point.arn)
        if announce:
            self._emit(point)
        for listener in self._listeners:
            listener(point)

    def change_status(self, point: Point, status: str) -> None:
        point.status = status
        self._ground.note("recovery point", point.account, point.region, f"{point.arn} is {status}", point=point.arn)
        self._emit(point)

    def _emit(self, point: Point) -> None:
        detail = point_detail(point)
        self._events.emit(point.account, point.region, "Recovery Point State Change", [point.arn], detail)

    def newest_copy(self, account: str, region: str, database_arn: str) -> Point | None:
        """The newest copy of a database at a site, even if it is deleted."""
        return self._newest_copies.get((account, region, database_arn))

    def landed(self) -> Sequence[Point]:
        """All points that ever existed: the list itself. Do not change it."""
        return self._landed

    def by_arn(self, arn: str) -> Point:
        """A point, even if it is deleted. Raises KeyError."""
        if arn not in self._by_arn:
            raise KeyError(f"no recovery point {arn} ever was in this world")
        return self._by_arn[arn]
