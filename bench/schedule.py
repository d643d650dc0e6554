"""What a schedule of copies could be at best: a bound, and a list scheduler that learns of everything by events.

The list scheduler starts jobs in the order in which their points arrive, each as soon as a slot is free. With delays it
learns of a point when the first message about it arrives, and of a free slot when AWS's event of the end arrives.
Its jobs take as long as the real ones.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Ran:
    """One copy job, in seconds from the beginning of the burst.

    `heard` is when the first message about its point came, and `notified` when AWS's event of its end came. It uses its
    slot from `requested`, when Second Hop asks for it, although AWS lets it run only from `started`.
    """

    arrived: float
    heard: float
    requested: float
    started: float
    ended: float
    notified: float

    @property
    def took(self) -> float:
        return self.ended - self.started

    @property
    def delay(self) -> float:
        """How long the event of the end was under way."""
        return max(0.0, self.notified - self.ended)


def makespan(jobs: Sequence[Ran]) -> float:
    """From the beginning of the burst to the end of its last copy."""
    return max(job.ended for job in jobs)


def bound(jobs: Sequence[Ran], slots: int) -> float:
    """No schedule ends sooner: the work shared by all slots, or the longest job."""
    return max(sum(job.took for job in jobs) / slots, *(job.took for job in jobs))


def ideal(jobs: Sequence[Ran], slots: int, *, has_delays: bool) -> float:
    """The makespan of the list scheduler."""
    free = [0.0] * slots
    heapq.heapify(free)
    last = 0.0
    for job in sorted(jobs, key=lambda each: each.heard if has_delays else each.arrived):
        ends = max(heapq.heappop(free), job.heard if has_delays else job.arrived) + job.took
        last = max(last, ends)
        heapq.heappush(free, ends + job.delay if has_delays else ends)
    return last


def most_at_once(jobs: Sequence[Ran]) -> int:
    """The largest number of jobs in flight at the same moment."""
    edges = sorted([(job.requested, 1) for job in jobs] + [(job.ended, -1) for job in jobs])
    running = most = 0
    for _, change in edges:
        running += change
        most = max(most, running)
    return most


def idle_share(jobs: Sequence[Ran], slots: int) -> float:
    """The share of slot time that is empty while a point waits."""
    moments = [(job.arrived, 1, 0) for job in jobs]
    moments += [(job.requested, -1, 1) for job in jobs]
    moments += [(job.ended, 0, -1) for job in jobs]
    waiting = running = 0
    last = empty = whole = 0.0
    for moment, more_waiting, more_running in sorted(moments):
        if waiting:
            empty += (moment - last) * (slots - running)
            whole += (moment - last) * slots
        waiting, running, last = waiting + more_waiting, running + more_running, moment
    return empty / whole if whole else 0.0


def waits(jobs: Sequence[Ran]) -> tuple[float, float]:
    """The median and the longest time from an arrival to the request of its copy, in seconds."""
    found = sorted(job.requested - job.arrived for job in jobs)
    return found[len(found) // 2], found[-1]


def shifts(jobs: Sequence[Ran]) -> tuple[float, int]:
    """How many places a job starts away from its place by arrival: the mean and the most."""
    by_arrival = {id(job): place for place, job in enumerate(sorted(jobs, key=lambda each: each.arrived))}
    moved = [abs(by_arrival[id(job)] - n) for n, job in enumerate(sorted(jobs, key=lambda each: each.requested))]
    return sum(moved) / len(moved), max(moved)
