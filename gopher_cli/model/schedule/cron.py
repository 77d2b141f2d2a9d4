"""Cron expressions: which instants one means in a time zone, forwards and backwards. Pure.

croniter expands the fields. The walk over instants is ours, because of what happens where clocks change:
see ``Cron``.
"""

from __future__ import annotations

import calendar
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from itertools import chain, takewhile
from math import ceil, floor
from typing import NamedTuple
from zoneinfo import ZoneInfo

from gopher_cli.model.schedule.cron_fields import FIELDS, Values, parse_field, split_fields
from gopher_cli.model.schedule.zone import local_day, ordinal_of, parse_zone

_HORIZON = 41 * 12  # months: in 40 years every date falls on every day of the week, also around 2100
_FIRST, _LAST = -60_000_000_000, 250_000_000_000  # in the years 68 and 9892: there are dates beyond


class _Days(NamedTuple):
    """Which days match. ``either``: both are restricted, so that one of them is enough."""

    months: Values
    days: Values
    weekdays: Values
    either: bool

    def of(self, year: int, month: int) -> tuple[int, ...]:
        if month not in self.months.numbers:
            return ()
        return _matching(self, *calendar.monthrange(year, month))

    def match(self, day: date) -> bool:
        return day.day in self.of(day.year, day.month)


# There are 28 shapes of a month.
@lru_cache(maxsize=8192)
def _matching(days: _Days, first: int, length: int) -> tuple[int, ...]:
    """Days of a month that begins on this weekday (0 is Monday)."""

    def match(day: int) -> bool:
        in_month = day in days.days.numbers or (days.days.last and day == length)
        weekday = (first + day) % 7  # 0 is Sunday
        in_week = weekday in days.weekdays.numbers or any(
            weekday == nth and (day + 7 > length if not which else (day + 6) // 7 == which)
            for nth, which in days.weekdays.nth
        )
        return in_month or in_week if days.either else in_month and in_week

    return tuple(day for day in range(1, length + 1) if match(day))


@dataclass(frozen=True, slots=True)
class Cron:
    """An expression of five fields in a time zone. Instants are seconds since 1970.

    Where clocks change, the hour field decides. With a ``*`` in it, elapsed time counts: an hour that comes
    twice counts twice, and nothing stands for one that is missing. Else a local time means one run a day:
    one that comes twice is meant the first time, one that does not exist at the end of its gap. A gap
    longer than three hours is a day that a country has left out: nothing stands for it.
    """

    text: str = field(compare=False)
    zone: ZoneInfo
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: _Days
    elapsed: bool
    times: array[int] = field(compare=False, repr=False)  # minutes of the day

    def after(self, instant: float) -> int | None:
        """The first instant later than this one; None where there is none in forty years."""
        return self._nearest(instant, 1, self._first, min)

    def before(self, instant: float) -> int | None:
        """The last instant earlier than this one; None where there is none in forty years."""
        return self._nearest(instant, -1, self._last, max)

    def between(self, first: float, last: float) -> Iterator[int]:
        """All instants later than the first, and not later than the last, in order."""
        return chain.from_iterable(self._pieces(first, last))

    def count(self, first: float, last: float) -> int:
        """How many instants are later than the first, and not later than the last."""
        if not _FIRST <= first < (last := min(last, _LAST)):
            return 0
        first, last = floor(first), floor(last)
        begin, end = (ordinal_of(instant, self.zone) for instant in (first, last))
        days = self.ordinals(begin - 1, months=(end - begin) // 28 + 3)
        whole, others = 0, set[int]()
        for day in takewhile(lambda day: day <= end + 1, days):
            if self._is_apart(day):
                whole += sum(self._span(run, first, last) for run in self._runs(day))
            else:
                instants = self.on(date.fromordinal(day))
                others.update(instants[bisect_right(instants, first) : bisect_right(instants, last)])
        return whole + len(others)

    def on(self, day: date) -> list[int]:
        """The instants of a local date, in order."""
        if not self.days.match(day):
            return []
        runs = self._runs(day.toordinal())
        instants = [origin + 60 * time for origin, low, high in runs for time in self.times[low:high]]
        return instants if len(runs) == 1 else sorted(set(instants))

    def ordinals(self, start: int, step: int = 1, months: int = _HORIZON) -> Iterator[int]:
        """Matching dates from this one on, forwards or (-1) backwards, for forty years or so many months."""
        day = date.fromordinal(start)
        first = day.year * 12 + day.month - 1
        for month in range(first, first + step * months, step):
            year, month = month // 12, month % 12 + 1
            if days := self.days.of(year, month):
                before = date(year, month, 1).toordinal() - 1
                yield from (before + d for d in days[::step] if (before + d - start) * step >= 0)

    def _pieces(self, first: float, last: float) -> Iterator[list[int]]:
        """Instants in order: those of a date together, but one by one where clocks change."""
        latest = first
        while (instant := self.after(latest)) is not None and instant <= last:
            day = ordinal_of(instant, self.zone)
            pieces = [instant]
            if self._is_apart(day):
                pieces = self.on(date.fromordinal(day))
                pieces = pieces[bisect_left(pieces, instant) : bisect_right(pieces, last)]
            yield pieces
            latest = pieces[-1]

    def _is_apart(self, ordinal: int) -> bool:
        """Its instants follow each other, and none of them is that of another date, too: an end of a gap."""
        return local_day(self.zone, ordinal).whole and local_day(self.zone, ordinal - 1).whole

    def _nearest(
        self,
        instant: float,
        step: int,
        of_day: Callable[[int, int], int | None],
        pick: Callable[[int, int], int],
    ) -> int | None:
        """From the day before on, and one day further where clocks change: they may go back over midnight."""
        if not _FIRST <= instant <= _LAST:
            return None
        instant = floor(instant) if step > 0 else ceil(instant)  # exact where floats are not
        best: int | None = None
        for day in self.ordinals(ordinal_of(instant, self.zone) - step, step):
            instants = of_day(day, instant)
            if best is not None:
                return best if instants is None else pick(best, instants)
            if instants is not None and local_day(self.zone, day).whole:
                return instants
            best = instants
        return best

    def _runs(self, ordinal: int) -> list[tuple[int, int, int]]:
        """(origin, low, high): ``origin + 60 * time`` is an instant for each of ``times[low:high]``."""
        day, times = local_day(self.zone, ordinal), self.times
        runs = [
            (
                run.midnight,
                bisect_left(times, run.first if self.elapsed else run.fresh),
                bisect_left(times, run.end),
            )
            for run in day.shown
        ]
        for gap in () if self.elapsed else day.gaps:
            at = bisect_left(times, gap.first)
            if at < bisect_left(times, gap.end):
                runs.append((gap.instant - 60 * times[at], at, at + 1))
        return [(origin, low, high) for origin, low, high in runs if low < high]

    def _span(self, run: tuple[int, int, int], first: int, last: int) -> int:
        """How many instants of a run are later than the first, and not later than the last."""
        origin, low, high = run
        begin, end = (bisect_left(self.times, (at - origin) // 60 + 1, low, high) for at in (first, last))
        return end - begin

    def _first(self, ordinal: int, instant: int) -> int | None:
        """The first instant of a date that is later than this one."""
        days = []
        for origin, low, high in self._runs(ordinal):
            at = bisect_left(self.times, (instant - origin) // 60 + 1, low, high)
            if at < high:
                days.append(origin + 60 * self.times[at])
        return min(days, default=None)

    def _last(self, ordinal: int, instant: int) -> int | None:
        """The last instant of a date that is earlier than this one."""
        days = []
        for origin, low, high in self._runs(ordinal):
            at = bisect_left(self.times, -((origin - instant) // 60), low, high)
            if at > low:
                days.append(origin + 60 * self.times[at - 1])
        return max(days, default=None)


def parse_cron(text: str, zone: str = "UTC", key: str = "") -> Cron:
    """``key`` scatters what is written ``H``: the same one always means the same instant.

    Raises ValueError, which names the field at fault, also where no date ever matches.
    """
    return _parse_cron(text, zone, key)


# A supervisor asks for the same ones each time it ticks.
@lru_cache(maxsize=2048)
def _parse_cron(text: str, zone: str, key: str) -> Cron:
    place = parse_zone(zone)
    words = split_fields(text)
    minutes, hours, days, months, weekdays = (
        parse_field(kind, word, key) for kind, word in zip(FIELDS, words, strict=True)
    )
    stars = [word.startswith("*") or word == "?" for word in words]
    rule = _Days(months, days, weekdays, either=not stars[2] and not stars[4])
    if not _ever(rule):
        raise ValueError(f"{' '.join(words)!r} never matches: no date is such a day")
    return Cron(
        text=" ".join(words),
        zone=place,
        minutes=minutes.numbers,
        hours=hours.numbers,
        days=rule,
        elapsed="*" in words[1],
        times=array("H", (60 * hour + minute for hour in hours.numbers for minute in minutes.numbers)),
    )


def _ever(days: _Days) -> bool:
    """In a leap year or another, whatever weekday its months begin on."""
    lengths = {calendar.monthrange(year, month)[1] for year in (2000, 2001) for month in days.months.numbers}
    return any(_matching(days, first, length) for length in lengths for first in range(7))
