"""Histograms of ended attempts, and what people want to know of them."""

from __future__ import annotations

import re

import pytest

from gopher_cli.model.numbers.histogram import (
    BOUNDS,
    Cell,
    per_minute,
    percentile,
    totals,
    window,
    window_length,
)
from gopher_cli.store.scripts import read

MINUTE = 28_000_000
NOW = MINUTE * 60_000 + 15_000


def cell(completed=0, failed=0):
    numbers = [completed, 0, failed, 0, 0, *[0] * 48]
    return ",".join(map(str, numbers)).encode()


def test_the_script_and_the_reader_have_the_same_buckets():
    lua = re.search(r"local BOUNDS = \{([^}]*)\}", read("histogram"))[1]
    bounds = [float(n) for n in re.findall(r"\d[\d.]*", lua)]

    assert bounds == list(BOUNDS)


@pytest.mark.parametrize("text", [b"", b"1,2", b"x," * 53, b"-1" + b",0" * 52, b"\xff"])
def test_a_cell_that_cannot_be_read_is_empty(text):
    assert Cell.read(text) == Cell()


def test_cells_add_up():
    one = Cell.read(cell(3, 1))
    one.add(Cell.read(cell(1, 1)))

    assert (one.completed, one.failed, one.attempts) == (4, 2, 6)
    assert one.success_rate == pytest.approx(4 / 6)
    assert Cell().success_rate is None


def test_runs_that_failed_stand_behind_the_others_where_there_are_any():
    short, long = Cell.read(cell(3)), Cell.read(cell(3, 1) + b",250," + b",".join([b"0"] * 23) + b",1")

    assert (short.failed_run_ms, sum(short.failed_run)) == (0, 0)
    assert (long.failed_run_ms, long.failed_run[-1]) == (250, 1)
    short.add(long)
    assert (short.completed, short.failed_run_ms, sum(short.failed_run)) == (6, 250, 1)


def test_a_percentile_lies_in_the_bucket_of_its_rank():
    histogram = [0] * 24
    histogram[4], histogram[12] = 90, 10

    assert percentile([0] * 24, 0.5) is None
    assert BOUNDS[3] < percentile(histogram, 0.5) <= BOUNDS[4]
    assert BOUNDS[11] < percentile(histogram, 0.99) <= BOUNDS[12]


def test_what_is_off_the_scale_has_an_end():
    assert 3600 < percentile([0] * 23 + [5], 0.5) <= 7200


def test_a_window_takes_its_minutes_and_a_long_one_its_hours():
    cells = {
        f"m{MINUTE};mail": cell(1), f"m{MINUTE - 4};mail": cell(2), f"m{MINUTE - 50};mail": cell(4),
        f"f{MINUTE // 5 - 14};mail": cell(32), f"h{MINUTE // 60 - 3};mail": cell(8),
        f"h{MINUTE // 60 - 40};mail": cell(16), "t0;mail": cell(64), "junk": b"", "": b"", "h;x": b"",
    }  # fmt: skip

    found = {s: window(cells, NOW, s)["mail"].completed for s in (60, 300, 3600, 86400)}

    assert found == {60: 1, 300: 3, 3600: 7, 86400: 47}
    assert totals([cells])["mail"].completed == 127
    assert window_length(NOW, 60) == 75


def test_minutes_make_a_sparkline():
    cells = [{f"m{MINUTE};a": cell(1), f"m{MINUTE - 2};b": cell(2, 1), f"h{MINUTE};c": cell(9)}]

    assert per_minute(cells, NOW, 4) == [0, 3, 0, 1]
