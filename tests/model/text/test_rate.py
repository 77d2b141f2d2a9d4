"""Rates, as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gopher_cli.model.text.rate import Rate, parse_pace, parse_rate


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("100/s", (100, 1)), ("600/m", (600, 60)), ("5/min", (5, 60)), ("1/h", (1, 3600)), ("7", (7, 1)),
        (" 05/s ", (5, 1)), ("0.5/s", (1, 2)), ("1.5/m", (3, 120)), ("2.0", (2, 1)), ("0.25/h", (1, 14400)),
    ],
)  # fmt: skip
def test_a_rate_is_so_many_in_so_many_seconds(text: str, rate: tuple[int, int]) -> None:
    assert parse_rate(text) == Rate(*rate)


@pytest.mark.parametrize(
    "text",
    ["", "0/s", "0.0/s", "-1/s", "x", "1/d", "1/s/s", "1./s", ".5", "1e3", "1 /s", "١/s"],
)
def test_what_is_no_rate_is_refused_with_the_words_to_mend_it(text: str) -> None:
    with pytest.raises(ValueError, match="is not a rate: write 100/s, 600/m or 1000/h"):
        parse_rate(text)


def test_what_is_too_fast_is_told_the_most() -> None:
    with pytest.raises(ValueError, match="too fast: 999999999/s is the most"):
        parse_rate("9999999999/s")
    with pytest.raises(ValueError, match="too fast: 1000000/s is the most"):
        parse_pace("1000001/s")
    assert parse_pace("60000000/m") == 1_000_000


@given(st.decimals("0.000001", 999_999_999, places=6))
def test_a_part_of_one_is_no_less_than_one_in_a_longer_time(wanted: object) -> None:
    """So that a bucket of this size can ever hold one."""
    rate = parse_rate(f"{wanted:f}/s")

    assert rate.count >= 1 and rate.per_second == pytest.approx(float(str(wanted)))
