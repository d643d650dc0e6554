"""Facts learned from an event or by asking AWS, in the past tense."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from secondhop.domain.announced import Telling
from secondhop.domain.arn import is_database
from secondhop.domain.classification import Cause
from secondhop.domain.command import StartCopy
from secondhop.domain.outcome import Outcome
from secondhop.domain.route import VaultLock


@dataclass(frozen=True, slots=True, kw_only=True)
class PointSeen:
    """A recovery point as AWS described it. Times are aware, UTC; `database` is the ARN of the original resource.

    `source_vault_arn` is where a copy was copied from. Missing is None: AWS leaves out what it does not know yet, and
    reports an unknown size as 0 bytes.
    """

    arn: str
    vault_arn: str
    database: str
    resource_type: str
    status: str
    created_at: datetime
    completed_at: datetime | None = None
    is_encrypted: bool | None = None
    key_arn: str | None = None
    delete_at: datetime | None = None
    source_vault_arn: str | None = None
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultSeen:
    """A vault as AWS described it: its own key, and its lock; None where AWS did not say."""

    key_arn: str | None
    lock: VaultLock | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSeen:
    """A copy job as an event or AWS described it. `arrival` is None until the job has one.

    `delete_after_days` is the lifecycle that the job gives its copy, if AWS names it; `is_planned` says that a
    backup plan started it. `resource` is the ARN that AWS gives as the job's resource: the database, or perhaps the
    recovery point where the job copies a copy.
    """

    job_id: str
    state: str
    source: str
    destination_vault_arn: str
    arrival: str | None = None
    message: str = ""
    category: str = ""
    created_at: datetime | None = None
    delete_after_days: int | None = None
    is_planned: bool = False
    completed_at: datetime | None = None
    resource: str | None = None

    @property
    def name(self) -> str:
        """The job's id for a reader. AWS's first event about a job has none."""
        return self.job_id or "(no id yet)"

    def may_be_of(self, database: str) -> bool:
        """Whether the job may copy a backup of a database. False only if AWS named another database."""
        is_known = self.resource is not None and is_database(self.resource)
        return not is_known or self.resource == database


@dataclass(frozen=True, slots=True, kw_only=True)
class Noticed:
    """Time has passed, or the chain was put on the queue to check itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryAsked:
    """An operator asked to retry stranded work. `at` is when; None for an order of an earlier release."""

    by: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AbandonAsked:
    """An operator takes responsibility for leaving this chain as it is."""

    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HopObservation:
    """A fact about one hop."""

    hop: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceUnfit(HopObservation):
    """The hop's source cannot be copied."""

    cause: Cause
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceNotReady(HopObservation):
    """The hop's source is announced and not usable yet."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginUnproven(HopObservation):
    """No copy job of the workload account made the hop's source, as far as AWS lists them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceInspected(HopObservation):
    """The hop's source as AWS described it just now; None if AWS answered that it is not found."""

    point: PointSeen | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CopiedBack(HopObservation):
    """A copy job of the backup account itself put the source into the watched vault: it belongs to `owner`."""

    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CopiesSurveyed(HopObservation):
    """What AWS showed before a copy: all jobs of this source and destination, and points of the same database and
    creation date in the destination vault. `points` are those that nothing explains, `twins` those that were made from
    another recovery point. `missing_job` is that of the question. What was started after `asked_at` may be missing.

    `source` is None if it was described when the chain was opened, a moment ago, or is itself a copy of this chain.
    `is_from_workload` says that AWS names a copy from a workload account as the origin of the source.
    `unreadable` are chains of the database, or claims, that may explain one of the points.
    `rivals` are jobs of another recovery point that copy, or may copy, the same backup, and are under way or ended a
    moment ago. `unclear_rivals` are such jobs that are over and do not name their copy.
    """

    asked_at: datetime
    jobs: tuple[JobSeen, ...]
    points: tuple[PointSeen, ...]
    missing_job: str | None = None
    twins: tuple[str, ...] = ()
    source: SourceInspected | None = None
    is_from_workload: bool = False
    unreadable: tuple[str, ...] = ()
    rivals: tuple[JobSeen, ...] = ()
    unclear_rivals: tuple[JobSeen, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyStarted(HopObservation):
    """StartCopyJob answered with a job. `is_old`: AWS made it before we asked."""

    command: StartCopy
    job_id: str
    is_old: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyRefused(HopObservation):
    """StartCopyJob answered with an error, so that no job was made."""

    command: StartCopy
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyUnanswered(HopObservation):
    """StartCopyJob was not answered, or by a 5xx: it is not known whether a job was made."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CopySeen(HopObservation):
    """A copy job of this hop's source and destination was seen; `is_described`: as AWS describes it now."""

    job: JobSeen
    is_described: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class JobMissing(HopObservation):
    """AWS does not know the job any more; it forgets them after 30 days."""

    job_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivalInspected(HopObservation):
    """The arrival as described in its own site; None if AWS said that it is not there.

    `key_state` is that of the arrival's own key, as AWS KMS spells it.
    """

    arrival: str
    point: PointSeen | None
    vault_key_arn: str | None
    vault_lock: VaultLock | None = None
    key_state: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewerSurveyed(HopObservation):
    """A newer recovery point of the database with a verified copy in the same vault, or None."""

    newer: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotRefused(HopObservation):
    """The quota is used up, or another copy of this database is in flight (`is_database_busy`).

    `newest_copy` is the date of the newest backup that has a verified final copy; None if there is none.
    """

    why: str
    newest_copy: datetime | None = None
    is_database_busy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRefused(HopObservation):
    """Another chain has claimed this source and destination, or the copy that was found: `point` says which.
    `owner` is empty if the claim cannot be read.
    """

    owner: str
    point: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActingPaused(HopObservation):
    """An operator has paused the route, so it was not checked whether the hop could copy."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSilent(HopObservation):
    """A question about the hop was not answered, or only by AWS's own fault, or AWS throttled it."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteDown(HopObservation):
    """Copies into the hop's site fail one after the other."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AskingRefused(HopObservation):
    """AWS refused a question for good, which is never read as "gone". `code` is empty if it cannot be read."""

    message: str
    code: str = "AccessDeniedException"


@dataclass(frozen=True, slots=True, kw_only=True)
class IntermediateObservation:
    """A fact about one intermediate."""

    intermediate: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Postponed:
    """Something could not be asked or done now: the switch is off, AWS is busy, or the fence is nearly over.

    `outcome` names the reasons that are counted.
    """

    why: str
    outcome: Outcome | None = None


Observation = Noticed | RetryAsked | AbandonAsked | Telling | HopObservation | IntermediateObservation | Postponed
