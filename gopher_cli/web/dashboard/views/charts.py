"""Charts as SVG, made of numbers: pure functions, no style of their own (that is the style sheet's).

A drawing is stretched to whatever room there is; so no text is in it: axes are written beside it in HTML.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

Value = float | int | None
WIDE, HIGH = 600, 160


@dataclass(frozen=True, slots=True)
class Series:
    """``name`` is for people, ``kind`` for the style sheet and the link: a state, p50 …"""

    name: str
    kind: str
    values: Sequence[Value]

    @property
    def last(self) -> Value:
        """The last value that is known."""
        return next((value for value in reversed(self.values) if value is not None), None)

    @property
    def total(self) -> float:
        return sum(value for value in self.values if value is not None)


@dataclass(frozen=True, slots=True)
class Scale:
    """From values to heights; ``ticks`` from the top down, evenly apart."""

    ticks: tuple[float, ...]
    log: bool = False

    def y(self, value: float) -> float:
        share = self._log_share(value) if self.log else min(max(value / self.ticks[0], 0.0), 1.0)
        return round(HIGH * (1 - share), 1)

    def _log_share(self, value: float) -> float:
        """By powers between two ticks, whose distance is the same wherever they are."""
        ticks = self.ticks[::-1]
        value = min(max(value, ticks[0]), ticks[-1])
        step = next(n for n, tick in enumerate(ticks[1:]) if value <= tick)
        return (step + math.log(value / ticks[step]) / math.log(ticks[step + 1] / ticks[step])) / (
            len(ticks) - 1
        )


def linear(most: float, *, least_top: float = 4) -> Scale:
    """From nothing to a round number above ``most``, in four steps that are round too."""
    top = max(most, least_top)
    unit = 10 ** math.floor(math.log10(top / 4))
    step = next(unit * factor for factor in (1, 2, 2.5, 5, 10) if unit * factor * 4 >= top * (1 - 1e-9))
    return Scale(tuple(step * n for n in (4, 3, 2, 1, 0)))


# Seconds that people have a word for, about ten times each other.
_DURATIONS = (
    *(10.0**power for power in range(-5, 2)), 60.0, 600.0, 3600.0, 36_000.0, 4 * 86_400.0, 40 * 86_400.0,
    400 * 86_400.0,
)  # fmt: skip


def logarithmic(least: float, most: float) -> Scale:
    """Durations around the values, in seconds: they differ by orders of magnitude."""
    low = max(0, sum(tick <= least * (1 + 1e-9) for tick in _DURATIONS) - 1)
    high = sum(tick < most * (1 - 1e-9) for tick in _DURATIONS)
    high = min(max(high, low + 2), len(_DURATIONS) - 1)
    return Scale(_DURATIONS[min(low, high - 2) : high + 1][::-1], log=True)


def bars(series: Sequence[Series], scale: Scale, *, running: bool = True) -> Markup:
    """Columns, one kind upon the other. The last one still grows: it is drawn as an outline."""
    count = max((len(line.values) for line in series), default=0)
    floor, shapes = [0.0] * count, []
    for line in series:
        done: list[str] = []
        open_: list[str] = []
        for index, value in enumerate(line.values):
            if value:
                shape = _column(index, count, scale.y(floor[index]), scale.y(floor[index] + value))
                (open_ if running and index == count - 1 else done).append(shape)
                floor[index] += value
        shapes.append(_path("".join(done), f"bar s-{line.kind}"))
        shapes.append(_path("".join(open_), f"bar running s-{line.kind}"))
    return _drawing(scale, shapes)


def lines(series: Sequence[Series], scale: Scale, *, running: bool = True, fill: bool = False) -> Markup:
    """One line for each kind, broken where nothing is known; the running end is dashed."""
    shapes = []
    for line in series:
        points = _points(line.values, scale)
        solid = points[:-1] if running else points
        if fill:
            shapes.append(_path(_area(solid), f"area s-{line.kind}"))
        shapes.append(_path(_stroke(solid), f"line s-{line.kind}"))
        if running and points and points[-1]:
            shapes.append(_path(_stroke(points[-2:]), f"line running s-{line.kind}"))
        shapes.append(_path(_dots(points), f"dot s-{line.kind}"))
    return _drawing(scale, shapes)


def spark(values: Sequence[Value], kind: str) -> Markup:
    """A small line without axes."""
    scale = linear(max((value or 0 for value in values), default=0), least_top=1)
    points = _points(values, scale)
    shapes = [_path(_area(points), f"area s-{kind}"), _path(_stroke(points), f"line s-{kind}"),
              _path(_dots(points), f"dot s-{kind}")]  # fmt: skip
    return _drawing(scale, shapes, grid=False, kind="spark")


def shares(counts: Sequence[tuple[str, int]]) -> Markup:
    """One bar in proportion; whoever is there at all can be seen."""
    there = [(kind, count) for kind, count in counts if count]
    whole, at, shapes = sum(count for _, count in there), 0.0, []
    if whole:
        widths = [max(count / whole * WIDE, 4.0) for _, count in there]
        shrink = WIDE / sum(widths)
        for (kind, _), width in zip(there, widths, strict=True):
            wide = width * shrink
            shapes.append(Markup('<rect x="{}" y="0" width="{}" height="10" class="bar s-{}"/>').format(
                _short(at), _short(max(wide - 1.5, 1)), kind))  # fmt: skip
            at += wide
    return Markup(
        '<svg class="shares" viewBox="0 0 {} 10" preserveAspectRatio="none" aria-hidden="true">{}</svg>'
    ).format(WIDE, Markup("").join(shapes))


def _column(index: int, count: int, low: float, high: float) -> str:
    left, right = WIDE * index / count, WIDE * (index + 1) / count
    gap = min(1.5, (right - left) / 4)
    return f"M{_short(left + gap)} {_short(low)}V{_short(high)}H{_short(right)}V{_short(low)}z"


def _points(values: Sequence[Value], scale: Scale) -> list[tuple[float, float] | None]:
    last = max(1, len(values) - 1)
    return [
        None if value is None else (WIDE * index / last, scale.y(value))
        for index, value in enumerate(values)
    ]  # fmt: skip


def _runs(points: Sequence[tuple[float, float] | None]) -> list[list[tuple[float, float]]]:
    runs: list[list[tuple[float, float]]] = [[]]
    for point in points:
        if point is not None:
            runs[-1].append(point)
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _stroke(points: Sequence[tuple[float, float] | None]) -> str:
    drawn = []
    for run in _runs(points):
        rest = "".join(f"L{_short(x)} {_short(y)}" for x, y in run[1:])
        drawn.append(f"M{_short(run[0][0])} {_short(run[0][1])}{rest}" if rest else "")
    return "".join(drawn)


def _dots(points: Sequence[tuple[float, float] | None]) -> str:
    """Values without a neighbour: no line is made of them.

    They are short strokes with round ends, because a circle would be stretched with the drawing.
    """
    alone = [run[0] for run in _runs(points) if len(run) == 1]
    return "".join(f"M{_short(x)} {_short(y)}h.01" for x, y in alone)


def _area(points: Sequence[tuple[float, float] | None]) -> str:
    drawn = []
    for run in _runs(points):
        rest = "".join(f"L{_short(x)} {_short(y)}" for x, y in run)
        drawn.append(f"M{_short(run[0][0])} {HIGH}{rest}V{HIGH}z")
    return "".join(drawn)


def _path(drawn: str, kind: str) -> Markup:
    return Markup('<path class="{}" d="{}"/>').format(kind, drawn) if drawn else Markup("")


def _drawing(scale: Scale, shapes: Sequence[Markup], *, grid: bool = True, kind: str = "plot") -> Markup:
    steps = len(scale.ticks) - 1
    ruled = "".join(f"M0 {_short(HIGH * n / steps)}H{WIDE}" for n in range(steps + 1)) if grid else ""
    return Markup(
        '<svg class="{}" viewBox="0 0 {} {}" preserveAspectRatio="none" aria-hidden="true">{}{}</svg>'
    ).format(kind, WIDE, HIGH, _path(ruled, "grid"), Markup("").join(shapes))


def _short(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
