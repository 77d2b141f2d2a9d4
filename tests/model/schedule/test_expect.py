"""Expects: how one stands at a moment, and what may be expected."""

from __future__ import annotations

from typing import Any

import builders
import pytest

from gopher_cli.model.errors import Usage
from gopher_cli.model.schedule.expect import Expect, check_every, check_expect_name, check_grace

DAY = 86_400.0


def nightly(**given: Any) -> Expect:
    """A report every 25 hours, declared at a.NOW."""
    usual = {
        "queue": "default",
        "name": "nightly",
        "type": "report",
        "every": 90_000.0,
        "created": builders.NOW,
    }
    return Expect(**(usual | {"now": builders.NOW} | given))


@pytest.mark.parametrize(
    ("hours", "state", "late"), [(0, "on_time", 0), (25, "on_time", 0), (31, "late", 6 * 3600)]
)
def test_it_is_late_when_the_span_since_the_last_success_is_over(hours: int, state: str, late: float) -> None:
    one = nightly(last_success=builders.NOW, now=builders.NOW + hours * builders.hour)

    assert (one.state, one.late_seconds) == (state, late)
    assert one.deadline == builders.NOW + 25 * builders.hour


def test_the_grace_counts_as_on_time() -> None:
    at = {"last_success": builders.NOW, "grace": 3600.0}

    assert nightly(now=builders.NOW + 26 * builders.hour, **at).state == "on_time"
    assert nightly(now=builders.NOW + 26 * builders.hour + 1, **at).late_seconds == 0.001


def test_before_the_first_success_it_counts_from_the_declaration() -> None:
    assert nightly(now=builders.NOW + builders.hour).state == "waiting"
    assert nightly(now=builders.NOW + 26 * builders.hour).late_seconds == 3600


def test_what_succeeded_long_before_its_declaration_is_late_at_once() -> None:
    assert nightly(last_success=builders.NOW - 30 * builders.hour).late_seconds == 5 * 3600


@pytest.mark.parametrize(
    "ahead",
    [{"last_success": builders.NOW + 400 * builders.day}, {"created": builders.NOW + 400 * builders.day}],
)
def test_a_clock_that_was_ahead_is_believed_as_far_as_now(ahead: dict[str, int]) -> None:
    one = nightly(**ahead)

    assert one.deadline == builders.NOW + 25 * builders.hour
    assert one.late_seconds == 0


def test_what_cannot_be_read_is_neither_late_nor_on_time() -> None:
    one = Expect(queue="default", name="nightly", now=builders.NOW)

    assert (one.state, one.late_seconds) == ("unreadable", 0)


def test_its_terms_are_plain_words() -> None:
    assert nightly().terms == "report every 1d1h"
    assert nightly(grace=600.0).terms == "report every 1d1h (grace 10m)"


@pytest.mark.parametrize("name", ["", "a b", "ä", "x" * 65, "a/b", "a:b", "..", "a\n", None, 7])
def test_a_name_that_could_be_none_is_refused(name: Any) -> None:
    with pytest.raises(Usage, match="the name of an expect"):
        check_expect_name(name)


@pytest.mark.parametrize("every", [0, 0.5, -1, 10 * 365 * DAY + 1, float("nan"), float("inf"), True, "25h"])
def test_a_span_is_from_a_second_to_ten_years(every: Any) -> None:
    with pytest.raises(Usage, match="every is"):
        check_every(every)


def test_the_limits_themselves_are_taken() -> None:
    assert (check_every(1), check_every(10 * 365 * DAY), check_grace(0)) == (1.0, 10 * 365 * DAY, 0.0)
    with pytest.raises(Usage, match="grace is"):
        check_grace(-1)
