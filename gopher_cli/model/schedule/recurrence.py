"""When something recurs: by a cron expression in a time zone, or at an interval. Pure.

Instants are whole seconds since 1970.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from math import inf, isfinite
from typing import Any, Protocol

import msgspec

from gopher_cli.model.errors import Usage
from gopher_cli.model.hints import PREVIEW, Hint
from gopher_cli.model.job.value_checks import check_seconds, check_text, shown
from gopher_cli.model.schedule.interval import Interval

_LONGEST = 10 * 366 * 86_400  # seconds of an interval
_MOST_RUNS = 10**9


class BadSchedule(Usage):
    """A schedule that makes no sense; ``field`` is the one at fault."""

    exit_code = 65

    def __init__(self, field: str, message: str, hint: str | Hint = "") -> None:
        super().__init__(message, hint)
        self.field = field


class Instants(Protocol):
    """Cron, or Interval."""

    def after(self, instant: float) -> int | None: ...
    def before(self, instant: float) -> int | None: ...
    def between(self, first: float, last: float) -> Iterator[int]: ...
    def count(self, first: float, last: float) -> int: ...


class Recurrence(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A cron expression in a time zone, or an interval (s) on the grid of its multiples since 1970.

    ``start`` and ``until`` (epoch s) are the first and the last moment that count; ``times`` is how many runs
    there are at most (0: no limit); ``jitter`` (s) is by how much a job may be due later than its instant.
    """

    cron: str = ""
    tz: str = ""
    every: int = 0
    offset: int = 0
    start: float = 0.0
    until: float = 0.0
    times: int = 0
    jitter: float = 0.0

    def instants(self, key: str = "") -> Instants:
        """``key`` scatters an ``H``. Raises ValueError for what cannot be read, or is not known here."""
        return _instants(self.cron, self.tz, self.every, self.offset, key)

    def first_after(self, moment: float, key: str = "") -> int | None:
        """The first instant that counts and is later than this moment; None where there is none."""
        instant = self.instants(key).after(max(moment, self.start - 1e-3))
        return instant if instant is not None and instant <= (self.until or inf) else None


@lru_cache(maxsize=4096)
def _instants(cron: str, tz: str, every: int, offset: int, key: str) -> Instants:
    if every:
        return Interval(every, offset)
    from gopher_cli.model.schedule.cron import parse_cron  # late: few commands read one

    return parse_cron(cron, tz or "UTC", key)


def compact(instant: float) -> str:
    """An instant in UTC as it stands in ids: 20260101T030000Z."""
    return datetime.fromtimestamp(instant, UTC).strftime("%Y%m%dT%H%M%SZ")


def make_recurrence(
    *,
    cron: str | None = None,
    tz: str | None = None,
    every: float | None = None,
    offset: float | None = None,
    start: float | None = None,
    until: float | None = None,
    times: int | None = None,
    jitter: float | None = None,
    key: str = "",
) -> Recurrence:
    """A checked recurrence; None is not given. ``key`` scatters an ``H``. Raises BadSchedule."""
    if (cron is None) == (every is None):
        field = "cron" if cron is None else "every"
        raise BadSchedule(field, "a schedule has a cron expression or an interval", "give one of them")
    made = Recurrence(
        cron="" if cron is None else " ".join(_text("cron", cron).split()),
        tz=_zone(cron, tz),
        every=0 if every is None else whole("every", every, 1, _LONGEST),
        offset=_offset(every, offset),
        start=0.0 if start is None else seconds("from", start),
        until=0.0 if until is None else seconds("until", until),
        times=0 if times is None else whole("times", times, 1, _MOST_RUNS),
        jitter=0.0 if jitter is None else seconds("jitter", jitter),
    )
    if made.until and made.until < made.start:
        raise BadSchedule("until", "until is before from", "give a later until, or leave it out")
    try:
        made.instants(key)
    except ValueError as error:
        from gopher_cli.model.schedule.zone import BadZone  # late, as is all that knows time zones

        field = "tz" if isinstance(error, BadZone) else "cron"
        hint = (
            PREVIEW.put("gopher schedule next --cron EXPRESSION shows what an expression means")
            if cron
            else ""
        )
        raise BadSchedule(field, str(error), hint) from None
    return made


def _zone(cron: str | None, tz: str | None) -> str:
    if tz is None:
        return "" if cron is None else "UTC"
    if cron is None:
        raise BadSchedule("tz", "an interval has no time zone", "leave tz out, or give a cron expression")
    return _text("tz", tz)


def _offset(every: float | None, offset: float | None) -> int:
    if offset is None:
        return 0
    if every is None:
        raise BadSchedule("offset", "a cron expression has no offset", "leave it out, or give an interval")
    return whole("offset", offset, 0, whole("every", every, 1, _LONGEST) - 1)


def _text(field: str, value: Any) -> str:
    try:
        return check_text(field, value)
    except Usage as error:
        raise BadSchedule(field, str(error), error.hint) from None


def seconds(field: str, value: Any) -> float:
    """Raises BadSchedule for what is not a number of seconds."""
    try:
        return check_seconds(field, value)
    except Usage as error:
        raise BadSchedule(field, str(error), error.hint) from None


def whole(field: str, value: Any, least: int, most: int) -> int:
    """Raises BadSchedule for what is not a whole number between these."""
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    number = is_whole or (isinstance(value, float) and isfinite(value))  # isfinite takes no int of any size
    if not number or value != int(value) or not least <= value <= most:
        raise BadSchedule(field, f"{field} is a whole number from {least} to {most}, not {shown(value)}")
    return int(value)
