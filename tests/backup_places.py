"""Places with a near vault, two far ones and recovery points: one simulated, and one of the stand-in.

Both offer the same port `Backup`, so that one contract can be tested over both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from backup_simulator.switches import UnknownBehaviour
from secondhop.adapters.aws_backup import AwsBackup
from secondhop.adapters.sites import Sites
from secondhop.application.ports import Backup
from secondhop.domain.arn import Site, Vault
from secondhop.domain.command import ReleaseIntermediate, StartCopy
from secondhop.domain.route import VaultLock
from tests import simulated_place
from tests.builders import COPY_ROLE, DR_VAULT, ORDERS, SECOND_DR_VAULT, WATCHED, a_copy, an_arrival
from tests.stand_in_backup import Clock, StandInBackup

FARTHER_REGION = "eu-north-1"
COPY = timedelta(hours=6)


class BackupPlace(Protocol):
    """What a test of the port needs: vaults, two databases, a copy role, and a way to let time pass."""

    backup: Backup
    near: Vault
    far: Vault
    farther: Vault
    databases: tuple[str, str]
    copy_role: str

    def back_up(self, database: str) -> str:
        """Make a recovery point of a database in the near vault; its ARN."""

    def lock(self, vault: Vault) -> None:
        """Lock a vault, with governance."""

    def set_status(self, point: str, status: str) -> None:
        """Let a recovery point of the near vault have a status."""

    def now(self) -> datetime:
        """The time there."""

    def forward(self, duration: timedelta) -> None:
        """Let time pass. All copies end within `COPY`. A copy of a copy names its source as its resource."""

    def keys(self) -> Mapping[Vault, str | None]:
        """The key of each vault."""


def a_release(vault: Vault, point: str) -> ReleaseIntermediate:
    return ReleaseIntermediate(subject="arrival", point=point, vault=vault)


def a_start(place: BackupPlace, source: str, *, into: Vault, out_of: Vault, token: str = "token") -> StartCopy:
    return StartCopy(
        subject="to-dr",
        source=source,
        source_vault=out_of,
        destination=into,
        copy_role_arn=place.copy_role,
        delete_after_days=35,
        attempt=1,
        token=token,
    )


class SimulatedBackupPlace:
    """`AwsBackup` over the simulator's client."""

    def __init__(self) -> None:
        self.place = simulated_place.Place(unknown=UnknownBehaviour(resource_arn_survives_second_copy=False))
        session: Any = self.place.world.session(simulated_place.A, region=simulated_place.HOME)
        self.backup: Backup = AwsBackup(Sites(session, {}, self.place.world.now).backup_client)
        farther = self.place.world.site(simulated_place.A, FARTHER_REGION)
        farther.create_vault("farther", key_arn=farther.create_key())
        self.near = _vault(simulated_place.HOME, "near")
        self.far = _vault(simulated_place.DR, "far")
        self.farther = _vault(FARTHER_REGION, "farther")
        self.copy_role = self.place.role
        key = self.place.world.vault_by_arn(self.near.arn).key_arn
        self.databases = (self.place.database, self.place.site.create_database("RDS", "customers", key_arn=key))

    def back_up(self, database: str) -> str:
        known = {point.arn for point in self.place.world.recovery_points()}
        self.place.client.start_backup_job(BackupVaultName="near", ResourceArn=database, IamRoleArn=self.place.role)
        self.forward(timedelta(hours=1))
        (new,) = {point.arn for point in self.place.world.recovery_points()} - known
        return new

    def lock(self, vault: Vault) -> None:
        self.place.world.vault_by_arn(vault.arn).lock = {"MinRetentionDays": 7}

    def set_status(self, point: str, status: str) -> None:
        self.place.world.point_by_arn(point).status = status

    def now(self) -> datetime:
        return self.place.world.now()

    def forward(self, duration: timedelta) -> None:
        self.place.world.run_for(duration)

    def keys(self) -> Mapping[Vault, str | None]:
        return {vault: self.place.world.vault_by_arn(vault.arn).key_arn for vault in (self.near, self.far)}


def _vault(region: str, name: str) -> Vault:
    return Vault("aws", Site(simulated_place.A, region), name)


class StandInBackupPlace:
    """The stand-in of the unit tests, with copies that are complete after `COPY`."""

    near, far, farther = WATCHED, DR_VAULT, SECOND_DR_VAULT
    databases = (ORDERS, f"{ORDERS}-2")
    copy_role = COPY_ROLE

    def __init__(self) -> None:
        self.clock = Clock()
        self.stand_in = StandInBackup(self.clock)
        self.backup: Backup = self.stand_in
        self._points = 0

    def back_up(self, database: str) -> str:
        self._points += 1
        point = an_arrival(
            arn=f"{a_copy().arn.replace(self.far.site.region, self.near.site.region)}-{self._points}",
            database=database,
            created_at=self.clock.now,
            source_vault_arn=None,
        )
        self.stand_in.put(point)
        self.forward(timedelta(hours=1))
        return point.arn

    def lock(self, vault: Vault) -> None:
        self.stand_in.locks[vault.arn] = VaultLock.GOVERNANCE

    def set_status(self, point: str, status: str) -> None:
        place = (self.near.arn, point)
        self.stand_in.points[place] = replace(self.stand_in.points[place], status=status)

    def now(self) -> datetime:
        return self.clock.now

    def forward(self, duration: timedelta) -> None:
        self.clock.now += duration
        for job in list(self.stand_in.jobs.values()):
            if duration >= COPY and job.state == "CREATED":
                self._finish(job.job_id)

    def _finish(self, job_id: str) -> None:
        job = self.stand_in.jobs[job_id]
        (source,) = [point for point in self.stand_in.points.values() if point.arn == job.source]
        is_copy_of_copy = source.source_vault_arn is not None
        region = job.destination_vault_arn.split(":")[3]
        copy = a_copy(
            arn=f"{a_copy().arn.replace(self.far.site.region, region)}-{job_id}",
            vault_arn=job.destination_vault_arn,
            database=source.arn if is_copy_of_copy else source.database,
            created_at=source.created_at,
            source_vault_arn=source.vault_arn,
        )
        self.stand_in.finish(job_id, copy)
        self.stand_in.resources[copy.arn] = (copy.arn, copy.resource_type)

    def keys(self) -> Mapping[Vault, str | None]:
        return {vault: self.stand_in.keys[vault.arn] for vault in (self.near, self.far)}
