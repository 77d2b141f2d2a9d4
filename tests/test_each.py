"""A law over many things holds for each of them."""

from __future__ import annotations

import pytest
from each import each


@each([1, 2, 3])
def small(number: int, limit: int) -> None:
    assert number < limit, "too large"


def test_a_law_that_holds_for_all_holds() -> None:
    small(limit=4)


def test_all_that_break_it_are_named() -> None:
    with pytest.raises(AssertionError, match=r"2: .*too large[^1]*3: .*too large"):
        small(limit=2)


def test_an_error_of_another_kind_is_a_breach_too() -> None:
    with pytest.raises(AssertionError, match="1: TypeError"):
        small(limit="four")


def test_a_law_over_nothing_is_refused() -> None:
    with pytest.raises(AssertionError):
        each([])


@pytest.mark.parametrize("limit", [4, 5])
@each([1, 2])
def test_what_follows_the_first_argument_is_a_fixture_or_a_parameter(number: int, limit: int) -> None:
    assert number < limit
