"""Time zones: one by its name, and what the clocks there show on a date. Pure.

A date is its ordinal (``date.toordinal``), an instant is seconds since 1970.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from functools import cache, lru_cache
from importlib import resources
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

DAY = 86_400
_EPOCH = date(1970, 1, 1).toordinal()
_STEP = 6 * 3600  # clocks change at most once in so much time
_LONGEST_GAP = 3 * 3600  # longer ones are days that a country has left out
_LONGEST_NAME = 64
_ELSEWHERE_ANOTHER = frozenset({"localtime", "Factory"})  # each host has its own


class BadZone(ValueError):
    """Not the name of a time zone that is the same on every host."""


class Shown(NamedTuple):
    """A run of local time without a change of clocks: minutes of the date, the last one excluded.

    From ``fresh`` on clocks have not shown the same before. A minute m of it is at ``midnight + 60 * m``.
    """

    first: int
    fresh: int
    end: int
    midnight: int


class Gap(NamedTuple):
    """Minutes of a date that clocks leave out; ``instant`` is the end of the gap."""

    first: int
    end: int
    instant: int


class LocalDay(NamedTuple):
    """A date as clocks show it, in order of instants.

    ``whole`` where they do not change on it: then no instant of another date lies between those of this one.
    """

    shown: tuple[Shown, ...]
    gaps: tuple[Gap, ...]
    whole: bool


def parse_zone(name: str) -> ZoneInfo:
    """Raises BadZone."""
    try:
        if _is_known(name):
            return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        pass  # the file of this host cannot be read
    shown = name if len(name) <= _LONGEST_NAME else name[:_LONGEST_NAME] + "..."
    raise BadZone(f"{shown!r} is not a time zone here; write {_nearest(name)}") from None


def zone_names() -> frozenset[str]:
    """The names of all time zones, also the old ones."""
    return _names_of_package() or _names_of_host()


def _is_known(name: str) -> bool:
    """Looked up in lists, never tried as a path. A walk over this host's files only for names outside."""
    return name in zone_names() or name in _names_of_host()


@cache
def _names_of_package() -> frozenset[str]:
    try:
        names = (resources.files("tzdata") / "zones").read_text(encoding="utf-8").split()
    except (ModuleNotFoundError, OSError):
        return frozenset()  # a distribution may leave the package to the system
    return frozenset(names) - _ELSEWHERE_ANOTHER


@cache
def _names_of_host() -> frozenset[str]:
    return frozenset(available_timezones()) - _ELSEWHERE_ANOTHER


def _nearest(name: str) -> str:
    if name and len(name) <= _LONGEST_NAME:
        import difflib  # late: only for what is wrong

        letters = {known.lower(): known for known in zone_names()}
        for near in difflib.get_close_matches(name.lower(), letters, n=1, cutoff=0.8):
            return f"{letters[near]}, if you mean that"
    return "it like Europe/Berlin"


def ordinal_of(instant: float, zone: ZoneInfo) -> int:
    """The date that clocks show at an instant."""
    return datetime.fromtimestamp(instant, zone).toordinal()


# Asked for the same few days by each schedule of a zone.
@lru_cache(maxsize=8192)
def local_day(zone: ZoneInfo, ordinal: int) -> LocalDay:
    """For dates from the year 2 to 9998."""
    begin = (ordinal - _EPOCH) * DAY
    shown: list[Shown] = []
    gaps: list[Gap] = []
    latest: int | None = None  # the end of what clocks have shown so far, as local seconds
    for start, end, offset in _runs(zone, begin - DAY, begin + 2 * DAY):
        low, high, midnight = start + offset - begin, end + offset - begin, begin - offset
        latest = low if latest is None else latest
        if 0 < low - latest <= _LONGEST_GAP:
            gaps.append(Gap(_minute(latest), _minute(low), start))
        shown.append(Shown(_minute(low), _minute(max(low, latest)), _minute(high), midnight))
        latest = max(latest, high)
    here = tuple(run for run in shown if run.first < run.end)
    missing = tuple(gap for gap in gaps if gap.first < gap.end)
    return LocalDay(here, missing, len(here) == 1 and here[0].first == 0 and here[0].end == 1440)


def _minute(seconds: int) -> int:
    """The first minute of the date that does not begin earlier."""
    return min(max(-(-seconds // 60), 0), 1440)


def _runs(zone: ZoneInfo, first: int, last: int) -> Iterator[tuple[int, int, int]]:
    """Start, end and offset to UTC of each stretch of time without a change."""
    start, offset = first, _offset(zone, first)
    for at in range(first + _STEP, last + 1, _STEP):
        if (other := _offset(zone, at)) != offset:
            change = _change(zone, at - _STEP, at, offset)
            yield start, change, offset
            start, offset = change, other
    yield start, last, offset


def _change(zone: ZoneInfo, before: int, after: int, offset: int) -> int:
    """The first instant later than ``before`` that has not this offset any more."""
    while after - before > 1:
        middle = (before + after) // 2
        before, after = (middle, after) if _offset(zone, middle) == offset else (before, middle)
    return after


def _offset(zone: ZoneInfo, instant: int) -> int:
    offset = datetime.fromtimestamp(instant, zone).utcoffset()
    assert offset is not None  # a zone has one at any instant
    return offset.days * DAY + offset.seconds
