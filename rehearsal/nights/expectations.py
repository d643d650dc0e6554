"""What Second Hop must do in a night, as facts of the simulated world: what it must copy, keep, limit and delete."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from backup_simulator import SourceVaultShown, World
from backup_simulator.model import Job, Point
from backup_simulator.resource_types import BY_NAME
from rehearsal.oracle import QUOTAS, STALE, Oracle, in_force
from rehearsal.stage import DR, HOME, Stage

# Settings in which AWS does not name the source vault of a copy within one Region.
UNNAMED = (SourceVaultShown.NEVER, SourceVaultShown.ACROSS_ACCOUNTS_AND_REGIONS)
# An arrival that would outlive its copies is checked again after a week, at a sweep.
A_WEEKLY_CHECK = timedelta(days=7, hours=2)


@dataclass(kw_only=True)
class Expectations:
    """The expectations of a night, computed from its world."""

    stage: Stage
    our_roles: frozenset[str]
    """All roles that Second Hop uses, in every installation."""
    deleted_by_hand: dict[str, str] = field(default_factory=dict)
    """Final copies that people deleted, with their arrivals. A new copy is not a duplicate, and the keep rule still
    counts the deleted ones.
    """
    shortened: set[str] = field(default_factory=set)
    """Points with a lifecycle that people shortened. They may expire before they are copied."""
    life_changed: dict[str, datetime] = field(default_factory=dict)
    """Points with a lifecycle that people changed, with the time of the last change."""
    unusable_keys: dict[str, datetime] = field(default_factory=dict)
    """Keys that are disabled or pending deletion, with the time since when."""
    settings: list[tuple[datetime, Mapping[str, str]]] = field(default_factory=list)
    """The parameters of the main stack, each version with the moment of its deployment."""
    _retentions: list[tuple[datetime, int]] = field(default_factory=list)
    _copies: dict[str, list[Point]] = field(default_factory=dict)
    _of_database: dict[str, list[Point]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.world: World = self.stage.world
        self.oracle: Oracle = replace(self.stage.oracle(), roles=self.our_roles, retention_changes=self._retentions)
        self.settings.append((self.world.now(), dict(self.stage.main.parameters)))
        self.watched: str = self.stage.backup_account["WatchedVaultArn"]
        self.final: str = self.stage.dr["DrVaultArn"]
        self.homes: frozenset[str] = frozenset(each["WorkloadVaultArn"] for each in self.stage.workloads.values())
        self.watches_first_hops = bool(self.stage.main.parameters.get("FirstHopRoleArn"))
        firsts = {(home, self.watched) for home in self.homes} if self.watches_first_hops else set()
        self.our_legs = frozenset({(self.watched, self.final), *firsts})
        served = self.stage.main.parameters["WorkloadAccountIds"] or self.stage.main_account
        self.accounts = frozenset(served.split(","))
        self._seen = 0
        shown = self.world.unknown.source_vault_shown
        self.shows_origins = not self.stage.is_hub or shown not in UNNAMED
        """Whether AWS shows that an arrival came from a workload account. A hub cannot list the jobs of hop 1."""

    def note_settings(self) -> None:
        """Record that the main stack was deployed with other parameters."""
        parameters = dict(self.stage.main.parameters)
        self.settings.append((self.world.now(), parameters))
        self._retentions.append((self.world.now(), int(parameters["RetentionDays"])))

    def _lately(self, name: str) -> list[str]:
        """The values of a parameter that Second Hop may use now."""
        now = self.world.now()
        return [parameters[name] for parameters in in_force(self.settings, since=now - STALE, until=now)]

    def _learn(self) -> None:
        """Index the points that landed since the last call."""
        landed = self.world.landed()
        for point in landed[self._seen :]:
            self._of_database.setdefault(point.database_arn, []).append(point)
            if point.source_point_arn is not None:
                self._copies.setdefault(point.source_point_arn, []).append(point)
        self._seen = len(landed)

    def copies_of(self, point: Point) -> list[Point]:
        """The copies of a point in the next vault of its route, including deleted ones."""
        self._learn()
        into = self.final if point.vault_arn == self.watched else self.watched
        return [copy for copy in self._copies.get(point.arn, ()) if copy.vault_arn == into]

    def arrivals(self) -> Iterator[Point]:
        """Every point that ever landed in the watched vault and that a route claims."""
        return (point for point in self.world.landed() if self.is_served(point))

    def origins(self) -> Iterator[Point]:
        """Every point with a first hop that a backup plan started, if first hops are watched.

        If AWS does not start a copy action, there is no job to follow.
        """
        if self.watches_first_hops:
            planned = {job.source_point_arn for job in self.world.copy_jobs() if job.created_by is not None}
            found = (point for point in self.world.landed() if point.arn in planned)
            yield from (point for point in found if self._is_claimed(point))

    def is_served(self, point: Point) -> bool:
        return point.vault_arn == self.watched and self._is_claimed(point) and not self.is_copied_back(point)

    def is_copied_back(self, point: Point) -> bool:
        """Whether people copied it back into the watched vault, to restore from it."""
        return self.oracle.is_copied_back(point)

    def is_known_as_copied_back(self, point: Point) -> bool:
        """Whether AWS shows that people copied it back. A hub cannot see copies from a Region that no route names."""
        job = self.world.find_copy_job(point.copy_job_id)
        is_from_far = job is not None and job.region not in (HOME, DR)
        shown = self.world.unknown.source_vault_shown is SourceVaultShown.ALWAYS
        return self.is_copied_back(point) and (shown or not (self.stage.is_hub and is_from_far))

    def is_ours_to_copy(self, point: Point) -> bool:
        is_source = point.vault_arn in {source for source, _ in self.our_legs}
        return is_source and self._is_claimed(point) and not self.is_known_as_copied_back(point)

    def _is_claimed(self, point: Point) -> bool:
        _, _, _, region, account, *_ = point.database_arn.split(":")
        return account in self.accounts and region == HOME and point.resource_type in QUOTAS

    def limit(self, job: Job) -> int:
        """How many copies may be in flight into the destination of a job."""
        name = "MaximumClusterCopies" if BY_NAME[job.resource_type].is_cluster else "MaximumRdsCopies"
        return min(max(map(int, self._lately(name))), QUOTAS[job.resource_type])

    def least_limit(self, resource_type: str) -> int:
        """How many copies of a type must be able to run at the same time in the DR Region."""
        name = "MaximumClusterCopies" if BY_NAME[resource_type].is_cluster else "MaximumRdsCopies"
        return min(*map(int, self._lately(name)), QUOTAS[resource_type])

    def may_be_deleted(self, point: Point) -> bool:
        """Whether the keep rule allows the delete now, or allowed it some hours ago, when it may have been decided."""
        newer = self._newer(point, ())
        return any(keep != "all" and newer >= int(keep) for keep in self._lately(_keep_rule(point)))

    def must_be_deleted(self, point: Point, *, without: Collection[str] = ()) -> bool:
        """Whether an arrival is no longer needed: enough newer ones have a good copy, and it would not outlive its
        copies. Arrivals in `without` do not count.
        """
        keep = self.stage.main.parameters[_keep_rule(point)]
        is_spare = keep != "all" and self._newer(point, without) >= int(keep) and self.shows_origins
        return is_spare and not self.outlives(point) and not self._may_have_outlived(point)

    def _may_have_outlived(self, point: Point) -> bool:
        """Whether people changed a lifecycle lately. An arrival that outlived its copies is checked once a week."""
        lives = [point.arn, *(copy.arn for copy in self.copies_of(point))]
        return any(
            self.world.now() - self.life_changed[arn] < A_WEEKLY_CHECK for arn in lives if arn in self.life_changed
        )

    def outlives(self, point: Point) -> bool:
        """Whether an arrival would outlive every good copy of it."""
        now = self.world.now()
        return self.oracle.outlives(point, [copy for copy in self.copies_of(point) if self.oracle.is_good(copy, now)])

    def _newer(self, point: Point, without: Collection[str]) -> int:
        self._learn()
        newer = [
            other
            for other in self._of_database[point.database_arn]
            if other.vault_arn == self.watched
            and other.created_at > point.created_at
            and other.gone_at is None
            and other.status == "COMPLETED"
            and other.arn not in without
            and (self.has_good_copy(other) or any(copy.arn in self.deleted_by_hand for copy in self.copies_of(other)))
        ]
        return len(newer)

    def has_good_copy(self, point: Point) -> bool:
        """Whether an arrival has a good final copy, or had one until it expired as promised."""
        now = self.world.now()
        copies = self.copies_of(point)
        has_expired_copy = any(
            copy.delete_at and (copy.gone_at or now) >= copy.delete_at and (copy.gone_at or copy.status == "EXPIRED")
            for copy in copies
        )
        return has_expired_copy or any(copy.encrypted and self.oracle.is_good(copy, now) for copy in copies)


def _keep_rule(point: Point) -> str:
    return "KeepClusterIntermediates" if BY_NAME[point.resource_type].is_cluster else "KeepRdsIntermediates"
