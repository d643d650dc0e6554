"""A vault at AWS Backup's quota of 1,000,000 recovery points: what a sweep may take, and how the next one continues."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from secondhop.adapters.aws_backup import PAGE, AwsBackup
from secondhop.adapters.memory_chains import MemoryChains
from secondhop.application.budget import BUDGET
from secondhop.application.sweep_chains import SweepChains, Swept
from secondhop.application.work import PointNews
from secondhop.domain.chain import ChainKey
from tests.builders import ARRIVAL_ARN, NOW, ORDERS, WORKLOAD_VAULT
from tests.stand_ins import Stage

# https://docs.aws.amazon.com/aws-backup/latest/devguide/aws-backup-limits.html
POINTS = 1_000_000
# The vault's points are evenly of the last week, which every pass lists. A page takes a second.
SPAN, A_PAGE = timedelta(days=7), timedelta(seconds=1)
STEP = SPAN / POINTS
PAGES_A_SWEEP = BUDGET // A_PAGE
# Of so many points one has no chain, because its event was lost.
LOST_EVERY = 10_000
# Two pages of a thousand descriptions, and what the sweep makes of a hundred of them. 30,000 points are 20 MB.
MEMORY_BYTES = 4_000_000


class KnownChains(MemoryChains):
    """A table with a finished chain of every point whose event was not lost."""

    def known(self, keys: Iterable[ChainKey]) -> dict[ChainKey, bool]:
        return {key: True for key in keys if not key.recovery_point.endswith("-lost")}


class LazyVault:
    """A client that makes each page when it is asked for. Point `n` is `n` steps older than now."""

    def __init__(self, stage: Stage) -> None:
        self._clock = stage.clock
        self._newest = stage.clock.now
        self.listed: list[range] = []

    def list_copy_jobs(self, **_request: Any) -> dict[str, Any]:
        return {"CopyJobs": []}

    def list_recovery_points_by_backup_vault(self, **request: Any) -> dict[str, Any]:
        assert request["MaxResults"] == PAGE
        self._clock.now += A_PAGE
        wanted = range(self.number_at(request["ByCreatedBefore"]), self.number_at(request["ByCreatedAfter"]))
        page = wanted[int(request.get("NextToken", 0)) :][:PAGE]
        self.listed.append(page)
        more = {"NextToken": str(page.stop - wanted.start)} if page.stop < wanted.stop else {}
        return {"RecoveryPoints": [self._described(number) for number in page], **more}

    def number_at(self, moment: datetime) -> int:
        return min(max(-((moment - self._newest) // STEP), 0), POINTS)

    def _described(self, number: int) -> dict[str, Any]:
        lost = "" if number % LOST_EVERY else "-lost"
        return {
            "RecoveryPointArn": f"{ARRIVAL_ARN}-{number}{lost}",
            "ResourceArn": ORDERS,
            "ResourceType": "RDS",
            "Status": "EXPIRED",
            "CreationDate": self._newest - number * STEP,
            "SourceBackupVaultArn": WORKLOAD_VAULT.arn,
        }


def a_stage() -> tuple[Stage, LazyVault]:
    stage = Stage(chains=KnownChains())
    stage.chains.sweep_progress(now=NOW - timedelta(days=30))
    return stage, LazyVault(stage)


def sweep(stage: Stage, vault: LazyVault) -> Swept:
    backup = AwsBackup(lambda _site: vault)
    return SweepChains(routes=(stage.route,), chains=stage.chains, backup=backup, queue=stage.queue, now=stage.clock)()


def lost(numbers: Iterable[int]) -> set[str]:
    return {f"{ARRIVAL_ARN}-{number}-lost" for number in numbers if number % LOST_EVERY == 0}


def test_a_sweep_stops_within_its_time_and_calls_and_remembers_what_is_left() -> None:
    stage, vault = a_stage()
    began = stage.clock.now
    swept = sweep(stage, vault)

    assert stage.clock.now - began <= BUDGET + A_PAGE
    assert len(vault.listed) <= PAGES_A_SWEEP + 1
    assert not swept.is_whole
    assert swept.left == len(stage.chains.sweep_progress(now=stage.clock.now).unfinished) > 0


def test_a_sweep_holds_no_more_than_two_pages_in_memory() -> None:
    stage, vault = a_stage()
    tracemalloc.start()
    sweep(stage, vault)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert sum(map(len, vault.listed)) >= PAGES_A_SWEEP * PAGE * 0.9
    assert peak < MEMORY_BYTES


def finished(stage: Stage, vault: LazyVault) -> int:
    """How many points, from the newest on, are in slices that were listed to their end."""
    left = stage.chains.sweep_progress(now=stage.clock.now).unfinished
    return vault.number_at(max(each.before for each in left))


def test_sweeps_continue_where_the_last_one_was_and_find_the_lost_events() -> None:
    """The slice of a day is too large for one sweep. It is halved three times, and then it is listed in parts."""
    stage, vault = a_stage()
    done = [0]
    for _ in range(7):
        vault.listed = []
        sweep(stage, vault)
        assert min(page.start for page in vault.listed if page) >= done[-1], "what is finished is not listed again"
        done.append(finished(stage, vault))
        stage.clock.forward(minutes=15)

    found = {work.arn for work in stage.queue.work if isinstance(work, PointNews)}
    assert done == sorted(done)
    assert done[-1] > PAGES_A_SWEEP * PAGE
    assert lost(range(done[-1])) <= found
