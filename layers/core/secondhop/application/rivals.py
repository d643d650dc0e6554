"""Copies of the same backup that are made from another recovery point: its twin arrived twice, or was copied back.

AWS's own list of copy jobs is the witness. It needs no index of the table, and knows what abandoned chains started.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from secondhop.application.origin import LIVE, SAME_BACKUP
from secondhop.application.ports import Backup, ChainStore
from secondhop.application.relatives import stored
from secondhop.domain import patience
from secondhop.domain.chain import Chain, ChainKey
from secondhop.domain.errors import UnreadableItemError
from secondhop.domain.hop import Hop
from secondhop.domain.observation import JobSeen, PointSeen
from secondhop.domain.source import BEING_DELETED


@dataclass(frozen=True, slots=True, kw_only=True)
class Rivals:
    """Copy jobs of other recovery points that copy, or may copy, the same backup.

    Those `in_flight` end, and show then what they made. Those `unclear` are over and name no copy. `standing` are the
    copies that exist, although the list of the database does not show them.
    """

    in_flight: tuple[JobSeen, ...] = ()
    unclear: tuple[JobSeen, ...] = ()
    standing: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class RivalSearch:
    """Looks at jobs of other recovery points. Asks AWS only about those that the list of copies does not explain."""

    chains: ChainStore
    backup: Backup
    chain: Chain
    hop: Hop
    now: datetime
    _sources: dict[str, PointSeen | Chain | None] = field(default_factory=dict)

    def among(self, jobs: Iterable[JobSeen], listed: Sequence[PointSeen]) -> Rivals:
        """The rivals among copy jobs into the hop's vault, in which `listed` are the points of the database."""
        dates = {point.arn for point in listed}
        others = [job for job in jobs if self._may_concern(job) and job.arrival not in dates]
        same = [job for job in others if self._may_copy_same_backup(job)]
        found = [job for job in same if self._is_young(job)]
        return Rivals(
            standing=tuple(job.arrival or "" for job in same if job not in found and self._exists(job)),
            in_flight=tuple(job for job in found if job.state in LIVE or job.arrival is not None),
            unclear=tuple(job for job in found if job.state not in LIVE and job.arrival is None),
        )

    def _may_concern(self, job: JobSeen) -> bool:
        """Whether a job copies another point, perhaps of this database, and was made after this backup."""
        is_later = job.created_at is None or job.created_at >= self.chain.created_at - SAME_BACKUP
        is_other = job.source != self.chain.source_of(self.hop) and job.may_be_of(self.chain.database)
        return is_other and is_later and (job.state != "FAILED" or job.arrival is not None)

    def _is_young(self, job: JobSeen) -> bool:
        """Whether a copy that is not listed may still come. After an hour, it cannot."""
        if job.state in LIVE or job.arrival is None:
            return True
        ended_at = job.completed_at or job.created_at
        return ended_at is None or self.now - ended_at < patience.ARRIVAL_GRACE

    def _exists(self, job: JobSeen) -> bool:
        """Whether the copy of a job exists. A list by database may leave out a copy that names its source instead."""
        copy = self.backup.point(self.hop.destination, job.arrival or "")
        return copy is not None and copy.status not in BEING_DELETED

    def _may_copy_same_backup(self, job: JobSeen) -> bool:
        """Whether the source of a job is, or may be, of the same backup. A source that is not known may be."""
        if job.source not in self._sources:
            self._sources[job.source] = self._source_of(job)
        source = self._sources[job.source]
        if source is None:
            return True
        is_same_date = abs(source.created_at - self.chain.created_at) <= SAME_BACKUP
        return is_same_date and source.database == self.chain.database

    def _source_of(self, job: JobSeen) -> PointSeen | Chain | None:
        try:
            known = stored(self.chains, ChainKey(job.source, self.chain.key.route))
        except UnreadableItemError:
            known = None
        return known or self.backup.point(self.chain.source_vault_of(self.hop), job.source)
