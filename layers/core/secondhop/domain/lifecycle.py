"""The arithmetic of expiry.

A copy inherits the creation date of the original backup, and `DeleteAfterDays` counts from that date, not from the
day of the copy. With -1 or no lifecycle, the copy inherits the source's expiry, which for an intermediate is short.
https://docs.aws.amazon.com/aws-backup/latest/devguide/recov-point-create-a-copy.html
"""

from __future__ import annotations

from datetime import datetime, timedelta

from secondhop.domain.route import Retention

# AWS Backup reports whole days and may round an expiry to its own clock; a second is lost in the wire forms.
EXPIRY_TOLERANCE = timedelta(minutes=1)

# "AWS Backup deletes recovery points at a random point over the following 8 hours" (deleting-backups).
DELETION_WINDOW = timedelta(hours=8)


def promised_expiry(*, created_at: datetime, retention_days: int) -> datetime:
    """When a copy of a backup created at `created_at` may expire at the earliest."""
    return created_at + timedelta(days=retention_days)


def is_too_late(*, created_at: datetime, retention: Retention, now: datetime) -> bool:
    """Whether a copy made now would live for less than the route's minimum."""
    return now > latest_start(created_at=created_at, retention=retention)


def latest_start(*, created_at: datetime, retention: Retention) -> datetime:
    """The last moment at which a copy made would live for the route's minimum."""
    expiry = promised_expiry(created_at=created_at, retention_days=retention.chosen_days())
    return expiry - timedelta(days=retention.minimum_remaining_days)
