"""Many nights, on every core, each seed in one process; what is told comes in the order of the seeds."""

from __future__ import annotations

import os
import secrets
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from multiprocessing import get_context
from pathlib import Path
from typing import TextIO

from rehearsal.nights.marks import DEMANDED, never_visited
from rehearsal.nights.night import Judgement, run_night
from rehearsal.nights.plan import plan_night
from rehearsal.nights.story import written

# From so many nights on, a branch that was never visited means that something is not tried any more.
LONG_RUN = 300
# Whoever waits for hundreds of nights wants to see that they go on.
TELL_EVERY = 50
MOST_SEEDS = 10**9
ROOT = Path(__file__).parents[2]
# Nights that a process runs before it makes way for a fresh one, so that memory stays flat over thousands.
NIGHTS_A_PROCESS = 200


def simulate(stream: TextIO, *, nights: int, first_seed: int, fresh: int = 0, processes: int | None = None) -> int:
    """Run nights and tell of them. The exit code: 0 only if no promise was broken.

    The last `fresh` of them are of seeds that nobody has chosen; they are told, so that they can be run again.
    """
    seeds = [*range(first_seed, first_seed + nights - fresh)]
    if fresh:
        begin = secrets.randbelow(MOST_SEEDS)
        seeds += range(begin, begin + fresh)
        stream.write(f"fresh seeds: {begin} to {begin + fresh - 1}\n")
    chains = violations = 0
    counts: Counter[str] = Counter()
    for done, judgement in enumerate(judge_all(seeds, processes=processes), start=1):
        chains += judgement.chains
        violations += len(judgement.violations)
        counts += judgement.counts
        if judgement.violations:
            _tell(stream, judgement)
        if done % TELL_EVERY == 0 and done < nights:
            stream.write(f"so far {done} of {nights} nights, {chains} chains, {violations} violations\n")
            stream.flush()
    missed = _tell_marks(stream, counts, nights)
    stream.write(f"{nights} nights, {chains} chains, {violations} violations\n")
    return 1 if violations or missed else 0


def _tell_marks(stream: TextIO, counts: Counter[str], nights: int) -> list[str]:
    """The table of branches; those that a long run never visited."""
    stream.write("\nvisited  branch\n")
    stream.writelines(f"{counts[mark]:>7}  {mark}\n" for mark in sorted(counts | Counter(DEMANDED)))
    missed = never_visited(counts) if nights >= LONG_RUN else []
    stream.writelines(f"never visited in {nights} nights: {mark}\n" for mark in missed)
    stream.write("\n")
    return missed


def judge_all(seeds: Sequence[int], *, processes: int | None = None) -> Iterator[Judgement]:
    """The judgements of all nights, in the order of their seeds."""
    workers = min(processes or os.cpu_count() or 1, len(seeds))
    if workers == 1:
        yield from map(judge, seeds)
        return
    with get_context("spawn").Pool(workers, maxtasksperchild=NIGHTS_A_PROCESS) as pool:
        yield from pool.imap(judge, seeds)


def judge(seed: int) -> Judgement:
    """Plan, run and judge the night of a seed."""
    return run_night(plan_night(seed))


def commit() -> str:
    """The commit of this checkout, and whether it was changed since; for whoever replays a seed elsewhere."""
    told = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"],  # noqa: S607 - whichever git is used here
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return told.stdout.strip() or "unknown (no git here)"


def _tell(stream: TextIO, judgement: Judgement) -> None:
    stream.write(f"\nseed {judgement.seed}, commit {commit()}\n")
    stream.writelines(f"  {violation}\n" for violation in judgement.violations)
    written(judgement.story, stream.write)
    stream.write(f"  replay: make simulate NIGHTS=1 SEED={judgement.seed}\n")
    stream.flush()
