"""The charts of the overview: what each shows, its axes, its legend, and its values as a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from markupsafe import Markup

from gopher_cli.model.numbers.series import History, Percentiles
from gopher_cli.model.text import humanize
from gopher_cli.model.text.duration import format_duration, rfc3339
from gopher_cli.web.dashboard.views.charts import Scale, Series, Value, bars, linear, lines, logarithmic

RANGES = {"15m": 15, "1h": 60, "6h": 360, "24h": 1440}
_X_LABELS = 4
# What a click at a moment looks for: the jobs behind the chart.
_BEHIND = {
    "throughput": "state:completed,failed,retrying",
    "failures": "state:failed,retrying",
    "wait": "state:completed",
    "run": "state:completed",
    "depth": "",
}
_STEPS = {60: "minute", 300: "5 minutes", 900: "15 minutes", 3600: "hour"}


@dataclass(frozen=True, slots=True)
class LegendEntry:
    """A line of a legend: the name, what it says now, and the jobs behind it."""

    name: str
    kind: str
    said: str
    search: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """``labels`` go from the top of the y axis down. ``told`` is the whole chart as a sentence, ``rows`` each
    step of it, the newest first: when it began, and what each line of the legend said then.
    """

    name: str
    title: str
    about: str
    drawing: Markup
    labels: list[str]
    moments: list[str]
    legend: list[LegendEntry]
    told: str
    rows: list[tuple[str, list[str]]]
    step: int
    empty: bool
    shape: str = "line"
    search: str = ""


def all_figures(history: History, now: Mapping[str, int]) -> list[Figure]:
    return [throughput(history), depth(history, now), waits(history), runs(history), failures(history)]


def is_young(history: History) -> bool:
    """Whether nothing was noted and nothing ended before the last quarter of an hour of it."""
    old = -RANGES["15m"]
    counts: list[Sequence[Value]] = [
        history.completed,
        history.retried,
        history.failed,
        *history.depth.values(),
    ]
    return not any(value for values in counts for value in values[:old])


def throughput(history: History) -> Figure:
    kinds = ("completed", "retrying", "failed")
    columns = (history.completed, history.retried, history.failed)
    series = [
        Series(name, kind, values)
        for name, kind, values in zip(("completed", "retried", "failed"), kinds, columns, strict=True)
    ]
    sums = [sum(values) for values in zip(*columns, strict=True)]
    scale = linear(max(sums, default=0))
    return _figure(
        "throughput", "Throughput", f"attempts that ended, each {_step(history)}", history, series, scale,
        bars(series, scale), _count, _whole, [_whole(line.total) for line in series], shape="bar",
    )  # fmt: skip


def depth(history: History, now: Mapping[str, int]) -> Figure:
    """Noted once a minute; the running step shows what is there ``now``."""
    series = [
        Series(state, state, [*history.depth[state][:-1], now[state]])
        for state in ("enqueued", "processing", "scheduled", "retrying", "failed")
    ]
    scale = linear(_most(series))
    return _figure(
        "depth", "Depth", "jobs in each state", history, series, scale, lines(series, scale), _count, _whole,
        [_said(line.last, _whole) for line in series],
    )  # fmt: skip


def waits(history: History) -> Figure:
    return _times("wait", "Wait", "from ready to started", history, history.wait)


def runs(history: History) -> Figure:
    return _times("run", "Run", "from started to ended", history, history.run)


def failures(history: History) -> Figure:
    rows = zip(history.completed, history.retried, history.failed, strict=True)
    shares = [None if not sum(row) else 100 * (row[1] + row[2]) / sum(row) for row in rows]
    series = [Series("did not complete", "failed", shares)]
    scale = linear(max(_most(series), 4))
    if scale.ticks[0] > 100:
        scale = Scale((100, 75, 50, 25, 0))
    ended = sum(map(sum, (history.completed, history.retried, history.failed)))
    bad = sum(map(sum, (history.retried, history.failed)))
    whole = humanize.percent(bad / ended) if ended else "–"
    return _figure(
        "failures", "Failure rate", "attempts that did not complete", history, series, scale,
        lines(series, scale, fill=True), _percent, _percent, [whole],
    )  # fmt: skip


def _times(name: str, title: str, about: str, history: History, percentiles: Percentiles) -> Figure:
    series = [Series(kind, kind, percentiles[kind]) for kind in ("p50", "p95", "p99")]
    known = [value for line in series for value in line.values if value]
    scale = logarithmic(min(known, default=0.001), max(known, default=1.0))
    return _figure(
        name, title, about, history, series, scale, lines(series, scale), format_duration, humanize.took,
        [_said(line.last, humanize.took) for line in series],
    )  # fmt: skip


def _figure(
    name: str, title: str, about: str, history: History, series: Sequence[Series], scale: Scale,
    drawing: Markup, label: Callable[[float], str], write: Callable[[float], str], said: Sequence[str],
    *, shape: str = "line",
) -> Figure:  # fmt: skip
    """``label`` writes a value at the axis, ``write`` in the table."""
    legend = [
        LegendEntry(
            line.name, line.kind, text, f"state:{line.kind}" if name in ("throughput", "depth") else ""
        )
        for line, text in zip(series, said, strict=True)
    ]
    told = ", ".join(f"{entry.name} {entry.said}" for entry in legend)
    return Figure(
        name=name, title=title, about=about, drawing=drawing, shape=shape,
        labels=[label(tick) for tick in scale.ticks], moments=_moments(history.times), legend=legend,
        search=_BEHIND[name], told=f"{title}, {about}: {told}",
        rows=_rows(history.times, series, write), step=history.step_seconds,
        # That nothing failed is something to be seen; that nothing ran is not.
        empty=all(line.last is None or not (line.total or name == "failures") for line in series),
    )  # fmt: skip


def _rows(
    times: Sequence[int], series: Sequence[Series], write: Callable[[float], str]
) -> list[tuple[str, list[str]]]:
    values = zip(*(line.values for line in series), strict=True)
    rows = [
        (f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%MZ}", [_said(value, write) for value in row])
        for at, row in zip(times, values, strict=True)
    ]
    return rows[::-1]


def _moments(times: Sequence[int]) -> list[str]:
    """RFC 3339 for the x axis: evenly apart, the first and the last among them."""
    if not times:
        return []
    last = len(times) - 1
    return [rfc3339(round(times[last * n // _X_LABELS] * 1000)) for n in range(_X_LABELS + 1)]


def _most(series: Sequence[Series]) -> float:
    return max((value for line in series for value in line.values if value is not None), default=0)


def _said(value: Value, write: Callable[[float], str]) -> str:
    return "–" if value is None else write(value)


def _percent(value: float) -> str:
    return f"{value:.3g}%"


def _whole(value: float) -> str:
    return humanize.number(round(value))


def _count(value: float) -> str:
    """12, 2 500, 1.5M: short enough for an axis."""
    if value >= 1_000_000:
        return f"{value / 1_000_000:g}M"
    return f"{value / 1000:g}k" if value >= 10_000 else f"{value:g}"


def _step(history: History) -> str:
    return _STEPS.get(history.step_seconds, humanize.span(history.step_seconds))
