"""Faults of answers: short pages, partly accepted batches, and what AWS does not show yet of points and copy jobs.

AWS documents that clients must expect each of them. Pages: "the list might be incomplete" with a NextToken
(API_ListRecoveryPointsByBackupVault); batches: API_SendMessageBatch, API_PutEvents. Missing fields and late points are
what eventual consistency allows; no page says how long they last.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from backup_simulator.model import Point

# The calls that answer each entry of a batch separately. DynamoDB is not simulated; its stand-in uses `fails_entry`.
BATCHES = frozenset({("sqs", "SendMessageBatch"), ("events", "PutEvents"), ("dynamodb", "BatchGetItem")})
# What DescribeRecoveryPoint and the lists may leave out; a client cannot read a point without the other fields.
OPTIONAL_FIELDS = frozenset(
    {"CalculatedLifecycle", "Lifecycle", "IsEncrypted", "EncryptionKeyArn", "CompletionDate", "BackupSizeInBytes"}
)
LONGEST_SHORT_PAGE = 5
EMPTY_SHARE = 0.25
# Only points that have just landed can be shown late.
LATE = timedelta(hours=1)


@dataclass(kw_only=True)
class _Looks:
    """A fault of the first `looks` reads of a thing, for a share of the things. `fields` are left out."""

    looks: int
    share: float
    fields: frozenset[str] = frozenset()
    left: dict[str, int] = field(default_factory=dict)

    def take(self, name: str, chance: Random) -> bool:
        if name not in self.left:
            self.left[name] = self.looks if chance.random() < self.share else 0
        if not self.left[name]:
            return False
        self.left[name] -= 1
        return True


@dataclass
class AnswerFaults:
    """The faults of answers that a test set. `struck` counts how often each happened."""

    random: Random = field(default_factory=lambda: Random(1))
    struck: Counter[str] = field(default_factory=Counter)
    _short_pages: float = 0.0
    _batches: dict[tuple[str, str], float] = field(default_factory=dict)
    _missing: list[_Looks] = field(default_factory=list)
    _late: list[_Looks] = field(default_factory=list)
    _nameless: list[_Looks] = field(default_factory=list)

    def short_pages(self, share: float) -> None:
        """Let a share of all pages of lists hold fewer items than asked for, or none, and a NextToken."""
        self._short_pages = _checked_share(share)

    def partial(self, service: str, operation: str, share: float) -> None:
        """Refuse a share of the entries of a batch call, for example of an SQS SendMessageBatch."""
        if (service, operation) not in BATCHES:
            raise ValueError(f"{service}:{operation} does not answer each entry on its own")
        self._batches[service, operation] = _checked_share(share)

    def missing_fields(self, *fields: str, looks: int = 1, share: float = 1.0) -> None:
        """Leave fields out of the first reads of a recovery point, for a share of the points."""
        if not fields or not set(fields) <= OPTIONAL_FIELDS:
            raise ValueError(f"missing fields are some of {', '.join(sorted(OPTIONAL_FIELDS))}")
        self._missing.append(_Looks(looks=_at_least_one(looks), share=_checked_share(share), fields=frozenset(fields)))

    def late_points(self, *, looks: int = 1, share: float = 1.0) -> None:
        """Hide a new point from the first reads, for a share of the points."""
        self._late.append(_Looks(looks=_at_least_one(looks), share=_checked_share(share)))

    def nameless_copies(self, *, looks: int = 1, share: float = 1.0) -> None:
        """Leave out the ARN of the copy from the first reads of a COMPLETED copy job, for a share of the jobs."""
        self._nameless.append(_Looks(looks=_at_least_one(looks), share=_checked_share(share)))

    def clear_answers(self) -> None:
        """Let all answers be complete again."""
        self._short_pages = 0.0
        self._batches.clear()
        self._missing.clear()
        self._late.clear()
        self._nameless.clear()

    def page_size(self, asked: int) -> int:
        """The number of items of a page, given its maximum."""
        if not self._short_pages or self.random.random() >= self._short_pages:
            return asked
        self.struck["a page was short"] += 1
        return 0 if self.random.random() < EMPTY_SHARE else min(asked, self.random.randint(1, LONGEST_SHORT_PAGE))

    def fails_entry(self, service: str, operation: str) -> bool:
        """Whether an entry of a batch fails."""
        share = self._batches.get((service, operation), 0.0)
        fails = bool(share) and self.random.random() < share
        self.struck["an entry of a batch failed"] += fails
        return fails

    def hides(self, point: Point, now: datetime) -> bool:
        """Whether a read of a point does not find it."""
        if point.landed_at is None or now - point.landed_at > LATE:
            return False
        hidden = any(late.take(point.arn, self.random) for late in self._late)
        self.struck["a point was not shown at first"] += hidden
        return hidden

    def as_shown(self, reply: dict[str, Any]) -> dict[str, Any]:
        """A description of a point, without the fields that this read does not show."""
        taken = [missing.fields for missing in self._missing if missing.take(reply["RecoveryPointArn"], self.random)]
        if not taken:
            return reply
        self.struck["fields of a point were missing"] += 1
        return {name: value for name, value in reply.items() if name not in frozenset().union(*taken)}

    def job_as_shown(self, reply: dict[str, Any]) -> dict[str, Any]:
        """A description of a copy job, without its copy where this read does not show it."""
        name = "DestinationRecoveryPointArn"
        is_named = name in reply and reply["State"] == "COMPLETED"
        if not is_named or not any(each.take(reply["CopyJobId"], self.random) for each in self._nameless):
            return reply
        self.struck["a completed copy job did not name its copy"] += 1
        return {key: value for key, value in reply.items() if key != name}


def _checked_share(share: float) -> float:
    if not 0 <= share <= 1:
        raise ValueError(f"a share is from 0 to 1, not {share}")
    return share


def _at_least_one(looks: int) -> int:
    if looks < 1:
        raise ValueError(f"a fault lasts for at least one look, not {looks}")
    return looks
