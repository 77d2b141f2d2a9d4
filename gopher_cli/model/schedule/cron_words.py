"""When something recurs, in plain English: ``every day at 03:00, Europe/Berlin``. Pure.

Two that differ in any instant never get the same sentence. Where no sentence would be plain, the expression
itself stands there.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from gopher_cli.model.schedule.cron import Cron
from gopher_cli.model.schedule.cron_fields import DAY_OF_MONTH, DAY_OF_WEEK, MONTH, Values
from gopher_cli.model.text.humanize import and_list, clock, plural

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)  # fmt: skip
_WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_FEW = 6  # more are no sentence that anybody reads
_DAY, _WEEK = 86_400, 7 * 86_400
_THURSDAY = 4  # 1970-01-01


def describe(cron: Cron) -> str:
    """When it runs, with its time zone; without one where that is UTC and it runs in every hour alike."""
    zone, days = cron.zone.key, _days(cron)
    times = _of_hours(cron) if cron.elapsed else _times(cron.times)
    if days is None or not times:
        return f"{_expression(cron)}, {zone}"
    if not cron.elapsed:
        return f"{days or 'every day'}{times}, {zone}"
    words = f"{days}, {times}" if days else times
    alike = not days and len(cron.hours) == 24 and (zone == "UTC" or len(cron.minutes) == 60)
    return words if alike else f"{words}, {zone}"


def describe_every(every_s: int, offset_s: int = 0) -> str:
    """When an interval runs: at multiples of ``every_s`` since 1970, ``offset_s`` later. Whole seconds."""
    days, rest = divmod(offset_s, _DAY)
    minute, second = divmod(offset_s, 60)
    if every_s % _WEEK == 0 and days < 7:
        weekday = _WEEKDAYS[(days + _THURSDAY) % 7]
        weeks = weekday if every_s == _WEEK else f"{_duration(every_s)} on {weekday}"
        return f"every {weeks} at {_clock_of(rest)}, UTC"
    if every_s % _DAY == 0 and not days:
        return f"every {_duration(every_s)} at {_clock_of(rest)}, UTC"
    if not offset_s:
        return f"every {_duration(every_s)}"
    if 3600 % every_s == 0 and 3600 // every_s <= _FEW and not second:
        return _at_minutes(range(minute, 60, every_s // 60)) + " of every hour"
    if _DAY % every_s == 0 and every_s > 3600:
        return f"every {_duration(every_s)} from {_clock_of(offset_s)} on, UTC"
    return f"every {_duration(every_s)}, with an offset of {_duration(offset_s, counted=True)}"


def _duration(seconds: int, *, counted: bool = False) -> str:
    """In the largest unit that divides it: ``90 minutes``; one of it without its number, unless counted."""
    units = (("week", _WEEK), ("day", _DAY), ("hour", 3600), ("minute", 60), ("second", 1))
    name, size = next((name, size) for name, size in units if seconds % size == 0)
    count = seconds // size
    return plural(count, name) if count > 1 or counted else name


def _clock_of(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    return clock(minutes) + (f":{rest:02}" if rest else "")


def _expression(cron: Cron) -> str:
    """As it was written, with numbers for an ``H``: they differ from one schedule to another."""
    months, days, weekdays, _ = cron.days
    fields = (cron.minutes, cron.hours, days.numbers, months.numbers, weekdays.numbers)
    words = zip(cron.text.split(), fields, strict=True)
    return " ".join(",".join(map(str, some)) if word[0] in "Hh" else word for word, some in words)


# Hours with a star: minutes of each


def _of_hours(cron: Cron) -> str:
    """Empty where that is no plain sentence."""
    step, every = 24 // len(cron.hours), 60 // len(cron.minutes)
    if cron.hours != tuple(range(0, 24, step)) or step > 12:
        return ""
    if cron.minutes == (0,):
        return "every hour" if step == 1 else f"every {step} hours"
    if step == 1 and every <= 30 and cron.minutes == tuple(range(0, 60, every)):
        return "every minute" if every == 1 else f"every {every} minutes"
    if len(cron.minutes) > _FEW:
        return ""
    minutes = _at_minutes(cron.minutes)
    return f"{minutes} of every hour" if step == 1 else f"every {step} hours, {minutes}"


def _at_minutes(minutes: Sequence[int]) -> str:
    return (
        f"at {'minute' if len(minutes) == 1 else 'minutes'} {and_list([str(minute) for minute in minutes])}"
    )


# Other hours: times of the day


def _times(times: Sequence[int]) -> str:
    """Empty where that is no plain sentence."""
    steps = {later - time for time, later in pairwise(times)}
    if len(steps) == 1 and len(times) >= _FEW - 1:
        every = _duration(60 * steps.pop())
        return f", every {every} from {clock(times[0])} to {clock(times[-1])}"
    return f" at {and_list([clock(time) for time in times])}" if len(times) <= _FEW else ""


# Days


def _days(cron: Cron) -> str | None:
    """Empty for all days, None where that is no plain sentence."""
    days = cron.days
    months = _months(days.months.numbers)
    any_day, any_weekday = _is_all(days.days, DAY_OF_MONTH.size), _is_all(days.weekdays, DAY_OF_WEEK.size)
    if (any_day and any_weekday) or (days.either and (any_day or any_weekday)):
        return months and f"every day {months}"
    if any_weekday:
        return _of_month(days.days, days.months.numbers)
    weekdays = _of_week(days.weekdays, days.months.numbers)
    if any_day:
        return weekdays
    in_month = _of_month(days.days, days.months.numbers)
    # One of both is enough. A star in one of them says that both are needed: no sentence would be plain.
    plain = days.either and not months and in_month and weekdays
    return f"{in_month} and {weekdays}" if plain else None


def _is_all(values: Values, size: int) -> bool:
    return len(values.numbers) == size


def _months(months: Sequence[int]) -> str:
    """Empty for all of them."""
    if len(months) == MONTH.size:
        return ""
    names = _named(months, _MONTHS, 1)
    return f"from {names}" if " to " in names else f"in {names}"


def _of_months(months: Sequence[int]) -> str:
    words = _months(months)
    return (
        "of each month"
        if not words
        else f"of {words[3:]}"
        if words.startswith("in ")
        else f"of each month {words}"
    )


def _of_month(days: Values, months: Sequence[int]) -> str | None:
    for name, alternate in (("odd", range(1, 32, 2)), ("even", range(2, 31, 2))):
        if days.numbers == tuple(alternate) and not days.last:
            return f"on {name} days {_of_months(months)}"
    if len(days.numbers) > _FEW and not _is_run(days.numbers):
        return None
    names = [f"the {_ordinal(day)}" for day in days.numbers]
    if len(names) > 2 and _is_run(days.numbers):
        names = [f"the {_ordinal(days.numbers[0])} to the {_ordinal(days.numbers[-1])}"]
    rare = len(days.numbers) == 1 and days.numbers[0] > 28 and not days.last and len(months) == MONTH.size
    names += ["the last day"] if days.last else []
    return f"on {and_list(names)} {_of_months(months)}{' that has one' if rare else ''}"


def _of_week(weekdays: Values, months: Sequence[int]) -> str | None:
    if weekdays.nth:
        names = [
            f"the {_ordinal(which) if which else 'last'} {_WEEKDAYS[day]}" for day, which in weekdays.nth
        ]
        return f"on {and_list(names)} {_of_months(months)}" if len(names) <= _FEW else None
    words = _named(weekdays.numbers, _WEEKDAYS, 0)
    words = f"every {words}" if len(weekdays.numbers) == 1 else words
    return f"{words} {_months(months)}".rstrip()


def _named(numbers: Sequence[int], names: Sequence[str], least: int) -> str:
    """``Monday to Friday``, also over the end; or all of them. A week begins on Monday."""
    size = len(names)
    starts = [number for number in numbers if (number - 1 - least) % size + least not in numbers]
    if len(starts) == 1 and len(numbers) > 2:
        last = (starts[0] - least + len(numbers) - 1) % size
        return f"{names[starts[0] - least]} to {names[last]}"
    if names is _WEEKDAYS:
        numbers = sorted(numbers, key=lambda number: (number - 1) % 7)
    return and_list([names[number - least] for number in numbers])


def _is_run(numbers: Sequence[int]) -> bool:
    return bool(numbers) and numbers[-1] - numbers[0] == len(numbers) - 1


def _ordinal(number: int) -> str:
    ending = "th" if number in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
