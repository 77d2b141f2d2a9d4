"""What can be done with rows: choose, group, summarise, dedupe, sort, check. No files, no job."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from gopher_cli.builtin.table_readers import Row
from gopher_cli.model.job.signals import Discard

MAX_GROUPS = 100_000
MAX_SORTED = 1_000_000
MAX_DISTINCT = 10_000
_SHOWN_PROBLEMS = 20

Test = Callable[[Any, Any], bool]


def number_of(value: Any) -> float | None:
    """The number in a cell, whether it came as text or as a number; None for everything else."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def tidy(number: float) -> int | float:
    """3 for 3.0, and no trail of binary digits behind a sum of money."""
    return int(number) if number.is_integer() and abs(number) < 2**53 else round(number, 10)


def matching(rows: Iterable[Row], filters: Mapping[str, Any]) -> Iterator[Row]:
    """The rows that meet every filter: a value, a list of values, or {"gte": 18, "lt": 65}."""
    tests = [(name, *test) for name, expected in filters.items() for test in _tests(name, expected)]
    for row in rows:
        if all(test(row.get(name), expected) for name, test, expected in tests):
            yield row


def grouped(rows: Iterable[Row], by: Sequence[str], sums: Sequence[str]) -> list[Row]:
    """One row per group, in the order of the names: its count, and the sums of these columns."""
    groups: dict[tuple[str, ...], list[float]] = {}
    for number, row in enumerate(rows, 1):
        key = tuple(_text(row.get(name)) for name in by)
        totals = groups.setdefault(key, [0.0] * (len(sums) + 1))
        if len(groups) > MAX_GROUPS:
            raise Discard(f"more than {MAX_GROUPS} groups: group by a column with fewer values")
        totals[0] += 1
        for place, name in enumerate(sums, 1):
            totals[place] += _summand(row, name, number)
    return [
        dict(zip(by, key, strict=True))
        | {"count": int(totals[0])}
        | {name: tidy(total) for name, total in zip(sums, totals[1:], strict=True)}
        for key, totals in sorted(groups.items())
    ]


def unique(rows: Iterable[Row], columns: Sequence[str]) -> Iterator[Row]:
    """The first row of each kind, by these columns or by all of them."""
    seen: set[bytes] = set()
    for row in rows:
        key = [row.get(name) for name in columns] if columns else sorted(row.items())
        digest = hashlib.blake2b(msgspec.json.encode(key), digest_size=16).digest()
        if digest not in seen:
            seen.add(digest)
            yield row


def in_order(rows: Iterable[Row], columns: Sequence[str], *, descending: bool) -> list[Row]:
    """All rows by these columns: empty cells first, then numbers by value, then text."""
    if not columns:
        raise Discard("sort needs columns: the names to sort by")
    kept: list[Row] = []
    for row in rows:
        if len(kept) >= MAX_SORTED:
            raise Discard(f"more than {MAX_SORTED} rows: sort in smaller files")
        kept.append(row)
    kept.sort(key=lambda row: [_rank(row.get(name)) for name in columns], reverse=descending)
    return kept


def problems_of(row: Row, required: Sequence[str]) -> list[str]:
    """The columns that a row has to have and has not."""
    return [name for name in required if row.get(name) in (None, "")]


def checked(rows: Iterable[Row], required: Sequence[str]) -> dict[str, Any]:
    """How many rows have all these columns filled (without names: those of the first row)."""
    examples: list[Row] = []
    valid = count = 0
    for count, row in enumerate(rows, 1):
        required = required or list(row)
        if not (missing := problems_of(row, required)):
            valid += 1
        elif len(examples) < _SHOWN_PROBLEMS:
            examples.append({"row": count, "missing": missing})
    return {"rows": count, "valid": valid, "invalid": count - valid, "problems": examples}


@dataclass(slots=True)
class Column:
    """What is known of one column after all its cells went by."""

    filled: int = 0
    empty: int = 0
    numbers: int = 0
    total: float = 0.0
    least: float = math.inf
    most: float = -math.inf
    distinct: set[str] = field(default_factory=set)

    def see(self, value: Any) -> None:
        if value is None or value == "":
            self.empty += 1
            return
        self.filled += 1
        if len(self.distinct) <= MAX_DISTINCT:
            self.distinct.add(_text(value)[:200])
        if (number := number_of(value)) is not None:
            self.numbers += 1
            self.total += number
            self.least, self.most = min(self.least, number), max(self.most, number)

    def facts(self) -> Row:
        many = len(self.distinct) > MAX_DISTINCT
        facts: Row = {"filled": self.filled, "empty": self.empty}
        facts["distinct"] = f">{MAX_DISTINCT}" if many else len(self.distinct)
        if self.numbers and self.numbers == self.filled:
            facts |= {"min": tidy(self.least), "max": tidy(self.most), "sum": tidy(self.total)}
            facts["mean"] = tidy(self.total / self.numbers)
        return facts


def summary(rows: Iterable[Row], columns: Sequence[str]) -> dict[str, Any]:
    """The number of rows, and the facts of each column."""
    by_name: dict[str, Column] = {name: Column() for name in columns}
    count = 0
    for count, row in enumerate(rows, 1):
        for name in columns or row:
            if name not in by_name:
                by_name[name] = Column(empty=count - 1)
            by_name[name].see(row.get(name))
    for column in by_name.values():
        column.empty = count - column.filled  # rows that lack the column count as empty
    return {"rows": count, "columns": {name: column.facts() for name, column in by_name.items()}}


def _tests(name: str, expected: Any) -> list[tuple[Test, Any]]:
    if isinstance(expected, list):
        return [(_is_in, expected)]
    if not isinstance(expected, dict):
        return [(_equal, expected)]
    for word in expected:
        if word not in _COMPARE:
            raise Discard(f"filter {name!r}: no test {word[:40]!r}: use {', '.join(_COMPARE)}")
    return [(_COMPARE[word], value) for word, value in expected.items()]


def _equal(value: Any, expected: Any) -> bool:
    """1 equals "1" and "1.0": a CSV file knows no types."""
    if value == expected:
        return True
    left, right = number_of(value), number_of(expected)
    if left is not None and right is not None:
        return left == right
    return _text(value) == _text(expected)


def _is_in(value: Any, expected: Any) -> bool:
    return any(_equal(value, item) for item in (expected if isinstance(expected, list) else [expected]))


def _ordered(compare: Callable[[Any, Any], bool]) -> Test:
    def test(value: Any, expected: Any) -> bool:
        left, right = number_of(value), number_of(expected)
        if left is not None and right is not None:
            return compare(left, right)
        # Dates and names compare as text; an empty cell meets no comparison.
        return value not in (None, "") and compare(_text(value), _text(expected))

    return test


_COMPARE: dict[str, Test] = {
    "eq": _equal,
    "ne": lambda value, expected: not _equal(value, expected),
    "gt": _ordered(lambda left, right: left > right),
    "gte": _ordered(lambda left, right: left >= right),
    "lt": _ordered(lambda left, right: left < right),
    "lte": _ordered(lambda left, right: left <= right),
    "in": _is_in,
    "contains": lambda value, expected: _text(expected) in _text(value),
}


def _summand(row: Row, name: str, number: int) -> float:
    value = row.get(name)
    if value is None or value == "":
        return 0.0
    if (found := number_of(value)) is None:
        raise Discard(f"row {number}: {name} is {_text(value)[:40]!r}, which is not a number")
    return found


def _rank(value: Any) -> tuple[int, float, str]:
    if value is None or value == "":
        return 0, 0.0, ""
    number = number_of(value)
    return (1, number, "") if number is not None else (2, 0.0, _text(value))


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
