"""The rule of cron.py once more, said of minutes: it shares no code with the product.

An expression is read into sets. A walk over every minute of a zone says what clocks show. What they show
for the first time, again, or not at all decides.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import chain, groupby
from operator import itemgetter
from zoneinfo import ZoneInfo

MINUTES = 1440
LONGEST_GAP = 180
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


@cache
def numbers(word: str, least: int, most: int, names: tuple[str, ...] = ()) -> frozenset[int]:
    """The values of a field. A range may pass the end of the field."""
    found: set[int] = set()
    for item in word.split(","):
        body, _, step = item.partition("/")
        ends = [names.index(end) + least if end in names else end for end in body.split("-")]
        if body in ("*", "?"):
            low, high = least, most
        else:
            low, high = int(ends[0]), int(ends[-1])
            high = most if step and len(ends) == 1 else high
        some = range(low, high + 1) if low <= high else [*range(low, most + 1), *range(least, high + 1)]
        found |= set(some[:: int(step or 1)])
    return frozenset(found)


class Rule:
    """An expression as sets of numbers."""

    def __init__(self, text: str) -> None:
        minute, hour, self.day, self.month, self.weekday = text.upper().split()
        self.text = text
        self.elapsed = "*" in hour
        self.either = self.day[0] not in "*?" and self.weekday[0] not in "*?"
        minutes, hours = numbers(minute, 0, 59), numbers(hour, 0, 23)
        self.pattern = bytes(at // 60 in hours and at % 60 in minutes for at in range(MINUTES))

    def matches(self, day: date) -> bool:
        if day.month not in numbers(self.month, 1, 12, MONTHS):
            return False
        by_day, by_weekday = self.in_month(day), self.in_week(day)
        return by_day or by_weekday if self.either else by_day and by_weekday

    def in_month(self, day: date) -> bool:
        last = (day + timedelta(days=1)).day == 1
        items = self.day.split(",")
        rest = ",".join(item for item in items if item != "L")
        return ("L" in items and last) or (rest != "" and day.day in numbers(rest, 1, 31))

    def in_week(self, day: date) -> bool:
        name, number = f"{day:%a}".upper(), int(f"{day:%w}")
        last = (day + timedelta(days=7)).month != day.month
        for item in self.weekday.split(","):
            if "#" in item:
                if item.split("#")[0] in (name, str(number)) and (day.day + 6) // 7 == int(item[-1]):
                    return True
            elif item[0] == "L":
                if int(item[1:]) % 7 == number and last:
                    return True
            elif number in {n % 7 for n in numbers(item, 0, 7 if "7" in item else 6, WEEKDAYS)}:
                return True
        return False


class Walk:
    """Every minute of some days in a zone, as runs of minutes at which clocks stand equally far from UTC."""

    def __init__(self, zone: ZoneInfo, first: date, days: int) -> None:
        midnight = int(datetime.combine(first, datetime.min.time(), UTC).timestamp())
        self.zone, self.begin, self.end = zone, midnight, midnight + days * 86_400
        self.before = first - timedelta(days=3)  # local minutes are counted from here on
        self.local_days = days + 6
        self.runs: list[tuple[int, int]] = []  # (local minute of the first one, length)
        at = midnight - 86_400
        for offset, some in groupby(self.offsets(at), key=itemgetter(0)):
            assert offset % 60 == 0
            length = sum(minutes for _, minutes in some)
            self.runs.append(((at - midnight + offset) // 60 + 3 * MINUTES, length))
            at += 60 * length

    def offsets(self, begin: int) -> Iterator[tuple[int, int]]:
        """How far from UTC clocks stand, and for how many minutes. In no hour do they change twice."""
        for hour in range(begin, self.end, 3600):
            first, last = self.offset(hour), self.offset(hour + 3540)
            if first == last:
                yield first, 60
            else:
                yield from ((self.offset(at), 1) for at in range(hour, hour + 3600, 60))

    def offset(self, at: int) -> int:
        offset = datetime.fromtimestamp(at, self.zone).utcoffset()
        assert offset is not None
        return int(offset.total_seconds())

    def expected(self, rule: Rule) -> bytes:
        """1 for each minute that is meant, from ``begin`` to ``end``."""
        nothing = bytes(MINUTES)
        dates = (self.before + timedelta(days=n) for n in range(self.local_days))
        local = b"".join(rule.pattern if rule.matches(day) else nothing for day in dates)
        meant = bytearray()
        latest = self.runs[0][0]  # the end of what clocks have shown so far
        for start, length in self.runs:
            shown = bytearray(local[start : start + length])
            if not rule.elapsed:
                again = min(max(latest - start, 0), length)
                shown[:again] = bytes(again)
                if 0 < start - latest <= LONGEST_GAP and any(local[latest:start]):
                    shown[0] = 1
            latest = max(latest, start + length)
            meant += shown
        return bytes(meant[MINUTES:])

    def instants(self, rule: Rule) -> list[int]:
        return [self.begin + 60 * n for n, meant in enumerate(self.expected(rule)) if meant]

    def minutes(self, instants: list[int]) -> bytes:
        """What was found, in the form of what is expected."""
        found = bytearray((self.end - self.begin) // 60)
        for instant in instants:
            found[(instant - self.begin) // 60] = 1
        assert not any(instant % 60 for instant in instants)
        return bytes(found)


def changes(zone: ZoneInfo, first: date, days: int) -> Iterator[date]:
    """The days on which clocks change, by UTC."""
    noon = datetime.combine(first, datetime.min.time(), UTC)
    offsets = [(noon + timedelta(days=n)).astimezone(zone).utcoffset() for n in range(days + 1)]
    return (first + timedelta(days=n) for n in range(days) if offsets[n] != offsets[n + 1])


def around(days: list[date]) -> list[date]:
    """The days themselves and their neighbours."""
    return sorted(set(chain.from_iterable((day + timedelta(days=n) for n in (-1, 0, 1)) for day in days)))
