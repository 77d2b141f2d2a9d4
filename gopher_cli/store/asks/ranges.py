"""Reading a place from one job to the next, by score and id: no rank that others could shift. No I/O."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from gopher_cli.store.asks.ask import Ask, Command
from gopher_cli.store.calls.call import text
from gopher_cli.store.keyspace import PLACES, READY, Keys

Standing = tuple[str, float]  # an id and its score
_BAND = 1e13  # the scores of one priority in a line (keyspace.py)
_FIRST_BAND = dict(zip(READY, (0, 4, 7), strict=True))
_LAST_BAND = dict(zip(READY, (3, 6, 10), strict=True))


@dataclass(frozen=True, slots=True)
class Range:
    """A part of a place in which jobs stand by time: a line has one for each priority."""

    keys: Keys
    place: str
    low: str = "-inf"
    high: str = "+inf"

    @property
    def name(self) -> str:
        """What tells it from the others of its queue, for as long as a list is read."""
        return f"{list(PLACES).index(self.place)}{'/' + self.low if self.place in READY else ''}"


class Mark(msgspec.Struct, frozen=True, array_like=True):
    """How far a stretch was read: through this job, or without an id through all of this score."""

    score: float
    id: str = ""

    def is_before(self, standing: Standing, *, newest: bool) -> bool:
        """Whether a job stands behind the mark, in the order of reading."""
        id, score = standing
        if score != self.score:
            return score < self.score if newest else score > self.score
        if not self.id:
            return False
        mine, other = self.id.encode(), id.encode()
        return other < mine if newest else other > mine


def stretches_of(keys: Keys, places: Sequence[str]) -> Iterator[Range]:
    for place in places:
        if place not in READY:
            yield Range(keys, place)
            continue
        for band in range(_FIRST_BAND[place], _LAST_BAND[place] + 1):
            low = "-inf" if band == _FIRST_BAND[place] else f"{band * _BAND:.0f}"
            high = "+inf" if band == _LAST_BAND[place] else f"({(band + 1) * _BAND:.0f}"
            yield Range(keys, place, low, high)


def sizes(all_keys: Sequence[Keys], places: Sequence[str]) -> Ask[list[dict[str, int]]]:
    """How many jobs stand in each of these places, queue by queue."""
    commands: list[Command] = [("ZCARD", keys[place]) for keys in all_keys for place in places]
    width = len(places)

    def answer(raw: list[Any]) -> list[dict[str, int]]:
        rows = [raw[start : start + width] for start in range(0, len(raw), width or 1)]
        return [dict(zip(places, map(int, row), strict=True)) for row in rows]

    return Ask(commands, answer)


def read(
    ranges: Sequence[tuple[Range, Mark | None, int]], count: int, *, newest: bool
) -> Ask[list[list[Standing]]]:
    """The next jobs of each stretch behind its mark; the number is how many of the mark's own score to
    skip."""
    commands: list[Command] = [_range(*range, count, newest=newest) for range in ranges]
    return Ask(commands, lambda raw: [_standings(rows) for rows in raw])


def edges(stretch: Range, mark: Mark | None, *, newest: bool) -> tuple[str, str]:
    """The scores between which the jobs behind a mark stand, and those of the mark's own score."""
    low, high = stretch.low, stretch.high
    if mark is not None:
        edge = ("" if mark.id else "(") + number(mark.score)
        low, high = (low, edge) if newest else (edge, high)
    return low, high


def _range(stretch: Range, mark: Mark | None, skip: int, count: int, *, newest: bool) -> Command:
    low, high = edges(stretch, mark, newest=newest)
    key = stretch.keys[stretch.place]
    if newest:
        return ("ZREVRANGEBYSCORE", key, high, low, "WITHSCORES", "LIMIT", skip, count)
    return ("ZRANGEBYSCORE", key, low, high, "WITHSCORES", "LIMIT", skip, count)


def where(stretch: Range, mark: Mark, *, newest: bool) -> Ask[tuple[int | None, int]]:
    """How many of the mark's score stand before its job (None when that has gone), and how many there are."""
    key, score = stretch.keys[stretch.place], number(mark.score)
    before = (f"({score}", "+inf") if newest else ("-inf", f"({score}")
    commands: list[Command] = [
        ("ZSCORE", key, mark.id), ("ZREVRANK" if newest else "ZRANK", key, mark.id),
        ("ZCOUNT", key, *before), ("ZCOUNT", key, score, score),
    ]  # fmt: skip

    def answer(raw: list[Any]) -> tuple[int | None, int]:
        stands = raw[0] is not None and float(raw[0]) == mark.score and raw[1] is not None
        return (max(0, int(raw[1]) - int(raw[2])) if stands else None), int(raw[3])

    return Ask(commands, answer)


def nth(stretch: Range, mark: Mark, index: int, *, newest: bool) -> Ask[Standing | None]:
    """The job that stands at this index among those of the mark's score."""
    key, score = stretch.keys[stretch.place], number(mark.score)
    name = "ZREVRANGEBYSCORE" if newest else "ZRANGEBYSCORE"
    command: Command = (name, key, score, score, "WITHSCORES", "LIMIT", index, 1)
    return Ask([command], lambda raw: next(iter(_standings(raw[0])), None))


def metas(apart: Sequence[tuple[Keys, Sequence[str]]]) -> Ask[list[bytes]]:
    """The small records of jobs of several queues, in order; empty bytes where there is none."""
    commands: list[Command] = [("HMGET", keys["meta"], *ids) for keys, ids in apart if ids]
    return Ask(commands, lambda raw: [line or b"" for column in raw for line in column])


def contents(apart: Sequence[tuple[Keys, Sequence[str]]]) -> Ask[list[tuple[bytes, bytes]]]:
    """Spec and history of jobs of several queues, in order; empty bytes where there is none."""
    commands: list[Command] = [
        ("HMGET", keys[name], *ids) for keys, ids in apart if ids for name in ("spec", "errors")
    ]

    def answer(raw: list[Any]) -> list[tuple[bytes, bytes]]:
        columns = zip(raw[::2], raw[1::2], strict=True)
        return [
            (spec or b"", told or b"")
            for specs, errors in columns
            for spec, told in zip(specs, errors, strict=True)
        ]

    return Ask(commands, answer)


def places_of(keys: Keys, ids: Sequence[str]) -> Ask[list[str | None]]:
    """In which place each of these jobs is."""

    def answer(raw: list[Any]) -> list[str | None]:
        columns = zip(*raw, strict=True)
        return [
            next((p for p, s in zip(PLACES, column, strict=True) if s is not None), None)
            for column in columns
        ]

    commands: list[Command] = [("ZMSCORE", keys[place], *ids) for place in PLACES]
    return Ask(commands, answer) if ids else Ask([], lambda _: [])


def number(score: float) -> str:
    return f"{score:.17g}"


def _standings(rows: Any) -> list[Standing]:
    if rows and not isinstance(rows[0], (list, tuple)):
        rows = list(zip(rows[::2], rows[1::2], strict=True))
    return [(text(id), float(score)) for id, score in rows]
