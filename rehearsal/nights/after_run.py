"""What may follow a night: a person deletes final copies, or all sweeps stop for a month and the table is lost."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from backup_simulator.model import Point
from rehearsal.nights.expectations import Expectations
from rehearsal.nights.operator_actions import Operator
from rehearsal.stage import ADMINISTRATOR, BACKUP, DR

# AWS Backup lists copy jobs for 30 days. After that, only recovery points show what was copied.
LONGER_THAN_JOBS = timedelta(days=31)
A_DAY = timedelta(days=1)
COPIES_BY_HAND = 8
SWEEPS = "SweepSchedule"


@dataclass(kw_only=True)
class AfterRun:
    """What happens after the end of a night."""

    expected: Expectations
    operator: Operator
    chance: Random
    counts: Counter[str]

    def lose_a_final_copy(self) -> None:
        """The administrator of the DR vault deletes the newest final copy of a database."""
        victim = self.newest_final_copy()
        if victim is not None:
            self._delete(victim)
            self.counts["a final copy was deleted by hand"] += 1

    def newest_final_copy(self) -> Point | None:
        """The newest final copy of a database that the seed draws. It is looked at daily, and older ones weekly.

        If people deleted a newer one, the database is not drawn.
        """
        newest: dict[str, Point] = {}
        for point in sorted(self.expected.arrivals(), key=lambda arrival: arrival.created_at):
            for copy in self.expected.copies_of(point):
                if copy.gone_at is None:
                    newest[copy.database_arn] = copy
                elif copy.arn in self.expected.deleted_by_hand:
                    newest.pop(copy.database_arn, None)
        return newest[self.chance.choice(sorted(newest))] if newest else None

    def empty_the_dr_vault(self) -> None:
        """The administrator of the DR vault deletes every final copy."""
        points = list(self.expected.world.vault_by_arn(self.expected.final).points.values())
        for point in points:
            if point.status == "COMPLETED":
                self._delete(point)
        self.counts["people: emptied the DR vault"] += bool(points)

    def _delete(self, victim: Point) -> None:
        client = self.expected.world.light_session(BACKUP, ADMINISTRATOR, DR).client("backup")
        client.delete_recovery_point(BackupVaultName=victim.vault_arn.rpartition(":")[2], RecoveryPointArn=victim.arn)
        self.expected.deleted_by_hand[victim.arn] = victim.source_point_arn or ""

    def stop_for_a_month(self) -> None:
        """Make copies by hand, then stop all sweeps until AWS lists no job any more."""
        existing = [point for point in self.expected.arrivals() if point.gone_at is None]
        for point in existing[:COPIES_BY_HAND]:
            self.operator.copy_by_hand(point)
        self.expected.world.run_for(A_DAY)
        self._switch(is_on=False)
        self.expected.world.run_for(LONGER_THAN_JOBS)
        self._switch(is_on=True)
        self.counts["no sweep ran for a month"] += 1

    def _switch(self, *, is_on: bool) -> None:
        for (_, _, name), schedule in self.expected.world.schedules.items():
            if name == SWEEPS:
                schedule.enabled = is_on
