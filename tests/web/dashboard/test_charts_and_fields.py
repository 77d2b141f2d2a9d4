"""What pages are made of, as pure functions: charts, the life of a job as a bar, forms, words."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence

import builders
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gopher_cli.model.job.history_outcome import HistoryOutcome
from gopher_cli.model.numbers.histogram import Cell
from gopher_cli.model.numbers.series import Steps, history_of
from gopher_cli.model.select.actions import CANCEL, DELETE, RESCHEDULE, RETRY, RUN_NOW, Action
from gopher_cli.model.select.filter_parser import parse_search
from gopher_cli.model.text.duration import format_duration
from gopher_cli.model.views.timeline import story_of
from gopher_cli.web.dashboard.pages.bulk import to_type
from gopher_cli.web.dashboard.views import template_filters
from gopher_cli.web.dashboard.views.charts import (
    HIGH,
    WIDE,
    Series,
    Value,
    bars,
    linear,
    lines,
    logarithmic,
    shares,
    spark,
)
from gopher_cli.web.dashboard.views.job_actions import picked_jobs, sentence
from gopher_cli.web.dashboard.views.overview_charts import is_young
from gopher_cli.web.dashboard.views.timeline_bar import stretches

numbers = st.one_of(st.none(), st.integers(0, 10**9), st.floats(0, 1e6))
columns = st.lists(numbers, max_size=40)


def drawn(svg: str) -> list[float]:
    """Every coordinate in a drawing, which has to be well-formed to begin with."""
    paths = [path.get("d", "") for path in ET.fromstring(svg).iter("path")]
    return [float(number) for path in paths for number in re.findall(r"-?\d+(?:\.\d+)?", path)]


@given(st.lists(columns, min_size=1, max_size=3))
def test_a_chart_of_any_numbers_stays_within_its_paper(values: list[list[Value]]) -> None:
    width = max(len(one) for one in values)
    series = [Series(str(n), "failed", [*one, *[None] * (width - len(one))]) for n, one in enumerate(values)]
    top = sum(max((value or 0 for value in one.values), default=0) for one in series)

    for svg in (
        bars(series, linear(top)),
        lines(series, linear(top)),
        lines(series, logarithmic(0.001, 10), fill=True),
        spark(values[0], "failed"),
    ):
        assert all(0 <= number <= max(WIDE, HIGH) for number in drawn(svg))


@pytest.mark.parametrize(
    ("most", "ticks"),
    [
        (0, (4, 3, 2, 1, 0)),
        (7, (8, 6, 4, 2, 0)),
        (95, (100, 75, 50, 25, 0)),
        (1001, (2000, 1500, 1000, 500, 0)),
    ],
)
def test_an_axis_ends_at_a_round_number_above_the_values(most: float, ticks: Sequence[float]) -> None:
    assert linear(most).ticks == pytest.approx(ticks)


def test_times_stand_on_an_axis_of_powers_of_ten() -> None:
    assert logarithmic(0.004, 2.5).ticks == pytest.approx((10, 1, 0.1, 0.01, 0.001))


@pytest.mark.parametrize(
    ("least", "most", "ticks"),
    [
        (0.2, 4000.0, ["10h", "1h", "10m", "1m", "10s", "1s", "100ms"]),
        (10.0, 60.0, ["10m", "1m", "10s"]),
        (61.0, 61.0, ["1h", "10m", "1m"]),
        (1.0, 1.0, ["1m", "10s", "1s"]),
        (1e-9, 1e-9, ["1ms", "100µs", "10µs"]),
        (5e4, 1e9, ["400d", "40d", "4d", "10h"]),
    ],
)
def test_times_stand_at_durations_that_people_name(least: float, most: float, ticks: list[str]) -> None:
    assert [format_duration(tick) for tick in logarithmic(least, most).ticks] == ticks


@pytest.mark.parametrize(
    ("ended", "noted", "young"), [(59, 58, True), (46, 45, True), (44, 58, False), (59, 44, False)]
)
def test_a_server_is_young_while_all_of_its_hour_lies_in_the_last_quarter(
    ended: int, noted: int, young: bool
) -> None:
    """Then its charts span 15 minutes: a minute of an hour is a column that nobody sees."""
    steps = Steps.of(60, 10**13)
    cells = [Cell(completed=1) if n == ended else Cell() for n in range(60)]
    note = {steps.minutes[noted]: [1] * 8}
    assert is_young(history_of(steps, cells, [note])) == young


def test_each_tick_of_times_stands_at_its_line_whatever_lies_between() -> None:
    scale = logarithmic(0.1, 3600)
    heights = [scale.y(tick) for tick in scale.ticks]
    assert heights == pytest.approx([HIGH * n / (len(heights) - 1) for n in range(len(heights))], abs=0.1)
    assert scale.y(30) == pytest.approx((scale.y(10) + scale.y(60)) / 2, abs=4), "by powers in between"
    assert (scale.y(0), scale.y(1e12)) == (HIGH, 0)


def test_the_running_step_is_drawn_apart_and_gaps_stay_gaps() -> None:
    svg = lines([Series("n", "p50", [1, 2, None, 3, 4, 5])], linear(4))

    assert svg.count('class="line running s-p50"') == 1
    whole = re.search(r'class="line s-p50" d="([^"]*)"', svg)
    assert whole and whole[1].count("M") == 2


def test_a_value_without_neighbours_is_a_dot_wherever_it_stands() -> None:
    def dots(*values: Value) -> int:
        found = re.search(r'class="dot s-p50" d="([^"]*)"', lines([Series("n", "p50", values)], linear(4)))
        return found[1].count("M") if found else 0

    assert dots(1, 2, 3) == dots(None, None) == dots() == 0
    assert dots(None, None, 3) == dots(3, None, None) == dots(None, 3, None) == dots(3) == 1
    assert dots(1, None, 2, 3, None, 4) == 2


def test_a_bar_shows_whoever_is_there_at_all() -> None:
    svg = shares([("failed", 1), ("completed", 10**9), ("cancelled", 0)])

    wide = [float(one.get("width", "0")) for one in ET.fromstring(svg)]
    assert len(wide) == 2
    assert min(wide) >= 2


def test_a_life_is_told_without_gaps_from_the_first_moment_to_the_last() -> None:
    failed = builders.attempt(HistoryOutcome.FAILED, at=5000, seconds=2.0)
    lived = builders.detail(attempts=2, ready_at=9000, started=9500, finished=12_000, history=[failed])

    pieces = stretches(lived)

    assert [(one.kind, one.start, one.end) for one in pieces] == [
        ("enqueued", 1000, 3000), ("failed", 3000, 5000),
        ("retrying", 5000, 9500), ("completed", 9500, 12_000),
    ]  # fmt: skip
    assert [one.what for one in story_of(lived)] == ["created", "failed", "ready", "started", "completed"]


def test_of_a_job_that_was_due_later_the_waiting_for_it_is_told_apart() -> None:
    pieces = stretches(builders.detail(ready_at=6000, started=6500, finished=7000))

    assert [(one.kind, one.end - one.start) for one in pieces] == [
        ("scheduled", 5000), ("enqueued", 500), ("completed", 500),
    ]  # fmt: skip


@given(st.text(max_size=30).filter(lambda text: text.strip() and "\x00" not in text))
def test_a_value_in_a_link_is_searched_for_as_it_is(text: str) -> None:
    assert parse_search(f"tag:{template_filters.quoted(text)}").tag == text


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("queue:mail", "mail"),
        ("queue:a,b", "everything"),
        ("", "everything"),
        ("state:failed", ""),
        ("type:x", ""),
    ],
)
def test_who_deletes_whole_queues_has_to_type_something(text: str, typed: str) -> None:
    assert to_type(DELETE, parse_search(text)) == typed
    assert to_type(RETRY, parse_search(text)) == ""


def test_what_a_deed_came_to_is_said_in_one_sentence() -> None:
    def said(action: Action, **words: int) -> tuple[str, bool]:
        return sentence(action, {action.read(word): count for word, count in words.items()})

    assert said(RETRY, enqueued=1) == ("1 job retried.", True)
    assert said(CANCEL, cancelled=2, requested=1) == ("2 jobs cancelled, 1 asked to stop.", True)
    assert said(RUN_NOW, completed=3) == ("3 left as it is: completed.", False)
    assert said(DELETE) == ("0 jobs deleted.", False)
    assert said(RESCHEDULE, enqueued=1) == ("1 left as it is: enqueued.", False)


def test_a_box_that_names_no_job_is_left_out() -> None:
    assert picked_jobs(["q/1", "", "/", "q/", "/1", "q/a/b"]) == [("q", "1"), ("q", "a/b")]
