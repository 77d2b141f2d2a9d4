"""The instants of an interval: the same grid for all, whoever asks, and whenever."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from gopher_cli.model.schedule.interval import Interval

MOMENTS = st.floats(0, 4e9) | st.integers(0, 4_000_000_000)


@st.composite
def intervals(draw: st.DrawFn) -> Interval:
    every = draw(st.integers(1, 10**7))
    return Interval(every, draw(st.integers(0, every - 1)))


@given(intervals(), MOMENTS)
@example(Interval(2), 5e-324)
@example(Interval(3, 1), 1_700_000_000.0000002)
def test_the_next_instant_and_the_one_before_stand_around_a_moment(interval: Interval, at: float) -> None:
    before, after = interval.before(at), interval.after(at)

    assert before < at < after
    on_the_grid = float(at).is_integer() and (at - interval.offset) % interval.every == 0
    assert after - before == interval.every * (2 if on_the_grid else 1)


@given(intervals(), MOMENTS)
def test_instants_are_multiples_since_1970_and_the_offset_later(interval: Interval, at: float) -> None:
    assert (interval.after(at) - interval.offset) % interval.every == 0
    assert interval.before(interval.after(at)) <= at


@given(intervals(), st.integers(0, 2_000_000_000), st.integers(-5, 40), st.integers(-1, 1))
def test_what_lies_between_is_what_a_walk_finds(interval: Interval, first: int, some: int, more: int) -> None:
    last, walked = first + some * interval.every + more, list[int]()
    while (at := interval.after(walked[-1] if walked else first)) <= last:
        walked.append(at)

    assert list(interval.between(first, last)) == walked
    assert interval.count(first, last) == len(walked)
