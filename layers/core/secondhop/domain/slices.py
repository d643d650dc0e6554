"""The slices of time in which a sweep lists a watched vault, so that it can stop and continue anywhere.

A listing cannot be resumed by its token, which expires within minutes, nor by its order, which AWS does not promise. So
the unit of progress is a slice of creation dates that was listed to its end. A slice that is too large for one
invocation is halved.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

# Listed in every pass. Events arrive within minutes; a week covers a copy job that hung in CREATED for days.
RECENT = timedelta(days=7)
DAY = timedelta(days=1)
# Older points come in turn, one slice a pass: a late copy inherits the creation date of its backup, in the past.
OLDER = timedelta(days=7)
# What is older than that makes one slice, which is nearly empty: a person copied an old backup by hand.
HORIZON = timedelta(days=98)
# Before AWS Backup itself (it was announced in January 2019) there are no backups; slices begin again at the newest.
FIRST_BACKUPS = datetime(2019, 1, 1, tzinfo=UTC)
# Creation dates have milliseconds; smaller slices would not separate anything.
SHORTEST = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """The creation dates of one route's watched vault after `after` and before `before`.

    AWS does not say that it lists a point of exactly such a moment. The next pass has other edges, and lists it.
    """

    route: str
    after: datetime
    before: datetime

    def halves(self) -> tuple[Slice, ...]:
        """The newer half and the older one; the slice itself if it is too short to be parted."""
        width = self.before - self.after
        if width < 2 * SHORTEST:
            return (self,)
        middle = self.after + width / 2
        newer = Slice(route=self.route, after=middle, before=self.before)
        return newer, Slice(route=self.route, after=self.after, before=middle)


def plan_pass(routes: tuple[str, ...], *, swept_back_to: datetime | None, now: datetime) -> tuple[Slice, ...]:
    """The slices of one pass: for each route the recent days, newest first, and the next of the older slices."""
    tomorrow = now + DAY
    recent = [(tomorrow - (n + 1) * DAY, tomorrow - n * DAY) for n in range((RECENT + DAY) // DAY)]
    bounds = [*recent, older_slice(swept_back_to, now)]
    return tuple(Slice(route=route, after=after, before=before) for route in routes for after, before in bounds)


def older_slice(swept_back_to: datetime | None, now: datetime) -> tuple[datetime, datetime]:
    """The next of the older slices: the one before the last, or the newest of them."""
    newest = now - RECENT
    end = swept_back_to
    if end is None or end <= FIRST_BACKUPS or end > newest:
        end = newest
    return (end - OLDER if end > now - HORIZON else FIRST_BACKUPS), end
