"""How long a failed job waits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gopher_cli.model.backoff import parse_backoff


@pytest.mark.parametrize(
    ("text", "waits"),
    [
        ("exp:5s:1h:nojitter", [10, 20, 40, 80]),
        ("exp:500ms:nojitter", [1, 2, 4, 8]),
        ("exp:5s:30s:nojitter", [10, 20, 30, 30]),
        ("poly:2:nojitter", [1, 4, 9, 16]),
        ("fixed:10s:nojitter", [10, 10, 10, 10]),
    ],
)
def test_a_backoff_grows_as_it_says(text, waits):
    assert [parse_backoff(text).delay(n, 0.9) for n in (1, 2, 3, 4)] == waits


@given(
    st.sampled_from(["exp:5s", "exp:1s:1m", "poly:3", "fixed:2m"]),
    st.integers(1, 10_000),
    st.floats(0, 1, exclude_max=True),
)
def test_a_wait_is_bounded_and_chance_only_stretches_it(text, failures, chance):
    backoff = parse_backoff(text)
    least, wait = backoff.delay(failures, 0.0), backoff.delay(failures, chance)

    assert 0 < least <= wait <= min(least * 1.15, backoff.cap) + 1e-9


@pytest.mark.parametrize(
    "text",
    ["", "exp", "exp:", "linear:5s", "exp:soon", "poly:99", "poly:x", "fixed:1s:2s:3s:4s", "exp:nojitter"],
)
def test_what_is_no_backoff_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        parse_backoff(text)
