"""How long Second Hop waits for what, with the arithmetic."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from datetime import datetime, timedelta

from secondhop.domain.resource_types import RESOURCE_TYPES

# Longer than two function timeouts (2 x 60 s), plus the seconds by which AWS's lists lag behind its actions. It is
# shorter than the queue's visibility timeout (6 x 60 s), so a redelivery after a crash may act.
FENCE = timedelta(minutes=5)

# An effect is not begun when so little of its fence is left that the other side might already repeat it.
FENCE_MARGIN = timedelta(minutes=2)

# AWS Backup emits events "best effort, every 5 minutes"; asking sooner mostly asks in vain.
WAITING_CHECK = timedelta(minutes=15)
# A chain that waits for a site which does not work, or holds a slot for a copy in trouble: to end its incident soon
# after the cause.
SITE_CHECK = timedelta(hours=1)
COPYING_CHECK = timedelta(minutes=30)
VERIFYING_CHECK = timedelta(minutes=5)
DELETING_CHECK = timedelta(minutes=15)
DAILY = timedelta(days=1)
# With a backup a day a newer copy is there within a day: the first look is half a day after the verification.
FIRST_LOOK = timedelta(hours=12)
# A final copy that is not its database's newest any more: three calls a week, whatever the retention.
OLDER_COPY_CHECK = timedelta(days=7)

# AWS Backup retries its own system errors for two hours while a job stays CREATED, and its team restarts jobs by hand
# after that; copies of this family take hours. Operators are notified once about what is older.
CREATED_PATIENCE = timedelta(hours=2)
COPYING_LIMITS: Mapping[str | None, timedelta] = {each.name: each.longest_copy for each in RESOURCE_TYPES}
LONGEST_COPY = max(COPYING_LIMITS.values())
# Copies of large databases take days: RDS volumes have up to 64 TiB, and AWS shows no progress. A job that AWS has not
# begun waits behind another copy of its database ("Concurrent backup and copy jobs per resource: 1").
LONGEST_RUN = timedelta(days=7)
LONGEST_QUEUE = timedelta(days=14)

# A described point may lag behind the job that made it; an hour is far beyond the seconds that are documented.
ARRIVAL_GRACE = timedelta(hours=1)
# An arrival that is not usable a day after its job said COMPLETED will not become so by itself.
VERIFYING_LIMIT = timedelta(days=1)
# "Look again after 2-3 days" at points that hang in DELETING (devguide/deleting-backups).
DELETING_LIMIT = timedelta(days=3)
# A day after that, it is an incident if AWS still does not answer whether the point was deleted.
UNKNOWN_END_LIMIT = DELETING_LIMIT + DAILY
# A delete that was accepted and left the point COMPLETED is asked for again after an hour, a few times.
DELETE_GRACE = timedelta(hours=1)
DELETE_TRIES = 3

# 5, 10, 20, 40, 80, 160 minutes: about five hours in all before operators are notified.
COPY_TRIES = 6
FIRST_BACK_OFF = timedelta(minutes=5)
# Each wait is shorter by up to a quarter, so that what failed at one moment is spread over the time of the next try.
JITTER = 0.25
# A quota frees itself within the hours that copies take: back off to an hour, for about a day.
QUOTA_TRIES = 24
LONGEST_BACK_OFF = timedelta(hours=1)

# The clocks of two functions may differ by as much.
CLOCKS = timedelta(minutes=1)

# Operators get a second message about a trouble while its source can still be copied.
LAST_CALL = timedelta(days=2)
# Do not notify about shorter waits, even if the source expires soon.
LONGEST_WAIT = timedelta(hours=12)

# The topic gets a message about a group of incidents at once, and then once an hour: 1 + 24 messages a day at most.
# Half an hour would double the messages, and no one would act sooner. A day would leave databases unnamed for too long.
SUMMARY_PAUSE = timedelta(hours=1)

# A Region that does not answer for so long is worth a message; shorter ones pass by themselves.
SILENCE_PATIENCE = timedelta(hours=1)

# The chain's item outlives the points that it claimed by this much, for stragglers among the events.
MEMORY = timedelta(days=30)


def is_fence_over(until: datetime, now: datetime) -> bool:
    """Whether so little of a fence is left that another worker may repeat the effect before we are done."""
    return now >= until - FENCE_MARGIN


def copying_limit(resource_type: str | None) -> timedelta:
    """How old a copy job usually gets: clusters are always copied in full, and get longer.

    A job with an unknown type (None) gets the longest.
    """
    return COPYING_LIMITS.get(resource_type, LONGEST_COPY)


def is_stuck(*, age: timedelta, has_begun: bool, resource_type: str | None, remaining: timedelta | None) -> bool:
    """Whether a live job is an incident: after a week, or before its source expires (`remaining`)."""
    if age <= copying_limit(resource_type):
        return False
    # A day before the last call, so that these are two messages.
    is_urgent = remaining is not None and remaining <= LAST_CALL + DAILY
    return is_urgent or age > (LONGEST_RUN if has_begun else LONGEST_QUEUE)


def whole_pause(failures: int, *, longest: timedelta) -> timedelta:
    """The longest wait after the n-th failure, before the jitter."""
    return min(FIRST_BACK_OFF * float(1 << min(failures - 1, 10)), longest)


def back_off(failures: int, *, longest: timedelta, of: str) -> timedelta:
    """How long to wait after the n-th failure (1 is the first) of something, which is named for its jitter.

    Chains that failed together do not retry together. The answer is always the same: the jitter is a checksum
    of the name, not a throw of dice.
    """
    whole = whole_pause(failures, longest=longest)
    share = zlib.crc32(f"{of} {failures}".encode()) / 0x1_0000_0000
    return timedelta(seconds=round(whole.total_seconds() * (1 - JITTER * share)))
