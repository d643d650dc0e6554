"""What may happen to the chains of one installation: arrivals, copies, faults, people and time, on a stand-in AWS.

Recovery points are numbered by database and night. The ARN of a point ends with the number of its backup, also that of
a point that arrived a second time (`TWICE`), and that of a copy that somebody brought back (`BACK`).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from secondhop.application.ports import UnansweredError
from secondhop.application.work import Abandon, Look, Retry, Work
from secondhop.domain.chain import Chain, ChainKey
from secondhop.domain.errors import TryAgainError
from secondhop.domain.observation import JobSeen, PointSeen
from tests.builders import (
    ARRIVAL_ARN,
    COPY_ARN,
    DR_KEY,
    DR_VAULT,
    NIGHT,
    ORDERS,
    WATCHED,
    WORKLOAD_VAULT,
    a_copy,
    a_route,
    an_arrival,
)
from tests.stand_ins import Stage, arrived, job_news

LIMIT = 2
DATABASES = 3
NIGHTS = 2
BACKUPS = DATABASES * NIGHTS
MESSAGES = ("An internal error occurred.", "Access Denied trying to call AWS Backup service", "nobody knows")
TWICE, BACK = f"{ARRIVAL_ARN}-twice-", f"{ARRIVAL_ARN}-back-"

FAULTS = (
    *(f"busy: {operation}" for operation in ("points_of", "jobs_into", "jobs_since", "point", "vault")),
    *("no answer: start", "no answer: answer to start", "no answer: delete", "tokens are forgotten"),
    *("nobody can be told", "nobody can be told", "key: Disabled", "key: Enabled", "route: paused", "route: resumed"),
    *(f"delete: {how}" for how in ("deletes", "nothing", "EXPIRED", "DELETING")),
)
# What AWS describes of an arrival at first.
GAPS: tuple[dict[str, Any], ...] = ({"delete_at": None}, {"is_encrypted": None}, {"status": "CREATING"})
# Days from the night of a backup to the new expiry of its arrival. Its copy expires on day 35.
EXPIRIES = (None, 34, 36)

choices = st.integers(0, 9)
rarely = st.integers(0, 4).map(lambda number: number == 0)
numbers = st.integers(0, BACKUPS - 1)


def number_of(arn: str) -> int:
    """The backup of which a recovery point of the watched vault is a copy."""
    return int(arn.rpartition("-")[2])


class World(RuleBasedStateMachine):
    """One installation, three databases, two nights, a quota of two."""

    @initialize(
        keep=st.sampled_from([{"RDS": 1}, {"RDS": 0}, {}]),
        faults=st.lists(st.sampled_from(FAULTS), max_size=3),
        arrivals=st.lists(numbers, unique=True, max_size=4),
    )
    def install(self, keep: dict[str, int], faults: list[str], arrivals: list[int]) -> None:
        self.stage = Stage(route=a_route(keep=keep, limits={"RDS": LIMIT}))
        self.stage.clock.forward(days=NIGHTS - 1)
        self.stage.chains.sweep_progress(now=NIGHT)
        self.described: dict[str, PointSeen] = {}
        self.gone: set[str] = set()
        self.deletes_judged = 0
        for fault in faults:
            self.something_breaks(fault)
        for number in arrivals:
            self.arrive(number, gap={}, is_hidden=False)

    def chains(self) -> list[Chain]:
        return self.stage.chains.all()

    def point(self, number: int, arn: str = f"{ARRIVAL_ARN}-", **changes: Any) -> PointSeen:
        """A recovery point of a backup in the watched vault. AWS names no source vault of the same account."""
        source_vault_arn = None if arn == BACK else WORKLOAD_VAULT.arn
        night = NIGHT + timedelta(days=number // DATABASES)
        database = f"{ORDERS}-{number % DATABASES}"
        made = {"database": database, "created_at": night, "completed_at": night, "source_vault_arn": source_vault_arn}
        return an_arrival(**{"arn": f"{arn}{number}", **made, **changes})

    def live(self) -> list[JobSeen]:
        """The copies out of the watched vault that are under way."""
        onward = (job for job in self.stage.backup.jobs.values() if job.destination_vault_arn == DR_VAULT.arn)
        return [job for job in onward if job.state in ("CREATED", "RUNNING")]

    def standing(self, vault_arn: str) -> list[PointSeen]:
        return [point for (where, _), point in self.stage.backup.points.items() if where == vault_arn]

    def show(self, point: PointSeen) -> None:
        """Let AWS describe a point of the watched vault from now on, unless it is gone, or AWS has said so."""
        self.stage.backup.resources[point.arn] = (point.database, point.resource_type)
        chain = self.stage.chains.get(ChainKey(point.arn, "default"))
        is_deleted = any(each.point == point.arn for each in self.stage.backup.deleted)
        if is_deleted or point.arn in self.gone or (chain is not None and chain.source_gone_at is not None):
            return
        self.stage.backup.put(point)
        self.described[point.arn] = point

    def give(self, work: Work) -> None:
        """Work for the actor; what it cannot do now stays on the queue."""
        try:
            self.stage(work)
        except TryAgainError:
            self.stage.queue.work.append(work)

    def work_off(self) -> None:
        waiting, self.stage.queue.work = self.stage.queue.work, []
        for work in waiting:
            self.give(work)

    # ------------------------------------------------------------ recovery points in the watched vault

    @rule(number=numbers, gap=st.sampled_from(({}, {}, {}, *GAPS)), is_hidden=rarely)
    def arrive(self, number: int, gap: dict[str, Any], is_hidden: bool) -> None:
        """A point arrives; AWS may leave something out at first, or not show the point at all."""
        point = self.point(number)
        if not is_hidden and point.arn not in self.described:
            self.show(replace(point, **gap))
        self.give(arrived(arn=point.arn, database=point.database))

    @rule(number=numbers)
    def aws_describes_an_arrival_whole(self, number: int) -> None:
        if any(chain.key.recovery_point == self.point(number).arn for chain in self.chains()):
            self.show(self.point(number))

    @rule(choice=choices, days=st.sampled_from(EXPIRIES), is_each=st.booleans())
    def somebody_changes_when_arrivals_expire(self, choice: int, days: int | None, is_each: bool) -> None:
        points = self.standing(WATCHED.arn)
        for point in points if is_each else points[choice : choice + 1]:
            self.show(replace(point, delete_at=None if days is None else point.created_at + timedelta(days=days)))

    @rule(choice=choices, status=st.sampled_from(["EXPIRED", "DELETING", None]))
    def an_arrival_goes(self, choice: int, status: str | None) -> None:
        points = self.standing(WATCHED.arn)
        if points:
            point = points[choice % len(points)]
            del self.stage.backup.points[WATCHED.arn, point.arn]
            if status is not None:
                self.show(replace(point, status=status))
            self.gone.add(point.arn)

    @rule(number=numbers, seconds=st.sampled_from([0, 20]))
    def a_backup_arrives_twice(self, number: int, seconds: int) -> None:
        first = self.point(number)
        again = self.point(number, TWICE, created_at=first.created_at + timedelta(seconds=seconds))
        if again.arn not in self.described:
            self.show(again)
        self.give(arrived(arn=again.arn, database=again.database))

    @rule(choice=choices, is_under_way=rarely, is_hidden=st.booleans())
    def somebody_brings_a_copy_back(self, choice: int, is_under_way: bool, is_hidden: bool) -> None:
        copies = self.standing(DR_VAULT.arn)
        if not copies:
            return
        copy = copies[choice % len(copies)]
        made = next(job for job in self.stage.backup.jobs.values() if job.arrival == copy.arn)
        back = self.point(number_of(made.source), BACK, created_at=copy.created_at, delete_at=copy.delete_at)
        job = JobSeen(
            job_id=f"BACK-{back.arn}",
            state="RUNNING" if is_under_way else "COMPLETED",
            source=copy.arn,
            destination_vault_arn=WATCHED.arn,
            arrival=None if is_under_way else back.arn,
            created_at=self.stage.clock.now,
        )
        self.stage.backup.jobs[job.job_id] = job
        self.stage.clock.forward(minutes=30)
        if not is_hidden and back.arn not in self.described:
            self.show(back)
        self.give(arrived(arn=back.arn, database=back.database))

    @rule()
    def what_was_brought_back_is_complete_and_shows(self) -> None:
        for job in list(self.stage.backup.jobs.values()):
            if job.job_id.startswith("BACK-"):
                arn = job.job_id.removeprefix("BACK-")
                self.stage.backup.jobs[job.job_id] = replace(job, state="COMPLETED", arrival=arn)
                self.show(self.point(number_of(arn), BACK))
        self.time_passes_and_the_sweep_runs(6)

    # ------------------------------------------------------------ copies

    @rule(choice=choices, is_lost=rarely, is_fast=rarely)
    def a_copy_ends_well(self, choice: int, is_lost: bool, is_fast: bool) -> None:
        if not self.live():
            return
        job = self.live()[choice % len(self.live())]
        source = self.point(number_of(job.source))
        copy = a_copy(
            arn=f"{COPY_ARN}-{job.job_id}",
            database=source.database,
            created_at=source.created_at,
            delete_at=source.created_at + timedelta(days=35),
            status="CREATING" if is_fast else "COMPLETED",
        )
        done = self.stage.backup.finish(job.job_id, copy)
        if not is_lost:
            self.give(replace(job_news(done), database=source.database))
            self.work_off()

    @rule()
    def all_copies_end_well(self) -> None:
        while self.live():
            self.a_copy_ends_well(0, is_lost=False, is_fast=False)

    @rule(choice=choices, message=st.sampled_from(MESSAGES), is_lost=rarely)
    def a_copy_fails(self, choice: int, message: str, is_lost: bool) -> None:
        if self.live():
            job = self.live()[choice % len(self.live())]
            failed = self.stage.backup.fail_job(job.job_id, message)
            if not is_lost:
                self.give(job_news(failed))

    @rule(choice=choices)
    def a_final_copy_vanishes(self, choice: int) -> None:
        copies = self.standing(DR_VAULT.arn)
        if copies:
            del self.stage.backup.points[DR_VAULT.arn, copies[choice % len(copies)].arn]

    # ------------------------------------------------------------ time, faults and people

    @rule(minutes=st.sampled_from([1, 6, 31, 24 * 60 + 1]))
    def time_passes_and_the_sweep_runs(self, minutes: int) -> None:
        self.stage.clock.forward(minutes=minutes)
        for key in list(self.stage.chains.due(now=self.stage.clock.now)):
            self.give(Look(key=key))
        self.work_off()

    @rule(what=st.sampled_from(FAULTS))
    def something_breaks(self, what: str) -> None:
        stage = self.stage
        match what.split(": "):
            case ["no answer", operation]:
                stage.backup.fail(operation, UnansweredError("timed out"))
            case ["busy", operation]:
                stage.backup.fail(operation, TryAgainError("busy"))
            case ["tokens are forgotten"]:
                stage.backup.tokens.clear()
            case ["nobody can be told"]:
                stage.announcer.troubles.append(TryAgainError("busy"))
            case ["delete", how]:
                stage.backup.delete_does = how
            case ["key", state]:
                stage.keys.states[DR_KEY] = state
            case ["route", by]:
                stage.chains.pause(route="default", by=by if by == "paused" else None)

    @rule(choice=choices, is_given_up=rarely)
    def an_operator_looks_after_a_chain(self, choice: int, is_given_up: bool) -> None:
        chains = self.chains()
        if chains:
            key: ChainKey = chains[choice % len(chains)].key
            self.give(Abandon(key=key, by="ada") if is_given_up else Retry(key=key, by="ada"))

    @rule()
    def an_operator_retries_everything(self) -> None:
        for chain in self.chains():
            self.give(Retry(key=chain.key, by="ada"))
