"""Safety checks: compare each action of Second Hop with the promises at the moment it happens.

They use the simulator's world only: every call and every line of the trace. `liveness` checks the end of a night.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from backup_simulator.model import Call, Job, Point, TraceLine, site_of
from rehearsal.deployment import Stack
from rehearsal.functions import RUNNING
from rehearsal.nights.expectations import Expectations
from rehearsal.oracle import Oracle, Violation

# The only operations of AWS Backup that Second Hop may call.
ALLOWED = frozenset(
    {
        "DescribeRecoveryPoint",
        "ListRecoveryPointsByBackupVault",
        "DescribeBackupVault",
        "ListCopyJobs",
        "DescribeCopyJob",
        "StartCopyJob",
        "DeleteRecoveryPoint",
    }
)
EFFECTS = ("StartCopyJob", "DeleteRecoveryPoint")
AN_INVOCATION = timedelta(minutes=5)
Invocation = tuple[int, int]


@dataclass(kw_only=True)
class SafetyChecks:
    """Checks calls and copy jobs as they happen. `mains` are the installations to check."""

    expected: Expectations
    oracle: Oracle
    mains: tuple[Stack, ...]
    violations: list[Violation] = field(default_factory=list)
    paused: dict[str, str] = field(default_factory=dict)
    """By the name of an installation, who paused it. The operator keeps this up to date."""
    abandoned: set[str] = field(default_factory=set)
    """Recovery points with an abandoned chain. Their copies in flight have no slot any more."""
    _described: dict[Invocation, set[str]] = field(default_factory=dict)
    _live: dict[str, tuple[Job, str]] = field(default_factory=dict)
    _not_remembered: set[str] = field(default_factory=set)
    _delete_accepted: set[str] = field(default_factory=set)
    """Points with an accepted delete. The keep rule cannot apply to them any more."""
    _copied: set[tuple[str, str]] = field(default_factory=set)
    """Sources and the vaults that have a copy of them, no matter who made it."""
    _made: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))
    _dated: dict[tuple[str, datetime], set[str]] = field(default_factory=lambda: defaultdict(set))

    def __post_init__(self) -> None:
        self.expected.world.on_call(self.hear_call)
        self.expected.world.on_trace(self.hear_trace)
        self._installations = {id(each): main.name for main in self.mains for each in main.functions.values()}

    def hear_call(self, call: Call) -> None:
        """Check one call of AWS with its answer."""
        if call.service != "backup" or call.caller.role_arn not in self.expected.our_roles:
            return
        if call.operation not in ALLOWED:
            self._report(5, f"we called {call.operation} with {dict(call.request)}")
        if call.refused is not None or not RUNNING:
            return
        if call.operation == "DescribeRecoveryPoint":
            self._described_now().add(call.request["RecoveryPointArn"])
        if call.operation in EFFECTS:
            self._check_pause(call)
        if call.operation == "DeleteRecoveryPoint":
            self._check_delete(self.expected.world.point_by_arn(call.request["RecoveryPointArn"]))

    def hear_trace(self, line: TraceLine) -> None:
        """Check one line of the world's trace, if it is about a copy job of ours."""
        if line.kind != "copy job":
            return
        job = self.expected.world.copy_job(line.facts["job_id"])
        if job.state == "COMPLETED":
            self._copied.add((job.source_point_arn, job.destination_vault_arn))
        if job.started_by not in self.expected.our_roles:
            return
        if job.state == "CREATED":
            self._live[job.id] = (job, self._installation())
            self._check_start(job)
        elif not job.is_live:
            self._live.pop(job.id, None)
            self._not_remembered.discard(job.id)
            if job.state == "COMPLETED":
                self._check_copy(job)

    def allow_again_in_flight(self) -> None:
        """A lost table does not know the copies in flight. As many as the limit may start beside them."""
        self._not_remembered |= set(self._live)

    def _installation(self) -> str:
        return self._installations.get(id(RUNNING[-1].function), "") if RUNNING else ""

    def _described_now(self) -> set[str]:
        """The points that the current invocation has described. Drops those of finished invocations."""
        under_way = [(id(running.function), running.number) for running in RUNNING]
        self._described = {key: points for key, points in self._described.items() if key in under_way}
        return self._described.setdefault(under_way[-1], set())

    def _check_pause(self, call: Call) -> None:
        by = self.paused.get(self._installation())
        if by is not None:
            self._report(5, f"{call.operation} was called while {by} had paused the route: {dict(call.request)}")

    def _check_delete(self, point: Point) -> None:
        """Check promises 1 and 5 when a delete is accepted."""
        now = self.expected.world.now()
        copies = [copy for copy in self.expected.copies_of(point) if self.oracle.is_good(copy, now)]
        if not copies:
            self._report(1, f"{point.arn} was deleted while it had no good copy")
        elif not any(copy.arn in self._described_now() for copy in copies):
            self._report(1, f"{point.arn} was deleted, and its copy was not described in the same invocation")
        if copies and self.oracle.outlives(point, copies):
            self._report(1, f"{point.arn} was deleted, and it would have outlived every copy of it")
        if copies and all(self._has_unusable_key(copy) for copy in copies):
            self._report(1, f"{point.arn} was deleted while the key of its copy could not be used")
        if self.expected.is_copied_back(point):
            self._report(5, f"{point.arn} was deleted, and people had copied it back")
        elif not self.expected.is_served(point):
            self._report(5, f"{point.arn} of {point.vault_arn} was deleted, and no route claims it")
        elif point.arn not in self._delete_accepted and not self.expected.may_be_deleted(point):
            self._report(5, f"{point.arn} was deleted, and the route keeps it")
        self._delete_accepted.add(point.arn)

    def _has_unusable_key(self, copy: Point) -> bool:
        """Whether the key of a copy has been unusable for longer than an invocation can run."""
        since = self.expected.unusable_keys.get(copy.key_arn or "")
        return since is not None and self.expected.world.now() - since > AN_INVOCATION

    def _check_start(self, job: Job) -> None:
        """Check promises 4 and 5 when a copy job starts."""
        mine = (job.source_vault_arn, job.destination_vault_arn)
        source = self.expected.world.point_by_arn(job.source_point_arn)
        if self.expected.is_known_as_copied_back(source):
            self._report(5, f"we copied {job.source_point_arn}, which people had copied back")
        elif mine not in self.expected.our_legs or not self.expected.is_ours_to_copy(source):
            self._report(5, f"we copied {job.source_point_arn} into {job.destination_vault_arn}")
        self._check_lane(job, lambda other: other.resource_type == job.resource_type, self.expected.limit(job))
        self._check_lane(job, lambda other: other.database_arn == job.database_arn, 1)

    def _check_lane(self, job: Job, is_in: Callable[[Job], bool], limit: int) -> None:
        site = site_of(job.destination_vault_arn)
        lane = [
            other.id
            for other, installation in self._live.values()
            if other.source_point_arn not in self.abandoned
            and not self._is_replaced(other)
            and installation == self._live[job.id][1]
            and site_of(other.destination_vault_arn) == site
            and is_in(other)
        ]
        known = [each for each in lane if each not in self._not_remembered]
        if len(known) > limit or len(lane) > 2 * limit:
            what = job.database_arn if limit == 1 else job.resource_type
            self._report(4, f"{len(lane)} copies of {what} into {site[1]} are in flight with {job.source_point_arn}")

    def _is_replaced(self, job: Job) -> bool:
        """Whether a copy by hand replaced this stuck job. Its chain took that copy and freed the slot."""
        return (job.source_point_arn, job.destination_vault_arn) in self._copied

    def _check_copy(self, job: Job) -> None:
        made = self._made[job.source_point_arn, job.destination_vault_arn]
        replaced = self.expected.shortened | self.expected.deleted_by_hand.keys()
        made[:] = [other for other in made if other not in replaced]
        made.append(job.destination_point_arn or job.id)
        if len(made) > 1:
            self._report(2, f"{job.source_point_arn} was copied {len(made)} times into {job.destination_vault_arn}")
        if job.destination_vault_arn == self.expected.final and self.expected.world.unknown.creation_date_inherited:
            self._check_date(self.expected.world.point_by_arn(job.source_point_arn))

    def _check_date(self, source: Point) -> None:
        """Check promise 2 by database and creation date: two arrivals of one backup need one final copy."""
        sources = self._dated[source.database_arn, source.created_at]
        sources.add(source.arn)
        others = [arn for arn in sources if not self._is_explained(self.expected.world.point_by_arn(arn))]
        if len(others) > 1:
            text = f"{source.database_arn} of {source.created_at} was copied from {', '.join(sorted(others))}"
            self._report(2, text)

    def _is_explained(self, source: Point) -> bool:
        """Whether people made the arrival, or deleted or shortened its copy. Another copy is correct then."""
        touched = self.expected.shortened | self.expected.deleted_by_hand.keys()
        return self.oracle.is_made_by_hand(source) or any(
            copy.arn in touched for copy in self.expected.copies_of(source)
        )

    def _report(self, promise: int, evidence: str) -> None:
        self.violations.append(Violation(promise=promise, evidence=f"{evidence} (at {self.expected.world.now()})"))


def without_repeats(violations: Iterable[Violation]) -> list[Violation]:
    """Each violation once, in the order found."""
    return list(dict.fromkeys(violations))
