"""A simulated place for `secondhop first-night`: two accounts, a small database, keys, and the command itself."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from backup_simulator import World
from secondhop_cli.first_night.checks import Wanted
from secondhop_cli.first_night.limits import Prices
from secondhop_cli.first_night.session import Session, clean_up, first_night
from secondhop_cli.first_night.state_file import StateFile
from tests.simulated_place import DR, HOME, SERVICE, A, B

ADMINISTRATION = {
    "Effect": "Allow",
    "Principal": {"AWS": [f"arn:aws:iam::{each}:root" for each in (A, B)]},
    "Action": "kms:*",
    "Resource": "*",
}
COPIERS = {
    "Effect": "Allow",
    "Principal": {"AWS": f"arn:aws:iam::{B}:role/aws-service-role/backup.amazonaws.com/AWSServiceRoleForBackup"},
    "Action": ["kms:CreateGrant", "kms:Decrypt", "kms:GenerateDataKey*", "kms:DescribeKey"],
    "Resource": "*",
}
KEY_POLICY = {"Statement": [ADMINISTRATION, COPIERS]}
PAGE = Path(__file__).parents[1] / "docs" / "first-night.md"


class Killed(BaseException):
    """The process ends here, and nothing of it runs any more."""


def documented_policies() -> dict[str, dict[str, Any]]:
    """The two policies of docs/first-night.md, by account."""
    found = [
        json.loads(each) for each in re.findall(r"```json\n(\{\n  \"Version\".*?)```", PAGE.read_text(), re.DOTALL)
    ]
    assert len(found) == 2
    return dict(zip((A, B), found, strict=True))


class FirstNightPlace:
    """A world that is ready for a run, and the run's files. `meanwhile` is called before each wait."""

    def __init__(self, folder: Path, *, as_documented: bool = False, **options: Any) -> None:
        self.world = World(**options)
        for account in (A, B):
            self.world.account(account).create_service_linked_role("backup.amazonaws.com")
            if as_documented:
                policy = documented_policies()[account]
                self.world.account(account).create_role("person", trust=SERVICE, policies=[policy])
        home = self.world.site(A, HOME)
        self.database = home.create_database("RDS", "small", size_gib=2, key_arn=home.create_key(policy=KEY_POLICY))
        self.near_key = self.world.site(B, HOME).create_key(policy=KEY_POLICY)
        self.dr_key = self.world.site(B, DR).create_key(policy=KEY_POLICY)
        self.before = self.existing()
        self.state_path, self.answers_path = folder / "state.json", folder / "answers.json"
        self.out, self.errors = io.StringIO(), io.StringIO()
        self.meanwhile: Callable[[], None] = lambda: None
        role = "arn:aws:iam::{}:role/person" if as_documented else ""
        places = (("workload", A), ("backup", B))
        sessions: Any = {word: self.world.session(each, role.format(each) or None, HOME) for word, each in places}
        self.session = Session(
            sessions=sessions,
            profiles={"workload": "w", "backup": "b"},
            state_path=self.state_path,
            answers_path=self.answers_path,
            prices=Prices(),
            poll_seconds=30,
            is_dry=False,
            is_agreed=True,
            streams=(self.out, self.errors),
            ask=None,
            now=self.world.now,
            sleep=self._sleep,
            run="0a1b2c3d",
        )

    def _sleep(self, seconds: float) -> None:
        self.meanwhile()
        self.world.run_for(timedelta(seconds=seconds))

    def kill_after(self, operation: str, number: int = 1) -> None:
        """End the process after the call is carried out and before its answer is read."""
        left = [number]

        def listen(call: Any) -> None:
            if call.operation == operation:
                left[0] -= 1
                if left[0] == 0:
                    raise Killed

        self.world.on_call(listen)

    def refused(self, **changes: Any) -> str:
        """The sentence of a run that does not start."""
        assert self.run(**changes) == 1
        assert self.existing() == self.before
        return self.errors.getvalue()

    @property
    def wanted(self) -> Wanted:
        return Wanted(database_arn=self.database, dr_region=DR, near_key_arn=self.near_key, dr_key_arn=self.dr_key)

    def run(self, **changes: Any) -> int:
        return first_night(self.wanted, replace(self.session, **changes))

    def clean_up(self, **changes: Any) -> int:
        return clean_up(StateFile.load(self.state_path), replace(self.session, **changes))

    @property
    def answers(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.answers_path.read_text())
        return found

    def existing(self) -> set[str]:
        """All that exists in the world and can be made by a run."""
        sites = [(A, HOME), (B, HOME), (B, DR)]
        clients: list[Any] = [self.world.session(account, region=region).client("backup") for account, region in sites]
        found = [vault for client in clients for vault in client.list_backup_vaults()["BackupVaultList"]]
        vaults = {vault["BackupVaultArn"] for vault in found}
        rules = {f"rule {rule.name}" for site in sites for rule in self.world.rules(*site)}
        queues = {queue.arn for queue in self.world.queues}
        points = {point.arn for point in self.world.recovery_points()}
        return vaults | rules | queues | points | set(self.world.roles)
