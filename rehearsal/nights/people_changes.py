"""Changes that people make in a hostile night: lifecycles, copies back, a second plan, settings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from backup_simulator import ProcessDied
from backup_simulator.model import Point, site_of
from rehearsal.deployment import Stack
from rehearsal.nights.expectations import Expectations
from rehearsal.nights.hostile_draws import FOR_EVER, HostileDraws, SecondPlan, SettingsChange
from rehearsal.nights.operator_actions import EVERYTHING
from rehearsal.stage import ADMINISTRATOR, BACKUP, HOME

RECALL = "recall"
FAR = "eu-north-1"
A_DAY = timedelta(days=1)
LONG_LIVES = (30, 60, 400, FOR_EVER)
# A shortened point lives until a sweep without faults has seen it.
AFTER_THE_FAULTS = timedelta(hours=8)
# This long after the faults, the last shortened point has expired, and the last lengthened one has outlived its first
# lifecycle.
LAST_SHORTENED, LAST_LENGTHENED = timedelta(days=3), timedelta(days=16)
COPIED_BACK_DAYS = 30


@dataclass(kw_only=True)
class PeopleChanges:
    """What people change by hand or with their own templates, without Second Hop."""

    draws: HostileDraws
    expected: Expectations
    mains: tuple[Stack, ...]
    quiet_from: datetime
    """When the faults end."""
    chance: Random
    counts: Counter[str]

    def begin(self) -> None:
        """Create the role for copies back, and the second plan."""
        trusted = {"Effect": "Allow", "Principal": {"Service": "backup.amazonaws.com"}, "Action": "sts:AssumeRole"}
        account = self.expected.world.account(BACKUP)
        self._recall_role = account.create_role(RECALL, trust={"Statement": [trusted]}, policies=[EVERYTHING])
        if self.draws.second_plan is not None:
            self._add(self.draws.second_plan)
        if self.draws.copies_elsewhere_per_hour:
            self._elsewhere = self._create_vault_elsewhere()

    def an_hour(self, hour: int) -> None:
        """Make the changes that are drawn for one hour."""
        if self.chance.random() < self.draws.lifecycle_changes_per_hour:
            self._change_an_intermediate()
        if self.chance.random() < self.draws.copies_back_per_hour:
            self.copy_back()
        if self.chance.random() < self.draws.copies_elsewhere_per_hour:
            self._copy_elsewhere_or_back()
        if self.draws.lengthens_final_copies and self.chance.random() < 0.2:
            self._lengthen_a_final_copy()
        for change in self.draws.settings_changes:
            if change.hour == hour:
                self._change_settings(change)

    def copy_back(self) -> None:
        """The administrator copies a final copy back into the watched vault, to restore from it."""
        finals = self._existing(self.expected.final)
        if not finals:
            return
        point = self.chance.choice(finals)
        if self._copied_into(self.expected.watched, point):
            exists = any(
                each.gone_at is None and each.arn == point.source_point_arn for each in self.expected.world.landed()
            )
            self.counts[f"people: copied a final copy back, its arrival {'exists' if exists else 'is deleted'}"] += 1

    def _create_vault_elsewhere(self) -> str:
        """A vault of the backup account that no route names, in another Region or beside the watched vault."""
        region = self.chance.choice((FAR, HOME))
        site = self.expected.world.site(BACKUP, region)
        return site.create_vault("elsewhere", key_arn=site.create_key())

    def _copy_elsewhere_or_back(self) -> None:
        """Copy an intermediate or a final copy into that vault, or a copy from there into the watched vault."""
        there = self._existing(self._elsewhere)
        if there and self.chance.random() < 0.5:
            if self._copied_into(self.expected.watched, self.chance.choice(there)):
                self.counts["people: copied a point from another vault into the watched vault"] += 1
            return
        here = [*self._existing(self.expected.final), *self._existing(self.expected.watched)]
        if here and self._copied_into(self._elsewhere, self.chance.choice(here)):
            self.counts["people: copied a point into another vault"] += 1

    def _copied_into(self, vault_arn: str, point: Point) -> bool:
        request: dict[str, Any] = {
            "RecoveryPointArn": point.arn,
            "SourceBackupVaultName": point.vault_arn.rpartition(":")[2],
            "DestinationBackupVaultArn": vault_arn,
            "IamRoleArn": self._recall_role,
            "Lifecycle": {"DeleteAfterDays": COPIED_BACK_DAYS},
        }
        return self._carried_out(point, lambda client: client.start_copy_job(**request))

    def _change_an_intermediate(self) -> None:
        """Lengthen or shorten its life, or shorten it and lengthen it shortly before it expires."""
        existing = self._existing(self.expected.watched)
        if not existing:
            return
        point = self.chance.choice(existing)
        kind = self.chance.randrange(3)
        if kind == 0:
            self._set_lifecycle(point, self.chance.choice(LONG_LIVES))
            return
        days = (self.quiet_from + AFTER_THE_FAULTS - point.created_at) // A_DAY + 1
        if self._set_lifecycle(point, days) and kind == 2:
            expiry = point.created_at + days * A_DAY
            self.expected.world.clock.at(expiry - timedelta(hours=2), lambda: self._lengthen_again(point))

    def _lengthen_again(self, point: Point) -> None:
        if point.gone_at is None and point.status == "COMPLETED":
            self._set_lifecycle(point, COPIED_BACK_DAYS)

    def _lengthen_a_final_copy(self) -> None:
        finals = self._existing(self.expected.final)
        if finals:
            self._set_lifecycle(self.chance.choice(finals), self.chance.choice((400, FOR_EVER)))

    def _set_lifecycle(self, point: Point, days: int) -> bool:
        lived = point.delete_at
        request: dict[str, Any] = {
            "BackupVaultName": point.vault_arn.rpartition(":")[2],
            "RecoveryPointArn": point.arn,
            "Lifecycle": {"DeleteAfterDays": days},
        }
        if not self._carried_out(point, lambda client: client.update_recovery_point_lifecycle(**request)):
            return False
        self.expected.life_changed[point.arn] = self.expected.world.now()
        is_shorter = point.delete_at is not None and (lived is None or point.delete_at < lived)
        if is_shorter:
            self.expected.shortened.add(point.arn)
        what = "a final copy" if point.vault_arn == self.expected.final else "an intermediate"
        self.counts[f"people: {'shortened' if is_shorter else 'lengthened'} {what}"] += 1
        return True

    def shorten_final_copy(self, point: Point) -> bool:
        """Let a final copy expire a day before its promised time, or earlier."""
        days = (self.expected.oracle.promised_expiry(point) - point.created_at) // A_DAY
        return self._set_lifecycle(point, max(days - 1, (self.expected.world.now() - point.created_at) // A_DAY + 2))

    def _carried_out(self, point: Point, act: Callable[[Any], Any]) -> bool:
        """Act as the administrator in the Region of a point; whether AWS did it, also if its answer was lost."""
        world = self.expected.world
        before = len(world.lifecycle_changes), len(world.copy_jobs())
        client = self.expected.world.light_session(BACKUP, ADMINISTRATOR, point.region).client("backup")
        try:
            act(client)
        except (ClientError, BotoCoreError, UnicodeDecodeError, ProcessDied):
            return (len(world.lifecycle_changes), len(world.copy_jobs())) != before
        return True

    def _existing(self, vault_arn: str) -> list[Point]:
        points = self.expected.world.vault_by_arn(vault_arn).points.values()
        return sorted((point for point in points if point.status == "COMPLETED"), key=lambda point: point.arn)

    def _add(self, second: SecondPlan) -> None:
        """Add a copy of the first plan, at another time of day, with another retention of its copies."""
        for plan in list(self.expected.world.plans.values()):
            document = deepcopy(plan.document)
            document["BackupPlanName"] += "-second"
            for rule in document["Rules"]:
                rule["ScheduleExpression"] = second.schedule
                for action in rule["CopyActions"]:
                    action["Lifecycle"] = {"DeleteAfterDays": second.days}
            self.expected.world.site(plan.account, HOME).create_plan(document, list(plan.selections.values()))
        self.counts["people: added a second plan"] += 1

    def _change_settings(self, change: SettingsChange) -> None:
        """Deploy the main stack again with other parameters, and the plan with another retention of its copies."""
        for main in self.mains:
            main.update(change.parameters)
        self.expected.note_settings()
        if change.intermediate_days is not None:
            for plan in self.expected.world.plans.values():
                self._set_copy_retention(plan.document, change.intermediate_days)
        values = ", ".join(f"{name} {value}" for name, value in change.parameters.items())
        self.expected.world.note("night", "", "", f"the main stack was deployed again with {values}")
        self.counts[f"people: changed {', '.join(change.parameters)}"] += 1

    def _set_copy_retention(self, document: dict[str, Any], days: int) -> None:
        for rule in document["Rules"]:
            for action in rule["CopyActions"]:
                if site_of(action["DestinationBackupVaultArn"])[0] == BACKUP:
                    action["Lifecycle"] = {"DeleteAfterDays": days}
