"""What is to be said beside an instant of a cron expression, where clocks change. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import takewhile

from gopher_cli.model.schedule.cron import Cron
from gopher_cli.model.schedule.zone import local_day, ordinal_of
from gopher_cli.model.text.humanize import and_list, clock

_FEW = 4  # more times are named by the first and the last one


def notes_on(cron: Cron, instant: int) -> str:
    """``02:30 does not exist that day: at the end of the gap``; empty for most instants.

    ``instant`` is one of the expression's, in seconds since 1970.
    """
    notes = (*_made_up(cron, instant), *_repeated(cron, instant), *_left_out(cron, instant))
    return "; ".join(notes)


def _made_up(cron: Cron, instant: int) -> Iterator[str]:
    """It stands for times that clocks leave out. Those may be of the date before."""
    day = ordinal_of(instant, cron.zone)
    own = _minute(cron, instant, day)
    for ordinal in () if cron.elapsed else (day - 1, day):
        for gap in local_day(cron.zone, ordinal).gaps:
            times = cron.times[bisect_left(cron.times, gap.first) : bisect_left(cron.times, gap.end)]
            if gap.instant != instant or not times or not cron.days.match(date.fromordinal(ordinal)):
                continue
            ran = f"one run with {clock(own)}" if _is_meant(cron, own, day) else "at the end of the gap"
            once = "once, " if len(times) > 1 and ran.startswith("at") else ""
            yield f"{_missing(times, 'that day' if ordinal == day else _on(ordinal))}: {once}{ran}"


def _repeated(cron: Cron, instant: int) -> Iterator[str]:
    """Clocks show its time twice on its date."""
    day = ordinal_of(instant, cron.zone)
    minute = _minute(cron, instant, day)
    shown = [run for run in local_day(cron.zone, day).shown if run.first <= minute < run.end]
    if len(shown) > 1:
        which = "first" if shown[0].midnight + 60 * minute == instant else "second"
        yield f"{clock(minute)} comes twice that day: the {which} one"


def _left_out(cron: Cron, instant: int) -> Iterator[str]:
    """Dates since the instant before for which nothing stands, because they or their times do not exist."""
    if (before := cron.before(instant)) is None:
        return
    first, last = ordinal_of(before, cron.zone) + 1, ordinal_of(instant, cron.zone)
    for ordinal in takewhile(lambda ordinal: ordinal < last, cron.ordinals(first)):
        if not local_day(cron.zone, ordinal).shown:
            yield f"{date.fromordinal(ordinal)} does not exist there: left out"
        elif not cron.on(date.fromordinal(ordinal)):
            yield f"{_missing(cron.times, _on(ordinal))}: left out"


def _minute(cron: Cron, instant: int, ordinal: int) -> int:
    """The minute of the date that clocks show at an instant."""
    runs = local_day(cron.zone, ordinal).shown
    return next(m for run in runs if run.first <= (m := (instant - run.midnight) // 60) < run.end)


def _is_meant(cron: Cron, minute: int, ordinal: int) -> bool:
    return minute in cron.times and cron.days.match(date.fromordinal(ordinal))


def _missing(times: Sequence[int], when: str) -> str:
    few = and_list([clock(time) for time in times])
    names = few if len(times) <= _FEW else f"{clock(times[0])} to {clock(times[-1])}"
    return f"{names} {'does' if len(times) == 1 else 'do'} not exist {when}"


def _on(ordinal: int) -> str:
    return f"on {date.fromordinal(ordinal)}"
