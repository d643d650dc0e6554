"""The two hops of a deployed installation as journeys, so that whatever goes wrong with a copy can happen to theirs."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from functools import cache
from typing import Any

from backup_simulator import World
from backup_simulator.door import open_session
from backup_simulator.model import Point
from rehearsal.stage import BACKUP, HOME, WORKLOAD, Stage
from secondhop_cli.doctor.command import doctor
from tests.simulated_place import Journey


class Switchboard:
    """A world to the clients of an account, which passes each call on to the world that is looked at.

    To make a client takes longer than all that a doctor asks with it: so they are made once for all tests.
    """

    def __init__(self, account: str) -> None:
        self.world: World | None = None
        self.key = ""
        self.session = open_session(self.call, f"switchboard-{account}", HOME)

    def call(self, _key: str, region: str, service: str, operation: str, request: Any) -> dict[str, Any]:
        assert self.world is not None
        return self.world.call(self.key, region, service, operation, request)

    @cache  # noqa: B019 - there is one for each account, for ever
    def client(self, service: str, region_name: str, config: Any) -> Any:
        return self.session.client(service, region_name=region_name, config=config)  # type: ignore[call-overload]  # any service, by its name


@cache
def switchboard(account: str) -> Switchboard:
    return Switchboard(account)


class Clinic:
    """The doctor, called to a stage: with an administrator of each account, or with the roles that are given."""

    def __init__(
        self,
        stage: Stage,
        *,
        without: tuple[str, ...] = (),
        also: tuple[str, ...] = (),
        roles: dict[str, str] | None = None,
    ) -> None:
        self.stage = stage
        accounts = dict.fromkeys((*stage.workload_accounts, BACKUP, *also))
        self.accounts = [each for each in accounts if each not in without]
        self.keys = {each: stage.world.issue_key(each, (roles or {}).get(each)) for each in self.accounts}
        self.sessions: list[Any] = [switchboard(each) for each in self.accounts]
        self.code = -1

    def examine(self) -> dict[str, Any]:
        """The report as a program reads it; the exit code is kept."""
        report: dict[str, Any] = json.loads(self._run(width=None))
        assert report["exit_code"] == self.code
        return report

    def as_text(self, *, width: int = 80) -> str:
        return self._run(width=width)

    def _run(self, *, width: int | None) -> str:
        for account in self.accounts:
            switchboard(account).world, switchboard(account).key = self.stage.world, self.keys[account]
        stream, complaints = io.StringIO(), io.StringIO()
        self.code = doctor(
            self.sessions,
            stack="second-hop",
            region=HOME,
            now=self.stage.world.now(),
            streams=(stream, complaints),
            width=width,
        )
        return stream.getvalue() + complaints.getvalue()

    def findings(self, severity: str | None = None) -> list[dict[str, Any]]:
        found = [each for check in self.examine()["checks"] for each in check["findings"]]
        return [each for each in found if severity in (None, each["severity"])]

    def kinds(self, severity: str | None = None) -> set[str]:
        return {each["kind"] for each in self.findings(severity)}


class StagedJourney(Journey):
    """One hop of a stage with one RDS database, whose functions look on and start nothing."""

    vault_name: str
    retention_days: int

    def __init__(self, **options: Any) -> None:
        self.world = World(**options)
        self.stage = Stage(
            self.world,
            parameters={"ObserveOnly": "true", "SweepIntervalMinutes": "30", "DrVaultLock": "none"},
            open_session=self.world.light_session,
        )
        self.database = self.stage.add_database("RDS", "orders", size_gib=1)
        self.clinic = Clinic(self.stage)
        self.copies = 0
        backup = self.world.session(WORKLOAD, region=HOME).client("backup")
        role = self.stage.workload["BackupRoleArn"]
        backup.start_backup_job(BackupVaultName="workload-vault", ResourceArn=self.database, IamRoleArn=role)
        self.world.run_for(timedelta(hours=1))
        self._set_out(backup)
        self.far_target = self.target
        self.kept = self.source_key

    def _set_out(self, backup: Any) -> None:
        raise NotImplementedError

    def copy(self, **changes: Any) -> str:
        lifecycle = {"DeleteAfterDays": self.retention_days}
        return super().copy(SourceBackupVaultName=self.vault_name, Lifecycle=lifecycle, **changes)

    def outcome(self, **changes: Any) -> str:
        """As every journey's, with less patience: a copy of one GiB takes 22 minutes."""
        self.copies += 1
        job_id = self.copy(IdempotencyToken=f"attempt-{self.copies}", **changes)
        self.world.run_for(timedelta(minutes=40))
        job = self.job(job_id)
        return str(job.get("StatusMessage", job["State"]))

    def newest_point(self) -> Point:
        """The point itself, which a misconfiguration may change; not a view of it."""
        return self.world.point_by_arn(self.world.recovery_points()[-1].arn)


class FirstHop(StagedJourney):
    """From the workload vault into the watched vault, under the role of the backup plan."""

    vault_name = "workload-vault"
    retention_days = 14

    def _set_out(self, backup: Any) -> None:
        self.client = backup
        self.target = self.stage.backup_account["WatchedVaultArn"]
        self.role = self.stage.workload["BackupRoleArn"]
        self.point = self.newest_point()


class SecondHop(StagedJourney):
    """From the watched vault into the DR vault, under the copy role."""

    vault_name = "watched-vault"
    retention_days = 35

    def _set_out(self, backup: Any) -> None:
        backup.start_copy_job(
            RecoveryPointArn=self.newest_point().arn,
            SourceBackupVaultName="workload-vault",
            DestinationBackupVaultArn=self.stage.backup_account["WatchedVaultArn"],
            IamRoleArn=self.stage.workload["BackupRoleArn"],
            Lifecycle={"DeleteAfterDays": 14},
        )
        self.world.run_for(timedelta(hours=1))
        # The watched vault denies the copying out of it to everybody else.
        actor = self.stage.backup_account["OperatorRoleArn"]
        self.client = self.world.session(BACKUP, actor, HOME).client("backup")
        self.target = self.stage.dr["DrVaultArn"]
        self.role = self.stage.backup_account["CopyRoleArn"]
        self.point = self.newest_point()
