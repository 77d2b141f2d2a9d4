"""Cron expressions: which instants one means in a time zone, forwards and backwards. Pure.

croniter parses the fields. The walk over instants is ours, because of what happens where clocks change:
see ``Cron``.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import takewhile
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

FIELDS = ("minute", "hour", "day of month", "month", "day of week")
_LONGEST = 200  # characters
_HORIZON = 41  # years: in 40 of them every date falls on every day of the week, also around 2100
_LARGEST_GAP = timedelta(hours=3)  # longer ones are days that a country has left out
_DAY = timedelta(days=1)


class _Days(NamedTuple):
    """Which days match. ``nth``: for a day of the week (0 is Sunday) which ones in a month, or "l"."""

    months: frozenset[int]
    days: frozenset[int | str] | None
    weekdays: frozenset[int] | None
    nth: dict[int, frozenset[int | str]]
    either: bool  # days and weekdays are both restricted: one of them is enough

    def match(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        in_month = self.days is None or self._in_month(day, self.days)
        in_week = self.weekdays is None or self._in_week(day, self.weekdays)
        return in_month or in_week if self.either else in_month and in_week

    def _in_month(self, day: date, days: frozenset[int | str]) -> bool:
        return day.day in days or ("l" in days and day.day == _length(day))

    def _in_week(self, day: date, weekdays: frozenset[int]) -> bool:
        weekday = day.isoweekday() % 7
        if weekday not in weekdays or weekday not in self.nth:
            return weekday in weekdays
        which = self.nth[weekday]
        return (day.day + 6) // 7 in which or ("l" in which and day.day + 7 > _length(day))


@dataclass(frozen=True, slots=True)
class Cron:
    """An expression of five fields in a time zone. Instants are seconds since 1970.

    Where clocks change, the hour field decides. With a ``*`` in it, elapsed time counts: an hour that comes
    twice counts twice, and nothing stands for one that is missing. Else a local time means one run a day:
    one that comes twice is meant the first time, one that does not exist at the end of its gap.
    """

    text: str = field(compare=False)
    zone: ZoneInfo
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: _Days
    elapsed: bool

    def after(self, instant: float) -> int | None:
        """The first instant later than this one; None where there is none in forty years."""
        return self._nearest(instant, 1, lambda found: found > instant, min)

    def before(self, instant: float) -> int | None:
        """The last instant earlier than this one; None where there is none in forty years."""
        return self._nearest(instant, -1, lambda found: found < instant, max)

    def between(self, first: float, last: float) -> Iterator[int]:
        """All instants later than the first, and not later than the last, in order."""
        latest = first
        for day in takewhile(lambda day: day <= _date(last, self.zone) + _DAY, self._dates(first, 1)):
            for instant in self.on(day):
                if latest < instant <= last:
                    latest = instant
                    yield instant

    def count(self, first: float, last: float) -> int:
        """How many instants are later than the first, and not later than the last."""
        return sum(1 for _ in self.between(first, last))

    def on(self, day: date) -> list[int]:
        """The instants of a local date, in order."""
        if not self.days.match(day):
            return []
        if (offset := self._only_offset(day)) is not None:
            midnight = round((datetime.combine(day, time(), UTC) - offset).timestamp())
            return [midnight + 3600 * hour + 60 * minute for hour in self.hours for minute in self.minutes]
        times = [time(hour, minute) for hour in self.hours for minute in self.minutes]
        meant = self._each_time if self.elapsed else self._once
        return sorted({instant for at in times for instant in meant(datetime.combine(day, at))})

    def _nearest(
        self,
        instant: float,
        step: int,
        counts: Callable[[int], bool],
        pick: Callable[[list[int]], int],
    ) -> int | None:
        """Days from the one before on. The next one counts, too: clocks may go back over midnight."""
        for day in self._dates(instant, step):
            if found := [i for i in self.on(day) if counts(i)]:
                return pick([*found, *(i for i in self.on(day + step * _DAY) if counts(i))])
        return None

    def _dates(self, instant: float, step: int) -> Iterator[date]:
        """Local dates in the order of ``step``, without the months that never match."""
        day = _date(instant, self.zone) - step * _DAY
        last = day.year + step * _HORIZON
        while day.year != last and 1 < day.year < 9999:
            if day.month in self.days.months:
                yield day
                day += step * _DAY
            elif step > 0:
                day = day.replace(day=_length(day)) + _DAY
            else:
                day = day.replace(day=1) - _DAY

    def _only_offset(self, day: date) -> timedelta | None:
        """The offset to UTC of the whole day; None where it changes."""
        ends = [datetime.combine(at, time(), self.zone) for at in (day, day + _DAY)]
        offsets = {end.replace(fold=fold).utcoffset() for end in ends for fold in (0, 1)}
        return offsets.pop() if len(offsets) == 1 else None

    def _each_time(self, local: datetime) -> list[int]:
        """All instants at which clocks there show this."""
        first, second = _instant(local, self.zone, 0), _instant(local, self.zone, 1)
        return sorted({first, second}) if first <= second else []

    def _once(self, local: datetime) -> list[int]:
        """The first instant at which clocks there show this, or the first that they show after it."""
        first, second = _instant(local, self.zone, 0), _instant(local, self.zone, 1)
        if first <= second:
            return [first]
        return [self._end_of_gap(second, first)] if first - second <= _LARGEST_GAP.seconds else []

    def _end_of_gap(self, before: int, after: int) -> int:
        """The instant between these two from which on the offset is that of ``after``."""
        offset = self._offset(after)
        while after - before > 1:
            middle = (before + after) // 2
            before, after = (before, middle) if self._offset(middle) == offset else (middle, after)
        return after

    def _offset(self, instant: int) -> timedelta | None:
        return datetime.fromtimestamp(instant, self.zone).utcoffset()


def parse_cron(text: str, zone: str = "UTC", key: str = "") -> Cron:
    """``key`` scatters what is written ``H``: the same one always means the same instant.

    Raises ValueError, which names the field at fault, also where no date ever matches.
    """
    place = _zone(zone)
    fields = _fields(text)
    expanded, nth = _expanded(fields, key)
    minutes, hours, days, months, weekdays = expanded
    stars = [word.startswith("*") or word == "?" for word in fields]
    found = _Days(
        frozenset(range(1, 13) if months is None else [int(month) for month in months]),
        None if days is None else frozenset(days),
        None if weekdays is None else frozenset(int(weekday) for weekday in weekdays),
        nth,
        either=not stars[2] and not stars[4],
    )
    cron = Cron(
        " ".join(fields),
        place,
        tuple(range(60) if minutes is None else sorted(int(minute) for minute in minutes)),
        tuple(range(24) if hours is None else sorted(int(hour) for hour in hours)),
        found,
        elapsed="*" in fields[1],
    )
    if not any(found.match(date(year, month, day)) for year, month, day in _all_dates(found.months)):
        raise ValueError(f"{cron.text!r} never matches: no date is such a day")
    return cron


_ALIASES = {
    "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *",
}  # fmt: skip
_Expanded = list[int | str] | None
_NAMES = r"[A-Z]{3}"  # of months and days of the week
_TAKES = (
    "0-59", "0-23", "1-31 and L, the last one", "1-12 or JAN-DEC",
    "0-7 or SUN-SAT, MON#2 and L5, the last Friday",
)  # fmt: skip


def _fields(text: str) -> list[str]:
    words = text.split()
    if len(text) > _LONGEST:
        raise ValueError(f"a cron expression has at most {_LONGEST} characters")
    if len(words) == 1 and words[0].startswith("@"):
        if words[0].lower() not in _ALIASES:
            raise ValueError(f"{words[0]!r} is not known; there are {', '.join(_ALIASES)}")
        return _ALIASES[words[0].lower()].split()
    if len(words) in (6, 7):
        raise ValueError(f"{text!r} has {len(words)} fields: seconds are not taken; give an interval of 30s")
    if len(words) != len(FIELDS):
        raise ValueError(f"{text!r} has {len(words)} fields, not five: {', '.join(FIELDS)}")
    return words


def _expanded(fields: list[str], key: str) -> tuple[list[_Expanded], dict[int, frozenset[int | str]]]:
    """Each field's values, None for all of them; and the days of the week that are meant by number."""
    for number, word in enumerate(fields):
        _check(number, word, key)
    values, nth = _expand(" ".join(fields), key)
    return (
        [None if "*" in some else list(some) for some in values],
        {int(day): frozenset(which) for day, which in nth.items()},
    )


def _check(number: int, field: str, key: str) -> None:
    """One field for itself, so that an error names it."""
    alone = ["*"] * len(FIELDS)
    alone[number] = field
    try:
        if "R" in re.sub(_NAMES, "", field.upper()) or (number == 2 and "W" in field.upper()):
            raise ValueError  # croniter knows R, which is another time each day, and passes over W
        _expand(" ".join(alone), key)
    except (ValueError, KeyError, TypeError, IndexError):
        takes = _TAKES[number]
        raise ValueError(f"the {FIELDS[number]} {field!r} is not valid: it takes {takes}") from None


def _expand(text: str, key: str) -> tuple[list[list[int | str]], dict[int, Any]]:
    from croniter import croniter  # late: few commands need it

    values, nth = croniter.expand(
        text, hash_id=key.encode() if "H" in re.sub(_NAMES, "", text.upper()) else None
    )
    return values, nth


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{name!r} is not a time zone here; write it like Europe/Berlin") from None


def _all_dates(months: frozenset[int]) -> Iterator[tuple[int, int, int]]:
    for year in range(2000, 2000 + _HORIZON):
        for month in sorted(months):
            for day in range(1, calendar.monthrange(year, month)[1] + 1):
                yield year, month, day


def _length(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]


def _date(instant: float, zone: ZoneInfo) -> date:
    return datetime.fromtimestamp(instant, zone).date()


def _instant(local: datetime, zone: ZoneInfo, fold: int) -> int:
    return round(local.replace(tzinfo=zone, fold=fold).timestamp())
