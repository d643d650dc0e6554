"""Schedules of backup plans: AWS's six-field cron, minutes first, in a time zone.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html. Lists, ranges, steps and names
are known; L, W and # are refused by name. A time that daylight saving removes is skipped, and a time that comes twice
runs once (https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html; for plans likely).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice
from zoneinfo import ZoneInfo, available_timezones

from backup_simulator.errors import NotModelled, Refused

CRON = re.compile(r"cron\((.*)\)")
Names = dict[str, int]
MONTHS: Names = {"JAN": 1, "FEB": 2, "MAR": 3, "APR": 4, "MAY": 5, "JUN": 6} | {
    "JUL": 7,
    "AUG": 8,
    "SEP": 9,
    "OCT": 10,
    "NOV": 11,
    "DEC": 12,
}
WEEKDAYS: Names = {"SUN": 1, "MON": 2, "TUE": 3, "WED": 4, "THU": 5, "FRI": 6, "SAT": 7}
RANGES: tuple[tuple[int, int, Names], ...] = (
    (0, 59, {}),
    (0, 23, {}),
    (1, 31, {}),
    (1, 12, MONTHS),
    (1, 7, WEEKDAYS),
    (1970, 2199, {}),
)
DAY, WEEKDAY = 2, 4
# The 29th of February comes again after eight years at the latest, around the year 2100.
SEARCHED_YEARS = 9


@dataclass(frozen=True, slots=True)
class Schedule:
    """The moments of a cron expression."""

    zone: ZoneInfo
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    years: frozenset[int]

    @classmethod
    def parse(cls, expression: str, zone: str = "UTC") -> Schedule:
        """Raises Refused for what is no cron expression or no time zone, NotModelled for L, W and #."""
        if zone not in _zones():
            raise Refused("InvalidParameterValueException", f"Invalid time zone: {zone}")
        form = CRON.fullmatch(expression)
        fields = form[1].split() if form else []
        # "?" is in one of the two fields of days, and in no other.
        places = [place for place, text in enumerate(fields) if "?" in text]
        is_known = len(fields) == len(RANGES) and places in ([DAY], [WEEKDAY])
        if not is_known or fields[places[0]] != "?":
            raise Refused("InvalidParameterValueException", f"Invalid schedule expression: {expression}")
        numbers = (_numbers(text, *limits) for text, limits in zip(fields, RANGES, strict=True))
        return cls(ZoneInfo(zone), *numbers)

    def next_after(self, now: datetime) -> datetime | None:
        """The first moment after now; None if the schedule does not run again."""
        wall = self._next_on_the_wall(now.astimezone(self.zone).replace(tzinfo=None))
        while wall is not None:
            moment = wall.replace(tzinfo=self.zone).astimezone(UTC)
            if moment > now and moment.astimezone(self.zone).replace(tzinfo=None) == wall:
                return moment
            wall = self._next_on_the_wall(wall)
        return None

    def runs_after(self, now: datetime) -> Iterator[datetime]:
        """All moments after now."""
        moment = self.next_after(now)
        while moment is not None:
            yield moment
            moment = self.next_after(moment)

    def _next_on_the_wall(self, now: datetime) -> datetime | None:
        """What a clock in the zone shows at the next time; no such moment may exist, or two."""
        for day in self._days_after(now):
            for hour in sorted(each for each in self.hours if each >= day.hour):
                earliest = day.minute if hour == day.hour else 0
                if minutes := [each for each in self.minutes if each >= earliest]:
                    return day.replace(hour=hour, minute=min(minutes))
        return None

    def _days_after(self, now: datetime) -> Iterator[datetime]:
        """The days on which the schedule may run, each from its first possible minute."""
        first = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
        for year in islice(sorted(each for each in self.years if each >= first.year), SEARCHED_YEARS):
            day = max(first, datetime(year, 1, 1))  # noqa: DTZ001 - what a clock on the wall shows
            while day.year == year:
                if self._falls_on(day):
                    yield day
                day = day.replace(hour=0, minute=0) + timedelta(days=1)

    def _falls_on(self, day: datetime) -> bool:
        weekday = day.isoweekday() % 7 + 1
        return day.year in self.years and day.month in self.months and day.day in self.days and weekday in self.weekdays


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones() | {"UTC"})


def _numbers(text: str, low: int, high: int, names: dict[str, int]) -> frozenset[int]:
    found: set[int] = set()
    for part in text.upper().split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        if any(set(each) & set("LW#") for each in (first, last) if each not in names):
            raise NotModelled(f"schedules with {part} are not modelled")
        try:
            if span in ("*", "?"):
                start, stop = low, high
            else:
                start = names.get(first) or _digits(first)
                stop = (names.get(last) or _digits(last)) if last else (high if step else start)
            found |= set(range(start, stop + 1, _digits(step or "1")))
        except ValueError as error:
            raise Refused("InvalidParameterValueException", f"Invalid field in a schedule: {text}") from error
    if not found or min(found) < low or max(found) > high:
        raise Refused("InvalidParameterValueException", f"Invalid field in a schedule: {text}")
    return frozenset(found)


def _digits(text: str) -> int:
    """A number of digits alone: int() also takes signs, blanks and underscores. Raises ValueError."""
    if not (text.isascii() and text.isdecimal()):
        raise ValueError(text)
    return int(text)
