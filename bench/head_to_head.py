"""The same nights for Second Hop and for two simple handlers, side by side.

Run: python -m bench.head_to_head [SEED...], by default 1 2 3. It takes some minutes, and writes
build/bench/head_to_head.json. `make measurements` then writes docs/head-to-head.md.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from backup_simulator.resource_types import INSTANCES
from bench.arrivals import MEDIAN_GIB, Arrival, arrivals_of_a_night
from bench.results import write
from bench.second_hops import AFTERWARDS, DEATHS, FAILING_SHARE, LOSSY, NIGHTS, SLOW, THROTTLED_SHARE, Night, Way, run
from bench.simple_handlers import ATTEMPTS
from bench.stages import of_each

SEEDS = (1, 2, 3)
SHARES = of_each(110, 30, 30, 30)
Run = Mapping[str, Any]


def compare(night: Night, arrivals: Mapping[int, Sequence[Arrival]]) -> list[dict[str, Any]]:
    """The figures of every way in a night, for each seed with its arrivals."""
    return [
        {"night": night.name, "way": str(way), "seed": seed, **run(way, night, found, seed)}
        for way in Way
        for seed, found in arrivals.items()
    ]


TITLES = (
    "night",
    "way",
    "final copies",
    "lost without a message",
    "copied twice",
    "jobs FAILED",
    "most in flight",
    "intermediates left",
)
HEAD = f"| {' | '.join(TITLES)} |\n|{'---|' * len(TITLES)}\n"


def row(runs: Sequence[Run]) -> str:
    """A way in a night, with a value for each seed, or one if all are equal."""
    first = runs[0]
    columns = ("final_copies", "lost_silently", "twice", "failed")
    cells = [first["night"], first["way"], *(_values(runs, name) for name in columns), _most(runs), _left(runs)]
    return f"| {' | '.join(cells)} |\n"


def _values(runs: Sequence[Run], name: str) -> str:
    values = [str(each[name]) for each in runs]
    return values[0] if len(set(values)) == 1 else ", ".join(values)


def _most(runs: Sequence[Run]) -> str:
    """The most of RDS, and of the type of clusters that has most, in any of the seeds."""
    instances = max(each["most_in_flight"][INSTANCES.name] for each in runs)
    clusters = max(most for each in runs for kind, most in each["most_in_flight"].items() if kind != INSTANCES.name)
    return f"{instances} / {clusters}"


def _left(runs: Sequence[Run]) -> str:
    reported = f" ({_values(runs, 'left_with_message')} with a message)"
    return _values(runs, "left") + (reported if any(each["left_with_message"] for each in runs) else "")


def rows(runs: Sequence[Run]) -> Iterator[str]:
    """A row for each way in each night."""
    for _, found in groupby(runs, key=lambda each: (each["night"], each["way"])):
        yield row(list(found))


PAGE = """# Head to head

The same nights for three ways to do the second hop, on the simulator and with the stacks of this repository:

- **copy, then delete**: a Lambda function gets the event of an arrival and calls StartCopyJob. Another one gets the
  event of the finished job and calls DeleteRecoveryPoint.
- **copy only**: the same without the second function. Intermediates expire later.
- **Second Hop**.

Nothing here ran on AWS. The faults and their shares are our choice, and AWS publishes no figures for them. Read the
table as "what happens if", not as "how often".

## Result

{seeds}. A cell has one value for each seed, or one value if all are equal.

{table}
The checks of the simulated nights found {broken} in the {ours} runs of Second Hop. They are described in
[Guarantees](guarantees.md).

Repeat it with `{command}`. `make measurements` then writes this page. Do not change it by hand.

## Columns

- **final copies**: recovery points that have a copy in the DR vault at the end. The copy has the same database and
  creation date, and its status is COMPLETED or AVAILABLE. One function counts them for all three.
- **lost without a message**: recovery points without a final copy that no message names. The handlers send no messages.
  The others without a final copy are named in a message.
- **copied twice**: recovery points with more than one final copy.
- **jobs FAILED**: second-hop jobs that ended as FAILED. Second Hop retries them. In a faulty night, most of those of
  "copy, then delete" do no harm: they are second starts, and the end of the first copy had deleted their source.
- **most in flight**: the most copies that were started and had not ended, for RDS, and for the cluster type with the
  most. AWS's quota is 20 and 5. No page of AWS says whether more jobs wait or fail. Here they wait, except in the two
  nights where full lanes fail jobs.
- **intermediates left**: recovery points in the watched vault at the end. For "copy only" that is intended.

## Settings

- {points} recovery points of two workload accounts: {shares}. Sizes are {least:g} to {largest:g} GiB.
- The arrivals are those of the backup plan's first night, which is simulated once for each seed. Every way gets the
  same recovery points at the same times. So the first hop has no part in the result. A backlog lands within a minute.
- The run ends {days} days after the last arrival.
- A faulty night:
  - EventBridge loses {loss:.0%} of the events, delivers {duplicate:.0%} twice, and delays {reorder:.0%} by 5 to 20
    minutes more;
  - for {failing:.0%} of the databases, the first copy job into the DR Region fails with "An internal error occurred.";
  - {throttled:.0%} of the StartCopyJob calls are throttled;
  - {deaths} functions die after StartCopyJob;
  - {slow:.0%} of the jobs stay CREATED for up to two hours.
- In "half of the events lost" and "all events lost" only the share of lost events differs from a faulty night.
- The backlog's night has no other fault than full lanes that fail jobs.
- Deletes that end as EXPIRED: AWS accepts a delete and leaves the recovery point.
- All three run in the backup account with the same role, rights and retention. Second Hop keeps no intermediate
  (`KeepRdsIntermediates` and `KeepClusterIntermediates` are 0), because the handlers keep none. While the handlers run,
  its rules and schedules are off.

## What is fair, and what is not

- The handlers are `bench/simple_handlers.py`: about forty lines after AWS's documentation. They use boto3's clients.
  Each throttled call has {attempts} attempts, as in boto3's legacy mode. Lambda invokes a failed function twice more.
- Second Hop's clients do not retry here, because the simulator's clients in the same process do not. On AWS they make
  two attempts.
- A handler can be better than these: with an idempotency token, a list of running jobs, a dead-letter queue, or a
  subscription to failed jobs. Such a subscription reports FAILED jobs. It does not report lost events. Each of these is
  a part of Second Hop.
- The same seed gives the same arrivals and the same failing databases. Other draws, such as lost events, depend on the
  calls that were made before, so they differ between the ways.
- The handlers depend on the Recovery Point event of an arrival. No page of AWS promises it for copies. Second Hop also
  lists the vault.
- The simulator, Second Hop and the handlers have the same authors. Where AWS differs from its documents, so may the
  result.
"""


def page_of(result: Mapping[str, Any]) -> str:
    """The page as Markdown."""
    runs = result["runs"]
    seeds = sorted({each["seed"] for each in runs})
    ours = [each for each in runs if each["way"] == Way.SECOND_HOP]
    broken = sum(len(each["broken_promises"]) for each in ours)
    return PAGE.format(
        seeds=f"{'Seeds' if len(seeds) > 1 else 'Seed'} {', '.join(map(str, seeds))}",
        table=HEAD + "".join(rows(runs)),
        broken=f"{broken} broken promises" if broken else "no broken promise",
        ours=len(ours),
        command=f"python -m bench.head_to_head {' '.join(map(str, seeds))}",
        points=runs[0]["points"],
        shares=", ".join(f"{number} {kind}" for kind, number in SHARES.items()),
        least=MEDIAN_GIB * 0.5,
        largest=MEDIAN_GIB * 1.5,
        days=AFTERWARDS.days,
        loss=LOSSY.loss,
        duplicate=LOSSY.duplicate,
        reorder=LOSSY.reorder,
        failing=FAILING_SHARE,
        throttled=THROTTLED_SHARE,
        deaths=DEATHS,
        slow=SLOW.system_error_share,
        attempts=ATTEMPTS,
    )


def main(arguments: Sequence[str]) -> int:
    """Compare the ways in every night, and write the result."""
    if any(not each.isdecimal() for each in arguments):
        print("Each argument is a seed: python -m bench.head_to_head 1 2 3", file=sys.stderr)
        return 2
    seeds = dict.fromkeys(map(int, arguments)) or SEEDS
    arrivals = {seed: arrivals_of_a_night(seed, SHARES) for seed in seeds}
    print(HEAD, end="", flush=True)
    runs = []
    for night in NIGHTS:
        found = compare(night, arrivals)
        print(*rows(found), sep="", end="", flush=True)
        runs += found
    print(f"all figures: {write('head_to_head', {'runs': runs})}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
