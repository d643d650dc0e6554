"""The sweep: what events did not tell. It lists and enqueues, and leaves all deciding to the one actor."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice

from secondhop.application.ports import Backup, ChainStore, Installation, WorkQueue
from secondhop.application.work import Look, PointNews
from secondhop.domain.chain import ChainKey
from secondhop.domain.errors import ConflictError
from secondhop.domain.observation import PointSeen
from secondhop.domain.route import Route

# Listed every time. Events arrive within minutes; a week covers a copy job that hung in CREATED for days.
RECENT = timedelta(days=7)
# Older points come in slices, in turn: a late copy inherits the creation date of its backup and appears in the past.
SLICE = timedelta(days=7)
# As far back as slices go before they begin again; no copy lands later than that after its backup.
HORIZON = timedelta(days=98)
# A sweep that died frees the way for the next one after this long: longer than two function timeouts.
LEASE = timedelta(minutes=5)
# Points that landed a little before the installation's first write are its first arrivals, not its past.
ADOPTION_TOLERANCE = timedelta(hours=1)
# BatchGetItem takes 100 keys.
BATCH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What one sweep did: chains that were due and put on the queue, points without a chain and put there too."""

    due: int = 0
    missing: int = 0
    listed: int = 0
    older: int = 0
    skipped: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepChains:
    """The use case of the sweep."""

    routes: Sequence[Route]
    chains: ChainStore
    backup: Backup
    queue: WorkQueue
    now: Callable[[], datetime]

    def __call__(self) -> Swept:
        """Sweep once, unless another sweep is under way. Raises TryAgainError when AWS or the table cannot answer."""
        now = self.now()
        before = self.chains.installation(now=now)
        if before.sweeping_until is not None and now < before.sweeping_until:
            return Swept(skipped=f"another sweep is under way until {before.sweeping_until.isoformat()}")
        leased = replace(before, sweeping_until=now + LEASE)
        try:
            self.chains.save_installation(leased, before=before)
        except ConflictError:
            return Swept(skipped="another sweep began at this moment")
        swept = self._sweep(leased, now)
        ended = replace(leased, sweeping_until=None, swept_back_to=self._slice(leased, now)[0])
        self.chains.save_installation(ended, before=leased)
        return swept

    def _sweep(self, installation: Installation, now: datetime) -> Swept:
        due = self._enqueue_due(now)
        missing = listed = older = 0
        for route in self.routes:
            for after, before in ((now - RECENT, now + timedelta(days=1)), self._slice(installation, now)):
                points = self.backup.points_between(route.watched, after=after, before=before)
                while batch := tuple(islice(points, BATCH)):
                    known = self.chains.known(ChainKey(point.arn, route.name) for point in batch)
                    new = [p for p in batch if ChainKey(p.arn, route.name) not in known and _may_be_claimed(p, route)]
                    ours = [point for point in new if not _is_older(point, installation)]
                    self.queue.put(_news(point) for point in ours)
                    listed, missing, older = listed + len(batch), missing + len(ours), older + len(new) - len(ours)
        return Swept(due=due, missing=missing, listed=listed, older=older)

    def _enqueue_due(self, now: datetime) -> int:
        count = 0
        keys = self.chains.due(now=now)
        while batch := tuple(islice(keys, BATCH)):
            self.queue.put(Look(key=key) for key in batch)
            count += len(batch)
        return count

    def _slice(self, installation: Installation, now: datetime) -> tuple[datetime, datetime]:
        """The older slice whose turn it is: the one before the last, or the newest of them."""
        newest = now - RECENT
        end = installation.swept_back_to
        if end is None or end <= now - HORIZON or end > newest:
            end = newest
        return end - SLICE, end


def _may_be_claimed(point: PointSeen, route: Route) -> bool:
    return (
        point.status in ("COMPLETED", "AVAILABLE", "EXPIRED")
        and route.refusal(database_arn=point.database, resource_type=point.resource_type) is None
    )


def _is_older(point: PointSeen, installation: Installation) -> bool:
    """Whether the point landed before this installation began; such points are opened only by `adopt`."""
    return (point.completed_at or point.created_at) < installation.began_at - ADOPTION_TOLERANCE


def _news(point: PointSeen) -> PointNews:
    return PointNews(
        arn=point.arn,
        vault_arn=point.vault_arn,
        status=point.status,
        database=point.database,
        resource_type=point.resource_type,
        created_at=point.created_at,
    )


def arrivals_without_chain(
    chains: ChainStore, backup: Backup, route: Route, *, after: datetime, before: datetime
) -> Iterator[PointNews]:
    """The points of a slice that a route claims and no chain knows, newest backup first: what `adopt` would open."""
    points = sorted(
        backup.points_between(route.watched, after=after, before=before), key=lambda point: point.created_at
    )
    newest_first = [point for point in reversed(points) if _may_be_claimed(point, route)]
    known = chains.known(ChainKey(point.arn, route.name) for point in newest_first)
    return (_news(point) for point in newest_first if ChainKey(point.arn, route.name) not in known)
