"""Many recovery points arrive within an hour of one night: how long they take, and what each costs.

Run: python -m bench.burst [POINTS...], by default 20, 200 and 1000. 60 % are RDS, 20 % Aurora, 10 % DocumentDB, 10 %
Neptune. Sizes are log-normal (median 40 GiB), scaled down for large bursts, and the same for the same number. Events
come as the simulator delivers them by default: evenly within five minutes. None of this changes with Second Hop.
"""

from __future__ import annotations

import json
import random
import re
import resource
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from time import process_time
from typing import Any

from backup_simulator import World
from backup_simulator.resource_types import RESOURCE_TYPES
from bench import schedule
from bench.meter import ACTOR, SWEEP, aws_backup_calls, per, summary
from bench.results import write
from bench.stages import Measured, database_arn, land, measured_stage, of_each
from rehearsal.stage import Topology

SIZES = (20, 200, 1000)
# Sizes are scaled so that large bursts end within some simulated days.
SCALES = {20: 1.0, 200: 1.0, 1000: 0.3, 5000: 0.02}
SPREAD = timedelta(minutes=60)
KINDS = tuple(kind for kind, number in of_each(6, 2, 1, 1).items() for _ in range(number))
LARGEST_GIB, MEDIAN_LOG, SIGMA = 2000, 3.69, 1.0
DELETE_AFTER_DAYS = 3650
BEFORE, STEP = timedelta(hours=3), timedelta(hours=6)
MOST_STEPS = 2000
ENDED = ("COMPLETE", "STRANDED", "TOO_LATE")
SLOTS = {each.name: each.copies_in_flight for each in RESOURCE_TYPES}
POINT = re.compile(r"arn:[\w-]+:rds:[\w-]*:\d*:(?:cluster-)?snapshot:awsbackup:copyjob-[\w-]+")


@dataclass(kw_only=True)
class Heard:
    """When the actor got its first message about each point, and AWS's event about the end of each job."""

    points: dict[str, datetime] = field(default_factory=dict)
    jobs: dict[str, datetime] = field(default_factory=dict)

    def take(self, event: dict[str, Any], now: datetime) -> None:
        for record in event["Records"]:
            for arn in POINT.findall(record["body"]):
                self.points.setdefault(arn, now)
            detail = json.loads(record["body"]).get("detail", {})
            if detail.get("state") in ("COMPLETED", "FAILED") and "copyJobId" in detail:
                self.jobs.setdefault(detail["copyJobId"], now)


@dataclass(kw_only=True)
class Burst:
    """A burst that is over."""

    measured: Measured
    points: int
    scale: float
    began: datetime
    arrived: dict[str, datetime]
    heard: Heard
    processor_seconds: float

    def ran(self) -> dict[str, list[schedule.Ran]]:
        """The copy jobs of the burst by resource type. Raises AssertionError if a point has not exactly one."""
        found: dict[str, list[schedule.Ran]] = {}
        jobs = [job for job in self.measured.world.copy_jobs() if job.source_point_arn in self.arrived]
        if len(jobs) != self.points or len({job.source_point_arn for job in jobs}) != self.points:
            raise AssertionError(f"{len(jobs)} copy jobs for {self.points} points; chains: {self.measured.states()}")
        for job in jobs:
            assert job.runs_since is not None
            assert job.completed_at is not None
            of_type = found.setdefault(job.resource_type, [])
            of_type.append(
                schedule.Ran(
                    arrived=self._since(self.arrived[job.source_point_arn]),
                    heard=self._since(self.heard.points[job.source_point_arn]),
                    requested=self._since(job.created_at),
                    started=self._since(job.runs_since),
                    ended=self._since(job.completed_at),
                    notified=self._since(self.heard.jobs.get(job.id, job.completed_at)),
                )
            )
        return found

    def _since(self, moment: datetime) -> float:
        return (moment - self.began).total_seconds()


def run_burst(
    points: int,
    *,
    topology: Topology = Topology.WORKLOAD,
    scale: float | None = None,
    workload_accounts: Sequence[str] = (),
) -> Burst:
    """Let the points arrive, and run until every chain has ended."""
    chance = random.Random(points)
    parameters = {"RetentionDays": "365"}
    measured = measured_stage(World(seed=1), topology, parameters=parameters, workload_accounts=workload_accounts)
    stage, world = measured.stage, measured.world
    accounts = stage.workload_accounts
    factor = SCALES.get(points, 1.0) if scale is None else scale
    world.run_for(BEFORE)
    began, heard, arrived = world.now(), Heard(), dict[str, datetime]()
    measured.meter.heard.append(lambda event: heard.take(event, world.now()))

    def arrive(number: int) -> None:
        kind, account = KINDS[number % len(KINDS)], accounts[number // len(KINDS) % len(accounts)]
        point = land(
            stage,
            kind=kind,
            database=database_arn(kind, account, f"d{number}"),
            size_gib=factor * min(LARGEST_GIB, chance.lognormvariate(MEDIAN_LOG, SIGMA)),
            delete_after_days=DELETE_AFTER_DAYS,
        )
        arrived[point.arn] = world.now()

    for number in range(points):
        world.clock.at(began + SPREAD * number / points, partial(arrive, number))
    seconds = run_until_over(measured, points)
    return Burst(
        measured=measured,
        points=points,
        scale=factor,
        began=began,
        arrived=arrived,
        heard=heard,
        processor_seconds=seconds,
    )


def run_until_over(measured: Measured, points: int) -> float:
    """Run until every chain has ended, at most for many days. Returns the seconds of processor."""
    began = process_time()
    for _ in range(MOST_STEPS):
        measured.world.run_for(STEP)
        if is_over(measured, points):
            break
    return process_time() - began


def is_over(measured: Measured, points: int) -> bool:
    states = measured.states()
    return sum(states.values()) == points and sum(states[each] for each in ENDED) == points


def outcome(burst: Burst) -> dict[str, Any]:
    """All figures of a burst."""
    ran, counts = burst.ran(), burst.measured.meter.by
    sweeps = burst.measured.stage.main.functions[SWEEP].invocations
    every = counts[ACTOR] + counts[SWEEP]
    return {
        "points": burst.points,
        "scale": burst.scale,
        "states": dict(burst.measured.states()),
        "actor": summary(counts[ACTOR], burst.points),
        "actor_itemised": per(counts[ACTOR], burst.points),
        "sweeps": sweeps,
        "sweep": summary(counts[SWEEP], sweeps),
        "all": summary(every, burst.points),
        "aws_backup_calls_of_sweeps": aws_backup_calls(counts[SWEEP]),
        "schedule": {kind: _schedule(jobs, SLOTS[kind]) for kind, jobs in ran.items()},
        "processor_seconds": round(burst.processor_seconds, 2),
        "chains_per_processor_second": round(burst.points / burst.processor_seconds, 1),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def _schedule(jobs: Sequence[schedule.Ran], slots: int) -> dict[str, Any]:
    span, least = schedule.makespan(jobs), schedule.bound(jobs, slots)
    median_wait, longest_wait = schedule.waits(jobs)
    mean_shift, most_shift = schedule.shifts(jobs)
    longest = max(job.took for job in jobs)
    return {
        "jobs": len(jobs),
        "slots": slots,
        "makespan_hours": round(span / 3600, 3),
        "of_bound": round(span / least, 3),
        "bound_is_the_longest_job": least == longest,
        "longest_job_of_bound": round(longest / least, 3),
        "of_ideal": round(span / schedule.ideal(jobs, slots, has_delays=True), 3),
        "of_ideal_without_delays": round(span / schedule.ideal(jobs, slots, has_delays=False), 3),
        "most_at_once": schedule.most_at_once(jobs),
        "idle_share_while_points_wait": round(schedule.idle_share(jobs, slots), 4),
        "median_event_delay_minutes": round(sorted(job.delay for job in jobs)[len(jobs) // 2] / 60, 2),
        "wait_hours_median": round(median_wait / 3600, 2),
        "wait_hours_longest": round(longest_wait / 3600, 2),
        "places_moved_mean": round(mean_shift, 1),
        "places_moved_most": most_shift,
    }


def main(arguments: Sequence[str]) -> int:
    """Run the bursts and write build/bench/burst-N.json for each."""
    if any(not each.isdecimal() or int(each) < 1 for each in arguments):
        print("Each argument is a number of recovery points: python -m bench.burst 20 200 1000", file=sys.stderr)
        return 2
    for points in [int(each) for each in arguments] or SIZES:
        result = outcome(run_burst(points))
        path = write(f"burst-{points}", result)
        print(
            f"{points} points, a chain: {result['actor']}; {result['chains_per_processor_second']} chains/s", flush=True
        )
        for kind, figures in result["schedule"].items():
            print(f"  {kind}: {figures}")
        print(f"  all figures: {path}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
