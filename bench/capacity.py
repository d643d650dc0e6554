"""How many copies fit into a day, and what a day of many databases consumes: arithmetic on kept results."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from bench.goals import for_known_points

Results = Mapping[str, Any]

RDS_SLOTS, CLUSTER_SLOTS = 20, 5
DAY_MINUTES = 24 * 60
# What the page assumes where it needs one number.
COPY_MINUTES, RETENTION_DAYS, DATABASES_OF_AN_ACCOUNT, PEAK_SECONDS = 60, 35, 20, 3_600
SWEEPS_A_DAY = 96
# An older copy is looked at once a week. The two newest are looked at in the nights that are measured.
WEEK, NEWEST = 7, 2


class Day(NamedTuple):
    """What one hub consumes in a day."""

    messages: float
    aws_backup_calls: float
    kms_calls: float
    read_units: float
    write_units: float


def gap_minutes(results: Results) -> float:
    """For how long a slot is free between two copies: AWS's event about the end comes late."""
    return float(max(each["median_event_delay_minutes"] for each in results["burst-1000"]["schedule"].values()))


def copies_a_day(results: Results, slots: int, minutes: float) -> int:
    """How many copies of so many minutes end in a day, if all slots are always used."""
    return int(slots * DAY_MINUTES / (minutes + gap_minutes(results)))


def sites_for(results: Results, points: int, slots: int, minutes: float) -> int:
    """The DR accounts and Regions that copy so many points in a day."""
    return math.ceil(points / copies_a_day(results, slots, minutes))


def dearest_night(results: Results) -> Any:
    """The quiet night with the most messages."""
    return max(results["calls"]["nights"], key=lambda night: night["actor"]["messages"])


def hub_night(results: Results) -> Any:
    """The last of the quiet nights of the hub: the one that releases copies of the nights before."""
    return [night for night in results["calls"]["nights"] if night["topology"] == "hub"][-1]


def longest_history(results: Results) -> Any:
    return max(results["large_history"]["histories"], key=lambda each: each["copies"])


def day_of(results: Results, databases: int, retention_days: int) -> Day:
    """One hub with so many databases, a backup of each a day, and one of them in the watched vault."""
    night, history = hub_night(results), longest_history(results)
    chain, sweep, look = night["actor"], night["sweep"], history["look"]
    looks = databases * max(0, retention_days - NEWEST) / WEEK
    small = next(each["again"] for each in results["sweep"]["sizes"] if each["known"] == 1_000)
    of_a_sweep = small["read_units"] + (databases - 1_000) * for_known_points(results)
    return Day(
        messages=databases * chain["messages"] + looks * look["messages"],
        aws_backup_calls=databases * chain["aws_backup_calls"]
        + looks * look["aws_backup_calls"]
        + SWEEPS_A_DAY * sweep["aws_backup_calls"],
        kms_calls=databases * night["actor_itemised"]["kms:DescribeKey"]
        + looks * history["look_itemised"].get("kms:DescribeKey", 0),
        read_units=databases * chain["read_units"] + looks * look["read_units"] + SWEEPS_A_DAY * of_a_sweep,
        write_units=databases * chain["write_units"]
        + looks * look["write_units"]
        + SWEEPS_A_DAY * sweep["write_units"],
    )


def table_gib(results: Results, databases: int, retention_days: int) -> float:
    """The chains and claims of all copies, without indexes."""
    history = longest_history(results)
    return float(databases * retention_days * (history["chain_bytes"] + history["claim_bytes"]) / 2**30)
