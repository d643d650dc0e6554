"""Makes docs/scale.md: what an installation costs by its size, and which of AWS's quotas it meets first.

`python -m bench.page` writes it with the page of measurements, from the same kept results.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bench.capacity import (
    CLUSTER_SLOTS,
    COPY_MINUTES,
    DATABASES_OF_AN_ACCOUNT,
    PEAK_SECONDS,
    RDS_SLOTS,
    RETENTION_DAYS,
    copies_a_day,
    day_of,
    gap_minutes,
    hub_night,
    sites_for,
    table_gib,
)
from bench.quotas import Quota, quotas

Results = Mapping[str, Any]

PAGE = Path(__file__).parents[1] / "docs" / "scale.md"
MINUTES = (20, 30, 60, 120, 240, 480, 720, 1_440)
DATABASES = (10, 100, 1_000, 10_000)
RETENTIONS = (35, 365, 3_650)
NIGHTS = (1_000, 10_000, 100_000, 1_000_000)
COUNTED = ("messages", "aws_backup_calls", "reads", "items_written", "read_units", "write_units")
HEAD = "messages | AWS Backup calls | reads | items written | read units | write units"

INTRODUCTION = """# Scale

What an installation costs by databases, accounts, Regions and history, and which quota it meets first. The numbers are
computed from [the measurements](measurements.md), which were made on the simulator. Nothing here was measured on AWS.
`make measurements` writes this page. Do not change it by hand.

There are no prices here. Multiply the quantities by AWS's price list of your Region. The largest cost is not in the
tables: the transfer between Regions, and the storage of the copies.

## Copies a day

**The time that copies take is the real limit.** AWS copies 20 RDS snapshots and 5 cluster snapshots of each type at the
same time, for each destination account and Region. Second Hop keeps all of these slots in use. Between two copies a
slot is free for {gap:g} minutes, because the event about the end comes late.

So many databases with one backup a day fit into one DR account and Region:

| a copy takes | RDS instances | clusters of each type |
|---|---|---|
"""
GROWTH = """
If more arrive, they wait, and the lag of the databases grows. Operators get a message before the source of a waiting
copy expires. More slots need another DR account or another DR Region. It is unknown whether AWS raises this quota.

How long a copy takes depends on its size, and AWS does not promise anything. Only RDS instances have incremental
copies. Look at the duration of your own copy jobs, and choose the line of the table by it.

## What a chain costs

The same at every size is the goal. Each line is one night in the workload topology. Its recovery points are small, and
all arrive within an hour. `make bench-large` measures up to 10,000; the lines are those that were measured.

| recovery points | {head} |
|---|---|---|---|---|---|---|
"""
HUBS = """
A chain that waits for a slot costs more than one that does not, so the smallest nights are cheaper. A start also lists
the copy jobs since its backup, 1,000 in a page. So beyond 1,000 copies, each further 1,000 cost one call more.

The same in hubs with {databases} databases in each account. The hub gets fewer events, because it does not see first
hops. The template takes up to 50 accounts.

| accounts | {head} |
|---|---|---|---|---|---|---|
"""
HISTORIES = """
One more copy of a database with a long history. Every earlier copy is still in the DR vault. A start lists them, 1,000
in a page. The table is not read more.

| earlier copies | {head} |
|---|---|---|---|---|---|---|
"""
LOOKS = """
Each older copy is looked at once a week, for as long as it is kept. One look:

| earlier copies | {head} |
|---|---|---|---|---|---|---|
"""
DAYS = """
## What a day costs

A hub with one backup of each database a day. With a long retention, the looks at older copies are the largest part.

| databases | retention, days | messages | AWS Backup calls | KMS calls | read units | write units | table, GiB |
|---|---|---|---|---|---|---|---|
"""
OTHERS = """
- **Accounts**: in a hub they add nothing of their own. Its lines above are those of a night of as many recovery points.
  With one main stack for each account, each stack adds its own sweeps: {calls:,} AWS Backup calls and {writes:,} write
  units a day.
- **Regions**: each home Region has an installation of its own, with its own sweeps. A second DR Region for the same
  home Region is an installation, too.
- **History**: a finished chain costs a look a week and its place in the table. It is deleted 30 days after its copies.
- **Time on Lambda**: unknown. An invocation mostly waits for AWS, and the simulator does not.

## Which quota is met first

Databases have one backup a day, copies take {minutes} minutes, retention is {retention} days, an account has {each}
databases, and a night's backups end within {hours} hour. Each line has the number of databases that meets the quota.

| databases | quota | default | can AWS raise it | what to do |
|---|---|---|---|---|
"""
MILLION = """
## A million recovery points a night

On paper only. Copies take {minutes} minutes, and have 24 hours. A DR site is a DR account and a DR Region, with one
installation. The last three columns are for each second.

| recovery points | DR sites, RDS | DR sites, one cluster type | AWS Backup calls | messages | write units |
|---|---|---|---|---|---|
"""
END = """
The rates are those of all installations together, spread over the day. Each installation has its share of them, so no
other quota is nearer with more DR sites. A DR vault takes 1,000,000 recovery points: with {retention} days that is
{vault:,} databases. So a million a night is a question of DR accounts, and each of them has an installation to operate.
"""


def scale_page_of(results: Results) -> str:
    """The page as Markdown."""
    return "".join(
        [
            *_copies(results),
            *_growth(results),
            *_days(results),
            *_quotas(results),
            *_million(results),
        ]
    )


def _copies(results: Results) -> Iterator[str]:
    yield INTRODUCTION.format(gap=gap_minutes(results))
    for minutes in MINUTES:
        took = f"{minutes} minutes" if minutes < 60 else f"{minutes // 60} h"
        rds, clusters = (copies_a_day(results, slots, minutes) for slots in (RDS_SLOTS, CLUSTER_SLOTS))
        yield f"| {took} | {rds:,} | {clusters:,} |\n"


def _growth(results: Results) -> Iterator[str]:
    yield GROWTH.format(head=HEAD)
    for night in results["large_night"]["nights"]:
        yield _line(f"{night['points']:,}", night["actor"])
    yield HUBS.format(databases=DATABASES_OF_AN_ACCOUNT, head=HEAD)
    for hub in results["large_hub"]["hubs"]:
        yield _line(hub["accounts"], hub["actor"])
    yield HISTORIES.format(head=HEAD)
    histories = results["large_history"]["histories"]
    for history in histories:
        yield _line(f"{history['copies']:,}", history["new_chain"])
    yield LOOKS.format(head=HEAD)
    for history in histories:
        yield _line(f"{history['copies']:,}", history["look"])


def _line(name: object, figures: Mapping[str, float]) -> str:
    return f"| {name} | " + " | ".join(f"{figures[each]:g}" for each in COUNTED) + " |\n"


def _days(results: Results) -> Iterator[str]:
    yield DAYS
    for databases in DATABASES:
        for retention in RETENTIONS:
            day = day_of(results, databases, retention)
            quantities = " | ".join(f"{each:,.0f}" for each in day)
            size = table_gib(results, databases, retention)
            yield f"| {databases:,} | {retention:,} | {quantities} | {size:,.1f} |\n"


def _quotas(results: Results) -> Iterator[str]:
    sweep = hub_night(results)["sweep"]
    yield OTHERS.format(
        calls=round(96 * sweep["aws_backup_calls"]),
        writes=round(96 * sweep["write_units"]),
        minutes=COPY_MINUTES,
        retention=RETENTION_DAYS,
        each=DATABASES_OF_AN_ACCOUNT,
        hours=PEAK_SECONDS // 3_600,
    )
    yield from (_quota(each) for each in quotas(results))


def _quota(quota: Quota) -> str:
    value = quota.value if quota.source is None else f"[{quota.value}]({quota.source})"
    return f"| {_count(quota.databases)} | {quota.what} | {value} | {quota.can_be_raised} | {quota.action} |\n"


def _count(databases: float | None) -> str:
    if databases is None:
        return "unknown"
    return "never" if databases == math.inf else f"{databases:,.0f}"


def _million(results: Results) -> Iterator[str]:
    yield MILLION.format(minutes=COPY_MINUTES)
    for points in NIGHTS:
        sites = (sites_for(results, points, slots, COPY_MINUTES) for slots in (RDS_SLOTS, CLUSTER_SLOTS))
        day = day_of(results, points, RETENTION_DAYS)
        rates = (each / 86_400 for each in (day.aws_backup_calls, day.messages, day.write_units))
        yield f"| {points:,} | " + " | ".join(f"{each:,}" for each in sites) + " | "
        yield " | ".join(f"{each:,.1f}" for each in rates) + " |\n"
    yield END.format(retention=RETENTION_DAYS, vault=1_000_000 // RETENTION_DAYS)
