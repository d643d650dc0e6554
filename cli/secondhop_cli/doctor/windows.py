"""Checks that the plans do not start backups in the backup and maintenance windows of the databases.

AWS Backup starts no snapshot of most databases in these windows or in the hour before. The backup job fails
(devguide/troubleshooting; re:Post knowledge-center/backup-coordinates-pitr). resource_types.py has the exempt types.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from secondhop.domain.arn import Site
from secondhop.domain.resource_types import BY_NAME
from secondhop_cli.doctor.context import CheckContext, for_each
from secondhop_cli.doctor.databases_and_plans import Database, Rule, databases, first_hop_rules
from secondhop_cli.doctor.findings import Finding, Outcome

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# EventBridge counts the days of a week from Sunday, 1.
CRON_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
DAY, WEEK, HOUR = 24 * 60, 7 * 24 * 60, 60
CRON = re.compile(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)")
WINDOW = re.compile(r"(?:([a-z]{3}):)?(\d\d):(\d\d)-(?:([a-z]{3}):)?(\d\d):(\d\d)")


@dataclass(frozen=True, slots=True)
class Window:
    """Minutes of a week in UTC in which no snapshot starts, with the hour before."""

    name: str
    said: str
    begins: int
    minutes: int

    def has(self, minute: int) -> bool:
        return (minute - self.begins) % WEEK < self.minutes


def backups_avoid_windows(context: CheckContext) -> Iterator[Outcome]:
    """Check the schedule of each rule that copies against the windows of the databases that it selects."""

    def check(site: Site) -> Iterator[Outcome]:
        for rule in first_hop_rules(context, site):
            starts = start_minutes(rule.schedule, rule.timezone, context.now)
            for database in databases(context, site):
                if BY_NAME[database.resource_type].waits_for_windows and rule.selects(database):
                    yield from _in_a_window(rule, database, starts)

    yield from for_each(context.main_stack.workloads, check)


def _in_a_window(rule: Rule, database: Database, starts: frozenset[int]) -> Iterator[Finding]:
    hit = [each for each in windows_of(database) if any(each.has(start) for start in starts)]
    service = BY_NAME[database.resource_type].cli_service
    for window in {each.name: each for each in hit}.values():
        option = f"--preferred-{window.name}-window"
        kind = "db-cluster" if database.is_cluster else "db-instance"
        yield Finding(
            kind="schedule-in-database-window",
            site=database.site,
            resource=database.arn,
            what=f"The rule {rule.name} of the plan {rule.plan} starts backups at {rule.schedule} {rule.timezone}. "
            f"That is in the {window.name} window of {database.name}, {window.said} UTC, or in the hour before it.",
            fix="Move the window of the database, or the schedule of the plan, so that there is an hour between them.",
            command=f"aws {service} modify-{kind} --region {database.site.region} --{kind}-identifier "
            f"{database.name} {option} {'DDD:HH:MM-DDD:HH:MM' if window.name == 'maintenance' else 'HH:MM-HH:MM'}",
        )


def windows_of(database: Database) -> Iterator[Window]:
    """The daily backup window on each day, and the weekly maintenance window."""
    for name, said in (("backup", database.backup_window), ("maintenance", database.maintenance_window)):
        found = WINDOW.fullmatch(said.strip().lower())
        if found is None:
            continue
        first_day, hour, minute, last_day, end_hour, end_minute = found.groups()
        days = [DAYS.index(first_day)] if first_day in DAYS else range(len(DAYS))
        begins, ends = int(hour) * 60 + int(minute), int(end_hour) * 60 + int(end_minute)
        length = (ends - begins) % DAY
        if first_day in DAYS and last_day in DAYS:
            length = (DAYS.index(last_day) * DAY + ends - DAYS.index(first_day) * DAY - begins) % WEEK
        for day in days:
            yield Window(name, said, (day * DAY + begins - HOUR) % WEEK, length + HOUR)


def start_minutes(schedule: str, timezone: str, now: datetime) -> frozenset[int]:
    """The minutes of a week, in UTC, at which a schedule can start. Empty if it cannot be calculated."""
    found = CRON.fullmatch(schedule.strip())
    try:
        offset = now.astimezone(ZoneInfo(timezone or "Etc/UTC")).utcoffset() or timedelta()
    except (ZoneInfoNotFoundError, ValueError):
        return frozenset()
    if found is None:
        return frozenset()
    minutes, hours, days = _values(found[1], 0, 59), _values(found[2], 0, 23), _days(found[5])
    shift = round(offset / timedelta(minutes=1))
    of_days = {hour * 60 + minute - shift for hour in hours for minute in minutes}
    return frozenset((day * DAY + each) % WEEK for day in days for each in of_days)


def _values(field: str, least: int, most: int) -> set[int]:
    """The values of a field: a number, a list, a range, steps or a wildcard. Empty if it is something else."""
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        if span in ("*", "?"):
            first, last = str(least), str(most)
        elif step and not last:
            last = str(most)
        numbers = (first, last or first, step or "1")
        if not all(each.isdecimal() for each in numbers) or int(numbers[2]) == 0:
            return set()
        found.update(range(int(first), min(int(numbers[1]), most) + 1, int(numbers[2])))
    return found


def _days(field: str) -> set[int]:
    """The days of the week, 0 is Monday. All of them if the field says nothing that is understood."""
    names = {name: str(number) for number, name in enumerate(CRON_DAYS, start=1)}
    text = re.sub(r"[a-z]{3}", lambda name: names.get(name[0], name[0]), field.lower())
    numbers = _values(text, 1, 7)
    return {(number - 2) % 7 for number in numbers} or set(range(7))
