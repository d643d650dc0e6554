"""Runs many nights on every core, each seed in one process, and reports them in the order of the seeds."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from multiprocessing import get_context
from multiprocessing.pool import Pool
from pathlib import Path
from typing import TextIO

from rehearsal.nights.coverage import DEMANDED, never_visited
from rehearsal.nights.night import run_night
from rehearsal.nights.result import NightResult
from rehearsal.nights.scenario import draw_scenario
from rehearsal.nights.trace_report import write_lines

# In a run of this many nights, a branch without visits means that something is not tested any more.
LONG_RUN = 300
# A long run reports its progress after this many nights.
REPORT_EVERY = 50
MOST_SEEDS = 10**9
ROOT = Path(__file__).parents[2]
# A process ends after this many nights, so that memory use stays constant.
NIGHTS_A_PROCESS = 200


def simulate(stream: TextIO, *, nights: int, first_seed: int, fresh: int = 0, processes: int | None = None) -> int:
    """Run nights and report them. The exit code is 0 only if no promise was broken.

    The last `fresh` nights have random seeds, which are printed, so that you can repeat them.
    """
    seeds = [*range(first_seed, first_seed + nights - fresh)]
    if fresh:
        begin = secrets.randbelow(MOST_SEEDS)
        seeds += range(begin, begin + fresh)
        stream.write(f"fresh seeds: {begin} to {begin + fresh - 1}\n")
    chains = violations = 0
    counts: Counter[str] = Counter()
    for done, result in enumerate(run_all(seeds, processes=processes), start=1):
        chains += result.chains
        violations += len(result.violations)
        counts += result.counts
        if result.violations:
            _write_result(stream, result)
        if done % REPORT_EVERY == 0 and done < nights:
            stream.write(f"so far {done} of {nights} nights, {chains} chains, {violations} violations\n")
            stream.flush()
    missed = _write_coverage(stream, counts, nights)
    stream.write(f"{nights} nights, {chains} chains, {violations} violations\n")
    return 1 if violations or missed else 0


def _write_coverage(stream: TextIO, counts: Counter[str], nights: int) -> list[str]:
    """Write the table of branches; return those that a long run never visited."""
    stream.write("\nvisited  branch\n")
    stream.writelines(f"{counts[mark]:>7}  {mark}\n" for mark in sorted(counts | Counter(DEMANDED)))
    missed = never_visited(counts) if nights >= LONG_RUN else []
    stream.writelines(f"never visited in {nights} nights: {mark}\n" for mark in missed)
    stream.write("\n")
    return missed


def run_all(seeds: Sequence[int], *, processes: int | None = None) -> Iterator[NightResult]:
    """The results of all nights, in the order of their seeds."""
    workers = min(processes or os.cpu_count() or 1, len(seeds))
    if workers == 1:
        yield from map(run_seed, seeds)
        return
    with _pool(workers) as pool:
        yield from pool.imap(run_seed, seeds)


def _pool(workers: int) -> Pool:
    """Processes that leave Ctrl-C to this one, which then ends them. They inherit it from the moment of their start."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return get_context("spawn").Pool(
            workers, signal.signal, (signal.SIGINT, signal.SIG_IGN), maxtasksperchild=NIGHTS_A_PROCESS
        )
    finally:
        signal.signal(signal.SIGINT, before)


def run_seed(seed: int) -> NightResult:
    """Draw and run the night of a seed."""
    return run_night(draw_scenario(seed))


def commit() -> str:
    """The commit of this checkout, and whether files were changed since, to repeat a seed elsewhere."""
    described = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"],  # noqa: S607 - whichever git is used here
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return described.stdout.strip() or "unknown (no git here)"


def _write_result(stream: TextIO, result: NightResult) -> None:
    stream.write(f"\nseed {result.seed}, commit {commit()}\n")
    stream.writelines(f"  {violation}\n" for violation in result.violations)
    write_lines(result.report, stream.write)
    stream.write(f"  replay: make simulate NIGHTS=1 SEED={result.seed}\n")
    stream.flush()
