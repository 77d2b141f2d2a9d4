"""The five fields of a cron expression: what is allowed in them, and the values that they mean. Pure.

The grammar is checked here, strictly; croniter expands what has passed it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from gopher_cli.model.text.humanize import plural

_LONGEST = 200  # characters
_LONGEST_SHOWN = 40

ALIASES = {
    "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *",
}  # fmt: skip


class Field(NamedTuple):
    """``most`` is the greatest value that may be written, ``size`` how many different ones there are."""

    name: str
    least: int
    most: int
    size: int
    names: tuple[str, ...]
    takes: str

    @property
    def last(self) -> int:
        return self.least + self.size - 1


MINUTE = Field("minute", 0, 59, 60, (), "0-59")
HOUR = Field("hour", 0, 23, 24, (), "0-23")
DAY_OF_MONTH = Field("day of month", 1, 31, 31, (), "1-31, and L for the last one")
MONTH = Field(
    "month", 1, 12, 12,
    ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"), "1-12 or JAN-DEC",
)  # fmt: skip
DAY_OF_WEEK = Field(
    "day of week", 0, 7, 7, ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"),
    "0-7 or SUN-SAT, MON#2 for the second Monday of a month, L5 for the last Friday",
)  # fmt: skip
FIELDS = (MINUTE, HOUR, DAY_OF_MONTH, MONTH, DAY_OF_WEEK)


class Values(NamedTuple):
    """Of one field, sorted. ``last``: the last day of a month, too.

    ``nth``: pairs of a day of the week and which one of a month, 1-5, or 0 for the last one.
    """

    numbers: tuple[int, ...]
    last: bool = False
    nth: tuple[tuple[int, int], ...] = ()


def split_fields(text: str) -> list[str]:
    """Five words; an alias like ``@daily`` is replaced. Raises ValueError."""
    if len(text) > _LONGEST:
        raise ValueError(f"a cron expression has at most {_LONGEST} characters")
    words = re.split("[ \t]+", text.strip(" \t\r\n"))
    if len(words) == 1 and words[0].startswith("@"):
        if words[0].lower() not in ALIASES:
            raise ValueError(f"{_cut(words[0])} is not known; there are {', '.join(ALIASES)}")
        return ALIASES[words[0].lower()].split()
    count = len(words) if words[0] else 0
    if count in (6, 7):
        raise ValueError(f"{text!r} has {count} fields: seconds are not taken; give an interval, such as 30s")
    if count != len(FIELDS):
        names = ", ".join(field.name for field in FIELDS)
        raise ValueError(f"{text!r} has {plural(count, 'field')}, not five: {names}")
    return words


def parse_field(field: Field, word: str, key: str) -> Values:
    """``key`` scatters an ``H``. Raises ValueError, which names the field and what it takes."""
    try:
        return _parse(field, word.upper() if word.isascii() else "", key if word[:1] in "Hh" else "")
    except ValueError as error:
        why = str(error) or f"it takes {field.takes}"
        raise ValueError(f"the {field.name} {_cut(word)} is not valid: {why}") from None


def _cut(word: str) -> str:
    return repr(word if len(word) <= _LONGEST_SHOWN else word[:_LONGEST_SHOWN] + "...")


_VALUE = "[0-9]{1,2}|[A-Z]{3}"
_ITEM = re.compile(rf"(?:\*|({_VALUE})(?:-({_VALUE}))?)(?:/([0-9]{{1,2}}))?")
_HASHED = re.compile(r"H(?:\(([0-9]{1,2})-([0-9]{1,2})\))?(?:/([0-9]{1,2}))?")
_NTH = re.compile(rf"({_VALUE})#([1-5])")
_LAST_WEEKDAY = re.compile(r"L([0-7])")


# Most fields of a thousand schedules are alike.
@lru_cache(maxsize=4096)
def _parse(field: Field, word: str, key: str) -> Values:
    if word == "?" and field in (DAY_OF_MONTH, DAY_OF_WEEK):
        word = "*"
    if hashed := _HASHED.fullmatch(word):
        return Values(_expand(field, _hashed(field, *hashed.groups()), key))
    items = word.split(",")
    if field == DAY_OF_WEEK and any("#" in item or item.startswith("L") for item in items):
        return Values((), nth=tuple(sorted({_nth(item) for item in items})))
    plain = [item for item in items if not (field == DAY_OF_MONTH and item == "L")]
    ranges = [_range(field, item) for item in plain]
    numbers = _expand(field, ",".join(ranges), key) if ranges else ()
    return Values(numbers, last=len(plain) < len(items))


def _nth(item: str) -> tuple[int, int]:
    """A day of the week, and which one of the month."""
    if last := _LAST_WEEKDAY.fullmatch(item):
        return int(last[1]) % 7, 0
    if not (match := _NTH.fullmatch(item)):
        raise ValueError("MON#2 and L5 do not go together with others" if _ITEM.fullmatch(item) else "")
    return _value(DAY_OF_WEEK, match[1]) % 7, int(match[2])


def _range(field: Field, item: str) -> str:
    """An item as a range of numbers for croniter, in the one form that means the same in all versions."""
    if not (match := _ITEM.fullmatch(item)):
        raise ValueError("a value of the schedule's own is written H(0-30)" if "~" in item else "")
    low, high, step = match.groups()
    _check_step(field, step)
    if low is None:
        return item
    first = _value(field, low)
    last = _value(field, high) if high else max(first, field.last) if step else first
    if first == last:
        return str(first)  # croniter takes 5-5 for all of them
    if first > last and (step or field == DAY_OF_MONTH):
        raise ValueError(f"{item} ends before it begins")
    return f"{first}-{last}" + (f"/{step}" if step else "")


def _hashed(field: Field, low: str | None, high: str | None, step: str | None) -> str:
    _check_step(field, step)
    if low and high and not field.least <= int(low) < int(high) <= field.last:
        raise ValueError
    # Not the 29th to the 31st, unless somebody writes so: not all months have them.
    inside = f"({low}-{high})" if low else "(1-28)" if field == DAY_OF_MONTH and not step else ""
    return f"H{inside}" + (f"/{step}" if step else "")


def _check_step(field: Field, step: str | None) -> None:
    if step and not int(step):
        raise ValueError("a step is 1 or more")
    if step and int(step) > field.size:
        raise ValueError(f"a step of {int(step)} passes the end of the field; give an interval instead")


def _value(field: Field, written: str) -> int:
    if written in field.names:
        return field.names.index(written) + field.least
    if not written.isdecimal() or not field.least <= int(written) <= field.most:
        raise ValueError
    return int(written)


def _expand(field: Field, word: str, key: str) -> tuple[int, ...]:
    """All values of a field that has passed the grammar."""
    from croniter import croniter  # late: few commands need it

    words = ["*"] * len(FIELDS)
    words[FIELDS.index(field)] = word
    values = croniter.expand(" ".join(words), hash_id=key.encode() if "H" in word else None)[0]
    own = values[FIELDS.index(field)]
    return tuple(range(field.least, field.last + 1)) if "*" in own else tuple(sorted(own))
