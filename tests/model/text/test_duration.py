"""Durations and moments, as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gopher_cli.model.text.duration import format_duration, parse_duration, parse_when, rfc3339


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("10", 10), ("0", 0), ("1.5", 1.5), ("500ms", 0.5), ("1m30s", 90), ("1h", 3600),
        ("1h30m", 5400), ("2d", 172800), ("1w", 604800), ("1.5h", 5400), ("40us", 4e-5), (" 5s ", 5),
    ],
)  # fmt: skip
def test_a_duration_is_read(text, seconds):
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "s", "-5s", "5 s", "1m30", "1x", "1e3", "inf", "nan", "200000w"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(ValueError, match=r"duration|hundred years"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"), (4e-5, "40µs"), (0.012, "12ms"), (0.9999, "1s"), (2.5, "2.5s"), (90, "1m30s"),
        (3900, "1h5m"), (3600, "1h"), (86400 * 2 + 5, "2d"), (-90, "-1m30s"),
    ],
)  # fmt: skip
def test_a_duration_is_written_short(seconds, text):
    assert format_duration(seconds) == text


@given(st.integers(0, 10 * 365 * 86400))
def test_what_is_written_is_read_back_within_two_units(seconds):
    again = parse_duration(format_duration(seconds))

    assert again == pytest.approx(seconds, rel=0.05, abs=1)


@pytest.mark.parametrize(
    "text",
    ["2025-10-01T10:00:00Z", "2025-10-01T10:00:00", "2025-10-01 12:00:00+02:00", "1759312800"],
)
def test_a_moment_is_read(text):
    assert parse_when(text) == 1759312800


@pytest.mark.parametrize("text", ["", "tomorrow", "2025-13-01", "10:00"])
def test_what_is_no_moment_is_refused(text):
    with pytest.raises(ValueError, match="not a time"):
        parse_when(text)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("20301231", "2030-12-31T00:00:00Z"), ("20301231T100000Z", "2030-12-31T10:00:00Z"),
        ("2030-12-31", "2030-12-31T00:00:00Z"), ("978307200", "2001-01-01T00:00:00Z"),
        ("1960-01-01", "1970-01-01T00:00:00Z"), ("1999-12-31", "1999-12-31T00:00:00Z"),
        ("99999999999", "5138-11-16T09:46:39Z"), ("0001-01-01T00:00+23:59", "1970-01-01T00:00Z"),
    ],
)  # fmt: skip
def test_eight_digits_are_a_date_and_nine_are_seconds(text, moment):
    assert parse_when(text) == parse_when(moment)


@pytest.mark.parametrize(
    "text",
    [
        "2030", "203012", "0", "1", "1.5", "20301231.5", "20301332", "99999999", "978307199", "2030365",
        "203012311000", "1796101231200", "1796043544000", "9" * 400, "9" * 5000, "-1",
        "1e9",
    ],
)  # fmt: skip
def test_a_number_that_is_no_moment_anybody_means_is_refused(text):
    with pytest.raises(ValueError, match=r"^.{1,150}$"):
        parse_when(text)


def test_a_moment_is_written_in_utc():
    assert rfc3339(1759312800123) == "2025-10-01T10:00:00.123Z"
