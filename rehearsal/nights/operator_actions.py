"""The operator of a night: retries, abandons, adopts, pauses, resumes, redrives, and copies by hand.

Orders invoke the real function, as a person would. Accepted orders are recorded, because they change what is expected.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from random import Random
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from backup_simulator import ProcessDied
from backup_simulator.model import Point
from rehearsal.deployment import Stack
from rehearsal.nights.expectations import Expectations
from rehearsal.nights.incidents import Incidents
from rehearsal.nights.safety_checks import SafetyChecks
from rehearsal.stage import ADMINISTRATOR, BACKUP, HOME

NAME = "Olga"
EVERYTHING = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
POISON = ("{", '{"source": "aws.backup"}', '{"secondhop": 99, "work": "look"}')
RESUMED = "the operator paused, and resumed"


@dataclass(kw_only=True)
class Operator:
    """A person with access to the functions of all installations and to the backup account."""

    expected: Expectations
    safety: SafetyChecks
    incidents: Incidents
    mains: tuple[Stack, ...]
    chance: Random
    acts_per_hour: float
    counts: Counter[str]

    def __post_init__(self) -> None:
        name = ADMINISTRATOR.rpartition("/")[2]
        self.expected.world.account(BACKUP).create_role(name, trust={"Statement": []}, policies=[EVERYTHING])

    def an_hour(self) -> None:
        """Do what the seed draws for one hour."""
        if self.chance.random() >= self.acts_per_hour:
            return
        main = self.mains[self.chance.randrange(len(self.mains))]
        existing = [point for point in self.expected.arrivals() if point.gone_at is None]
        if main.name in self.safety.paused:
            self.resume(main)
        elif not existing or self.chance.random() < 0.2:
            self._pause(main)
        else:
            self._act_on(main, existing[self.chance.randrange(len(existing))])

    def _act_on(self, main: Stack, point: Point) -> None:
        match self.chance.randrange(6):
            case 0 | 1 if not self._finds_its_copy(point.arn):
                self._order(main, "retry", recovery_point=point.arn)
            case 0 | 1:
                self.counts["the operator found the copy of an undecidable chain"] += 1
            case 2:
                # An order may have been carried out even if its answer is lost.
                self.safety.abandoned.add(point.arn)
                self._order(main, "abandon", recovery_point=point.arn)
            case 3:
                self.copy_by_hand(point)
            case 4:
                self.adopt(main)
            case _:
                body = POISON[self.chance.randrange(len(POISON))]
                self.expected.world.queue(main.ref("WorkQueue")).send(body)

    def adopt(self, main: Stack) -> None:
        """Adopt with a dry run first, as an operator should."""
        self._order(main, "adopt")
        if not self._order(main, "adopt", dry_run=False):
            self.counts["an order of the operator was lost in a fault"] += 1

    def retry(self, main: Stack, point_arn: str, *, route: str) -> None:
        """Retry the chain of an incident. If it cannot decide and has a copy, abandon it, as the remedy says."""
        if self._finds_its_copy(point_arn):
            self.safety.abandoned.add(point_arn)
            self._order(main, "abandon", recovery_point=point_arn, route=route)
            self.counts["the operator found the copy of an undecidable chain"] += 1
        elif self._order(main, "retry", recovery_point=point_arn, route=route):
            self.counts["the operator answered a message"] += 1

    def _finds_its_copy(self, point_arn: str) -> bool:
        """Whether a chain is UNDECIDABLE, and the operator finds its copy in the vault, as the remedy says."""
        is_undecidable = any(
            each.about == point_arn and each.cause == "UNDECIDABLE" for each in self.incidents.all_open()
        )
        copies = self.expected.copies_of(self.expected.world.point_by_arn(point_arn))
        return is_undecidable and any(copy.gone_at is None for copy in copies)

    def resume(self, main: Stack) -> None:
        """Resume, also after an order to pause with a lost answer."""
        was_paused = self.safety.paused.pop(main.name, None) is not None
        if self._order(main, "resume"):
            self.counts[RESUMED] += was_paused

    def _pause(self, main: Stack) -> None:
        if self._order(main, "pause"):
            self.safety.paused[main.name] = NAME

    def copy_by_hand(self, point: Point) -> None:
        """Copy without Second Hop; sometimes with a shorter retention than promised."""
        days = int(self.expected.stage.main.parameters["RetentionDays"])
        client = self.expected.world.light_session(BACKUP, ADMINISTRATOR, HOME).client("backup")
        try:
            client.start_copy_job(
                RecoveryPointArn=point.arn,
                SourceBackupVaultName=point.vault_arn.rpartition(":")[2],
                DestinationBackupVaultArn=self.expected.final,
                IamRoleArn=self.expected.stage.backup_account["CopyRoleArn"],
                Lifecycle={"DeleteAfterDays": days if self.chance.random() < 0.7 else max(7, days * 2 // 3)},
            )
        except (ClientError, BotoCoreError, UnicodeDecodeError, ProcessDied):
            return
        self.counts["the operator copied by hand"] += 1

    def redrive(self) -> None:
        """Move dead letters back to their queues, except those that can never be read."""
        for main in self.mains:
            dead = self.expected.world.queue(main.ref("DeadLetters"))
            for message in list(dead.messages.values()):
                if message.body not in POISON:
                    del dead.messages[message.id]
                    self.expected.world.queue(main.ref("WorkQueue")).send(message.body)
                    self.counts["a dead letter was redriven"] += 1

    def _order(self, main: Stack, verb: str, **given: Any) -> bool:
        """Invoke the operator's function; whether it accepted the order."""
        try:
            answer = main.functions["OperateChains"]({"verb": verb, "by": NAME, **given})
        except ProcessDied:
            return False
        return bool(answer["is_accepted"])
