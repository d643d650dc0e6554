"""Checks that notifications are true and few, and that there are few dead letters.

It compares the calls of SNS and EventBridge with the simulator's world.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from backup_simulator.model import Call, Point
from rehearsal.deployment import Stack
from rehearsal.functions import RUNNING
from rehearsal.nights.expectations import Expectations
from rehearsal.nights.operator_actions import POISON
from rehearsal.oracle import ROUNDING, Violation

SOURCE = "secondhop"
# The most messages to the topic about one cause in one day, by one installation.
MOST_MESSAGES = 60
# The most dead letters of one installation at one time, if no call of its own services fails.
MOST_DEAD_LETTERS = 10
# The functions' clocks may be wrong by some seconds.
SKEW = timedelta(minutes=1)


@dataclass(kw_only=True)
class NotificationChecks:
    """Checks events and messages. Violations found at once are added to the given list."""

    expected: Expectations
    mains: tuple[Stack, ...]
    violations: list[Violation]
    is_calm: bool
    """Whether no call is refused at random and no process dies. A Region may still be down."""
    _causes: dict[str, str] = field(default_factory=dict)
    """By the id of an incident or of a group, its cause."""
    _messages: list[tuple[str, str, date]] = field(default_factory=list)
    most_dead_letters: int = 0

    def __post_init__(self) -> None:
        self.expected.world.on_call(self.hear_call)
        self._main_of = {id(each): main.name for main in self.mains for each in main.functions.values()}

    def hear_call(self, call: Call) -> None:
        """Check one call of AWS, if it is an accepted event or message about an incident."""
        if call.reply is None or not RUNNING:
            return
        if call.operation == "PutEvents":
            for entry, answer in zip(call.request["Entries"], call.reply["Entries"], strict=True):
                if entry["Source"] == SOURCE and "ErrorCode" not in answer:
                    self._hear_event(json.loads(entry["Detail"]), is_open=entry["DetailType"] != "Incident Closed")
        if call.service == "sns" and call.operation == "Publish":
            incident = call.request.get("MessageAttributes", {}).get("incident", {}).get("StringValue", "")
            main = self._main_of[id(RUNNING[-1].function)]
            self._messages.append((main, incident, call.at.date()))

    def _hear_event(self, detail: dict[str, str], *, is_open: bool) -> None:
        cause = detail.get("cause", "")
        for name in ("incident", "group"):
            if cause and name in detail:
                self._causes[detail[name]] = cause
        if is_open and "recovery_point" in detail:
            self.check(cause, self.expected.world.point_by_arn(detail["recovery_point"]))

    def check(self, cause: str, point: Point) -> None:
        """When an incident says that a source or a copy does not exist any more, check that this is true."""
        now = self.expected.world.now()
        if cause == "SOURCE_GONE" and _exists(point) and (point.delete_at is None or now < point.delete_at - SKEW):
            self._report(f"{point.arn} was reported as deleted, and it exists until {point.delete_at}")
        if cause == "VANISHED" and point.vault_arn == self.expected.watched:
            copies = self.expected.copies_of(point)
            if copies and all(self._expired_as_promised(copy) for copy in copies):
                self._report(f"the copy of {point.arn} was reported as vanished, and it expired as promised")
            if copies and all(_exists(copy) for copy in copies):
                self._report(f"the copy of {point.arn} was reported as vanished, and it exists")

    def _expired_as_promised(self, copy: Point) -> bool:
        is_by_hand = copy.arn in self.expected.deleted_by_hand
        return (
            copy.gone_at is not None
            and not is_by_hand
            and copy.gone_at >= self.expected.oracle.promised_expiry(copy) - ROUNDING
        )

    def count_dead_letters(self) -> None:
        """Check the number of dead letters now, without those that can never be read.

        If calls are refused and processes die for 36 hours, any number of messages can end there.
        """
        if not self.is_calm:
            return
        for main in self.mains:
            queue = self.expected.world.queue(main.ref("DeadLetters"))
            count = sum(message.body not in POISON for message in queue.messages.values())
            self.most_dead_letters = max(count, self.most_dead_letters)
            if count > MOST_DEAD_LETTERS:
                self._report(f"{main.name} has {count} dead letters")

    def final_violations(self) -> Iterator[Violation]:
        """At the end: too many messages in one day."""
        for (main, cause, day), count in self.messages_a_day().items():
            if count > MOST_MESSAGES:
                text = f"{main} sent {count} messages about {cause or 'something unknown'} on {day}"
                yield Violation(promise=3, evidence=text)

    def messages_a_day(self) -> Counter[tuple[str, str, date]]:
        """How many messages each installation sent about a cause on a day."""
        return Counter((main, self._causes.get(incident, ""), day) for main, incident, day in self._messages)

    def _report(self, evidence: str) -> None:
        self.violations.append(Violation(promise=3, evidence=f"{evidence} (at {self.expected.world.now()})"))


def _exists(point: Point) -> bool:
    return point.gone_at is None and point.status not in ("EXPIRED", "DELETING")
