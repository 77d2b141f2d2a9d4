"""How long a failed job waits."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gopher_cli.model.job.backoff import parse_backoff


@pytest.mark.parametrize(
    ("text", "waits"),
    [
        ("exp:5s:1h:nojitter", [10, 20, 40, 80]),
        ("exp:500ms:nojitter", [1, 2, 4, 8]),
        ("exp:5s:30s:nojitter", [10, 20, 30, 30]),
        ("poly:2:nojitter", [1, 4, 9, 16]),
        ("fixed:10s:nojitter", [10, 10, 10, 10]),
        ("fixed:30m:nojitter", [1800, 1800, 1800, 1800]),
        ("fixed:2h:nojitter", [7200, 7200, 7200, 7200]),
        ("fixed:2h:1h:nojitter", [3600, 3600, 3600, 3600]),
        ("exp:2h:nojitter", [7200, 7200, 7200, 7200]),
        ("exp:0:nojitter", [0, 0, 0, 0]),
        ("poly:0:nojitter", [1, 1, 1, 1]),
    ],
)
def test_a_backoff_grows_as_it_says(text, waits):
    assert [parse_backoff(text).delay(n, 0.9) for n in (1, 2, 3, 4)] == waits


def test_a_power_grows_until_its_cap_however_many_failures_there_are():
    assert parse_backoff("poly:1:nojitter").delay(1000, 0.0) == 1000


@given(
    st.sampled_from(["exp:5s", "exp:1s:1m", "poly:3", "fixed:2m"]),
    st.integers(1, 10_000),
    st.floats(0, 1, exclude_max=True),
)
def test_a_wait_is_bounded_and_chance_only_stretches_it(text, failures, chance):
    backoff = parse_backoff(text)
    least, wait = backoff.delay(failures, 0.0), backoff.delay(failures, chance)

    assert 0 < least <= wait <= min(least * 1.15, backoff.cap) + 1e-9


_bases = st.integers(0, 30 * 86400)
_kinds = st.one_of(
    st.builds("fixed:{}s".format, _bases),
    st.builds("exp:{}s".format, _bases),
    st.builds("exp:{}ms".format, _bases),
    st.builds("poly:{}".format, st.integers(0, 10)),
    st.builds("poly:{}".format, st.floats(0, 10).map("{:.3f}".format)),
)


@given(
    _kinds,
    st.one_of(st.just(""), st.builds(":{}s".format, _bases)),
    st.integers(1, 1001),
    st.floats(0, 1, exclude_max=True),
)
def test_every_backoff_is_finite_within_its_cap_and_never_shrinks(kind, cap, failures, chance):
    backoff = parse_backoff(kind + cap)
    before, wait = backoff.delay(failures, 0.0), backoff.delay(failures + 1, 0.0)

    assert 0 <= before <= wait <= backoff.cap
    assert math.isfinite(backoff.delay(failures, chance))


@given(_bases)
def test_a_fixed_backoff_waits_what_it_says(seconds):
    assert parse_backoff(f"fixed:{seconds}s:nojitter").delay(1001, 0.0) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "", "exp", "exp:", "linear:5s", "exp:soon", "poly:99", "poly:x", "fixed:1s:2s:3s:4s", "exp:nojitter",
        "exp:nan", "exp:inf", "exp:-5s", "exp:1e3", "poly:-1", "fixed:101d" * 20, "fixed:" + "9" * 5000,
        "exp:5s:", "exp::1h", "exp:5s:jitter", "EXP:5s", " exp:5s", "fixed:40000d",
    ],
)  # fmt: skip
def test_what_is_no_backoff_is_refused(text):
    with pytest.raises(ValueError, match=r"^.{1,150}$"):
        parse_backoff(text)
